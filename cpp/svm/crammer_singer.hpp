// One machine of all classes: weights w_m minimise
//
//     sum_m |w_m|^2 / 2 + sum_i C_i max_m (w_m x_i - w_y x_i + [m != y]),   y the class of sample i.
//
// Its dual maximises -sum_m |w_m|^2 / 2 - sum_i sum_{m != y} alpha_im over the coefficients of
// linear_classes.kernel.hpp. Passes over all samples alternate with passes over those that moved.
#pragma once

#include <memory>

#include "svm/linear_machine.hpp"

namespace mlqa::svm {

std::unique_ptr<LinearMachine> crammer_singer_machine(const RowSet& rows, const LinearProblem& problem,
                                                      const LinearSettings& settings);

}  // namespace mlqa::svm
