// Numbers of 8 and 16 bits as vectors of floats.
#pragma once

#include "core/simd.hpp"

namespace mlqa::simd {
namespace {

/// Whole numbers of 8 bits.
MLQA_INLINE f32 load_bytes(const std::int8_t* p) {
#if defined(__AVX512F__)
    return (f32)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i*)p)));
#elif defined(__AVX2__)
    return (f32)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i*)p)));
#elif defined(__SSE4_1__)
    std::int32_t four;
    __builtin_memcpy(&four, p, sizeof(four));
    return (f32)_mm_cvtepi32_ps(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(four)));
#else
    f32 r;
    for (int i = 0; i < lanes<float>; ++i) r[i] = p[i];
    return r;
#endif
}

/// Floats of which the upper halves (bfloat16) are given.
MLQA_INLINE f32 load_upper_halves(const std::uint16_t* p) {
#if defined(__AVX512F__)
    const __m256i halves = _mm256_loadu_si256((const __m256i*)p);
    return (f32)_mm512_maskz_slli_epi32(0xFFFF, _mm512_maskz_cvtepu16_epi32(0xFFFF, halves), 16);
#elif defined(__AVX2__)
    return (f32)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)p)), 16);
#else
    u32 whole = {};
    for (int i = 0; i < lanes<float>; ++i) whole[i] = static_cast<std::uint32_t>(p[i]) << 16;
    return (f32)whole;
#endif
}

}  // namespace
}  // namespace mlqa::simd
