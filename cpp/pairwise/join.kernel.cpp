#include "pairwise/join.kernel.hpp"

#include "pairwise/distance.hpp"
#include "pairwise/ranked.hpp"
#include "pairwise/tiles.hpp"

namespace mlqa {
namespace {

using pairwise::panel_width;
using pairwise::Ranked;
using pairwise::round_up;
using pairwise::squared_distance;
using simd::f32;

constexpr int w = simd::lanes<float>;
constexpr double u = 0x1p-24;
constexpr int group_panels = join_group / panel_width<float>;
static_assert(join_group % panel_width<float> == 0, "a group is made of whole panels");

/// Rows of a tile: with two vectors of columns each, as many as fit the registers and divide a group.
#if defined(__AVX512F__)
constexpr int tile_rows = 8;
#else
constexpr int tile_rows = 4;
#endif
constexpr int whole_tiles = join_group / tile_rows;  ///< rows of tiles that two groups make

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
    Near kept[join_neighbors];

    explicit Nearest(index_t wanted) : k(wanted) {}
    void meet(const Near& near) {
        if (found == k && !near.before(kept[k - 1])) return;
        index_t at = found < k ? found++ : k - 1;
        for (; at > 0 && near.before(kept[at - 1]); --at) kept[at] = kept[at - 1];
        kept[at] = near;
    }
};

template <class S>
void meet_candidates(const JoinSet<S>& set, index_t i, Nearest& nearest) {
    const S* x = set.rows.row(i);
    const RankedCandidate* list = set.candidate + i * set.capacity;
    for (std::int32_t c = 0; c < set.count[i]; ++c) {
        const std::int32_t j = list[c].row;
        nearest.meet({squared_distance(x, set.rows.row(j), set.rows.d), set.label[j], j});
    }
}

template <class S>
MLQA_INLINE Ranked ranked(const JoinSet<S>& set, index_t i) {
    return {set.candidate + i * set.capacity, set.count + i, set.limit + i, set.slack, set.slack[i], set.k};
}

/// Where the screen cannot tell the candidates apart: the k nearest by the defined distance stay.
template <class S>
__attribute__((noinline)) void make_room(const JoinSet<S>& set, index_t i) {
    const Ranked list = ranked(set, i);
    list.sift();
    if (set.count[i] <= set.capacity - set.capacity / 4) return;
    Nearest nearest(set.k);
    meet_candidates(set, i, nearest);
    for (index_t c = 0; c < nearest.found; ++c) {
        const double half = nearest.kept[c].distance * set.half_scale * (1 + 0x1p-50);
        list.list[c] = {round_up(half), nearest.kept[c].row};
    }
    set.count[i] = static_cast<std::int32_t>(nearest.found);
    list.lower(list.list[set.k - 1].upper);
}

template <class S>
MLQA_INLINE void meet(const JoinSet<S>& set, index_t i, index_t j, float s) {
    if (!(s <= set.limit[i])) return;
    if (set.count[i] == set.capacity) {
        make_room(set, i);
        if (!(s <= set.limit[i])) return;
    }
    ranked(set, i).insert(static_cast<std::int32_t>(j), s);
}

// ---- Tiles

/// The rows of a tile, and half their distances to two vectors of columns.
struct JoinTile {
    index_t row[tile_rows];
    int rows;  ///< valid ones
    index_t column;
    f32 half[tile_rows][2];
};

/// A tile with a pair in it that passes. `Both`: rows are candidates of columns as well.
template <bool Both, class S>
__attribute__((noinline)) void take(const JoinSet<S>& set, const JoinTile& tile) {
    for (int r = 0; r < tile.rows; ++r) {
        const index_t i = tile.row[r];
        std::uint64_t passed = 0;
        for (int v = 0; v < 2; ++v) {
            f32 limit = simd::broadcast(set.limit[i]);
            if constexpr (Both) limit = simd::max(limit, simd::load(set.limit + tile.column + v * w));
            passed |= static_cast<std::uint64_t>(simd::bits(tile.half[r][v] <= limit)) << (v * w);
        }
        if (passed == 0) continue;
        float half[2 * w];
        simd::store(half, tile.half[r][0]);
        simd::store(half + w, tile.half[r][1]);
        for (; passed != 0; passed &= passed - 1) {
            const int c = __builtin_ctzll(passed);
            const index_t j = tile.column + c;
            if (j == i) continue;
            meet(set, i, j, half[c]);
            if constexpr (Both) meet(set, j, i, half[c]);
        }
    }
}

/// Fills in a tile whose row r has feature k at a(r, k), and hands it on where a pair passes a limit.
template <bool Both, class S, class A>
MLQA_INLINE void meet_tile(const JoinSet<S>& set, const A& a, JoinTile& tile) {
    const float* low = set.low + tile.column;
    f32 acc[tile_rows][2];
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
        const f32 own = simd::broadcast(set.low[tile.row[r]]);
        acc[r][0] = own + simd::load(low);
        acc[r][1] = own + simd::load(low + w);
    }
    pairwise::accumulate<true>(a, set.panels + tile.column * set.rows.d, set.rows.d, acc);
    const f32 limit0 = simd::load(set.limit + tile.column), limit1 = simd::load(set.limit + tile.column + w);
    auto passed = acc[0][0] != acc[0][0];
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
        const f32 own = simd::broadcast(set.limit[tile.row[r]]);
        passed = passed | (acc[r][0] <= (Both ? simd::max(own, limit0) : own));
        passed = passed | (acc[r][1] <= (Both ? simd::max(own, limit1) : own));
    }
    if (simd::bits(passed) == 0) return;
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
        tile.half[r][0] = acc[r][0];
        tile.half[r][1] = acc[r][1];
    }
    take<Both>(set, tile);
}

