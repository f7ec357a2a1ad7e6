// The pairwise engine: products of two packed sets of rows, tile by tile, each tile handed to an epilogue
// while it is in registers.
//
//     G_ij = sum_k A_ik B_jk ,    accumulated as  acc <- fma(A_ik, B_jk, acc)  for k = 0, 1, ..., d - 1
//
// in float32 or float64. The order of the sum is fixed and the product commutes, so the value of a pair has
// the same bits in any tile, at any edge and with its operands exchanged; on one instruction set only, since
// v2 has no fused multiply-add.
//
// Layout. B is packed in panels of `panel_width` rows, feature-major: panel[k panel_width + j]. A is packed
// in the same panels (a join of a set with itself needs one copy) or in blocks of `block_rows` rows, again
// feature-major. Rows beyond the end are zero. A tile is block_rows x panel_width products in registers:
// block_rows broadcasts of A meet two vectors of B.
//
// An epilogue is a small functor over one tile:
//
//     template <int R> void operator()(const Tile<T, R>& tile)
//
// which keeps, transforms, adds up or stores tile.dot[r][v], r < tile.rows: vector v (0 or 1) of the products
// of row tile.row + r with the rows tile.column + v lanes ... of B. Columns from tile.columns on are padding.
//
// Error of a product against exact arithmetic on the packed values: |computed - exact| <= gamma_d sum_k
// |A_ik B_jk|, gamma_d = d u / (1 - d u), u = 2^-24 or 2^-53 (Higham, "Accuracy and Stability of Numerical
// Algorithms", 2002, eq. 3.5; gamma_2d on v2, where a product and its sum round separately), plus d times
// the smallest subnormal where products underflow.
//
// Included by kernel sources only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/array.hpp"
#include "core/simd.hpp"

namespace mlqa::pairwise {
namespace {

template <class T>
constexpr int panel_width = 2 * simd::lanes<T>;

/// Rows of A in registers at a time: as many as leave room for B and a broadcast among 32 or 16 registers.
#if defined(__AVX512F__)
constexpr int block_rows = 12;
constexpr int tile_rows = 8;  ///< a power of two: for tiles whose rows are a part of a panel, or chosen
#else
constexpr int block_rows = 6;
constexpr int tile_rows = 4;
#endif

template <class T, int R>
struct Tile {
    index_t row;     ///< index of the first row of A
    int rows;        ///< valid rows, 1 .. R
    index_t column;  ///< index of the first row of B
    int columns;     ///< valid columns, 1 .. panel_width
    simd::vec<T> dot[R][2];
};

/// Features ahead of those in work that are asked for: sets of many features lie in the second-level cache,
/// which prefetches by itself too late (784 features: 75 against 92 GFLOP/s in double, 155 against 175 in
/// float).
constexpr index_t ahead = 12;

/// acc[r][v] += (Minus: -=) sum_k a(r, k) panel[k panel_width + ...], r < R. `a` gives row r's feature k.
template <bool Minus, class T, int R, class A>
MLQA_INLINE void accumulate(const A& a, const T* panel, index_t d, simd::vec<T> (&acc)[R][2]) {
    constexpr int w = simd::lanes<T>;
    for (index_t k = 0; k < d; ++k) {
        simd::prefetch(panel + (k + ahead) * 2 * w);
        simd::prefetch(panel + (k + ahead) * 2 * w + w);
        const simd::vec<T> b0 = simd::load(panel + k * 2 * w);
        const simd::vec<T> b1 = simd::load(panel + k * 2 * w + w);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const simd::vec<T> x = simd::broadcast<T>(a(r, k));
            if constexpr (Minus) {
                acc[r][0] = simd::fnma(x, b0, acc[r][0]);
                acc[r][1] = simd::fnma(x, b1, acc[r][1]);
            } else {
                acc[r][0] = simd::fma(x, b0, acc[r][0]);
                acc[r][1] = simd::fma(x, b1, acc[r][1]);
            }
        }
    }
}

/// dot[r][v] = sum_k a[k a_stride + r] panel[k panel_width + ...], r < R.
template <class T, int R>
MLQA_APART void multiply(const T* a, index_t a_stride, const T* panel, index_t d, simd::vec<T> (&dot)[R][2]) {
    simd::vec<T> acc[R][2] = {};
    const auto value = [=](int r, index_t k) {
        if (r == 0) simd::prefetch(a + (k + ahead) * a_stride);
        return a[k * a_stride + r];
    };
    accumulate<false>(value, panel, d, acc);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
        dot[r][0] = acc[r][0];
        dot[r][1] = acc[r][1];
    }
}

