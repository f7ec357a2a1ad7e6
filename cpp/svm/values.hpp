// Kernel functions as epilogues: from products of points and sums of their squared norms to values, for
// vectors of float or double.
//
// Included by kernel sources only.
#pragma once

#include "core/simd.hpp"
#include "core/vmath.hpp"
#include "svm/kernel_function.hpp"

namespace mlqa::svm {
namespace {

/// As simd::fma, for one number: the same bits.
template <class T>
MLQA_INLINE T fma_one(T a, T b, T c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    if constexpr (sizeof(T) == 4) return __builtin_fmaf(a, b, c);
    return static_cast<T>(__builtin_fma(a, b, c));
#else
    return a * b + c;
#endif
}

/// base^degree by squaring.
template <class V>
MLQA_INLINE V power(V base, int degree) {
    V result = V{} + 1;
    for (int left = degree; left > 0; left /= 2) {
        if (left % 2 == 1) result *= base;
        base *= base;
    }
    return result;
}

/// The kernel function of products; `norms` is |x|^2 + |z|^2.
template <Kernel kind, class T>
struct Value {
    const KernelFunction* f;

    MLQA_INLINE simd::vec<T> operator()(simd::vec<T> dot, simd::vec<T> norms) const {
        using V = simd::vec<T>;
        const V gamma = simd::broadcast<T>(static_cast<T>(f->gamma));
        if constexpr (kind == Kernel::rbf) {
            // A point whose norm overflows is far from everything: inf - inf, no number, stays one here and
            // gives 0.
            const V distance = simd::max(V{}, simd::fma(V{} - T(2), dot, norms));
            return vmath::exp_negative(-gamma * distance);
        } else if constexpr (kind == Kernel::linear) {
            return dot;
        } else {
            const V shifted = simd::fma(gamma, dot, simd::broadcast<T>(static_cast<T>(f->coef0)));
            if constexpr (kind == Kernel::poly) return power(shifted, f->degree);
            return vmath::tanh(shifted);
        }
    }
};

/// Calls `work(Value<kind, T>)` for the kernel function at hand.
template <class T, class Work>
MLQA_INLINE void with_value(const KernelFunction* f, Work&& work) {
    switch (f->kind) {
        case Kernel::linear:
            return work(Value<Kernel::linear, T>{f});
        case Kernel::poly:
            return work(Value<Kernel::poly, T>{f});
        case Kernel::sigmoid:
            return work(Value<Kernel::sigmoid, T>{f});
        default:
            return work(Value<Kernel::rbf, T>{f});
    }
}

}  // namespace
}  // namespace mlqa::svm
