// Rows in an order in which near ones lie close together: the set is cut in two at the median of its widest
// feature, the halves again, until groups of the wanted size are left (J. H. Friedman, J. L. Bentley and
// R. A. Finkel, "An algorithm for finding best matches in logarithmic expected time", ACM TOMS 3, 1977).
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "pairwise/knn.kernel.hpp"

namespace mlqa::pairwise {

struct Order {
    arena::Buffer<index_t> position;  ///< of each ordered row among the rows given
    arena::Buffer<index_t> index;     ///< the same in the array behind them
};

/// Every group but the last has `group` rows. S is float or double; no value is NaN.
template <class S>
Status order_by_medians(const KnnRows<S>& rows, index_t group, int n_threads, Order& order);

}  // namespace mlqa::pairwise
