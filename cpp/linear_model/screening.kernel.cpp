#include "linear_model/screening.kernel.hpp"

#include "core/simd_short.hpp"
#include "linear_model/wide.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double up = 1 + 0x1p-40;
constexpr double largest = 127;  ///< entry in 8 bits

template <class T>
MLQA_INLINE Wide load_some(const T* x, std::int64_t i, std::int64_t n) {
    return n - i < step ? load_wide(x + i, static_cast<int>(n - i)) : load_wide(x + i);
}

template <class T>
double largest_entry(const T* x, std::int64_t n) {
    f64 m{};
    for (std::int64_t i = 0; i < n; i += step) {
        const Wide v = load_some(x, i, n);
        m = simd::max(m, simd::max(simd::abs(v.low), simd::abs(v.high)));
    }
    return simd::reduce_max(m);
}

/// The nearest whole number: 1.5 * 2^52 leaves no bits behind the point.
MLQA_INLINE f64 rounded(f64 x) {
    const f64 shift = simd::broadcast(0x1.8p52);
    return (x + shift) - shift;
}

template <class T>
Quantisation quantise(const T* x, std::int64_t n, std::int8_t* q) {
    const double most = largest_entry(x, n);
    const double scale = most > 0 ? most / largest : 1.0;
    const f64 inverse = simd::broadcast(most > 0 ? largest / most : 0.0), vscale = simd::broadcast(scale);
    f64 squares{};
    for (std::int64_t i = 0; i < n; i += step) {
        const Wide v = load_some(x, i, n);
        const f64 low = rounded(v.low * inverse), high = rounded(v.high * inverse);
        const f64 e = simd::fma(-vscale, low, v.low), f = simd::fma(-vscale, high, v.high);
        squares = simd::fma(f, f, simd::fma(e, e, squares));
        const int rest = n - i < step ? static_cast<int>(n - i) : step;
        for (int k = 0; k < rest; ++k)
            q[i + k] = static_cast<std::int8_t>(k < lanes ? low[k] : high[k - lanes]);
    }
    // The differences are exact up to an ulp of x, their squares summed in double.
    const double error = __builtin_sqrt(simd::reduce_add(squares)) * (1 + 0x1p-20);
    return {scale, error + most * 0x1p-50 * __builtin_sqrt(static_cast<double>(n))};
}

constexpr int floats = simd::lanes<float>;

float quantised_dot(const std::int8_t* q, const float* r, std::int64_t n) {
    f32 s[4] = {};
    std::int64_t i = 0;
    for (; i + 4 * floats <= n; i += 4 * floats)
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k)
            s[k] = simd::fma(simd::load_bytes(q + i + k * floats), simd::load(r + i + k * floats), s[k]);
    for (; i + floats <= n; i += floats) s[0] = simd::fma(simd::load_bytes(q + i), simd::load(r + i), s[0]);
    float rest = 0;
    for (; i < n; ++i) rest = static_cast<float>(q[i]) * r[i] + rest;
    return simd::reduce_add((s[0] + s[1]) + (s[2] + s[3])) + rest;
}

template <bool Drift, bool Factors>
MLQA_INLINE std::uint32_t above_at(const GradientView& view, std::int64_t j, int n, f64 travel,
                                   f64 threshold) {
    const auto load = [&](const double* p) {
        return n < lanes ? simd::load_partial(p + j, n) : simd::load(p + j);
    };
    f64 bound = simd::abs(load(view.gradients));
    if constexpr (Drift)
        bound = simd::fma(load(view.norms) * simd::broadcast(up), travel + load(view.origins), bound);
    if constexpr (Factors) threshold = threshold * load(view.factors);
    return simd::bits(bound <= threshold) ^ ((1u << n) - 1);
}

template <bool Drift, bool Factors>
std::int64_t scan(const GradientView& view, double travel, double threshold, std::int64_t* found) {
    const f64 vtravel = simd::broadcast(travel), vthreshold = simd::broadcast(threshold);
    std::int64_t count = 0;
    for (std::int64_t j = 0; j < view.features; j += lanes) {
        const int n = view.features - j < lanes ? static_cast<int>(view.features - j) : lanes;
        std::uint32_t bits = above_at<Drift, Factors>(view, j, n, vtravel, vthreshold);
        bits &= (1u << n) - 1;
        for (; bits != 0; bits &= bits - 1) found[count++] = j + __builtin_ctz(bits);
    }
    return count;
}

std::int64_t above(const GradientView* view, double travel, double threshold, std::int64_t* found) {
    const bool drift = view->norms != nullptr;
    if (view->factors != nullptr)
        return drift ? scan<true, true>(*view, travel, threshold, found)
                     : scan<false, true>(*view, travel, threshold, found);
    return drift ? scan<true, false>(*view, travel, threshold, found)
                 : scan<false, false>(*view, travel, threshold, found);
}

}  // namespace

const ScreenKernels MLQA_KERNELS(screening) = {{quantise<float>}, {quantise<double>}, quantised_dot, above};

}  // namespace mlqa::linear_model
