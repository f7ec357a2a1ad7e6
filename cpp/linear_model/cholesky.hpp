// The exact solution on a support of known signs: min over w_S of 1/2 w'(gram + ridge) w - c'w + lambda'|w|
// with sign(w_S) = s,
//
//     (gram_SS + ridge_S) w_S = c_S - lambda_S s,
//
// by a Cholesky factor L L' of the matrix. Coefficients at a bound stay there, their share subtracted from c.
// Where a sign would turn or a bound be passed, the step goes as far as the first such place, that feature
// leaves and the rest is solved again, as in M. Osborne, B. Presnell, B. Turlach, "A new approach to variable
// selection in least squares problems", IMA J. Numer. Anal. 20, 2000, section 3; the objective falls along
// every step. Features are factorised by falling |w_j|: those that leave are near the end of the factor.
//
// A feature that depends linearly (up to rounding) on those before it, x_j = X_A u, is moved against them,
// w_j += t, w_A -= t u, which changes lambda'|w| alone, in the direction that lets it fall until one
// coefficient is zero or at a bound: the support that is factorised is always independent.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "linear_model/coordinate_descent.kernel.hpp"

namespace mlqa::linear_model {

class NewtonStep {
public:
    /// gram (k x k, row stride k), c, w and penalties of the working set: afterwards w minimises the
    /// objective on its support. Signs are free where lambda is 0. Status::cancelled leaves w a better start.
    Status solve(const double* gram, index_t k, const double* c, const Coordinates& penalties, double* w);

private:
    struct Range {
        double low, high;  ///< where a coefficient may go without passing 0 or a bound
    };
    Range range(index_t j, double w) const;
    bool is_inside(index_t j, double w) const {
        return w != 0 && w > penalties_.low[j] && w < penalties_.high[j];
    }
    void order(index_t k, const double* w);
    Status factorise(const double* gram, index_t k, double* w);
    void leave(index_t place, const double* gram, index_t k, const double* w);
    void fix(index_t j, const double* gram, index_t k, double w);
    index_t step(double* w);
    bool extend(const double* gram, index_t k, index_t j);
    index_t move_dependent(index_t j, double* w);
    void substitute_back(double* z) const;
    index_t size() const { return static_cast<index_t>(support_.size()); }
    double* row(index_t i) const { return factor_.data() + i * stride_; }

    std::vector<index_t> order_;       ///< features to factorise, ...
    std::size_t next_ = 0;             ///< ... as far as this one, ...
    std::vector<index_t> support_;     ///< ... and those that make the factor
    std::vector<std::size_t> places_;  ///< of the support in the order
    Coordinates penalties_{};
    arena::Buffer<double> factor_, target_, c_;
    index_t stride_ = 0;
};

}  // namespace mlqa::linear_model
