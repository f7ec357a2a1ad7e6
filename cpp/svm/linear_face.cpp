#include "svm/linear_face.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlqa::svm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// Most products of a step, and the share of the slopes that it leaves.
constexpr index_t most_products = 60;
constexpr double share_left = 0.1;

double squared(const arena::Buffer<double>& v) {
    double sum = 0.0;
    for (const double x : v) sum += x * x;
    return sum;
}

/// The coordinate's value after a change, on its own side of 0 and within its bound.
double cut(const DualSample& s, double change) {
    const double side = s.beta > 0.0 ? 1.0 : -1.0;
    return side * std::min(std::max(side * (s.beta + change), 0.0), s.cap);
}

}  // namespace

bool FaceStep::begin(const double* w, const index_t* order, index_t n, int n_threads) {
    free_.clear();
    for (index_t k = 0; k < n; ++k) {
        const double size = std::abs(samples_[order[k]].beta);
        if (size > 0.0 && size < samples_[order[k]].cap) free_.push_back(order[k]);
    }
    if (free_.empty()) return false;
    std::sort(free_.begin(), free_.end());
    for (std::vector<double>* v : {&slope_, &step_, &residual_, &direction_, &curved_})
        v->assign(free_.size(), 0.0);
    if (w_step_.size() == 0) {
        w_step_ = arena::Buffer<double>(at(rows_.length()));
        w_direction_ = arena::Buffer<double>(at(rows_.length()));
    }
    std::fill(w_step_.begin(), w_step_.end(), 0.0);
    rows_.products_at(free_.data(), size(), w, slope_.data(), n_threads);
    product_ = 0.0;
    for (std::size_t k = 0; k < free_.size(); ++k) {
        const DualSample& s = samples_[free_[k]];
        slope_[k] += s.ridge * s.beta - (s.beta > 0.0 ? s.low : s.high);
        residual_[k] = -slope_[k];
        direction_[k] = residual_[k] / s.curvature;
        product_ += residual_[k] * direction_[k];
    }
    target_ = share_left * share_left * product_;
    products_ = 0;
    return product_ > 0.0;
}

bool FaceStep::iterate(int n_threads) {
    rows_.combine_at(free_.data(), size(), direction_.data(), w_direction_.data(), n_threads);
    rows_.products_at(free_.data(), size(), w_direction_.data(), curved_.data(), n_threads);
    double across = 0.0;
    for (std::size_t k = 0; k < free_.size(); ++k) {
        curved_[k] += samples_[free_[k]].ridge * direction_[k];
        across += direction_[k] * curved_[k];
    }
    // Rows that depend on one another leave directions without curvature.
    if (!(across > 0.0)) return true;
    const double length = product_ / across;
    for (std::size_t j = 0; j < w_step_.size(); ++j) w_step_[j] += length * w_direction_[j];
    double product = 0.0;
    for (std::size_t k = 0; k < free_.size(); ++k) {
        step_[k] += length * direction_[k];
        residual_[k] -= length * curved_[k];
        product += residual_[k] * residual_[k] / samples_[free_[k]].curvature;
    }
    ++products_;
    if (product <= target_ || products_ >= most_products) return true;
    const double share = product / product_;
    for (std::size_t k = 0; k < free_.size(); ++k)
        direction_[k] = residual_[k] / samples_[free_[k]].curvature + share * direction_[k];
    product_ = product;
    return false;
}

/// How much the dual (to be minimised) grows with a change.
double FaceStep::growth(const std::vector<double>& change, const arena::Buffer<double>& w_change) const {
    double sum = 0.5 * squared(w_change);
    for (std::size_t k = 0; k < free_.size(); ++k)
        sum += change[k] * (slope_[k] + 0.5 * samples_[free_[k]].ridge * change[k]);
    return sum;
}

/// The share of the step that keeps every coordinate on its side and within its bound.
double FaceStep::longest() const {
    double t = infinity;
    for (std::size_t k = 0; k < free_.size(); ++k) {
        const DualSample& s = samples_[free_[k]];
        const double side = s.beta > 0.0 ? 1.0 : -1.0, change = side * step_[k], size = side * s.beta;
        if (change > 0.0) t = std::min(t, (s.cap - size) / change);
        if (change < 0.0) t = std::min(t, -size / change);
    }
    return t;
}

void FaceStep::apply(double* w, int n_threads) {
    const double whole = std::min(longest(), 1.0);
    std::vector<double> change(free_.size()), best(free_.size());
    arena::Buffer<double> w_change(w_step_.size());
    double t = 1.0;
    for (std::size_t k = 0; k < free_.size(); ++k) best[k] = whole * step_[k];
    for (std::size_t j = 0; j < w_step_.size(); ++j) w_change[j] = whole * w_step_[j];
    const double stopped = growth(best, w_change);
    constexpr int most_cuts = 4;
    for (int trial = 0; whole < 1.0 && trial < most_cuts; ++trial, t *= 0.5) {
        for (std::size_t k = 0; k < free_.size(); ++k) {
            const DualSample& s = samples_[free_[k]];
            change[k] = cut(s, t * step_[k]) - s.beta;
        }
        rows_.combine_at(free_.data(), size(), change.data(), w_change.data(), n_threads);
        if (growth(change, w_change) < stopped) {
            for (std::size_t k = 0; k < free_.size(); ++k)
                samples_[free_[k]].beta = cut(samples_[free_[k]], t * step_[k]);
            for (std::size_t j = 0; j < w_step_.size(); ++j) w[j] += w_change[j];
            return;
        }
    }
    for (std::size_t k = 0; k < free_.size(); ++k) samples_[free_[k]].beta = cut(samples_[free_[k]], best[k]);
    for (std::size_t j = 0; j < w_step_.size(); ++j) w[j] += whole * w_step_[j];
}

}  // namespace mlqa::svm
