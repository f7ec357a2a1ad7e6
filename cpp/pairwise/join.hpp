// All rows of a set against each other: the k nearest of every row, each pair of rows met once.
//
// Distance, screen and error bound are those of pairwise/knn.hpp. The rows are put in an order in which near
// ones lie close together (pairwise/order.hpp), in groups of 32 with a bounding box each. The screened value
// of a pair is the same for both rows: one product of two groups, compared with the looser of R_i and R_j,
// serves both. Two groups are passed over where half the squared distance of their boxes is above R_i of
// every row in them, which is at least the half distance of k rows already met.
//
// Of groups that are near, most rows may be far: each row is measured against the other's box, and where
// that leaves few rows of either, they alone meet the other group. One pass over rows and box costs a third
// of the product; it is left out, for two blocks, once it does not save that. On one thread it took 50000
// uniform rows with 8 features from 0.26 to 0.15 s, 200000 clustered ones from 0.75 to 0.47 s.
//
// Boxes hold the packed float32 values rounded outwards, so that they contain what those stand for; a row's
// own packed value, |p| < 1, is within 2^-22 of it. The sum of squared gaps is rounded d + 2 times; it is
// lowered by gamma_(d+16), which also covers the rounding of D.
//
// Groups form blocks of up to 32. First the pairs within each block are met, then block a meets block a xor r
// in round r = 1, 2, ...: no two threads meet the same block, and near blocks come first. Which pairs are
// passed over depends on the threads' timing in no way that shows: the result is defined by D and positions.
//
// A row keeps up to k + 8 candidates in the order of their upper bounds (pairwise/ranked.hpp). Where more
// pass the screen than it can tell apart (duplicates), D is evaluated and the k nearest stay, each with its
// exact half distance for an upper bound.
//
// Memory: 4 d + 8 k + 110 bytes a row, and the result; 8 d in place of 4 d in split form
// (pairwise/split.hpp).
#pragma once

#include "core/status.hpp"
#include "pairwise/knn.hpp"
#include "pairwise/packed.hpp"

namespace mlqa::pairwise {

/// As pairwise::knn, for the rows of a set among themselves. `frame` is valid; k is at most
/// grouped_neighbors.
template <class S>
Status join(const KnnRows<S>& rows, index_t k, const Frame& frame, int n_threads, index_t* position,
            double* squared_distance);

}  // namespace mlqa::pairwise
