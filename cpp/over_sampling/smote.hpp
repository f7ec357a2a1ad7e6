// Synthetic rows of SMOTE: points on the segment from a row to one of its neighbours.
//
//     s = x_a + lambda (x_b - x_a) ,    0 <= lambda < 1
//
// (N. V. Chawla, K. W. Bowyer, L. O. Hall, W. P. Kegelmeyer, "SMOTE: Synthetic Minority Over-sampling
// Technique", Journal of Artificial Intelligence Research 16, 2002, figure 3). The difference is rounded in
// the type of the rows, product and sum in float64, then once to that type; on every instruction set the same
// bits. Where the difference overflows, (1 - lambda) x_a + lambda x_b takes its place, so that finite rows
// give finite rows.
//
// Tolerance: |s_j - exact| <= 3 u max(|a_j|, |b_j|, |b_j - a_j|), u the unit roundoff of the type.
//
// Layout. Rows are row-major. The result of resampling is one array of the given rows and, after them, the
// synthetic ones; the ends are read from its first part, so that the input may have any strides and nothing
// is copied twice.
#pragma once

#include "core/array.hpp"
#include "core/status.hpp"
#include "over_sampling/draws.hpp"

namespace mlqa::over_sampling {

/// out (x.rows x x.cols, row-major) = x; `finite` says whether x holds no NaN and no infinity. T is float or
/// double.
template <class T>
Status copy_rows(const MatrixView<const T>& x, int n_threads, T* out, bool& finite);

/// Which rows a run of synthetic rows lies between.
struct Segments {
    const index_t* base = nullptr;
    const index_t* neighbor = nullptr;
    const double* fraction = nullptr;
    index_t count = 0;
};

/// out[i] = the point of segment i, whose ends are rows of `rows`; both row-major with d columns. `out` may
/// be a part of the same array that no segment ends in. T is float or double.
template <class T>
Status interpolate(const T* rows, index_t d, const Segments& segments, int n_threads, T* out);

/// The rows of a class among which `draw_and_interpolate` draws.
struct Neighborhoods {
    const index_t* row = nullptr;      ///< n rows of the matrix, or nullptr: its first n
    const index_t* nearest = nullptr;  ///< k positions in `row` for each of the n
    index_t n = 0;
    index_t k = 0;
};

/// Where the ends and fractions of the segments are to be written; nullptr: nowhere.
struct Provenance {
    index_t* base = nullptr;
    index_t* neighbor = nullptr;
    double* fraction = nullptr;
};

/// interpolate() on `count` segments that are drawn on the way: cell c is the segment from row c / k to its
/// neighbour in place c % k. Beside `out` it takes 4 bytes a segment at most.
template <class T>
Status draw_and_interpolate(const T* rows, index_t d, const Neighborhoods& of_class, const Stream& stream,
                            index_t count, int n_threads, T* out, const Provenance& provenance);

// Sparse rows. The result holds the entries of the given rows and, after them, those of the points; a point
// stores the columns that either end stores. O is the type of the result's indices, which has to hold the
// number of its entries.

/// Where the entries of each point begin, and the last ones end, counted from `from`: segments.count + 1
/// offsets. Indices of a row are sorted and unique.
template <class T, class I>
Status sparse_offsets(const SparseView<T, I>& x, const Segments& segments, index_t from, int n_threads,
                      index_t* offsets);

/// Entries and offsets (x.outer + 1) of the given rows.
template <class T, class I, class O>
Status sparse_copy(const SparseView<T, I>& x, int n_threads, T* values, O* indices, O* offsets);

/// Entries of the points, to where `offsets` says.
template <class T, class I, class O>
Status sparse_interpolate(const SparseView<T, I>& x, const Segments& segments, const index_t* offsets,
                          int n_threads, T* values, O* indices);

}  // namespace mlqa::over_sampling
