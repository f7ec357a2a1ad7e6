// Rows split into two bfloat16, and the products of two groups of them; formula and bound in
// pairwise/split.hpp. Included by kernel sources only.
//
// Layout, a group: first as rows, then as pairs of features. Either has for each chunk of 32 features four
// tiles of 512 values: h of rows 0 .. 15, of rows 16 .. 31, l of both. As rows, value k of row r is at 32 r +
// k; as pairs, at 32 (k / 2) + 2 r + k mod 2.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/amx.hpp"
#include "pairwise/distance.hpp"
#include "pairwise/group_boxes.hpp"

namespace mlqa::pairwise {
namespace {

constexpr int chunk_features = 32;
constexpr int tile_values = 512;
constexpr int part_values = 2 * tile_values;  ///< from h to l
constexpr int chunk_values = 2 * part_values;

MLQA_INLINE std::uint16_t* as_rows(const SplitTiles& split, index_t group) {
    return split.tiles + group * split.chunks * 2 * chunk_values;
}
MLQA_INLINE std::uint16_t* as_pairs(const SplitTiles& split, index_t group) {
    return as_rows(split, group) + split.chunks * chunk_values;
}

// ---- Splitting

/// The float nearest to x that a bfloat16 holds, zero where that is subnormal.
MLQA_INLINE float rounded(float x) {
    std::uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000;
    bits = (bits & 0x7F800000) == 0 ? 0 : bits;
    __builtin_memcpy(&x, &bits, sizeof bits);
    return x;
}
MLQA_INLINE std::uint16_t upper_half(float x) {
    std::uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return static_cast<std::uint16_t>(bits >> 16);
}

/// Sums of squares of a row, in lanes that are added up in the end.
struct Squares {
    double value[8] = {}, low[8] = {}, rest[8] = {};

