#include "svm/class_sets.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/cancel.hpp"

namespace mlqa::svm {
namespace {

/// Numbers of a point's classes, which lie far apart, and of rows that are worked on for some milliseconds.
constexpr index_t some_work = 10'000'000;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

}  // namespace

const std::vector<index_t>& ClassSets::choose(index_t size, double least) {
    recent_.resize(std::min(recent_.size(), at(size / 2)));
    for (const index_t p : recent_) chosen_[at(p)] = 1;
    set_.clear();
    for (index_t p = 0; p < state_.active(); ++p)
        if (state_.violation(p) > least && chosen_[at(p)] == 0) set_.push_back(p);
    for (const index_t p : recent_) chosen_[at(p)] = 0;
    const std::size_t wanted = at(size) - recent_.size();
    const auto worse = [&](index_t a, index_t b) {
        const double of_a = state_.violation(a), of_b = state_.violation(b);
        return of_a != of_b ? of_a > of_b : a < b;
    };
    if (set_.size() > wanted) {
        std::nth_element(set_.begin(), set_.begin() + static_cast<std::ptrdiff_t>(wanted), set_.end(), worse);
        set_.resize(wanted);
    }
    std::sort(set_.begin(), set_.end(), worse);
    set_.insert(set_.end(), recent_.begin(), recent_.end());
    recent_.assign(set_.begin(), set_.begin() + static_cast<std::ptrdiff_t>(set_.size() / 2));
    return set_;
}

void ClassSets::renumber(const std::vector<index_t>& kept, index_t n) {
    std::vector<index_t> now(at(n), -1), left;
    for (std::size_t j = 0; j < kept.size(); ++j) now[at(kept[j])] = static_cast<index_t>(j);
    for (const index_t p : recent_)
        if (now[at(p)] >= 0) left.push_back(now[at(p)]);
    recent_ = std::move(left);
}

Status LocalClasses::take(const ClassCoefficients& state, RowStore& store, const std::vector<index_t>& set,
                          int n_threads) {
    const index_t m = static_cast<index_t>(set.size()), lanes = all_at_once_kernels().lanes;
    const index_t stride = round_up(m, lanes), width = round_up(state.classes(), lanes);
    make_room(stride, state.classes(), width);
    for (index_t r = 0; r < m; ++r) {
        label_[at(r)] = state.label()[set[at(r)]];
        bound_[at(r)] = state.bound()[set[at(r)]];
    }
    for (index_t c = 0; c < state.classes(); ++c)
        for (index_t r = 0; r < m; ++r) {
            slope_[at(c * stride + r)] = state.slope(c, set[at(r)]);
            beta_[at(r * width + c)] = state.beta(c, set[at(r)]);
        }
    set_ = {m,
            state.classes(),
            stride,
            width,
            k_.data(),
            slope_.data(),
            beta_.data(),
            label_.data(),
            bound_.data(),
            room_.data(),
            queue_.data()};
    return store.block(place_.data(), stride, k_.data(), n_threads);
}

Status LocalClasses::solve(ClassLoss loss, double tolerance, index_t most, index_t& steps) {
    // All points, and then those that moved until they no longer do.
    for (bool moved = true; moved && steps < most;) {
        std::iota(queue_.begin(), queue_.begin() + set_.points, index_t{0});
        index_t queued = set_.points;
        for (moved = false; queued > 0 && steps < most; moved = moved || queued > 0) {
            const Status status = sweep(loss, tolerance, most, queued, steps);
            if (status != Status::ok) return status;
        }
    }
    return Status::ok;
}

/// A step of each queued point that violates; those stay queued.
Status LocalClasses::sweep(ClassLoss loss, double tolerance, index_t most, index_t& queued, index_t& steps) {
    const index_t some = some_work / (20 * set_.classes + 8 * set_.stride) + 1;
    index_t moving = 0;
    for (index_t first = 0; first < queued; first += some) {
        if (cancel::poll()) return Status::cancelled;
        moving = all_at_once_kernels().sweep(loss, &set_, first, std::min(queued, first + some), tolerance,
                                             most, moving, &steps);
    }
    queued = moving;
    return Status::ok;
}

void LocalClasses::make_room(index_t stride, index_t classes, index_t width) {
    if (stride <= room_for_) return;
    room_for_ = stride;
    k_ = arena::Buffer<double>(at(stride) * at(stride), 0.0);
    slope_ = arena::Buffer<double>(at(classes) * at(stride), 0.0);
    beta_ = arena::Buffer<double>(at(stride) * at(width), 0.0);
    bound_ = arena::Buffer<double>(at(stride));
    room_ = arena::Buffer<double>(at(width));
    for (arena::Buffer<index_t>* a : {&label_, &queue_, &place_}) *a = arena::Buffer<index_t>(at(stride));
    std::iota(place_.begin(), place_.end(), index_t{0});
}

}  // namespace mlqa::svm
