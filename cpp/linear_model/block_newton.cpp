#include "linear_model/block_newton.hpp"

#include <algorithm>
#include <cmath>

#include "core/cancel.hpp"
#include "linear_model/columns.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double dependent = 1e-13;  ///< pivots below this share of the diagonal are rounding
constexpr double softened = 1e-9;    ///< share of the radial curvature that stays, for a definite S
constexpr double close = 0.1;        ///< share of a squared norm that counts as zero
constexpr int halvings = 12;

/// The Cholesky factor of a symmetric matrix, in its lower half; `positive` is false without one.
Status factorise(double* a, index_t m, bool* positive) {
    const auto dot = column_kernels<double>().dot;
    for (index_t i = 0; i < m; ++i) {
        if (cancel::poll()) return Status::cancelled;
        double* row = a + i * m;
        for (index_t h = 0; h < i; ++h) row[h] = (row[h] - dot(row, a + h * m, h)) / a[h * m + h];
        const double pivot = row[i] - dot(row, row, i);
        *positive = pivot > dependent * row[i];
        if (!*positive) return Status::ok;
        row[i] = std::sqrt(pivot);
    }
    return Status::ok;
}

arena::Buffer<double> square(index_t m) {
    return arena::Buffer<double>(static_cast<std::size_t>(m) * static_cast<std::size_t>(m));
}

}  // namespace

BlockNewton::BlockNewton(index_t support, index_t targets)
    : m_(support),
      count_(targets),
      gram_(square(support)),
      inverse_(square(support)),
      factor_(square(support)) {
    const auto size = static_cast<std::size_t>(support);
    for (arena::Buffer<double>* buffer : {&q_, &d_, &x_, &change_, &product_, &w_, &u_})
        *buffer = arena::Buffer<double>(size * static_cast<std::size_t>(targets));
    for (arena::Buffer<double>* buffer : {&lambda_, &ridge_, &stiffness_, &y_})
        *buffer = arena::Buffer<double>(size);
}

/// M^-1 from the inverse of its factor, by columns z of that: L z = e_i.
Status BlockNewton::invert(bool* positive) {
    const ColumnKernels<double>& kernels = column_kernels<double>();
    std::copy_n(gram_.data(), gram_.size(), factor_.data());
    for (index_t i = 0; i < m_; ++i)
        factor_[static_cast<std::size_t>(i * m_ + i)] +=
            ridge_[static_cast<std::size_t>(i)] + stiffness_[static_cast<std::size_t>(i)];
    Status status = factorise(factor_.data(), m_, positive);
    if (status != Status::ok || !*positive) return status;
    arena::Buffer<double> columns = square(m_);
    for (index_t i = 0; i < m_; ++i) {
        if (cancel::poll()) return Status::cancelled;
        double* z = columns.data() + i * m_;
        std::fill_n(z, i, 0.0);
        z[i] = 1 / factor_[static_cast<std::size_t>(i * m_ + i)];
        for (index_t k = i + 1; k < m_; ++k) {
            const double* l = factor_.data() + k * m_;
            z[k] = -kernels.dot(l + i, z + i, k - i) / l[k];
        }
        double* row = inverse_.data() + i * m_;
        kernels.dots(z + i, columns.data() + i, m_, i + 1, m_ - i, row);
        for (index_t h = 0; h < i; ++h) inverse_[static_cast<std::size_t>(h * m_ + i)] = row[h];
    }
    return Status::ok;
}

/// y = S^-1 U'x; features without a penalty have no radial part.
Status BlockNewton::solve_radial(double* y, bool* positive) {
    const ColumnKernels<double>& kernels = column_kernels<double>();
    for (index_t i = 0; i < m_; ++i) {
        const double* u = u_.data() + i * count_;
        double* row = factor_.data() + i * m_;
        kernels.dots(u, u_.data(), count_, i + 1, count_, row);
        for (index_t h = 0; h <= i; ++h) row[h] *= -inverse_[static_cast<std::size_t>(i * m_ + h)];
        const double stiff = stiffness_[static_cast<std::size_t>(i)];
        row[i] = stiff > 0 ? row[i] + (1 + softened) / stiff : 1.0;
        y[i] = 0;
        for (index_t t = 0; t < count_; ++t) y[i] += u[t] * x_[static_cast<std::size_t>(t * m_ + i)];
    }
    const Status status = factorise(factor_.data(), m_, positive);
    if (status != Status::ok || !*positive) return status;
    const double* l = factor_.data();
    for (index_t i = 0; i < m_; ++i) y[i] = (y[i] - kernels.dot(l + i * m_, y, i)) / l[i * m_ + i];
    for (index_t i = m_ - 1; i >= 0; --i) {
        y[i] /= l[i * m_ + i];
        kernels.axpy(-y[i], l + i * m_, y, i);
    }
    return status;
}

