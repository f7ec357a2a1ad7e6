// Sums of the lanes of a vector without a way through memory: the tree of simd::reduce (lane i with lane
// i + n/2, and so on), and its bits. For kernels that add up many short runs. Included by kernel sources
// only.
#pragma once

#include "core/simd.hpp"

namespace mlqa::simd {
namespace {

#if defined(__SSE2__)

MLQA_INLINE float sum_lanes(f32 v) {
#if defined(__AVX512F__)
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256((__m512)v),
                                       _mm512_maskz_extractf32x8_ps(all_lanes, (__m512)v, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#elif defined(__AVX2__)
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
#else
    const __m128 four = (__m128)v;
#endif
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

MLQA_INLINE double sum_lanes(f64 v) {
#if defined(__AVX512F__)
    const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256((__m512d)v),
                                       _mm512_maskz_extractf64x4_pd(all_lanes, (__m512d)v, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
#elif defined(__AVX2__)
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128((__m256d)v), _mm256_extractf128_pd((__m256d)v, 1));
#else
    const __m128d two = (__m128d)v;
#endif
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

#else

template <class V>
MLQA_INLINE auto sum_lanes(V v) {
    return reduce_add(v);
}

#endif

}  // namespace
}  // namespace mlqa::simd
