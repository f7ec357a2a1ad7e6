#include "linear_model/coordinate_descent.hpp"

#include <algorithm>
#include <cmath>

#include "linear_model/columns.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double step_work = 1 << 20;     ///< multiply-adds between two looks at the guard
constexpr double last_bits = 0x1p-50;     ///< a change below this share is rounding
constexpr std::int64_t short_round = 10;  ///< residual passes before the gap is looked at again
constexpr index_t newton_support = 2048;  ///< largest support for which a factor is tried
constexpr std::int64_t sweeps_first = 2;  ///< passes before one: the support has to be found
constexpr double factor_speed = 8.0;      ///< passes' multiply-adds worth as many of the factor's

void grow(arena::Buffer<double>& buffer, index_t size) {
    const auto wanted = static_cast<std::size_t>(size);
    if (buffer.size() < wanted) buffer = arena::Buffer<double>(wanted + wanted / 4);
}

bool settled(const Sweep& sweep, double share) {
    return sweep.change <= share * sweep.largest;
}

}  // namespace

void CoordinateDescent::gather_penalties(const std::vector<index_t>& working) {
    const auto k = static_cast<index_t>(working.size());
    for (arena::Buffer<double>* buffer : {&w_, &lambda_, &ridge_, &low_, &high_}) grow(*buffer, k);
    for (std::size_t i = 0; i < working.size(); ++i) {
        lambda_[i] = penalty_.lambda(working[i]);
        ridge_[i] = penalty_.ridge(working[i]);
        low_[i] = penalty_.low(working[i]);
        high_[i] = penalty_.high(working[i]);
    }
    coordinates_ = {lambda_.data(), ridge_.data(), low_.data(), high_.data()};
}

Status CoordinateDescent::gather(const Gram& gram, const std::vector<index_t>& working, const double* c,
                                 const double* w) {
    const auto k = static_cast<index_t>(working.size());
    gather_penalties(working);
    grow(gram_, k * k);
    grow(q_, k);
    grow(c_, k);
    for (index_t i = 0; i < k; ++i) {
        const index_t j = working[static_cast<std::size_t>(i)];
        const double* from = gram.row(gram.position(j));
        double* row = gram_.data() + i * k;
        for (index_t h = 0; h < k; ++h) row[h] = from[gram.position(working[static_cast<std::size_t>(h)])];
        w_[static_cast<std::size_t>(i)] = w[j];
        c_[static_cast<std::size_t>(i)] = c[j];
        if (i % 256 == 255 && cancel::poll()) return Status::cancelled;
    }
    return Status::ok;
}

/// q = c - gram w
void CoordinateDescent::refresh(index_t k) {
    std::copy_n(c_.data(), k, q_.data());
    for (index_t i = 0; i < k; ++i)
        if (const double a = w_[static_cast<std::size_t>(i)]; a != 0)
            column_kernels<double>().axpy(-a, gram_.data() + i * k, q_.data(), k);
}

/// The duality gap of the working set's problem as in screening.hpp, from ||r||^2 = y'y - w'(c + q) and
/// y'r = y'y - w'c. A free coordinate has to be at its minimiser: its gradient is taken in full.
double CoordinateDescent::working_gap(index_t k, double y_squared) const {
    double wc = 0, wq = 0, cost = 0, shrunk = 0, largest = 1, bounded = 0, free = 0;
    for (index_t i = 0; i < k; ++i) {
        const auto at = static_cast<std::size_t>(i);
        wc += w_[at] * c_[at];
        wq += w_[at] * q_[at];
        cost += lambda_[at] * std::abs(w_[at]);
        shrunk += ridge_[at] * w_[at] * w_[at];
        const double g = q_[at] - ridge_[at] * w_[at], bound = g > 0 ? high_[at] : -low_[at];
        if (bound == HUGE_VAL && lambda_[at] > 0) largest = std::max(largest, std::abs(g) / lambda_[at]);
        if (bound == HUGE_VAL && lambda_[at] == 0) free += g * g;
    }
    const double scale = 1 / largest, r_squared = y_squared - wc - wq + shrunk;
    for (index_t i = 0; i < k; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const double g = q_[at] - ridge_[at] * w_[at], bound = g > 0 ? high_[at] : -low_[at];
        if (bound < HUGE_VAL) bounded += bound * std::max(0.0, scale * std::abs(g) - lambda_[at]);
    }
    return 0.5 * r_squared + cost + bounded - scale * (y_squared - wc) + 0.5 * scale * scale * r_squared +
           free;
}

