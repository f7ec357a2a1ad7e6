// The vector functions over arrays, for activations and for the tests of their bounds.
#pragma once

#include <cstdint>

#include "core/isa.hpp"

namespace mlqa {

struct VmathKernels {
    void (*exp_f32)(const float* x, float* y, std::int64_t n);
    void (*exp_f64)(const double* x, double* y, std::int64_t n);
    void (*exp_negative_f32)(const float* x, float* y, std::int64_t n);
    void (*exp_negative_f64)(const double* x, double* y, std::int64_t n);
    void (*expm1_f32)(const float* x, float* y, std::int64_t n);
    void (*expm1_f64)(const double* x, double* y, std::int64_t n);
    void (*log_f32)(const float* x, float* y, std::int64_t n);
    void (*log_f64)(const double* x, double* y, std::int64_t n);
    void (*tanh_f32)(const float* x, float* y, std::int64_t n);
    void (*tanh_f64)(const double* x, double* y, std::int64_t n);
};

MLQA_DECLARE_KERNELS(VmathKernels, vmath)

}  // namespace mlqa
