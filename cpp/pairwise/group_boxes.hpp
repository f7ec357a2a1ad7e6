// Bounding boxes of groups and of blocks of groups, and what they rule out; pairwise/join.hpp says why.
// Included by kernel sources only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pairwise/group_tiles.hpp"

namespace mlqa::pairwise {
namespace {

using simd::f32;

constexpr double u = 0x1p-24;

/// Half of a sum of d squared gaps, lowered by all that rounding may have added.
MLQA_INLINE float box_share(index_t d) {
    const double n = static_cast<double>(d) + 16;
    return static_cast<float>(0.5 * (1 - n * u / (1 - n * u)) * (1 - 4 * u));
}

/// At most half the squared distance of any two rows of two boxes, in the screen's unit.
MLQA_INLINE float box_distance(const float* box_a, const float* box_b, index_t box_stride) {
    const index_t d = box_stride / 2;
    f32 sum{};
    for (index_t j = 0; j < d; j += w) {
        const f32 right = simd::load(box_b + j) - simd::load(box_a + d + j);
        const f32 left = simd::load(box_a + j) - simd::load(box_b + d + j);
        const f32 gap = simd::max(simd::max(left, right), f32{});
        sum = simd::fma(gap, gap, sum);
    }
    return box_share(d) * simd::reduce_add(sum);
}

/// Box number a of the set and box number b of the base: groups first, then blocks.
template <class S>
MLQA_INLINE float box_distance(const GroupedSearch<S>& search, index_t a, index_t b) {
    return box_distance(search.set.box + a * search.set.box_stride,
                        search.base.box + b * search.base.box_stride, search.set.box_stride);
}

template <class S>
MLQA_INLINE bool too_far(const GroupedSearch<S>& search, index_t a, index_t b) {
    const float distance = box_distance(search, a, b);
    return distance > search.reach[a] && distance > search.reach[b];
}

template <class S>
void update_reach(const GroupedSearch<S>& search, index_t group) {
    const float* limit = search.limit + group * group_rows;
    f32 most = simd::load(limit);
    for (int v = w; v < group_rows; v += w) most = simd::max(most, simd::load(limit + v));
    search.reach[group] = simd::reduce_max(most);
}

template <class S>
void update_block_reach(const GroupedSearch<S>& search, index_t block) {
    float most = 0;
    for (index_t g = search.set.block_first(block); g < search.set.block_last(block); ++g)
        if (search.reach[g] > most) most = search.reach[g];
    search.reach[search.set.groups + block] = most;
}

/// Rows of group a, bit r for row r, that may have neighbours in the box of group b of the base.
template <class S>
MLQA_INLINE std::uint32_t rows_in_reach(const GroupedSearch<S>& search, index_t a, index_t b) {
    constexpr int vectors = group_rows / w;
    const index_t d = search.set.rows.d;
    const float* low = search.base.box + b * search.base.box_stride;
    const float* high = low + search.base.box_stride / 2;
    const float* first[vectors];
    for (int v = 0; v < vectors; ++v) first[v] = packed_row(search.set, a * group_rows + v * w);
    f32 sum[vectors] = {};
    for (index_t j = 0; j < d; ++j) {
        // Rows are packed as rounded: they may lie this far from what the box holds.
        const f32 least = simd::broadcast(low[j] - 0x1p-22f), most = simd::broadcast(high[j] + 0x1p-22f);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
            const f32 x = simd::load(first[v] + j * panel_width<float>);
            const f32 gap = simd::max(simd::max(least - x, x - most), f32{});
            sum[v] = simd::fma(gap, gap, sum[v]);
        }
    }
    const f32 share = simd::broadcast(box_share(d));
    std::uint32_t near = 0;
    for (int v = 0; v < vectors; ++v)
        near |= simd::bits(sum[v] * share <= simd::load(search.limit + a * group_rows + v * w)) << (v * w);
    return near;
}

/// A packed value is the value it stands for, rounded to float32 once, or 0 for one below 2^-126.
MLQA_INLINE float outwards(float x, float sign) {
    const float size = x < 0 ? -x : x;
    return x + sign * (size * 0x1p-22f + 0x1p-125f);
}

template <class S>
void group_box(const GroupedRows<S>& set, index_t group) {
    const index_t d = set.rows.d, padded = set.box_stride / 2;
    float* box = set.box + group * set.box_stride;
    for (index_t j = 0; j < d; ++j) {
        f32 least = simd::broadcast(__builtin_inff()), largest = -least;
        for (int v = 0; v < group_rows; v += w) {
            const f32 x = simd::load(packed_row(set, group * group_rows + v) + j * panel_width<float>);
            least = simd::min(least, x);
            largest = simd::max(largest, x);
        }
        box[j] = outwards(simd::reduce_min(least), -1);
        box[padded + j] = outwards(simd::reduce_max(largest), 1);
    }
    for (index_t j = d; j < padded; ++j) box[j] = box[padded + j] = 0;
}

/// The box of a block holds those of its groups.
template <class S>
void block_box(const GroupedRows<S>& set, index_t block) {
    const index_t padded = set.box_stride / 2;
    float* whole = set.box + (set.groups + block) * set.box_stride;
    for (index_t g = set.block_first(block); g < set.block_last(block); ++g) {
        const float* box = set.box + g * set.box_stride;
        for (index_t j = 0; j < padded; ++j) {
            const bool first = g == set.block_first(block);
            if (first || box[j] < whole[j]) whole[j] = box[j];
            if (first || box[padded + j] > whole[padded + j]) whole[padded + j] = box[padded + j];
        }
    }
}

}  // namespace
}  // namespace mlqa::pairwise
