#include "linear_model/coordinate_descent.kernel.hpp"

#include "linear_model/wide.hpp"

namespace mlqa::linear_model {
namespace {

MLQA_INLINE double magnitude(double x) {
    return x < 0 ? -x : x;
}

MLQA_INLINE double minimiser(double z, double squared_norm, const Coordinates* penalties, std::int64_t j) {
    const double lambda = penalties->lambda[j];
    if (z <= lambda && z >= -lambda) return 0.0;
    const double w = (z > lambda ? z - lambda : z + lambda) / (squared_norm + penalties->ridge[j]);
    return w < penalties->low[j] ? penalties->low[j] : w > penalties->high[j] ? penalties->high[j] : w;
}

/// Records that a coefficient went from `old` to `now`; false if it stayed.
MLQA_INLINE bool record(double old, double now, Sweep* sweep) {
    const double change = magnitude(now - old), size = magnitude(now);
    if (change > sweep->change) sweep->change = change;
    if (size > sweep->largest) sweep->largest = size;
    return change != 0;
}

void covariance(const double* gram, std::int64_t ld, std::int64_t k, std::int64_t begin, std::int64_t end,
                const Coordinates* penalties, double* w, double* q, Sweep* sweep) {
    for (std::int64_t j = begin; j < end; ++j) {
        const double* row = gram + j * ld;
        if (!(row[j] > 0)) continue;
        const double old = w[j], now = minimiser(q[j] + row[j] * old, row[j], penalties, j);
        if (!record(old, now, sweep)) continue;
        w[j] = now;
        axpy(old - now, row, q, k);
    }
}

template <class T>
void residual(const T* const* columns, const double* squared_norms, std::int64_t n, std::int64_t begin,
              std::int64_t end, const Coordinates* penalties, double* w, double* r, Sweep* sweep) {
    for (std::int64_t j = begin; j < end; ++j) {
        if (!(squared_norms[j] > 0)) continue;
        const double old = w[j];
        const double z = dot(columns[j], r, n) + squared_norms[j] * old;
        const double now = minimiser(z, squared_norms[j], penalties, j);
        if (!record(old, now, sweep)) continue;
        w[j] = now;
        axpy(old - now, columns[j], r, n);
    }
}

template <class T>
void sparse_residual(const T* const* values, const std::int32_t* const* indices, const std::int64_t* counts,
                     const double* means, const double* squared_norms, double total, double start,
                     std::int64_t begin, std::int64_t end, const Coordinates* penalties, double* w, double* r,
                     double* offset, Sweep* sweep) {
    for (std::int64_t j = begin; j < end; ++j) {
        if (!(squared_norms[j] > 0)) continue;
        const double old = w[j], mean = means == nullptr ? 0.0 : means[j];
        const double g = sparse_dot(values[j], indices[j], counts[j], r) - mean * (total * *offset + start);
        const double now = minimiser(g + squared_norms[j] * old, squared_norms[j], penalties, j);
        if (!record(old, now, sweep)) continue;
        w[j] = now;
        sparse_axpy(old - now, values[j], indices[j], counts[j], r);
        *offset += (old - now) * mean;
    }
}

}  // namespace

const SweepTables MLQA_KERNELS(coordinate_descent) = {
    {residual<float>, sparse_residual<float>}, {residual<double>, sparse_residual<double>}, covariance};

}  // namespace mlqa::linear_model
