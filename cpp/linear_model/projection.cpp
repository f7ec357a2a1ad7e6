#include "linear_model/projection.hpp"

#include <algorithm>
#include <cmath>

#include "linear_model/columns.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double dependent = 1e-13;
constexpr double unit = 0x1p-53;

}  // namespace

Projection::Projection(const Design& design, const Penalty& penalty) : design_(design), penalty_(penalty) {
    for (const index_t j : penalty.free())
        if (design.squared_norm(j) > 0) free_.push_back(j);
}

Status Projection::prepare() {
    const auto q = static_cast<index_t>(free_.size());
    if (q == 0) return Status::ok;
    gram_ = arena::Buffer<double>(static_cast<std::size_t>(q * q));
    factor_ = arena::Buffer<double>(static_cast<std::size_t>(q * q));
    return design_.gram_rows(free_.data(), 0, q, gram_.data(), q);
}

bool Projection::points_away(index_t j, double gradient, double margin) const {
    const double slack = design_.norm_bound(j) * margin;
    return (penalty_.high(j) == HUGE_VAL && gradient + slack > 0) ||
           (penalty_.low(j) == -HUGE_VAL && gradient - slack < 0);
}

/// The Cholesky factor of the chosen columns; its rows end with their diagonal entry, 0 for a dependent one.
void Projection::factorise() {
    const auto q = static_cast<index_t>(free_.size()), m = static_cast<index_t>(chosen_.size());
    const auto dot = column_kernels<double>().dot;
    double smallest = 1;
    for (index_t i = 0; i < m; ++i) {
        double* l = factor_.data() + i * q;
        const index_t at = chosen_[static_cast<std::size_t>(i)];
        for (index_t h = 0; h < i; ++h) {
            const double* other = factor_.data() + h * q;
            const double entry = gram_.data()[at * q + chosen_[static_cast<std::size_t>(h)]];
            l[h] = other[h] > 0 ? (entry - dot(l, other, h)) / other[h] : 0.0;
        }
        const double diagonal = gram_.data()[at * q + at], pivot = diagonal - dot(l, l, i);
        const bool independent = pivot > dependent * diagonal;
        l[i] = independent ? std::sqrt(pivot) : 0.0;
        if (independent) smallest = std::min(smallest, pivot / diagonal);
    }
    inflation_ = 1 + 4 * static_cast<double>(m + 1) * (unit + design_.sum_error()) / smallest;
    factorised_ = chosen_;
}

/// ||L^-1 c|| + || |L^-1| error ||, the second by the comparison matrix of L, whose inverse is no smaller.
double Projection::length(const double* gradients, double margin) const {
    const auto q = static_cast<index_t>(free_.size()), m = static_cast<index_t>(factorised_.size());
    std::vector<double> z(static_cast<std::size_t>(m)), error(static_cast<std::size_t>(m));
    double squares = 0, error_squares = 0;
    for (index_t i = 0; i < m; ++i) {
        const double* l = factor_.data() + i * q;
        if (!(l[i] > 0)) continue;
        const auto at = static_cast<std::size_t>(i);
        const index_t j = free_[static_cast<std::size_t>(factorised_[at])];
        double reach = margin * design_.norm_bound(j);
        for (index_t h = 0; h < i; ++h) reach += std::abs(l[h]) * error[static_cast<std::size_t>(h)];
        error[at] = reach / l[i];
        z[at] = (gradients[j] - column_kernels<double>().dot(l, z.data(), i)) / l[i];
        squares += z[at] * z[at];
        error_squares += error[at] * error[at];
    }
    return (std::sqrt(squares) + std::sqrt(error_squares)) * inflation_;
}

double Projection::slip(const double* gradients, double margin) {
    double slip = 0;
    chosen_.clear();
    for (;;) {
        const std::size_t before = chosen_.size();
        chosen_.clear();
        for (std::size_t i = 0; i < free_.size(); ++i)
            if (points_away(free_[i], gradients[free_[i]], margin + slip))
                chosen_.push_back(static_cast<index_t>(i));
        if (chosen_.size() == before) return slip;
        if (chosen_ != factorised_) factorise();
        slip = length(gradients, margin);
    }
}

}  // namespace mlqa::linear_model
