// Coordinate descent over samples for a machine of all classes at once.
//
// A sample's coefficients alpha_m, one a class, with w_m = sum_i alpha_im x_i, sum_m alpha_m = 0 and
// alpha_m <= C_i for its own class, 0 for the others, minimise
//
//     A / 2 |alpha|^2 + sum_m B_m alpha_m,   A = |x_i|^2,  B_m = g_m - A alpha_m (before),
//     g_m = w_m x_i + 1, without the 1 for its own class,
//
// as class_step.hpp does (S. S. Keerthi, S. Sundararajan, K.-W. Chang, C.-J. Hsieh and C.-J. Lin, "A
// sequential dual method for large scale multi-class linear SVMs", KDD 2008, sections 2 and 3; K. Crammer and
// Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", JMLR 2:265-292,
// 2001, section 6).
#pragma once

#include "svm/linear.kernel.hpp"

namespace mlqa {

/// Weights and coefficients of all classes lie together, `width` numbers, a multiple of 8.
struct ClassState {
    double* w;      ///< `width` numbers a feature
    double* alpha;  ///< `width` numbers a sample
    const index_t* label;
    const double* cost;
    const double* norm;  ///< |x_i|^2
    index_t classes;
    index_t width;
    double* slope;  ///< room for `width` numbers, twice
    double* change;
};

struct LinearClassKernels {
    /// Samples order[first .. last); violation[k] is that of order[k] before its step,
    /// max_m g_m - min { g_m : alpha_m below its bound }.
    void (*descend)(const LinearRows* rows, const ClassState* state, const index_t* order, index_t first,
                    index_t last, double* violation);
    /// z[m] = w_m x_i.
    void (*values)(const LinearRows* rows, const ClassState* state, index_t i, double* z);
    /// w_m += c[m] x_i.
    void (*add)(const LinearRows* rows, const ClassState* state, index_t i, const double* c);
};

MLQA_DECLARE_KERNELS(LinearClassKernels, linear_classes)

}  // namespace mlqa
