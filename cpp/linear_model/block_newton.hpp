// Newton's step on a support S of features whose coefficients w_i (one a target) are not zero: of
//
//     F(W) = 1/2 <W, G W> - <C, W> + sum_i lambda_i ||w_i|| + ridge_i / 2 ||w_i||^2
//
// the Hessian is M (x) I - U D U' with M = G + diag(ridge) + D, D = diag(lambda_i / ||w_i||) and U the
// directions u_i = w_i / ||w_i||, one a feature. By Woodbury's formula the step d from the negative gradient
// b is
//
//     d = x + M^-1 U S^-1 U'x,   x = M^-1 b,   S = D^-1 - M^-1 o (U'U)   (o: entry by entry),
//
// two factors of the size of the support, whatever the number of targets. Coefficients that come close to
// zero on the way stay there, as many as do (D. Bertsekas, "Projected Newton methods for optimization
// problems with simple constraints", SIAM J. Control Optim. 20(2), 1982); the step is halved until the
// objective falls.
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"

namespace mlqa::linear_model {

class BlockNewton {
public:
    BlockNewton(index_t support, index_t targets);

    /// To be filled in: the Gram matrix (m x m), q = C - G W (targets x m), W (m x targets), penalties.
    double* gram() { return gram_.data(); }
    double* gradients() { return q_.data(); }
    double* coefficients() { return w_.data(); }
    double* lambda() { return lambda_.data(); }
    double* ridge() { return ridge_.data(); }

    /// Moves the coefficients; `moved` is false where rounding leaves no step. Status::ok or cancelled.
    Status step(bool* moved);

private:
    Status invert(bool* positive);
    Status solve_radial(double* y, bool* positive);
    void multiply(const arena::Buffer<double>& matrix, const double* v, double* out) const;
    double difference();
    void go(double length);

    index_t m_, count_;
    arena::Buffer<double> gram_, inverse_, factor_;       ///< m x m
    arena::Buffer<double> q_, d_, x_, change_, product_;  ///< targets x m
    arena::Buffer<double> w_, u_;                         ///< m x targets
    arena::Buffer<double> lambda_, ridge_, stiffness_, y_;
};

}  // namespace mlqa::linear_model