InnerResult CoordinateDescent::covariance(const Gram& gram, const std::vector<index_t>& working,
                                          const double* c, const Inner& inner, Guard& guard, double* w) {
    InnerResult result;
    const auto k = static_cast<index_t>(working.size());
    result.status = gather(gram, working, c, w);
    if (result.status != Status::ok) return result;
    refresh(k);
    const auto block = static_cast<index_t>(step_work / static_cast<double>(k + 64)) + 1;
    double spent = 0;  // multiply-adds since the last factor
    while (result.passes < inner.max_passes && result.status == Status::ok) {
        Sweep sweep{0, 0};
        for (index_t begin = 0; begin < k && result.status == Status::ok; begin += block) {
            coordinate_descent_kernels().covariance(gram_.data(), k, k, begin, std::min(k, begin + block),
                                                    &coordinates_, w_.data(), q_.data(), &sweep);
            result.status = guard.check();
        }
        ++result.passes;
        result.stalled = settled(sweep, last_bits);
        result.settled = settled(sweep, inner.change);
        if (result.stalled || (result.settled && working_gap(k, inner.y_squared) <= inner.gap)) break;
        const auto m =
            static_cast<index_t>(std::count_if(w_.data(), w_.data() + k, [](double a) { return a != 0; }));
        const auto size = static_cast<double>(m);
        spent += size * static_cast<double>(k);
        if (m == 0 || m > newton_support || spent * factor_speed < size * size * size / 6 ||
            result.passes < sweeps_first || result.passes >= inner.max_passes)
            continue;
        spent = 0;
        ++result.passes;
        result.status = newton_.solve(gram_.data(), k, c_.data(), coordinates_, w_.data());
        refresh(k);
    }
    for (index_t i = 0; i < k; ++i) w[working[static_cast<std::size_t>(i)]] = w_[static_cast<std::size_t>(i)];
    return result;
}

InnerResult CoordinateDescent::residual(const std::vector<index_t>& working, const Inner& inner, Guard& guard,
                                        double* r, double* w) {
    InnerResult result;
    const auto k = static_cast<index_t>(working.size());
    const auto sweeper = design_.sweeper(working.data(), k, design_.start(r));
    gather_penalties(working);
    for (index_t i = 0; i < k; ++i) w_[static_cast<std::size_t>(i)] = w[working[static_cast<std::size_t>(i)]];
    const auto block = static_cast<index_t>(step_work / (design_.column_cost() + 16)) + 1;
    const std::int64_t most = std::min(inner.max_passes, short_round);
    double offset = 0;
    while (result.passes < most && result.status == Status::ok && !result.settled) {
        Sweep sweep{0, 0};
        for (index_t begin = 0; begin < k && result.status == Status::ok; begin += block) {
            sweeper->sweep(begin, std::min(k, begin + block), coordinates_, w_.data(), r, &offset, &sweep);
            result.status = guard.check();
        }
        ++result.passes;
        result.stalled = settled(sweep, last_bits);
        result.settled = settled(sweep, inner.change);
    }
    for (index_t i = 0; i < k; ++i) w[working[static_cast<std::size_t>(i)]] = w_[static_cast<std::size_t>(i)];
    return result;
}

}  // namespace mlqa::linear_model
