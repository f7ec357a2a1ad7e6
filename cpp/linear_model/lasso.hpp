// The elastic net, with l1_ratio = 1 the LASSO, over a path of penalties: for each alpha, from large to
// small,
//
//     min_w  1/(2n) ||y - X w||^2 + alpha sum_j factor_j (l1_ratio |w_j| + (1 - l1_ratio) / 2 w_j^2),
//
// low_j <= w_j <= high_j.
//
// A working set (the support and the features that the sequential strong rule expects: R. Tibshirani et al.,
// "Strong rules for discarding predictors in lasso-type problems", JRSS B 74, 2012, eq. 6) is solved by an
// active set (active_set.hpp) or by coordinate descent; the duality gap over all features certifies it,
// features that violate it join, gap-safe ones leave. It stops as scikit-learn does: when a pass moves no
// coefficient by more than tol times the largest one and the gap is at most tol ||y||^2, or at what double
// arithmetic can tell. Every choice depends on the data and the arguments alone: the same bits for any number
// of threads.
//
// Cost: a round of the active set is O(m k) for a support of m among k features in the Gram matrix, a feature
// that comes or goes O(m^2); a pass of coordinate descent is O(k^2) for k features in the working set
// (covariance updates; their Gram matrix once) or O(n k) (residual updates); a certificate O(n (support +
// features near the threshold)).
#pragma once

#include <limits>

#include "linear_model/design.hpp"
#include "linear_model/penalty.hpp"

namespace mlqa::linear_model {

enum class Updates : int {
    automatic = 0,
    gram,        ///< the complete Gram matrix first; X is not read again
    covariance,  ///< the Gram matrix of ever-active features
    residual,    ///< no Gram matrix
};

struct PathOptions {
    const double* alphas = nullptr;  ///< decreasing
    index_t n_alphas = 0;
    double tol = 1e-4;
    std::int64_t max_iter = 1000;  ///< passes an alpha
    double l1_ratio = 1;
    Penalty::Shape shape;
    bool relaxed = false;  ///< coefficients of least squares on each solution's support are returned instead
    bool single_precision = false;  ///< coefficients are returned, and certified, as float
    Updates updates = Updates::automatic;
    const double* gram = nullptr;  ///< complete, from the caller
    double gram_error = 0;         ///< relative error of its entries
    double max_seconds = std::numeric_limits<double>::infinity();
};

struct PathResult {
    double* coefficients;  ///< n_alphas x p, zero on entry; nullptr with `single_precision`, and then
    float* single;         ///< this one takes them
    double* gaps;          ///< upper bounds of the gap, on the scale of 1/(2n) ||y - X w||^2
    std::int64_t* passes;
    bool* converged;
    bool* exact;  ///< the minimiser up to rounding, of all features: not only within the tolerance of it
};

/// The smallest lambda that makes all coefficients but the free ones zero: n l1_ratio alpha_max.
Status largest_lambda(const Design& design, const Target& target, const PathOptions& options, double& lambda);

/// `start` (p, or nullptr: zeros) is where the first alpha begins. Status::ok or cancelled.
Status lasso_path(const Design& design, const Target& target, const double* start, const PathOptions& options,
                  PathResult result);

}  // namespace mlqa::linear_model
