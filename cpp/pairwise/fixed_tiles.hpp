// Products of packed rows in fixed point, tile by tile, for the epilogues of pairwise/tiles.hpp; formula in
// pairwise/fixed.hpp. Included by kernel sources only.
//
// Layout. Rows are packed in groups of 16, each as chunks of 64 features, of which every digit is a tile of
// 1024 bytes: as rows, feature k of row r at 64 r + k; as columns, in fours of features, at 64 (k / 4) + 4 r
// + k mod 4. A panel are two groups of columns. Rows and features beyond the end are zero.
#pragma once

#include <cstdint>

#include "core/amx.hpp"
#include "pairwise/fixed.hpp"
#include "pairwise/tiles.hpp"

namespace mlqa::pairwise {
namespace {

constexpr int group_values = 256;  ///< products of two groups

MLQA_INLINE index_t group_bytes(index_t chunks, int digits) {
    return chunks * digits * fixed_digit;
}

#if defined(__AMX_INT8__)

using FixedSession = amx::Session;

/// c[256 s + 16 i + j] = c_s of row i and column j. Tiles 0 to 2 are the sums, 3 to 5 digits of the rows.
template <int Digits>
MLQA_INLINE void multiply_digits(const std::int8_t* a, const std::int8_t* b, index_t chunks, std::int32_t* c);

template <>
MLQA_INLINE void multiply_digits<few_digits>(const std::int8_t* a, const std::int8_t* b, index_t chunks,
                                             std::int32_t* c) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    for (index_t n = 0; n < chunks; ++n, a += 3 * fixed_digit, b += 3 * fixed_digit) {
        _tile_loadd(3, a, 64);
        _tile_loadd(6, b, 64);
        _tile_dpbssd(0, 3, 6);
        _tile_loadd(4, a + fixed_digit, 64);
        _tile_loadd(7, b + fixed_digit, 64);
        _tile_dpbssd(1, 4, 6);
        _tile_dpbssd(2, 4, 7);
        _tile_loadd(5, a + 2 * fixed_digit, 64);
        _tile_dpbssd(1, 3, 7);
        _tile_dpbssd(2, 5, 6);
        _tile_loadd(6, b + 2 * fixed_digit, 64);
        _tile_dpbssd(2, 3, 6);
    }
    _tile_stored(0, c, 64);
    _tile_stored(1, c + group_values, 64);
    _tile_stored(2, c + 2 * group_values, 64);
}

/// Tiles 0 to 4 are the sums, 5 a digit of the rows, 6 and 7 of the columns; digits that are there go first.
template <>
MLQA_INLINE void multiply_digits<many_digits>(const std::int8_t* a, const std::int8_t* b, index_t chunks,
                                              std::int32_t* c) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    for (index_t n = 0; n < chunks; ++n, a += 5 * fixed_digit, b += 5 * fixed_digit) {
        const std::int8_t *b1 = b + fixed_digit, *b2 = b1 + fixed_digit, *b3 = b2 + fixed_digit;
        _tile_loadd(5, a, 64);
        _tile_loadd(6, b3 + fixed_digit, 64);
        _tile_dpbssd(4, 5, 6);
        _tile_loadd(7, b2, 64);
        _tile_dpbssd(2, 5, 7);
        _tile_loadd(6, b1, 64);
        _tile_dpbssd(1, 5, 6);
        _tile_loadd(7, b, 64);
        _tile_dpbssd(0, 5, 7);
        _tile_loadd(6, b3, 64);
        _tile_dpbssd(3, 5, 6);
        _tile_loadd(5, a + fixed_digit, 64);
        _tile_dpbssd(4, 5, 6);
        _tile_dpbssd(1, 5, 7);
        _tile_loadd(6, b2, 64);
        _tile_dpbssd(3, 5, 6);
        _tile_loadd(7, b1, 64);
        _tile_dpbssd(2, 5, 7);
        _tile_loadd(5, a + 2 * fixed_digit, 64);
        _tile_dpbssd(4, 5, 6);
        _tile_dpbssd(3, 5, 7);
        _tile_loadd(6, b, 64);
        _tile_dpbssd(2, 5, 6);
        _tile_loadd(5, a + 3 * fixed_digit, 64);
        _tile_dpbssd(4, 5, 7);
        _tile_dpbssd(3, 5, 6);
        _tile_loadd(5, a + 4 * fixed_digit, 64);
        _tile_dpbssd(4, 5, 6);
    }
    _tile_stored(0, c, 64);
    _tile_stored(1, c + group_values, 64);
    _tile_stored(2, c + 2 * group_values, 64);
    _tile_stored(3, c + 3 * group_values, 64);
    _tile_stored(4, c + 4 * group_values, 64);
}

#else

