// Kernel values of points packed in fixed point (pairwise/fixed.hpp): rows in float from few digits, sums in
// double from many. At every level there is the model of the product, at that of AMX the product itself.
#pragma once

#include <cstdint>

#include "core/array.hpp"
#include "core/isa.hpp"
#include "svm/kernel_function.hpp"

namespace mlqa {

struct FixedPanelsKernels {
    /// Everything as in svm/panels.kernel.hpp, but for the packing and the unit of the products.
    void (*rows)(const svm::KernelFunction* f, const std::int8_t* a, const float* a_norms, index_t a_points,
                 const std::int8_t* panels, const float* b_norms, index_t first, index_t last, index_t d,
                 double unit, float* const* out);
    void (*sums)(const svm::KernelFunction* f, const std::int8_t* a, const double* a_norms, index_t a_points,
                 const std::int8_t* panels, const double* b_norms, const double* weight, index_t n, index_t d,
                 double unit, double* partial);
    void (*mutual_sums)(const svm::KernelFunction* f, const std::int8_t* a, const double* a_norms,
                        const double* a_weight, index_t a_points, const std::int8_t* panels,
                        const double* b_norms, const double* weight, index_t n, index_t d, double unit,
                        double* partial, double* column);
};

MLQA_DECLARE_KERNELS(FixedPanelsKernels, fixed_panels)
#if !defined(MLQA_ISA) && MLQA_AMX
extern const FixedPanelsKernels fixed_panels_table_v4amx;
#endif

}  // namespace mlqa
