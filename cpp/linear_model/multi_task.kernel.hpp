// One pass of block coordinate descent over the features [begin, end) of several targets at once: the
// coefficients w_j of a feature, one a target, are set to their exact minimiser
//
//     w_j <- (1 - lambda_j / ||z||)_+ z / (||x_j||^2 + ridge_j),   z = X_j'R + ||x_j||^2 w_j:
//
// N. Simon, J. Friedman, T. Hastie, "A blockwise descent algorithm for group-penalized multiresponse and
// multinomial regression", arXiv:1311.6529, 2013, eq. (5). Features with ||x_j|| = 0 stay.
#pragma once

#include <cstdint>

#include "core/isa.hpp"
#include "linear_model/coordinate_descent.kernel.hpp"

namespace mlqa::linear_model {

struct MultiTaskKernels {
    /// One feature: `z` holds X_j'R and then w_j before minus w_j after; false if w_j stayed.
    bool (*step)(double squared_norm, double lambda, double ridge, std::int64_t targets, double* z, double* w,
                 Sweep* sweep);
    /// Covariance updates: w (k x targets) and q = X'Y - gram w (targets x k) are kept up to date; row j of
    /// the symmetric gram starts at gram + j * k. `z`: room for as many as targets.
    void (*covariance)(const double* gram, std::int64_t k, std::int64_t begin, std::int64_t end,
                       std::int64_t targets, const double* lambda, const double* ridge, double* w, double* q,
                       double* z, Sweep* sweep);
};

MLQA_DECLARE_KERNELS(MultiTaskKernels, multi_task)

}  // namespace mlqa::linear_model
