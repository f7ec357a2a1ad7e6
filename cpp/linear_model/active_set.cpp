#include "linear_model/active_set.hpp"

#include <algorithm>
#include <cmath>

#include "linear_model/columns.kernel.hpp"

namespace mlqa::linear_model {
namespace {

void grow(arena::Buffer<double>& buffer, index_t size) {
    const auto wanted = static_cast<std::size_t>(size);
    if (buffer.size() < wanted) buffer = arena::Buffer<double>(wanted + wanted / 2 + 16);
}

}  // namespace

bool ActiveSet::join(const Gram& gram, index_t position, double sign) {
    const index_t m = factor_.size();
    grow(products_, m + 1);
    const double* row = gram.row(position);
    for (index_t i = 0; i < m; ++i)
        products_[static_cast<std::size_t>(i)] = row[positions_[static_cast<std::size_t>(i)]];
    products_[static_cast<std::size_t>(m)] = row[position];
    if (!factor_.append(products_.data())) return false;
    support_.push_back(gram.feature(position));
    positions_.push_back(position);
    signs_.push_back(sign);
    inside_[static_cast<std::size_t>(position)] = 1;
    return true;
}

void ActiveSet::leave(index_t place, double* w) {
    const auto at = static_cast<std::size_t>(place);
    factor_.remove(place);
    w[support_[at]] = 0;
    inside_[static_cast<std::size_t>(positions_[at])] = 0;
    support_.erase(support_.begin() + place);
    positions_.erase(positions_.begin() + place);
    signs_.erase(signs_.begin() + place);
}

/// The support of w as the active set; false if it is not independent.
bool ActiveSet::take(const Gram& gram, const double* w) {
    inside_.resize(static_cast<std::size_t>(gram.size()), 0);
    bool same = true;
    for (index_t i = 0; i < gram.size(); ++i)
        same &= (w[gram.feature(i)] != 0) == (inside_[static_cast<std::size_t>(i)] != 0);
    for (std::size_t i = 0; i < support_.size(); ++i) same &= w[support_[i]] * signs_[i] > 0;
    if (same) return true;
    factor_.clear();
    support_.clear();
    positions_.clear();
    signs_.clear();
    std::fill(inside_.begin(), inside_.end(), char{0});
    for (index_t i = 0; i < gram.size(); ++i)
        if (const double a = w[gram.feature(i)]; a != 0 && !join(gram, i, std::copysign(1.0, a)))
            return false;
    return true;
}

/// Towards the solution on the support; false if it came to a crossing first, whose feature has left.
bool ActiveSet::step(double* w, bool& moved) {
    const index_t m = factor_.size();
    grow(target_, m);
    double* z = target_.data();
    for (index_t i = 0; i < m; ++i) {
        const auto at = static_cast<std::size_t>(i);
        z[i] = correlations_[support_[at]] - penalty_.lambda(support_[at]) * signs_[at];
    }
    factor_.solve(z);
    double reach = 1;
    index_t crossing = -1;
    for (index_t i = 0; i < m; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const bool free = penalty_.lambda(support_[at]) == 0 && penalty_.low(support_[at]) < 0;
        if (free || z[i] * signs_[at] > 0) continue;
        const double now = w[support_[at]], share = now == 0 ? 0.0 : now / (now - z[i]);
        if (crossing >= 0 && share >= reach) continue;
        reach = share;
        crossing = i;
    }
    for (index_t i = 0; i < m; ++i) {
        double& now = w[support_[static_cast<std::size_t>(i)]];
        now = crossing < 0 ? z[i] : now + reach * (z[i] - now);
    }
    moved |= reach > 0;
    if (crossing < 0) return true;
    leave(crossing, w);
    return false;
}

void ActiveSet::find_gradients(const Gram& gram, const double* w) {
    const index_t m = gram.size();
    grow(gradients_, m);
    for (index_t i = 0; i < m; ++i) gradients_[static_cast<std::size_t>(i)] = correlations_[gram.feature(i)];
    for (std::size_t i = 0; i < support_.size(); ++i)
        column_kernels<double>().axpy(-w[support_[i]], gram.row(positions_[i]), gradients_.data(), m);
}

/// By falling excess over the penalty.
void ActiveSet::find_violators(const Gram& gram) {
    violators_.clear();
    for (index_t i = 0; i < gram.size(); ++i) {
        const index_t j = gram.feature(i);
        const auto at = static_cast<std::size_t>(i);
        if (inside_[at] == 0 && !penalty_.excluded(j) &&
            penalty_.pull(j, gradients_[at]) > penalty_.lambda(j) * (1 + rounding))
            violators_.push_back(i);
    }
    std::sort(violators_.begin(), violators_.end(), [&](index_t a, index_t b) {
        const double x = std::abs(gradients_[static_cast<std::size_t>(a)]);
        const double y = std::abs(gradients_[static_cast<std::size_t>(b)]);
        return x != y ? x > y : a < b;
    });
}

/// The solution on what remains of the support.
Status ActiveSet::settle(Guard& guard, double* w, bool& moved) {
    while (!support_.empty()) {
        const Status status = guard.check();
        if (status != Status::ok) return status;
        if (step(w, moved)) break;
    }
    return Status::ok;
}

ActiveSet::Outcome ActiveSet::solve(const Gram& gram, Guard& guard, std::int64_t max_rounds, double* w,
                                    std::int64_t& rounds, Status& status) {
    if (!take(gram, w)) return Outcome::gave_up;
    for (rounds = 0; rounds < max_rounds; ++rounds) {
        bool moved = rounds == 0;
        status = settle(guard, w, moved);
        if (status != Status::ok) return Outcome::stopped;
        find_gradients(gram, w);
        find_violators(gram);
        if (violators_.empty()) {
            ++rounds;
            return Outcome::solved;
        }
        bool joined = false;
        for (const index_t i : violators_) {
            joined |= join(gram, i, std::copysign(1.0, gradients_[static_cast<std::size_t>(i)]));
            if (joined && !moved) break;
        }
        if (!joined) return Outcome::gave_up;
    }
    return Outcome::gave_up;
}

}  // namespace mlqa::linear_model
