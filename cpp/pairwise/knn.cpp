#include "pairwise/knn.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "core/arena.hpp"
#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "pairwise/cross.hpp"
#include "pairwise/groups.kernel.hpp"
#include "pairwise/join.hpp"
#include "pairwise/packed.hpp"
#include "pairwise/tiles.kernel.hpp"
#include "pairwise/tree.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t most_queries = 96;       ///< queries of a block; a multiple of every block_rows
constexpr index_t least_queries = 12;      ///< the same
constexpr double segment_work = 1e7;       ///< multiply-adds between two polls
constexpr index_t most_columns = 512;      ///< rows of the base between two looks at how far to go
constexpr double parallel_work = 1e6;      ///< multiply-adds from which on threads pay
constexpr index_t screened_pairs = 2048;   ///< fewer pairs do not pay for packing
constexpr index_t grouped_base = 256;      ///< fewer rows do not pay for an order
constexpr double grouped_queries = 32768;  ///< times features: the same

const KnnTable<float>& table(float) {
    return knn_kernels().f32;
}
const KnnTable<double>& table(double) {
    return knn_kernels().f64;
}

/// What all blocks of queries share.
template <class S>
struct Plan {
    KnnProblem<S> problem;
    index_t* position;
    double* distance;  ///< nullptr: not wanted
    const Frame* frame = nullptr;
    const Packed* packed = nullptr;  ///< nullptr: every pair is evaluated
};

/// The search of all blocks of queries.
template <class S>
class Search {
public:
    explicit Search(const Plan<S>& plan) : plan_(plan) {
        const index_t m = plan.problem.queries.rows;
        block_ = std::clamp(rounded_up(m / 16, least_queries), least_queries, most_queries);
        if (plan.problem.k > 1024) block_ = least_queries;
        const double row_work =
            static_cast<double>(block_) * static_cast<double>(std::max<index_t>(plan.problem.base.d, 1));
        const double columns = std::clamp(segment_work / row_work, 1.0, static_cast<double>(most_columns));
        segment_ =
            rounded_up(static_cast<index_t>(columns), plan.packed == nullptr ? 1 : plan.packed->out.width);
    }

    Status run(int n_threads) {
        const index_t chunks = rounded_up(plan_.problem.queries.rows, block_) / block_;
        return threads::parallel_for(chunks, n_threads,
                                     [&](index_t chunk, int) { return search_block(chunk * block_); });
    }

private:
    Status search_block(index_t first) {
        const KnnProblem<S>& problem = plan_.problem;
        const index_t last = std::min(problem.queries.rows, first + block_), rows = last - first;
        const Buffer<index_t> found(static_cast<std::size_t>(rows), index_t{0});
        const Buffer<double> distance = buffer<double>(rows * problem.k);
        const Buffer<index_t> position = buffer<index_t>(rows * problem.k);
        KnnBlock<S> block{};
        block.base = problem.base;
        block.queries = part(problem.queries, first, last);
        block.self = problem.self == nullptr ? nullptr : problem.self + first;
        block.k = problem.k;
        block.found = found.data();
        block.position = position.data();
        block.distance = distance.data();
        const Status status = plan_.packed == nullptr ? evaluate_all(block) : screen(block);
        if (status == Status::ok) write(block, first);
        return status;
    }

    /// The results of a block to the places of its queries.
    void write(const KnnBlock<S>& block, index_t first) const {
        const index_t k = block.k;
        for (index_t i = 0; i < block.queries.rows; ++i) {
            const index_t query = first + i;
            std::copy_n(block.position + i * k, k, plan_.position + query * k);
            if (plan_.distance != nullptr) std::copy_n(block.distance + i * k, k, plan_.distance + query * k);
        }
    }

    Status evaluate_all(const KnnBlock<S>& block) {
        for (index_t from = 0; from < block.base.rows; from += segment_) {
            table(S{}).direct(block, from, std::min(block.base.rows, from + segment_));
            if (stopped()) return Status::cancelled;
        }
        return Status::ok;
    }

    Status screen(KnnBlock<S>& block) {
        const int width = tiles_kernels().f32.block_rows;
        const index_t rows = block.queries.rows, padded = rounded_up(rows, width);
        const Packed queries(rows, block.base.d, width, plan_.frame->centre.data(), plan_.frame->scale);
        table(S{}).pack(block.queries, 0, padded, queries.out);
        const Buffer<float> limit(static_cast<std::size_t>(padded), -std::numeric_limits<float>::infinity());
        std::fill(limit.begin(), limit.begin() + rows, 0x1p126f);
        const Buffer<index_t> count(static_cast<std::size_t>(rows), index_t{0});
        block.capacity =
            std::max<index_t>(64, std::min(4 * block.k, block.base.rows)) + plan_.packed->out.width;
        const Buffer<float> value = buffer<float>(rows * block.capacity);
        const Buffer<index_t> candidate = buffer<index_t>(rows * block.capacity);
        const Buffer<double> heap = buffer<double>(block.k);
        block.packed_queries = queries.out;
        block.packed = plan_.packed->out;
        block.half_scale = plan_.frame->scale * plan_.frame->scale / 2;
        block.limit = limit.data();
        block.count = count.data();
        block.candidate_value = value.data();
        block.candidate = candidate.data();
        block.heap = heap.data();
        const index_t n = block.base.rows;
        for (index_t from = 0, step = 1; from < n; from += segment_, ++step) {
            table(S{}).screen(block, from, std::min(n, from + segment_));
            if ((step & (step - 1)) == 0) table(S{}).tighten(block);
            if (stopped()) return Status::cancelled;
        }
        table(S{}).finish(block);
        return Status::ok;
    }

