#include "svm/sparse_rows.kernel.hpp"

#include "core/simd.hpp"
#include "svm/values.hpp"

namespace mlqa {
namespace {

using simd::vec;
using svm::KernelFunction;

/// Sums that grow in registers: half of them.
constexpr int vectors = simd::bytes == 64 ? 16 : 8;
/// Sums of weighted values that grow side by side: one alone would wait for itself.
constexpr int chains = 8;

/// sum[0 .. n lanes) += entries [e, end), all in frequent columns, times their columns of the panel.
template <int n, class T>
MLQA_INLINE void add_columns(const SparseEntries<T>& entries, index_t e, index_t end, const T* panel,
                             index_t width, T* sum) {
    constexpr int lanes = simd::lanes<T>;
    vec<T> grown[n];
    for (int v = 0; v < n; ++v) grown[v] = simd::load(sum + v * lanes);
    for (; e < end; ++e) {
        const vec<T> x = simd::broadcast(entries.value[e]);
        const T* column = panel + entries.column[e] * width;
        for (int v = 0; v < n; ++v) grown[v] = simd::fma(x, simd::load(column + v * lanes), grown[v]);
    }
    for (int v = 0; v < n; ++v) simd::store(sum + v * lanes, grown[v]);
}

/// The products of one point with points [first, last) of the run. Sums of other points of the run are
/// touched.
template <class T>
MLQA_INLINE void products(const SparseEntries<T>& entries, index_t point, const SparseRun<T>& run,
                          index_t first, index_t last, T* sum) {
    constexpr int lanes = simd::lanes<T>;
    for (index_t j = 0; j < run.width; j += lanes) simd::store(sum + j, vec<T>{});
    const index_t end = entries.begin[point + 1];
    for (index_t e = entries.begin[point]; e < end;) {
        if (entries.column[e] < 0) {
            const index_t rare = ~entries.column[e];
            const T x = entries.value[e++];
            index_t p = run.start[rare];
            while (p < run.start[rare + 1] && run.point[p] < first) ++p;
            for (; p < run.start[rare + 1]; ++p)
                sum[run.point[p]] = svm::fma_one(x, run.value[p], sum[run.point[p]]);
            continue;
        }
        const index_t from = e;
        while (e < end && entries.column[e] >= 0) ++e;
        index_t j = first;
        for (; j + vectors * lanes <= last; j += vectors * lanes)
            add_columns<vectors>(entries, from, e, run.panel + j, run.width, sum + j);
        for (; j < last; j += lanes) add_columns<1>(entries, from, e, run.panel + j, run.width, sum + j);
    }
}

template <class T>
void rows(const KernelFunction* f, const SparseEntries<T>* entries, index_t points, const SparseRun<T>* run,
          index_t first, index_t last, T* const* out) {
    constexpr int lanes = simd::lanes<T>;
    alignas(64) T sum[sparse_run];
    svm::with_value<T>(f, [&](auto value) {
        for (index_t r = 0; r < points; ++r) {
            products(*entries, r, *run, first, last, sum);
            const vec<T> norm = simd::broadcast(entries->norms[r]);
            const auto value_at = [&](index_t j) {
                return value(simd::load(sum + j), norm + simd::load(run->norms + j));
            };
            index_t j = first;
            for (; j + lanes <= last; j += lanes) simd::store(out[r] + j, value_at(j));
            if (j < last) simd::store_partial(out[r] + j, value_at(j), static_cast<int>(last - j));
        }
    });
}

template <int n, class T>
MLQA_INLINE void add_weighted(const T* const* values, const double* weight, index_t count, double* sum) {
    double grown[n];
    for (int r = 0; r < n; ++r) grown[r] = sum[r];
    for (index_t j = 0; j < count; ++j)
        for (int r = 0; r < n; ++r)
            grown[r] = svm::fma_one(weight[j], static_cast<double>(values[r][j]), grown[r]);
    for (int r = 0; r < n; ++r) sum[r] = grown[r];
}

template <class T>
void weighted(const T* const* values, index_t points, const double* weight, index_t n, double* sum) {
    index_t r = 0;
    for (; r + chains <= points; r += chains) add_weighted<chains>(values + r, weight, n, sum + r);
    for (; r < points; ++r) add_weighted<1>(values + r, weight, n, sum + r);
}

}  // namespace

const SparseRowsKernels MLQA_KERNELS(sparse_rows) = {
    {simd::lanes<float>, rows<float>, weighted<float>},
    {simd::lanes<double>, rows<double>, weighted<double>},
};

}  // namespace mlqa
