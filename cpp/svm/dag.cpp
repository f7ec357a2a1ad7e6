#include "svm/dag.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/cancel.hpp"
#include "svm/predict_groups.hpp"

namespace mlqa::svm {
namespace {

/// t in float, rounded up: a value in float that is further from 0 by more than its bound is no smaller in
/// double.
float rounded_up(double explore) {
    if (explore <= 0) return 0.0f;
    const double above = explore * (1 + 0x1p-20) + std::numeric_limits<float>::min();
    return static_cast<float>(std::min<double>(above, std::numeric_limits<float>::max()));
}

/// Evidence and class of the nodes of a level from those of their children, which are in order as they are.
void ascend(double explore, GraphNode* nodes, index_t count, const GraphNode* child) {
    for (index_t n = 0; n < count; ++n) {
        GraphNode& node = nodes[n];
        const bool both = node.evidence < explore;
        while (child->first < node.first + (both || node.strikes_last ? 0 : 1)) ++child;
        const GraphNode* way = child;
        if (both) {
            const GraphNode *decided = child + !node.strikes_last, *other = child + node.strikes_last;
            way = other->evidence > decided->evidence ? other : decided;
        }
        node.evidence = std::min(node.evidence, way->evidence);
        node.leaf = way->leaf;
    }
}

/// One point through the graph in double. Returns its class, or -1 if the call was cancelled.
index_t explored(const MachineView<double>& m, const Route& route, const double* values,
                 std::vector<GraphNode>& nodes, index_t* asked) {
    std::vector<index_t> level = {0, 1};
    nodes.assign(1, {0, 0, 0, false});
    for (index_t length = m.classes - 1; length > 0; --length) {
        const index_t first = level[level.size() - 2], count = level.back() - first;
        if (count > 1 && cancel::poll()) return -1;
        nodes.resize(at(level.back() + 2 * count));
        level.push_back(level.back() + dag_kernels().descend(&m, route.order, values, route.explore, length,
                                                             nodes.data() + first, count));
    }
    *asked = level[level.size() - 2];
    for (std::size_t n = level.size() - 2; n > 0; --n)
        ascend(route.explore, nodes.data() + level[n - 1], level[n] - level[n - 1], nodes.data() + level[n]);
    return nodes.front().leaf;
}

}  // namespace

Status Graph::walk_exactly(const Queries& x, const std::vector<index_t>* chosen, const Route& route,
                           int n_threads, index_t* label, index_t* asked) const {
    const Predictor& p = predictor_;
    return p.by_groups<double>(
        x, chosen, n_threads, [&](const Predictor::Group& group, index_t, Predictor::Worker<double>& worker) {
            const Status status = p.fill(x, group, worker);
            if (status != Status::ok) return status;
            for (index_t j = 0; j < group.count; ++j) {
                const index_t i = group.index[j];
                label[i] = explored(p.double_.view, route, worker.values.data() + j * p.stride_, worker.nodes,
                                    asked + i);
                if (label[i] < 0) return Status::cancelled;
            }
            return Status::ok;
        });
}

Status Graph::walk(const Queries& x, const Route& given, int n_threads, index_t* label,
                   index_t* asked) const {
    const Predictor& p = predictor_;
    std::vector<index_t> listed, counts;
    Route route = given;
    if (route.order == nullptr) {
        listed.resize(at(p.machines_.classes));
        std::iota(listed.begin(), listed.end(), index_t{0});
        route.order = listed.data();
    }
    if (asked == nullptr) {
        counts.resize(at(x.count()));
        asked = counts.data();
    }
    if (!p.screens(x)) return walk_exactly(x, nullptr, route, n_threads, label, asked);
    const float explore = rounded_up(route.explore);
    const Status status = p.by_groups<float>(
        x, nullptr, n_threads, [&](const Predictor::Group& group, index_t, Predictor::Worker<float>& worker) {
            const Status filled = p.fill(x, group, worker);
            if (filled != Status::ok) return filled;
            for (index_t j = 0; j < group.count; ++j) {
                const float error = p.error(worker, j);
                const bool usable = error <= std::numeric_limits<float>::max();
                label[group.index[j]] =
                    usable ? dag_kernels().walk(&p.single_.view, route.order,
                                                worker.values.data() + j * p.stride_, error, explore)
                           : -1;
            }
            return Status::ok;
        });
    if (status != Status::ok) return status;
    std::fill_n(asked, x.count(), p.machines_.classes - 1);
    std::vector<index_t> doubtful;
    for (index_t i = 0; i < x.count(); ++i)
        if (label[i] < 0) doubtful.push_back(i);
    return walk_exactly(x, &doubtful, route, n_threads, label, asked);
}

}  // namespace mlqa::svm
