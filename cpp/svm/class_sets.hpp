// The working sets of a machine of all classes: which points a round takes, and their problem by itself.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/class_coefficients.hpp"
#include "svm/row_store.hpp"

namespace mlqa::svm {

/// The points that violate most, most violating first, beside the better half of those before.
class ClassSets {
public:
    explicit ClassSets(const ClassCoefficients& state)
        : state_(state), chosen_(static_cast<std::size_t>(state.size()), 0) {}

    /// At most `size` places, and of those that are new none that violates by `least` or less.
    const std::vector<index_t>& choose(index_t size, double least);
    /// Places became others: those `kept`, of n.
    void renumber(const std::vector<index_t>& kept, index_t n);
    /// Nothing is remembered of the sets before.
    void forget() { recent_.clear(); }

private:
    const ClassCoefficients& state_;
    std::vector<char> chosen_;
    std::vector<index_t> set_, recent_;
};

/// A working set by itself, in double.
class LocalClasses {
public:
    /// Takes the places `set` of `state`, whose rows are at hand.
    Status take(const ClassCoefficients& state, RowStore& store, const std::vector<index_t>& set,
                int n_threads);
    /// Steps until no point violates by more than `tolerance`, at most `most` in all, which `steps` counts.
    Status solve(ClassLoss loss, double tolerance, index_t most, index_t& steps);
    /// The coefficient of the r-th of the set after the steps.
    double beta(index_t r, index_t m) const { return set_.beta[r * set_.width + m]; }

private:
    Status sweep(ClassLoss loss, double tolerance, index_t most, index_t& queued, index_t& steps);
    void make_room(index_t stride, index_t classes, index_t width);

    index_t room_for_ = 0;
    ClassSet set_{};
    arena::Buffer<double> k_, slope_, beta_, bound_, room_;
    arena::Buffer<index_t> label_, queue_, place_;
};

}  // namespace mlqa::svm
