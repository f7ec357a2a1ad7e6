#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <vector>

#include "core/isa.hpp"
#include "core/vmath.kernel.hpp"
#include "tests/check.hpp"
#include "tests/levels.hpp"
#include "tests/simd.kernel.hpp"

#if MLQA_X86
#include <immintrin.h>
#endif

namespace {

namespace isa = mlqa::isa;
using mlqa::simd_test_kernels;

template <class Body>
void with_kernels_of_every_level(Body body) {
    on_every_level([&] { body(simd_test_kernels()); });
}

template <class T>
std::vector<T> numbers(int n) {
    std::vector<T> x(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = static_cast<T>(std::sin(i + 1.0) * 10);
    return x;
}

template <class T, class Copy>
void check_partial(Copy copy, int lanes) {
    const auto x = numbers<T>(lanes);
    for (int n = 0; n <= lanes; ++n) {
        // Exactly n elements are there to be read: a sanitizer sees one more.
        const std::vector<T> only(x.begin(), x.begin() + n);
        std::vector<T> y(static_cast<std::size_t>(lanes), T(99));
        copy(only.data(), y.data(), n);
        for (int i = 0; i < lanes; ++i) CHECK(y[i] == (i < n ? x[i] : T(99)));
    }
}

TEST(partial_vectors_touch_no_more) {
    with_kernels_of_every_level([](const mlqa::SimdKernels& k) {
        check_partial<float>(k.copy_partial_f32, k.lanes_f32);
        check_partial<double>(k.copy_partial_f64, k.lanes_f64);
    });
}

TEST(halves_are_widened_and_narrowed_in_order) {
    with_kernels_of_every_level([](const mlqa::SimdKernels& k) {
        const auto x = numbers<float>(k.lanes_f32);
        std::vector<double> low(static_cast<std::size_t>(k.lanes_f64)), high(low);
        k.widen(x.data(), low.data(), high.data());
        for (int i = 0; i < k.lanes_f64; ++i) {
            CHECK(low[i] == x[i]);
            CHECK(high[i] == x[i + k.lanes_f64]);
        }
        std::vector<float> back(x.size());
        k.narrow(low.data(), high.data(), back.data());
        CHECK(back == x);
    });
}

TEST(bits_are_lanes) {
    with_kernels_of_every_level([](const mlqa::SimdKernels& k) {
        for (int lane = 0; lane < k.lanes_f32; ++lane) {
            std::vector<float> a(static_cast<std::size_t>(k.lanes_f32), 1.0f);
            const auto b = a;
            a[static_cast<std::size_t>(lane)] = 0.0f;
            CHECK(k.less_f32(a.data(), b.data()) == 1u << lane);
        }
        for (int lane = 0; lane < k.lanes_f64; ++lane) {
            std::vector<double> a(static_cast<std::size_t>(k.lanes_f64), 1.0);
            const auto b = a;
            a[static_cast<std::size_t>(lane)] = 0.0;
            CHECK(k.less_f64(a.data(), b.data()) == 1u << lane);
        }
    });
}

TEST(arithmetic_lane_by_lane) {
    with_kernels_of_every_level([](const mlqa::SimdKernels& k) {
        const auto a = numbers<double>(k.lanes_f64);
        auto b = a, c = a, y = a;
        for (double& v : b) v = v * v;
        for (double& v : c) v -= 3;
        k.fma_f64(a.data(), b.data(), c.data(), y.data());
        for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::abs(y[i] - (a[i] * b[i] + c[i])) < 1e-12);
        k.sqrt_f64(b.data(), y.data());
        for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == std::sqrt(b[i]));
        k.abs_f64(a.data(), y.data());
        for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == std::abs(a[i]));
        auto x = numbers<float>(k.lanes_f32);
        for (float& v : x) v = std::abs(v);
        auto root = x;
        k.sqrt_f32(x.data(), root.data());
        for (std::size_t i = 0; i < x.size(); ++i) CHECK(root[i] == std::sqrt(x[i]));
    });
}

template <class T, class Reduce>
void check_reduce(Reduce reduce, int lanes) {
    std::vector<T> x(static_cast<std::size_t>(lanes), T(1));
    x.front() = T(-3);
    x.back() = T(50);
    T y[3];
    reduce(x.data(), y);
    CHECK(y[0] == T(47 + lanes - 2));
    CHECK(y[1] == T(50));
    CHECK(y[2] == T(-3));
}

TEST(reductions_take_every_lane) {
    with_kernels_of_every_level([](const mlqa::SimdKernels& k) {
        check_reduce<float>(k.reduce_f32, k.lanes_f32);
        check_reduce<double>(k.reduce_f64, k.lanes_f64);
        alignas(64) double to[8] = {};
        const auto x = numbers<double>(k.lanes_f64);
        k.stream_f64(x.data(), to);
        for (std::size_t i = 0; i < x.size(); ++i) CHECK(to[i] == x[i]);
    });
}

#if MLQA_X86
TEST(vector_functions_hold_when_subnormals_are_flushed) {
    const unsigned before = _mm_getcsr();
    with_kernels_of_every_level([&](const mlqa::SimdKernels&) {
        const mlqa::VmathKernels& k = mlqa::vmath_kernels();
        constexpr int n = 1000;
        std::vector<double> x(n), want(n), got(n);
        for (void (*function)(const double*, double*, std::int64_t) :
             {k.exp_f64, k.expm1_f64, k.log_f64, k.tanh_f64}) {
            for (int i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = (i + 1) * 0.01;
            function(x.data(), want.data(), n);
            _mm_setcsr(before | 0x8040);  // flush to zero, denormals are zero
            function(x.data(), got.data(), n);
            _mm_setcsr(before);
            CHECK(got == want);
        }
    });
}
#endif

TEST(names_of_levels) {
    isa::Level level{};
    CHECK(isa::parse(isa::name(isa::detected()), level));
    CHECK(level == isa::detected());
    CHECK(!isa::parse("", level));
    CHECK(!isa::parse("x86-64-v33", level));
    CHECK(isa::current() <= isa::detected());
}

}  // namespace
