// Loops over the columns of a design matrix, dense or sparse. Every accumulator is a double, also for float
// columns, and a float column gives the bits that its copy in double would give.
//
// A dense sum of n terms is cut into 4 * lanes<double> interleaved partial sums (the tail goes to the first
// two), so its error is below (n / 8 + 8) u sum |terms| on every level, u = 2^-53. `cross` uses 1 * lanes
// partial sums a block of rows. A sparse sum has 4 partial sums. No function allocates; nothing may overlap.
#pragma once

#include <cstdint>

#include "core/isa.hpp"

namespace mlqa::linear_model {

template <class T>
struct ColumnKernels {
    /// x' r
    double (*dot)(const T* x, const double* r, std::int64_t n);
    /// sum x_i, and x' x
    double (*sum)(const T* x, std::int64_t n);
    double (*squared_norm)(const T* x, std::int64_t n);
    /// r += a x
    void (*axpy)(double a, const T* x, double* r, std::int64_t n);
    /// out = (x - mean) s, s nullptr for ones; in place allowed
    void (*center)(const T* x, double mean, const double* s, T* out, std::int64_t n);
    /// out[i * ld + k] += a_i' b_k over rows [first, first + rows): a pair has the same bits in any tile
    void (*cross)(const T* const* a, std::int64_t na, const T* const* b, std::int64_t nb, std::int64_t first,
                  std::int64_t rows, double* out, std::int64_t ld);
    /// The same with columns r_k of doubles in the place of b.
    void (*products)(const T* const* a, std::int64_t na, const double* const* r, std::int64_t nr,
                     std::int64_t first, std::int64_t rows, double* out, std::int64_t ld);
    /// out[t] = x' r_t and r_t += a_t x for `count` vectors r_t that lie ld apart, 2 * lanes partial sums
    /// each
    void (*dots)(const T* x, const double* r, std::int64_t ld, std::int64_t count, std::int64_t n,
                 double* out);
    void (*axpys)(const double* a, const T* x, double* r, std::int64_t ld, std::int64_t count,
                  std::int64_t n);
    /// x' r and r += a x for a sparse column of `count` entries
    double (*sparse_dot)(const T* values, const std::int32_t* indices, std::int64_t count, const double* r);
    void (*sparse_axpy)(double a, const T* values, const std::int32_t* indices, std::int64_t count,
                        double* r);
};

struct ColumnTables {
    ColumnKernels<float> f32;
    ColumnKernels<double> f64;
};

MLQA_DECLARE_KERNELS(ColumnTables, columns)

#ifndef MLQA_ISA
template <class T>
const ColumnKernels<T>& column_kernels();
template <>
inline const ColumnKernels<float>& column_kernels<float>() {
    return columns_kernels().f32;
}
template <>
inline const ColumnKernels<double>& column_kernels<double>() {
    return columns_kernels().f64;
}
#endif

}  // namespace mlqa::linear_model
