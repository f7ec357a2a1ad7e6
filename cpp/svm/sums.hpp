// Weighted sums of kernel values of dense points in double, for the exact gradient: no value is kept.
#pragma once

#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/rows.hpp"

namespace mlqa::svm {

/// What products are made in: double, or fixed point for sets that are fixed().usable().
enum class Numbers { doubles, fixed };

/// out[q] = sum_s weight[s] k(query[q], support[s]) for positions in the set: values and sums in double,
/// added up in an order that depends on the support alone.
Status kernel_sums(const PointSet& set, const index_t* query, index_t n, const index_t* support,
                   const double* weight, index_t m, Numbers numbers, double* out, int n_threads);
/// out[s] = sum_t weight[t] k(points[s], points[t]): as kernel_sums() of the points with themselves, up to
/// the order of the sums, at half the cost.
Status mutual_kernel_sums(const PointSet& set, const index_t* points, const double* weight, index_t m,
                          Numbers numbers, double* out, int n_threads);
/// Bounds what fixed point adds to the error of a kernel value here.
double fixed_error(const PointSet& set);

/// How to sum, and what the numbers add to the error of a sum.
struct Summation {
    Numbers numbers;
    double error;
};
/// In fixed point where a sum with coefficients of total size `weight` errs by less than a thousandth of the
/// tolerance.
Summation summation(const PointSet& set, double weight, double tolerance);

}  // namespace mlqa::svm
