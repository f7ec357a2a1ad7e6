// The loops of machines of all classes at once: violations of many points, and steps inside a working set.
//
// A point i has a slope G_im and a coefficient beta_im for every class m (svm/all_at_once.hpp). It violates
// optimality by
//
//     Crammer-Singer   max_m G_im - min { G_im : beta_im below its bound },
//     Weston-Watkins   max_m { s_im : beta_im > -C_i,  -s_im : beta_im < 0 },   s_im = G_im - G_iy,
//
// y being its class (S. S. Keerthi, S. Sundararajan, K.-W. Chang, C.-J. Hsieh and C.-J. Lin, "A sequential
// dual method for large scale multi-class linear SVMs", KDD 2008, section 3).
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

enum class ClassLoss : int { crammer_singer = 0, weston_watkins = 1 };

/// Points and their numbers of all classes, class after class, `stride` numbers apart; filled up to whole
/// vectors with points of class 0 and bound 0.
struct ClassNumbers {
    index_t classes;
    index_t stride;
    const double* slope;
    const double* beta;
    const index_t* label;
    const double* bound;
};

/// A working set and its kernel values, in double.
struct ClassSet {
    index_t points;
    index_t classes;
    index_t stride;   ///< of rows of k and slope, whole vectors
    index_t width;    ///< of rows of beta, whole vectors
    const double* k;  ///< points x stride
    double* slope;    ///< classes x stride
    double* beta;     ///< points x width
    const index_t* label;
    const double* bound;
    double* room;    ///< width numbers
    index_t* queue;  ///< `points` numbers
};

/// Rows that are summed in float before they meet a sum in double: it errs by (most_rows + 2) 2^-24 of the
/// sum of the absolute terms.
constexpr int most_rows = 16;

struct AllAtOnceKernels {
    int lanes;
    /// violation[t] for first <= t < last, both multiples of `lanes`.
    void (*violations)(ClassLoss loss, const ClassNumbers* numbers, index_t first, index_t last,
                       double* violation);
    /// A step of each point queue[first .. last) that violates by more than `tolerance`, at most `most` in
    /// all. Those that did are appended to the first `moving` of the queue (at most `first`), so that it
    /// returns how many these are then; `steps` counts on.
    index_t (*sweep)(ClassLoss loss, const ClassSet* set, index_t first, index_t last, double tolerance,
                     index_t most, index_t moving, index_t* steps);
    /// f[t] += sum_r weight[r] rows[r][t], r in order, for first <= t < last, both multiples of a float
    /// vector's lanes.
    void (*accumulate)(const float* const* rows, const float* weight, index_t m, index_t first, index_t last,
                       double* f);
};

MLQA_DECLARE_KERNELS(AllAtOnceKernels, all_at_once)

}  // namespace mlqa