struct FixedSession {};

/// Adds the products of a digit of 16 rows with one of 16 columns, a chunk of features.
inline void multiply_digit(const std::int8_t* a, const std::int8_t* b, std::int32_t* c) {
    for (int i = 0; i < fixed_group; ++i)
        for (int k = 0; k < fixed_chunk; ++k)
            for (int j = 0; j < fixed_group; ++j)
                c[i * fixed_group + j] += a[i * fixed_chunk + k] * b[k / 4 * 64 + 4 * j + k % 4];
}

/// The same as on AMX, in plain arithmetic.
template <int Digits>
inline void multiply_digits(const std::int8_t* a, const std::int8_t* b, index_t chunks, std::int32_t* c) {
    for (int i = 0; i < Digits * group_values; ++i) c[i] = 0;
    for (index_t n = 0; n < chunks; ++n, a += Digits * fixed_digit, b += Digits * fixed_digit)
        for (int s = 0; s < Digits; ++s)
            for (int i = 0; i <= s; ++i)
                multiply_digit(a + i * fixed_digit, b + (s - i) * fixed_digit, c + s * group_values);
}

#endif

/// A vector of c_s as numbers.
template <class T>
MLQA_INLINE simd::vec<T> converted(const std::int32_t* c);
template <>
MLQA_INLINE simd::f32 converted<float>(const std::int32_t* c) {
    return __builtin_convertvector(simd::load(c), simd::f32);
}
template <>
MLQA_INLINE simd::f64 converted<double>(const std::int32_t* c) {
    using Half = std::int32_t __attribute__((vector_size(simd::bytes / 2)));
    Half v;
    __builtin_memcpy(&v, c, sizeof v);
    return __builtin_convertvector(v, simd::f64);
}

/// t from the sums of a vector of pairs.
template <int Digits, class T>
MLQA_INLINE simd::vec<T> joined(const std::int32_t* c, simd::vec<T> unit) {
    const simd::vec<T> weight = simd::broadcast<T>(T(0x1p-8));
    simd::vec<T> t = converted<T>(c + (Digits - 1) * group_values);
#pragma GCC unroll 8
    for (int s = Digits - 2; s >= 0; --s) t = simd::fma(t, weight, converted<T>(c + s * group_values));
    return t * unit;
}

/// The products of a group of rows with a panel, in tiles of `Rows` rows and as many columns as the other
/// engine has.
template <int Digits, class T, class Epilogue>
MLQA_INLINE void pass_products(const std::int32_t* c, index_t row, index_t rows, index_t column, index_t last,
                               T unit, Epilogue& epilogue) {
    constexpr int width = panel_width<T>, lanes = simd::lanes<T>, height = 4;
    const simd::vec<T> factor = simd::broadcast<T>(unit);
    for (int from = 0; from < fixed_panel && column + from < last; from += width)
        for (int i = 0; i < fixed_group && row + i < rows; i += height) {
            Tile<T, height> tile;
            tile.row = row + i;
            tile.rows = static_cast<int>(lesser(height, rows - tile.row));
            tile.column = column + from;
            tile.columns = static_cast<int>(lesser(width, last - tile.column));
#pragma GCC unroll 8
            for (int r = 0; r < height; ++r)
                for (int v = 0; v < 2; ++v) {
                    const int j = from + v * lanes;
                    const std::int32_t* place =
                        c + j / fixed_group * Digits * group_values + (i + r) * fixed_group + j % fixed_group;
                    tile.dot[r][v] = joined<Digits, T>(place, factor);
                }
            epilogue(tile);
        }
}

/// Every row of A, packed as rows, against columns [first, last) of B, packed as columns; `first` is a
/// multiple of fixed_panel.
template <int Digits, class T, class Epilogue>
MLQA_INLINE void fixed_product(const std::int8_t* a, index_t a_rows, const std::int8_t* panels, index_t first,
                               index_t last, index_t d, double unit, Epilogue& epilogue) {
    const index_t chunks = fixed_chunks(d), group = group_bytes(chunks, Digits);
    [[maybe_unused]] const FixedSession session;
    alignas(64) std::int32_t c[2 * Digits * group_values];
    for (index_t j = first; j < last; j += fixed_panel) {
        const std::int8_t* columns = panels + j / fixed_group * group;
        for (index_t i = 0; i < a_rows; i += fixed_group) {
            const std::int8_t* rows = a + i / fixed_group * group;
            multiply_digits<Digits>(rows, columns, chunks, c);
            multiply_digits<Digits>(rows, columns + group, chunks, c + Digits * group_values);
            pass_products<Digits, T>(c, i, a_rows, j, last, static_cast<T>(unit), epilogue);
        }
    }
}

}  // namespace
}  // namespace mlqa::pairwise
