#include "pairwise/knn.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "core/arena.hpp"
#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "pairwise/tiles.kernel.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t centre_rows = 256;   ///< rows whose mean is the centre
constexpr index_t pack_rows = 1024;    ///< rows packed by one chunk; a multiple of every panel's width
constexpr index_t most_queries = 96;   ///< queries of a block; a multiple of every block_rows
constexpr index_t least_queries = 12;  ///< the same
constexpr double segment_work = 4e7;   ///< multiply-adds between two polls
constexpr double direct_work = 1e7;    ///< the same where every pair is evaluated
constexpr double parallel_work = 1e6;  ///< multiply-adds from which on threads pay
constexpr index_t screened_features = 1 << 20;
constexpr double largest_scale = 0x1p400;
constexpr index_t screened_pairs = 2048;  ///< fewer pairs do not pay for packing

template <class T>
Buffer<T> buffer(index_t size) {
    return Buffer<T>(static_cast<std::size_t>(std::max<index_t>(size, 1)));
}

index_t rounded_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

const KnnTable<float>& table(float) {
    return knn_kernels().f32;
}
const KnnTable<double>& table(double) {
    return knn_kernels().f64;
}

template <class S>
KnnRows<S> part(const KnnRows<S>& rows, index_t first, index_t last) {
    KnnRows<S> p = rows;
    p.rows = last - first;
    if (p.index != nullptr)
        p.index += first;
    else
        p.x += first * p.row_stride;
    return p;
}

/// Mean of up to centre_rows rows, spread evenly.
template <class S>
Buffer<double> centre_of(const KnnRows<S>& rows) {
    Buffer<double> centre(static_cast<std::size_t>(std::max<index_t>(rows.d, 1)), 0.0);
    const index_t sampled = std::min(rows.rows, centre_rows);
    for (index_t i = 0; i < sampled; ++i) {
        const S* x = rows.row(i * rows.rows / sampled);
        for (index_t j = 0; j < rows.d; ++j) centre.data()[j] += static_cast<double>(x[j]);
    }
    for (double& c : centre) c /= static_cast<double>(sampled);
    return centre;
}

/// max |x - centre| over all rows; NaN where there is one.
template <class S>
Status extent_of(const KnnRows<S>& rows, const double* centre, int n_threads, double& extent) {
    const index_t chunks = rounded_up(rows.rows, pack_rows) / pack_rows;
    const Buffer<double> parts = buffer<double>(chunks);
    const Status status = threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        const index_t first = chunk * pack_rows, last = std::min(rows.rows, first + pack_rows);
        parts.data()[chunk] = table(S{}).extent(part(rows, first, last), centre);
    });
    if (status != Status::ok) return status;
    for (index_t c = 0; c < chunks; ++c)
        if (!(parts.data()[c] <= extent)) extent = std::isnan(extent) ? extent : parts.data()[c];
    return Status::ok;
}

/// A set of rows, packed.
struct Packed {
    Buffer<float> panels, low, slack;
    Buffer<double> half, bound;
    KnnPacked out{};

    Packed(index_t rows, index_t d, int width, const double* centre, double scale, bool queries) {
        const index_t padded = rounded_up(rows, width);
        panels = buffer<float>(padded * d);
        low = buffer<float>(padded);
        slack = buffer<float>(padded);
        if (queries) {
            half = buffer<double>(padded);
            bound = buffer<double>(padded);
        }
        out = {centre, scale, width, panels.data(), low.data(), slack.data(), half.data(), bound.data()};
    }
};

/// Centre and scale of a problem; valid is false where the data is outside the screen's range. `within`: the
/// queries are rows of the base.
struct Frame {
    Buffer<double> centre;
    double scale = 1;
    bool valid = false;
};

