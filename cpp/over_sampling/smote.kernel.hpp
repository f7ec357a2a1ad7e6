// The loops of SMOTE's synthetic rows; formula in over_sampling/smote.hpp.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

template <class T>
struct SmoteTable {
    /// out[i] = rows [first, last) of x, row-major, i from 0, written past the caches if `past`;
    /// whether all of them is finite.
    bool (*copy)(const T* x, index_t row_stride, index_t col_stride, index_t first, index_t last, index_t d,
                 bool past, T* out);
    /// out[i] = rows[base[i]] + fraction[i] (rows[neighbor[i]] - rows[base[i]]), i < count.
    void (*interpolate)(const T* rows, index_t d, const index_t* base, const index_t* neighbor,
                        const double* fraction, index_t count, T* out);
};

struct SmoteKernels {
    SmoteTable<float> f32;
    SmoteTable<double> f64;
};

MLQA_DECLARE_KERNELS(SmoteKernels, smote)

}  // namespace mlqa
