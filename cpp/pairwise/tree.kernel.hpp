// The loops of the exact search in few dimensions; what is computed and why in pairwise/tree.hpp.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

constexpr int tree_features = 8;        ///< most features
constexpr int tree_leaf = 32;           ///< rows of a leaf, queries of a group
constexpr int tree_fan = 8;             ///< children of a node
constexpr int tree_levels = 20;         ///< enough for 8^20 leaves
constexpr index_t tree_neighbors = 64;  ///< most neighbours

/// A tree over the rows of the base.
///
/// Leaves: `points` holds d runs of tree_leaf values a leaf, filled up with NaN, which no comparison lets
/// pass; `position` that of each row among those given, ascending where rows are equal.
///
/// Nodes: level 0 are the leaves, node i of the level above has nodes 8 i, ..., 8 i + 7 as its children. A
/// block holds what is known of the children of one node: 2 d runs of tree_fan values, the least and then the
/// largest of each feature, and the least positions. Places without a child hold an empty box, from infinity
/// to minus infinity, and the largest position.
struct Tree {
    const double* points;
    const index_t* position;
    const double* box;
    const index_t* least;
    index_t first_block[tree_levels];  ///< of each level
    int levels;                        ///< the topmost of them is a single block
};

/// A node that may hold neighbours of a group's queries.
struct TreeNode {
    double distance;  ///< of the boxes of node and group
    index_t least;    ///< least position in the node
    index_t number;
    int level;
};

/// Few neighbours are kept in registers, 8 or 16 of them.
inline index_t tree_places(index_t k) {
    return k <= 8 ? 8 : k <= 16 ? 16 : k;
}

/// Up to tree_leaf queries on their way through the tree.
struct TreeGroup {
    const double* points;     ///< as a leaf holds them
    index_t self[tree_leaf];  ///< position to leave out, -1: none
    index_t queries;
    index_t own;  ///< the leaf that holds the queries, none of which is to meet itself; -1: none does
    index_t k;
    // The nearest so far of each query, in order of (squared distance, position), infinity and the largest
    // position where there are none yet, in `places` places a query; and the k-th of them, or a bound on it.
    index_t places;  ///< tree_places(k)
    double distance[tree_leaf * tree_neighbors];
    index_t position[tree_leaf * tree_neighbors];
    double last_distance[tree_leaf];
    index_t last_position[tree_leaf];
    // What is of use to no query: nodes beyond `reach`, at `reach` those without a position below `rank`.
    double reach;
    index_t rank;
    double low[tree_features];
    double high[tree_features];
    TreeNode waiting[tree_levels * tree_fan];
    int n_waiting;
};

struct TreeTable {
    /// Makes ready for a search; everything down to `places` is set.
    void (*begin)(const Tree& tree, TreeGroup& group);
    /// Visits up to `leaves` leaves; true once the search has ended.
    bool (*search)(const Tree& tree, TreeGroup& group, index_t leaves);
};

struct TreeKernels {
    TreeTable features[tree_features];  ///< for 1, 2, ..., 8 features
};

MLQA_DECLARE_KERNELS(TreeKernels, tree)

}  // namespace mlqa
