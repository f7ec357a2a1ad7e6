#include "tests/simd.kernel.hpp"

#include "core/simd.hpp"

namespace mlqa {
namespace {

using simd::load;
using simd::store;

template <class T>
void copy_partial(const T* x, T* y, int n) {
    simd::store_partial(y, simd::load_partial(x, n), n);
}
void widen(const float* x, double* low, double* high) {
    store(low, simd::widen_low(load(x)));
    store(high, simd::widen_high(load(x)));
}
void narrow(const double* low, const double* high, float* y) {
    store(y, simd::narrow(load(low), load(high)));
}
template <class T>
std::uint32_t less(const T* a, const T* b) {
    return simd::bits(load(a) < load(b));
}
void fma(const double* a, const double* b, const double* c, double* y) {
    store(y, simd::fma(load(a), load(b), load(c)));
}
template <class T>
void square_root(const T* x, T* y) {
    store(y, simd::sqrt(load(x)));
}
void absolute(const double* x, double* y) {
    store(y, simd::abs(load(x)));
}
template <class T>
void reduce(const T* x, T* y) {
    y[0] = simd::reduce_add(load(x));
    y[1] = simd::reduce_max(load(x));
    y[2] = simd::reduce_min(load(x));
}
void stream(const double* x, double* y) {
    simd::stream(y, load(x));
    simd::fence();
}

}  // namespace

const SimdKernels MLQA_KERNELS(simd_test) = {
    simd::lanes<float>,
    simd::lanes<double>,
    copy_partial<float>,
    copy_partial<double>,
    widen,
    narrow,
    less<float>,
    less<double>,
    fma,
    square_root<float>,
    square_root<double>,
    absolute,
    reduce<float>,
    reduce<double>,
    stream,
};

}  // namespace mlqa
