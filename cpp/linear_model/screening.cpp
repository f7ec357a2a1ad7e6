#include "linear_model/screening.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "core/cancel.hpp"
#include "linear_model/columns.kernel.hpp"
#include "linear_model/screening.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double unit = 0x1p-53;
/// Columns in 8 bits pay for themselves once as many columns have been read as there are, and some memory.
constexpr index_t many_entries = 1 << 17, many_samples = 1 << 16;
constexpr double up = 1 + 0x1p-40;  ///< rounds a short computation of positive numbers up

}  // namespace

/// What a certificate is made of, and how wrong each part may be.
struct Screen::Sums {
    double cost = 0;       ///< sum lambda_j |w_j|
    double reach = 0;      ///< sum ||x_j|| |w_j|
    double shrunk = 0;     ///< sum ridge_j w_j^2
    double r_squared = 0;  ///< r'r
    double y_r = 0;        ///< y'r
    double r_error = 0;    ///< of ||r||: r as computed against y - X w
    double r_squared_error = 0;
    double y_r_error = 0;
    double margin = 0;  ///< of a gradient that was computed now, relative to ||x_j||
};

Screen::Screen(const Design& design, const Target& target, const Penalty& penalty, const Gram* gram,
               double gram_error)
    : design_(design),
      target_(target),
      penalty_(penalty),
      projection_(design, penalty),
      gram_(gram),
      gram_error_(gram_error),
      gradients_(static_cast<std::size_t>(design.features())),
      origins_(static_cast<std::size_t>(design.features())),
      usable_(static_cast<std::size_t>(design.features()), 0),
      found_(static_cast<std::size_t>(design.features())) {
    std::copy_n(target.correlations, design.features(), gradients_.data());
    for (index_t j = 0; j < design.features(); ++j) {
        if (penalty.excluded(j)) continue;
        overflows_ = overflows_ || !std::isfinite(design.squared_norm(j));
        if (!(design.squared_norm(j) > 0)) continue;
        features_.push_back(j);
        usable_[static_cast<std::size_t>(j)] = 1;
    }
    const double y_norm = std::sqrt(target.squared) * up;
    std::fill(origins_.begin(), origins_.end(), (design.sum_error() + design.entry_error()) * y_norm);
    if (gram != nullptr) return;
    const auto n = static_cast<std::size_t>(design.samples());
    residual_ = arena::Buffer<double>(n);
    next_ = arena::Buffer<double>(n);
    std::copy_n(target.y, n, residual_.data());
}

/// g_j
double Screen::gradient(index_t j) const {
    const double g = gradients_[static_cast<std::size_t>(j)];
    return w_ == nullptr ? g : g - penalty_.ridge(j) * w_[j];
}

double Screen::magnitude(index_t j) const {
    const double pull = penalty_.pull(j, gradient(j)), factor = penalty_.factor(j);
    if (factor > 0) return pull / factor;
    return pull > 0 ? HUGE_VAL : 0.0;
}

/// Features whose gradients, with what they may have changed, exceed factor_j threshold.
const std::vector<index_t>& Screen::above(double threshold, bool with_drift) {
    const index_t p = design_.features();
    const GradientView view{gradients_.data(), with_drift ? design_.norm_bounds() : nullptr, origins_.data(),
                            penalty_.factors(), p};
    const std::int64_t count = screening_kernels().above(&view, travel_, threshold, found_.data());
    above_.clear();
    std::copy_if(found_.data(), found_.data() + count, std::back_inserter(above_),
                 [&](index_t j) { return usable_[static_cast<std::size_t>(j)] != 0; });
    return above_;
}

void Screen::violators(double lambda, const std::vector<char>& in_working, const Certificate* certificate,
                       std::vector<index_t>& found) {
    found.clear();
    for (const index_t j : above(lambda, false))
        if (in_working[static_cast<std::size_t>(j)] == 0 && magnitude(j) > lambda &&
            (certificate == nullptr || !excluded(j, *certificate)))
            found.push_back(j);
}

/// How far x_j'r may be from the value at hand, ...
inline double Screen::drift(index_t j) const {
    return design_.norm_bound(j) * (travel_ + origins_[static_cast<std::size_t>(j)]) * up;
}

