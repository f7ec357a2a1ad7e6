// Exact nearest neighbours in few dimensions.
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
