// One-vs-one: a binary machine for every two of k classes, (0, 1), (0, 2), ..., (k-2, k-1), the first class
// of a pair as y = 1 (S. Knerr, L. Personnaz and G. Dreyfus, 1990; LIBSVM's order).
//
// Many small classes of dense points are taken by tiles (class_tiles.hpp). Of the other machines, where there
// are few points, or every machine is small, and the kernel matrix of all points fits the cache, it is
// computed once and the machines work inside it; otherwise each machine has its own rows, of dense points
// that are prepared once for all (class_points.hpp). Small machines share the threads, in groups whose kernel
// values together fit the cache; large ones have all threads in turn. No choice depends on the number of
// threads, and each machine is solved in one order of operations.
#pragma once

#include <vector>

#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/coefficients.hpp"
#include "svm/pairs.hpp"
#include "svm/rows.hpp"
#include "svm/smo.hpp"

namespace mlqa::svm {

struct Problem {
    Points points;
    KernelFunction function;
    index_t classes = 0;
    const index_t* order = nullptr;  ///< the points sorted by class
    const index_t* start = nullptr;  ///< classes + 1 offsets into `order`
    const double* bound = nullptr;   ///< C_i, in the sorted order
    double nu = 0.0;                 ///< positive: nu-classification (two_classes.hpp)
    /// Coefficients to begin with, (classes - 1) x points in the sorted order and LIBSVM's layout, or
    /// nullptr.
    const double* initial = nullptr;

    index_t size(index_t c) const { return start[c + 1] - start[c]; }
    index_t machines() const { return pairs_of(classes); }
};

struct Model {
    Coefficients dual_coef;
    std::vector<double> rho;        ///< a machine
    std::vector<index_t> steps;     ///< a machine
    double violation = 0.0;         ///< the largest
    std::vector<double> objective;  ///< a machine
    double gap = 0.0;               ///< the sum over the machines
    Status status = Status::ok;     ///< not_converged or time_limit if a machine ended so
};

/// Status::cancelled leaves `model` unusable. The progress that is reported is not a share of the work, which
/// nobody knows: the machines done, the coefficients that are not 0 in all of them, the largest violation.
Status fit(const Problem& problem, const Settings& settings, Model& model);

}  // namespace mlqa::svm
