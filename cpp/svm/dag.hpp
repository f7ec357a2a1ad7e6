// The directed acyclic graph of machines (J. C. Platt, N. Cristianini and J. Shawe-Taylor, "Large margin DAGs
// for multiclass classification", NIPS 12, 2000): a point starts with a list of all classes, and the machine
// of the first and the last class on it strikes one of them off, until one is left. k - 1 of the
// k (k - 1) / 2 machines are asked for each point.
//
// Machine (a, b), a < b, strikes off b if f_ab > 0, else a, wherever on the list the two are: the order of
// the list says which machines are asked, and no order changes what a machine decides.
//
// Exploring: where |f| < t both lists are followed. What is left of a list is told by its first place and its
// length, so paths that strike off the same classes meet again, and no machine is asked twice. The evidence
// of a path is the smallest |f| on it. Both ways out of a node share what came before and |f| here, so the
// way whose rest has the larger evidence is taken; if none has, the one that the machine decides. The class
// that is left at the end has a path of the largest evidence of all.
#pragma once

#include "svm/predict.hpp"

namespace mlqa::svm {

/// How points pass the graph.
struct Route {
    const index_t* order = nullptr;  ///< the list that they start with; nullptr: classes by number
    double explore = 0;              ///< t
};

class Graph {
public:
    /// `predictor` must outlive it.
    explicit Graph(const Predictor& predictor) : predictor_(predictor) {}

    /// label[i] is the class that is left, asked[i] the number of machines that were asked (not wanted:
    /// nullptr). Paths are those of the decision values in double.
    Status walk(const Queries& x, const Route& route, int n_threads, index_t* label, index_t* asked) const;

private:
    Status walk_exactly(const Queries& x, const std::vector<index_t>* chosen, const Route& route,
                        int n_threads, index_t* label, index_t* asked) const;

    const Predictor& predictor_;
};

}  // namespace mlqa::svm
