#include "pairwise/groups.kernel.hpp"

#include "pairwise/group_walks.hpp"

namespace mlqa {
namespace {

using namespace pairwise;

/// Products in float32.
struct SinglePrecision {
    static constexpr bool by_rows = true;
    struct Session {};

    template <class S>
    static void boxes(const GroupedRows<S>& set, index_t block) {
        for (index_t g = set.block_first(block); g < set.block_last(block); ++g) group_box(set, g);
        block_box(set, block);
    }

    template <bool Both, class S>
    MLQA_INLINE static void meet(const GroupedSearch<S>& search, index_t a, index_t b) {
        each_tile(a, b, [&](GroupTile& tile) { meet_tile<Both>(search, features_of(search, tile), tile); });
    }

    template <class S>
    MLQA_INLINE static void screen(const GroupedSearch<S>& search, index_t a, index_t b, float* half) {
        each_tile(a, b, [&](GroupTile& tile) {
            screen_tile(search, features_of(search, tile), tile, tile.half);
            store_tile(tile, tile.half, half);
        });
    }
};

}  // namespace

const GroupsKernels MLQA_KERNELS(groups) = {groups_table_of<SinglePrecision, float>(),
                                            groups_table_of<SinglePrecision, double>()};

}  // namespace mlqa
