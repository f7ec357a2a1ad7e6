// Packing of rows in fixed point; formula in pairwise/fixed.hpp, layout in pairwise/fixed_tiles.hpp.
#pragma once

#include <cstdint>

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

struct FixedKernels {
    /// Packs n rows of x, taken through `index` (nullptr: as they lie) and less `centre` (nullptr: not), as
    /// rows, whole groups, or as columns, whole panels. Unless `squares` is nullptr, squares[i] = |p_i|^2.
    void (*pack)(const double* x, index_t row_stride, index_t col_stride, const index_t* index, index_t n,
                 index_t d, const double* centre, double factor, int digits, bool as_columns,
                 std::int8_t* packed, double* squares);
    /// The largest |x_ik - centre_k|.
    double (*largest)(const double* x, index_t row_stride, index_t col_stride, const index_t* index,
                      index_t n, index_t d, const double* centre);
};

MLQA_DECLARE_KERNELS(FixedKernels, fixed)

}  // namespace mlqa