/// ... and g_j.
double Screen::slack(index_t j) const {
    return drift(j) + (w_ == nullptr ? 0.0 : 4 * unit * std::abs(penalty_.ridge(j) * w_[j]));
}

bool Screen::excluded(index_t j, const Certificate& certificate) const {
    if (!(penalty_.lambda(j) > 0)) return false;
    const double norm = design_.norm_bound(j), ridge = penalty_.ridge(j);
    const double radius = std::sqrt(2 * std::max(0.0, certificate.bound)) * up;
    return certificate.scale * (penalty_.pull(j, gradient(j)) + slack(j) + norm * certificate.slip) +
               std::sqrt(norm * norm + ridge) * radius * up <
           penalty_.lambda(j);
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

Status Screen::evaluate(const double* w, const std::vector<index_t>& support, double threshold,
                        Certificate& certificate) {
    Sums sums;
    w_ = w;
    for (const index_t j : support) {
        sums.cost += penalty_.lambda(j) * std::abs(w[j]);
        sums.reach += design_.norm_bound(j) * std::abs(w[j]);
        sums.shrunk += penalty_.ridge(j) * w[j] * w[j];
    }
    const Status status =
        gram_ == nullptr ? evaluate_columns(w, support, threshold, sums) : evaluate_gram(w, support, sums);
    if (status == Status::ok) certify(sums, certificate);
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
    sums.margin = (error + design_.entry_error()) * r_norm + sums.r_error;

    above(threshold, true);
    status = narrow(threshold, r_norm, sums.margin);
    if (status != Status::ok) return status;
    due_.clear();
    std::set_union(above_.begin(), above_.end(), support.begin(), support.end(), std::back_inserter(due_));
    if (exact_.size() < due_.size()) exact_ = arena::Buffer<double>(due_.size() + due_.size() / 2);
    status =
        design_.correlations(due_.data(), static_cast<index_t>(due_.size()), residual_.data(), exact_.data());
    if (status != Status::ok) return status;
    if (4 * unit * travel_ > sums.margin) {  // the way is so long that its rounding would show
        for (double& origin : origins_) origin = (origin + travel_) + 4 * unit * travel_;
        travel_ = 0;
    }
    const double origin = (sums.margin + 4 * unit * travel_) - travel_;
    for (std::size_t i = 0; i < due_.size(); ++i) {
        const auto j = static_cast<std::size_t>(due_[i]);
        gradients_[j] = exact_[i];
        origins_[j] = origin;
    }
    return Status::ok;
}

/// Leaves those of the features above the threshold that their columns in 8 bits do not rule out.
Status Screen::narrow(double threshold, double r_norm, double margin) {
    const index_t n = design_.samples(), count = static_cast<index_t>(above_.size());
    looked_at_ += count;
    if (!design_.quantises() || n > many_samples || n * design_.features() < many_entries || threshold < 0 ||
        8 * count < design_.features() / 8 || looked_at_ <= design_.features())
        return Status::ok;
    Status status = quantised_.built() ? Status::ok : quantised_.build(design_);
    if (status != Status::ok) return status;
    if (exact_.size() < above_.size()) exact_ = arena::Buffer<double>(above_.size());
    if (errors_.size() < above_.size()) errors_ = arena::Buffer<double>(above_.size());
    status = quantised_.products(design_, above_, residual_.data(), r_norm, exact_.data(), errors_.data());
    if (status != Status::ok) return status;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < above_.size(); ++i) {
        const index_t j = above_[i];
        const auto at = static_cast<std::size_t>(j);
        gradients_[at] = exact_[i];
        origins_[at] = (errors_[i] + margin + 4 * unit * travel_) - travel_;
        if (!(std::abs(gradients_[at]) + drift(j) <= penalty_.factor(j) * threshold)) above_[kept++] = j;
    }
    above_.resize(kept);
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
    sums.margin = (2 * error + design_.entry_error()) * whole;
    std::fill(origins_.begin(), origins_.end(), sums.margin);
    due_ = features_;
    return Status::ok;
}

