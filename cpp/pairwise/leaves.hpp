// Rows of few features, sorted into the leaves of a tree: near ones lie close together, and of equal rows the
// one with the lower position comes first.
//
// A set is cut in two at the median of its widest feature, the halves again (J. H. Friedman, J. L. Bentley
// and R. A. Finkel, "An algorithm for finding best matches in logarithmic expected time", ACM TOMS 3, 1977).
// The upper cuts are those of a sample: rows descend a small tree of cuts into buckets that fit the cache, in
// one pass over memory that threads share, and each bucket is cut by its own medians. Cuts take features and
// then positions, so that any set has them, also one of equal rows.
//
// Cost: about n log2(n / 32) steps of 2 to 4 ns. Memory while it runs: 10 bytes a row beyond the result.
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "pairwise/knn.kernel.hpp"

namespace mlqa::pairwise {

/// As mlqa::Tree has them: rows of each leaf feature by feature, filled up with NaN, and their positions,
/// filled up with -1.
struct Leaves {
    index_t count = 0;
    bool finite = true;  ///< otherwise the rest is undefined
    arena::Buffer<double> points;
    arena::Buffer<index_t> position;
};

/// At least one row, 1 to tree_features features; S is float or double.
template <class S>
Status sort_into_leaves(const KnnRows<S>& rows, int n_threads, Leaves& leaves);

}  // namespace mlqa::pairwise
