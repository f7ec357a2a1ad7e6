// The loops of searches by groups of rows with bounding boxes; what is computed and why in pairwise/join.hpp
// (a set with itself) and pairwise/cross.hpp (queries in another set).
#pragma once

#include <cstdint>

#include "core/array.hpp"
#include "core/isa.hpp"
#include "pairwise/knn.kernel.hpp"

namespace mlqa {

constexpr int group_rows = 32;             ///< rows of a group
constexpr index_t most_block_groups = 32;  ///< groups of a block
constexpr int filter_credit = 16;
constexpr index_t grouped_neighbors = 64;  ///< most neighbours

/// A candidate j of a row i: half their distance is at most upper + r_i, in the screen's unit.
struct RankedCandidate {
    float upper;
    std::int32_t row;
};

/// The rows of groups as two bfloat16 parts, in tiles of 16 rows and 32 features; pairwise/split.hpp.
struct SplitTiles {
    std::uint16_t* tiles = nullptr;
    index_t chunks = 0;  ///< of 32 features
};

/// A set of rows in an order, in groups and blocks of groups. Arrays of rows are filled to whole groups:
/// `limit` with minus infinity, `low` with infinity.
template <class S>
struct GroupedRows {
    KnnRows<S> rows;       ///< in the order
    const index_t* label;  ///< position of each row as given, for ties and results
    KnnPacked packed;      ///< in panels of the tiles' width
    double half_scale;     ///< scale^2 / 2
    // Boxes: of each feature the least and the largest value, rounded outwards, `box_stride` floats a box,
    // those of all groups and then those of all blocks of `block_groups` groups.
    float* box;
    index_t box_stride;
    index_t groups;
    index_t block_groups;
    index_t blocks;
    SplitTiles split;  ///< in place of the panels, where groups are multiplied so

    index_t block_first(index_t block) const { return block * block_groups; }
    index_t block_last(index_t block) const {
        const index_t end = (block + 1) * block_groups;
        return end < groups ? end : groups;
    }
};

/// What each row of a set knows of its nearest among the rows of `base`, which may be the set itself.
template <class S>
struct GroupedSearch {
    GroupedRows<S> set;
    GroupedRows<S> base;
    const index_t* self;  ///< row of the base, in its order, that is the row itself; nullptr: the same number
    index_t k;
    float* limit;  ///< R_i
    /// A group, a block: half distances above are of no use to any of its rows. Same order as the boxes.
    float* reach;
    index_t capacity;  ///< places for candidates, a row
    std::int32_t* count;
    RankedCandidate* candidate;
};

template <class S>
struct GroupsTable {
    /// Boxes of the groups of a block and of the block; in split form also all else about its rows.
    void (*boxes)(const GroupedRows<S>& set, index_t block);
    /// A set with itself: all pairs within a block.
    void (*within)(const GroupedSearch<S>& search, index_t block);
    /// The same: all pairs of two blocks that may matter to either.
    void (*between)(const GroupedSearch<S>& search, index_t a, index_t b);
    /// At most half the squared distance of a group to each block of the base.
    void (*block_distances)(const GroupedSearch<S>& search, index_t group, float* distance);
    /// A group asks a block of the base. `credit` of the look at single rows is filter_credit at first and
    /// goes on from block to block.
    void (*ask)(const GroupedSearch<S>& search, index_t group, index_t block, int* credit);
    /// The screened values of all rows of group a with all of group b of the base, row by row. For tests.
    void (*screen)(const GroupedSearch<S>& search, index_t a, index_t b, float* half);
    /// The k nearest of the rows of a block: position and squared distance (may be nullptr), by label.
    void (*finish)(const GroupedSearch<S>& search, index_t block, index_t* position, double* distance);
};

struct GroupsKernels {
    GroupsTable<float> f32;
    GroupsTable<double> f64;
};

MLQA_DECLARE_KERNELS(GroupsKernels, groups)

}  // namespace mlqa
