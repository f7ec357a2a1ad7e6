// The variables of a machine that parts two classes, C-classification or nu-classification.
//
//     C:   p = -y, total 0, alpha_i <= C_i
//     nu:  p = 0, sum_i alpha_i = nu sum_i C_i / 2 in each class, alpha_i <= C_i
//
// (B. Schoelkopf, A. J. Smola, R. C. Williamson and P. L. Bartlett, "New support vector algorithms", Neural
// Computation 12:1207-1245, 2000, in the scaling of LIBSVM). The nu-machine's decision function is divided by
// half of the distance between its two multipliers, so that its margins lie at +-1.
#pragma once

#include <vector>

#include "svm/machine.hpp"
#include "svm/ovo.hpp"

namespace mlqa::svm {

class TwoClasses {
public:
    /// The task for classes a and b, which stands until the next one.
    const Task& task(const Problem& problem, index_t a, index_t b);

private:
    void add(const Problem& problem, index_t c, index_t other, double y);
    void share_out(index_t first, index_t last, double total, double y);

    Task task_;
    std::vector<double> linear_, lower_, upper_, initial_;
};

/// Brings the margins of a nu-machine to +-1; without a margin the result is no number.
void scale_nu(Outcome& outcome);

}  // namespace mlqa::svm