/// Feature 0 of a row in its panel; the next one is a panel's width away.
template <class S>
MLQA_INLINE const float* packed_row(const JoinSet<S>& set, index_t i) {
    constexpr index_t p = panel_width<float>;
    return set.panels + i / p * p * set.rows.d + i % p;
}

/// All rows of group a against all of group b.
template <bool Both, class S>
MLQA_INLINE void groups_product(const JoinSet<S>& set, index_t a, index_t b) {
    JoinTile tile;
    tile.rows = tile_rows;
    for (int column = 0; column < join_group; column += panel_width<float>)
        for (int row = 0; row < join_group; row += tile_rows) {
            tile.column = b * join_group + column;
            for (int r = 0; r < tile_rows; ++r) tile.row[r] = a * join_group + row + r;
            const float* first = packed_row(set, tile.row[0]);
            meet_tile<Both>(set, [=](int r, index_t k) { return first[k * panel_width<float> + r]; }, tile);
        }
}

/// Chosen rows of group a, bit r for row r, against all of group b.
template <class S>
MLQA_INLINE void rows_product(const JoinSet<S>& set, index_t a, std::uint32_t chosen, index_t b) {
    while (chosen != 0) {
        JoinTile tile;
        const float* first[tile_rows];
        for (tile.rows = 0; tile.rows < tile_rows && chosen != 0; chosen &= chosen - 1)
            tile.row[tile.rows++] = a * join_group + __builtin_ctz(chosen);
        for (int r = tile.rows; r < tile_rows; ++r) tile.row[r] = tile.row[0];
        for (int r = 0; r < tile_rows; ++r) first[r] = packed_row(set, tile.row[r]);
        for (int column = 0; column < join_group; column += panel_width<float>) {
            tile.column = b * join_group + column;
            meet_tile<false>(set, [&](int r, index_t k) { return first[r][k * panel_width<float>]; }, tile);
        }
    }
}

// ---- Boxes

/// Half of a sum of d squared gaps, lowered by all that rounding may have added.
MLQA_INLINE float box_share(index_t d) {
    const double n = static_cast<double>(d) + 16;
    return static_cast<float>(0.5 * (1 - n * u / (1 - n * u)) * (1 - 4 * u));
}

