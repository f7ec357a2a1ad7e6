#include "linear_model/screening.kernel.hpp"

#include "core/simd.hpp"

namespace mlqa::linear_model {
namespace {

using simd::f64;

constexpr int lanes = simd::lanes<double>;
constexpr double up = 1 + 0x1p-40;

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

const ScreenKernels MLQA_KERNELS(screening) = {above};

}  // namespace mlqa::linear_model