    static double sum(const double (&s)[8]) {
        return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    }
};

/// Splits a chunk of values.
MLQA_INLINE void split_chunk(const double (&p)[chunk_features], std::uint16_t (&high)[chunk_features],
                             std::uint16_t (&low)[chunk_features], Squares& squares) {
    for (int k = 0; k < chunk_features; k += 8)
        for (int i = 0; i < 8; ++i) {
            const float h = rounded(static_cast<float>(p[k + i]));
            const double left = p[k + i] - static_cast<double>(h);
            const float l = rounded(static_cast<float>(left));
            const double rest = left - static_cast<double>(l);
            high[k + i] = upper_half(h);
            low[k + i] = upper_half(l);
            squares.value[i] += p[k + i] * p[k + i];
            squares.low[i] += static_cast<double>(l) * static_cast<double>(l);
            squares.rest[i] += rest * rest;
        }
}

MLQA_INLINE void store_chunk(const std::uint16_t (&part)[chunk_features], int r, std::uint16_t* rows,
                             std::uint16_t* pairs) {
    __builtin_memcpy(rows + r % 16 * chunk_features + r / 16 * tile_values, part, sizeof part);
    std::uint16_t* to = pairs + r / 16 * tile_values + r % 16 * 2;
    for (int k = 0; k < chunk_features; k += 2) __builtin_memcpy(to + k * 16, part + k, 4);
}

/// n and r of a row.
template <class S>
MLQA_INLINE void bound_row(const GroupedRows<S>& set, index_t i, const Squares& squares) {
    const double square = Squares::sum(squares.value);
    const double chunks = static_cast<double>(set.split.chunks), m = 20 + 3.0625 * chunks;
    const double bound = (m * u / (1 - m * u) + 0x1p-19) * square +
                         (0x1p17 + 0.5) * Squares::sum(squares.rest) + 0.5 * Squares::sum(squares.low) +
                         chunks * 0x1p-117;
    const double half = 0.5 * square;
    set.packed.low[i] = round_down(half - bound);
    set.packed.slack[i] = round_up(half - static_cast<double>(set.packed.low[i]) + bound);
}

/// Row i of the set, and what its group's box has to hold of it.
template <class S>
void split_row(const GroupedRows<S>& set, index_t i, float* least, float* largest) {
    const index_t group = i / group_rows, d = set.rows.d;
    const int r = static_cast<int>(i % group_rows);
    const S* x = set.rows.row(i);
    Squares squares;
    for (index_t c = 0; c < set.split.chunks; ++c) {
        const index_t first = c * chunk_features;
        const int n = static_cast<int>(lesser(chunk_features, d - first));
        double p[chunk_features] = {};
        for (int k = 0; k < n; ++k) {
            p[k] = (static_cast<double>(x[first + k]) - set.packed.centre[first + k]) * set.packed.scale;
            const float rough = static_cast<float>(p[k]);
            least[first + k] = rough < least[first + k] ? rough : least[first + k];
            largest[first + k] = rough > largest[first + k] ? rough : largest[first + k];
        }
        std::uint16_t high[chunk_features], low[chunk_features];
        split_chunk(p, high, low, squares);
        std::uint16_t* rows = as_rows(set.split, group) + c * chunk_values;
        std::uint16_t* pairs = as_pairs(set.split, group) + c * chunk_values;
        store_chunk(high, r, rows, pairs);
        store_chunk(low, r, rows + part_values, pairs + part_values);
    }
    bound_row(set, i, squares);
}

/// A row beyond the end is far from all.
template <class S>
void blank_row(const GroupedRows<S>& set, index_t i) {
    constexpr std::uint16_t zero[chunk_features] = {};
    for (index_t c = 0; c < 2 * set.split.chunks; ++c)
        store_chunk(zero, static_cast<int>(i % group_rows),
                    as_rows(set.split, i / group_rows) + c * part_values,
                    as_pairs(set.split, i / group_rows) + c * part_values);
    set.packed.low[i] = __builtin_inff();
    set.packed.slack[i] = 0;
}

/// The tiles, bounds and box of a group.
template <class S>
void split_group(const GroupedRows<S>& set, index_t group) {
    const index_t d = set.rows.d, padded = set.box_stride / 2, first = group * group_rows;
    float* least = set.box + group * set.box_stride;
    float* largest = least + padded;
    for (index_t j = 0; j < d; ++j) least[j] = -(largest[j] = -__builtin_inff());
    for (index_t i = first; i < first + group_rows; ++i)
        if (i < set.rows.rows)
            split_row(set, i, least, largest);
        else
            blank_row(set, i);
    for (index_t j = 0; j < d; ++j) {
        least[j] = outwards(least[j], -1);
        largest[j] = outwards(largest[j], 1);
    }
    for (index_t j = d; j < padded; ++j) least[j] = largest[j] = 0;
}

// ---- Products

#if defined(__AMX_BF16__)

using amx::Session;

/// Four products of the rows in tiles 4, 5 with those in tiles 6, 7.
MLQA_INLINE void multiply_loaded() {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
}

/// dot[32 i + j] = t_ij of a group as rows and one as pairs.
MLQA_INLINE void multiply_groups(const std::uint16_t* a, const std::uint16_t* b, index_t chunks, float* dot) {
    constexpr int stride = 64;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (index_t c = 0; c < chunks; ++c, a += chunk_values, b += chunk_values) {
        _tile_loadd(4, a + part_values, stride);
        _tile_loadd(5, a + part_values + tile_values, stride);
        _tile_loadd(6, b, stride);
        _tile_loadd(7, b + tile_values, stride);
        multiply_loaded();
        _tile_loadd(4, a, stride);
        _tile_loadd(5, a + tile_values, stride);
        multiply_loaded();
        _tile_loadd(6, b + part_values, stride);
        _tile_loadd(7, b + part_values + tile_values, stride);
        multiply_loaded();
    }
    constexpr int row_bytes = group_rows * 4;
    _tile_stored(0, dot, row_bytes);
    _tile_stored(1, dot + 16, row_bytes);
    _tile_stored(2, dot + 16 * group_rows, row_bytes);
    _tile_stored(3, dot + 16 * group_rows + 16, row_bytes);
}

#else

struct Session {};

MLQA_INLINE float widened(std::uint16_t half) {
    const std::uint32_t bits = static_cast<std::uint32_t>(half) << 16;
    float x;
    __builtin_memcpy(&x, &bits, sizeof bits);
    return x;
}

/// One TDPBF16PS: 16 rows a with 16 rows b, as pairs.
inline void multiply_tiles(const std::uint16_t* a, const std::uint16_t* b, float* dot) {
    for (int i = 0; i < 16; ++i) {
        float even[16] = {}, odd[16] = {};
        for (int k = 0; k < chunk_features; k += 2) {
            const float x = widened(a[i * chunk_features + k]), y = widened(a[i * chunk_features + k + 1]);
            for (int j = 0; j < 16; ++j) {
                even[j] += x * widened(b[k * 16 + 2 * j]);
                odd[j] += y * widened(b[k * 16 + 2 * j + 1]);
            }
        }
        for (int j = 0; j < 16; ++j) dot[i * group_rows + j] += even[j] + odd[j];
    }
}

/// The same as on AMX, in plain arithmetic.
inline void multiply_groups(const std::uint16_t* a, const std::uint16_t* b, index_t chunks, float* dot) {
    for (int i = 0; i < group_rows * group_rows; ++i) dot[i] = 0;
    constexpr int parts_of[3][2] = {{part_values, 0}, {0, 0}, {0, part_values}};
    for (index_t c = 0; c < chunks; ++c, a += chunk_values, b += chunk_values)
        for (const auto& part : parts_of)
            for (int half = 0; half < 4; ++half)
                multiply_tiles(a + part[0] + half / 2 * tile_values, b + part[1] + half % 2 * tile_values,
                               dot + half / 2 * 16 * group_rows + half % 2 * 16);
}

#endif

}  // namespace
}  // namespace mlqa::pairwise
