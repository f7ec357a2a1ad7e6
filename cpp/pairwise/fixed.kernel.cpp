#include "pairwise/fixed.kernel.hpp"

#include "core/simd.hpp"
#include "pairwise/fixed.hpp"

namespace mlqa {
namespace {

using pairwise::fixed_chunk;
using pairwise::fixed_digit;
using pairwise::fixed_group;

constexpr int features = static_cast<int>(fixed_chunk);

/// Values that are asked for ahead, in the same row or, where rows lie one after the other, in the next.
constexpr index_t ahead = 256;

/// The values of a chunk of a row; zeros beyond its n.
MLQA_INLINE void take_values(const double* x, index_t stride, int n, const double* centre, double* p) {
    if (stride == 1)
        for (int k = 0; k < n; k += 8) simd::prefetch(x + ahead + k);
    for (int k = 0; k < n; ++k) p[k] = x[k * stride] - (centre == nullptr ? 0.0 : centre[k]);
    for (int k = n; k < features; ++k) p[k] = 0.0;
}

/// The bits of Q + 128 (1 + 256 + ... + 256^(digits - 1)): its bytes are the digits plus 128. They are the
/// last ones of a double's that is large enough.
MLQA_INLINE void to_integers(const double* p, double factor, int digits, std::uint64_t* bits) {
    constexpr double whole = 0x1.8p52;
    const double shift = whole + static_cast<double>(0x8080808080808080ULL >> (64 - 8 * digits));
    for (int k = 0; k < features; ++k) {
        const double shifted = p[k] * factor + shift;
        __builtin_memcpy(bits + k, &shifted, sizeof shifted);
    }
}

MLQA_INLINE void store_digit(const std::uint64_t* bits, int shift, bool as_columns, index_t row,
                             std::int8_t* to) {
    std::int8_t digit[features];
    for (int k = 0; k < features; ++k) digit[k] = static_cast<std::int8_t>((bits[k] >> shift) ^ 0x80);
    if (!as_columns) {
        __builtin_memcpy(to + row * fixed_chunk, digit, sizeof digit);
    } else {
        for (int k = 0; k < features; k += 4) __builtin_memcpy(to + k * fixed_group + row * 4, digit + k, 4);
    }
}

/// In lanes, so that vectors add up the same.
struct Squares {
    double lane[8] = {};

    MLQA_INLINE void add(const double* p) {
        for (int k = 0; k < features; k += 8)
            for (int i = 0; i < 8; ++i) lane[i] += p[k + i] * p[k + i];
    }
    MLQA_INLINE double sum() const {
        return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
    }
};

void pack(const double* x, index_t row_stride, index_t col_stride, const index_t* index, index_t n, index_t d,
          const double* centre, double factor, int digits, bool as_columns, std::int8_t* packed,
          double* squares) {
    const index_t chunks = pairwise::fixed_chunks(d), group = chunks * digits * fixed_digit;
    const index_t whole = as_columns ? pairwise::fixed_panel : fixed_group;
    const index_t filled = (n + whole - 1) / whole * whole;
    for (index_t i = 0; i < filled; ++i) {
        const bool there = i < n;
        const index_t source = !there ? 0 : index == nullptr ? i : index[i];
        const double* row = x + source * row_stride;
        std::int8_t* to = packed + i / fixed_group * group;
        Squares of_row;
        for (index_t c = 0; c < chunks; ++c, to += digits * fixed_digit) {
            const index_t first = c * fixed_chunk, left = d - first;
            alignas(64) double p[features];
            alignas(64) std::uint64_t bits[features];
            take_values(row + first * col_stride, col_stride,
                        there ? static_cast<int>(left < fixed_chunk ? left : fixed_chunk) : 0,
                        centre == nullptr ? nullptr : centre + first, p);
            of_row.add(p);
            to_integers(p, factor, digits, bits);
            for (int s = 0; s < digits; ++s)
                store_digit(bits, 8 * (digits - 1 - s), as_columns, i % fixed_group, to + s * fixed_digit);
        }
        if (squares != nullptr && there) squares[i] = of_row.sum();
    }
}

double largest(const double* x, index_t row_stride, index_t col_stride, const index_t* index, index_t n,
               index_t d, const double* centre) {
    double most[8] = {};
    for (index_t i = 0; i < n; ++i) {
        const double* row = x + (index == nullptr ? i : index[i]) * row_stride;
        for (index_t first = 0; first < d; first += fixed_chunk) {
            const index_t left = d - first;
            alignas(64) double p[features];
            take_values(row + first * col_stride, col_stride,
                        static_cast<int>(left < fixed_chunk ? left : fixed_chunk),
                        centre == nullptr ? nullptr : centre + first, p);
            for (int k = 0; k < features; k += 8)
                for (int l = 0; l < 8; ++l) {
                    const double size = p[k + l] < 0 ? -p[k + l] : p[k + l];
                    most[l] = size > most[l] ? size : most[l];
                }
        }
    }
    double all = 0;
    for (const double m : most) all = m > all ? m : all;
    return all;
}

}  // namespace

const FixedKernels MLQA_KERNELS(fixed) = {pack, largest};

}  // namespace mlqa