template <class S>
Status frame_of(const KnnRows<S>& base, const KnnRows<S>& queries, bool within, int n_threads, Frame& frame) {
    if (base.d > screened_features || base.d == 0) return Status::ok;
    frame.centre = centre_of(base);
    double extent = 0;
    Status status = extent_of(base, frame.centre.data(), n_threads, extent);
    if (status == Status::ok && !within) status = extent_of(queries, frame.centre.data(), n_threads, extent);
    if (status != Status::ok) return status;
    if (!(extent >= 1 / largest_scale && extent <= largest_scale)) return Status::ok;
    int exponent = 0;
    std::frexp(extent, &exponent);
    frame.scale = std::ldexp(1.0, -exponent);
    frame.valid = true;
    return Status::ok;
}

template <class S>
Status pack_base(const KnnRows<S>& base, const Packed& packed, int n_threads) {
    const index_t padded = rounded_up(base.rows, packed.out.width);
    const index_t chunks = rounded_up(padded, pack_rows) / pack_rows;
    return threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        const index_t first = chunk * pack_rows;
        table(S{}).pack(base, first, std::min(padded, first + pack_rows), packed.out);
    });
}

/// The search of all blocks of queries.
template <class S>
class Search {
public:
    Search(const KnnProblem<S>& problem, const Packed* packed, const Frame& frame, index_t* position,
           double* distance)
        : problem_(problem), packed_(packed), frame_(frame), position_(position), distance_(distance) {
        const index_t m = problem.queries.rows;
        block_ = std::clamp(rounded_up(m / 16, least_queries), least_queries, most_queries);
        if (problem.k > 1024) block_ = least_queries;
        const double row_work =
            static_cast<double>(block_) * static_cast<double>(std::max<index_t>(problem.base.d, 1));
        const double work = packed == nullptr ? direct_work : segment_work;
        const double columns = std::clamp(work / row_work, 1.0, 1e15);
        segment_ = rounded_up(static_cast<index_t>(columns), packed == nullptr ? 1 : packed->out.width);
    }

    Status run(int n_threads) {
        const index_t chunks = rounded_up(problem_.queries.rows, block_) / block_;
        return threads::parallel_for(chunks, n_threads,
                                     [&](index_t chunk, int) { return search_block(chunk * block_); });
    }

private:
    Status search_block(index_t first) {
        const index_t last = std::min(problem_.queries.rows, first + block_), rows = last - first;
        const index_t k = problem_.k;
        Buffer<index_t> found(static_cast<std::size_t>(rows), index_t{0});
        Buffer<double> scratch;
        if (distance_ == nullptr) scratch = buffer<double>(rows * k);
        KnnBlock<S> block{};
        block.base = problem_.base;
        block.queries = part(problem_.queries, first, last);
        block.self = problem_.self == nullptr ? nullptr : problem_.self + first;
        block.k = k;
        block.found = found.data();
        block.position = position_ + first * k;
        block.distance = distance_ == nullptr ? scratch.data() : distance_ + first * k;
        return packed_ == nullptr ? evaluate_all(block) : screen(block);
    }

    Status evaluate_all(const KnnBlock<S>& block) {
        return by_segments([&](index_t from, index_t to) { table(S{}).direct(block, from, to); });
    }

    Status screen(KnnBlock<S>& block) {
        const int width = tiles_kernels().f32.block_rows;
        const index_t rows = block.queries.rows, padded = rounded_up(rows, width);
        const Packed queries(rows, block.base.d, width, frame_.centre.data(), frame_.scale, true);
        table(S{}).pack(block.queries, 0, padded, queries.out);
        const Buffer<float> limit(static_cast<std::size_t>(padded), -std::numeric_limits<float>::infinity());
        std::fill(limit.begin(), limit.begin() + rows, 0x1p126f);
        const Buffer<index_t> count(static_cast<std::size_t>(rows), index_t{0});
        block.capacity = std::max<index_t>(64, std::min(4 * block.k, block.base.rows)) + packed_->out.width;
        const Buffer<float> value = buffer<float>(rows * block.capacity);
        const Buffer<index_t> candidate = buffer<index_t>(rows * block.capacity);
        const Buffer<double> heap = buffer<double>(block.k);
        block.packed_queries = queries.panels.data();
        block.half = queries.half.data();
        block.bound = queries.bound.data();
        block.panels = packed_->panels.data();
        block.low = packed_->low.data();
        block.slack = packed_->slack.data();
        block.half_scale = frame_.scale * frame_.scale / 2;
        block.limit = limit.data();
        block.count = count.data();
        block.candidate_value = value.data();
        block.candidate = candidate.data();
        block.heap = heap.data();
        const Status status =
            by_segments([&](index_t from, index_t to) { table(S{}).screen(block, from, to); });
        if (status == Status::ok) table(S{}).finish(block);
        return status;
    }

