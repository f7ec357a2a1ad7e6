#include "linear_model/cholesky.hpp"

#include <algorithm>
#include <cmath>

#include "core/cancel.hpp"
#include "linear_model/columns.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double dependent = 1e-13;  ///< a pivot below this share of its diagonal entry

/// How far a coefficient can move at this rate until it meets an end of its range.
double distance(double now, double rate, double low, double high) {
    if (rate == 0) return HUGE_VAL;
    return ((rate > 0 ? high : low) - now) / rate;
}

}  // namespace

NewtonStep::Range NewtonStep::range(index_t j, double w) const {
    const double low = penalties_.low[j], high = penalties_.high[j];
    if (penalties_.lambda[j] == 0) return {low, high};
    return w > 0 ? Range{0.0, high} : Range{low, 0.0};
}

/// Row size() of the factor for feature j; false if j depends on the support.
bool NewtonStep::extend(const double* gram, index_t k, index_t j) {
    const auto dot = column_kernels<double>().dot;
    const index_t m = size();
    const double* from = gram + j * k;
    double* l = row(m);
    for (index_t h = 0; h < m; ++h)
        l[h] = (from[support_[static_cast<std::size_t>(h)]] - dot(l, row(h), h)) / row(h)[h];
    const double diagonal = from[j] + penalties_.ridge[j], pivot = diagonal - dot(l, l, m);
    if (!(pivot > dependent * diagonal)) return false;
    l[m] = std::sqrt(pivot);
    support_.push_back(j);
    return true;
}

/// z <- L'^-1 z
void NewtonStep::substitute_back(double* z) const {
    const auto axpy = column_kernels<double>().axpy;
    for (index_t i = size() - 1; i >= 0; --i) {
        z[i] /= row(i)[i];
        axpy(-z[i], row(i), z, i);
    }
}

/// Feature j = X_A u, its row of the factor at hand: moves until a coefficient is zero or at a bound, and
/// says whose place in the support that is (size(): j itself).
index_t NewtonStep::move_dependent(index_t j, double* w) {
    const index_t m = size();
    double* u = target_.data();
    std::copy_n(row(m), m, u);
    substitute_back(u);
    double slope = std::copysign(penalties_.lambda[j], w[j]), scale = penalties_.lambda[j];
    for (index_t i = 0; i < m; ++i) {
        const index_t h = support_[static_cast<std::size_t>(i)];
        slope -= std::copysign(penalties_.lambda[h], w[h]) * u[i];
        scale = std::max(scale, penalties_.lambda[h]);
    }
    const double direction = -std::copysign(1.0, std::abs(slope) > 1e-9 * scale ? slope : w[j]);
    const Range own = range(j, w[j]);
    double step = w[j] * direction < 0 ? std::abs(w[j]) : distance(w[j], direction, own.low, own.high);
    index_t first = m;
    for (index_t i = 0; i < m; ++i) {
        const index_t h = support_[static_cast<std::size_t>(i)];
        const Range other = range(h, w[h]);
        const double reach = distance(w[h], -direction * u[i], other.low, other.high);
        if (!(reach < step)) continue;
        step = reach;
        first = i;
    }
    if (step == HUGE_VAL) {  // only by rounding: nothing falls
        step = 0;
        first = m;
    }
    for (index_t i = 0; i < m; ++i) {
        const index_t h = support_[static_cast<std::size_t>(i)];
        const double rate = -direction * u[i];
        const Range other = range(h, w[h]);
        w[h] = i == first ? (rate > 0 ? other.high : other.low) : w[h] + step * rate;
    }
    if (first < m)
        w[j] += step * direction;
    else
        w[j] = w[j] * direction < 0 || step == 0 ? 0.0 : direction > 0 ? own.high : own.low;
    return first;
}

