// The defined distance of pairwise/knn.hpp, and floats that bound doubles. Included by kernel sources only.
#pragma once

#include <cstdint>

#include "core/array.hpp"
#include "core/simd.hpp"

namespace mlqa::pairwise {
namespace {

using simd::f32;
using simd::f64;

/// The smallest float that is not below x, |x| < 2^127.
MLQA_INLINE float round_up(double x) {
    const float f = static_cast<float>(x);
    if (static_cast<double>(f) >= x) return f;
    if (f == 0.0f) return 0x1p-149f;
    std::int32_t bits;
    __builtin_memcpy(&bits, &f, sizeof bits);
    bits += f > 0 ? 1 : -1;
    float next;
    __builtin_memcpy(&next, &bits, sizeof next);
    return next;
}
MLQA_INLINE float round_down(double x) {
    return -round_up(-x);
}

/// acc[l / lanes] += (x_l - y_l)^2 for eight (float: at least eight) features from k on.
constexpr int parts = 8 / simd::lanes<double>;
MLQA_INLINE void add_square(f64& sum, f64 a, f64 b) {
    const f64 difference = a - b;
    sum = sum + difference * difference;
}
constexpr int step(const double*) {
    return 8;
}
constexpr int step(const float*) {
    return simd::lanes<float> > 8 ? simd::lanes<float> : 8;
}
MLQA_INLINE void add_squares(const double* x, const double* y, f64 (&sum)[parts]) {
    for (int i = 0; i < parts; ++i)
        add_square(sum[i], simd::load(x + i * simd::lanes<double>), simd::load(y + i * simd::lanes<double>));
}
MLQA_INLINE void add_squares(const float* x, const float* y, f64 (&sum)[parts]) {
    constexpr int halves = step(static_cast<const float*>(nullptr)) / simd::lanes<double>;
    for (int i = 0; i < halves; i += 2) {
        const f32 a = simd::load(x + i * simd::lanes<double>), b = simd::load(y + i * simd::lanes<double>);
        add_square(sum[i % parts], simd::widen_low(a), simd::widen_low(b));
        add_square(sum[(i + 1) % parts], simd::widen_high(a), simd::widen_high(b));
    }
}

/// D(x, y) of pairwise/knn.hpp.
template <class S>
double squared_distance(const S* x, const S* y, index_t d) {
    constexpr int stride = step(static_cast<const S*>(nullptr));
    f64 sum[parts] = {};
    index_t j = 0;
    for (; j + stride <= d; j += stride) add_squares(x + j, y + j, sum);
    double s[8];
    for (int i = 0; i < parts; ++i) simd::store(s + i * simd::lanes<double>, sum[i]);
    for (; j < d; ++j) {
        const double difference = static_cast<double>(x[j]) - static_cast<double>(y[j]);
        s[j % 8] = s[j % 8] + difference * difference;
    }
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

}  // namespace
}  // namespace mlqa::pairwise
