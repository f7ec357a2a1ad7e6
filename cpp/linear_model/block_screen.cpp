#include "linear_model/block_screen.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/threads.hpp"
#include "linear_model/columns.kernel.hpp"
#include "linear_model/screening.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double unit = 0x1p-53;
constexpr index_t together = 512;               ///< features whose gradients follow from Gram rows at once
constexpr index_t parallel_products = 1 << 18;  ///< multiply-adds before threads pay
constexpr double up = 1 + 0x1p-40;              ///< rounds a short computation of positive numbers up

double norm(const double* a, index_t size) {
    return std::sqrt(column_kernels<double>().dot(a, a, size));
}

/// The negative rows of w of chosen features, one after the other.
arena::Buffer<double> negative_rows(const double* w, const std::vector<index_t>& chosen, index_t count) {
    arena::Buffer<double> rows(chosen.size() * static_cast<std::size_t>(count));
    double* to = rows.data();
    for (const index_t j : chosen)
        for (index_t t = 0; t < count; ++t) *to++ = -w[j * count + t];
    return rows;
}

}  // namespace

/// What a certificate is made of, and how wrong each part may be.
struct BlockScreen::Sums {
    double cost = 0;       ///< sum lambda_j ||w_j||
    double reach = 0;      ///< sum ||x_j|| ||w_j||
    double shrunk = 0;     ///< sum ridge_j ||w_j||^2
    double r_squared = 0;  ///< ||R||^2
    double y_r = 0;        ///< <Y, R>
    double r_error = 0;    ///< of ||R||: R as computed against Y - X W
    double r_squared_error = 0;
    double y_r_error = 0;
    double margin = 0;  ///< of a gradient that was computed now, relative to ||x_j||
};

BlockScreen::BlockScreen(const Design& design, const Penalty& penalty, const Targets& targets,
                         const Gram* gram)
    : design_(design),
      penalty_(penalty),
      targets_(targets),
      projection_(design, penalty),
      gram_(gram),
      norms_(static_cast<std::size_t>(design.features())),
      pulls_(static_cast<std::size_t>(design.features())),
      origins_(static_cast<std::size_t>(design.features())),
      usable_(static_cast<std::size_t>(design.features()), 0),
      found_(static_cast<std::size_t>(design.features())) {
    const auto p = static_cast<std::size_t>(design.features());
    for (index_t j = 0; j < design.features(); ++j) {
        const auto at = static_cast<std::size_t>(j);
        norms_[at] = pulls_[at] = norm(targets.correlations + j * targets.count, targets.count);
        if (!(design.squared_norm(j) > 0) || penalty.excluded(j)) continue;
        features_.push_back(j);
        usable_[at] = 1;
    }
    const double y_norm = std::sqrt(targets.squared) * up;
    std::fill(origins_.begin(), origins_.end(), (design.sum_error() + design.entry_error()) * y_norm);
    if (!penalty.free().empty()) {
        free_ = arena::Buffer<double>(p * static_cast<std::size_t>(targets.count), 0.0);
        column_ = arena::Buffer<double>(p, 0.0);
    }
    const auto values = static_cast<std::size_t>(design.samples() * targets.count);
    residual_ = arena::Buffer<double>(gram == nullptr ? values : 0);
    next_ = arena::Buffer<double>(gram == nullptr ? values : 0);
    std::copy_n(targets.y, residual_.size(), residual_.data());
}

double BlockScreen::magnitude(index_t j) const {
    const double pull = pulls_[static_cast<std::size_t>(j)], factor = penalty_.factor(j);
    if (factor > 0) return pull / factor;
    return pull > 0 ? HUGE_VAL : 0.0;
}

/// Features whose gradients, with what they may have changed, exceed factor_j threshold.
const std::vector<index_t>& BlockScreen::above(double threshold, bool with_drift) {
    const GradientView view{norms_.data(), with_drift ? design_.norm_bounds() : nullptr, origins_.data(),
                            penalty_.factors(), design_.features()};
    const std::int64_t count = screening_kernels().above(&view, travel_, threshold, found_.data());
    above_.clear();
    std::copy_if(found_.data(), found_.data() + count, std::back_inserter(above_),
                 [&](index_t j) { return usable_[static_cast<std::size_t>(j)] != 0; });
    return above_;
}

void BlockScreen::violators(double lambda, const std::vector<char>& in_working,
                            const Certificate* certificate, std::vector<index_t>& found) {
    found.clear();
    for (const index_t j : above(lambda, false))
        if (in_working[static_cast<std::size_t>(j)] == 0 && magnitude(j) > lambda &&
            (certificate == nullptr || !excluded(j, *certificate)))
            found.push_back(j);
}

/// How far ||X_j'R|| may be from the value at hand.
double BlockScreen::drift(index_t j) const {
    return design_.norm_bound(j) * (travel_ + origins_[static_cast<std::size_t>(j)]) * up;
}

