// Groups of rows against each other, tile by tile, and what their rows keep of it; pairwise/join.hpp says
// why. Included by kernel sources only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pairwise/distance.hpp"
#include "pairwise/groups.kernel.hpp"
#include "pairwise/ranked.hpp"
#include "pairwise/tiles.hpp"

namespace mlqa::pairwise {
namespace {

constexpr int w = simd::lanes<float>;
static_assert(group_rows % panel_width<float> == 0, "a group is made of whole panels");

// ---- Candidates of a row

struct Near {
    double distance;
    index_t label;
    std::int32_t row;

    bool before(const Near& other) const {
        return distance < other.distance || (distance == other.distance && label < other.label);
    }
};

/// Keeps the nearest `k` in order.
struct Nearest {
    index_t k;
    index_t found = 0;
    Near kept[grouped_neighbors];

    explicit Nearest(index_t wanted) : k(wanted) {}
    void meet(const Near& near) {
        if (found == k && !near.before(kept[k - 1])) return;
        index_t at = found < k ? found++ : k - 1;
        for (; at > 0 && near.before(kept[at - 1]); --at) kept[at] = kept[at - 1];
        kept[at] = near;
    }
};

template <class S>
void meet_candidates(const GroupedSearch<S>& search, index_t i, Nearest& nearest) {
    const GroupedRows<S>& base = search.base;
    const S* x = search.set.rows.row(i);
    const RankedCandidate* list = search.candidate + i * search.capacity;
    for (std::int32_t c = 0; c < search.count[i]; ++c) {
        const std::int32_t j = list[c].row;
        nearest.meet({squared_distance(x, base.rows.row(j), base.rows.d), base.label[j], j});
    }
}

template <class S>
MLQA_INLINE Ranked ranked(const GroupedSearch<S>& search, index_t i) {
    return {search.candidate + i * search.capacity,
            search.count + i,
            search.limit + i,
            search.base.packed.slack,
            search.set.packed.slack[i],
            search.k};
}

/// Where the screen cannot tell the candidates apart: the k nearest by the defined distance stay.
template <class S>
__attribute__((noinline)) void make_room(const GroupedSearch<S>& search, index_t i) {
    const Ranked list = ranked(search, i);
    list.sift();
    if (search.count[i] <= search.capacity - search.capacity / 4) return;
    Nearest nearest(search.k);
    meet_candidates(search, i, nearest);
    for (index_t c = 0; c < nearest.found; ++c) {
        const double half = nearest.kept[c].distance * search.set.half_scale * (1 + 0x1p-50);
        list.list[c] = {round_up(half), nearest.kept[c].row};
    }
    search.count[i] = static_cast<std::int32_t>(nearest.found);
    list.lower(list.list[search.k - 1].upper);
}

/// Row i meets row j of the base.
template <class S>
MLQA_INLINE void meet(const GroupedSearch<S>& search, index_t i, index_t j, float s) {
    if (!(s <= search.limit[i])) return;
    if (search.count[i] == search.capacity) {
        make_room(search, i);
        if (!(s <= search.limit[i])) return;
    }
    ranked(search, i).insert(static_cast<std::int32_t>(j), s);
}

// ---- Tiles

/// The rows of a tile, and half their distances to two vectors of columns.
struct GroupTile {
    index_t row[tile_rows];
    int rows;  ///< valid ones
    index_t column;
    simd::f32 half[tile_rows][2];
};

/// A tile with a pair in it that passes. `Both`: the base is the set itself, and rows are candidates of
/// columns as well.
template <bool Both, class S>
__attribute__((noinline)) void take(const GroupedSearch<S>& search, const GroupTile& tile) {
    for (int r = 0; r < tile.rows; ++r) {
        const index_t i = tile.row[r];
        std::uint64_t passed = 0;
        for (int v = 0; v < 2; ++v) {
            simd::f32 limit = simd::broadcast(search.limit[i]);
            if constexpr (Both) limit = simd::max(limit, simd::load(search.limit + tile.column + v * w));
            passed |= static_cast<std::uint64_t>(simd::bits(tile.half[r][v] <= limit)) << (v * w);
        }
        if (passed == 0) continue;
        const index_t own = search.self == nullptr ? i : search.self[i];
        float half[2 * w];
        simd::store(half, tile.half[r][0]);
        simd::store(half + w, tile.half[r][1]);
        for (; passed != 0; passed &= passed - 1) {
            const int c = __builtin_ctzll(passed);
            const index_t j = tile.column + c;
            if (j == own) continue;
            meet(search, i, j, half[c]);
            if constexpr (Both) meet(search, j, i, half[c]);
        }
    }
}

/// Half the distances of a tile whose row r has feature k at a(r, k), bounded below.
template <class S, class A>
MLQA_INLINE void screen_tile(const GroupedSearch<S>& search, const A& a, const GroupTile& tile,
                             simd::f32 (&half)[tile_rows][2]) {
    const KnnPacked& base = search.base.packed;
    const index_t d = search.base.rows.d;
    const float* low = base.low + tile.column;
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
        const simd::f32 own = simd::broadcast(search.set.packed.low[tile.row[r]]);
        half[r][0] = own + simd::load(low);
        half[r][1] = own + simd::load(low + w);
    }
    accumulate<true>(a, base.panels + tile.column * d, d, half);
}

/// Hands a screened tile on where a pair passes a limit.
template <bool Both, class S>
MLQA_INLINE void pass_tile(const GroupedSearch<S>& search, GroupTile& tile,
                           const simd::f32 (&half)[tile_rows][2]) {
    simd::f32 limit0{}, limit1{};
    if constexpr (Both) {
        limit0 = simd::load(search.limit + tile.column);
        limit1 = simd::load(search.limit + tile.column + w);
    }
    auto passed = half[0][0] != half[0][0];
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
        const simd::f32 own = simd::broadcast(search.limit[tile.row[r]]);
        passed = passed | (half[r][0] <= (Both ? simd::max(own, limit0) : own));
        passed = passed | (half[r][1] <= (Both ? simd::max(own, limit1) : own));
    }
    if (simd::bits(passed) == 0) return;
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
        tile.half[r][0] = half[r][0];
        tile.half[r][1] = half[r][1];
    }
    take<Both>(search, tile);
}

