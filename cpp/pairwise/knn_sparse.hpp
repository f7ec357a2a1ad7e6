// Exact nearest neighbours among sparse rows that are too wide to be spread out.
//
// The distance is that of pairwise/knn.hpp, formed over the columns that either row stores: others would add
// zero to its partial sums. Same order of ties, and of results.
//
// For each query, products with all rows are added up column by column, over the columns that it stores. A
// row is then skipped where
//
//     |x|^2 + |y|^2 - 2 x . y - c (|x|^2 + |y|^2) - 2^-1000  >  the k-th smallest D so far ,
//
// c = (8 z + 32) 2^-53, z the most entries of a row: norms and products in float64 are wrong by at most
// gamma_z (|x|^2 + |y|^2), their sum by two roundings more, and D by gamma_(2 z + 3) D <= 2 gamma_(2 z + 3)
// (|x|^2 + |y|^2); the last term is for underflow. Where norms overflow, nothing is skipped.
//
// Cost: a query, the entries of the columns that it stores, one pass over all rows, and about
// k (1 + ln(n / k)) distances. Memory: the rows once more, by columns, and n doubles a thread.
#pragma once

#include "core/array.hpp"
#include "core/status.hpp"

namespace mlqa::pairwise {

/// position (queries x k) of the k nearest among the other rows of x, nearest first, for the rows `queries`;
/// 1 <= k < x.outer. T is float or double, I std::int32_t or std::int64_t; indices sorted and unique.
template <class T, class I>
Status knn_sparse(const SparseView<T, I>& x, const VectorView<const index_t>& queries, index_t k,
                  int n_threads, index_t* position);

}  // namespace mlqa::pairwise
