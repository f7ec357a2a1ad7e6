// Gram matrices of columns, a block of rows at a time, by the tiles of the pairwise engine: columns are
// packed in its panels once, and each tile of the lower triangle is a product of two runs of them.
//
// A pair's sum over a block of `depth` rows is one chain of fused multiply-adds, as pairwise/tiles.hpp has
// it; blocks are added up in order. Its error is below (2 depth + blocks) u ||x_i|| ||x_j||, u = 2^-53 (on v2
// a product rounds by itself: hence the 2).
#pragma once

#include <cstdint>

#include "core/isa.hpp"

namespace mlqa::linear_model {

/// Columns of a matrix, of which chosen rows are taken: entry (i, j) is s_i (columns[j][i row_stride] - m_j).
/// With a target two more follow: s_i (y_i - m_count) and s_i.
template <class T>
struct GramColumns {
    const T* const* columns;
    std::int64_t count;
    std::int64_t row_stride;
    const std::int64_t* rows;  ///< of the matrix, in the order of the blocks; nullptr: all
    const double* shift;       ///< m; nullptr: zeros
    const double* roots;       ///< s; nullptr: ones
    const double* target;      ///< y; nullptr: none
};

template <class T>
struct GramPacking {
    /// Panels [begin, end), `stride` apart, at rows [first, first + depth), feature by feature: column
    /// panel width + j goes to packed[panel stride + k width + j]. Beyond the last column there are zeros.
    void (*pack)(const GramColumns<T>* from, std::int64_t begin, std::int64_t end, std::int64_t stride,
                 std::int64_t first, std::int64_t depth, double* packed);
};

struct GramKernels {
    int width;  ///< columns of a panel
    int block;  ///< rows of a tile
    GramPacking<float> f32;
    GramPacking<double> f64;
    /// out[i ld + j] += sum_k x_ki x_kj for first <= i < last (multiples of `block`), j <= i, and some
    /// beyond; panels are `stride` apart.
    void (*add)(const double* packed, std::int64_t stride, std::int64_t depth, std::int64_t first,
                std::int64_t last, double* out, std::int64_t ld);
};

MLQA_DECLARE_KERNELS(GramKernels, gram)

#ifndef MLQA_ISA
template <class T>
const GramPacking<T>& gram_packing();
template <>
inline const GramPacking<float>& gram_packing<float>() {
    return gram_kernels().f32;
}
template <>
inline const GramPacking<double>& gram_packing<double>() {
    return gram_kernels().f64;
}
#endif

}  // namespace mlqa::linear_model
