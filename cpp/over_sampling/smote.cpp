#include "over_sampling/smote.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "core/sparse.hpp"
#include "core/threads.hpp"
#include "over_sampling/smote.kernel.hpp"

namespace mlqa::over_sampling {
namespace {

constexpr index_t chunk_elements = 1 << 17;
constexpr index_t most_segments = 4096;  ///< of a chunk that draws them
constexpr index_t sparse_chunk = 512;    ///< points of a chunk

const SmoteTable<float>& table(float) {
    return smote_kernels().f32;
}
const SmoteTable<double>& table(double) {
    return smote_kernels().f64;
}

/// Whether a copy is written past the caches: it would push out of them what it has not read yet. 3.7 ms
/// instead of 13 for 88 MB, on pages that were touched before.
bool past_caches(index_t rows, index_t d, std::size_t size) {
    constexpr index_t smallest = index_t{8} << 20;
    return rows * d >= smallest / static_cast<index_t>(size);
}

/// Runs body(first, last) over rows in chunks of about chunk_elements.
template <class F>
Status over_rows(index_t rows, index_t d, int n_threads, F&& body) {
    const index_t step = std::max<index_t>(1, chunk_elements / std::max<index_t>(d, 1));
    return threads::parallel_for((rows + step - 1) / step, n_threads, [&](index_t chunk, int) {
        const index_t first = chunk * step;
        body(first, std::min(rows, first + step));
    });
}

/// Calls body(i) for points [0, count).
template <class F>
Status over_points(index_t count, int n_threads, F&& body) {
    const index_t chunks = (count + sparse_chunk - 1) / sparse_chunk;
    return threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        const index_t last = std::min(count, (chunk + 1) * sparse_chunk);
        for (index_t i = chunk * sparse_chunk; i < last; ++i) body(i);
    });
}

template <class T>
T point(T a, T b, double fraction) {
    const T difference = b - a;
    if (std::isfinite(difference))
        return static_cast<T>(static_cast<double>(a) + fraction * static_cast<double>(difference));
    return static_cast<T>((1 - fraction) * static_cast<double>(a) + fraction * static_cast<double>(b));
}

}  // namespace

template <class T>
Status copy_rows(const MatrixView<const T>& x, int n_threads, T* out, bool& finite) {
    std::atomic<bool> all_finite{true};
    const bool past = past_caches(x.rows, x.cols, sizeof(T));
    const Status status = over_rows(x.rows, x.cols, n_threads, [&](index_t first, index_t last) {
        if (!table(T{}).copy(x.data, x.row_stride, x.col_stride, first, last, x.cols, past,
                             out + first * x.cols))
            all_finite = false;
    });
    finite = all_finite;
    return status;
}

template <class T>
Status interpolate(const T* rows, index_t d, const Segments& s, int n_threads, T* out) {
    return over_rows(s.count, d, n_threads, [&](index_t first, index_t last) {
        table(T{}).interpolate(rows, d, s.base + first, s.neighbor + first, s.fraction + first, last - first,
                               out + first * d);
    });
}

namespace {

/// What one thread draws at a time.
struct Drawn {
    explicit Drawn(index_t step)
        : cell(static_cast<std::size_t>(step)),
          base(static_cast<std::size_t>(step)),
          neighbor(static_cast<std::size_t>(step)),
          fraction(static_cast<std::size_t>(step)) {}

    arena::Buffer<std::uint32_t> cell;
    arena::Buffer<index_t> base, neighbor;
    arena::Buffer<double> fraction;

    void find_ends(const Neighborhoods& of_class, index_t size) {
        const auto k = static_cast<std::uint32_t>(of_class.k);
        const index_t* row = of_class.row;
        for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
            const index_t from = cell[i] / k, to = of_class.nearest[cell[i]];
            base[i] = row == nullptr ? from : row[from];
            neighbor[i] = row == nullptr ? to : row[to];
        }
    }

    void keep(const Provenance& to, index_t first, index_t size) const {
        const auto n = static_cast<std::size_t>(size);
        if (to.base != nullptr) std::copy_n(base.data(), n, to.base + first);
        if (to.neighbor != nullptr) std::copy_n(neighbor.data(), n, to.neighbor + first);
        if (to.fraction != nullptr) std::copy_n(fraction.data(), n, to.fraction + first);
    }
};

}  // namespace

