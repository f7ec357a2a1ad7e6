// The directed acyclic graph of machines (J. C. Platt, N. Cristianini and J. Shawe-Taylor, "Large margin DAGs
// for multiclass classification", NIPS 12, 2000): a point starts with the list of all classes, and the
// machine of the first and the last class on it strikes one of them off, f > 0 the last, else the first,
// until one is left. k - 1 of the k (k - 1) / 2 machines are asked for each point.
#pragma once

#include "svm/predict.hpp"

namespace mlqa::svm {

/// label[i] is the class that is left, asked[i] the number of machines that were asked.
Status walk(const Predictor& predictor, const Queries& x, int n_threads, index_t* label, index_t* asked);

}  // namespace mlqa::svm
