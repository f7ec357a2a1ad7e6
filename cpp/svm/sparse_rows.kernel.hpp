// The loops of kernel rows of sparse points; what is computed and why in svm/sparse_rows.hpp.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"
#include "svm/kernel_function.hpp"

namespace mlqa {

/// Most points of a run.
constexpr index_t sparse_run = 4096;

/// A run of the set's points, column by column.
template <class T>
struct SparseRun {
    const T* panel;              ///< frequent columns, slot by slot: `width` values each, zeros as filling
    index_t width;               ///< points of the run, filled up to whole vectors
    const std::int32_t* start;   ///< rare columns: entries of column c in [start[c], start[c + 1])
    const std::uint16_t* point;  ///< of an entry, counted from the first of the run
    const T* value;
    const T* norms;  ///< squared, with the filling
};

/// Points that meet the set: the entries of point r are [begin[r], begin[r + 1]), in the order in which they
/// are summed.
template <class T>
struct SparseEntries {
    const index_t* begin;
    const std::int32_t* column;  ///< slot of a frequent column, ~number of a rare one
    const T* value;
    const T* norms;
};

template <class T>
struct SparseRowsTable {
    int lanes;
    /// out[r][j] = k(point r, point j of the run) for r in [0, points) and j in [first, last); `first` is a
    /// multiple of `lanes`, 0 <= first < last <= sparse_run. Writes nothing else.
    void (*rows)(const svm::KernelFunction* f, const SparseEntries<T>* entries, index_t points,
                 const SparseRun<T>* run, index_t first, index_t last, T* const* out);
    /// sum[r] += sum_j weight[j] values[r][j], j in order, one fused multiply-add a term.
    void (*weighted)(const T* const* values, index_t points, const double* weight, index_t n, double* sum);
};

struct SparseRowsKernels {
    SparseRowsTable<float> f32;
    SparseRowsTable<double> f64;
};

MLQA_DECLARE_KERNELS(SparseRowsKernels, sparse_rows)

}  // namespace mlqa