/// At most half the squared distance of any two rows of two boxes, in the screen's unit.
template <class S>
MLQA_INLINE float box_distance(const JoinSet<S>& set, index_t a, index_t b) {
    const index_t d = set.box_stride / 2;
    const float* low_a = set.box + a * set.box_stride;
    const float* low_b = set.box + b * set.box_stride;
    f32 sum{};
    for (index_t j = 0; j < d; j += w) {
        const f32 right = simd::load(low_b + j) - simd::load(low_a + d + j);
        const f32 left = simd::load(low_a + j) - simd::load(low_b + d + j);
        const f32 gap = simd::max(simd::max(left, right), f32{});
        sum = simd::fma(gap, gap, sum);
    }
    return box_share(d) * simd::reduce_add(sum);
}

template <class S>
MLQA_INLINE bool too_far(const JoinSet<S>& set, index_t a, index_t b) {
    const float distance = box_distance(set, a, b);
    return distance > set.reach[a] && distance > set.reach[b];
}

template <class S>
void update_reach(const JoinSet<S>& set, index_t group) {
    f32 most = simd::load(set.limit + group * join_group);
    for (int v = w; v < join_group; v += w)
        most = simd::max(most, simd::load(set.limit + group * join_group + v));
    set.reach[group] = simd::reduce_max(most);
}

template <class S>
void update_block_reach(const JoinSet<S>& set, index_t block) {
    float most = 0;
    for (index_t g = set.block_first(block); g < set.block_last(block); ++g)
        if (set.reach[g] > most) most = set.reach[g];
    set.reach[set.groups + block] = most;
}

/// A packed value is the value it stands for, rounded to float32 once, or 0 for one below 2^-126.
MLQA_INLINE float outwards(float x, float sign) {
    const float size = x < 0 ? -x : x;
    return x + sign * (size * 0x1p-22f + 0x1p-125f);
}

template <class S>
void group_box(const JoinSet<S>& set, index_t group) {
    const index_t d = set.rows.d, padded = set.box_stride / 2;
    float* box = set.box + group * set.box_stride;
    for (index_t j = 0; j < d; ++j) {
        f32 least = simd::broadcast(__builtin_inff()), largest = -least;
        for (int p = 0; p < group_panels; ++p) {
            const float* at = set.panels + ((group * group_panels + p) * d + j) * panel_width<float>;
            for (int v = 0; v < 2; ++v) {
                const f32 x = simd::load(at + v * w);
                least = simd::min(least, x);
                largest = simd::max(largest, x);
            }
        }
        box[j] = outwards(simd::reduce_min(least), -1);
        box[padded + j] = outwards(simd::reduce_max(largest), 1);
    }
    for (index_t j = d; j < padded; ++j) box[j] = box[padded + j] = 0;
}

template <class S>
void boxes(const JoinSet<S>& set, index_t block) {
    const index_t padded = set.box_stride / 2;
    float* whole = set.box + (set.groups + block) * set.box_stride;
    for (index_t g = set.block_first(block); g < set.block_last(block); ++g) {
        group_box(set, g);
        const float* box = set.box + g * set.box_stride;
        for (index_t j = 0; j < padded; ++j) {
            const bool first = g == set.block_first(block);
            if (first || box[j] < whole[j]) whole[j] = box[j];
            if (first || box[padded + j] > whole[padded + j]) whole[padded + j] = box[padded + j];
        }
    }
}

/// Rows of group a, bit r for row r, that may have neighbours in the box of group b.
template <class S>
MLQA_INLINE std::uint32_t rows_in_reach(const JoinSet<S>& set, index_t a, index_t b) {
    constexpr int vectors = join_group / w;
    const index_t d = set.rows.d;
    const float* low = set.box + b * set.box_stride;
    const float* high = low + set.box_stride / 2;
    f32 sum[vectors] = {};
    for (index_t j = 0; j < d; ++j) {
        // Rows are packed as rounded: they may lie this far from what the box holds.
        const f32 least = simd::broadcast(low[j] - 0x1p-22f), most = simd::broadcast(high[j] + 0x1p-22f);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
            const f32 x = simd::load(packed_row(set, a * join_group + v * w) + j * panel_width<float>);
            const f32 gap = simd::max(simd::max(least - x, x - most), f32{});
            sum[v] = simd::fma(gap, gap, sum[v]);
        }
    }
    const f32 share = simd::broadcast(box_share(d));
    std::uint32_t near = 0;
    for (int v = 0; v < vectors; ++v)
        near |= simd::bits(sum[v] * share <= simd::load(set.limit + a * join_group + v * w)) << (v * w);
    return near;
}

