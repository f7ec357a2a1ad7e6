// Exact nearest neighbours in few dimensions, at most 8: a search of a tree of bounding boxes, in float64.
//
// Distance and ties are those of pairwise/knn.hpp: the smaller (D, position) comes first. With at most eight
// features each of D's partial sums is one square.
//
// Algorithm. Median cuts sort the rows into leaves of 32 (pairwise/leaves.hpp; J. H. Friedman, J. L. Bentley
// and R. A. Finkel, "An algorithm for finding best matches in logarithmic expected time", ACM TOMS 3, 1977).
// Above them stands a tree of boxes, eight children a node, filled from below. Queries are sorted the same
// way, or are the leaves of the tree where all rows ask for their neighbours. A group of up to 32 queries
// goes through the tree together, depth first, the nearest child first:
//
//   - a node is passed over where the distance of its box to the group's box says so for all its queries;
//   - at a leaf, the distances of all queries to its box say which queries it may matter to;
//   - each of those meets the 32 rows of the leaf in whole vectors; those within its k-th distance so far
//   find
//     their places in the list of its nearest by comparing and shifting whole vectors (k <= 16).
//
// Queries that are a leaf meet the rows of it first; the k-th of these distances, found by a network of
// minima and maxima over all queries at once, spares most of the insertions.
//
// Boxes are exact. Let x lie in the box [a, b] and y in the box [p, q] of another. With fl(...) the rounding,
//
//     g_j = max( fl(p_j - b_j) , fl(a_j - q_j) , 0 )  <=  | fl(x_j - y_j) | ,
//
// because rounding keeps order and p_j - b_j <= y_j - x_j, a_j - q_j <= x_j - y_j. Squares of numbers that
// are not negative and sums keep order as well, each rounded by itself, also where they overflow or vanish.
// Hence what D's operations in D's order make of g is at most D(x, y): no slack is needed, and a box that
// touches is told from one that does not. (fused multiply-add would be as monotone, but is not D.)
//
// Ties. Something at exactly the k-th distance still matters if it holds a lower position than the k-th row:
// nodes carry the least position in them, and what precedes is decided by (distance, position) throughout.
// Of equal rows the lower position lies further left in the order, so that among rows of which many are equal
// the few lowest positions are found first and rule out all others: 200,000 equal rows cost less than
// 200,000 different ones. The same holds where all distances overflow to infinity.
//
// Cost: n log2(n / 32) steps of the sort (a third of the time for d = 2), then some dozens of leaves a group.
// Memory: n (8.6 d + 9) bytes for leaves and boxes, 10 n while they are sorted, 35 kB a thread.
//
// Why this design: milliseconds, k = 5, one thread, AVX-512, uniform (u) or clustered (c) rows, beside the
// join of pairwise/join.hpp and pykdtree on the same machine:
//
//                    u 10k d2   u 200k d2   u 50k d3   u 50k d5   u 50k d7   c 50k d8
//     tree               1.6         54         17         40        125         82
//     join               8.9        205         56         87        208        127
//     pykdtree           6.3        282         67        220        779       1003
//
// With k = 10, 20, 64 it took .4 to .8 of the join's time; with 10 to 10,000 queries of 10,000 or 100,000
// rows .36 to .93 of the time of the search along one feature.
//
// The join's figures are those from before it measured single rows against boxes. With that it takes 145 ms
// for uniform and 82 ms for clustered rows of 50k x 8, 108 for uniform ones of 50k x 7: the tree is used up
// to 6 features, and up to 8 for at most 8192 rows.
//
// Leaves of 16 rows took 1.1 to 1.4 times as long, of 24 up to 1.3 times. Putting every candidate into its
// place by a loop took 2.6 times as long for d = 2 (u 200k: 92 instead of 35 ms of search).
#pragma once

#include "core/status.hpp"
#include "pairwise/knn.hpp"

namespace mlqa::pairwise {

/// Whether the problem has few features, few neighbours, and queries enough to pay for a tree.
template <class S>
bool suits_tree(const KnnProblem<S>& problem);

/// As pairwise::knn, for problems that suit. `found` is false, and nothing written, where not all values are
/// finite.
template <class S>
Status search_tree(const KnnProblem<S>& problem, int n_threads, index_t* position, double* squared_distance,
                   bool& found);

}  // namespace mlqa::pairwise
