#include "svm/class_coefficients.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace mlqa::svm {
namespace {

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;

/// As rows of kernel values of any precision ask.
index_t filled(index_t n) {
    return (n + State::filling() - 1) / State::filling() * State::filling();
}

}  // namespace

ClassCoefficients::ClassCoefficients(const ClassProblem& problem)
    : loss_(problem.loss),
      size_(problem.size),
      classes_(problem.classes),
      stride_(filled(problem.size)),
      slope_(at(classes_) * at(stride_), 0.0),
      beta_(at(classes_) * at(stride_), 0.0),
      bound_(at(stride_), 0.0),
      violation_(at(stride_), 0.0),
      label_(at(stride_), 0) {
    std::copy(problem.label, problem.label + size_, label_.data());
    std::copy(problem.bound, problem.bound + size_, bound_.data());
    if (problem.initial != nullptr) begin_at(problem.initial);
    reset_slopes();
    renew(0, stride_);
}

void ClassCoefficients::begin_at(const double* initial) {
    for (index_t i = 0; i < size_; ++i) {
        const double cost = bound_[at(i)];
        const auto of_class = [&](index_t m) {
            return std::clamp(initial[m * size_ + i], loss_ == ClassLoss::weston_watkins ? -cost : -HUGE_VAL,
                              0.0);
        };
        double total = 0.0;
        for (index_t m = 0; m < classes_; ++m)
            if (m != label_[at(i)]) total -= of_class(m);
        const bool scaled = loss_ == ClassLoss::crammer_singer && total > cost;
        for (index_t m = 0; m < classes_; ++m)
            set_beta(m, i, scaled ? of_class(m) * (cost / total) : of_class(m));
        set_beta(label_[at(i)], i, scaled ? cost : total);
    }
}

void ClassCoefficients::reset_slopes() {
    for (index_t m = 0; m < classes_; ++m)
        for (index_t i = 0; i < size_; ++i) *slope(m, i) = margin(m, i);
}

/// Place p becomes what place from[p] was.
void ClassCoefficients::reorder(const std::vector<index_t>& from) {
    std::vector<double> before(from.size());
    const auto move = [&](double* array) {
        std::copy_n(array, from.size(), before.begin());
        for (std::size_t p = 0; p < from.size(); ++p) array[p] = before[at(from[p])];
    };
    for (index_t m = 0; m < classes_; ++m) {
        move(slope_.data() + m * stride_);
        move(beta_.data() + m * stride_);
    }
    move(bound_.data());
    move(violation_.data());
    const std::vector<index_t> labels(label_.data(), label_.data() + from.size());
    for (std::size_t p = 0; p < from.size(); ++p) label_[p] = labels[at(from[p])];
}

void ClassCoefficients::rest(const std::vector<index_t>& kept) {
    std::vector<index_t> from(kept);
    for (index_t p = 0, next = 0; p < active(); ++p) {
        if (at(next) < kept.size() && kept[at(next)] == p)
            ++next;
        else
            from.push_back(p);
    }
    if (order_.empty()) {
        order_.resize(at(size_));
        std::iota(order_.begin(), order_.end(), index_t{0});
    }
    std::vector<index_t> order(order_);
    for (std::size_t p = 0; p < from.size(); ++p) order[p] = order_[at(from[p])];
    order_ = std::move(order);
    reorder(from);
    active_ = static_cast<index_t>(kept.size());
}

void ClassCoefficients::wake() {
    std::vector<index_t> from(at(size_));
    for (index_t p = 0; p < size_; ++p) from[at(order_[at(p)])] = p;
    reorder(from);
    order_.clear();
    active_ = 0;
}

void ClassCoefficients::renew(index_t first, index_t last) {
    const ClassNumbers numbers = {classes_,     stride_,       slope_.data(),
                                  beta_.data(), label_.data(), bound_.data()};
    all_at_once_kernels().violations(loss_, &numbers, first, last, violation_.data());
}

double ClassCoefficients::worst() const {
    double worst = 0.0;
    for (index_t i = 0; i < active(); ++i)
        if (!(violation_[at(i)] <= worst)) worst = violation_[at(i)];
    return worst;
}

bool ClassCoefficients::beyond_margin(index_t i, double error) const {
    const index_t own = label_[at(i)];
    const double most = slope(own, i) - error;
    for (index_t m = 0; m < classes_; ++m)
        if (m != own && !(slope(m, i) < most)) return false;
    return true;
}

std::vector<index_t> ClassCoefficients::support() const {
    std::vector<index_t> points;
    for (index_t i = 0; i < size_; ++i)
        if (in_support(i)) points.push_back(i);
    return points;
}

double ClassCoefficients::weight() const {
    double most = 0.0;
    for (index_t m = 0; m < classes_; ++m) {
        double sum = 0.0;
        for (index_t i = 0; i < size_; ++i) sum += std::abs(beta(m, i));
        most = std::max(most, sum);
    }
    return most;
}

double ClassCoefficients::rounding(double largest) const {
    const auto terms = static_cast<double>(support().size());
    return 1.01 * unit_roundoff * (terms + 2.0) * (weight() * largest + 1.0);
}

/// A point's share of the gap, with the sum of its coefficients and its largest slope.
double ClassCoefficients::slack(index_t i, double& sum, double& largest) const {
    const index_t own = label_[at(i)];
    const double cost = bound_[at(i)], own_slope = slope(own, i);
    double most = own_slope, share = 0.0;
    sum = largest = 0.0;
    for (index_t m = 0; m < classes_; ++m) {
        sum += beta(m, i);
        most = std::max(most, slope(m, i));
        largest = std::max(largest, std::abs(slope(m, i)));
    }
    for (index_t m = 0; m < classes_; ++m) {
        const double s = slope(m, i) - own_slope;
        if (loss_ == ClassLoss::crammer_singer)
            share += ((m == own ? cost : 0.0) - beta(m, i)) * (most - slope(m, i));
        else if (m != own)
            share += s > 0.0 ? (cost + beta(m, i)) * s : beta(m, i) * s;
    }
    return share;
}

void ClassCoefficients::certify(double error, ClassOutcome& outcome) const {
    const double others = loss_ == ClassLoss::crammer_singer ? 1.0 : static_cast<double>(classes_ - 1);
    double gap = 0.0, objective = 0.0, costs = 0.0;
    for (index_t i = 0; i < size_; ++i) {
        double sum = 0.0, largest = 0.0;
        const double share = slack(i, sum, largest);
        gap += share + 2.0 * std::abs(sum) * largest;
        costs += bound_[at(i)];
        if (!in_support(i)) continue;
        for (index_t m = 0; m < classes_; ++m) objective -= 0.5 * beta(m, i) * (slope(m, i) + margin(m, i));
    }
    outcome.gap = gap + 2.0 * others * costs * error;
    outcome.objective = objective;
    outcome.violation = worst();
    outcome.beta = arena::Buffer<double>(at(classes_) * at(size_));
    for (index_t m = 0; m < classes_; ++m)
        std::copy_n(beta_.data() + m * stride_, size_, outcome.beta.data() + m * size_);
}

}  // namespace mlqa::svm