    template <class F>
    Status by_segments(F&& body) {
        for (index_t from = 0; from < problem_.base.rows; from += segment_) {
            body(from, std::min(problem_.base.rows, from + segment_));
            if (cancel::poll()) stop_.store(true, std::memory_order_relaxed);
            if (stop_.load(std::memory_order_relaxed)) return Status::cancelled;
        }
        return Status::ok;
    }

    const KnnProblem<S>& problem_;
    const Packed* packed_;
    const Frame& frame_;
    index_t* position_;
    double* distance_;
    index_t block_ = 0, segment_ = 0;
    std::atomic<bool> stop_{false};
};

}  // namespace

template <class S>
Status knn(const KnnProblem<S>& problem, int n_threads, index_t* position, double* squared_distance) {
    const KnnRows<S>& base = problem.base;
    const double pairs = static_cast<double>(base.rows) * static_cast<double>(problem.queries.rows);
    if (pairs * static_cast<double>(base.d) < parallel_work) n_threads = 1;
    Frame frame;
    if (pairs >= screened_pairs) {
        const Status status = frame_of(base, problem.queries, problem.self != nullptr, n_threads, frame);
        if (status != Status::ok) return status;
    }
    if (!frame.valid) return Search<S>(problem, nullptr, frame, position, squared_distance).run(n_threads);
    const Packed packed(base.rows, base.d, tiles_kernels().f32.panel_width, frame.centre.data(), frame.scale,
                        false);
    const Status status = pack_base(base, packed, n_threads);
    if (status != Status::ok) return status;
    return Search<S>(problem, &packed, frame, position, squared_distance).run(n_threads);
}

template <class S>
bool knn_screen_bounds(const KnnRows<S>& base, const KnnRows<S>& queries, double* lower, double* upper) {
    Frame frame;
    if (frame_of(base, queries, false, 1, frame) != Status::ok || !frame.valid) return false;
    const TileTable<float>& tiles = tiles_kernels().f32;
    const index_t m = queries.rows, n = base.rows, d = base.d;
    const Packed b(n, d, tiles.panel_width, frame.centre.data(), frame.scale, false);
    const Packed q(m, d, tiles.block_rows, frame.centre.data(), frame.scale, true);
    table(S{}).pack(base, 0, rounded_up(n, tiles.panel_width), b.out);
    table(S{}).pack(queries, 0, rounded_up(m, tiles.block_rows), q.out);
    const Buffer<float> dot = buffer<float>(m * n);
    tiles.product(q.panels.data(), m, b.panels.data(), 0, n, d, dot.data(), n);
    const double unit = 2 / (frame.scale * frame.scale);
    for (index_t i = 0; i < m; ++i) {
        const double half = q.half.data()[i], bound = q.bound.data()[i];
        for (index_t j = 0; j < n; ++j) {
            const float g = b.low.data()[j] - dot.data()[i * n + j];
            lower[i * n + j] = (static_cast<double>(g) + half - bound) * unit;
            upper[i * n + j] =
                (static_cast<double>(g) + static_cast<double>(b.slack.data()[j]) + half + bound) * unit;
        }
    }
    return true;
}

template Status knn<float>(const KnnProblem<float>&, int, index_t*, double*);
template Status knn<double>(const KnnProblem<double>&, int, index_t*, double*);
template bool knn_screen_bounds<float>(const KnnRows<float>&, const KnnRows<float>&, double*, double*);
template bool knn_screen_bounds<double>(const KnnRows<double>&, const KnnRows<double>&, double*, double*);

}  // namespace mlqa::pairwise
