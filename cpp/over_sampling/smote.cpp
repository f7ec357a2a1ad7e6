#include "over_sampling/smote.hpp"

#include <algorithm>
#include <cmath>

#include "core/sparse.hpp"
#include "core/threads.hpp"
#include "over_sampling/smote.kernel.hpp"

namespace mlqa::over_sampling {
namespace {

constexpr index_t chunk_elements = 1 << 17;
constexpr index_t sparse_chunk = 1024;  ///< points of a chunk

const SmoteTable<float>& table(float) {
    return smote_kernels().f32;
}
const SmoteTable<double>& table(double) {
    return smote_kernels().f64;
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

template <class T>
T point(T a, T b, double fraction) {
    const T difference = b - a;
    if (std::isfinite(difference))
        return static_cast<T>(static_cast<double>(a) + fraction * static_cast<double>(difference));
    return static_cast<T>((1 - fraction) * static_cast<double>(a) + fraction * static_cast<double>(b));
}

}  // namespace

template <class T>
Status copy_rows(const MatrixView<const T>& x, int n_threads, T* out) {
    return over_rows(x.rows, x.cols, n_threads, [&](index_t first, index_t last) {
        table(T{}).copy(x.data, x.row_stride, x.col_stride, first, last, x.cols, out + first * x.cols);
    });
}

template <class T>
Status interpolate(const T* rows, index_t d, const Segments& s, int n_threads, T* out) {
    return over_rows(s.count, d, n_threads, [&](index_t first, index_t last) {
        table(T{}).interpolate(rows, d, s.base + first, s.neighbor + first, s.fraction + first, last - first,
                               out + first * d);
    });
}

template <class T, class I>
void sparse_offsets(const SparseView<T, I>& x, const Segments& s, index_t from, index_t* offsets) {
    offsets[0] = from;
    for (index_t i = 0; i < s.count; ++i) {
        index_t entries = 0;
        merge_rows(x, s.base[i], s.neighbor[i], [&](I, T, T) { ++entries; });
        offsets[i + 1] = offsets[i] + entries;
    }
}

template <class T, class I>
Status sparse_interpolate(const SparseView<T, I>& x, const Segments& s, const index_t* offsets, int n_threads,
                          T* values, I* indices) {
    const index_t chunks = (s.count + sparse_chunk - 1) / sparse_chunk;
    return threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        const index_t last = std::min(s.count, (chunk + 1) * sparse_chunk);
        for (index_t i = chunk * sparse_chunk; i < last; ++i) {
            index_t at = offsets[i];
            merge_rows(x, s.base[i], s.neighbor[i], [&](I column, T a, T b) {
                indices[at] = column;
                values[at++] = point(a, b, s.fraction[i]);
            });
        }
    });
}

template Status copy_rows<float>(const MatrixView<const float>&, int, float*);
template Status copy_rows<double>(const MatrixView<const double>&, int, double*);
template Status interpolate<float>(const float*, index_t, const Segments&, int, float*);
template Status interpolate<double>(const double*, index_t, const Segments&, int, double*);

#define MLQA_SPARSE(T, I)                                                                                   \
    template void sparse_offsets<T, I>(const SparseView<T, I>&, const Segments&, index_t, index_t*);        \
    template Status sparse_interpolate<T, I>(const SparseView<T, I>&, const Segments&, const index_t*, int, \
                                             T*, I*);
MLQA_SPARSE(float, std::int32_t)
MLQA_SPARSE(float, std::int64_t)
MLQA_SPARSE(double, std::int32_t)
MLQA_SPARSE(double, std::int64_t)
#undef MLQA_SPARSE

}  // namespace mlqa::over_sampling
