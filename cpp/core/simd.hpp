// Portable SIMD: the compiler's vector extensions, with bare intrinsics only where they were measured to win
// (fused multiply-add, partial loads, widening, masks). Included by kernel sources only; everything is in an
// anonymous namespace, so that each instruction set has its own copy and no symbol is shared.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
// GCC 12 warns of its own header's undefined vectors wherever they are inlined.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define MLQA_INLINE inline __attribute__((always_inline))
/// Of loops that need all of 16 registers: inlined, they would meet constants of the code around them that
/// the compiler keeps in registers, and hold a sum in memory that each step has to wait for.
#if defined(__AVX512F__)
#define MLQA_APART MLQA_INLINE
#else
#define MLQA_APART inline __attribute__((noinline))
#endif

namespace mlqa::simd {
namespace {

#if defined(__AVX512F__)
constexpr int bytes = 64;
#elif defined(__AVX2__)
constexpr int bytes = 32;
#else
constexpr int bytes = 16;
#endif

template <class T>
constexpr int lanes = bytes / static_cast<int>(sizeof(T));

using f32 = float __attribute__((vector_size(bytes)));
using f64 = double __attribute__((vector_size(bytes)));
using i32 = std::int32_t __attribute__((vector_size(bytes)));
using i64 = std::int64_t __attribute__((vector_size(bytes)));
using u32 = std::uint32_t __attribute__((vector_size(bytes)));
using u64 = std::uint64_t __attribute__((vector_size(bytes)));

/// vec<float> is f32, mask<float> the integer vector that a comparison of two f32 gives (0 or -1 a lane).
template <class T>
struct Types;
template <>
struct Types<float> {
    using vector = f32;
    using mask = i32;
    using integer = std::int32_t;
};
template <>
struct Types<double> {
    using vector = f64;
    using mask = i64;
    using integer = std::int64_t;
};
template <>
struct Types<std::int32_t> {
    using vector = i32;
    using mask = i32;
    using integer = std::int32_t;
};
template <>
struct Types<std::int64_t> {
    using vector = i64;
    using mask = i64;
    using integer = std::int64_t;
};
template <class T>
using vec = typename Types<T>::vector;
template <class T>
using mask = typename Types<T>::mask;

template <class T>
MLQA_INLINE vec<T> broadcast(T value) {
    return vec<T>{} + value;
}
template <>
MLQA_INLINE f32 broadcast<float>(float value) {
#if defined(__AVX512F__)
    return (f32)_mm512_set1_ps(value);
#elif defined(__AVX2__)
    return (f32)_mm256_set1_ps(value);
#else
    return f32{value, value, value, value};
#endif
}
template <>
MLQA_INLINE f64 broadcast<double>(double value) {
#if defined(__AVX512F__)
    return (f64)_mm512_set1_pd(value);
#elif defined(__AVX2__)
    return (f64)_mm256_set1_pd(value);
#else
    return f64{value, value};
#endif
}

/// Any alignment.
template <class T>
MLQA_INLINE vec<T> load(const T* p) {
    vec<T> v;
    __builtin_memcpy(&v, p, bytes);
    return v;
}
template <class T>
MLQA_INLINE void store(T* p, vec<T> v) {
    __builtin_memcpy(p, &v, bytes);
}

/// The first n of a vector's lanes, 0 <= n <= lanes<T>; the others read as zero and are not touched.
template <class T>
MLQA_INLINE vec<T> load_partial(const T* p, int n) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "");
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
        return (vec<T>)_mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << n) - 1), p);
    else
        return (vec<T>)_mm512_maskz_loadu_epi64(static_cast<__mmask8>((1u << n) - 1), p);
#else
    alignas(bytes) T lane[lanes<T>] = {};
    for (int i = 0; i < n; ++i) lane[i] = p[i];
    return load(lane);
#endif
}
template <class T>
MLQA_INLINE void store_partial(T* p, vec<T> v, int n) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
        _mm512_mask_storeu_epi32(p, static_cast<__mmask16>((1u << n) - 1), (__m512i)v);
    else
        _mm512_mask_storeu_epi64(p, static_cast<__mmask8>((1u << n) - 1), (__m512i)v);
#else
    alignas(bytes) T lane[lanes<T>];
    store(lane, v);
    for (int i = 0; i < n; ++i) p[i] = lane[i];
#endif
}

