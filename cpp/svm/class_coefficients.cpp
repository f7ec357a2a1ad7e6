#include "svm/class_coefficients.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/threads.hpp"

namespace mlqa::svm {
namespace {

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;

/// Places that are worked on together, class after class.
constexpr index_t run_places = 128;
/// Numbers that a thread looks at sooner than it wakes another.
constexpr index_t looked_at_alone = 1'000'000;

/// Calls `body(first, n, run)` for runs of n places.
template <class Body>
Status in_runs(index_t places, index_t numbers, int n_threads, Body&& body) {
    const index_t runs = (places + run_places - 1) / run_places;
    const int used = places * numbers < looked_at_alone ? 1 : n_threads;
    return threads::parallel_for(runs, used, [&](index_t run, int) {
        const index_t first = run * run_places;
        body(first, std::min(run_places, places - first), run);
    });
}

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
      label_(at(stride_), 0),
      weight_(at(classes_), 0.0) {
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

void ClassCoefficients::set_beta(index_t m, index_t i, double value) {
    double& held = beta_[at(m * stride_ + i)];
    weight_[at(m)] += std::abs(value) - std::abs(held);
    if (label_[at(i)] == m) support_size_ += (value > 0.0 ? 1 : 0) - (held > 0.0 ? 1 : 0);
    held = value;
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

std::vector<double> ClassCoefficients::margins(int n_threads) const {
    std::vector<double> margin_of(at(active()));
    // A call that was cancelled meanwhile is so at its next step as well.
    (void)in_runs(active(), classes_, n_threads, [&](index_t first, index_t n, index_t) {
        double own[run_places], most[run_places];
        for (index_t i = 0; i < n; ++i) {
            own[i] = slope(label_[at(first + i)], first + i);
            most[i] = -HUGE_VAL;
        }
        for (index_t m = 0; m < classes_; ++m)
            for (index_t i = 0; i < n; ++i)
                if (label_[at(first + i)] != m) most[i] = std::max(most[i], slope(m, first + i));
        for (index_t i = 0; i < n; ++i) margin_of[at(first + i)] = own[i] - most[i];
    });
    return margin_of;
}

std::vector<index_t> ClassCoefficients::support() const {
    std::vector<index_t> points;
    for (index_t i = 0; i < size_; ++i)
        if (in_support(i)) points.push_back(i);
    return points;
}

double ClassCoefficients::rounding(double largest) const {
    const auto terms = static_cast<double>(support_size_);
    return 1.02 * unit_roundoff * (terms + 2.0) * (weight() * largest + 1.0);
}

ClassCoefficients::Share ClassCoefficients::share(index_t first, index_t n) const {
    double own[run_places], most[run_places], largest[run_places], sum[run_places];
    for (index_t i = 0; i < n; ++i) {
        own[i] = most[i] = slope(label_[at(first + i)], first + i);
        largest[i] = sum[i] = 0.0;
    }
    Share share;
    for (index_t m = 0; m < classes_; ++m)
        for (index_t i = 0; i < n; ++i) {
            const double g = slope(m, first + i), b = beta(m, first + i);
            most[i] = std::max(most[i], g);
            largest[i] = std::max(largest[i], std::abs(g));
            sum[i] += b;
            if (b != 0.0) share.objective -= 0.5 * b * (g + margin(m, first + i));
        }
    for (index_t m = 0; m < classes_; ++m)
        for (index_t i = 0; i < n; ++i) {
            const double cost = bound_[at(first + i)], g = slope(m, first + i), b = beta(m, first + i);
            const bool mine = label_[at(first + i)] == m;
            if (loss_ == ClassLoss::crammer_singer)
                share.gap += ((mine ? cost : 0.0) - b) * (most[i] - g);
            else if (!mine)
                share.gap += g > own[i] ? (cost + b) * (g - own[i]) : b * (g - own[i]);
        }
    for (index_t i = 0; i < n; ++i) {
        share.gap += 2.0 * std::abs(sum[i]) * largest[i];
        share.cost += bound_[at(first + i)];
    }
    return share;
}

Status ClassCoefficients::certify(double error, ClassOutcome& outcome, int n_threads) const {
    const double others = loss_ == ClassLoss::crammer_singer ? 1.0 : static_cast<double>(classes_ - 1);
    std::vector<Share> shares(at((size_ + run_places - 1) / run_places));
    const Status status = in_runs(size_, 2 * classes_, n_threads, [&](index_t first, index_t n, index_t run) {
        shares[at(run)] = share(first, n);
    });
    Share all;
    for (const Share& s : shares) {
        all.gap += s.gap;
        all.objective += s.objective;
        all.cost += s.cost;
    }
    outcome.gap = all.gap + 2.0 * others * all.cost * error;
    outcome.objective = all.objective;
    outcome.violation = worst();
    outcome.beta = arena::Buffer<double>(at(classes_) * at(size_));
    for (index_t m = 0; m < classes_; ++m)
        std::copy_n(beta_.data() + m * stride_, size_, outcome.beta.data() + m * size_);
    return status;
}

}  // namespace mlqa::svm
