#include "pairwise/kmeans_seeds.kernel.hpp"

#include "pairwise/distance.hpp"
#include "pairwise/tiles.hpp"

namespace mlqa {
namespace {

using pairwise::round_down;
using pairwise::squared_distance;
using simd::f32;
using simd::i32;

constexpr int w = simd::lanes<float>;
constexpr int panel = 2 * w;
constexpr int rows_at_once = pairwise::tile_rows;

/// The largest float that closest / 2 and low_i allow: a trial passes where fl(v_i - c_i . c_t) <= B_t - H_t.
/// Rounding keeps the order, so that the subtraction's own error is of no account.
MLQA_INLINE float threshold(float low, double closest, double half_scale) {
    return round_down(static_cast<double>(low) - closest * half_scale * (1 + 0x1p-40));
}

template <class S>
void trial_screen(const KnnRows<S>& rows, const float* panels, const float* thresholds,
                  const KmeansTrials& trials, std::uint32_t* passed) {
    const index_t d = rows.d;
    for (index_t first = 0; first < rows.rows; first += panel) {
        const index_t left = rows.rows - first;
        const int valid = left < panel ? static_cast<int>(left) : panel;
        const f32 v0 = simd::load(thresholds + first), v1 = simd::load(thresholds + first + w);
        i32 bits0 = {}, bits1 = {};
        for (index_t t = 0; t < trials.trials; t += rows_at_once) {
            f32 product[rows_at_once][2];
            pairwise::multiply<float, rows_at_once>(trials.packed + t * d, rows_at_once, panels + first * d,
                                                    d, product);
#pragma GCC unroll 16
            for (int r = 0; r < rows_at_once; ++r) {
                const f32 most = simd::broadcast(-trials.low[t + r]);
                const i32 bit = simd::broadcast(static_cast<std::int32_t>(1u << (t + r)));
                bits0 |= simd::select(v0 - product[r][0] <= most, bit, i32{});
                bits1 |= simd::select(v1 - product[r][1] <= most, bit, i32{});
            }
        }
        std::int32_t out[panel];
        simd::store(out, bits0);
        simd::store(out + w, bits1);
        __builtin_memcpy(passed + first, out, static_cast<std::size_t>(valid) * sizeof *out);
    }
}

template <class S>
void trial_gain(const KnnRows<S>& rows, const double* weight, const double* closest, const KnnRows<S>& trials,
                std::uint32_t* passed, double* gain) {
    for (index_t i = 0; i < rows.rows; ++i) {
        for (std::uint32_t left = passed[i]; left != 0; left &= left - 1) {
            const int t = __builtin_ctz(left);
            const double less = closest[i] - squared_distance(rows.row(i), trials.row(t), rows.d);
            if (less > 0)
                gain[t] += weight == nullptr ? less : less * weight[i];
            else
                passed[i] &= ~(1u << t);
        }
    }
}

template <class S>
bool take_seed(const KnnRows<S>& rows, const S* centre, std::uint32_t bit, std::int32_t seed,
               const SeededRows& state) {
    bool any = false;
    for (index_t i = 0; i < rows.rows; ++i) {
        if ((state.passed[i] & bit) == 0) continue;
        const double closest = squared_distance(rows.row(i), centre, rows.d);
        state.closest[i] = closest;
        state.label[i] = seed;
        if (state.low != nullptr) state.threshold[i] = threshold(state.low[i], closest, state.half_scale);
        any = true;
    }
    return any;
}

template <class S>
constexpr SeedsTable<S> table = {trial_screen<S>, trial_gain<S>, take_seed<S>};

}  // namespace

const SeedsKernels MLQA_KERNELS(kmeans_seeds) = {rows_at_once, table<float>, table<double>};

}  // namespace mlqa
