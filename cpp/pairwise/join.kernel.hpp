// The loops of the join of a set of rows with itself; what is computed and why in pairwise/join.hpp.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"
#include "pairwise/knn.kernel.hpp"

namespace mlqa {

constexpr int join_group = 32;          ///< rows of a group
constexpr index_t join_neighbors = 64;  ///< most neighbours

/// A candidate j of a row i: half their distance is at most upper + r_i, in the screen's unit.
struct RankedCandidate {
    float upper;
    std::int32_t row;
};

/// A set of rows in an order, and what its rows know of their neighbours. Arrays of rows are filled to whole
/// groups: `limit` with minus infinity, `low` with infinity.
template <class S>
struct JoinSet {
    KnnRows<S> rows;       ///< in the order
    const index_t* label;  ///< position of each row as given, for ties and results
    // As KnnPacked has them, in panels of the tiles' width.
    const float* panels;
    const float* low;
    const float* slack;
    double half_scale;  ///< scale^2 / 2
    // Boxes: of each feature the least and the largest value, rounded outwards, `box_stride` floats a box,
    // those of all groups and then those of all blocks of `block_groups` groups.
    float* box;
    index_t box_stride;
    index_t groups;
    index_t block_groups;
    /// A group, a block: half distances above are of no use to any of its rows. Same order as the boxes.
    float* reach;
    float* limit;  ///< R_i
    index_t k;
    index_t capacity;  ///< places for candidates, a row
    std::int32_t* count;
    RankedCandidate* candidate;

    index_t block_first(index_t block) const { return block * block_groups; }
    index_t block_last(index_t block) const {
        const index_t end = (block + 1) * block_groups;
        return end < groups ? end : groups;
    }
};

template <class S>
struct JoinTable {
    /// Boxes of the groups of a block and of the block.
    void (*boxes)(const JoinSet<S>& set, index_t block);
    /// All pairs within a block.
    void (*within)(const JoinSet<S>& set, index_t block);
    /// All pairs of two blocks that may matter to either.
    void (*between)(const JoinSet<S>& set, index_t a, index_t b);
    /// The k nearest of each row of a block: position and squared distance (may be nullptr), by label.
    void (*finish)(const JoinSet<S>& set, index_t block, index_t* position, double* distance);
};

struct JoinKernels {
    JoinTable<float> f32;
    JoinTable<double> f64;
};

MLQA_DECLARE_KERNELS(JoinKernels, join)

}  // namespace mlqa
