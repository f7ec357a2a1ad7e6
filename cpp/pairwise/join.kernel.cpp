#include "pairwise/join.kernel.hpp"

#include "pairwise/candidates.hpp"
#include "pairwise/distance.hpp"
#include "pairwise/tiles.hpp"

namespace mlqa {
namespace {

using pairwise::panel_width;
using pairwise::round_down;
using pairwise::round_up;
using pairwise::squared_distance;
using pairwise::Tile;
using simd::f32;

constexpr int w = simd::lanes<float>;
constexpr double u = 0x1p-24;
constexpr int group_panels = join_group / panel_width<float>;
static_assert(join_group % panel_width<float> == 0, "a group is made of whole panels");

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
    const std::int32_t* candidate = set.candidate + i * set.capacity;
    for (std::int32_t c = 0; c < set.count[i]; ++c) {
        const std::int32_t j = candidate[c];
        nearest.meet({squared_distance(x, set.rows.row(j), set.rows.d), set.label[j], j});
    }
}

template <class S>
MLQA_INLINE pairwise::Candidates<std::int32_t> candidates_of(const JoinSet<S>& set, index_t i) {
    return {set.value + i * set.capacity, set.candidate + i * set.capacity, set.count + i, set.limit + i};
}

template <class S>
void tighten(const JoinSet<S>& set, index_t i) {
    double heap[join_neighbors];
    candidates_of(set, i).tighten(set.k, set.slack, set.bound[i], heap);
}

/// Where the screen cannot tell the candidates apart: the k nearest by the defined distance stay.
template <class S>
void evaluate(const JoinSet<S>& set, index_t i) {
    Nearest nearest(set.k);
    meet_candidates(set, i, nearest);
    const pairwise::Candidates<std::int32_t> candidates = candidates_of(set, i);
    for (index_t c = 0; c < nearest.found; ++c) {
        // What the screen would have given without its errors; its bounds cover the rounding here.
        const double half = nearest.kept[c].distance * set.half_scale;
        candidates.row[c] = nearest.kept[c].row;
        candidates.value[c] = round_down(half - set.half[i]);
    }
    set.count[i] = static_cast<std::int32_t>(nearest.found);
    candidates.prove(nearest.kept[set.k - 1].distance, set.half_scale, set.half[i], set.bound[i]);
}

template <class S>
__attribute__((noinline)) void make_room(const JoinSet<S>& set, index_t i) {
    tighten(set, i);
    if (set.count[i] > set.capacity - set.capacity / 4) evaluate(set, i);
}

template <class S>
MLQA_INLINE void push(const JoinSet<S>& set, index_t i, index_t j, float g) {
    if (set.count[i] == set.capacity) make_room(set, i);
    if (!(g <= set.limit[i])) return;
    const index_t at = i * set.capacity + set.count[i]++;
    set.value[at] = g;
    set.candidate[at] = static_cast<std::int32_t>(j);
}

// ---- Tiles

/// A tile with a pair in it that passes. `Both`: rows are candidates of columns as well.
template <bool Both, class S, int R>
__attribute__((noinline)) void take(const JoinSet<S>& set, const Tile<float, R>& tile) {
    for (int r = 0; r < tile.rows; ++r) {
        const index_t i = tile.row + r;
        float dot[2 * w];
        simd::store(dot, tile.dot[r][0]);
        simd::store(dot + w, tile.dot[r][1]);
        std::uint64_t passed = 0;
        for (int v = 0; v < 2; ++v) {
            const index_t column = tile.column + v * w;
            const f32 g = simd::load(set.low + column) - tile.dot[r][v];
            auto hit = g <= simd::broadcast(set.limit[i]);
            if constexpr (Both)
                hit = hit | (simd::broadcast(set.low[i]) - tile.dot[r][v] <= simd::load(set.limit + column));
            passed |= static_cast<std::uint64_t>(simd::bits(hit)) << (v * w);
        }
        for (; passed != 0; passed &= passed - 1) {
            const int c = __builtin_ctzll(passed);
            const index_t j = tile.column + c;
            if (j == i) continue;
            push(set, i, j, set.low[j] - dot[c]);
            if constexpr (Both) push(set, j, i, set.low[i] - dot[c]);
        }
    }
}

/// The epilogue: where no pair of a tile passes either limit, that is all.
template <bool Both, class S>
struct KeepNearest {
    const JoinSet<S>& set;

