// Kernel values of a few points with all support vectors, in float or double. Support vectors are packed in
// panels (pairwise/tiles.hpp), points lie row by row, and so do the values: values[i stride + s] = k(x_i,
// z_s), ready for sums over the support vectors of a class.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"
#include "svm/kernel_function.hpp"

namespace mlqa {

/// Where points go: T(x_ik - centre_k) to rows[i stride + k], the difference formed in double and rounded
/// once. `norms` are squared norms of the differences and `squares` those of the x_i themselves, both in
/// double, summed in the order of the products.
template <class T>
struct PointRows {
    const double* centre;  ///< nullptr: 0
    T* rows;
    index_t stride;
    double* norms;
    double* squares;
};

/// exp(-gamma D) in float is 2^y, y = -gamma log2(e) D: norms are multiplied by this once, when they are
/// packed, and not once a value. 1 for other kernels and in double.
template <class T>
double norm_scale(const svm::KernelFunction& f) {
    if (sizeof(T) == 8 || f.kind != svm::Kernel::rbf) return 1.0;
    return -1.4426950408889634074 * f.gamma;
}

template <class T>
struct PredictTable {
    int panel_width;
    int block_rows;
    int lanes;
    void (*take_f32)(const float* x, index_t row_stride, index_t col_stride, const index_t* index,
                     index_t points, index_t d, const PointRows<T>* out);
    void (*take_f64)(const double* x, index_t row_stride, index_t col_stride, const index_t* index,
                     index_t points, index_t d, const PointRows<T>* out);
    /// `norms` of the panels are scaled.
    /// Values with the vectors of all `panels`, padding included: `stride` is at least their number times
    /// panel_width.
    void (*values)(const svm::KernelFunction* f, const PointRows<T>* points, index_t count, const T* panels,
                   const T* norms, index_t n_panels, index_t d, T* values, index_t stride);
};

struct PredictKernels {
    PredictTable<float> f32;
    PredictTable<double> f64;
    /// Most times that a product and its sum are rounded: 1 with fused multiply-add, else 2.
    int roundings;
};

MLQA_DECLARE_KERNELS(PredictKernels, predict)

}  // namespace mlqa
