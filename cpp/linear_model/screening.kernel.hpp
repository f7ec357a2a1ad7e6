// Which features of many may matter: one pass over the bounds of all gradients, and bounds of gradients from
// columns in 8 bits.
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

/// A copy of a column in 8 bits: x = scale q + e with ||e|| <= error, rounding included.
struct Quantisation {
    double scale, error;
};

template <class T>
struct QuantiseKernels {
    /// q has n entries.
    Quantisation (*quantise)(const T* x, std::int64_t n, std::int8_t* q);
};

struct ScreenKernels {
    QuantiseKernels<float> f32;
    QuantiseKernels<double> f64;
    /// q'r in float, in 4 vectors of partial sums of the products, each of which is rounded once.
    float (*quantised_dot)(const std::int8_t* q, const float* r, std::int64_t n);
    /// Features j with |g_j| + norm_j (travel + origin_j) (1 + 2^-40) > factor_j threshold, or that cannot be
    /// compared, in order; returns their number.
    std::int64_t (*above)(const GradientView* view, double travel, double threshold, std::int64_t* found);
};

MLQA_DECLARE_KERNELS(ScreenKernels, screening)

#ifndef MLQA_ISA
template <class T>
const QuantiseKernels<T>& quantise_kernels();
template <>
inline const QuantiseKernels<float>& quantise_kernels<float>() {
    return screening_kernels().f32;
}
template <>
inline const QuantiseKernels<double>& quantise_kernels<double>() {
    return screening_kernels().f64;
}
#endif

}  // namespace mlqa::linear_model
