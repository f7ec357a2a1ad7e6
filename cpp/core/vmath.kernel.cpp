#include "core/vmath.kernel.hpp"

#include "core/vmath.hpp"

namespace mlqa {
namespace {

template <class T, simd::vec<T> (*Function)(simd::vec<T>)>
void apply(const T* x, T* y, std::int64_t n) {
    constexpr int w = simd::lanes<T>;
    std::int64_t i = 0;
    for (; i + w <= n; i += w) simd::store(y + i, Function(simd::load(x + i)));
    if (i < n) {
        const int rest = static_cast<int>(n - i);
        simd::store_partial(y + i, Function(simd::load_partial(x + i, rest)), rest);
    }
}

}  // namespace

const VmathKernels MLQA_KERNELS(vmath) = {
    apply<float, vmath::exp>,           apply<double, vmath::exp>,  apply<float, vmath::exp_negative>,
    apply<double, vmath::exp_negative>, apply<float, vmath::expm1>, apply<double, vmath::expm1>,
    apply<float, vmath::log>,           apply<double, vmath::log>,  apply<float, vmath::tanh>,
    apply<double, vmath::tanh>,
};

}  // namespace mlqa
