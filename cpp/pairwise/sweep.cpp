#include "pairwise/sweep.hpp"

#include <algorithm>
#include <utility>

#include "core/threads.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;
using Entry = std::pair<double, index_t>;

constexpr index_t sampled_rows = 256;
constexpr index_t run_length = 1 << 15;  ///< sorted by one chunk

/// Sorts runs of run_length each, then merges runs of twice the length until one is left.
Status sort(Buffer<Entry>& entries, index_t n, int n_threads) {
    const index_t runs = (n + run_length - 1) / run_length;
    Entry* from = entries.data();
    Status status = threads::parallel_for(runs, n_threads, [&](index_t run, int) {
        std::sort(from + run * run_length, from + std::min(n, (run + 1) * run_length));
    });
    if (runs == 1) return status;
    Buffer<Entry> merged(static_cast<std::size_t>(n));
    Entry* to = merged.data();
    for (index_t length = run_length; length < n && status == Status::ok; length *= 2) {
        const index_t pairs = (n + 2 * length - 1) / (2 * length);
        status = threads::parallel_for(pairs, n_threads, [&](index_t pair, int) {
            const index_t first = pair * 2 * length, middle = std::min(n, first + length);
            const index_t last = std::min(n, middle + length);
            std::merge(from + first, from + middle, from + middle, from + last, to + first);
        });
        std::swap(from, to);
    }
    if (from != entries.data()) std::swap(entries, merged);
    return status;
}

}  // namespace

template <class S>
index_t widest_feature(const KnnRows<S>& rows) {
    const index_t sampled = std::min(rows.rows, sampled_rows);
    const S* x = rows.row(0);
    Buffer<S> low(static_cast<std::size_t>(rows.d)), high(static_cast<std::size_t>(rows.d));
    std::copy(x, x + rows.d, low.begin());
    std::copy(x, x + rows.d, high.begin());
    for (index_t i = 1; i < sampled; ++i) {
        x = rows.row(i * rows.rows / sampled);
        for (index_t j = 0; j < rows.d; ++j) {
            low.data()[j] = std::min(low.data()[j], x[j]);
            high.data()[j] = std::max(high.data()[j], x[j]);
        }
    }
    const auto range = [&](index_t j) {
        return static_cast<double>(high.data()[j]) - static_cast<double>(low.data()[j]);
    };
    index_t widest = 0;
    for (index_t j = 1; j < rows.d; ++j)
        if (range(j) > range(widest)) widest = j;
    return widest;
}

template <class S>
Status sort_along(const KnnRows<S>& rows, index_t feature, int n_threads, Sweep& sweep) {
    const auto n = static_cast<std::size_t>(rows.rows);
    Buffer<Entry> entries(n);
    for (index_t i = 0; i < rows.rows; ++i)
        entries.data()[i] = {static_cast<double>(rows.row(i)[feature]), i};
    const Status status = sort(entries, rows.rows, n_threads);
    sweep.position = Buffer<index_t>(n);
    sweep.index = Buffer<index_t>(n);
    sweep.key = Buffer<double>(n);
    for (index_t i = 0; i < rows.rows; ++i) {
        const index_t position = entries.data()[i].second;
        sweep.key.data()[i] = entries.data()[i].first;
        sweep.position.data()[i] = position;
        sweep.index.data()[i] = rows.index == nullptr ? position : rows.index[position];
    }
    return status;
}

template index_t widest_feature<float>(const KnnRows<float>&);
template index_t widest_feature<double>(const KnnRows<double>&);
template Status sort_along<float>(const KnnRows<float>&, index_t, int, Sweep&);
template Status sort_along<double>(const KnnRows<double>&, index_t, int, Sweep&);

}  // namespace mlqa::pairwise
