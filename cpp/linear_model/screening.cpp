#include "linear_model/screening.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/cancel.hpp"
#include "linear_model/columns.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double unit = 0x1p-53;
constexpr double up = 1 + 0x1p-40;  ///< rounds a short computation of positive numbers up

}  // namespace

/// What a certificate is made of, and how wrong each part may be.
struct Screen::Sums {
    double w_norm = 0;     ///< ||w||_1
    double reach = 0;      ///< sum_j ||x_j|| |w_j|
    double r_squared = 0;  ///< r'r
    double y_r = 0;        ///< y'r
    double dual = 0;       ///< max |g_j|, and the same with its error
    double dual_bound = 0;
    double r_error = 0;  ///< of ||r||: r as computed against y - X w
    double r_squared_error = 0;
    double y_r_error = 0;
};

Screen::Screen(const Design& design, const Target& target, bool positive, const Gram* gram, double gram_error)
    : design_(design),
      target_(target),
      positive_(positive),
      gram_(gram),
      gram_error_(gram_error),
      gradients_(static_cast<std::size_t>(design.features())),
      stamps_(static_cast<std::size_t>(design.features()), 0.0),
      margins_(static_cast<std::size_t>(design.features())) {
    std::copy_n(target.correlations, design.features(), gradients_.data());
    for (index_t j = 0; j < design.features(); ++j)
        if (design.squared_norm(j) > 0) features_.push_back(j);
    const double y_norm = std::sqrt(target.squared) * up;
    std::fill(margins_.begin(), margins_.end(), (design.sum_error() + design.entry_error()) * y_norm);
    if (gram != nullptr) return;
    const auto n = static_cast<std::size_t>(design.samples());
    residual_ = arena::Buffer<double>(n);
    next_ = arena::Buffer<double>(n);
    std::copy_n(target.y, n, residual_.data());
}

double Screen::magnitude(index_t j) const {
    const double g = gradients_[static_cast<std::size_t>(j)];
    return positive_ ? g : std::abs(g);
}

double Screen::upper(index_t j) const {
    return magnitude(j) +
           design_.norm_bound(j) *
               (travel_ - stamps_[static_cast<std::size_t>(j)] + margins_[static_cast<std::size_t>(j)]) * up;
}

bool Screen::excluded(index_t j, double lambda, const Certificate& certificate) const {
    if (!(lambda > 0)) return false;
    const double radius = std::sqrt(2 * std::max(0.0, certificate.bound)) * up;
    return certificate.scale * std::max(0.0, upper(j)) + design_.norm_bound(j) * radius < lambda;
}

Status Screen::compute_residual(const double* w, const std::vector<index_t>& support, double* r) const {
    std::copy_n(target_.y, design_.samples(), r);
    double offset = 0;
    for (const index_t j : support) {
        if (cancel::poll()) return Status::cancelled;
        design_.add(j, -w[j], r, &offset);
    }
    design_.settle(r, offset);
    return Status::ok;
}

Status Screen::evaluate(const double* w, const std::vector<index_t>& support, double lambda, double threshold,
                        Certificate& certificate) {
    Sums sums;
    for (const index_t j : support) {
        sums.w_norm += std::abs(w[j]);
        sums.reach += design_.norm_bound(j) * std::abs(w[j]);
    }
    const Status status =
        gram_ == nullptr ? evaluate_columns(w, support, threshold, sums) : evaluate_gram(w, support, sums);
    if (status == Status::ok) certify(w, lambda, sums, certificate);
    return status;
}

