#include "svm/working_sets.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "svm/working_set.kernel.hpp"

namespace mlqa::svm {
namespace {

constexpr index_t sample_size = 64;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

}  // namespace

WorkingSets::WorkingSets(const State& state, index_t size)
    : state_(state), size_(size), chosen_(at(state.length()), 0), found_(at(state.length())) {}

const std::vector<index_t>& WorkingSets::choose() {
    if (size_ < 8) recent_.clear();  // the pair that violates most needs the room
    for (const index_t p : recent_) chosen_[at(p)] = 1;
    const index_t wanted = size_ - static_cast<index_t>(recent_.size());
    // The group that is further from its optimum comes first: a set may hold a single pair.
    double violation[2] = {0, 0};
    std::size_t longest = 0;
    for (int g = 0; g < state_.groups(); ++g) {
        double least = 0, largest = 0;
        state_.extremes(g, least, largest);
        violation[g] = largest - least;
        list(sides_[2 * g], g, 1.0, largest, wanted);
        list(sides_[2 * g + 1], g, -1.0, -least, wanted);
        longest = std::max({longest, sides_[2 * g].size(), sides_[2 * g + 1].size()});
    }
    if (state_.grouped() && violation[1] > violation[0])
        std::rotate(std::begin(sides_), std::begin(sides_) + 2, std::end(sides_));
    set_.clear();
    for (std::size_t r = 0; r < longest; ++r)
        for (const std::vector<Violator>& side : sides_) {
            if (r >= side.size() || static_cast<index_t>(set_.size()) >= wanted) continue;
            const index_t p = side[r].place;
            if (chosen_[at(p)]) continue;
            set_.push_back(p);
            chosen_[at(p)] = 1;
        }
    set_.insert(set_.end(), recent_.begin(), recent_.end());
    for (const index_t p : set_) chosen_[at(p)] = 0;
    recent_.assign(set_.begin(), set_.begin() + static_cast<std::ptrdiff_t>(set_.size() / 2));
    if (state_.grouped()) {
        const index_t boundary = state_.lengths()[0];
        std::stable_partition(set_.begin(), set_.end(), [=](index_t p) { return p < boundary; });
    }
    return set_;
}

/// Those with sign * slope below `limit`, the `wanted` least, most violating first.
void WorkingSets::list(std::vector<Violator>& violators, int group, double sign, double limit,
                       index_t wanted) {
    const double* f = state_.f.data();
    const double* penalty = sign > 0 ? state_.up.data() : state_.low.data();
    const auto slope = [&](index_t p) { return sign * (f[p] + penalty[p]); };
    const auto search = [&](double threshold) {
        return working_set_kernels().violators(f, penalty, sign, state_.group_begin(group),
                                               state_.group_end(group), threshold, found_.data());
    };
    const index_t needed = wanted + static_cast<index_t>(recent_.size());
    index_t n = search(limit);
    if (n > 4 * needed && n > 4 * sample_size) {
        // Of many, those below what a sample says is enough.
        double sample[sample_size];
        for (index_t s = 0; s < sample_size; ++s) sample[s] = slope(found_[at(s * n / sample_size)]);
        const index_t rank = needed * sample_size * 3 / (2 * n) + 2;
        std::nth_element(sample, sample + rank, sample + sample_size);
        n = search(sample[rank]);
        if (n < needed) n = search(limit);
    }
    violators.clear();
    if (wanted <= 0) return;
    double worst = HUGE_VAL;
    const auto trim = [&] {
        std::nth_element(violators.begin(), violators.begin() + wanted - 1, violators.end());
        violators.resize(at(wanted));
        worst = violators.back().slope;
    };
    for (index_t r = 0; r < n; ++r) {
        const index_t p = found_[at(r)];
        if (slope(p) >= worst || chosen_[at(p)]) continue;
        violators.push_back({slope(p), p});
        if (static_cast<index_t>(violators.size()) == 2 * wanted) trim();
    }
    if (static_cast<index_t>(violators.size()) > wanted) trim();
    std::sort(violators.begin(), violators.end());
}

const std::vector<index_t>& WorkingSets::take(index_t first) {
    const int g = state_.grouped() && first >= state_.group_begin(1) ? 1 : 0;
    double least = 0, largest = 0;
    state_.extremes(g, least, largest);
    chosen_[at(first)] = 1;
    set_.assign(1, first);
    list(sides_[0], g, 1.0, largest, size_ / 2);
    list(sides_[1], g, -1.0, -least, size_ / 2);
    for (int side = 0; side < 2; ++side)
        for (const Violator& v : sides_[side]) {
            if (chosen_[at(v.place)] || static_cast<index_t>(set_.size()) >= size_) continue;
            set_.push_back(v.place);
            chosen_[at(v.place)] = 1;
        }
    return set_;
}

void WorkingSets::renumber(const std::vector<index_t>& now) {
    std::vector<index_t> left;
    for (const index_t p : recent_)
        if (now[at(p)] >= 0) left.push_back(now[at(p)]);
    recent_ = std::move(left);
}

void WorkingSets::restart(index_t size) {
    size_ = size;
    recent_.clear();
    std::fill(chosen_.begin(), chosen_.end(), char{0});
}

}  // namespace mlqa::svm
