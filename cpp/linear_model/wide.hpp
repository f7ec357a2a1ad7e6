// Loads of float or double columns as doubles, two vectors at a time, for the kernels of this area.
#pragma once

#include "core/simd.hpp"

namespace mlqa::linear_model {
namespace {

using simd::f32;
using simd::f64;

constexpr int lanes = simd::lanes<double>;
constexpr int step = 2 * lanes;

struct Wide {
    f64 low, high;
};

MLQA_INLINE Wide load_wide(const double* p) {
    return {simd::load(p), simd::load(p + lanes)};
}
MLQA_INLINE Wide load_wide(const float* p) {
    const f32 v = simd::load(p);
    return {simd::widen_low(v), simd::widen_high(v)};
}
/// The first n < step values, zeros behind them.
MLQA_INLINE Wide load_wide(const double* p, int n) {
    if (n <= lanes) return {simd::load_partial(p, n), f64{}};
    return {simd::load(p), simd::load_partial(p + lanes, n - lanes)};
}
MLQA_INLINE Wide load_wide(const float* p, int n) {
    const f32 v = simd::load_partial(p, n);
    return {simd::widen_low(v), simd::widen_high(v)};
}
MLQA_INLINE void store_wide(double* p, Wide v) {
    simd::store(p, v.low);
    simd::store(p + lanes, v.high);
}
MLQA_INLINE void store_wide(float* p, Wide v) {
    simd::store(p, simd::narrow(v.low, v.high));
}
MLQA_INLINE void store_wide(double* p, Wide v, int n) {
    if (n <= lanes) {
        simd::store_partial(p, v.low, n);
    } else {
        simd::store(p, v.low);
        simd::store_partial(p + lanes, v.high, n - lanes);
    }
}
MLQA_INLINE void store_wide(float* p, Wide v, int n) {
    simd::store_partial(p, simd::narrow(v.low, v.high), n);
}

template <class T>
MLQA_INLINE double dot(const T* x, const double* r, std::int64_t n) {
    f64 s0{}, s1{}, s2{}, s3{};
    std::int64_t i = 0;
    for (; i + 2 * step <= n; i += 2 * step) {
        const Wide a = load_wide(x + i), b = load_wide(x + i + step);
        s0 = simd::fma(a.low, simd::load(r + i), s0);
        s1 = simd::fma(a.high, simd::load(r + i + lanes), s1);
        s2 = simd::fma(b.low, simd::load(r + i + step), s2);
        s3 = simd::fma(b.high, simd::load(r + i + step + lanes), s3);
    }
    for (; i < n; i += step) {
        const int rest = n - i < step ? static_cast<int>(n - i) : step;
        const Wide a = rest < step ? load_wide(x + i, rest) : load_wide(x + i);
        const Wide b = rest < step ? load_wide(r + i, rest) : load_wide(r + i);
        s0 = simd::fma(a.low, b.low, s0);
        s1 = simd::fma(a.high, b.high, s1);
    }
    return simd::reduce_add((s0 + s1) + (s2 + s3));
}

template <class T>
MLQA_INLINE void axpy(double a, const T* x, double* r, std::int64_t n) {
    const f64 va = simd::broadcast(a);
    std::int64_t i = 0;
    for (; i + step <= n; i += step) {
        const Wide v = load_wide(x + i);
        simd::store(r + i, simd::fma(va, v.low, simd::load(r + i)));
        simd::store(r + i + lanes, simd::fma(va, v.high, simd::load(r + i + lanes)));
    }
    if (i < n) {
        const int rest = static_cast<int>(n - i);
        const Wide v = load_wide(x + i, rest), old = load_wide(r + i, rest);
        store_wide(r + i, {simd::fma(va, v.low, old.low), simd::fma(va, v.high, old.high)}, rest);
    }
}

/// out[t] = x' r_t and r_t += a_t x for `count` vectors r_t that lie ld apart; x is read once for four of
/// them. A vector has the same bits in any group.
template <int count, class T>
MLQA_INLINE void dot_group(const T* x, const double* r, std::int64_t ld, std::int64_t n, double* out) {
    f64 low[count] = {}, high[count] = {};
    for (std::int64_t i = 0; i < n; i += step) {
        const int rest = n - i < step ? static_cast<int>(n - i) : step;
        const Wide a = rest < step ? load_wide(x + i, rest) : load_wide(x + i);
        for (int t = 0; t < count; ++t) {
            const double* at = r + t * ld + i;
            const Wide b = rest < step ? load_wide(at, rest) : load_wide(at);
            low[t] = simd::fma(a.low, b.low, low[t]);
            high[t] = simd::fma(a.high, b.high, high[t]);
        }
    }
    for (int t = 0; t < count; ++t) out[t] = simd::reduce_add(low[t] + high[t]);
}

template <int count, class T>
MLQA_INLINE void axpy_group(const double* a, const T* x, double* r, std::int64_t ld, std::int64_t n) {
    for (std::int64_t i = 0; i < n; i += step) {
        const int rest = n - i < step ? static_cast<int>(n - i) : step;
        const Wide v = rest < step ? load_wide(x + i, rest) : load_wide(x + i);
        for (int t = 0; t < count; ++t) {
            double* at = r + t * ld + i;
            const f64 factor = simd::broadcast(a[t]);
            const Wide old = rest < step ? load_wide(at, rest) : load_wide(at);
            const Wide now{simd::fma(factor, v.low, old.low), simd::fma(factor, v.high, old.high)};
            if (rest < step)
                store_wide(at, now, rest);
            else
                store_wide(at, now);
        }
    }
}

template <class T>
MLQA_INLINE void dots(const T* x, const double* r, std::int64_t ld, std::int64_t count, std::int64_t n,
                      double* out) {
    std::int64_t t = 0;
    for (; t + 4 <= count; t += 4) dot_group<4>(x, r + t * ld, ld, n, out + t);
    for (; t < count; ++t) dot_group<1>(x, r + t * ld, ld, n, out + t);
}

template <class T>
MLQA_INLINE void axpys(const double* a, const T* x, double* r, std::int64_t ld, std::int64_t count,
                       std::int64_t n) {
    std::int64_t t = 0;
    for (; t + 4 <= count; t += 4) axpy_group<4>(a + t, x, r + t * ld, ld, n);
    for (; t < count; ++t) axpy_group<1>(a + t, x, r + t * ld, ld, n);
}

template <class T>
MLQA_INLINE double sparse_dot(const T* values, const std::int32_t* indices, std::int64_t count,
                              const double* r) {
    double s[4] = {0, 0, 0, 0};
    std::int64_t e = 0;
    for (; e + 4 <= count; e += 4)
        for (int k = 0; k < 4; ++k) s[k] += static_cast<double>(values[e + k]) * r[indices[e + k]];
    for (; e < count; ++e) s[0] += static_cast<double>(values[e]) * r[indices[e]];
    return (s[0] + s[1]) + (s[2] + s[3]);
}

template <class T>
MLQA_INLINE void sparse_axpy(double a, const T* values, const std::int32_t* indices, std::int64_t count,
                             double* r) {
    for (std::int64_t e = 0; e < count; ++e) r[indices[e]] += a * static_cast<double>(values[e]);
}

}  // namespace
}  // namespace mlqa::linear_model
