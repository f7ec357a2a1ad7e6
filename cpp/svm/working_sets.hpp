// Which points a batched machine works on next: those that violate optimality most, in turn from above and
// below, beside the better half of the set before.
#pragma once

#include <utility>
#include <vector>

#include "core/array.hpp"
#include "svm/machine.hpp"

namespace mlqa::svm {

class WorkingSets {
public:
    /// Sets of at most `size` places of `state`.
    WorkingSets(const State& state, index_t size);

    /// The next set; the places of the first group stand first.
    const std::vector<index_t>& choose();
    /// `first` and those that violate most in its group, at most `size` in all, none of which was taken
    /// before.
    const std::vector<index_t>& take(index_t first);
    /// Places became others: now[place], or -1 where one is at rest.
    void renumber(const std::vector<index_t>& now);
    /// Sets of at most `size` places, and nothing is remembered of those before.
    void restart(index_t size);

private:
    struct Violator {
        double slope;
        index_t place;
        bool operator<(const Violator& other) const {
            return slope != other.slope ? slope < other.slope : place < other.place;
        }
    };
    void list(std::vector<Violator>& violators, int group, double sign, double limit, index_t wanted);

    const State& state_;
    index_t size_;
    std::vector<Violator> sides_[4];  ///< of each group those to grow and those to fall
    std::vector<char> chosen_;
    std::vector<index_t> set_, recent_, found_;
};

}  // namespace mlqa::svm
