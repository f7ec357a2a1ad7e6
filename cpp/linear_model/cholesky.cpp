#include "linear_model/cholesky.hpp"

#include <algorithm>
#include <cmath>

#include "core/cancel.hpp"
#include "linear_model/columns.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double dependent = 1e-13;  ///< a pivot below this share of its diagonal entry

}  // namespace

/// Row size() of the factor for feature j; false if j depends on the support.
bool NewtonStep::extend(const double* gram, index_t k, index_t j) {
    const auto dot = column_kernels<double>().dot;
    const index_t m = size();
    const double* from = gram + j * k;
    double* l = row(m);
    for (index_t h = 0; h < m; ++h)
        l[h] = (from[support_[static_cast<std::size_t>(h)]] - dot(l, row(h), h)) / row(h)[h];
    const double pivot = from[j] - dot(l, l, m);
    if (!(pivot > dependent * from[j])) return false;
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

/// Feature j = X_A u, its row of the factor at hand: moves until a coefficient is zero, and says whose place
/// in the support that is (size(): j itself).
index_t NewtonStep::move_dependent(index_t j, double* w) {
    const index_t m = size();
    double* u = target_.data();
    std::copy_n(row(m), m, u);
    substitute_back(u);
    double slope = std::copysign(1.0, w[j]);
    for (index_t i = 0; i < m; ++i)
        slope -= std::copysign(1.0, w[support_[static_cast<std::size_t>(i)]]) * u[i];
    const double direction = std::abs(slope) > 1e-9 ? -std::copysign(1.0, slope) : -std::copysign(1.0, w[j]);
    double step = w[j] * direction < 0 ? std::abs(w[j]) : HUGE_VAL;
    index_t zero = m;
    for (index_t i = 0; i < m; ++i) {
        const double now = w[support_[static_cast<std::size_t>(i)]], rate = -direction * u[i];
        if (!(now * rate < 0) || std::abs(now) >= step * std::abs(rate)) continue;
        step = std::abs(now / rate);
        zero = i;
    }
    if (step == HUGE_VAL) {  // only by rounding: nothing falls
        step = 0;
        zero = m;
    }
    for (index_t i = 0; i < m; ++i) w[support_[static_cast<std::size_t>(i)]] -= step * direction * u[i];
    w[j] += step * direction;
    w[zero < m ? support_[static_cast<std::size_t>(zero)] : j] = 0;
    return zero;
}

void NewtonStep::order(index_t k, const double* w) {
    order_.clear();
    support_.clear();
    places_.clear();
    next_ = 0;
    for (index_t j = 0; j < k; ++j)
        if (w[j] != 0) order_.push_back(j);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](index_t a, index_t b) { return std::abs(w[a]) > std::abs(w[b]); });
    const auto most = static_cast<index_t>(order_.size());
    if (stride_ >= most) return;
    stride_ = most + most / 2 + 8;
    factor_ = arena::Buffer<double>(static_cast<std::size_t>(stride_ * stride_));
    target_ = arena::Buffer<double>(static_cast<std::size_t>(stride_));
}

/// Goes on with the features that are left in the order.
Status NewtonStep::factorise(const double* gram, index_t k, double* w) {
    for (; next_ < order_.size(); ++next_) {
        if (cancel::poll()) return Status::cancelled;
        const index_t j = order_[next_];
        if (w[j] == 0) continue;
        if (extend(gram, k, j)) {
            places_.push_back(next_);
            continue;
        }
        const index_t zero = move_dependent(j, w);
        if (zero < size()) leave(zero);
    }
    return Status::ok;
}

/// The factor holds as far as the feature at `place`, which is zero now; the order goes on behind it.
void NewtonStep::leave(index_t place) {
    next_ = places_[static_cast<std::size_t>(place)];
    support_.resize(static_cast<std::size_t>(place));
    places_.resize(static_cast<std::size_t>(place));
}

/// Towards the minimiser on the support; the place that became zero first, or -1.
index_t NewtonStep::step(const double* c, double lambda, bool signs_are_free, double* w) {
    const index_t m = size();
    const auto dot = column_kernels<double>().dot;
    double* z = target_.data();
    for (index_t i = 0; i < m; ++i) {
        const index_t j = support_[static_cast<std::size_t>(i)];
        z[i] = (c[j] - std::copysign(lambda, w[j]) - dot(row(i), z, i)) / row(i)[i];
    }
    substitute_back(z);
    double reach = 1.0;
    index_t crossing = -1;
    for (index_t i = 0; i < m && !signs_are_free; ++i) {
        const double now = w[support_[static_cast<std::size_t>(i)]];
        if (now * z[i] > 0) continue;
        const double share = now / (now - z[i]);
        if (share >= reach && crossing >= 0) continue;
        reach = share;
        crossing = i;
    }
    for (index_t i = 0; i < m; ++i) {
        double& now = w[support_[static_cast<std::size_t>(i)]];
        now = crossing < 0 ? z[i] : now + reach * (z[i] - now);
    }
    if (crossing >= 0) w[support_[static_cast<std::size_t>(crossing)]] = 0.0;
    return crossing;
}

Status NewtonStep::solve(const double* gram, index_t k, const double* c, double lambda, bool positive,
                         double* w) {
    order(k, w);
    for (;;) {
        const Status status = factorise(gram, k, w);
        if (status != Status::ok) return status;
        const index_t crossing = step(c, lambda, lambda == 0 && !positive, w);
        if (crossing < 0) return Status::ok;
        leave(crossing);
        ++next_;
    }
}

}  // namespace mlqa::linear_model