/// out = v matrix, targets x m
void BlockNewton::multiply(const arena::Buffer<double>& matrix, const double* v, double* out) const {
    arena::Buffer<double> products(static_cast<std::size_t>(count_));
    for (index_t i = 0; i < m_; ++i) {
        column_kernels<double>().dots(matrix.data() + i * m_, v, m_, count_, m_, products.data());
        for (index_t t = 0; t < count_; ++t) out[t * m_ + i] = products[static_cast<std::size_t>(t)];
    }
}

/// F(W + e) - F(W) for e in `change_`.
double BlockNewton::difference() {
    multiply(gram_, change_.data(), product_.data());
    double sum = 0;
    for (std::size_t e = 0; e < change_.size(); ++e) sum += change_[e] * (0.5 * product_[e] - q_[e]);
    for (index_t i = 0; i < m_; ++i) {
        const auto at = static_cast<std::size_t>(i);
        double before = 0, after = 0;
        for (index_t t = 0; t < count_; ++t) {
            const double w = w_[static_cast<std::size_t>(i * count_ + t)];
            const double now = w + change_[static_cast<std::size_t>(t * m_ + i)];
            before += w * w;
            after += now * now;
        }
        sum += lambda_[at] * (std::sqrt(after) - std::sqrt(before)) + 0.5 * ridge_[at] * (after - before);
    }
    return sum;
}

/// e = length d, where coefficients that come close to zero on the way stay there.
void BlockNewton::go(double length) {
    for (index_t i = 0; i < m_; ++i) {
        const auto at = static_cast<std::size_t>(i);
        double squares = 0, cross = 0, steps = 0;
        for (index_t t = 0; t < count_; ++t) {
            const double w = w_[static_cast<std::size_t>(i * count_ + t)];
            const double d = d_[static_cast<std::size_t>(t * m_ + i)];
            squares += w * w;
            cross += w * d;
            steps += d * d;
        }
        const bool leaves = lambda_[at] > 0 && cross < 0 && -cross <= length * steps &&
                            squares - cross * cross / steps <= close * squares;
        for (index_t t = 0; t < count_; ++t) {
            const auto place = static_cast<std::size_t>(t * m_ + i);
            change_[place] = leaves ? -w_[static_cast<std::size_t>(i * count_ + t)] : length * d_[place];
        }
    }
}

Status BlockNewton::step(bool* moved) {
    *moved = false;
    for (index_t i = 0; i < m_; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const double* w = w_.data() + i * count_;
        const double norm = std::sqrt(column_kernels<double>().dot(w, w, count_));
        stiffness_[at] = lambda_[at] > 0 ? lambda_[at] / norm : 0.0;
        for (index_t t = 0; t < count_; ++t) {
            u_[static_cast<std::size_t>(i * count_ + t)] = stiffness_[at] > 0 ? w[t] / norm : 0.0;
            const auto place = static_cast<std::size_t>(t * m_ + i);
            d_[place] = q_[place] - (ridge_[at] + stiffness_[at]) * w[t];
        }
    }
    bool positive = true;
    Status status = invert(&positive);
    if (status != Status::ok || !positive) return status;
    multiply(inverse_, d_.data(), x_.data());
    status = solve_radial(y_.data(), &positive);
    if (status != Status::ok || !positive) return status;
    for (index_t i = 0; i < m_; ++i)
        for (index_t t = 0; t < count_; ++t) {
            const auto at = static_cast<std::size_t>(i);
            const double u = u_[static_cast<std::size_t>(i * count_ + t)];
            change_[static_cast<std::size_t>(t * m_ + i)] = stiffness_[at] > 0 ? y_[at] * u : 0.0;
        }
    multiply(inverse_, change_.data(), d_.data());
    for (std::size_t e = 0; e < d_.size(); ++e) d_[e] += x_[e];
    double length = 1;
    for (int k = 0; k < halvings && !*moved; ++k, length *= 0.5) {
        if (cancel::poll()) return Status::cancelled;
        go(length);
        *moved = difference() < 0;
    }
    for (index_t i = 0; i < m_ && *moved; ++i)
        for (index_t t = 0; t < count_; ++t)
            w_[static_cast<std::size_t>(i * count_ + t)] += change_[static_cast<std::size_t>(t * m_ + i)];
    return status;
}

}  // namespace mlqa::linear_model
