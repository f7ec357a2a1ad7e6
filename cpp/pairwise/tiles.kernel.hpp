// Packing and plain products, for drivers: what the fused epilogues of other rooms pack with, and the store
// epilogue by itself.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

/// One precision of the engine. T is float or double; packed sets are as pairwise/tiles.hpp lays them out.
template <class T>
struct TileTable {
    int panel_width;  ///< rows of a panel
    int block_rows;   ///< rows of a block
    void (*pack_f32)(const float* x, index_t row_stride, index_t col_stride, const index_t* index,
                     index_t rows, index_t d, const double* centre, int width, T* packed);
    void (*pack_f64)(const double* x, index_t row_stride, index_t col_stride, const index_t* index,
                     index_t rows, index_t d, const double* centre, int width, T* packed);
    /// g[i ldg + j - first] = G_ij for every row i of block-packed a and first <= j < last; `first` is a
    /// multiple of panel_width.
    void (*product)(const T* a, index_t a_rows, const T* panels, index_t first, index_t last, index_t d, T* g,
                    index_t ldg);
};

struct TilesKernels {
    TileTable<float> f32;
    TileTable<double> f64;
};

MLQA_DECLARE_KERNELS(TilesKernels, tiles)

}  // namespace mlqa