/// Screens a tile, and hands it on where a pair passes a limit.
template <bool Both, class S, class A>
MLQA_INLINE void meet_tile(const GroupedSearch<S>& search, const A& a, GroupTile& tile) {
    simd::f32 half[tile_rows][2];
    screen_tile(search, a, tile, half);
    pass_tile<Both>(search, tile, half);
}

/// Feature 0 of a row in its panel; the next one is a panel's width away.
template <class S>
MLQA_INLINE const float* packed_row(const GroupedRows<S>& set, index_t i) {
    constexpr index_t p = panel_width<float>;
    return set.packed.panels + i / p * p * set.rows.d + i % p;
}

/// Tiles of all rows of group a with all of group b of the base: body(tile).
template <class F>
MLQA_INLINE void each_tile(index_t a, index_t b, F&& body) {
    GroupTile tile;
    tile.rows = tile_rows;
    for (int column = 0; column < group_rows; column += panel_width<float>)
        for (int row = 0; row < group_rows; row += tile_rows) {
            tile.column = b * group_rows + column;
            for (int r = 0; r < tile_rows; ++r) tile.row[r] = a * group_rows + row + r;
            body(tile);
        }
}

/// Where the pairs of row r of a tile start among those of its two groups, row by row.
MLQA_INLINE index_t place_in_groups(const GroupTile& tile, int r) {
    return tile.row[r] % group_rows * group_rows + tile.column % group_rows;
}

MLQA_INLINE void store_tile(const GroupTile& tile, const simd::f32 (&half)[tile_rows][2], float* out) {
    for (int r = 0; r < tile_rows; ++r) {
        simd::store(out + place_in_groups(tile, r), half[r][0]);
        simd::store(out + place_in_groups(tile, r) + w, half[r][1]);
    }
}

/// The features of the rows of a tile of the set: a(r, k).
template <class S>
MLQA_INLINE auto features_of(const GroupedSearch<S>& search, const GroupTile& tile) {
    const float* first = packed_row(search.set, tile.row[0]);
    return [=](int r, index_t k) { return first[k * panel_width<float> + r]; };
}

/// Chosen rows of group a, bit r for row r, against all of group b of the base.
template <class S>
MLQA_INLINE void rows_product(const GroupedSearch<S>& search, index_t a, std::uint32_t chosen, index_t b) {
    while (chosen != 0) {
        GroupTile tile;
        const float* first[tile_rows];
        for (tile.rows = 0; tile.rows < tile_rows && chosen != 0; chosen &= chosen - 1)
            tile.row[tile.rows++] = a * group_rows + __builtin_ctz(chosen);
        for (int r = tile.rows; r < tile_rows; ++r) tile.row[r] = tile.row[0];
        for (int r = 0; r < tile_rows; ++r) first[r] = packed_row(search.set, tile.row[r]);
        for (int column = 0; column < group_rows; column += panel_width<float>) {
            tile.column = b * group_rows + column;
            meet_tile<false>(
                search, [&](int r, index_t k) { return first[r][k * panel_width<float>]; }, tile);
        }
    }
}

}  // namespace
}  // namespace mlqa::pairwise
