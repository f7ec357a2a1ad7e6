// Steps over all points of a small machine, in float: rounds with working sets would cost it more than they
// save. Rows are computed as steps come to need them, with those of the points that violate most beside.
//
// The gradient that steps are chosen by is carried along in float, and errs. So it counts for nothing: once
// it says that the aim is reached, F is summed up in double from where it began,
//
//     F = F_0 + sum_j (beta_j - beta_j0) k_j,
//
// with the float values k of the rows, whose error is known (row_source.hpp).
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/machine.hpp"
#include "svm/row_store.hpp"

namespace mlqa::svm {

class FloatSteps {
public:
    /// The parts of the task begin at these columns of the rows, which `points` points have.
    FloatSteps(const State& state, const index_t column[2], index_t points);

    /// From F and beta as they are now.
    void begin(const State& state);
    bool under_way() const { return under_way_; }
    /// Steps from beta on, until the violation is below the tolerance or a row is missing.
    StepReport steps(State& state, RowStore& store, double tolerance, index_t most);
    /// F, up and low of `state` as the steps see them.
    void show(State& state) const;
    /// Ends it: F in double, and spread_t = sum_j |beta_j| k(t, j).
    Status finish(State& state, RowStore& store, int n_threads);

private:
    /// sum[t] += sum_j weight_j k(t, j), from the rows of places whose weights are not 0.
    template <class Weight>
    Status add(const State& state, RowStore& store, Weight weight, double* sum, int n_threads);

    index_t column_[2];
    std::vector<index_t> column_of_;  ///< of a place
    arena::Buffer<float> f_, up_, low_, diagonal_;
    arena::Buffer<double> first_f_, first_beta_;
    bool under_way_ = false;
};

}  // namespace mlqa::svm