    template <int R>
    MLQA_INLINE void operator()(const Tile<float, R>& tile) const {
        const f32 low0 = simd::load(set.low + tile.column), low1 = simd::load(set.low + tile.column + w);
        const f32 limit0 = simd::load(set.limit + tile.column),
                  limit1 = simd::load(set.limit + tile.column + w);
        // limit - g >= 0 wherever g <= limit: rounding keeps the order.
        f32 margin = simd::broadcast(-1.0f);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const f32 limit = simd::broadcast(set.limit[tile.row + r]);
            margin = simd::max(margin, limit - (low0 - tile.dot[r][0]));
            margin = simd::max(margin, limit - (low1 - tile.dot[r][1]));
            if constexpr (Both) {
                const f32 low = simd::broadcast(set.low[tile.row + r]);
                margin = simd::max(margin, limit0 - (low - tile.dot[r][0]));
                margin = simd::max(margin, limit1 - (low - tile.dot[r][1]));
            }
        }
        if (simd::bits(margin >= f32{}) != 0) take<Both>(set, tile);
    }
};

template <bool Both, class S>
MLQA_INLINE void groups_product(const JoinSet<S>& set, index_t a, index_t b) {
    KeepNearest<Both, S> epilogue{set};
    const index_t rows = set.groups * join_group;
    for (int pb = 0; pb < group_panels; ++pb)
        for (int pa = 0; pa < group_panels; ++pa)
            pairwise::panel_product<float>(set.panels, a * group_panels + pa, rows, set.panels,
                                           b * group_panels + pb, rows, set.rows.d, epilogue);
}

// ---- Boxes

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
    const double n = static_cast<double>(d) + 16;
    return static_cast<float>(0.5 * (1 - n * u / (1 - n * u)) * (1 - 2 * u) *
                              static_cast<double>(simd::reduce_add(sum)));
}

template <class S>
MLQA_INLINE bool too_far(const JoinSet<S>& set, index_t a, index_t b) {
    const float distance = box_distance(set, a, b);
    return distance > set.reach[a] && distance > set.reach[b];
}

/// R_i + H_i - B_i is at least the half distance of the k nearest so far.
template <class S>
void update_reach(const JoinSet<S>& set, index_t group) {
    const index_t first = group * join_group;
    const index_t last = pairwise::lesser(set.rows.rows, first + join_group);
    double most = 0;
    for (index_t i = first; i < last; ++i) {
        const double reach = static_cast<double>(set.limit[i]) + set.half[i] - set.bound[i];
        if (reach > most) most = reach;
    }
    set.reach[group] = round_up(most);
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

// ---- Blocks

template <class S>
void within(const JoinSet<S>& set, index_t block) {
    const index_t first = set.block_first(block), last = set.block_last(block);
    for (index_t g = first; g < last; ++g) {
        groups_product<false>(set, g, g);
        for (index_t i = g * join_group; i < (g + 1) * join_group; ++i) tighten(set, i);
        update_reach(set, g);
    }
    // Groups side by side in the order are the nearest: limits are tight when the others come.
    for (index_t apart = 1; apart < last - first; ++apart)
        for (index_t a = first; a + apart < last; ++a) {
            if (too_far(set, a, a + apart)) continue;
            groups_product<true>(set, a, a + apart);
            update_reach(set, a);
            update_reach(set, a + apart);
        }
    update_block_reach(set, block);
}

template <class S>
void between(const JoinSet<S>& set, index_t block_a, index_t block_b) {
    if (too_far(set, set.groups + block_a, set.groups + block_b)) return;
    bool met = false;
    for (index_t a = set.block_first(block_a); a < set.block_last(block_a); ++a) {
        const float far = box_distance(set, a, set.groups + block_b);
        if (far > set.reach[a] && far > set.reach[set.groups + block_b]) continue;
        bool met_a = false;
        for (index_t b = set.block_first(block_b); b < set.block_last(block_b); ++b) {
            if (too_far(set, a, b)) continue;
            groups_product<true>(set, a, b);
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
        tighten(set, i);
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
