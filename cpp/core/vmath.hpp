// exp, log, tanh and expm1 of vectors, for kernels. Bounds hold over the whole range on every level and are
// tested: float and double at most 2 ulp; NaN gives NaN; exp(-inf) = 0, exp(inf) = inf, log(0) = -inf,
// log(< 0) = NaN, tanh(+-inf) = +-1; subnormal arguments and results are exact to the same bound. The sign of
// a zero is not kept.
//
// Double exp and log follow fdlibm's reductions (W. J. Cody and W. Waite, "Software Manual for the Elementary
// Functions", 1980); the polynomials of tanh are those of S. L. Moshier's Cephes library.
#pragma once

#include "core/simd.hpp"

namespace mlqa::vmath {
namespace {

using simd::f32;
using simd::f64;
using simd::i32;
using simd::i64;

/// Nearest integer, ties to even, for |x| < 2^22 (float) or 2^51 (double): adding 1.5 * 2^(mantissa bits).
MLQA_INLINE f32 round_small(f32 x, i32& integer) {
    const f32 shift = simd::broadcast(0x1.8p23f);
    const f32 t = x + shift;
    integer = (i32)t - (i32)shift;
    return t - shift;
}
MLQA_INLINE f64 round_small(f64 x, i64& integer) {
    const f64 shift = simd::broadcast(0x1.8p52);
    const f64 t = x + shift;
    integer = (i64)t - (i64)shift;
    return t - shift;
}

/// 2^n as a float or double, n within the normal exponents.
MLQA_INLINE f32 power_of_two(i32 n) {
    return (f32)((n + 127) << 23);
}
MLQA_INLINE f64 power_of_two(i64 n) {
    return (f64)((n + 1023) << 52);
}

/// x 2^n in two steps, so that results may be subnormal or overflow.
template <class V, class N>
MLQA_INLINE V scale(V x, N n) {
    const N half = n >> 1;
    return x * power_of_two(half) * power_of_two(n - half);
}

/// exp(r) - 1 for |r| <= ln(2) / 2.
MLQA_INLINE f32 expm1_reduced(f32 r) {
    f32 p = simd::broadcast(1.9875691500e-4f);
    p = simd::fma(p, r, simd::broadcast(1.3981999507e-3f));
    p = simd::fma(p, r, simd::broadcast(8.3334519073e-3f));
    p = simd::fma(p, r, simd::broadcast(4.1665795894e-2f));
    p = simd::fma(p, r, simd::broadcast(1.6666665459e-1f));
    p = simd::fma(p, r, simd::broadcast(5.0000001201e-1f));
    return simd::fma(p, r * r, r);
}
MLQA_INLINE f64 expm1_reduced(f64 r) {
    // Taylor's series to degree 13: the remainder is below 2^-57 on the interval.
    f64 p = simd::broadcast(1.0 / 6227020800.0);
    p = simd::fma(p, r, simd::broadcast(1.0 / 479001600.0));
    p = simd::fma(p, r, simd::broadcast(1.0 / 39916800.0));
    p = simd::fma(p, r, simd::broadcast(1.0 / 3628800.0));
    p = simd::fma(p, r, simd::broadcast(1.0 / 362880.0));
    p = simd::fma(p, r, simd::broadcast(1.0 / 40320.0));
    p = simd::fma(p, r, simd::broadcast(1.0 / 5040.0));
    p = simd::fma(p, r, simd::broadcast(1.0 / 720.0));
    p = simd::fma(p, r, simd::broadcast(1.0 / 120.0));
    p = simd::fma(p, r, simd::broadcast(1.0 / 24.0));
    p = simd::fma(p, r, simd::broadcast(1.0 / 6.0));
    p = simd::fma(p, r, simd::broadcast(0.5));
    return simd::fma(p, r * r, r);
}

/// x = n ln 2 + r with |r| <= ln(2) / 2; x is first brought into the range where exp is neither 0 nor inf.
MLQA_INLINE f32 reduce_exp(f32 x, i32& n) {
    x = simd::min(simd::max(x, simd::broadcast(-104.0f)), simd::broadcast(89.0f));
    const f32 k = round_small(x * simd::broadcast(1.44269504088896341f), n);
    const f32 r = simd::fma(k, simd::broadcast(-0.693359375f), x);
    return simd::fma(k, simd::broadcast(2.12194440e-4f), r);
}
MLQA_INLINE f64 reduce_exp(f64 x, i64& n) {
    x = simd::min(simd::max(x, simd::broadcast(-746.0)), simd::broadcast(710.0));
    const f64 k = round_small(x * simd::broadcast(1.4426950408889634074), n);
    const f64 r = simd::fma(k, simd::broadcast(-6.93147180369123816490e-01), x);
    return simd::fma(k, simd::broadcast(-1.90821492927058770002e-10), r);
}

MLQA_INLINE f32 exp(f32 x) {
    i32 n;
    const f32 r = reduce_exp(x, n);
    const f32 y = scale(expm1_reduced(r) + 1.0f, n);
    return simd::select(x != x, x, y);
}
MLQA_INLINE f64 exp(f64 x) {
    i64 n;
    const f64 r = reduce_exp(x, n);
    const f64 y = scale(expm1_reduced(r) + 1.0, n);
    return simd::select(x != x, x, y);
}

/// exp(x) for x in [-87, 0] (float) or [-708, 0] (double), 0 below and for NaN. One scaling step less, for
/// kernel values.
MLQA_INLINE f32 exp_negative(f32 x) {
    const f32 floor = simd::broadcast(-87.0f);
    const f32 inside = simd::max(x, floor);
    i32 n;
    const f32 r = reduce_exp(inside, n);
    return simd::select(x >= floor, (expm1_reduced(r) + 1.0f) * power_of_two(n), f32{});
}
MLQA_INLINE f64 exp_negative(f64 x) {
    const f64 floor = simd::broadcast(-708.0);
    const f64 inside = simd::max(x, floor);
    i64 n;
    const f64 r = reduce_exp(inside, n);
    return simd::select(x >= floor, (expm1_reduced(r) + 1.0) * power_of_two(n), f64{});
}

/// exp(x) - 1 without cancellation near 0: 2^n (expm1(r) + 1 - 2^-n).
template <class V, class N>
MLQA_INLINE V expm1_of(V x) {
    N n;
    const V r = reduce_exp(x, n);
    const V p = expm1_reduced(r);
    const V one = V{} + 1;
    const N zero = N{};
    // 2^-n is exact for |n| below the exponent range; beyond it 1 does not count against 2^n or p + 1.
    const N limit = zero + (sizeof(x[0]) == 4 ? 126 : 1022);
    const N clamped = n > limit ? limit : (n < -limit ? -limit : n);
    const V y = scale(p + (one - power_of_two(-clamped)), n);
    const V tiny = simd::select(n == zero, p, y);
    const V below = V{} - (sizeof(x[0]) == 4 ? 17.5f : 40.0f);
    const V bounded = simd::select(x < below, -one, tiny);
    return simd::select(x != x, x, bounded);
}

MLQA_INLINE f32 expm1(f32 x) {
    return expm1_of<f32, i32>(x);
}
MLQA_INLINE f64 expm1(f64 x) {
    return expm1_of<f64, i64>(x);
}

MLQA_INLINE f32 log(f32 x) {
    const i32 subnormal = (x < 0x1p-126f) & (x > 0.0f);
    const f32 a = simd::select(subnormal, x * 0x1p23f, x);
    const i32 shifted = (i32)a - 0x3F3504F3;  // so that the mantissa falls into [sqrt(1/2), sqrt(2))
    i32 e = (shifted >> 23) - (subnormal & 23);
    const f32 m = (f32)((shifted & 0x007FFFFF) + 0x3F3504F3);
    const f32 f = m - 1.0f;
    const f32 s = f / (f + 2.0f);
    const f32 z = s * s;
    f32 p = simd::broadcast(0.24279078841f);
    p = simd::fma(p, z, simd::broadcast(0.28498786688f));
    p = simd::fma(p, z, simd::broadcast(0.40000972152f));
    p = simd::fma(p, z, simd::broadcast(0.66666662693f));
    const f32 half = 0.5f * f * f;
    const f32 k = __builtin_convertvector(e, f32);
    const f32 tail = simd::fma(s, simd::fma(p, z, half), k * simd::broadcast(9.0580006145e-6f));
    f32 y = simd::fma(k, simd::broadcast(6.9313812256e-01f), f - (half - tail));
    const f32 infinity = simd::broadcast(__builtin_inff());
    y = simd::select(x == f32{}, -infinity, y);
    y = simd::select(x < f32{}, simd::broadcast(__builtin_nanf("")), y);
    return simd::select((x == infinity) | (x != x), x, y);
}
MLQA_INLINE f64 log(f64 x) {
    const i64 subnormal = (x < 0x1p-1022) & (x > 0.0);
    const f64 a = simd::select(subnormal, x * 0x1p52, x);
    const i64 shifted = (i64)a - 0x3FE6A09E667F3BCDll;
    const i64 e = (shifted >> 52) - (subnormal & 52);
    const f64 m = (f64)((shifted & 0x000FFFFFFFFFFFFFll) + 0x3FE6A09E667F3BCDll);
    const f64 f = m - 1.0;
    const f64 s = f / (f + 2.0);
    const f64 z = s * s;
    f64 p = simd::broadcast(1.479819860511658591e-01);
    p = simd::fma(p, z, simd::broadcast(1.531383769920937332e-01));
    p = simd::fma(p, z, simd::broadcast(1.818357216161805012e-01));
    p = simd::fma(p, z, simd::broadcast(2.222219843214978396e-01));
    p = simd::fma(p, z, simd::broadcast(2.857142874366239149e-01));
    p = simd::fma(p, z, simd::broadcast(3.999999999940941908e-01));
    p = simd::fma(p, z, simd::broadcast(6.666666666666735130e-01));
    const f64 half = 0.5 * f * f;
    const f64 k = __builtin_convertvector(e, f64);
    const f64 tail = simd::fma(s, simd::fma(p, z, half), k * simd::broadcast(1.90821492927058770002e-10));
    f64 y = simd::fma(k, simd::broadcast(6.93147180369123816490e-01), f - (half - tail));
    const f64 infinity = simd::broadcast(__builtin_inf());
    y = simd::select(x == f64{}, -infinity, y);
    y = simd::select(x < f64{}, simd::broadcast(__builtin_nan("")), y);
    return simd::select((x == infinity) | (x != x), x, y);
}

MLQA_INLINE f32 tanh(f32 x) {
    const f32 a = simd::abs(x);
    const f32 z = x * x;
    f32 p = simd::broadcast(-5.70498872745e-3f);
    p = simd::fma(p, z, simd::broadcast(2.06390887954e-2f));
    p = simd::fma(p, z, simd::broadcast(-5.37397155531e-2f));
    p = simd::fma(p, z, simd::broadcast(1.33314422036e-1f));
    p = simd::fma(p, z, simd::broadcast(-3.33332819422e-1f));
    const f32 small = simd::fma(p * z, x, x);
    const f32 large = 1.0f - 2.0f / (exp(simd::min(a, simd::broadcast(20.0f)) * 2.0f) + 1.0f);
    const f32 signed_large = (f32)((i32)large | ((i32)x & (i32)simd::broadcast(-0.0f)));
    const f32 y = simd::select(a < simd::broadcast(0.625f), small, signed_large);
    return simd::select(x != x, x, y);
}
MLQA_INLINE f64 tanh(f64 x) {
    const f64 a = simd::abs(x);
    const f64 z = x * x;
    f64 p = simd::broadcast(-9.64399179425052238628e-1);
    p = simd::fma(p, z, simd::broadcast(-9.92877231001918586564e1));
    p = simd::fma(p, z, simd::broadcast(-1.61468768441708447952e3));
    f64 q = z + simd::broadcast(1.12811678491632931402e2);
    q = simd::fma(q, z, simd::broadcast(2.23548839060100448583e3));
    q = simd::fma(q, z, simd::broadcast(4.84406305325125486048e3));
    const f64 small = simd::fma(p * z / q, x, x);
    const f64 large = 1.0 - 2.0 / (exp(simd::min(a, simd::broadcast(40.0)) * 2.0) + 1.0);
    const f64 signed_large = (f64)((i64)large | ((i64)x & (i64)simd::broadcast(-0.0)));
    const f64 y = simd::select(a < simd::broadcast(0.625), small, signed_large);
    return simd::select(x != x, x, y);
}

}  // namespace
}  // namespace mlqa::vmath
