// The loops of the exact nearest neighbours; formulas and error bound in pairwise/knn.hpp.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

/// Rows [0, rows) of an array whose rows are runs of memory: row i starts at x + position(i) row_stride,
/// where position(i) is index[i], or i where index is nullptr.
template <class S>
struct KnnRows {
    const S* x = nullptr;
    index_t row_stride = 0;
    const index_t* index = nullptr;
    index_t rows = 0;
    index_t d = 0;

    const S* row(index_t i) const { return x + (index == nullptr ? i : index[i]) * row_stride; }
};

/// What one pass of packing writes for a set of rows. `panels` groups `width` rows feature-major and is
/// filled with zeros to a full group, as are the other arrays: `low` with infinity, `slack` with 0.
struct KnnPacked {
    const double* centre;
    double scale;  ///< a power of two
    int width;
    float* panels;
    float* low;    ///< h_j = H_j - B_j, rounded down
    float* slack;  ///< r_j = H_j - h_j + B_j, rounded up
};

/// A block of queries on its way through the base. Arrays of queries hold `rows` entries; `limit` is filled
/// to a full group with minus infinity.
template <class S>
struct KnnBlock {
    KnnRows<S> base;
    KnnRows<S> queries;
    const index_t* self;  ///< row of the base to leave out, a query; nullptr: none is left out
    KnnPacked packed_queries;
    KnnPacked packed;
    double half_scale;  ///< scale^2 / 2: exact squared distances to halves in the screen's unit
    float* limit;       ///< R_i: screened values above cannot be among the nearest
    // Candidates that the screen let pass, not yet evaluated: `capacity` places a query.
    index_t capacity;
    index_t* count;
    float* candidate_value;
    index_t* candidate;
    double* heap;  ///< k places, shared
    // The nearest among those evaluated, in order of (squared distance, position): k places a query.
    index_t k;
    index_t* found;
    double* distance;
    index_t* position;
};

template <class S>
struct KnnTable {
    /// max_k |x_ik - centre_k| over all rows; NaN if there is one.
    double (*extent)(const KnnRows<S>& rows, const double* centre);
    void (*pack)(const KnnRows<S>& rows, index_t first, index_t last, const KnnPacked& out);
    /// The block against columns [first, last) of the base, `first` a multiple of the panel's width.
    void (*screen)(const KnnBlock<S>& block, index_t first, index_t last);
    /// Lowers the limits to what the candidates so far prove.
    void (*tighten)(const KnnBlock<S>& block);
    /// Evaluates what is left of the candidates.
    void (*finish)(const KnnBlock<S>& block);
    /// The same by evaluating every pair.
    void (*direct)(const KnnBlock<S>& block, index_t first, index_t last);
};

struct KnnKernels {
    KnnTable<float> f32;
    KnnTable<double> f64;
};

MLQA_DECLARE_KERNELS(KnnKernels, knn)

}  // namespace mlqa
