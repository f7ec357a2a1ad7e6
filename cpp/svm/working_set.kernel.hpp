// Sequential minimal optimisation inside a block of kernel values, and the passes over all points around it.
//
// The dual of a binary machine, in signed coefficients beta_i = y_i alpha_i:
//
//     minimise  1/2 beta' K beta - y' beta    over  sum_i beta_i = 0,  lower_i <= beta_i <= upper_i
//
// with [lower, upper] = [0, C_i] for y_i = 1 and [-C_i, 0] for y_i = -1. Its gradient is F = K beta - y. A
// step moves delta from beta_j to beta_i, where beta_i may grow ("up") and beta_j may fall ("low"):
//
//     i = argmin { F_t : t up },
//     j = argmax { (F_t - F_i)^2 / (K_ii + K_tt - 2 K_it) : t low, F_t > F_i },
//
// second-order selection (R.-E. Fan, P.-H. Chen and C.-J. Lin, "Working set selection using second order
// information for training support vector machines", JMLR 6:1889-1918, 2005, WSS 2; the last of several
// best), and a denominator below 1e-12 counts as 1e-12. Optimal within tol: max { F_t : t low } - F_i < tol.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

/// A machine inside a matrix of kernel values. The points are one or two runs of the matrix's columns; arrays
/// over points hold run after run, each filled up to a multiple of `lanes`, with `up` = +inf and `low` = -inf
/// in the filling. Row t of the matrix is k + row[t] ldk, and must be readable for the filling too.
struct WorkingSet {
    const double* k;
    index_t ldk;
    const index_t* row;
    index_t column[2];
    index_t length[2];  ///< with the filling
    double* f;
    double* beta;
    const double* lower;
    const double* upper;
    double* up;   ///< 0 where beta may grow, else +inf
    double* low;  ///< 0 where beta may fall, else -inf
    const double* diagonal;
};

struct StepReport {
    index_t steps;
    double first_violation;  ///< before the first step
    double violation;        ///< before the step that was not taken
    bool finished;           ///< below the tolerance, or no step is possible
};

struct WorkingSetKernels {
    int lanes;
    /// Steps until the violation is below max(tolerance, share * first violation), at most `most`.
    void (*solve)(const WorkingSet* set, double tolerance, double share, index_t most, StepReport* report);
    /// least { f + up } and largest { f + low }, with the filling.
    void (*violation)(const double* f, const double* up, const double* low, index_t n, double* least,
                      double* largest);
    /// f[t] += sum_r weight[r] rows[r][t], r in order, for first <= t < last, both multiples of `lanes`.
    void (*accumulate)(const double* const* rows, const double* weight, index_t m, index_t first,
                       index_t last, double* f);
};

MLQA_DECLARE_KERNELS(WorkingSetKernels, working_set)

}  // namespace mlqa
