// Machines with |w|_1 in the place of |w|_2^2 / 2: columns, and coordinate descent over features.
//
// The certificate: coefficients beta_i = 2 C_i e_i, shrunk until |sum_i beta_i x_ij| <= 1 for every feature
// and by the best factor below, are feasible in the dual
//
//     max sum_i (low_i beta_i^+ - high_i beta_i^-) - sum_i beta_i^2 / (4 C_i).
#pragma once

#include <memory>

#include "svm/linear_columns.kernel.hpp"
#include "svm/linear_machine.hpp"

namespace mlqa::svm {

/// The features of a set of rows, the constant last where there is one.
class ColumnSet {
public:
    explicit ColumnSet(const RowSet& rows);
    const LinearColumns& view() const { return view_; }
    index_t columns() const { return columns_; }
    /// sum_i c_i x_ij^2.
    double squares(index_t j, const double* c) const;

private:
    void transpose_dense(const RowSet& rows);
    void transpose_sparse(const RowSet& rows);

    index_t rows_, columns_;
    arena::Buffer<double> values_;
    arena::Buffer<std::int32_t> indices_;
    arena::Buffer<index_t> offsets_;
    LinearColumns view_{};
};

std::unique_ptr<LinearMachine> l1_machine(const RowSet& rows, const ColumnSet& columns,
                                          const LinearProblem& problem, const LinearSettings& settings,
                                          index_t output);

}  // namespace mlqa::svm
