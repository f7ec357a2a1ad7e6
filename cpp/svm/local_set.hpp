// A working set by itself: the variables and kernel values of its places, in double, and the steps among
// them.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "svm/machine.hpp"
#include "svm/row_store.hpp"

namespace mlqa::svm {

class LocalSet {
public:
    /// Steps among the places `set` of `state`, those of the first group in front, whose rows are at hand:
    /// until their violation is below max(tolerance, share * what it was).
    StepReport solve(const State& state, RowStore& store, const std::vector<index_t>& set, double tolerance,
                     double share, index_t most);
    /// The coefficient of set[r] after the steps.
    double beta(std::size_t r) const { return beta_[static_cast<std::size_t>(local_[r])]; }

private:
    void make_room(index_t places);
    void take(const State& state, const std::vector<index_t>& set);

    index_t room_ = 0;
    std::vector<index_t> local_;  ///< places in here
    std::vector<const double*> rows_;
    arena::Buffer<double> k_, f_, beta_, lower_, upper_, up_, low_, diagonal_;
};

}  // namespace mlqa::svm