bool BlockScreen::excluded(index_t j, const Certificate& certificate) const {
    if (!(penalty_.lambda(j) > 0)) return false;
    const double length = design_.norm_bound(j);
    const double radius = std::sqrt(2 * std::max(0.0, certificate.bound)) * up;
    const double pull = pulls_[static_cast<std::size_t>(j)] * up + drift(j);
    return certificate.scale * (pull + length * certificate.slip) +
               std::sqrt(length * length + penalty_.ridge(j)) * radius * up <
           penalty_.lambda(j);
}

/// Notes the gradient X_j'R of a feature.
void BlockScreen::take(index_t j, const double* gradient, const double* w) {
    const auto at = static_cast<std::size_t>(j);
    const index_t count = targets_.count;
    norms_[at] = pulls_[at] = norm(gradient, count);
    const double ridge = penalty_.ridge(j);
    if (ridge > 0) {
        double squares = 0;
        for (index_t t = 0; t < count; ++t) {
            const double g = gradient[t] - ridge * w[j * count + t];
            squares += g * g;
        }
        pulls_[at] = std::sqrt(squares);
        shrunk_.push_back(j);
    }
    if (penalty_.factor(j) == 0) std::copy_n(gradient, count, free_.data() + j * count);
}

Status BlockScreen::evaluate(const double* w, const std::vector<index_t>& support, double threshold,
                             Certificate& certificate) {
    Sums sums;
    for (const index_t j : support) {
        const double length = norm(w + j * targets_.count, targets_.count);
        sums.cost += penalty_.lambda(j) * length;
        sums.reach += design_.norm_bound(j) * length * up;
        sums.shrunk += penalty_.ridge(j) * length * length;
    }
    for (const index_t j : shrunk_) pulls_[static_cast<std::size_t>(j)] = norms_[static_cast<std::size_t>(j)];
    shrunk_.clear();
    const Status status =
        gram_ == nullptr ? evaluate_columns(w, support, threshold, sums) : evaluate_gram(w, support, sums);
    if (status == Status::ok) certify(sums, w, certificate);
    return status;
}

Status BlockScreen::evaluate_columns(const double* w, const std::vector<index_t>& support, double threshold,
                                     Sums& sums) {
    const ColumnKernels<double>& kernels = column_kernels<double>();
    const index_t n = design_.samples(), count = targets_.count, values = n * count;
    const auto size = static_cast<index_t>(support.size());
    std::copy_n(targets_.y, values, next_.data());
    Status status = design_.add_products(support.data(), size, negative_rows(w, support, count).data(), count,
                                         next_.data());
    if (status != Status::ok) return status;
    kernels.axpy(-1.0, next_.data(), residual_.data(), values);
    travel_ += norm(residual_.data(), values) * up;
    std::swap(residual_, next_);

    for (index_t t = 0; t < count; ++t) {
        const double* r = residual_.data() + t * n;
        sums.r_squared += kernels.dot(r, r, n);
        sums.y_r += kernels.dot(targets_.y + t * n, r, n);
    }
    const double y_norm = std::sqrt(targets_.squared) * up, r_norm = std::sqrt(sums.r_squared) * up;
    const double error = design_.sum_error() + static_cast<double>(count) * unit;
    sums.r_error =
        (static_cast<double>(size) + 8) * unit * (y_norm + sums.reach) + design_.entry_error() * sums.reach;
    sums.r_squared_error = error * sums.r_squared;
    sums.y_r_error = error * y_norm * r_norm + y_norm * sums.r_error;
    sums.margin = (error + design_.entry_error()) * r_norm + sums.r_error;

    above(threshold, true);
    due_.clear();
    std::set_union(above_.begin(), above_.end(), support.begin(), support.end(), std::back_inserter(due_));
    const std::size_t wanted = due_.size() * static_cast<std::size_t>(count);
    if (products_.size() < wanted) products_ = arena::Buffer<double>(wanted + wanted / 2);
    status = design_.products(due_.data(), static_cast<index_t>(due_.size()), residual_.data(), count,
                              products_.data());
    if (status != Status::ok) return status;
    if (4 * unit * travel_ > sums.margin) {  // the way is so long that its rounding would show
        for (double& origin : origins_) origin = (origin + travel_) + 4 * unit * travel_;
        travel_ = 0;
    }
    for (std::size_t i = 0; i < due_.size(); ++i) {
        const index_t j = due_[i];
        take(j, products_.data() + static_cast<index_t>(i) * count, w);
        origins_[static_cast<std::size_t>(j)] = (sums.margin + 4 * unit * travel_) - travel_;
    }
    return Status::ok;
}

