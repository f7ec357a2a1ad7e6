#include "pairwise/knn_sparse.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "core/arena.hpp"
#include "core/cancel.hpp"
#include "core/sparse.hpp"
#include "core/threads.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;
using Entry = std::pair<double, index_t>;  ///< squared distance, position

constexpr index_t chunk_queries = 32;

template <class T, class I>
double squared_distance(const SparseView<T, I>& x, index_t i, index_t j) {
    double s[8] = {};
    merge_rows(x, i, j, [&](I column, T a, T b) {
        const double difference = static_cast<double>(a) - static_cast<double>(b);
        s[column % 8] = s[column % 8] + difference * difference;
    });
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/// The rows by columns.
template <class T>
struct Columns {
    Buffer<index_t> offsets, rows;
    Buffer<T> values;
};

template <class T, class I>
Columns<T> columns_of(const SparseView<T, I>& x) {
    const auto entries = static_cast<std::size_t>(x.outer == 0 ? 0 : x.end(x.outer - 1));
    Columns<T> c{Buffer<index_t>(static_cast<std::size_t>(x.inner) + 1, 0), Buffer<index_t>(entries),
                 Buffer<T>(entries)};
    index_t* offsets = c.offsets.data();
    for (std::size_t p = 0; p < entries; ++p) ++offsets[x.indices[p] + 1];
    for (index_t j = 0; j < x.inner; ++j) offsets[j + 1] += offsets[j];
    Buffer<index_t> next(static_cast<std::size_t>(x.inner) + 1);
    std::copy(c.offsets.begin(), c.offsets.end(), next.begin());
    for (index_t i = 0; i < x.outer; ++i) {
        for (index_t p = x.begin(i); p < x.end(i); ++p) {
            const index_t at = next.data()[x.indices[p]]++;
            c.rows.data()[at] = i;
            c.values.data()[at] = x.values[p];
        }
    }
    return c;
}

/// What all queries share.
template <class T, class I>
struct Search {
    const SparseView<T, I>& x;
    Columns<T> columns;
    Buffer<double> square;  ///< squared norm of each row
    double share;           ///< c of the header
    index_t k;

    Search(const SparseView<T, I>& rows, index_t neighbours)
        : x(rows), columns(columns_of(rows)), square(static_cast<std::size_t>(rows.outer)), k(neighbours) {
        index_t most = 0;
        for (index_t i = 0; i < x.outer; ++i) {
            double sum = 0;
            for (index_t p = x.begin(i); p < x.end(i); ++p)
                sum += static_cast<double>(x.values[p]) * static_cast<double>(x.values[p]);
            square.data()[i] = sum;
            most = std::max<index_t>(most, x.end(i) - x.begin(i));
        }
        share = static_cast<double>(8 * most + 32) * 0x1p-53;
    }

    /// dot[j] = x_query . x_j for all rows.
    void products(index_t query, double* dot) const {
        std::fill(dot, dot + x.outer, 0.0);
        for (index_t p = x.begin(query); p < x.end(query); ++p) {
            const auto value = static_cast<double>(x.values[p]);
            const index_t* offsets = columns.offsets.data() + x.indices[p];
            for (index_t q = offsets[0]; q < offsets[1]; ++q)
                dot[columns.rows.data()[q]] += value * static_cast<double>(columns.values.data()[q]);
        }
    }

    void nearest(index_t query, const double* dot, Entry* kept) const {
        index_t found = 0;
        for (index_t j = 0; j < x.outer; ++j) {
            if (j == query) continue;
            const double squares = square.data()[query] + square.data()[j];
            const double least = squares - 2 * dot[j] - share * squares - 0x1p-1000;
            if (found == k && least > kept[k - 1].first) continue;
            const Entry entry{squared_distance(x, query, j), j};
            if (found == k && !(entry < kept[k - 1])) continue;
            if (found < k) ++found;
            index_t at = found - 1;
            for (; at > 0 && entry < kept[at - 1]; --at) kept[at] = kept[at - 1];
            kept[at] = entry;
        }
    }
};

}  // namespace

template <class T, class I>
Status knn_sparse(const SparseView<T, I>& x, const VectorView<const index_t>& queries, index_t k,
                  int n_threads, index_t* position) {
    const Search<T, I> search(x, k);
    std::atomic<bool> stop{false};
    const index_t chunks = (queries.size + chunk_queries - 1) / chunk_queries;
    return threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        const Buffer<Entry> kept(static_cast<std::size_t>(k));
        const Buffer<double> dot(static_cast<std::size_t>(x.outer));
        const index_t last = std::min(queries.size, (chunk + 1) * chunk_queries);
        for (index_t i = chunk * chunk_queries; i < last; ++i) {
            if (cancel::poll()) stop.store(true, std::memory_order_relaxed);
            if (stop.load(std::memory_order_relaxed)) return Status::cancelled;
            search.products(queries[i], dot.data());
            search.nearest(queries[i], dot.data(), kept.data());
            for (index_t t = 0; t < k; ++t) position[i * k + t] = kept.data()[t].second;
        }
        return Status::ok;
    });
}

#define MLQA_KNN_SPARSE(T, I)                                                                            \
    template Status knn_sparse<T, I>(const SparseView<T, I>&, const VectorView<const index_t>&, index_t, \
                                     int, index_t*);
MLQA_KNN_SPARSE(float, std::int32_t)
MLQA_KNN_SPARSE(float, std::int64_t)
MLQA_KNN_SPARSE(double, std::int32_t)
MLQA_KNN_SPARSE(double, std::int64_t)
#undef MLQA_KNN_SPARSE

}  // namespace mlqa::pairwise
