// Vector functions against the C library, on every instruction set, for any bits.
#include <cmath>
#include <initializer_list>
#include <limits>

#include "core/isa.hpp"
#include "core/vmath.kernel.hpp"
#include "tests/fuzz.hpp"

namespace {

template <class T>
using Function = void (*)(const T*, T*, std::int64_t);

/// Within 2 ulp, half of one more for the library's own rounding.
template <class T>
bool close(T got, long double exact) {
    if (std::isnan(exact)) return std::isnan(got);
    const T want = static_cast<T>(exact);
    if (got == want) return true;
    const T away = std::abs(want);
    const long double ulp = std::nextafter(away, std::numeric_limits<T>::infinity()) - away;
    return std::abs(static_cast<long double>(got) - exact) <= 2.5L * ulp;
}

template <class T>
void check(Function<T> function, long double (*exact)(long double), const T* x, int n) {
    T y[64];
    function(x, y, n);
    for (int i = 0; i < n; ++i) FUZZ_CHECK(close(y[i], exact(static_cast<long double>(x[i]))));
}

template <class T>
void check_all(mlqa::tests::Input input, Function<T> exp, Function<T> expm1, Function<T> log,
               Function<T> tanh) {
    T x[64];
    int n = 0;
    while (n < 64 && !input.empty()) x[n++] = input.take<T>();
    check<T>(exp, std::exp, x, n);
    check<T>(expm1, std::expm1, x, n);
    check<T>(log, std::log, x, n);
    check<T>(tanh, std::tanh, x, n);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using mlqa::isa::Level;
    for (const Level level : {Level::baseline, Level::v2, Level::v3, Level::v4, Level::v4_amx}) {
        if (!mlqa::isa::set_current(level)) continue;
        const mlqa::VmathKernels& k = mlqa::vmath_kernels();
        check_all<float>({data, size}, k.exp_f32, k.expm1_f32, k.log_f32, k.tanh_f32);
        check_all<double>({data, size}, k.exp_f64, k.expm1_f64, k.log_f64, k.tanh_f64);
    }
    return 0;
}
