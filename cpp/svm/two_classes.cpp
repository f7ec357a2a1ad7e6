#include "svm/two_classes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace mlqa::svm {

const Task& TwoClasses::task(const Problem& problem, index_t a, index_t b) {
    for (std::vector<double>* numbers : {&linear_, &lower_, &upper_, &initial_}) numbers->clear();
    task_ = Task{};
    add(problem, a, b, 1.0);
    add(problem, b, a, -1.0);
    task_.first = problem.size(a);
    task_.second = problem.size(b);
    if (problem.nu > 0) {
        const double weight =
            std::accumulate(problem.bound + problem.start[a], problem.bound + problem.start[a + 1], 0.0) +
            std::accumulate(problem.bound + problem.start[b], problem.bound + problem.start[b + 1], 0.0);
        const double total = problem.nu * weight / 2;
        task_.grouped = true;
        task_.total[0] = total;
        task_.total[1] = -total;
        if (problem.initial == nullptr) {
            share_out(0, task_.first, total, 1.0);
            share_out(task_.first, task_.size(), total, -1.0);
        }
    }
    task_.linear = linear_.data();
    task_.lower = lower_.data();
    task_.upper = upper_.data();
    task_.initial = initial_.empty() ? nullptr : initial_.data();
    return task_;
}

void TwoClasses::add(const Problem& problem, index_t c, index_t other, double y) {
    const index_t row = other > c ? other - 1 : other;
    for (index_t i = problem.start[c]; i < problem.start[c + 1]; ++i) {
        linear_.push_back(problem.nu > 0 ? 0.0 : -y);
        lower_.push_back(y > 0 ? 0.0 : -problem.bound[i]);
        upper_.push_back(y > 0 ? problem.bound[i] : 0.0);
        if (problem.initial != nullptr)
            initial_.push_back(std::clamp(problem.initial[row * problem.start[problem.classes] + i],
                                          lower_.back(), upper_.back()));
    }
}

/// Coefficients that sum to y total: the first ones at their bounds.
void TwoClasses::share_out(index_t first, index_t last, double total, double y) {
    initial_.resize(static_cast<std::size_t>(last), 0.0);
    for (index_t i = first; i < last; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const double alpha = std::min(total, upper_[at] - lower_[at]);
        initial_[at] = y * alpha;
        total -= alpha;
    }
}

void scale_nu(Outcome& outcome) {
    double r = (outcome.rho[0] - outcome.rho[1]) / 2;
    // A margin within the rounding of the slopes is none: at this nu the classes cannot be parted.
    if (!(std::abs(r) > outcome.error)) r = std::numeric_limits<double>::quiet_NaN();
    for (double& b : outcome.beta) b /= r;
    outcome.rho[0] = outcome.rho[1] = (outcome.rho[0] + outcome.rho[1]) / 2 / r;
    outcome.objective /= r * r;
    outcome.gap /= r * r;
}

}  // namespace mlqa::svm
