#include "pairwise/knn_sparse.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/arena.hpp"
#include "core/cancel.hpp"
#include "core/sparse.hpp"
#include "core/threads.hpp"
#include "pairwise/packed.hpp"
#include "pairwise/packed_sparse.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;
using Entry = std::pair<double, index_t>;  ///< a distance, exact or screened; a position

constexpr index_t chunk_entries = 1 << 24;     ///< queries times entries of a block, between two polls
constexpr index_t candidate_places = 1 << 23;  ///< of all queries that are under way
constexpr index_t direct_rows = 1024;          ///< rows evaluated between two polls
constexpr double parallel_pairs = 2e5;

template <class T, class I>
double squared_distance(const SparseView<T, I>& x, index_t i, index_t j) {
    double s[8] = {};
    merge_rows(x, i, j, [&](I column, T a, T b) {
        const double difference = static_cast<double>(a) - static_cast<double>(b);
        s[column % 8] = s[column % 8] + difference * difference;
    });
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

float not_below(double x) {
    const auto f = static_cast<float>(x);
    return static_cast<double>(f) >= x ? f : std::nextafter(f, std::numeric_limits<float>::infinity());
}

/// What is looked for, and where it goes.
template <class T, class I>
struct Task {
    const SparseView<T, I>& x;
    const VectorView<const index_t>* queries;
    index_t k;
    index_t* position;
    double* distance;

    index_t count() const { return queries == nullptr ? x.outer : queries->size; }
    void write(index_t query, const Entry* nearest) const {
        for (index_t t = 0; t < k; ++t) {
            position[query * k + t] = nearest[t].second;
            if (distance != nullptr) distance[query * k + t] = nearest[t].first;
        }
    }
};

/// Tells all threads once one of them was told to stop.
class Stop {
public:
    bool operator()() {
        if (cancel::poll()) stop_.store(true, std::memory_order_relaxed);
        return stop_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<bool> stop_{false};
};

/// Every pair by its distance.
template <class T, class I>
Status search_directly(const Task<T, I>& task, int n_threads) {
    Stop stopped;
    return threads::parallel_for(task.count(), n_threads, [&](index_t query, int) {
        const index_t i = task.queries == nullptr ? query : (*task.queries)[query], n = task.x.outer;
        const Buffer<Entry> all(static_cast<std::size_t>(n));
        for (index_t j = 0; j < n; ++j) {
            if (j % direct_rows == 0 && stopped()) return Status::cancelled;
            all.data()[j] = {
                j == i ? std::numeric_limits<double>::infinity() : squared_distance(task.x, i, j),
                j == i ? n : j};
        }
        std::partial_sort(all.begin(), all.begin() + task.k, all.end());
        task.write(query, all.data());
        return Status::ok;
    });
}

/// The search by the screen.
template <class T, class I>
class Search {
public:
    Search(const Task<T, I>& task, const PackedSparse& packed, int n_threads)
        : task_(task), packed_(packed), n_threads_(n_threads), block_(packed) {
        capacity_ = std::min(2 * task.k + 8, task.x.outer);
        const index_t n = task.x.outer;
        for (int worker = 0; worker < n_threads; ++worker) {
            room_.push_back({buffer<float>(sparse_queries * block_.stride()), buffer<Entry>(capacity_),
                             buffer<double>(capacity_), buffer<std::int32_t>(capacity_)});
        }
        if (task.queries != nullptr) {
            rank_ = buffer<index_t>(n);
            for (index_t r = 0; r < n; ++r) rank_.data()[packed.label.data()[r]] = r;
        }
    }

    Status run() {
        const index_t m = task_.count();
        const index_t step = std::max(sparse_queries, candidate_places / capacity_);
        const index_t places = std::min(m, step);
        value_ = buffer<float>(places * capacity_);
        row_ = buffer<std::int32_t>(places * capacity_);
        candidates_ = buffer<SparseCandidates>(places);
        for (index_t first = 0; first < m; first += step) {
            const Status status = search(first, std::min(m, first + step));
            if (status != Status::ok) return status;
        }
        return Status::ok;
    }

private:
    /// What one thread works with.
    struct Room {
        Buffer<float> dot;  ///< sparse_queries rows of sums
        Buffer<Entry> entries;
        Buffer<double> upper;
        Buffer<std::int32_t> row;
    };

    /// The packed row of a query.
    index_t row_of(index_t query) const {
        return task_.queries == nullptr ? query : rank_.data()[(*task_.queries)[query]];
    }

    /// Queries [first, last), which have a place for candidates each.
    Status search(index_t first, index_t last) {
        const index_t queries = last - first;
        for (index_t q = 0; q < queries; ++q)
            candidates_.data()[q] = {value_.data() + q * capacity_,
                                     row_.data() + q * capacity_,
                                     0,
                                     static_cast<std::int32_t>(capacity_),
                                     0x1p126f,
                                     row_of(first + q)};
        Status status = Status::ok;
        for (index_t row = 0; row < task_.x.outer && status == Status::ok;) {
            status = block_.lay_out(row, n_threads_, row);
            if (status != Status::ok) break;
            const index_t chunk = std::clamp<index_t>(chunk_entries / std::max<index_t>(block_.entries(), 1),
                                                      1, sparse_queries);
            status = in_chunks(queries, chunk, [&](index_t from, index_t to, int worker) {
                return meet(from, to, room_[static_cast<std::size_t>(worker)]);
            });
        }
        if (status != Status::ok) return status;
        return in_chunks(queries, sparse_queries, [&](index_t from, index_t to, int worker) {
            for (index_t q = from; q < to; ++q) {
                if (stopped_()) return Status::cancelled;
                finish(first + q, candidates_.data()[q], room_[static_cast<std::size_t>(worker)]);
            }
            return Status::ok;
        });
    }

    template <class Body>
    Status in_chunks(index_t count, index_t step, Body&& body) {
        return threads::parallel_for((count + step - 1) / step, n_threads_, [&](index_t chunk, int worker) {
            return body(chunk * step, std::min(count, (chunk + 1) * step), worker);
        });
    }

    /// Whether norms alone rule out all rows of the block.
    bool out_of_reach(const SparseCandidates& query) const {
        const double* half = packed_.half.data();
        const SparseBlock& block = block_.block();
        const double norm = std::sqrt(2 * half[query.own]);
        const double gap = std::max(std::sqrt(2 * half[block.first]) - norm,
                                    norm - std::sqrt(2 * half[block.first + block.rows - 1]));
        if (gap <= 0) return false;
        // The norms are wrong by less than 2^-30 of the larger one, gap and half its square by as much more.
        const double least = gap - 0x1p-30 * (norm + gap);
        return least > 0 && 0.5 * least * least * (1 - 0x1p-30) > static_cast<double>(query.limit) +
                                                                      half[query.own] -
                                                                      packed_.bound.data()[query.own];
    }

    /// Queries [from, to) meet the block.
    Status meet(index_t from, index_t to, const Room& room) {
        const KnnSparseTable& kernels = knn_sparse_kernels();
        const SparsePacked rows = packed_.view();
        const SparseBlock& block = block_.block();
        index_t own[sparse_queries], which[sparse_queries], active = 0;
        for (index_t q = from; q < to; ++q) {
            if (out_of_reach(candidates_.data()[q])) continue;
            which[active] = q;
            own[active++] = candidates_.data()[q].own;
        }
        // Without panels one row of floats does, and stays in the first cache.
        const index_t stride = block.slots == 0 ? 0 : block_.stride();
        if (active > 0 && block.slots > 0)
            kernels.frequent(rows, own, active, block, room.dot.data(), stride);
        for (index_t a = 0; a < active; ++a) {
            if (stopped_()) return Status::cancelled;
            float* sums = room.dot.data() + a * stride;
            if (block.slots == 0) std::fill(sums, sums + rounded_up(block.rows, sparse_group), 0.0f);
            kernels.rare(rows, own[a], block, sums);
            SparseCandidates& query = candidates_.data()[which[a]];
            for (index_t j = 0; (j = kernels.screen(block, sums, j, query)) < block.rows;)
                make_room(query, room);
        }
        return Status::ok;
    }

    /// R = t_k + 2 B, t_k the k-th smallest upper bound; candidates above are dropped.
    void tighten(SparseCandidates& query, const Room& room) const {
        if (query.count < task_.k) return;
        double* upper = room.upper.data();
        for (std::int32_t c = 0; c < query.count; ++c)
            upper[c] =
                static_cast<double>(query.value[c]) + static_cast<double>(packed_.slack.data()[query.row[c]]);
        std::nth_element(upper, upper + task_.k - 1, upper + query.count);
        const float limit = not_below(upper[task_.k - 1] + 2 * packed_.bound.data()[query.own]);
        query.limit = std::min(query.limit, limit);
        std::int32_t left = 0;
        for (std::int32_t c = 0; c < query.count; ++c) {
            if (query.value[c] > query.limit) continue;
            query.value[left] = query.value[c];
            query.row[left++] = query.row[c];
        }
        query.count = left;
    }

    /// The candidates by the defined distance, nearest first; `second` is the place among the candidates.
    void evaluate(const SparseCandidates& query, Entry* entries) const {
        const index_t* label = packed_.label.data();
        for (std::int32_t c = 0; c < query.count; ++c)
            entries[c] = {squared_distance(task_.x, label[query.own], label[query.row[c]]), c};
        std::sort(entries, entries + query.count, [&](const Entry& a, const Entry& b) {
            if (a.first != b.first) return a.first < b.first;
            return label[query.row[a.second]] < label[query.row[b.second]];
        });
    }

    /// Where the screen cannot tell the candidates apart, the k nearest by the defined distance stay, each
    /// with what a screen without errors would have given.
    void make_room(SparseCandidates& query, const Room& room) const {
        tighten(query, room);
        if (query.count <= capacity_ - capacity_ / 4) return;
        Entry* nearest = room.entries.data();
        evaluate(query, nearest);
        const double unit = packed_.scale * packed_.scale / 2, half = packed_.half.data()[query.own];
        for (index_t t = 0; t < task_.k; ++t) {
            room.row.data()[t] = query.row[nearest[t].second];
            query.value[t] = -not_below(half - nearest[t].first * unit);
        }
        std::copy_n(room.row.data(), task_.k, query.row);
        query.count = static_cast<std::int32_t>(task_.k);
        const double furthest = nearest[task_.k - 1].first * unit * (1 + 0x1p-50);
        query.limit = std::min(query.limit, not_below(furthest - half + packed_.bound.data()[query.own]));
    }

    /// Whether screened values, in order, leave no doubt of the order of the first k distances.
    bool decided(const SparseCandidates& query, const Entry* by_value) const {
        const double doubt = 2 * packed_.bound.data()[query.own];
        const index_t last = std::min<index_t>(task_.k, query.count - 1);
        for (index_t t = 0; t < last; ++t) {
            const Entry &a = by_value[t], &b = by_value[t + 1];
            const auto slack = static_cast<double>(packed_.slack.data()[query.row[a.second]]);
            if (!(b.first - a.first > slack + doubt)) return false;
        }
        return true;
    }

    void finish(index_t query, SparseCandidates& candidates, const Room& room) const {
        tighten(candidates, room);
        Entry* nearest = room.entries.data();
        const index_t* label = packed_.label.data();
        for (std::int32_t c = 0; c < candidates.count; ++c)
            nearest[c] = {static_cast<double>(candidates.value[c]), c};
        std::sort(nearest, nearest + candidates.count);
        if (!decided(candidates, nearest)) {
            evaluate(candidates, nearest);
        } else if (task_.distance != nullptr) {
            for (index_t t = 0; t < task_.k; ++t)
                nearest[t].first = squared_distance(task_.x, label[candidates.own],
                                                    label[candidates.row[nearest[t].second]]);
        }
        for (index_t t = 0; t < task_.k; ++t) nearest[t].second = label[candidates.row[nearest[t].second]];
        task_.write(task_.queries == nullptr ? label[candidates.own] : query, nearest);
    }

    const Task<T, I>& task_;
    const PackedSparse& packed_;
    int n_threads_;
    SparseBlocks block_;
    index_t capacity_ = 0;
    std::vector<Room> room_;  ///< a thread
    Buffer<float> value_;
    Buffer<std::int32_t> row_;
    Buffer<SparseCandidates> candidates_;
    Buffer<index_t> rank_;  ///< packed row of each row given
    Stop stopped_;
};

}  // namespace

template <class T, class I>
Status knn_sparse(const SparseView<T, I>& x, const VectorView<const index_t>* queries, index_t k,
                  int n_threads, index_t* position, double* squared_distance) {
    const Task<T, I> task{x, queries, k, position, squared_distance};
    if (task.count() == 0) return Status::ok;
    if (static_cast<double>(x.outer) * static_cast<double>(task.count()) < parallel_pairs) n_threads = 1;
    PackedSparse packed;
    const Status status = pack_sparse(x, n_threads, packed);
    if (status != Status::ok) return status;
    if (!packed.valid) return search_directly(task, n_threads);
    return Search<T, I>(task, packed, n_threads).run();
}

template <class T, class I>
bool knn_sparse_screen_bounds(const SparseView<T, I>& x, double* lower, double* upper) {
    const KnnSparseTable& kernels = knn_sparse_kernels();
    PackedSparse packed;
    const index_t n = x.outer;
    if (n == 0 || pack_sparse(x, 1, packed) != Status::ok || !packed.valid) return false;
    SparseBlocks rows(packed);
    const Buffer<float> dot = buffer<float>(rows.stride());
    const double unit = 2 / (packed.scale * packed.scale);
    const index_t* label = packed.label.data();
    for (index_t first = 0, last = 0; first < n; first = last) {
        if (rows.lay_out(first, 1, last) != Status::ok) return false;
        for (index_t i = 0; i < n; ++i) {
            std::fill(dot.begin(), dot.end(), 0.0f);
            if (packed.slots > 0) kernels.frequent(packed.view(), &i, 1, rows.block(), dot.data(), 0);
            kernels.rare(packed.view(), i, rows.block(), dot.data());
            const double half = packed.half.data()[i], bound = packed.bound.data()[i];
            for (index_t j = first; j < last; ++j) {
                const float g = packed.low.data()[j] - dot.data()[j - first];
                const auto slack = static_cast<double>(packed.slack.data()[j]);
                const index_t at = label[i] * n + label[j];
                lower[at] = (static_cast<double>(g) + half - bound) * unit;
                upper[at] = (static_cast<double>(g) + slack + half + bound) * unit;
            }
        }
    }
    return true;
}

#define MLQA_KNN_SPARSE(T, I)                                                                            \
    template Status knn_sparse<T, I>(const SparseView<T, I>&, const VectorView<const index_t>*, index_t, \
                                     int, index_t*, double*);                                            \
    template bool knn_sparse_screen_bounds<T, I>(const SparseView<T, I>&, double*, double*);
MLQA_KNN_SPARSE(float, std::int32_t)
MLQA_KNN_SPARSE(float, std::int64_t)
MLQA_KNN_SPARSE(double, std::int32_t)
MLQA_KNN_SPARSE(double, std::int64_t)
#undef MLQA_KNN_SPARSE

}  // namespace mlqa::pairwise
