// One pass of coordinate descent over coordinates [begin, end): each is set to its exact minimiser
//
//     w_j <- S(x_j' r + ||x_j||^2 w_j, lambda_j) / (||x_j||^2 + ridge_j), cut to [low_j, high_j],
//     S(z, t) = sign(z) max(|z| - t, 0):
//
// J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate
// descent", J. Stat. Softw. 33(1), 2010, eq. (5) for residual updates and eq. (9) for covariance updates.
// Coordinates with ||x_j|| = 0 stay.
#pragma once

#include <cstdint>

#include "core/isa.hpp"

namespace mlqa::linear_model {

/// The penalties and bounds of a working set, in its order.
struct Coordinates {
    const double *lambda, *ridge, *low, *high;
};

/// What a pass did: the largest change of a coefficient and the largest coefficient, in absolute value.
struct Sweep {
    double change;
    double largest;
};

template <class T>
struct SweepKernels {
    /// Dense residual updates: column j starts at columns[j], r = y - X w is kept up to date.
    void (*residual)(const T* const* columns, const double* squared_norms, std::int64_t n, std::int64_t begin,
                     std::int64_t end, const Coordinates* penalties, double* w, double* r, Sweep* sweep);
    /// Sparse residual updates with implicit centring. The residual is r - offset u; column j has `counts[j]`
    /// entries, mean means[j] and g_j = x_j' r - means[j] (total * offset + start); means nullptr: no
    /// centring.
    void (*sparse_residual)(const T* const* values, const std::int32_t* const* indices,
                            const std::int64_t* counts, const double* means, const double* squared_norms,
                            double total, double start, std::int64_t begin, std::int64_t end,
                            const Coordinates* penalties, double* w, double* r, double* offset, Sweep* sweep);
};

struct SweepTables {
    SweepKernels<float> f32;
    SweepKernels<double> f64;
    /// Covariance updates: q = X'y - gram w over k features is kept up to date; row j of the symmetric gram
    /// starts at gram + j * ld.
    void (*covariance)(const double* gram, std::int64_t ld, std::int64_t k, std::int64_t begin,
                       std::int64_t end, const Coordinates* penalties, double* w, double* q, Sweep* sweep);
};

MLQA_DECLARE_KERNELS(SweepTables, coordinate_descent)

#ifndef MLQA_ISA
template <class T>
const SweepKernels<T>& sweep_kernels();
template <>
inline const SweepKernels<float>& sweep_kernels<float>() {
    return coordinate_descent_kernels().f32;
}
template <>
inline const SweepKernels<double>& sweep_kernels<double>() {
    return coordinate_descent_kernels().f64;
}
#endif

}  // namespace mlqa::linear_model
