#include "svm/dag.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/cancel.hpp"
#include "svm/predict_groups.hpp"

namespace mlqa::svm {
namespace {

/// In models of so many coefficients a winner against all others is looked for, in blocks (in smaller ones
/// all of them stay in cache, and the way through the graph is no slower); but not before so many points per
/// class have passed: to pack the blocks takes the time of thousands of points.
constexpr index_t coefficients_of_blocks = 1 << 19, points_per_class = 4;

/// Relative error of a coefficient in bfloat16 (svm/dag_blocks.hpp), and by how much larger it makes sums.
constexpr float bfloat16_error = 0x1p-8f, bfloat16_excess = 1 + 0x1p-7f;

/// Classes that may be asked whether they win against all others.
constexpr int tries = 2;

/// t in float, rounded up: a value in float that is further from 0 by more than its bound is no smaller in
/// double.
float rounded_up(double explore) {
    if (explore <= 0) return 0.0f;
    const double above = explore * (1 + 0x1p-20) + std::numeric_limits<float>::min();
    return static_cast<float>(std::min<double>(above, std::numeric_limits<float>::max()));
}

/// Evidence of the nodes of a level, which begins at `first`, from that of their children, which follow.
void ascend(double explore, std::vector<GraphNode>& nodes, index_t first, index_t count) {
    index_t child = first + count;
    for (index_t n = first; n < first + count; ++n) {
        GraphNode& node = nodes[at(n)];
        const bool both = node.evidence < explore;
        while (nodes[at(child)].first < node.first + (both || node.strikes_last ? 0 : 1)) ++child;
        node.child = child + (both && !node.strikes_last ? 1 : 0);
        double rest = nodes[at(child)].evidence;
        if (both) rest = std::max(rest, nodes[at(child + 1)].evidence);
        node.evidence = std::min(node.evidence, rest);
    }
}

/// The first place of the last list on the best way.
index_t best_leaf(const std::vector<GraphNode>& nodes, index_t steps) {
    const double best = nodes.front().evidence;
    index_t n = 0;
    for (; steps > 0; --steps) {
        const GraphNode& node = nodes[at(n)];
        const index_t other = node.strikes_last ? node.child + 1 : node.child - 1;
        n = nodes[at(node.child)].evidence >= best ? node.child : other;
    }
    return nodes[at(n)].first;
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
        ascend(route.explore, nodes, level[n - 1], level[n] - level[n - 1]);
    return route.order[best_leaf(nodes, m.classes - 1)];
}

}  // namespace

Status Graph::walk_exactly(const Queries& x, const std::vector<index_t>* chosen, const Route& route,
                           int n_threads, index_t* label, index_t* asked) const {
    const Predictor& p = predictor_;
    return p.by_groups<double>(
        x, chosen, n_threads, [&](const Group& group, index_t, Worker<double>& worker) {
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

Status Graph::prepare(int n_threads) const {
    std::shared_ptr<const ClassBlocks> blocks;
    return find_blocks(points_per_class * predictor_.machines_.classes, n_threads, blocks);
}

Status Graph::find_blocks(index_t count, int n_threads, std::shared_ptr<const ClassBlocks>& blocks) const {
    const std::lock_guard<std::mutex> lock(packing_);
    const MachineView<float>& view = predictor_.single_.view;
    passed_ += count;
    // Of sparse points and given kernel values there is nothing in float.
    if (blocks_ == nullptr && predictor_.single_.coef.size() > 0 &&
        passed_ >= points_per_class * view.classes &&
        (view.classes - 1) * predictor_.machines_.size() >= coefficients_of_blocks) {
        const auto made = std::make_shared<ClassBlocks>(view);
        const Status status = made->pack(view, n_threads);
        if (status != Status::ok) return status;
        blocks_ = made;
    }
    blocks = blocks_;
    return Status::ok;
}

index_t Graph::unbeaten(const ClassBlocks& blocks, const float* values, float error, float explore,
                        const Candidate& candidate, Worker<float>& worker) const {
    const MachineView<float>& view = predictor_.single_.view;
    const DecideScratch<float> scratch = worker.scratch(view.classes);
    error = bfloat16_excess * (error + bfloat16_error * candidate.largest);
    index_t a = candidate.label;
    for (int t = 0; t < tries && a >= 0; ++t) {
        const ClassBlock block = blocks.of(a);
        const index_t found = dag_kernels().challenge(&view, &block, values, error, explore, a, scratch.sums);
        if (found == a) return found;
        a = found;
    }
    return -1;
}

Status Graph::ask_exactly(const Queries& x, const Group& point, const Route& route, GraphPoint& here,
                          Worker<double>& worker) const {
    const Predictor& p = predictor_;
    if (worker.values.size() == 0) worker.values = arena::Buffer<double>(at(p.stride_));
    p.take(x, point, worker);
    const index_t width = predict_table<double>().panel_width;
    for (const index_t place : {here.first, here.last}) {
        const index_t* run = p.machines_.start + route.order[place];
        p.values_of(1, run[0] / width, (run[1] + width - 1) / width, worker);
    }
    GraphNode nodes[2] = {{0, 0, static_cast<std::int32_t>(here.first), false}, {}};
    dag_kernels().descend(&p.double_.view, route.order, worker.values.data(), 0.0, here.last - here.first,
                          nodes, 1);
    nodes[0].strikes_last ? --here.last : ++here.first;
    return Status::ok;
}

Status Graph::walk_in_float(const Queries& x, const Group& point, const Route& route, const float* values,
                            float error, Worker<float>& worker, index_t& label) const {
    const Predictor& p = predictor_;
    GraphPoint here = {0, p.machines_.classes - 1};
    while (true) {
        dag_kernels().walk(&p.single_.view, route.order, values, error, rounded_up(route.explore), &here);
        if (here.first == here.last) break;
        if (route.explore > 0) return Status::ok;
        if (worker.exact == nullptr) worker.exact = std::make_unique<Worker<double>>();
        Status status = p.prepare<double>(1);
        if (status == Status::ok) status = ask_exactly(x, point, route, here, *worker.exact);
        if (status != Status::ok) return status;
    }
    label = route.order[here.first];
    return Status::ok;
}

Status Graph::label_group(const Queries& x, const Group& group, const Route& route, const ClassBlocks* blocks,
                          Worker<float>& worker, index_t* label) const {
    const Predictor& p = predictor_;
    const auto values_of = [&](index_t j) { return worker.values.data() + j * p.stride_; };
    // Points with the same candidate one after the other: its block is in cache then.
    std::vector<Candidate>& candidates = worker.candidates;
    candidates.clear();
    for (index_t j = 0; j < group.count; ++j) {
        candidates.push_back({0, j, 0.0f});
        if (blocks != nullptr)
            candidates[at(j)].label =
                dag_kernels().nearest(&p.single_.view, values_of(j), &candidates[at(j)].largest);
    }
    if (blocks != nullptr)
        std::sort(candidates.begin(), candidates.end(),
                  [](const Candidate& a, const Candidate& b) { return a.label < b.label; });
    for (const Candidate& candidate : candidates) {
        const index_t j = candidate.number;
        index_t& mine = label[group.index[j]];
        const float error = p.error(worker, j);
        mine = -1;
        if (!(error <= std::numeric_limits<float>::max())) continue;
        if (blocks != nullptr)
            mine = unbeaten(*blocks, values_of(j), error, rounded_up(route.explore), candidate, worker);
        if (mine >= 0) continue;
        const Status status =
            walk_in_float(x, Group{group.index + j, 1}, route, values_of(j), error, worker, mine);
        if (status != Status::ok) return status;
    }
    return Status::ok;
}

Status Graph::walk(const Queries& x, const Route& given, int n_threads, index_t* label,
                   index_t* asked) const {
    const Predictor& p = predictor_;
    std::vector<index_t> order(at(p.machines_.classes)), counts;
    if (given.order == nullptr)
        std::iota(order.begin(), order.end(), index_t{0});
    else
        std::copy_n(given.order, order.size(), order.begin());
    const Route route = {order.data(), given.explore};
    // Who counts the machines that are asked on the way has to go it.
    const bool counted = asked != nullptr && route.explore > 0;
    if (asked == nullptr) {
        counts.resize(at(x.count()));
        asked = counts.data();
    }
    if (!p.screens(x)) return walk_exactly(x, nullptr, route, n_threads, label, asked);
    std::shared_ptr<const ClassBlocks> blocks;
    Status status = counted ? Status::ok : find_blocks(x.count(), n_threads, blocks);
    if (status != Status::ok) return status;
    status =
        p.by_groups<float>(x, nullptr, n_threads, [&](const Group& group, index_t, Worker<float>& worker) {
            const Status filled = p.fill(x, group, worker);
            return filled == Status::ok ? label_group(x, group, route, blocks.get(), worker, label) : filled;
        });
    if (status != Status::ok) return status;
    std::fill_n(asked, x.count(), p.machines_.classes - 1);
    std::vector<index_t> doubtful;
    for (index_t i = 0; i < x.count(); ++i)
        if (label[i] < 0) doubtful.push_back(i);
    return walk_exactly(x, &doubtful, route, n_threads, label, asked);
}

}  // namespace mlqa::svm
