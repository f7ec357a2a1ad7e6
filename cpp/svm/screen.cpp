#include "svm/screen.hpp"

#include <cmath>
#include <limits>

namespace mlqa::svm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double most = 1.0 / 64.0;
/// Larger numbers are left to double: float would come near its end.
constexpr double largest_factor = 0x1p60, largest_value = 0x1p30;

bool within(double x, double limit) {
    return x >= -limit && x <= limit;
}

}  // namespace

Screen::Screen(const KernelFunction& function, index_t d, index_t terms, int roundings, double norm,
               double square)
    : function_(function),
      d_(static_cast<double>(d) * roundings),
      terms_(static_cast<double>(terms) * roundings),
      norm_(norm),
      square_(square) {
    const bool in_range = within(function.gamma, largest_factor) && within(function.coef0, largest_factor);
    const bool normal = function.kind == svm::Kernel::linear || function.gamma > 1 / largest_factor;
    usable_ = function.kind != svm::Kernel::precomputed && in_range && normal && d < (1 << 22) &&
              terms < (1 << 22) && within(norm, largest_factor) && within(square, largest_factor);
    if (function.kind != svm::Kernel::linear) return;
    function_ = {svm::Kernel::poly, 1, 1.0, 0.0};
}

Screen::Kernel Screen::kernel(double u, double x, double z) const {
    const double gamma = function_.gamma;
    const double lost = gamma * d_ * 0x1p-122 * (1 + x + z);
    if (function_.kind == svm::Kernel::rbf) {
        const double theta = 3 * gamma * (d_ + 5) * u * x + 2 * lost;
        const double kappa = (2 * (d_ + 5) + 1) * u;
        if (!(theta <= most && kappa <= most)) return {infinity, 1};
        return {1.15 * (theta + 0.37 * kappa) + 5 * u, 1};
    }
    const double base = gamma * std::sqrt(x * z) + std::abs(function_.coef0) + lost / u;
    if (function_.kind == svm::Kernel::sigmoid) return {(d_ + 7) * u * base + 5 * u, 1};
    const double relative = function_.degree * (d_ + 9) * u;
    const double value = std::pow(base, function_.degree);
    if (!(relative <= most && value <= largest_value)) return {infinity, value};
    return {1.15 * relative * value, value};
}

float Screen::error(double norm, double square) const {
    if (!usable_ || !within(norm, largest_factor) || !within(square, largest_factor))
        return std::numeric_limits<float>::infinity();
    const Kernel single = kernel(0x1p-24, norm, norm_), exact = kernel(0x1p-53, square, square_);
    const double of_values = single.error + exact.error;
    const double of_sums = 1.01 * (terms_ + 12) * 0x1p-24 * (single.largest + of_values);
    return static_cast<float>((of_values + of_sums + 0x1p-90) * (1 + 0x1p-10));
}

}  // namespace mlqa::svm
