// The k nearest rows of a base of each of many queries, which may be rows of the base themselves.
//
// Distance, screen and error bound are those of pairwise/knn.hpp; groups, boxes and lists those of
// pairwise/join.hpp. Base and queries are put in order by themselves. A group of queries goes through the
// blocks of the base, and in each through the groups, by the distance of their boxes from its own, nearest
// first: at the first block beyond the reach of all its queries it ends. Of each group that it meets, only
// the queries within reach of the box take part in the product.
#pragma once

#include "core/status.hpp"
#include "pairwise/knn.hpp"
#include "pairwise/packed.hpp"

namespace mlqa::pairwise {

/// As pairwise::knn. `frame` is valid for both sets; k is at most grouped_neighbors.
template <class S>
Status cross(const KnnProblem<S>& problem, const Frame& frame, int n_threads, index_t* position,
             double* squared_distance);

/// As pairwise::knn_screen_bounds, by the products of groups. For tests of the bound.
template <class S>
bool cross_screen_bounds(const KnnRows<S>& base, const KnnRows<S>& queries, double* lower, double* upper);

}  // namespace mlqa::pairwise