/// Past the caches; p aligned to `bytes`. Follow a run of these with fence().
template <class T>
MLQA_INLINE void stream(T* p, vec<T> v) {
#if defined(__AVX512F__)
    _mm512_stream_si512((__m512i*)p, (__m512i)v);
#elif defined(__AVX2__)
    _mm256_stream_si256((__m256i*)p, (__m256i)v);
#elif defined(__SSE2__)
    _mm_stream_si128((__m128i*)p, (__m128i)v);
#else
    store(p, v);
#endif
}
MLQA_INLINE void fence() {
#if defined(__SSE2__)
    _mm_sfence();
#endif
}
MLQA_INLINE void prefetch(const void* p) {
    __builtin_prefetch(p, 0, 3);
}

/// a b + c, rounded once where the level has fused multiply-add (v3, v4, NEON), twice on v2.
MLQA_INLINE f32 fma(f32 a, f32 b, f32 c) {
#if defined(__AVX512F__)
    return (f32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
    return (f32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON)
    return (f32)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}
MLQA_INLINE f64 fma(f64 a, f64 b, f64 c) {
#if defined(__AVX512F__)
    return (f64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__FMA__)
    return (f64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__ARM_NEON)
    return (f64)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
    return a * b + c;
#endif
}

/// c - a b, rounded as fma.
MLQA_INLINE f32 fnma(f32 a, f32 b, f32 c) {
#if defined(__AVX512F__)
    return (f32)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
    return (f32)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON)
    return (f32)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return c - a * b;
#endif
}

/// yes where m is set, no elsewhere.
template <class M, class V>
MLQA_INLINE V select(M m, V yes, V no) {
    return m ? yes : no;
}
/// The second operand where either is NaN, as the processors' own instructions.
template <class V>
MLQA_INLINE V max(V a, V b) {
    return a > b ? a : b;
}
template <class V>
MLQA_INLINE V min(V a, V b) {
    return a < b ? a : b;
}

MLQA_INLINE f32 abs(f32 a) {
    return (f32)((i32)a & 0x7FFFFFFF);
}
MLQA_INLINE f64 abs(f64 a) {
    return (f64)((i64)a & 0x7FFFFFFFFFFFFFFFll);
}

MLQA_INLINE f32 sqrt(f32 a) {
#if defined(__AVX512F__)
    return (f32)_mm512_sqrt_ps((__m512)a);
#elif defined(__AVX2__)
    return (f32)_mm256_sqrt_ps((__m256)a);
#else
    for (int i = 0; i < lanes<float>; ++i) a[i] = __builtin_sqrtf(a[i]);
    return a;
#endif
}
MLQA_INLINE f64 sqrt(f64 a) {
#if defined(__AVX512F__)
    return (f64)_mm512_sqrt_pd((__m512d)a);
#elif defined(__AVX2__)
    return (f64)_mm256_sqrt_pd((__m256d)a);
#else
    for (int i = 0; i < lanes<double>; ++i) a[i] = __builtin_sqrt(a[i]);
    return a;
#endif
}

#if defined(__AVX512F__)
/// The masked forms with every lane on: GCC warns of the uninitialised operand inside the plain ones.
constexpr __mmask8 all_lanes = 0xFF;
#endif

/// Lower and upper half of the lanes of a float vector as doubles.
MLQA_INLINE f64 widen_low(f32 a) {
#if defined(__AVX512F__)
    return (f64)_mm512_maskz_cvtps_pd(all_lanes, _mm512_maskz_extractf32x8_ps(all_lanes, (__m512)a, 0));
#elif defined(__AVX2__)
    return (f64)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)a));
#elif defined(__SSE2__)
    return (f64)_mm_cvtps_pd((__m128)a);
#else
    f64 r;
    for (int i = 0; i < lanes<double>; ++i) r[i] = a[i];
    return r;
#endif
}
MLQA_INLINE f64 widen_high(f32 a) {
#if defined(__AVX512F__)
    return (f64)_mm512_maskz_cvtps_pd(all_lanes, _mm512_maskz_extractf32x8_ps(all_lanes, (__m512)a, 1));
#elif defined(__AVX2__)
    return (f64)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)a, 1));
#elif defined(__SSE2__)
    return (f64)_mm_cvtps_pd(_mm_movehl_ps((__m128)a, (__m128)a));
#else
    f64 r;
    for (int i = 0; i < lanes<double>; ++i) r[i] = a[lanes<double> + i];
    return r;
