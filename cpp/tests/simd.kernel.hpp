// What the tests ask of core/simd.hpp on every instruction set; compiled as kernels are.
#pragma once

#include <cstdint>

#include "core/isa.hpp"

namespace mlqa {

struct SimdKernels {
    int lanes_f32;
    int lanes_f64;
    /// y[0 .. n) = x[0 .. n) through one partial load and store.
    void (*copy_partial_f32)(const float* x, float* y, int n);
    void (*copy_partial_f64)(const double* x, double* y, int n);
    /// lanes doubles each from the lower and upper half of lanes_f32 floats, and back.
    void (*widen)(const float* x, double* low, double* high);
    void (*narrow)(const double* low, const double* high, float* y);
    std::uint32_t (*less_f32)(const float* a, const float* b);
    std::uint32_t (*less_f64)(const double* a, const double* b);
    void (*fma_f64)(const double* a, const double* b, const double* c, double* y);
    void (*sqrt_f32)(const float* x, float* y);
    void (*sqrt_f64)(const double* x, double* y);
    void (*abs_f64)(const double* x, double* y);
    /// sum, largest, smallest
    void (*reduce_f32)(const float* x, float* y);
    void (*reduce_f64)(const double* x, double* y);
    /// y aligned to the vector's size
    void (*stream_f64)(const double* x, double* y);
};
MLQA_DECLARE_KERNELS(SimdKernels, simd_test)

}  // namespace mlqa
