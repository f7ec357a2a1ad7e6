#include "svm/dag.hpp"

#include <algorithm>

namespace mlqa::svm {

Status walk(const Predictor& predictor, const Queries& x, int n_threads, index_t* label, index_t* asked) {
    std::fill(asked, asked + x.count(), predictor.machines().classes - 1);
    return predictor.classes(x, Rule::graph, n_threads, label);
}

}  // namespace mlqa::svm
