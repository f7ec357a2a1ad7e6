// Kernel values of packed points, in float or double: tiles of the pairwise engine with the kernel function
// as their epilogue, kept as rows or summed at once.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"
#include "svm/kernel_function.hpp"

namespace mlqa {

template <class T>
struct PanelTable {
    int panel_width;
    int block_rows;
    /// Roundings of a term of a product: 1 with fused multiply-add, else 2.
    int roundings;
    /// norms[i] = sum_k x_ik^2 of points packed in groups of `width`, summed in the order of the products.
    void (*norms)(const T* packed, int width, index_t points, index_t d, T* norms);
    /// out[i][j] = k(a_i, b_j) for block-packed a and columns [first, last) of panel-packed b; `first` is a
    /// multiple of panel_width. Rows are written up to a multiple of panel_width.
    void (*rows)(const svm::KernelFunction* f, const T* a, const T* a_norms, index_t a_points,
                 const T* panels, const T* b_norms, index_t first, index_t last, index_t d, T* const* out);
    /// f[t] += sum_r weight[r] rows[r][t] in double, r in order, for first <= t < last; both are multiples of
    /// a float vector's lanes. Unless `spread` is nullptr, also spread[t] += sum_r growth[r] rows[r][t].
    void (*accumulate)(const T* const* rows, const double* weight, const double* growth, index_t m,
                       index_t first, index_t last, double* f, double* spread);
};

struct PanelsKernels {
    int lanes;  ///< partial sums of a row
    PanelTable<float> f32;
    PanelTable<double> f64;
    /// partial[i lanes ...] += sum_j weight[j] k(a_i, b_j), j = 0 .. n - 1: as many partial sums a row as a
    /// vector has doubles. Weights are filled with zeros up to a multiple of panel_width.
    void (*sums)(const svm::KernelFunction* f, const double* a, const double* a_norms, index_t a_points,
                 const double* panels, const double* b_norms, const double* weight, index_t n, index_t d,
                 double* partial);
    /// The same and column[j] += sum_i a_weight[i] k(a_i, b_j), i in order.
    void (*mutual_sums)(const svm::KernelFunction* f, const double* a, const double* a_norms,
                        const double* a_weight, index_t a_points, const double* panels, const double* b_norms,
                        const double* weight, index_t n, index_t d, double* partial, double* column);
};

MLQA_DECLARE_KERNELS(PanelsKernels, panels)

}  // namespace mlqa
