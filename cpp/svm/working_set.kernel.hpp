// Sequential minimal optimisation inside a block of kernel values, and the passes over all points around it.
//
// The dual of every machine, in signed coefficients:
//
//     minimise  1/2 beta' K beta + p' beta + epsilon |beta|_1    over  sum_i beta_i = total,
//                                                                      lower_i <= beta_i <= upper_i,
//
// with lower <= 0 <= upper. A classifier has beta_i = y_i alpha_i, p = -y, epsilon = 0, [lower, upper] =
// [0, C_i] for y_i = 1 and [-C_i, 0] for y_i = -1; regression has p = -z, [-C_i, C_i] and epsilon, where
// beta_i = alpha_i - alpha_i^* and one of the two is 0; one class has p = 0 and [0, C_i]. The nu-machines
// keep one sum in each of two groups: pairs lie within a group.
//
// With the gradient of the smooth part F = K beta + p, beta_t grows at the slope U_t = F_t + up_t and falls
// at L_t = F_t + low_t: up and low are +-epsilon by the sign that beta gets, infinite at a bound. A step
// moves delta from beta_j to beta_i, at most until either meets a bound or 0:
//
//     i = argmin { U_t },
//     j = argmax { (L_t - U_i)^2 / (K_ii + K_tt - 2 K_it) : L_t > U_i },
//
// second-order selection (R.-E. Fan, P.-H. Chen and C.-J. Lin, "Working set selection using second order
// information for training support vector machines", JMLR 6:1889-1918, 2005, WSS 2; the last of several
// best), and a denominator below 1e-12 counts as 1e-12; of two groups the pair with the larger quotient.
// Optimal within tol: max { L_t } - min { U_t } < tol in every group.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

/// The variables of a machine whose points are one or two runs of columns of kernel values; arrays hold run
/// after run, each filled up to a multiple of four vectors of T, with `up` = +inf and `low` = -inf in the
/// filling.
template <class T>
struct Variables {
    index_t column[2];  ///< where the runs begin
    index_t length[2];  ///< with the filling
    T* f;
    double* beta;
    const double* lower;
    const double* upper;
    T* up;   ///< +-epsilon where beta may grow, else +inf
    T* low;  ///< +-epsilon where beta may fall, else -inf
    const T* diagonal;
    double epsilon;
    bool grouped;  ///< the two runs are two groups
};

/// Variables and their kernel values: a row a variable, which must be readable for the filling too; nullptr
/// where its values are not there. The filling has no rows.
template <class T>
struct WorkingSet {
    Variables<T> variables;
    const T* const* rows;
};

struct StepReport {
    index_t steps;
    double first_violation;  ///< before the first step
    double violation;        ///< before the step that was not taken
    double moved;            ///< sum of the |delta| of the steps
    index_t missing;         ///< the variable whose row the next step needs, or -1
    bool finished;           ///< below the tolerance, or no step is possible
};

template <class T>
using Solve = void (*)(const WorkingSet<T>* set, double tolerance, double share, index_t most,
                       StepReport* report);

struct WorkingSetKernels {
    int lanes;  ///< of a vector of double
    /// Steps until the violation is below max(tolerance, share * first violation), at most `most`, as far as
    /// there are rows.
    Solve<double> solve;
    Solve<float> solve_float;
    /// least { f + up } and largest { f + low }, with the filling.
    void (*violation)(const double* f, const double* up, const double* low, index_t n, double* least,
                      double* largest);
    /// Writes those first <= t < last with sign (f[t] + penalty[t]) < threshold to `out`, in order, and
    /// returns how many they are. `first` and `last` are multiples of `lanes`.
    index_t (*violators)(const double* f, const double* penalty, double sign, index_t first, index_t last,
                         double threshold, index_t* out);
    /// f[t] += sum_r weight[r] rows[r][t], r in order, for first <= t < last, both multiples of `lanes`.
    void (*accumulate)(const double* const* rows, const double* weight, index_t m, index_t first,
                       index_t last, double* f);
};

MLQA_DECLARE_KERNELS(WorkingSetKernels, working_set)

}  // namespace mlqa
