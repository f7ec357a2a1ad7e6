// A working set by itself: the variables and kernel values of its places, in double, and the steps among
// them.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/machine.hpp"
#include "svm/row_store.hpp"

namespace mlqa::svm {

class LocalSet {
public:
    /// Takes the places `set` of `state`, those of the first group in front, whose rows are at hand.
    Status take(const State& state, RowStore& store, const std::vector<index_t>& set, int n_threads);
    /// Steps until their violation is below max(tolerance, share * what it was).
    StepReport solve(double tolerance, double share, index_t most);
    /// The coefficient of set[r] after the steps.
    double beta(std::size_t r) const { return beta_[static_cast<std::size_t>(local_[r])]; }

private:
    void make_room(index_t places);
    void take_variables(const State& state, const std::vector<index_t>& set);

    index_t room_ = 0;
    index_t length_[2] = {0, 0};
    double epsilon_ = 0.0;
    bool grouped_ = false;
    std::vector<index_t> local_;  ///< places in here
    std::vector<const double*> rows_;
    arena::Buffer<double> k_, f_, beta_, lower_, upper_, up_, low_, diagonal_;
};

}  // namespace mlqa::svm