void NewtonStep::order(index_t k, const double* w) {
    order_.clear();
    support_.clear();
    places_.clear();
    next_ = 0;
    for (index_t j = 0; j < k; ++j)
        if (is_inside(j, w[j])) order_.push_back(j);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](index_t a, index_t b) { return std::abs(w[a]) > std::abs(w[b]); });
    const auto most = static_cast<index_t>(order_.size());
    if (stride_ >= most) return;
    stride_ = most + most / 2 + 8;
    factor_ = arena::Buffer<double>(static_cast<std::size_t>(stride_ * stride_));
    target_ = arena::Buffer<double>(static_cast<std::size_t>(stride_));
}

/// A coefficient at a bound stays there.
void NewtonStep::fix(index_t j, const double* gram, index_t k, double w) {
    if (w != 0) column_kernels<double>().axpy(-w, gram + j * k, c_.data(), k);
}

/// Goes on with the features that are left in the order.
Status NewtonStep::factorise(const double* gram, index_t k, double* w) {
    for (; next_ < order_.size(); ++next_) {
        if (cancel::poll()) return Status::cancelled;
        const index_t j = order_[next_];
        if (!is_inside(j, w[j])) continue;
        if (extend(gram, k, j)) {
            places_.push_back(next_);
            continue;
        }
        const index_t first = move_dependent(j, w);
        if (first < size())
            leave(first, gram, k, w);
        else
            fix(j, gram, k, w[j]);
    }
    return Status::ok;
}

/// The factor holds as far as the feature at `place`, which is at an end of its range; the order goes on
/// behind it.
void NewtonStep::leave(index_t place, const double* gram, index_t k, const double* w) {
    const auto at = static_cast<std::size_t>(place);
    const index_t j = support_[at];
    fix(j, gram, k, w[j]);
    next_ = places_[at];
    support_.resize(at);
    places_.resize(at);
}

/// Towards the minimiser on the support; the place that came to an end of its range first, or -1.
index_t NewtonStep::step(double* w) {
    const index_t m = size();
    const auto dot = column_kernels<double>().dot;
    double* z = target_.data();
    for (index_t i = 0; i < m; ++i) {
        const index_t j = support_[static_cast<std::size_t>(i)];
        z[i] = (c_[static_cast<std::size_t>(j)] - std::copysign(penalties_.lambda[j], w[j]) -
                dot(row(i), z, i)) /
               row(i)[i];
    }
    substitute_back(z);
    double reach = 1.0, end = 0.0;
    index_t crossing = -1;
    for (index_t i = 0; i < m; ++i) {
        const index_t j = support_[static_cast<std::size_t>(i)];
        const Range within = range(j, w[j]);
        if (z[i] > within.low && z[i] < within.high) continue;
        const double limit = z[i] <= within.low ? within.low : within.high;
        const double share = (limit - w[j]) / (z[i] - w[j]);
        if (share >= reach && crossing >= 0) continue;
        reach = share;
        end = limit;
        crossing = i;
    }
    for (index_t i = 0; i < m; ++i) {
        double& now = w[support_[static_cast<std::size_t>(i)]];
        now = i == crossing ? end : crossing < 0 ? z[i] : now + reach * (z[i] - now);
    }
    return crossing;
}

Status NewtonStep::solve(const double* gram, index_t k, const double* c, const Coordinates& penalties,
                         double* w) {
    penalties_ = penalties;
    order(k, w);
    if (c_.size() < static_cast<std::size_t>(k))
        c_ = arena::Buffer<double>(static_cast<std::size_t>(k + k / 4));
    std::copy_n(c, k, c_.data());
    for (index_t j = 0; j < k; ++j)
        if (!is_inside(j, w[j])) fix(j, gram, k, w[j]);
    for (;;) {
        const Status status = factorise(gram, k, w);
        if (status != Status::ok) return status;
        const index_t crossing = step(w);
        if (crossing < 0) return Status::ok;
        leave(crossing, gram, k, w);
        ++next_;
    }
}

}  // namespace mlqa::linear_model
