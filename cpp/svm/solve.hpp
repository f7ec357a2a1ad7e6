// One machine over one set of points: regression, one class, and what else has the form of
// working_set.kernel.hpp.
#pragma once

#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/machine.hpp"
#include "svm/rows.hpp"
#include "svm/smo.hpp"

namespace mlqa::svm {

struct SingleProblem {
    Points points;
    KernelFunction function;
    const index_t* index = nullptr;  ///< the points of the machine
    index_t size = 0;
    Task task;  ///< size variables, or twice as many
};

/// Status::cancelled leaves `outcome` unusable; outcome.status says how the machine ended. Kernel values that
/// are not finite give a rho that is no number. Progress is reported as in ovo.hpp.
Status solve(const SingleProblem& problem, const Settings& settings, Outcome& outcome);

}  // namespace mlqa::svm