Status BlockScreen::evaluate_gram(const double* w, const std::vector<index_t>& support, Sums& sums) {
    const index_t p = design_.features(), count = targets_.count;
    const auto values = static_cast<std::size_t>(p * count);
    const auto size = static_cast<index_t>(support.size());
    if (products_.size() < values) products_ = arena::Buffer<double>(values);
    std::copy_n(targets_.correlations, values, products_.data());
    const arena::Buffer<double> rows = negative_rows(w, support, count);
    const arena::Buffer<double> change(values, 0.0);  // targets x features
    const Status status = threads::parallel_for(
        (p + together - 1) / together, size * p * count > parallel_products ? design_.threads() : 1,
        [&](index_t chunk, int) {
            const index_t first = chunk * together, width = std::min(together, p - first);
            for (index_t i = 0; i < size; ++i) {
                const double* row = gram_->row(gram_->position(support[static_cast<std::size_t>(i)]));
                column_kernels<double>().axpys(rows.data() + i * count, row + first, change.data() + first, p,
                                               count, width);
            }
            for (index_t j = first; j < first + width; ++j)
                for (index_t t = 0; t < count; ++t)
                    products_[static_cast<std::size_t>(j * count + t)] +=
                        change[static_cast<std::size_t>(t * p + j)];
        });
    if (status != Status::ok) return status;
    double wc = 0, wq = 0;
    for (const index_t j : support) {
        wc += column_kernels<double>().dot(w + j * count, targets_.correlations + j * count, count);
        wq += column_kernels<double>().dot(w + j * count, products_.data() + j * count, count);
    }
    sums.y_r = targets_.squared - wc;
    sums.r_squared = std::max(0.0, targets_.squared - wc - wq);
    const double whole = std::sqrt(targets_.squared) * up + sums.reach;
    const double error = design_.sum_error() + static_cast<double>(size + count + 16) * unit;
    sums.r_error = design_.entry_error() * sums.reach;
    sums.r_squared_error = 4 * error * whole * whole;
    sums.y_r_error = 2 * error * whole * whole + std::sqrt(targets_.squared) * up * sums.r_error;
    sums.margin = (2 * error + design_.entry_error()) * whole;
    due_ = features_;
    for (const index_t j : due_) take(j, products_.data() + j * count, w);
    std::fill(origins_.begin(), origins_.end(), sums.margin);
    return Status::ok;
}

/// ||Z V||, over all targets.
double BlockScreen::slip(double margin) {
    double squares = 0;
    if (penalty_.free().empty()) return squares;
    for (index_t t = 0; t < targets_.count; ++t) {
        for (const index_t j : penalty_.free())
            column_[static_cast<std::size_t>(j)] = free_[static_cast<std::size_t>(j * targets_.count + t)];
        const double length = projection_.slip(column_.data(), margin);
        squares += length * length;
    }
    return std::sqrt(squares) * up;
}

void BlockScreen::certify(const Sums& sums, const double* w, Certificate& certificate) {
    if (penalty_.lambda() ==
        0) {  // ||g_j||^2 / 2 ridge_j; least squares: the first-order condition, as scikit-learn
        double squares = 0;
        for (const index_t j : features_) {
            const double pull = pulls_[static_cast<std::size_t>(j)], ridge = penalty_.ridge(j);
            squares += ridge > 0 ? pull * pull / (2 * ridge) : pull * pull;
        }
        certificate = {squares, squares, 1.0, 0.0, sums.reach};
        return;
    }
    const auto dual_value = [](double scale, double y_r, double r_squared) {
        return scale * y_r - 0.5 * scale * scale * r_squared;
    };
    const double y_norm = std::sqrt(targets_.squared) * up;
    const double slipped = slip(0.0), safe_slip = slip(sums.margin);
    double largest = 1, safe_largest = 1;
    double overflow = 0;  // NaN where a norm was too large, which std::max would not show
    for (const index_t j : due_) {
        const double lambda = penalty_.lambda(j), length = design_.norm_bound(j);
        const double pull = pulls_[static_cast<std::size_t>(j)];
        if (!(lambda > 0)) continue;
        const double turned = 4 * unit * penalty_.ridge(j) * norm(w + j * targets_.count, targets_.count);
        largest = std::max(largest, (pull + length * slipped) / lambda);
        safe_largest = std::max(safe_largest, (pull * up + drift(j) + turned + length * safe_slip) / lambda);
        overflow += 0 * safe_largest * length;
    }
    const double whole = sums.r_squared + sums.shrunk;
    certificate.scale = 1 / largest;
    certificate.gap = overflow + 0.5 * whole + sums.cost -
                      dual_value(certificate.scale, sums.y_r - y_norm * slipped, whole);

    const double safe = 1 / (safe_largest * up);
    const double r_norm = std::sqrt(sums.r_squared + sums.r_squared_error) + sums.r_error;
    const double r_squared = (r_norm * r_norm + sums.shrunk) * up;
    const double primal = (0.5 * r_squared + sums.cost) * up;
    const double dual = dual_value(safe, sums.y_r - sums.y_r_error - y_norm * safe_slip, r_squared);
    certificate.bound = overflow + primal - dual + 64 * unit * (primal + std::abs(dual));
    certificate.slip = safe_slip;
    certificate.reach = sums.reach;
}

}  // namespace mlqa::linear_model