/// max |g_j| / lambda_j over features without a bound where g_j points, at least 1; and with what g_j may be
/// wrong.
Screen::Largest Screen::largest(double slip, double safe_slip) const {
    Largest largest;
    const bool both_ways = !penalty_.bounded() && !penalty_.positive();
    for (const index_t j : due_) {
        const double lambda = penalty_.lambda(j), g = gradient(j), norm = design_.norm_bound(j);
        if (!(lambda > 0)) continue;
        double size = std::abs(g);
        const double wrong = slack(j) + norm * safe_slip;
        if (!both_ways) {
            if (penalty_.high(j) < HUGE_VAL) size = -g;
            if (penalty_.low(j) > -HUGE_VAL) size = penalty_.high(j) < HUGE_VAL ? -HUGE_VAL : g;
        }
        largest.exact = std::max(largest.exact, (size + norm * slip) / lambda);
        largest.safe = std::max(largest.safe, (size + wrong) / lambda);
    }
    return largest;
}

/// sum bound_j (s |g_j| - lambda_j)_+ over features with a bound where g_j points.
double Screen::beyond(double scale, double slip, bool with_slack) const {
    double sum = 0;
    if (!penalty_.bounded()) return sum;
    for (const index_t j : due_) {
        const double high = penalty_.high(j), low = penalty_.low(j);
        if (high == HUGE_VAL && low == -HUGE_VAL) continue;
        const double lambda = penalty_.lambda(j), g = gradient(j);
        const double wrong = (with_slack ? slack(j) : 0.0) + design_.norm_bound(j) * slip;
        const double above = scale * (g + wrong) - lambda, below = scale * (wrong - g) - lambda;
        const double cost_above = above > 0 && high < HUGE_VAL ? high * above : 0.0;
        const double cost_below = below > 0 && low > -HUGE_VAL ? -low * below : 0.0;
        sum += std::max(cost_above, cost_below);
    }
    return sum;
}

void Screen::certify(const Sums& sums, Certificate& certificate) {
    if (overflows_) {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        certificate = {nan, nan, 1.0, 0.0, sums.reach};
        return;
    }
    if (penalty_.lambda() ==
        0) {  // g_j^2 / 2 ridge_j; least squares: the first-order condition, as scikit-learn
        double squares = 0;
        for (const index_t j : features_) {
            const double g = gradient(j);
            const bool inside = w_[j] > penalty_.low(j) && w_[j] < penalty_.high(j);
            if (!inside && (g > 0 ? w_[j] >= penalty_.high(j) : w_[j] <= penalty_.low(j))) continue;
            squares += penalty_.ridge(j) > 0 ? g * g / (2 * penalty_.ridge(j)) : g * g;
        }
        certificate = {squares, squares, 1.0, 0.0, sums.reach};
        return;
    }
    const auto dual_value = [&](double scale, double y_r, double r_squared) {
        return scale * y_r - 0.5 * scale * scale * r_squared;
    };
    const double y_norm = std::sqrt(target_.squared) * up;
    const double slip = projection_.slip(gradients_.data(), 0.0);
    const double safe_slip = projection_.slip(gradients_.data(), sums.margin);
    const Largest far = largest(slip, safe_slip);
    const double whole = sums.r_squared + sums.shrunk;
    certificate.scale = 1 / far.exact;
    certificate.gap = 0.5 * whole + sums.cost + beyond(certificate.scale, slip, false) -
                      dual_value(certificate.scale, sums.y_r - y_norm * slip, whole);

    const double safe = 1 / (far.safe * up);
    const double r_norm = std::sqrt(sums.r_squared + sums.r_squared_error) + sums.r_error;
    const double r_squared = (r_norm * r_norm + sums.shrunk) * up;
    const double primal = (0.5 * r_squared + sums.cost) * up;
    const double dual = dual_value(safe, sums.y_r - sums.y_r_error - y_norm * safe_slip, r_squared);
    const double cost = beyond(safe, safe_slip, true);
    certificate.bound = primal + cost - dual + 64 * unit * (primal + cost + std::abs(dual));
    certificate.slip = safe_slip;
    certificate.reach = sums.reach;
}

}  // namespace mlqa::linear_model
