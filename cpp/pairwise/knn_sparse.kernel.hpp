// The loops of the search among sparse rows; what is computed and why in pairwise/knn_sparse.hpp.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

constexpr index_t sparse_queries = 64;  ///< most queries of a chunk
constexpr index_t sparse_group = 64;    ///< every panel's width divides it

/// Rows in the order of the search. Entries of row i: [begin[i], middle[i]) in frequent columns, whose `id`
/// is the slot in the panels, slots ascending; [middle[i], begin[i + 1]) in rare columns, numbered from 0.
struct SparsePacked {
    const index_t* begin;
    const index_t* middle;
    const std::int32_t* id;
    const float* value;
};

/// An entry of a rare column.
struct Posting {
    std::int32_t row;  ///< within the block
    float value;
};

/// Rows [first, first + rows) of the packed ones, laid out to be met.
struct SparseBlock {
    index_t first;
    index_t rows;
    /// Frequent columns: groups of `panel_width` rows, slot by slot; filled with zeros to whole groups.
    const float* panels;
    index_t slots;
    /// Rare columns: postings of column c in [offsets[c], offsets[c + 1]).
    const std::int32_t* offsets;
    const Posting* postings;
    const float* low;  ///< h_j of its rows; infinity beyond
};

/// Candidates of one query.
struct SparseCandidates {
    float* value;
    std::int32_t* row;
    std::int32_t count;
    std::int32_t capacity;
    float limit;  ///< R
    index_t own;  ///< the query's own row, never a candidate
};

struct KnnSparseTable {
    int panel_width;
    /// The panel of rows [first, last), at most panel_width of them.
    void (*fill)(const SparsePacked& rows, index_t first, index_t last, index_t slots, float* panel);
    /// dot[q stride + j] = product of row query[q] with row j of the block over the frequent columns;
    /// 0 < queries <= sparse_queries.
    void (*frequent)(const SparsePacked& rows, const index_t* query, index_t queries,
                     const SparseBlock& block, float* dot, index_t stride);
    /// dot[j] += the same over the rare columns, of one query.
    void (*rare)(const SparsePacked& rows, index_t query, const SparseBlock& block, float* dot);
    /// Takes in rows from `from` on whose h_j - dot_j is within the limit. Returns the row for which there
    /// was no place, to come back to, or block.rows.
    index_t (*screen)(const SparseBlock& block, const float* dot, index_t from, SparseCandidates& candidates);
};

MLQA_DECLARE_KERNELS(KnnSparseTable, knn_sparse)

}  // namespace mlqa
