// Passes over rows for linear machines: coordinate descent on the dual, and the products that Newton's method
// needs on the primal.
//
// A machine minimises 1/2 |w|^2 + sum_i C_i dist(w x_i, [low_i, high_i])^p. A coordinate of its dual is one
// beta_i, w = sum_i beta_i x_i, |beta_i| <= cap_i, with slope s = w x_i + ridge_i beta_i and
//
//     up = s - low_i (towards larger beta, where beta >= 0),  down = s - high_i (where beta <= 0),
//     curvature h = |x_i|^2 + ridge_i:  beta_i grows by -up / h if up < h beta_i, else by -down / h if
//     down > h beta_i, else it becomes 0; then it is cut to [-cap_i, cap_i]
//
// (C.-H. Ho and C.-J. Lin, "Large-scale linear support vector regression", JMLR 13:3323-3348, 2012, algorithm
// 4; with low = -inf or high = inf it is C.-J. Hsieh et al., "A dual coordinate descent method for
// large-scale linear SVM", ICML 2008, algorithm 3, whose shrinking it has).
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

/// Rows of features with a constant behind them. Dense: `stride` numbers a row, the constant and zeros at its
/// end, 64-byte aligned. Sparse: CSR, the constant is feature number `features` of every row.
struct LinearRows {
    const double* values;
    const std::int32_t* indices;  ///< nullptr: dense
    const std::int32_t* offsets;
    index_t stride;
    index_t features;
    double constant;
};

/// One coordinate of a dual: one line of the cache.
struct DualSample {
    double beta, low, high, cap, ridge, curvature;
    double unused[2];
};

/// A pass over the active coordinates, in order.
struct DualPass {
    index_t* order;
    index_t position;     ///< of the next coordinate in `order`
    index_t active;       ///< coordinates beyond are left out
    double above, below;  ///< of the pass before: a slope that leads out of the bounds beyond is left out
    double largest, least, sum;  ///< signed projected slopes of |beta| in this pass
};

struct LinearKernels {
    /// At most `steps` coordinates of a pass; w and beta follow.
    void (*descend)(const LinearRows* rows, double* w, DualSample* samples, DualPass* pass, index_t steps);
    /// z[i] = w x_i for first <= i < last.
    void (*products)(const LinearRows* rows, const double* w, index_t first, index_t last, double* z);
    /// squares[i] = |x_i|^2 for first <= i < last.
    void (*norms)(const LinearRows* rows, index_t first, index_t last, double* squares);
    /// out += sum_i c_i x_i.
    void (*combine)(const LinearRows* rows, const double* c, index_t first, index_t last, double* out);
    /// z[k] = w x_i, i = index[k].
    void (*products_at)(const LinearRows* rows, const double* w, const index_t* index, index_t first,
                        index_t last, double* z);
    /// out += sum_k c_k x_i, i = index[k].
    void (*combine_at)(const LinearRows* rows, const double* c, const index_t* index, index_t first,
                       index_t last, double* out);
    /// out += sum_i c_i (p x_i) x_i.
    void (*curve)(const LinearRows* rows, const double* c, const double* p, index_t first, index_t last,
                  double* out);
    /// out += sum_i c_i x_i^2, squared number by number.
    void (*squares)(const LinearRows* rows, const double* c, index_t first, index_t last, double* out);
    /// force = 2 C e and bend = 2 C where e != 0, for e the signed distance from z to [low, high] (positive
    /// below). n is a multiple of 8.
    void (*forces)(const double* z, const double* low, const double* high, const double* cost, index_t n,
                   double* force, double* bend);
    /// First and second derivative of sum C dist(z + t q, [low, high])^2 in t. n is a multiple of 8.
    void (*slope)(const double* z, const double* q, double t, const double* low, const double* high,
                  const double* cost, index_t n, double* first, double* second);
};

MLQA_DECLARE_KERNELS(LinearKernels, linear)

}  // namespace mlqa
