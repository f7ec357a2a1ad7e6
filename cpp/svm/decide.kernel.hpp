// From the kernel values of one point to decision values and classes.
//
// A sum over the support vectors of a class runs in vectors, term by term, and its lanes are added by
// simd::reduce; the value of machine (a, b), a < b, is (sum of a + sum of b) + intercept. Values in double
// are the answer. Those in float may be off by `error` times the machine's sum of |coef|: a comparison closer
// than that is not decided, and -1 comes out where such a one could change the answer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

/// Machines of every two classes in one precision.
template <class T>
struct MachineView {
    index_t classes;
    const index_t* start;  ///< classes + 1 offsets of the classes among the support vectors
    const T* coef;         ///< classes - 1 rows
    index_t stride;
    const T* intercept;
    const T* reach;  ///< float: reach[c (classes - 1) + r] is at least the sum of |coef_r| over class c
};

/// What a decision works in.
template <class T>
struct DecideScratch {
    T* sums;             ///< classes x classes
    std::int32_t* low;   ///< classes: votes that are certain
    std::int32_t* high;  ///< classes: votes that are possible
};

template <class T>
struct DecideTable {
    /// A class that wins against all others, found without asking all machines; -1: none was found.
    index_t (*champion)(const MachineView<T>* m, const T* values, T error, const DecideScratch<T>* scratch);
    /// The first class with most votes.
    index_t (*vote)(const MachineView<T>* m, const T* values, T error, const DecideScratch<T>* scratch);
    /// All decision values, machines (0, 1), (0, 2), ..., of several points; `sums` holds classes (classes -
    /// 1) numbers for each.
    void (*decisions)(const MachineView<T>* m, const T* values, index_t values_stride, index_t points,
                      T* sums, T* out);
    /// out[p out_stride + r] = sum_s coef[r n + s] values[p values_stride + s] over all n support vectors.
    void (*sums)(const T* coef, index_t rows, const T* values, index_t values_stride, index_t points,
                 index_t n, T* out, index_t out_stride);
    /// The bounds of the errors of decisions().
    void (*bounds)(const MachineView<T>* m, T error, T* out);
};

struct DecideKernels {
    DecideTable<float> f32;
    DecideTable<double> f64;
};

MLQA_DECLARE_KERNELS(DecideKernels, decide)

}  // namespace mlqa
