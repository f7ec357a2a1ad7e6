// Products of rows in fixed point, for processors that multiply tiles of bytes (AMX): nearly exact, whatever
// the order of the sum.
//
// Formula. With M at least every |p_ik| of a set and S = (1 + 2^-6) M, a value is rounded to an integer of L
// bytes, which has L digits of base 256 between -128 and 127,
//
//     Q = rint(p 2^(8 L - 1) / S) = sum_s a_s 256^(L - 1 - s) ,       0 <= s < L .
//
// A product of two rows p, p' adds up the digits' products whose weight a result of L bytes still holds:
//
//     c_s = sum over i + j = s, and over features, of a_i a'_j ,
//     t = S^2 2^-14 sum_s c_s 2^(-8 s) ,       0 <= s < L .
//
// The c_s are integers of 32 bits and exact (TDPBSSD, Intel 64 and IA-32 Architectures Software Developer's
// Manual, vol. 2: bytes multiplied, summed in fours and added to a tile of integers). The result is the same
// whatever the order of the features or of the operands; plain arithmetic gives the same bits, which is the
// model that tests run on any processor.
//
// Error bound. With R at least every |p|, d features and the unit roundoff u of what t is summed in,
//
//     | t - p . p' |  <=  2 sqrt(d) e R + d e^2 + (1 + 2^-6) (L - 1) d S^2 2^(-8 L)
//                         + 4 u (R + sqrt(d) S / 100)^2 ,       e = (9 / 8) S 2^(-8 L) .
//
// - Rounding: |p - Q S 2^(1 - 8 L)| <= e: half a unit, and 1/16 for what double arithmetic adds, up to L = 6.
//   Two rows off by at most sqrt(d) e each are off by the first two terms in their product (Cauchy-Schwarz).
// - Left out: the c_s of L <= s <= 2 L - 2, of 2 L - 1 - s products of digits each, at most 2^14 d a product:
//   S^2 d (L - 1) 2^(-8 L) and less than 1/85 of it for s > L.
// - Sum: c_0 is rounded, its sum with the others by Horner's rule, the factor, and what it gives: four
//   roundings of at most (R + sqrt(d) S / 256)^2, as |a_0| S / 128 <= R + sqrt(d) S / 256. Those of c_1 and
//   what follows are smaller by 2^-8, which the larger square covers.
//
// With three digits that is below the error bound of float32 (pairwise/tiles.hpp) from some 50 features on
// where no value is beyond 5 standard deviations; with five it is then below 2^-33 R^2. Where single values
// are far larger than the others, floats are the better ones: who uses fixed point compares the bounds.
//
// Figures, a thread with 784 and 256 features: 500 and 750 GFLOP/s with three digits, 170 and 280 with five;
// in float32 and float64 95 and 46. Rows of RBF values, 256 at a time in 10000 columns, float32 and three
// digits: 1.02 and 0.68 ns a value with 64 features, 1.48 and 0.84 with 100, 3.1 and 1.3 with 256, 9.3
// and 3.4 with 784; with fewer than 64 features, filling and the way to a value take what the products gain.
#pragma once

#include <cstdint>

#include "core/array.hpp"

namespace mlqa::pairwise {

/// Digits that serve instead of float32, and of float64 where that is more than needed.
constexpr int few_digits = 3, many_digits = 5;

/// Features of a chunk, rows of a group and of a panel, bytes of a digit of a chunk of a group.
constexpr index_t fixed_chunk = 64, fixed_group = 16, fixed_panel = 32,
                  fixed_digit = fixed_chunk * fixed_group;

inline index_t fixed_chunks(index_t d) {
    return (d + fixed_chunk - 1) / fixed_chunk;
}

/// Bytes before a packed row, the first of a group.
inline std::size_t fixed_offset(index_t row, index_t d, int digits) {
    return static_cast<std::size_t>(row / fixed_group * fixed_chunks(d) * digits * fixed_digit);
}

/// Whether rows of d features may be multiplied in fixed point, and it pays.
bool multiplies_bytes(index_t d) noexcept;

/// A set of rows in fixed point.
struct FixedPoint {
    double largest = 0.0;  ///< M; 0 where the set is not to be used so
    index_t features = 0;

    bool usable() const { return largest > 0.0; }
    /// Q = rint(factor p)
    double factor(int digits) const;
    /// S^2 2^-14
    double unit() const;
    /// The bound above, for squared norms of at most `square` = R^2.
    double error(int digits, double square, double u) const;
};

/// For rows of d features, none larger than `largest`; not usable where numbers would overflow.
FixedPoint fixed_point(double largest, index_t d);

}  // namespace mlqa::pairwise
