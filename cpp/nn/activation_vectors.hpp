// Activations of vectors and partial vectors, for the kernels of nn. As core/simd.hpp: included by kernel
// sources only, everything in an anonymous namespace.
#pragma once

#include "core/simd.hpp"
#include "core/vmath.hpp"
#include "nn/activation.hpp"

namespace mlqa::nn {
namespace {

using simd::lanes;
using simd::mask;
using simd::vec;

// Without masked instructions a partial access is a loop over lanes: called, not copied into every pass.
#if defined(__AVX512F__)
#define MLQA_PARTIAL MLQA_INLINE
#else
#define MLQA_PARTIAL __attribute__((noinline))
#endif
template <class T>
MLQA_PARTIAL vec<T> read_partial(const T* p, int n) {
    return simd::load_partial(p, n);
}
template <class T>
MLQA_PARTIAL void write_partial(T* p, vec<T> v, int n) {
    simd::store_partial(p, v, n);
}

template <bool Whole, class T>
MLQA_INLINE vec<T> read(const T* p, int n) {
    if constexpr (Whole)
        return simd::load(p);
    else
        return read_partial(p, n);
}

template <bool Whole, class T>
MLQA_INLINE void write(T* p, vec<T> v, int n, bool stream) {
    if constexpr (!Whole)
        write_partial(p, v, n);
    else if (stream)
        simd::stream(p, v);
    else
        simd::store(p, v);
}

/// The lanes of a vector that starts at element `first` of a word whose last element is `n` - 1.
template <bool Whole, class T>
MLQA_INLINE int lanes_left(int n, int first) {
    if constexpr (Whole) return lanes<T>;
    return n - first < 0 ? 0 : (n - first < lanes<T> ? n - first : lanes<T>);
}

/// Lane i is set where bit i is.
template <class T>
MLQA_INLINE mask<T> lanes_of(std::uint32_t bits) {
    using Integer = typename simd::Types<T>::integer;
    mask<T> bit;
    for (int i = 0; i < lanes<T>; ++i) bit[i] = Integer{1} << i;
    return ((mask<T>{} + static_cast<Integer>(bits)) & bit) != 0;
}

/// The first n lanes of v, zero in the others.
template <class T>
MLQA_INLINE vec<T> first_lanes(vec<T> v, int n) {
    return simd::select(lanes_of<T>((1u << n) - 1), v, vec<T>{});
}

// ---- Activations: PyTorch's, also for NaN

/// Where the activation is the identity.
template <Activation A, class V>
MLQA_INLINE auto is_linear(V z) {
    if constexpr (A == Activation::leaky_relu)
        return z > V{};
    else
        return ~(z <= V{});
}

template <Activation A, class V, class M>
MLQA_INLINE V activate(V z, M linear) {
    if constexpr (A == Activation::relu) return simd::select(linear, z, V{});
    if constexpr (A == Activation::leaky_relu)
        return simd::select(linear, z, z * static_cast<decltype(+z[0])>(leaky_relu_slope));
    if constexpr (A == Activation::elu) return simd::select(linear, z, vmath::expm1(z));
    return z;
}

}  // namespace
}  // namespace mlqa::nn
