// Exact nearest neighbours: for each query, the k rows of a base that are nearest to it.
//
// Distance. Defined, so that every instruction set, thread count and the reference give the same bits: in
// float64, with eight partial sums and a fixed tree,
//
//     s_l = sum over j = l mod 8 of (x_j - y_j)^2 , j ascending ,
//     D(x, y) = ((s_0 + s_4) + (s_2 + s_6)) + ((s_1 + s_5) + (s_3 + s_7)) ,
//
// every operation rounded by itself. Of equal distances the lower position comes first. A query that is a row
// of the base leaves out itself by position, so that its duplicates count as neighbours.
//
// Algorithm. A float32 screen in tiles (pairwise/tiles.hpp) leaves a few candidates a query, D ranks them.
// Let p = (x - m) 2^e be a row centred by m and scaled so that the largest entry lies in [1/2, 1), c its
// float32 rounding with entries below 2^-126 set to zero, A = |p|^2, H = A / 2, and
//
//     h_j = H_j - B_j rounded down to float32 ,     s_ij = fl(h_i + h_j - c_i . c_j) ,
//
// the sum h_i + h_j first, the products then subtracted one after the other or their sum at once.
//
// Error bound. With u = 2^-24, gamma_n = n u / (1 - n u) (Higham, "Accuracy and Stability of Numerical
// Algorithms", 2002, Lemma 3.1 and eq. 3.5), d features,
//
//     | s_ij - (h_i + h_j - p_i . p_j) |  <=  B_i + B_j ,        B = gamma_(d+8) A + d 2^-124 .
//
// - Conversion: fl64(x - m) and the rounding to float32 give c = p (1 + delta), |delta| <= 2^-24 + 2^-52 <=
//   gamma_1, or an entry set to zero, an error of at most 2^-126. |c_i . c_j - p_i . p_j| <= gamma_3
//   |p_i||p_j|.
// - Sum: h_i + h_j carries at most d + 1 roundings, each product at most d + 1 (d where multiply and add are
//   fused; d + 2 where their sum is subtracted at once): at most gamma_(d+2) (|h_i| + |h_j| + |c_i| |c_j|)
//   <= gamma_(d+2) (1 + gamma_3) (A_i + A_j), as |h| <= A / 2 and |p_i| |p_j| <= (A_i + A_j) / 2.
// - H, B and A are float64 sums, D rounds in float64: relative errors below (d + 16) 2^-53 of A_i + A_j,
//   since D / 2 <= A_i + A_j; for d <= 2^20 they are below gamma_1 / 8.
//   Together below gamma_(d+5) (A_i + A_j).
// - Underflow, also where a caller has set flush-to-zero: an absolute error of 2^-126 a product or sum, and
//   2^-126 sqrt(d) |p_i| for entries set to zero, |p_i| <= sqrt(d): below d 2^-123 a pair.
//
// Hence D_ij / 2 2^2e lies in [s_ij , s_ij + r_i + r_j], r_j = H_j - h_j + B_j: s is a lower bound of the
// half distance, the same for i and j. With t_i the k-th smallest s_ij + r_j seen so far, every row among the
// k nearest has s_ij <= R_i = t_i + r_i: others are dropped. Where too many rows fall within the bound
// (duplicates), the candidates are evaluated at once and R_i = T, the k-th smallest half distance: exact on
// any data, only slower.
//
// At most 64 neighbours, and at most 6 features or 8 of a few thousand rows: pairwise/tree.hpp, which needs
// no screen.
//
// Few neighbours (k at most 64) of many rows: by groups with boxes, all rows of a set among themselves by
// pairwise/join.hpp, other queries by pairwise/cross.hpp; where the processor multiplies tiles of bfloat16,
// with the product and the bound of pairwise/split.hpp. Few queries and large k meet the base as it lies,
// block by block.
//
// Where the scale leaves [2^-400, 2^400] (squares would overflow or vanish in float64 as well) or d > 2^20,
// and where there are too few pairs to pay for packing, every pair is evaluated by D.
//
// Cost: at most m n d float32 multiply-adds and, a query, about k (1 + ln(n / k)) candidates kept and a
// little more than k distances evaluated. Memory: n d floats for the packed base, and a block of queries a
// thread.
#pragma once

#include "core/array.hpp"
#include "core/status.hpp"
#include "pairwise/knn.kernel.hpp"

namespace mlqa::pairwise {

template <class S>
struct KnnProblem {
    KnnRows<S> base;
    KnnRows<S> queries;
    const index_t* self = nullptr;  ///< for each query its position in the base, to be left out; may be null
    index_t k = 0;                  ///< 1 <= k <= base.rows, or one less where `self` is given
};

/// position (m x k) and squared distance (m x k, nullptr: not wanted) of the nearest, nearest first.
/// S is float or double. After Status::cancelled the outputs are undefined.
template <class S>
Status knn(const KnnProblem<S>& problem, int n_threads, index_t* position, double* squared_distance);

/// What the screen knows about every pair: lower <= D <= upper (m x n each). Returns false, and writes
/// nothing, where the data is outside the screen's range. For tests of the bound.
template <class S>
bool knn_screen_bounds(const KnnRows<S>& base, const KnnRows<S>& queries, double* lower, double* upper);

}  // namespace mlqa::pairwise
