// Exact nearest neighbours among sparse rows: for rows of a set, the k nearest of the others.
//
// The distance is that of pairwise/knn.hpp, formed over the columns that either row stores: others would add
// zero to its partial sums. Same order of ties, and of results.
//
// Algorithm. As there, a float32 screen drops rows that a bound rules out. Rows are not centred (zeros would
// not stay zeros) and scaled by a power of two, p = x 2^e, so that the largest entry lies in [1/2, 1). With c
// the float32 rounding of p, A = |p|^2, H = A / 2, z_i the number of entries of row i,
//
//     h_j = H_j - B_j rounded down to float32 ,     g_ij = fl(h_j - fl(c_i . c_j)) ,
//     | g_ij - (h_j - p_i . p_j) |  <=  B_i + B_j ,     B_i = gamma_(z_i + 8) A_i / 2 + z_i 2^-124 ,
//
// gamma_n = n u / (1 - n u), u = 2^-24. The derivation is that of pairwise/knn.hpp with d replaced by m, the
// number of columns that both rows store: only these give terms, whatever the order of the sum (zeros of a
// panel are added without rounding), so that a term carries at most m + 1 roundings, and m <= z_i, z_j.
// There, gamma_3 A / 2 is left for the float64 roundings of H, B and D, which are below
// (2 z + 16) 2^-53 (A_i + A_j), z the larger of both: enough for z <= 2^20, whatever the number of columns.
// Underflow, also flushed to zero: at most m products, m sums, 2 m entries set to zero, and two roundings of
// h_j - dot, 2^-126 each; that is below (z_i + z_j) 2^-124, and nothing where the rows share no column and
// row j stores nothing. A row without entries has B = 0.
//
// Products. A column is frequent where the share of rows that store it is above 3 / panel_width. Blocks
// of rows hold their frequent columns as dense panels of 4 vectors of rows, column by column: an entry of a
// query adds a whole run of a panel to 4 vectors of sums. Rare columns hold their entries one after the
// other: an entry of a query is added to the sums of the rows found there. Columns that one row alone stores
// are passed over.
//
// Rows are ordered by their norms, short ones first: where few columns are shared they are the nearest of
// most rows, limits are tight early, and few rows become candidates. A block is passed over by a query from
// which its norms differ too much, (|p_i| - |p_j|)^2 / 2 > R_i + H_i - B_i.
//
// What passes is kept, up to 2 k + 8 rows a query, and tightened as in pairwise/join.hpp. In the end
// candidates are put in the order of their screened values; D is evaluated only where the intervals that the
// bound leaves overlap, and for the distances of the k nearest where those are wanted.
//
// Where the scale leaves [2^-400, 2^400], or a row has more than 2^20 entries, every pair is evaluated by D.
//
// Cost. Besides screening, about .3 cycles a pair, an entry in a frequent column costs a pair about
// 6 / panel_width cycles, one in a rare column 2 p, and each meeting of such an entry with a block some 20.
// 5000 rows x 500 columns with 2 % stored took 5.6 ms on two threads against 64 ms spread out; with 30 %
// 57 against 65. Memory: 8 bytes an entry, 16 k + 150 a row, 4 a column; a block of rows in panels, about
// 1 MB, at most 16 MB or half the number of entries in floats; the sums of 64 queries a thread.
#pragma once

#include "core/array.hpp"
#include "core/status.hpp"

namespace mlqa::pairwise {

/// position (queries x k) and squared distance (the same, nullptr: not wanted) of the k nearest among the
/// other rows of x, nearest first, for the rows `queries`, or for all rows where it is nullptr; 1 <= k <
/// x.outer. T is float or double, I std::int32_t or std::int64_t; indices sorted and unique, values finite.
/// After Status::cancelled the outputs are undefined.
template <class T, class I>
Status knn_sparse(const SparseView<T, I>& x, const VectorView<const index_t>* queries, index_t k,
                  int n_threads, index_t* position, double* squared_distance);

/// What the screen knows about every pair of two rows: lower <= D <= upper (n x n each, the diagonal of no
/// use). Returns false, and writes nothing, where the data is outside the screen's range. For tests of the
/// bound.
template <class T, class I>
bool knn_sparse_screen_bounds(const SparseView<T, I>& x, double* lower, double* upper);

}  // namespace mlqa::pairwise
