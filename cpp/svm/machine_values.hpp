// Values of single machines from the kernel values of a point, and what is known of those in float. Included
// by kernel sources only.
#pragma once

#include "core/simd_sums.hpp"
#include "svm/decide.kernel.hpp"

namespace mlqa {
namespace {

/// Added to every bound in float: products and coefficients below its normal range (svm/screen.hpp).
constexpr float floor_of_error = 0x1p-60f;

/// out[p out_stride + r] = sum_s coef[r stride + s] values[p values_stride + s], r < R, p < P.
template <class T, int R, int P>
MLQA_INLINE void sum_tile(const T* coef, index_t stride, const T* values, index_t values_stride, index_t n,
                          T* out, index_t out_stride) {
    using V = simd::vec<T>;
    constexpr int w = simd::lanes<T>;
    V acc[P][R] = {};
    const auto add = [&](index_t s, auto load) {
        V v[P];
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p) v[p] = load(values + p * values_stride + s);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const V c = load(coef + r * stride + s);
#pragma GCC unroll 8
            for (int p = 0; p < P; ++p) acc[p][r] = simd::fma(c, v[p], acc[p][r]);
        }
    };
    index_t s = 0;
    for (; s + w <= n; s += w) add(s, [](const T* at) { return simd::load(at); });
    if (s < n) {
        const int left = static_cast<int>(n - s);
        add(s, [left](const T* at) { return simd::load_partial(at, left); });
    }
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) out[p * out_stride + r] = simd::sum_lanes(acc[p][r]);
}

/// out[r] = sum_s coef[r stride + s] values[s].
template <class T>
void sums(const T* coef, index_t stride, index_t rows, const T* values, index_t n, T* out) {
    constexpr int block = 8;
    index_t r = 0;
    for (; r + block <= rows; r += block)
        sum_tile<T, block, 1>(coef + r * stride, stride, values, 0, n, out + r, 0);
    for (; r < rows; ++r) sum_tile<T, 1, 1>(coef + r * stride, stride, values, 0, n, out + r, 0);
}

template <class T>
MLQA_INLINE T sum_of(const MachineView<T>& m, index_t row, index_t c, const T* values) {
    T out;
    sum_tile<T, 1, 1>(m.coef + row * m.stride + m.start[c], m.stride, values + m.start[c], 0,
                      m.start[c + 1] - m.start[c], &out, 0);
    return out;
}

template <class T>
MLQA_INLINE index_t pair(const MachineView<T>& m, index_t a, index_t b) {
    return a * m.classes - a * (a + 1) / 2 + (b - a - 1);
}

/// Bound of the error of machine (a, b); 0 in double, whose values are the answer by definition.
template <class T>
MLQA_INLINE T bound(const MachineView<T>& m, index_t a, index_t b, T intercept, T error) {
    if constexpr (sizeof(T) == 8) {
        return T(0);
    } else {
        const T reach = m.reach[a * (m.classes - 1) + b - 1] + m.reach[b * (m.classes - 1) + a];
        const T size = intercept < 0 ? -intercept : intercept;
        return reach * error + (size * 0x1p-20f + floor_of_error);
    }
}

/// Who wins machine (a, b), a < b: 1 for a, -1 for b, 0 for not decided.
template <class T>
MLQA_INLINE int winner(T value, T error) {
    if constexpr (sizeof(T) == 8) return value > 0 ? 1 : -1;
    return value > error ? 1 : (value < -error ? -1 : 0);
}

/// The largest and the smallest of n values.
template <class T>
MLQA_INLINE void extremes(const T* values, index_t n, T& largest, T& smallest) {
    using V = simd::vec<T>;
    constexpr int w = simd::lanes<T>, abreast = 4;
    V high[abreast], low[abreast];
    for (int i = 0; i < abreast; ++i) {
        high[i] = V{} - static_cast<T>(__builtin_inf());
        low[i] = V{} + static_cast<T>(__builtin_inf());
    }
    const auto look = [&](index_t s, int i) {
        const V v = simd::load(values + s);
        high[i] = simd::max(v, high[i]);
        low[i] = simd::min(v, low[i]);
    };
    index_t s = 0;
    for (; s + abreast * w <= n; s += abreast * w)
#pragma GCC unroll 4
        for (int i = 0; i < abreast; ++i) look(s + i * w, i);
    for (; s + w <= n; s += w) look(s, 0);
    // The last vector may overlap.
    if (n >= w) look(n - w, 1);
    largest = simd::reduce_max(simd::max(simd::max(high[0], high[1]), simd::max(high[2], high[3])));
    smallest = simd::reduce_min(simd::min(simd::min(low[0], low[1]), simd::min(low[2], low[3])));
    for (s = 0; s < n && n < w; ++s) {
        if (values[s] > largest) largest = values[s];
        if (values[s] < smallest) smallest = values[s];
    }
}

/// The class of the first support vector that has this value: where the point is near one, for the largest.
template <class T>
MLQA_INLINE index_t class_with(const MachineView<T>& m, const T* values, T value) {
    constexpr int w = simd::lanes<T>;
    const index_t n = m.start[m.classes];
    index_t s = 0, c = 0;
    while (s + w <= n && simd::bits(simd::load(values + s) == value) == 0) s += w;
    while (s + 1 < n && values[s] != value) ++s;
    while (c + 1 < m.classes && m.start[c + 1] <= s) ++c;
    return c;
}

/// The value of machine (a, b), a < b: in double the bits of every decision value.
template <class T>
MLQA_INLINE T value_of(const MachineView<T>& m, index_t a, index_t b, T intercept, const T* values) {
    return (sum_of(m, b - 1, a, values) + sum_of(m, a, b, values)) + intercept;
}

}  // namespace
}  // namespace mlqa
