#include "pairwise/cross.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "pairwise/grouped.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t wanted_blocks = 1;  ///< blocks of the base are not what threads share

/// The row of the ordered base that each ordered query is.
Buffer<index_t> own_rows(const index_t* self, const Order& queries, const Order& base) {
    const std::size_t m = queries.position.size();
    Buffer<index_t> own(m, -1);
    if (self == nullptr) return own;
    Buffer<index_t> rank(base.position.size());
    for (std::size_t i = 0; i < rank.size(); ++i)
        rank[static_cast<std::size_t>(base.position[i])] = static_cast<index_t>(i);
    for (std::size_t i = 0; i < m; ++i) own[i] = rank[static_cast<std::size_t>(self[queries.position[i]])];
    return own;
}

/// All groups of queries, each by itself.
template <class S>
class Asking {
public:
    explicit Asking(const GroupedSearch<S>& search) : search_(search) {}

    Status run(int n_threads) {
        return threads::parallel_for(search_.set.groups, n_threads,
                                     [&](index_t group, int) { return ask_all(group); });
    }

private:
    Status ask_all(index_t group) {
        const GroupsTable<S>& kernels = groups_table(search_.set);
        const index_t blocks = search_.base.blocks;
        const Buffer<float> distance = buffer<float>(blocks);
        const Buffer<index_t> order = buffer<index_t>(blocks);
        kernels.block_distances(search_, group, distance.data());
        std::iota(order.begin(), order.begin() + blocks, index_t{0});
        std::sort(order.begin(), order.begin() + blocks, [&](index_t a, index_t b) {
            const float x = distance.data()[a], y = distance.data()[b];
            return x < y || (x == y && a < b);
        });
        int credit = filter_credit;
        for (index_t i = 0; i < blocks; ++i) {
            const index_t block = order.data()[i];
            if (distance.data()[block] > search_.reach[group]) break;
            kernels.ask(search_, group, block, &credit);
            if (stopped()) return Status::cancelled;
        }
        return Status::ok;
    }

    bool stopped() {
        if (cancel::poll()) stop_.store(true, std::memory_order_relaxed);
        return stop_.load(std::memory_order_relaxed);
    }

    const GroupedSearch<S>& search_;
    std::atomic<bool> stop_{false};
};

}  // namespace

template <class S>
Status cross(const KnnProblem<S>& problem, const Frame& frame, int n_threads, index_t* position,
             double* squared_distance) {
    Grouped<S> base, queries;
    Status status = base.group(problem.base, frame, wanted_blocks, n_threads);
    if (status == Status::ok) status = queries.group(problem.queries, frame, wanted_blocks, n_threads);
    if (status == Status::ok) status = base.bound(n_threads);
    if (status == Status::ok) status = queries.bound(n_threads);
    if (status != Status::ok) return status;
    const Buffer<index_t> self = own_rows(problem.self, queries.order(), base.order());
    const GroupedLists<S> lists(queries, base, self.data(), problem.k);
    status = Asking<S>(lists.search()).run(n_threads);
    if (status != Status::ok) return status;
    return threads::parallel_for(queries.set().blocks, n_threads, [&](index_t block, int) {
        groups_table(queries.set()).finish(lists.search(), block, position, squared_distance);
    });
}

template <class S>
bool cross_screen_bounds(const KnnRows<S>& base, const KnnRows<S>& queries, double* lower, double* upper) {
    Frame frame;
    if (frame_of(base, queries, false, 1, frame) != Status::ok || !frame.valid) return false;
    Grouped<S> rows, asked;
    if (rows.group(base, frame, wanted_blocks, 1) != Status::ok) return false;
    if (asked.group(queries, frame, wanted_blocks, 1) != Status::ok) return false;
    if (rows.bound(1) != Status::ok || asked.bound(1) != Status::ok) return false;
    const GroupedLists<S> lists(asked, rows, nullptr, 1);
    const double unit = 2 / (frame.scale * frame.scale);
    const Buffer<float> half(group_rows * group_rows);
    const auto pair = [&](index_t i, index_t j, float s) {
        const index_t at = asked.set().label[i] * base.rows + rows.set().label[j];
        const double slack = static_cast<double>(asked.set().packed.slack[i]) +
                             static_cast<double>(rows.set().packed.slack[j]);
        lower[at] = static_cast<double>(s) * unit;
        upper[at] = (static_cast<double>(s) + slack) * unit;
    };
    for (index_t a = 0; a < asked.set().groups; ++a)
        for (index_t b = 0; b < rows.set().groups; ++b) {
            groups_table(rows.set()).screen(lists.search(), a, b, half.data());
            for (index_t i = a * group_rows; i < std::min(queries.rows, (a + 1) * group_rows); ++i)
                for (index_t j = b * group_rows; j < std::min(base.rows, (b + 1) * group_rows); ++j)
                    pair(i, j, half.data()[i % group_rows * group_rows + j % group_rows]);
        }
    return true;
}

template bool cross_screen_bounds<float>(const KnnRows<float>&, const KnnRows<float>&, double*, double*);
template bool cross_screen_bounds<double>(const KnnRows<double>&, const KnnRows<double>&, double*, double*);
template Status cross<float>(const KnnProblem<float>&, const Frame&, int, index_t*, double*);
template Status cross<double>(const KnnProblem<double>&, const Frame&, int, index_t*, double*);

}  // namespace mlqa::pairwise
