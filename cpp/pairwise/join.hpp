// All rows of a set against each other: the k nearest of every row, each pair of rows met once.
//
// Distance, screen and error bound are those of pairwise/knn.hpp. The rows are put in an order in which near
// ones lie close together (pairwise/order.hpp), in groups of 32 with a bounding box each. A product of two
// groups serves the rows of both: g_ij for i and g_ji for j share the dot product. Two groups are passed over
// where half the squared distance of their boxes is above R_i + H_i - B_i of every row in them, which is at
// least the half distance of k rows already met.
//
// Boxes hold the packed float32 values rounded outwards, so that they contain what those stand for. The sum
// of squared gaps is rounded d + 2 times; it is lowered by gamma_(d+16), which also covers the rounding of D.
//
// Groups form blocks of up to 32. First the pairs within each block are met, then block a meets block a xor r
// in round r = 1, 2, ...: no two threads meet the same block, and near blocks come first. Which pairs are
// passed over depends on the threads' timing in no way that shows: the result is defined by D and positions.
//
// A row keeps up to `capacity` candidates. Where more pass the screen than it can tell apart (duplicates), D
// is evaluated and the k nearest stay, each with what an exact screen would have given.
#pragma once

#include "core/status.hpp"
#include "pairwise/knn.hpp"
#include "pairwise/packed.hpp"

namespace mlqa::pairwise {

/// Whether the problem is a set of many rows against itself, and k small.
template <class S>
bool joins(const KnnProblem<S>& problem);

/// As pairwise::knn, for the rows of a set among themselves. `frame` is valid.
template <class S>
Status join(const KnnRows<S>& rows, index_t k, const Frame& frame, int n_threads, index_t* position,
            double* squared_distance);

}  // namespace mlqa::pairwise