template <class T>
Status draw_and_interpolate(const T* rows, index_t d, const Neighborhoods& of_class, const Stream& stream,
                            index_t count, int n_threads, T* out, const Provenance& provenance) {
    const index_t step =
        std::clamp<index_t>(chunk_elements / std::max<index_t>(d, 1), 1, std::min(most_segments, count + 1));
    Draws draws(stream, count, step);
    const Status status = draws.prepare();
    if (status != Status::ok) return status;
    if (count * d <= chunk_elements) n_threads = 1;
    const auto threads =
        static_cast<std::size_t>(std::max<index_t>(1, std::min<index_t>(n_threads, draws.runs())));
    std::vector<Drawn> drawn;
    drawn.reserve(threads);
    for (std::size_t t = 0; t < threads; ++t) drawn.emplace_back(step);
    return threads::parallel_for(draws.runs(), static_cast<int>(threads), [&](index_t, int worker) {
        Drawn& own = drawn[static_cast<std::size_t>(worker)];
        const Draws::Run run = draws.take(own.cell.data(), own.fraction.data());
        own.find_ends(of_class, run.size);
        own.keep(provenance, run.first, run.size);
        table(T{}).interpolate(rows, d, own.base.data(), own.neighbor.data(), own.fraction.data(), run.size,
                               out + run.first * d);
    });
}

template <class T, class I>
Status sparse_offsets(const SparseView<T, I>& x, const Segments& s, index_t from, int n_threads,
                      index_t* offsets) {
    offsets[0] = from;
    const Status status = over_points(
        s.count, n_threads, [&](index_t i) { offsets[i + 1] = merged_entries(x, s.base[i], s.neighbor[i]); });
    if (status != Status::ok) return status;
    for (index_t i = 0; i < s.count; ++i) offsets[i + 1] += offsets[i];
    return status;
}

template <class T, class I, class O>
Status sparse_copy(const SparseView<T, I>& x, int n_threads, T* values, O* indices, O* offsets) {
    for (index_t i = 0; i <= x.outer; ++i) offsets[i] = static_cast<O>(x.offsets[i]);
    return over_rows(x.offsets[x.outer], 1, n_threads, [&](index_t first, index_t last) {
        std::copy(x.values + first, x.values + last, values + first);
        for (index_t p = first; p < last; ++p) indices[p] = static_cast<O>(x.indices[p]);
    });
}

template <class T, class I, class O>
Status sparse_interpolate(const SparseView<T, I>& x, const Segments& s, const index_t* offsets, int n_threads,
                          T* values, O* indices) {
    return over_points(s.count, n_threads, [&](index_t i) {
        index_t at = offsets[i];
        merge_rows(x, s.base[i], s.neighbor[i], [&](I column, T a, T b) {
            indices[at] = static_cast<O>(column);
            values[at++] = point(a, b, s.fraction[i]);
        });
    });
}

#define MLQA_DENSE(T)                                                                                        \
    template Status copy_rows<T>(const MatrixView<const T>&, int, T*, bool&);                                \
    template Status interpolate<T>(const T*, index_t, const Segments&, int, T*);                             \
    template Status draw_and_interpolate<T>(const T*, index_t, const Neighborhoods&, const Stream&, index_t, \
                                            int, T*, const Provenance&);
MLQA_DENSE(float)
MLQA_DENSE(double)
#undef MLQA_DENSE

#define MLQA_SPARSE(T, I) \
    template Status sparse_offsets<T, I>(const SparseView<T, I>&, const Segments&, index_t, int, index_t*);
#define MLQA_SPARSE_OUT(T, I, O)                                                                          \
    template Status sparse_copy<T, I, O>(const SparseView<T, I>&, int, T*, O*, O*);                       \
    template Status sparse_interpolate<T, I, O>(const SparseView<T, I>&, const Segments&, const index_t*, \
                                                int, T*, O*);
MLQA_SPARSE(float, std::int32_t)
MLQA_SPARSE(float, std::int64_t)
MLQA_SPARSE(double, std::int32_t)
MLQA_SPARSE(double, std::int64_t)
MLQA_SPARSE_OUT(float, std::int32_t, std::int32_t)
MLQA_SPARSE_OUT(float, std::int32_t, std::int64_t)
MLQA_SPARSE_OUT(float, std::int64_t, std::int64_t)
MLQA_SPARSE_OUT(double, std::int32_t, std::int32_t)
MLQA_SPARSE_OUT(double, std::int32_t, std::int64_t)
MLQA_SPARSE_OUT(double, std::int64_t, std::int64_t)
#undef MLQA_SPARSE_OUT
#undef MLQA_SPARSE

}  // namespace mlqa::over_sampling
