// Decision values from kernel values: weighted sums over the support vectors of a class, for a panel of
// points. `values` holds one row a support vector, panel_width points wide; a sum runs over the support
// vectors in order, one fused multiply-add each.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

struct PredictKernels {
    int panel_width;
    int block_rows;
    /// out = (sum_s coef_a[s] values_a[s] + sum_s coef_b[s] values_b[s]) + intercept, a panel of points.
    void (*machine)(const double* coef_a, const double* values_a, index_t n_a, const double* coef_b,
                    const double* values_b, index_t n_b, double intercept, double* out);
    /// out[r panel_width + j] = sum_s coef[r][s] values[s][j]: the sums of several machines over one class,
    /// `coef` block-packed.
    void (*class_sums)(const double* coef, index_t machines, const double* values, index_t n, double* out);
};

MLQA_DECLARE_KERNELS(PredictKernels, predict)

}  // namespace mlqa
