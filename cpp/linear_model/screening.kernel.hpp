// Which features of many may matter: one pass over the bounds of all gradients.
#pragma once

#include <cstdint>

#include "core/isa.hpp"

namespace mlqa::linear_model {

/// The gradients of all features at some point of a path of residuals, and what they may have changed since.
struct GradientView {
    const double* gradients;
    const double* norms;    ///< nullptr: gradients as they are
    const double* origins;  ///< a gradient is off by at most norm (travel + origin)
    const double* factors;  ///< of the threshold; nullptr: all 1
    std::int64_t features;
};

struct ScreenKernels {
    /// Features j with |g_j| + norm_j (travel + origin_j) (1 + 2^-40) > factor_j threshold, or that cannot be
    /// compared, in order; returns their number.
    std::int64_t (*above)(const GradientView* view, double travel, double threshold, std::int64_t* found);
};

MLQA_DECLARE_KERNELS(ScreenKernels, screening)

}  // namespace mlqa::linear_model
