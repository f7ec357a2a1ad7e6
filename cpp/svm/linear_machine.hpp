// What the solvers of linear machines share: one machine's task, its outcome, and the certificate.
#pragma once

#include <memory>

#include "svm/linear.hpp"

namespace mlqa::svm {

/// Arrays over rows, filled up to a multiple of 8 with rows that cost nothing.
struct LinearTask {
    LinearTask(const LinearProblem& problem, index_t output);

    index_t rows, padded;
    arena::Buffer<double> low, high, cost;
    double smaller_share;  ///< rows of the smaller class over all rows; 1 for values
};

class LinearMachine {
public:
    LinearMachine(const RowSet& rows, const LinearSettings& settings) : rows_(rows), settings_(settings) {}
    virtual ~LinearMachine() = default;
    /// Works for some milliseconds; true once the outcome is there.
    virtual bool advance(int n_threads) = 0;

    /// One row of weights after the other, RowSet::length() numbers each.
    arena::Buffer<double> weights;
    index_t passes = 0;
    double gap = 0.0, objective = 0.0;
    Status status = Status::ok;

protected:
    /// Whether a limit ends the work, which `status` then names.
    bool limited();

    const RowSet& rows_;
    const LinearSettings& settings_;
};

/// Primal objective and gap of weights w with the dual coefficients beta. `power` is p.
void certify_l2(const RowSet& rows, const LinearTask& task, int power, const double* w, const double* beta,
                int n_threads, LinearMachine& machine);

std::unique_ptr<LinearMachine> dual_machine(const RowSet& rows, const LinearProblem& problem,
                                            const LinearSettings& settings, index_t output);
std::unique_ptr<LinearMachine> primal_machine(const RowSet& rows, const LinearProblem& problem,
                                              const LinearSettings& settings, index_t output);

}  // namespace mlqa::svm
