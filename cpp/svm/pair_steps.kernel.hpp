// Steps of several small classifiers in turn: what one waits for is filled with the work of the others.
//
// A step of 40 points is a chain of two searches, each of which ends in one place, and a division between
// them: 92 ns for one machine, 55 for each of three or four in turn (115 in svm/working_set.kernel.hpp, whose
// runs are longer). Choices are all made before moves, so that a core has both kinds of several machines at
// hand. Steps are those of svm/working_set.kernel.hpp for epsilon = 0 and one sum; of several best places it
// is that in the last lane which counts, of the two classes' the second's.
#pragma once

#include "svm/working_set.kernel.hpp"

namespace mlqa {

/// A machine of two classes inside a symmetric matrix of kernel values: the runs of `variables`, filled up to
/// multiples of a vector, are those of rows as well as of columns.
struct PairSet {
    Variables<double> variables;
    const double* k;
    index_t stride;
    index_t most;  ///< steps
};

struct PairStepsKernels {
    /// Sets that are worked on together, at most.
    int sets;
    /// Steps of each set until its violation is below the tolerance.
    void (*solve)(const PairSet* sets, int count, double tolerance, StepReport* reports);
};

MLQA_DECLARE_KERNELS(PairStepsKernels, pair_steps)

}  // namespace mlqa
