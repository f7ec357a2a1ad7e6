// Rows in the order of one feature, for searches that look near by first and stop early.
//
// The squared distance of two rows is at least the square of their difference in one feature. Rows sorted by
// the feature of the widest range are met outwards from where a query lies; beyond a gap whose square is
// above the k-th smallest distance so far, nothing can be nearest.
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "pairwise/knn.kernel.hpp"

namespace mlqa::pairwise {

struct Sweep {
    arena::Buffer<index_t> position;  ///< of each sorted row among the rows given
    arena::Buffer<index_t> index;     ///< the same in the array behind them
    arena::Buffer<double> key;        ///< the feature, ascending; of equal ones the lower position first
};

/// The feature with the widest range among up to 256 rows, spread evenly. At least one row and feature.
template <class S>
index_t widest_feature(const KnnRows<S>& rows);

/// S is float or double; no value is NaN.
template <class S>
Status sort_along(const KnnRows<S>& rows, index_t feature, int n_threads, Sweep& sweep);

}  // namespace mlqa::pairwise