Status Screen::evaluate_columns(const double* w, const std::vector<index_t>& support, double threshold,
                                Sums& sums) {
    const ColumnKernels<double>& kernels = column_kernels<double>();
    const index_t n = design_.samples();
    Status status = compute_residual(w, support, next_.data());
    if (status != Status::ok) return status;
    kernels.axpy(-1.0, next_.data(), residual_.data(), n);
    travel_ += std::sqrt(kernels.squared_norm(residual_.data(), n)) * up;
    std::swap(residual_, next_);

    sums.r_squared = kernels.squared_norm(residual_.data(), n);
    sums.y_r = kernels.dot(target_.y, residual_.data(), n);
    const double y_norm = std::sqrt(target_.squared) * up, r_norm = std::sqrt(sums.r_squared) * up;
    const double error = design_.sum_error(), size = static_cast<double>(support.size());
    sums.r_error = (size + 8) * unit * (y_norm + sums.reach) + design_.entry_error() * sums.reach;
    sums.r_squared_error = error * sums.r_squared;
    sums.y_r_error = error * y_norm * r_norm + y_norm * sums.r_error;
    const double margin = (error + design_.entry_error()) * r_norm + sums.r_error;

    due_.clear();
    for (const index_t j : features_)
        if (!(upper(j) <= threshold)) due_.push_back(j);
    if (exact_.size() < due_.size()) exact_ = arena::Buffer<double>(due_.size() + due_.size() / 2);
    status =
        design_.correlations(due_.data(), static_cast<index_t>(due_.size()), residual_.data(), exact_.data());
    if (status != Status::ok) return status;
    for (std::size_t i = 0; i < due_.size(); ++i) {
        const auto j = static_cast<std::size_t>(due_[i]);
        gradients_[j] = exact_[i];
        stamps_[j] = travel_;
        margins_[j] = margin;
        sums.dual = std::max(sums.dual, magnitude(due_[i]));
        sums.dual_bound = std::max(sums.dual_bound, upper(due_[i]));
    }
    return Status::ok;
}

Status Screen::evaluate_gram(const double* w, const std::vector<index_t>& support, Sums& sums) {
    const index_t p = design_.features();
    const ColumnKernels<double>& kernels = column_kernels<double>();
    std::copy_n(target_.correlations, p, gradients_.data());
    for (const index_t j : support) {
        if (cancel::poll()) return Status::cancelled;
        kernels.axpy(-w[j], gram_->row(gram_->position(j)), gradients_.data(), p);
    }
    double wc = 0, wg = 0;
    for (const index_t j : support) {
        wc += w[j] * target_.correlations[j];
        wg += w[j] * gradients_[static_cast<std::size_t>(j)];
    }
    sums.y_r = target_.squared - wc;
    sums.r_squared = std::max(0.0, target_.squared - wc - wg);
    const double whole = std::sqrt(target_.squared) * up + sums.reach;
    const double error =
        design_.sum_error() + gram_error_ + (static_cast<double>(support.size()) + 16) * unit;
    sums.r_error = design_.entry_error() * sums.reach;
    sums.r_squared_error = 4 * error * whole * whole;
    sums.y_r_error = 2 * error * whole * whole + std::sqrt(target_.squared) * up * sums.r_error;
    std::fill(margins_.begin(), margins_.end(), (2 * error + design_.entry_error()) * whole);
    for (const index_t j : features_) {
        sums.dual = std::max(sums.dual, magnitude(j));
        sums.dual_bound = std::max(sums.dual_bound, upper(j));
    }
    return Status::ok;
}

void Screen::certify(const double* w, double lambda, const Sums& sums, Certificate& certificate) const {
    if (lambda == 0) {  // least squares: the first-order condition ||X'r||^2, as scikit-learn
        double squares = 0;
        for (const index_t j : features_) {
            const double g = gradients_[static_cast<std::size_t>(j)];
            if (!positive_ || w[j] != 0 || g > 0) squares += g * g;
        }
        certificate = {squares, squares, 1.0};
        return;
    }
    const auto dual_value = [&](double scale, double y_r, double r_squared) {
        return scale * y_r - 0.5 * scale * scale * r_squared;
    };
    certificate.scale = lambda / std::max(lambda, sums.dual);
    certificate.gap =
        0.5 * sums.r_squared + lambda * sums.w_norm - dual_value(certificate.scale, sums.y_r, sums.r_squared);
    const double safe = lambda / std::max(lambda, sums.dual_bound);
    const double r_squared = sums.r_squared + sums.r_squared_error;
    const double r_norm = std::sqrt(r_squared) + sums.r_error;
    const double primal = (0.5 * r_norm * r_norm + lambda * sums.w_norm) * up;
    const double dual = dual_value(safe, sums.y_r - sums.y_r_error, r_norm * r_norm);
    certificate.bound = primal - dual + 64 * unit * (primal + std::abs(dual));
}

}  // namespace mlqa::linear_model
