#include "pairwise/fixed.hpp"

#include <cmath>

#include "pairwise/products.hpp"

namespace mlqa::pairwise {
namespace {

/// With fewer, filling and the way from integers to values take what products gain.
constexpr index_t least_features = 64;
/// A sum has up to five products of bytes a feature and stays below 2^31.
constexpr index_t most_features = 16384;

double scale(double largest) {
    return largest * (1.0 + 0x1p-6);
}

}  // namespace

bool multiplies_bytes(index_t d) noexcept {
    return d > 0 && d <= most_features && multiplies_tiles(d >= least_features);
}

double FixedPoint::factor(int digits) const {
    return std::exp2(8 * digits - 1) / scale(largest);
}

double FixedPoint::unit() const {
    return scale(largest) * scale(largest) * 0x1p-14;
}

double FixedPoint::error(int digits, double square, double u) const {
    const double s = scale(largest), last = std::exp2(-8 * digits), e = 1.125 * s * last;
    const auto d = static_cast<double>(features);
    const double longest = std::sqrt(square), first = longest + std::sqrt(d) * s / 100.0;
    return 2.0 * std::sqrt(d) * e * longest + d * e * e + (1.0 + 0x1p-6) * (digits - 1) * d * s * s * last +
           4.0 * u * first * first;
}

FixedPoint fixed_point(double largest, index_t d) {
    const bool in_range = largest > 1e-100 && largest < 1e100;
    return {in_range ? largest : 0.0, d};
}

}  // namespace mlqa::pairwise
