#include "pairwise/tree.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <memory>
#include <vector>
#include <chrono>
#include <cstdio>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "pairwise/leaves.hpp"
#include "pairwise/packed.hpp"
#include "pairwise/tree.kernel.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t chunk_groups = 8;        ///< groups of queries that a chunk searches
constexpr index_t chunk_blocks = 256;      ///< blocks of boxes that a chunk fills
constexpr index_t polled_leaves = 1 << 13; ///< leaves visited between two polls

/// The tree over the leaves of the base.
class Boxes {
public:
    Boxes(const Leaves& leaves, index_t d) : d_(d) {
        tree.points = leaves.points.data();
        tree.position = leaves.position.data();
        index_t blocks = 0;
        for (index_t nodes = leaves.count; nodes > 1 || tree.levels == 0; ++tree.levels) {
            nodes_.push_back(nodes);
            tree.first_block[tree.levels] = blocks;
            nodes = (nodes + tree_fan - 1) / tree_fan;
            blocks += nodes;
        }
        box_ = buffer<double>(blocks * 2 * d * tree_fan);
        least_ = buffer<index_t>(blocks * tree_fan);
        tree.box = box_.data();
        tree.least = least_.data();
    }

    Status fill(int n_threads) {
        Status status = Status::ok;
        for (int level = 0; level < tree.levels && status == Status::ok; ++level) {
            const index_t blocks = rounded_up(nodes_[static_cast<std::size_t>(level)], tree_fan) / tree_fan;
            status = threads::parallel_for((blocks + chunk_blocks - 1) / chunk_blocks, n_threads,
                                           [&](index_t chunk, int) {
                                               const index_t first = chunk * chunk_blocks * tree_fan;
                                               const index_t last = first + chunk_blocks * tree_fan;
                                               for (index_t node = first;
                                                    node < std::min(last, blocks * tree_fan); ++node)
                                                   fill_node(level, node);
                                           });
        }
        return status;
    }

    Tree tree{};

private:
    /// Largest and least values of `count` runs of values side by side.
    void fill_node(int level, index_t node) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        const index_t block = tree.first_block[level] + node / tree_fan;
        double* box = box_.data() + block * 2 * d_ * tree_fan + node % tree_fan;
        index_t& least = least_.data()[block * tree_fan + node % tree_fan];
        least = std::numeric_limits<index_t>::max();
        const bool exists = node < nodes_[static_cast<std::size_t>(level)];
        const index_t below = level > 0 ? tree.first_block[level - 1] + node : node;
        for (index_t j = 0; j < d_; ++j) {
            double low = infinity, high = -infinity;
            const int count = level > 0 ? tree_fan : tree_leaf;
            const double* lows = level > 0 ? box_.data() + (below * 2 * d_ + j) * tree_fan
                                           : tree.points + (below * d_ + j) * tree_leaf;
            const double* highs = level > 0 ? lows + d_ * tree_fan : lows;
            for (int c = 0; c < count && exists; ++c) {
                low = lows[c] < low ? lows[c] : low;  // passes over NaN
                high = highs[c] > high ? highs[c] : high;
            }
            box[j * tree_fan] = low;
            box[(d_ + j) * tree_fan] = high;
        }
        if (!exists) return;
        const int count = level > 0 ? tree_fan : tree_leaf;
        const index_t* positions = level > 0 ? least_.data() + below * tree_fan : tree.position + below * tree_leaf;
        for (int c = 0; c < count; ++c)
            if (positions[c] >= 0) least = std::min(least, positions[c]);
    }

    index_t d_;
    std::vector<index_t> nodes_;
    Buffer<double> box_;
    Buffer<index_t> least_;
};

/// The search of all groups of queries.
struct Search {
    const Tree& tree;
    const TreeTable& kernels;
    const Leaves& queries;
    const index_t* self;  ///< by query; nullptr: none is left out
    bool within;          ///< queries are the leaves of the tree
    index_t d, k;
    index_t* position;
    double* distance;
    std::atomic<bool> stop{false};

    Status run(int n_threads) {
        return threads::parallel_for((queries.count + chunk_groups - 1) / chunk_groups, n_threads,
                                     [&](index_t chunk, int) {
                                         const auto group = std::make_unique<TreeGroup>();
                                         const index_t last = std::min(queries.count, (chunk + 1) * chunk_groups);
                                         for (index_t g = chunk * chunk_groups; g < last; ++g)
                                             if (!search_group(*group, g)) return Status::cancelled;
                                         return Status::ok;
                                     });
    }

    bool search_group(TreeGroup& group, index_t number) {
        const index_t* query = queries.position.data() + number * tree_leaf;
        index_t left_out[tree_leaf] = {};
        group.points = queries.points.data() + number * tree_leaf * d;
        group.queries = 0;
        while (group.queries < tree_leaf && query[group.queries] >= 0) ++group.queries;
        for (index_t i = 0; i < group.queries && self != nullptr; ++i) left_out[i] = self[query[i]];
        group.self = self == nullptr ? nullptr : left_out;
        group.k = k;
        group.stride = std::max(k, tree_few);
        group.own = within ? number : -1;
        kernels.begin(tree, group);
        while (!kernels.search(tree, group, polled_leaves))
            if (stopped()) return false;
        for (index_t i = 0; i < group.queries; ++i) {
            std::copy_n(group.position + i * group.stride, k, position + query[i] * k);
            if (distance != nullptr) std::copy_n(group.distance + i * group.stride, k, distance + query[i] * k);
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
    const bool off = std::getenv("NOTREE") != nullptr;
    if (off) return false;
    return problem.base.d >= 1 && problem.base.d <= tree_features && problem.k <= tree_neighbors;
}

template <class S>
Status search_tree(const KnnProblem<S>& problem, int n_threads, index_t* position, double* squared_distance) {
    const index_t d = problem.base.d;
    Leaves base, others;
    auto now=[]{return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count()*1e3;};
    double t0=now();
    Status status = sort_into_leaves(problem.base, n_threads, base);
    if (status != Status::ok) return status;
    double t1=now();
    Boxes boxes(base, d);
    status = boxes.fill(n_threads);
    if (status != Status::ok) return status;
    double t2=now();
    const bool within = all_rows(problem);
    if (!within) status = sort_into_leaves(problem.queries, n_threads, others);
    if (status != Status::ok) return status;
    Search search{boxes.tree,   tree_kernels().features[d - 1], within ? base : others, problem.self, within, d,
                  problem.k, position, squared_distance};
    status= search.run(n_threads);
    if(std::getenv("SHOW"))std::fprintf(stderr,"sort %.2f boxes %.2f search %.2f\n",t1-t0,t2-t1,now()-t2);
    return status;
}

template bool suits_tree<float>(const KnnProblem<float>&);
template bool suits_tree<double>(const KnnProblem<double>&);
template Status search_tree<float>(const KnnProblem<float>&, int, index_t*, double*);
template Status search_tree<double>(const KnnProblem<double>&, int, index_t*, double*);

}  // namespace mlqa::pairwise
