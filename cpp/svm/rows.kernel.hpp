// What kernel values in double need beside the products of packed points (svm/panels.kernel.hpp): sparse
// rows, in the same order of summation, the diagonal, and the mirror image of half a matrix.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"
#include "svm/kernel_function.hpp"

namespace mlqa {

/// Points of a sparse block share one list of the features that occur in them: `slot[feature]` is the
/// position of a feature in that list, 0 for the others, and the panel's row 0 is zero.
struct SparseBlock {
    const double* panels;  ///< groups of panel_width points, each slots x panel_width
    const double* norms;   ///< as many as points, filled up to a whole panel
    const std::int32_t* slot;
    index_t slots;
    index_t points;
};

struct RowsKernels {
    int panel_width;
    /// norms[i] = sum_k x_ik^2 of sparse rows, taken through `index` (nullptr: as they lie), summed in the
    /// order of the products.
    void (*sparse_norms)(const SparseView<double>* x, const index_t* index, index_t points, double* norms);
    /// values[i] = k(x, z) from the products <x, z> and squared norms: values and products may be the same.
    void (*diagonal)(const svm::KernelFunction* f, const double* norms, index_t points, double* values);
    /// k[j stride + i] = k[i stride + j] for i in [row, row + m) and j in [first, last).
    void (*mirror)(double* k, index_t stride, index_t row, index_t m, index_t first, index_t last);
    /// out[i panel_width + j] = k(a_i, b_j) for sparse rows a and the one group of a sparse block.
    void (*sparse_panel)(const svm::KernelFunction* f, const SparseBlock* block, const SparseView<double>* a,
                         const double* a_norms, double* out);
};

MLQA_DECLARE_KERNELS(RowsKernels, rows)

}  // namespace mlqa
