// Centre, scale and variance of the rows of k-means, in one pass.
#pragma once

#include "core/status.hpp"
#include "pairwise/knn.kernel.hpp"
#include "pairwise/packed.hpp"

namespace mlqa::pairwise {

/// A frame for rows and centres, and the mean over the features of their variance. S is float or double.
template <class S>
Status kmeans_frame(const KnnRows<S>& rows, const KnnRows<S>& centres, int n_threads, Frame& frame,
                    double& variance);

}  // namespace mlqa::pairwise
