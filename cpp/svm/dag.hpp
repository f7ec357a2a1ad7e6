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
// of a path is the smallest |f| on it; the class at the end of the path with the largest is the answer. Of
// several with the same (all that part at a node share its |f|) it is the one that keeps longest to what the
// machines decide.
//
// A class that wins against all others is never struck off, on no list: the class of the nearest support
// vector and the one that beats it are asked for it first, by k - 1 machines that are known beforehand, not
// one after the other; those of large models lie side by side (svm/dag_blocks.hpp). Points that have no such
// class pass the graph. All this is in float; a machine whose value is not certain is asked in double, from
// the kernel values of its two classes alone.
#pragma once

#include <memory>
#include <mutex>

#include "svm/dag_blocks.hpp"
#include "svm/predict.hpp"

namespace mlqa::svm {

struct Candidate;

/// How points pass the graph.
struct Route {
    const index_t* order = nullptr;  ///< the list that they start with; nullptr: classes by number
    double explore = 0;              ///< t
};

class Graph {
public:
    /// `predictor` must outlive it.
    explicit Graph(const Predictor& predictor) : predictor_(predictor) {}
    /// Packs what a large model needs for many points, as walk() does once many have passed.
    Status prepare(int n_threads) const;

    /// label[i] is the class that is left, asked[i] the number of machines that were asked (not wanted:
    /// nullptr). Paths are those of the decision values in double.
    Status walk(const Queries& x, const Route& route, int n_threads, index_t* label, index_t* asked) const;

private:
    template <class T>
    using Worker = Predictor::Worker<T>;
    using Group = Predictor::Group;
    Status walk_exactly(const Queries& x, const std::vector<index_t>* chosen, const Route& route,
                        int n_threads, index_t* label, index_t* asked) const;
    /// The blocks of the classes, once they save more than they cost.
    Status find_blocks(index_t count, int n_threads, std::shared_ptr<const ClassBlocks>& blocks) const;
    /// Classes of a group; -1 for points that are left to walk_exactly.
    Status label_group(const Queries& x, const Group& group, const Route& route, const ClassBlocks* blocks,
                       Worker<float>& worker, index_t* label) const;
    index_t unbeaten(const ClassBlocks& blocks, const float* values, float error, float explore,
                     const Candidate& candidate, Worker<float>& worker) const;
    Status walk_in_float(const Queries& x, const Group& point, const Route& route, const float* values,
                         float error, Worker<float>& worker, index_t& label) const;
    Status ask_exactly(const Queries& x, const Group& point, const Route& route, GraphPoint& here,
                       Worker<double>& worker) const;

    const Predictor& predictor_;
    mutable std::mutex packing_;
    mutable std::shared_ptr<const ClassBlocks> blocks_;
    mutable index_t passed_ = 0;  ///< points that were looked at so far
};

}  // namespace mlqa::svm
