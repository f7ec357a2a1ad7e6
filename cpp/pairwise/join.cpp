#include "pairwise/join.hpp"

#include <algorithm>
#include <limits>

#include "core/threads.hpp"
#include "pairwise/join.kernel.hpp"
#include "pairwise/order.hpp"
#include "pairwise/tiles.kernel.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t least_rows = 256;      ///< fewer do not pay for an order
constexpr index_t most_groups = 32;      ///< of a block
constexpr index_t wanted_blocks = 16;    ///< at least, where there are rows enough
constexpr double block_work = 2e8;       ///< multiply-adds of two blocks, at most
constexpr index_t box_lanes = 16;        ///< boxes are filled to a multiple
constexpr index_t spare_candidates = 8;  ///< places beyond k that a row has

const JoinTable<float>& table(float) {
    return join_kernels().f32;
}
const JoinTable<double>& table(double) {
    return join_kernels().f64;
}

/// Groups of a block: as many as keep all threads busy, and polls for cancellation frequent.
index_t groups_of_block(index_t groups, index_t d) {
    index_t n = std::clamp<index_t>(groups / wanted_blocks, 1, most_groups);
    while (n > 1 && static_cast<double>(n * join_group) * static_cast<double>(n * join_group) *
                            static_cast<double>(d) >
                        block_work)
        n /= 2;
    return n;
}

/// The state of all rows, from their order on.
template <class S>
class Join {
public:
    Join(const KnnRows<S>& rows, index_t k, const Frame& frame, Order order)
        : order_(std::move(order)),
          groups_(rounded_up(rows.rows, join_group) / join_group),
          packed_(groups_ * join_group, rows.d, tiles_kernels().f32.panel_width, frame.centre.data(),
                  frame.scale) {
        const index_t padded = groups_ * join_group;
        set_.rows = rows;
        set_.rows.index = order_.index.data();
        set_.label = order_.position.data();
        set_.half_scale = frame.scale * frame.scale / 2;
        set_.groups = groups_;
        set_.block_groups = groups_of_block(groups_, rows.d);
        blocks_ = (groups_ + set_.block_groups - 1) / set_.block_groups;
        set_.box_stride = 2 * rounded_up(rows.d, box_lanes);
        set_.k = k;
        set_.capacity = k + spare_candidates;
        box_ = buffer<float>((groups_ + blocks_) * set_.box_stride);
        reach_ = Buffer<float>(static_cast<std::size_t>(groups_ + blocks_), 0x1p126f);
        limit_ = Buffer<float>(static_cast<std::size_t>(padded), -std::numeric_limits<float>::infinity());
        std::fill(limit_.begin(), limit_.begin() + rows.rows, 0x1p126f);
        count_ = Buffer<std::int32_t>(static_cast<std::size_t>(padded), 0);
        candidate_ = buffer<RankedCandidate>(padded * set_.capacity);
        set_.panels = packed_.panels.data();
        set_.low = packed_.low.data();
        set_.slack = packed_.slack.data();
        set_.box = box_.data();
        set_.reach = reach_.data();
        set_.limit = limit_.data();
        set_.count = count_.data();
        set_.candidate = candidate_.data();
    }

    Status run(int n_threads, index_t* position, double* distance) {
        const JoinTable<S>& kernels = table(S{});
        Status status = pack_rows_of(set_.rows, join_group, packed_, n_threads);
        if (status != Status::ok) return status;
        status = threads::parallel_for(blocks_, n_threads, [&](index_t block, int) {
            kernels.boxes(set_, block);
            kernels.within(set_, block);
        });
        for (index_t round = 1; status == Status::ok && round < rounds(); ++round)
            status = threads::parallel_for(rounds() / 2, n_threads, [&](index_t pair, int) {
                const index_t a = first_of_pair(pair, round), b = a ^ round;
                if (b < blocks_) kernels.between(set_, a, b);
            });
        if (status != Status::ok) return status;
        return threads::parallel_for(
            blocks_, n_threads, [&](index_t block, int) { kernels.finish(set_, block, position, distance); });
    }

private:
    /// The power of two that is not below the number of blocks.
    index_t rounds() const {
        index_t n = 1;
        while (n < blocks_) n *= 2;
        return n;
    }

    /// The lower block of the pair in a round: the numbers whose highest bit of `round` is 0, in order.
    static index_t first_of_pair(index_t pair, index_t round) {
        index_t bit = 1;
        while (2 * bit <= round) bit *= 2;
        return pair / bit * 2 * bit + pair % bit;
    }

    Order order_;
    index_t groups_, blocks_ = 0;
    Packed packed_;
    JoinSet<S> set_{};
    Buffer<float> box_, reach_, limit_;
    Buffer<std::int32_t> count_;
    Buffer<RankedCandidate> candidate_;
};

}  // namespace

template <class S>
bool joins(const KnnProblem<S>& problem) {
    const KnnRows<S>&base = problem.base, &queries = problem.queries;
    if (problem.self == nullptr || base.rows != queries.rows || base.x != queries.x) return false;
    if (base.rows < least_rows || base.rows > std::numeric_limits<std::int32_t>::max()) return false;
    if (problem.k > join_neighbors) return false;
    for (index_t i = 0; i < queries.rows; ++i)
        if (problem.self[i] != i) return false;
    return true;
}

template <class S>
Status join(const KnnRows<S>& rows, index_t k, const Frame& frame, int n_threads, index_t* position,
            double* squared_distance) {
    Order order;
    const Status status = order_by_medians(rows, join_group, n_threads, order);
    if (status != Status::ok) return status;
    return Join<S>(rows, k, frame, std::move(order)).run(n_threads, position, squared_distance);
}

template bool joins<float>(const KnnProblem<float>&);
template bool joins<double>(const KnnProblem<double>&);
template Status join<float>(const KnnRows<float>&, index_t, const Frame&, int, index_t*, double*);
template Status join<double>(const KnnRows<double>&, index_t, const Frame&, int, index_t*, double*);

}  // namespace mlqa::pairwise