// ---- Blocks

/// Whether looking at single rows pays: it goes on while it saves more than the tile and a half that it
/// costs.
struct RowFilter {
    int credit = 16;

    bool on() const { return credit > 0; }
    void note(int tiles) {
        credit += 2 * (whole_tiles - tiles) - 3;
        if (credit > 64) credit = 64;
    }
};

MLQA_INLINE int tiles_of(std::uint32_t rows) {
    return (__builtin_popcount(rows) + tile_rows - 1) / tile_rows;
}

/// All pairs of two groups that may matter to either.
template <class S>
MLQA_INLINE void meet_groups(const JoinSet<S>& set, index_t a, index_t b, RowFilter& filter) {
    if (!filter.on()) {
        groups_product<true>(set, a, b);
        return;
    }
    const std::uint32_t of_a = rows_in_reach(set, a, b), of_b = rows_in_reach(set, b, a);
    const int tiles = tiles_of(of_a) + tiles_of(of_b);
    filter.note(tiles < whole_tiles ? tiles : whole_tiles);
    if (tiles < whole_tiles) {
        rows_product(set, a, of_a, b);
        rows_product(set, b, of_b, a);
    } else {
        groups_product<true>(set, a, b);
    }
}

template <class S>
void within(const JoinSet<S>& set, index_t block) {
    const index_t first = set.block_first(block), last = set.block_last(block);
    for (index_t g = first; g < last; ++g) {
        groups_product<false>(set, g, g);
        update_reach(set, g);
    }
    // Groups side by side in the order are the nearest: limits are tight when the others come.
    RowFilter filter;
    for (index_t apart = 1; apart < last - first; ++apart)
        for (index_t a = first; a + apart < last; ++a) {
            if (too_far(set, a, a + apart)) continue;
            meet_groups(set, a, a + apart, filter);
            update_reach(set, a);
            update_reach(set, a + apart);
        }
    update_block_reach(set, block);
}

template <class S>
void between(const JoinSet<S>& set, index_t block_a, index_t block_b) {
    if (too_far(set, set.groups + block_a, set.groups + block_b)) return;
    bool met = false;
    RowFilter filter;
    for (index_t a = set.block_first(block_a); a < set.block_last(block_a); ++a) {
        const float far = box_distance(set, a, set.groups + block_b);
        if (far > set.reach[a] && far > set.reach[set.groups + block_b]) continue;
        bool met_a = false;
        for (index_t b = set.block_first(block_b); b < set.block_last(block_b); ++b) {
            if (too_far(set, a, b)) continue;
            meet_groups(set, a, b, filter);
            met_a = true;
        }
        if (met_a) update_reach(set, a);
        met |= met_a;
    }
    if (!met) return;
    for (index_t b = set.block_first(block_b); b < set.block_last(block_b); ++b) update_reach(set, b);
    update_block_reach(set, block_a);
    update_block_reach(set, block_b);
}

template <class S>
void finish(const JoinSet<S>& set, index_t block, index_t* position, double* distance) {
    const index_t first = set.block_first(block) * join_group;
    const index_t last = pairwise::lesser(set.rows.rows, set.block_last(block) * join_group);
    for (index_t i = first; i < last; ++i) {
        Nearest nearest(set.k);
        meet_candidates(set, i, nearest);
        for (index_t c = 0; c < set.k; ++c) {
            position[set.label[i] * set.k + c] = nearest.kept[c].label;
            if (distance != nullptr) distance[set.label[i] * set.k + c] = nearest.kept[c].distance;
        }
    }
}

}  // namespace

const JoinKernels MLQA_KERNELS(join) = {
    {boxes<float>, within<float>, between<float>, finish<float>},
    {boxes<double>, within<double>, between<double>, finish<double>},
};

}  // namespace mlqa