    bool stopped() {
        if (cancel::poll()) stop_.store(true, std::memory_order_relaxed);
        return stop_.load(std::memory_order_relaxed);
    }

    const Plan<S>& plan_;
    index_t block_ = 0, segment_ = 0;
    std::atomic<bool> stop_{false};
};

/// Whether the queries are all rows of the base, in order.
template <class S>
bool joins(const KnnProblem<S>& problem) {
    const KnnRows<S>&base = problem.base, &queries = problem.queries;
    if (problem.self == nullptr || base.rows != queries.rows || base.x != queries.x) return false;
    for (index_t i = 0; i < queries.rows; ++i)
        if (problem.self[i] != i) return false;
    return true;
}

/// Whether lists of candidates can be kept for all queries, and an order of the base pays.
template <class S>
bool grouped(const KnnProblem<S>& problem) {
    const index_t n = problem.base.rows;
    return problem.k <= grouped_neighbors && n >= grouped_base &&
           n <= std::numeric_limits<std::int32_t>::max();
}

/// Whether it pays for these queries.
template <class S>
bool many(const KnnRows<S>& queries) {
    return static_cast<double>(queries.rows) * static_cast<double>(queries.d) >= grouped_queries;
}

}  // namespace

template <class S>
Status knn(const KnnProblem<S>& problem, int n_threads, index_t* position, double* squared_distance) {
    const KnnRows<S>& base = problem.base;
    const double pairs = static_cast<double>(base.rows) * static_cast<double>(problem.queries.rows);
    if (pairs * static_cast<double>(base.d) < parallel_work) n_threads = 1;
    if (suits_tree(problem)) {
        bool found = false;
        const Status status = search_tree(problem, n_threads, position, squared_distance, found);
        if (status != Status::ok || found) return status;
    }
    Frame frame;
    if (pairs >= screened_pairs) {
        const Status status = frame_of(base, problem.queries, problem.self != nullptr, n_threads, frame);
        if (status != Status::ok) return status;
    }
    if (!frame.valid) return Search<S>(Plan<S>{problem, position, squared_distance}).run(n_threads);
    if (grouped(problem) && joins(problem))
        return join(base, problem.k, frame, n_threads, position, squared_distance);
    if (grouped(problem) && many(problem.queries))
        return cross(problem, frame, n_threads, position, squared_distance);
    const Packed packed(base.rows, base.d, tiles_kernels().f32.panel_width, frame.centre.data(), frame.scale);
    const Status status = pack_rows_of(base, packed.out.width, packed, n_threads);
    if (status != Status::ok) return status;
    return Search<S>(Plan<S>{problem, position, squared_distance, &frame, &packed}).run(n_threads);
}

template <class S>
bool knn_screen_bounds(const KnnRows<S>& base, const KnnRows<S>& queries, double* lower, double* upper) {
    Frame frame;
    if (frame_of(base, queries, false, 1, frame) != Status::ok || !frame.valid) return false;
    const TileTable<float>& tiles = tiles_kernels().f32;
    const index_t m = queries.rows, n = base.rows, d = base.d;
    const Packed b(n, d, tiles.panel_width, frame.centre.data(), frame.scale);
    const Packed q(m, d, tiles.block_rows, frame.centre.data(), frame.scale);
    table(S{}).pack(base, 0, rounded_up(n, tiles.panel_width), b.out);
    table(S{}).pack(queries, 0, rounded_up(m, tiles.block_rows), q.out);
    const Buffer<float> dot = buffer<float>(m * n);
    tiles.product(q.panels.data(), m, b.panels.data(), 0, n, d, dot.data(), n);
    const double unit = 2 / (frame.scale * frame.scale);
    for (index_t i = 0; i < m; ++i) {
        for (index_t j = 0; j < n; ++j) {
            const float s = (q.low.data()[i] + b.low.data()[j]) - dot.data()[i * n + j];
            const double slack =
                static_cast<double>(q.slack.data()[i]) + static_cast<double>(b.slack.data()[j]);
            lower[i * n + j] = static_cast<double>(s) * unit;
            upper[i * n + j] = (static_cast<double>(s) + slack) * unit;
        }
    }
    return true;
}

template Status knn<float>(const KnnProblem<float>&, int, index_t*, double*);
template Status knn<double>(const KnnProblem<double>&, int, index_t*, double*);
template bool knn_screen_bounds<float>(const KnnRows<float>&, const KnnRows<float>&, double*, double*);
template bool knn_screen_bounds<double>(const KnnRows<double>&, const KnnRows<double>&, double*, double*);

}  // namespace mlqa::pairwise