#endif
}
/// Two double vectors rounded into one float vector.
MLQA_INLINE f32 narrow(f64 low, f64 high) {
#if defined(__AVX512F__)
    return (f32)_mm512_insertf32x8(_mm512_castps256_ps512(_mm512_maskz_cvtpd_ps(all_lanes, (__m512d)low)),
                                   _mm512_maskz_cvtpd_ps(all_lanes, (__m512d)high), 1);
#elif defined(__AVX2__)
    return (f32)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps((__m256d)low)),
                                     _mm256_cvtpd_ps((__m256d)high), 1);
#elif defined(__SSE2__)
    return (f32)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)low), _mm_cvtpd_ps((__m128d)high));
#else
    f32 r;
    for (int i = 0; i < lanes<double>; ++i) r[i] = static_cast<float>(low[i]);
    for (int i = 0; i < lanes<double>; ++i) r[lanes<double> + i] = static_cast<float>(high[i]);
    return r;
#endif
}

MLQA_INLINE std::uint32_t bits_of(i32 m) {
#if defined(__AVX512DQ__)
    return _mm512_movepi32_mask((__m512i)m);
#elif defined(__AVX2__)
    return static_cast<std::uint32_t>(_mm256_movemask_ps((__m256)m));
#elif defined(__SSE2__)
    return static_cast<std::uint32_t>(_mm_movemask_ps((__m128)m));
#else
    std::uint32_t r = 0;
    for (int i = 0; i < lanes<float>; ++i) r |= (m[i] < 0 ? 1u : 0u) << i;
    return r;
#endif
}
MLQA_INLINE std::uint32_t bits_of(i64 m) {
#if defined(__AVX512DQ__)
    return _mm512_movepi64_mask((__m512i)m);
#elif defined(__AVX2__)
    return static_cast<std::uint32_t>(_mm256_movemask_pd((__m256d)m));
#elif defined(__SSE2__)
    return static_cast<std::uint32_t>(_mm_movemask_pd((__m128d)m));
#else
    std::uint32_t r = 0;
    for (int i = 0; i < lanes<double>; ++i) r |= (m[i] < 0 ? 1u : 0u) << i;
    return r;
#endif
}

/// Bit i is lane i of a comparison's result, whose type is not the same in every compiler.
template <class M>
MLQA_INLINE std::uint32_t bits(M m) {
    if constexpr (sizeof(m[0]) == 4)
        return bits_of((i32)m);
    else
        return bits_of((i64)m);
}

/// The last lane of `before`, then all lanes of v but the last.
template <class V>
MLQA_INLINE V shift_in(V before, V v) {
    static_assert(sizeof(v[0]) == 8, "");
#if defined(__AVX512F__)
    return (V)_mm512_maskz_alignr_epi64(all_lanes, (__m512i)v, (__m512i)before, 7);
#elif defined(__AVX2__)
    const __m256d crossing = _mm256_permute2f128_pd((__m256d)before, (__m256d)v, 0x21);
    return (V)_mm256_shuffle_pd(crossing, (__m256d)v, 0x5);
#else
    constexpr int n = bytes / 8;
    V r = v;
    r[0] = before[n - 1];
    for (int i = 1; i < n; ++i) r[i] = v[i - 1];
    return r;
#endif
}

/// Lanes combined by a fixed tree of halves: lane i with lane i + n/2, and so on.
template <class T, class Combine>
MLQA_INLINE T reduce(vec<T> v, Combine combine) {
    alignas(bytes) T lane[lanes<T>];
    store(lane, v);
    for (int half = lanes<T> / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) lane[i] = combine(lane[i], lane[i + half]);
    return lane[0];
}
MLQA_INLINE float reduce_add(f32 v) {
    return reduce<float>(v, [](float a, float b) { return a + b; });
}
MLQA_INLINE double reduce_add(f64 v) {
    return reduce<double>(v, [](double a, double b) { return a + b; });
}
MLQA_INLINE float reduce_max(f32 v) {
    return reduce<float>(v, [](float a, float b) { return a > b ? a : b; });
}
MLQA_INLINE double reduce_max(f64 v) {
    return reduce<double>(v, [](double a, double b) { return a > b ? a : b; });
}
MLQA_INLINE float reduce_min(f32 v) {
    return reduce<float>(v, [](float a, float b) { return a < b ? a : b; });
}
MLQA_INLINE double reduce_min(f64 v) {
    return reduce<double>(v, [](double a, double b) { return a < b ? a : b; });
}

}  // namespace
}  // namespace mlqa::simd
