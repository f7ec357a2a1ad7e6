#include "svm/panels.kernel.hpp"

#include "pairwise/tiles.hpp"
#include "svm/panel_epilogues.hpp"

namespace mlqa {
namespace {

using simd::f32;
using simd::f64;
using svm::KernelFunction;
using svm::lanes;

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
constexpr int roundings = 1;
#else
constexpr int roundings = 2;
#endif

template <class T>
void norms(const T* packed, int group, index_t points, index_t d, T* out) {
    constexpr int width = pairwise::panel_width<T>;
    constexpr int most = width > pairwise::block_rows ? width : pairwise::block_rows;
    for (index_t i = 0; i < points; i += group) {
        T sum[most] = {};
        const T* x = packed + i * d;
        for (index_t k = 0; k < d; ++k)
            for (int r = 0; r < group; ++r) sum[r] = svm::fma_one(x[k * group + r], x[k * group + r], sum[r]);
        for (int r = 0; r < group && i + r < points; ++r) out[i + r] = sum[r];
    }
}

template <class T>
void rows(const KernelFunction* f, const T* a, const T* a_norms, index_t a_points, const T* panels,
          const T* b_norms, index_t first, index_t last, index_t d, T* const* out) {
    svm::with_value<T>(f, [&](auto value) {
        svm::StoreRows<T, decltype(value)> store{value, a_norms, b_norms, out};
        pairwise::product<T>(a, a_points, panels, first, last, d, store);
    });
}

void sums(const KernelFunction* f, const double* a, const double* a_norms, index_t a_points,
          const double* panels, const double* b_norms, const double* weight, index_t n, index_t d,
          double* partial) {
    svm::with_value<double>(f, [&](auto value) {
        svm::AddSums<decltype(value)> add{value, a_norms, b_norms, weight, partial};
        pairwise::product<double>(a, a_points, panels, 0, n, d, add);
    });
}

void mutual_sums(const KernelFunction* f, const double* a, const double* a_norms, const double* a_weight,
                 index_t a_points, const double* panels, const double* b_norms, const double* weight,
                 index_t n, index_t d, double* partial, double* column) {
    svm::with_value<double>(f, [&](auto value) {
        svm::AddMutualSums<decltype(value)> add{{value, a_norms, b_norms, weight, partial}, a_weight, column};
        pairwise::product<double>(a, a_points, panels, 0, n, d, add);
    });
}

/// The values of one row at t as doubles: half a vector of floats each, or a vector of doubles each.
MLQA_INLINE void widen(const double* row, f64& v0, f64& v1) {
    v0 = simd::load(row);
    v1 = simd::load(row + lanes);
}
MLQA_INLINE void widen(const float* row, f64& v0, f64& v1) {
    const f32 k = simd::load(row);
    v0 = simd::widen_low(k);
    v1 = simd::widen_high(k);
}

/// Several rows a pass: fewer loads and stores of f, in the same order of summation.
template <bool Spread, int R, class T>
MLQA_INLINE void accumulate_rows(const T* const* rows, const double* weight, const double* growth,
                                 index_t first, index_t last, double* f, double* spread) {
    for (index_t t = first; t < last; t += 2 * lanes) {
        f64 f0 = simd::load(f + t), f1 = simd::load(f + t + lanes), s0{}, s1{};
        if constexpr (Spread) {
            s0 = simd::load(spread + t);
            s1 = simd::load(spread + t + lanes);
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            f64 k0, k1;
            widen(rows[r] + t, k0, k1);
            f0 = simd::fma(simd::broadcast(weight[r]), k0, f0);
            f1 = simd::fma(simd::broadcast(weight[r]), k1, f1);
            if constexpr (Spread) {
                s0 = simd::fma(simd::broadcast(growth[r]), k0, s0);
                s1 = simd::fma(simd::broadcast(growth[r]), k1, s1);
            }
        }
        simd::store(f + t, f0);
        simd::store(f + t + lanes, f1);
        if constexpr (Spread) {
            simd::store(spread + t, s0);
            simd::store(spread + t + lanes, s1);
        }
    }
}

template <bool Spread, class T>
MLQA_INLINE void accumulate_all(const T* const* rows_of, const double* weight, const double* growth,
                                index_t m, index_t first, index_t last, double* f, double* spread) {
    index_t r = 0;
    for (; r + 8 <= m; r += 8)
        accumulate_rows<Spread, 8>(rows_of + r, weight + r, growth + (Spread ? r : 0), first, last, f,
                                   spread);
    for (; r < m; ++r)
        accumulate_rows<Spread, 1>(rows_of + r, weight + r, growth + (Spread ? r : 0), first, last, f,
                                   spread);
}

template <class T>
void accumulate(const T* const* rows_of, const double* weight, const double* growth, index_t m, index_t first,
                index_t last, double* f, double* spread) {
    if (spread == nullptr)
        accumulate_all<false>(rows_of, weight, weight, m, first, last, f, spread);
    else
        accumulate_all<true>(rows_of, weight, growth, m, first, last, f, spread);
}

template <class T>
constexpr PanelTable<T> table = {
    pairwise::panel_width<T>, pairwise::block_rows, roundings, norms<T>, rows<T>, accumulate<T>,
};

}  // namespace

const PanelsKernels MLQA_KERNELS(panels) = {lanes, table<float>, table<double>, sums, mutual_sums};

}  // namespace mlqa
