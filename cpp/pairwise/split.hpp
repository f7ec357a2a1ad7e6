// Products of groups of rows in split bfloat16, for processors that multiply tiles of them (AMX): a screen of
// pairwise/knn.hpp with a product and an error bound of its own.
//
// Formula. A centred, scaled value p (pairwise/knn.hpp) is split into two bfloat16 and a rest,
//
//     h = bf16(p) ,   l = bf16(p - h) ,   e = p - h - l ,
//
// rounded to nearest, results below 2^-126 set to zero. With d features in C = ceil(d / 32) chunks,
//
//     t_ij = sum over chunks of  l_i . h_j + h_i . h_j + h_i . l_j ,       s_ij = fl(fl(n_i + n_j) - t_ij) ,
//
// where n_j = H_j - B_j is rounded down to float32, H_j = |p_j|^2 / 2. s_ij is what pairwise/knn.hpp wants: a
// lower bound of the half distance, the same for both rows.
//
// The product. TDPBF16PS adds a chunk's product to a tile in float32 (Intel 64 and IA-32 Architectures
// Software Developer's Manual, vol. 2): 16 fused multiply-adds over the even features, 16 over the odd ones,
// their sum, and that to the tile. All round to nearest; subnormal inputs and results are zero; the caller's
// rounding mode and flags are not consulted. A product of two bfloat16 is exact in float32, so that plain
// arithmetic gives the same bits wherever nothing is subnormal: the model of the product, which tests run on
// any processor.
//
// Error bound. u = 2^-24, gamma_n = n u / (1 - n u), A = |p|^2,
//
//     | s_ij - (n_i + n_j - p_i . p_j) |  <=  B_i + B_j ,
//     B = (gamma_m + 2^-19) A + (2^17 + 1/2) |e|^2 + |l|^2 / 2 + C 2^-117 ,      m = 20 + 3.0625 C .
//
// - Split: with q = h + l, p_i . p_j - t_ij (exact) = e_i . p_j + q_i . e_j + l_i . l_j, at most |e_i| |p_j|
//   + |p_i| |e_j| + |e_i| |e_j| + |l_i| |l_j|. Each |e_i| |p_j| <= 2^17 |e_i|^2 + 2^-19 A_j, the others are
//   at most the mean of their squares. |e| and |l| are measured, not bounded: for random values they make |e|
//   = 0.6 2^-18 |p| and |l| = 0.4 2^-8 |p|, where the worst case, 3 2^-17 A, is over five times as large. p -
//   h - l is exact in float64; that p is rounded there changes 2^17 |e|^2 by less than 2^-50 A.
// - Sum: a term of t_ij meets at most 16 + 1 + 3 C roundings and one of the last difference, n_i + n_j two.
//   |l_i| |h_j| + |h_i| |h_j| + |h_i| |l_j| <= (1 + 2^-8)^2 (1 + 2^-7) |p_i| |p_j|, with the second rounding
//   of float32 <= 33/32 |p_i| |p_j|, and |n| <= A / 2 + C 2^-116, as B without its last term is below A / 4.
//   Together gamma_(18 + 3 C) (1 + 1/64) (A_i + A_j) <= gamma_(m - 1) (A_i + A_j), and C 2^-136.
// - H, A, B and D in float64: below gamma_1 / 8 (A_i + A_j), as in pairwise/knn.hpp.
// - Underflow: at most 105 C + 4 results a pair lose 2^-126 each: below C 2^-118. Parts set to zero are in e.
//
// B grows with the chunks, not with the features. Against float32's it is 2.8 times as large with 24
// features, 1.6 times with 50, smaller from about 96 on, and a fifth with 784. Where distances
// differ by less than either can tell (clusters far from the centre), exact distances decide as in float32.
//
// Single rows are not measured against boxes: few rows cost the tiles as much as a group. Tiles are used from
// 48 features on; with fewer, clusters lose more than uniform rows gain.
//
// Figures, one thread, uniform rows, k = 5, float32 products against tiles: 50000 rows of 50 features 0.85
// and 0.47 s, 10000 of 784 0.65 and 0.28 s, 10000 of 128 0.103 and 0.058 s, 20000 of 24 0.089 and 0.066 s. In
// clusters, 50000 rows of 20 features 0.145 and 0.166 s, of 33 0.191 and 0.211 s, of 64 0.38 and 0.29 s;
// 20000 rows in ten clusters far apart, of 24 features 0.037 and 0.048 s, of 128 0.128 and 0.103 s.
//
// Memory: 256 C bytes a row, 8 times the features rounded up to 32, in place of 4 a feature: each group is
// held as rows and as pairs of features, the two operands of the instruction.
#pragma once

#include "core/array.hpp"
#include "pairwise/groups.kernel.hpp"

namespace mlqa::pairwise {

/// Whether groups of rows with d features are to be split. Depends on shape and instruction set.
bool splits(index_t d) noexcept;

/// The kernels of split groups: of the processor where it may be used, else the model.
const GroupsTable<float>& split_table(float) noexcept;
const GroupsTable<double>& split_table(double) noexcept;

}  // namespace mlqa::pairwise
