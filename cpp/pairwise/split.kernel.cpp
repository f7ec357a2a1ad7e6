#include "pairwise/split.kernel.hpp"

#include "pairwise/group_walks.hpp"
#include "pairwise/split_tiles.hpp"

namespace mlqa {
namespace {

using namespace pairwise;

/// Products in split bfloat16. Few rows cost as much as a group.
struct Split {
    static constexpr bool by_rows = false;
    using Session = pairwise::Session;

    template <class S>
    static void boxes(const GroupedRows<S>& set, index_t block) {
        for (index_t g = set.block_first(block); g < set.block_last(block); ++g) split_group(set, g);
        block_box(set, block);
    }

    /// body(tile, half): the screened values of all rows of group a with all of group b of the base.
    template <class S, class F>
    MLQA_INLINE static void each_screened(const GroupedSearch<S>& search, index_t a, index_t b, F&& body) {
        alignas(64) float dot[group_rows * group_rows];
        multiply_groups(as_rows(search.set.split, a), as_pairs(search.base.split, b),
                        search.base.split.chunks, dot);
        each_tile(a, b, [&](GroupTile& tile) {
            simd::f32 half[tile_rows][2];
            const float* low = search.base.packed.low + tile.column;
#pragma GCC unroll 8
            for (int r = 0; r < tile_rows; ++r) {
                const simd::f32 own = simd::broadcast(search.set.packed.low[tile.row[r]]);
                const float* t = dot + place_in_groups(tile, r);
                half[r][0] = own + simd::load(low) - simd::load(t);
                half[r][1] = own + simd::load(low + w) - simd::load(t + w);
            }
            body(tile, half);
        });
    }

    template <bool Both, class S>
    MLQA_INLINE static void meet(const GroupedSearch<S>& search, index_t a, index_t b) {
        each_screened(search, a, b,
                      [&](GroupTile& tile, const auto& half) { pass_tile<Both>(search, tile, half); });
    }

    template <class S>
    MLQA_INLINE static void screen(const GroupedSearch<S>& search, index_t a, index_t b, float* out) {
        each_screened(search, a, b,
                      [&](const GroupTile& tile, const auto& half) { store_tile(tile, half, out); });
    }
};

}  // namespace

const SplitKernels MLQA_KERNELS(split) = {groups_table_of<Split, float>(), groups_table_of<Split, double>()};

}  // namespace mlqa
