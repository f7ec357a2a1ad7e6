// Machines that each part some of k classes from some others, as a code book says: one-vs-rest and
// error-correcting output codes (T. G. Dietterich and G. Bakiri, "Solving multiclass learning problems via
// error-correcting output codes", JAIR 2:263-286, 1995; with zeros E. L. Allwein, R. E. Schapire and
// Y. Singer, "Reducing multiclass to binary", JMLR 1:113-141, 2000).
//
// Machine m has the points of classes with code 1 as y = 1 and those with code -1 as y = -1; classes with 0
// take no part. Machines that all classes take part in share one set of points: its norms, its centre, its
// packed rows, and, where it is small and fits the cache, its kernel matrix.
#pragma once

#include <cstdint>
#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/rows.hpp"
#include "svm/smo.hpp"

namespace mlqa::svm {

struct CodeBook {
    Points points;
    KernelFunction function;
    index_t classes = 0, machines = 0;
    const index_t* order = nullptr;     ///< the points sorted by class
    const index_t* start = nullptr;     ///< classes + 1 offsets into `order`
    const std::int8_t* code = nullptr;  ///< classes x machines: 1, -1, 0
    const double* bound = nullptr;      ///< C_i, in the sorted order
    const double* weight = nullptr;     ///< classes x machines: factors of C_i; nullptr: 1
    const double* initial = nullptr;    ///< machines x points, coefficients to begin with; nullptr: 0

    index_t total() const { return start[classes]; }
    std::int8_t of(index_t c, index_t m) const { return code[c * machines + m]; }
};

/// All machines over all support vectors, which are sorted by class.
struct CodeModel {
    std::vector<index_t> support;        ///< positions in the sorted order
    std::vector<index_t> support_count;  ///< a class
    arena::Buffer<double> dual_coef;     ///< machines x support.size()
    std::vector<double> rho;             ///< a machine
    std::vector<index_t> steps;          ///< a machine
    double violation = 0.0;              ///< the largest
    std::vector<double> objective;       ///< a machine
    double gap = 0.0;                    ///< the sum over the machines
    Status status = Status::ok;          ///< not_converged or time_limit if a machine ended so
};

/// Status::cancelled leaves `model` unusable. A machine whose kernel values are not finite has a rho that is
/// no number. Progress is reported as in ovo.hpp.
Status fit(const CodeBook& book, const Settings& settings, CodeModel& model);

}  // namespace mlqa::svm
