// Several targets that share their features, over a path of penalties: for each alpha, from large to small,
//
//     min_W  1/(2n) ||Y - X W||^2 + alpha sum_j factor_j (l1_ratio ||w_j|| + (1 - l1_ratio) / 2 ||w_j||^2),
//
// w_j the coefficients of feature j, one a target: zero together or not at all (G. Obozinski, B. Taskar, M.
// Jordan, "Joint covariate selection and joint subspace selection for multiple classification problems",
// Statistics and Computing 20, 2010).
//
// As in lasso.hpp: a working set (the support and the features that the sequential strong rule expects) is
// solved by block coordinate descent (block_descent.hpp), the duality gap over all features certifies it
// (block_screen.hpp), features that violate it join, gap-safe ones leave. The same stopping rule, and the
// same bits for any number of threads.
//
// Cost with T targets: a pass is O(k^2 T) for k features in the working set (covariance updates; their Gram
// matrix once) or O(n k T) (residual updates); a certificate O(n T (support + features near the threshold)),
// or O(p T support) from the complete Gram matrix.
#pragma once

#include <limits>

#include "linear_model/block_descent.hpp"
#include "linear_model/design.hpp"

namespace mlqa::linear_model {

struct MultiTaskOptions {
    const double* alphas = nullptr;  ///< decreasing
    index_t n_alphas = 0;
    double tol = 1e-4;
    std::int64_t max_iter = 1000;  ///< passes an alpha
    double l1_ratio = 1;
    const double* factors = nullptr;  ///< nullptr: all 1
    bool single_precision = false;    ///< coefficients are returned, and certified, as float
    double max_seconds = std::numeric_limits<double>::infinity();
};

struct MultiTaskResult {
    double* coefficients;  ///< n_alphas x targets x p, zero on entry; nullptr with `single_precision`, and
    float* single;         ///< then this one takes them
    double* gaps;          ///< upper bounds of the gap, on the scale of 1/(2n) ||Y - X W||^2
    std::int64_t* passes;
    bool* converged;
};

/// Fills in what follows from targets.y: targets.squared, and correlations (features x targets).
Status describe(const Design& design, Targets& targets, double* correlations);

/// The smallest lambda that makes all coefficients but the free ones zero: n l1_ratio alpha_max.
Status largest_lambda(const Design& design, const Targets& targets, const MultiTaskOptions& options,
                      double& lambda);

/// `start` (targets x p, or nullptr: zeros) is where the first alpha begins. Status::ok or cancelled.
Status multi_task_path(const Design& design, const Targets& targets, const double* start,
                       const MultiTaskOptions& options, MultiTaskResult result);

}  // namespace mlqa::linear_model
