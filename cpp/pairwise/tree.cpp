#include "pairwise/tree.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "pairwise/leaves.hpp"
#include "pairwise/packed.hpp"
#include "pairwise/tree.kernel.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr double least_pairs = 1024;        ///< fewer do not pay for an order
constexpr index_t few_rows = 8192;          ///< up to these a tree wins with tree_features features,
constexpr index_t sure_features = 6;        ///< beyond with these: with more, the join rules out as much
constexpr index_t few_queries = 256;        ///< fewer do not pay for an order of many rows
constexpr index_t chunk_groups = 8;         ///< groups of queries that a chunk searches
constexpr index_t chunk_blocks = 256;       ///< blocks of boxes that a chunk fills
constexpr index_t polled_leaves = 1 << 13;  ///< leaves visited between two polls

/// The tree over the leaves of the base.
class Nodes {
public:
    Nodes(const Leaves& leaves, index_t d) : d_(d) {
        tree_.points = leaves.points.data();
        tree_.position = leaves.position.data();
        index_t blocks = 0;
        for (index_t nodes = leaves.count; nodes > 1 || tree_.levels == 0; ++tree_.levels) {
            nodes_.push_back(nodes);
            tree_.first_block[tree_.levels] = blocks;
            nodes = (nodes + tree_fan - 1) / tree_fan;
            blocks += nodes;
        }
        box_ = buffer<double>(blocks * 2 * d * tree_fan);
        least_ = buffer<index_t>(blocks * tree_fan);
        tree_.box = box_.data();
        tree_.least = least_.data();
    }

    const Tree& tree() const { return tree_; }

    Status fill(int n_threads) const {
        for (int level = 0; level < tree_.levels; ++level) {
            const index_t places = rounded_up(nodes_[static_cast<std::size_t>(level)], tree_fan);
            const index_t step = chunk_blocks * tree_fan, chunks = (places + step - 1) / step;
            const Status status = threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
                const index_t last = std::min(places, (chunk + 1) * step);
                for (index_t node = chunk * step; node < last; ++node) fill_node(level, node);
            });
            if (status != Status::ok) return status;
        }
        return Status::ok;
    }

private:
    /// Box and least position of a node: of the rows of a leaf, or of the children of a node above.
    void fill_node(int level, index_t node) const {
        const index_t place = tree_.first_block[level] * tree_fan + node;
        double* box = box_.data() + place / tree_fan * 2 * d_ * tree_fan + place % tree_fan;
        const bool exists = node < nodes_[static_cast<std::size_t>(level)];
        const index_t below = level > 0 ? tree_.first_block[level - 1] + node : node;
        const int parts = !exists ? 0 : level > 0 ? tree_fan : tree_leaf;
        for (index_t j = 0; j < d_; ++j) {
            const double* lows = level > 0 ? box_.data() + (below * 2 * d_ + j) * tree_fan
                                           : tree_.points + (below * d_ + j) * tree_leaf;
            const double* highs = level > 0 ? lows + d_ * tree_fan : lows;
            double low = std::numeric_limits<double>::infinity(), high = -low;
            for (int c = 0; c < parts; ++c) {  // NaN is passed over
                low = lows[c] < low ? lows[c] : low;
                high = highs[c] > high ? highs[c] : high;
            }
            box[j * tree_fan] = low;
            box[(d_ + j) * tree_fan] = high;
        }
        const index_t* positions =
            level > 0 ? least_.data() + below * tree_fan : tree_.position + below * tree_leaf;
        index_t least = std::numeric_limits<index_t>::max();
        for (int c = 0; c < parts; ++c)
            if (positions[c] >= 0) least = std::min(least, positions[c]);
        least_.data()[place] = least;
    }

    index_t d_;
    Tree tree_{};
    std::vector<index_t> nodes_;  ///< of each level
    Buffer<double> box_;
    Buffer<index_t> least_;
};

/// The search of all groups of queries.
struct Search {
    const Tree& tree;
    const TreeTable& kernels;
    const Leaves& queries;
    bool within;          ///< queries are the leaves of the tree
    const index_t* self;  ///< to leave out, by query; nullptr: none
    index_t d, k;
    index_t* position;
    double* distance;
    std::atomic<bool> stop{false};

    Status run(int n_threads) {
        const index_t chunks = (queries.count + chunk_groups - 1) / chunk_groups;
        return threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
            const Buffer<TreeGroup> group(1);
            const index_t last = std::min(queries.count, (chunk + 1) * chunk_groups);
            for (index_t g = chunk * chunk_groups; g < last; ++g)
                if (!search(group[0], g)) return Status::cancelled;
            return Status::ok;
        });
    }

private:
    bool search(TreeGroup& group, index_t number) {
        const index_t* query = queries.position.data() + number * tree_leaf;
        group.points = queries.points.data() + number * tree_leaf * d;
        for (group.queries = 0; group.queries < tree_leaf && query[group.queries] >= 0; ++group.queries)
            group.self[group.queries] = within || self == nullptr ? -1 : self[query[group.queries]];
        group.own = within ? number : -1;
        group.k = k;
        group.places = tree_places(k);
        kernels.begin(tree, group);
        while (!kernels.search(tree, group, polled_leaves))
            if (stopped()) return false;
        for (index_t i = 0; i < group.queries; ++i) {
            std::copy_n(group.position + i * group.places, k, position + query[i] * k);
            if (distance != nullptr)
                std::copy_n(group.distance + i * group.places, k, distance + query[i] * k);
        }
        return true;
    }

    bool stopped() {
        if (cancel::poll()) stop.store(true, std::memory_order_relaxed);
        return stop.load(std::memory_order_relaxed);
    }
};

/// Whether the queries are all rows of the base, in their order.
template <class S>
bool all_rows(const KnnProblem<S>& problem) {
    if (problem.self == nullptr || problem.queries.rows != problem.base.rows) return false;
    for (index_t i = 0; i < problem.queries.rows; ++i)
        if (problem.self[i] != i) return false;
    return true;
}

}  // namespace

template <class S>
bool suits_tree(const KnnProblem<S>& problem) {
    const index_t n = problem.base.rows, m = problem.queries.rows, d = problem.base.d;
    if (problem.k > tree_neighbors || d < 1 || d > tree_features) return false;
    if (static_cast<double>(n) * static_cast<double>(m) < least_pairs) return false;
    if (n > few_rows && m < few_queries) return false;
    return d <= sure_features || n <= few_rows;
}

template <class S>
Status search_tree(const KnnProblem<S>& problem, int n_threads, index_t* position, double* squared_distance,
                   bool& found) {
    found = false;
    const index_t d = problem.base.d;
    Leaves base, others;
    Status status = sort_into_leaves(problem.base, n_threads, base);
    if (status != Status::ok || !base.finite) return status;
    const bool within = all_rows(problem);
    if (!within) status = sort_into_leaves(problem.queries, n_threads, others);
    if (status != Status::ok || !others.finite) return status;
    const Nodes nodes(base, d);
    status = nodes.fill(n_threads);
    if (status != Status::ok) return status;
    found = true;
    Search search{nodes.tree(),
                  tree_kernels().features[d - 1],
                  within ? base : others,
                  within,
                  problem.self,
                  d,
                  problem.k,
                  position,
                  squared_distance};
    return search.run(n_threads);
}

template bool suits_tree<float>(const KnnProblem<float>&);
template bool suits_tree<double>(const KnnProblem<double>&);
template Status search_tree<float>(const KnnProblem<float>&, int, index_t*, double*, bool&);
template Status search_tree<double>(const KnnProblem<double>&, int, index_t*, double*, bool&);

}  // namespace mlqa::pairwise