MLQA_INLINE index_t lesser(index_t a, index_t b) {
    return a < b ? a : b;
}

/// The first R rows of a block against a panel.
template <int R, class T, class Epilogue>
MLQA_INLINE void product_tile(const T* a, index_t row, index_t rows, const T* panels, index_t column,
                              index_t columns, index_t d, Epilogue& epilogue) {
    Tile<T, R> tile;
    tile.row = row;
    tile.rows = static_cast<int>(lesser(R, rows - row));
    tile.column = column;
    tile.columns = static_cast<int>(lesser(panel_width<T>, columns - column));
    multiply<T, R>(a + row * d, block_rows, panels + column * d, d, tile.dot);
    epilogue(tile);
}

/// Every row of a block-packed A (blocks of `block_rows`) against columns [first, last) of a panel-packed B;
/// `first` is a multiple of panel_width. The panel stays in L1 while A passes. Of the last block, as many
/// thirds as it has rows.
template <class T, class Epilogue>
MLQA_INLINE void product(const T* a, index_t a_rows, const T* panels, index_t first, index_t last, index_t d,
                         Epilogue& epilogue) {
    constexpr int third = block_rows / 3;
    for (index_t j = first; j < last; j += panel_width<T>) {
        index_t i = 0;
        for (; a_rows - i > 2 * third; i += block_rows)
            product_tile<block_rows>(a, i, a_rows, panels, j, last, d, epilogue);
        if (a_rows - i > third)
            product_tile<2 * third>(a, i, a_rows, panels, j, last, d, epilogue);
        else if (a_rows - i > 0)
            product_tile<third>(a, i, a_rows, panels, j, last, d, epilogue);
    }
}

/// Packs in groups of W rows, as pack() says. Feature by feature a group is written from front to back: row
/// by row, groups of many features would pass through the cache once a row (3.4 ns a number of 784 features
/// in panels of float, against 0.6).
template <int W, class T, class S>
MLQA_INLINE void pack_groups(const S* x, index_t row_stride, index_t col_stride, const index_t* index,
                             index_t rows, index_t d, const double* centre, T* packed) {
    for (index_t group = 0; group < rows; group += W) {
        const index_t n = lesser(W, rows - group);
        T* out = packed + group * d;
        const S* row[W];
        for (index_t r = 0; r < W; ++r) {
            const index_t i = group + (r < n ? r : 0);
            row[r] = x + (index == nullptr ? i : index[i]) * row_stride;
        }
        for (index_t k = 0; k < d; ++k) {
            const double shift = centre == nullptr ? 0.0 : centre[k];
#pragma GCC unroll 32
            for (int r = 0; r < W; ++r)
                out[k * W + r] = static_cast<T>(static_cast<double>(row[r][k * col_stride]) - shift);
        }
        for (index_t k = 0; n < W && k < d; ++k)
            for (index_t r = n; r < W; ++r) out[k * W + r] = T(0);
    }
}

/// Packs rows [0, rows) of x, taken through `index` (nullptr: as they lie) and shifted by `centre` (nullptr:
/// not), in groups of `width` rows, block_rows or panel_width, feature-major, the last group filled with
/// zeros:
///
///     packed[(i / width) width d + k width + i % width] = T(x_ik - centre_k)
///
/// The difference is formed in double and rounded once.
template <class T, class S>
MLQA_INLINE void pack(const S* x, index_t row_stride, index_t col_stride, const index_t* index, index_t rows,
                      index_t d, const double* centre, int width, T* packed) {
    if (width == block_rows)
        pack_groups<block_rows>(x, row_stride, col_stride, index, rows, d, centre, packed);
    else
        pack_groups<panel_width<T>>(x, row_stride, col_stride, index, rows, d, centre, packed);
}

}  // namespace
}  // namespace mlqa::pairwise
