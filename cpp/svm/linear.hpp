// Linear machines: of two classes, of one class against the rest, of all classes at once, and of values.
//
// With x_i a row and the constant feature behind it (so that the intercept is penalised as any weight is), a
// machine minimises over w
//
//     |w|_2^2 / 2 + sum_i C_i d_i^p   or   |w|_1 + sum_i C_i d_i^2,   d_i = dist(w x_i, [low_i, high_i]):
//
// [1, inf] for the positive class and [-inf, -1] for the other (hinge for p = 1, squared hinge for p = 2),
// [y - epsilon, y + epsilon] for values. Its dual maximises, over |beta_i| <= C_i for p = 1,
//
//     sum_i (low_i beta_i^+ - high_i beta_i^-) - |sum_i beta_i x_i|^2 / 2 [- sum_i beta_i^2 / (4 C_i), p =
//     2].
//
// Solvers: coordinate descent on the dual (linear_dual.hpp), Newton's method on the primal
// (linear_primal.hpp), coordinate descent over features for |w|_1 (linear_l1.hpp), coordinate descent over
// samples for all classes at once (crammer_singer.hpp). Each stops by LIBLINEAR's rule for it, as its
// documentation states the rules (R.-E. Fan et al., "LIBLINEAR: a library for large linear classification",
// JMLR 9:1871-1874, 2008).
//
// All arithmetic is in double. The gap is primal minus dual objective of what is returned, summed anew from
// the coefficients, and widened by a bound of its rounding error. Cost: a pass takes two multiplications an
// entry of the rows. Machines are trained in parallel, one thread each; Newton's products are cut into
// chunks.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "core/status.hpp"
#include "svm/linear_rows.hpp"

namespace mlqa::svm {

enum class LinearSolver : int { dual = 0, primal, l1, crammer_singer };

struct LinearProblem {
    LinearPoints points;
    const index_t* order = nullptr;  ///< rows that count
    index_t count = 0;
    LinearSolver solver = LinearSolver::dual;
    bool squared = true;
    double constant = 1.0;           ///< last feature; 0: no intercept
    const double* cost = nullptr;    ///< C_i of each row of `order`
    index_t classes = 0;             ///< 0: values
    const index_t* label = nullptr;  ///< class of each row of `order`
    const double* factor = nullptr;  ///< of C, for each class
    const double* value = nullptr;   ///< without classes: y of each row of `order`
    double epsilon = 0.0;

    bool joint() const { return solver == LinearSolver::crammer_singer; }
    /// Rows of weights.
    index_t outputs() const { return classes == 0 || (classes == 2 && !joint()) ? 1 : classes; }
};

struct LinearSettings {
    double tol = 1e-4;
    index_t max_iter = 1000;
    double max_time = 0.0;  ///< seconds; 0: no limit
    std::uint64_t seed = 0;
    int n_threads = 1;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

    bool late() const;
};

struct LinearModel {
    arena::Buffer<double> weights;  ///< outputs by features + 1, the constant's weight last
    std::vector<index_t> passes;
    double gap = 0.0;        ///< summed over the machines
    double objective = 0.0;  ///< primal, summed over the machines
    Status status = Status::ok;
};

/// ok, with the outcome in `model`, or cancelled.
Status fit(const LinearProblem& problem, const LinearSettings& settings, LinearModel& model);

}  // namespace mlqa::svm
