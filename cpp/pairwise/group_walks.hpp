// Which groups of rows meet, in which order; pairwise/join.hpp and pairwise/cross.hpp say why. P multiplies
// them:
//
//     struct P {
//         static constexpr bool by_rows;        // looks at single rows before it multiplies groups
//         struct Session;                       // lives as long as a call that multiplies
//         meet<Both>(search, a, b);             // all rows of two groups
//         screen(search, a, b, half);           // their screened values, row by row
//         boxes(set, block);                    // boxes of groups and block, and what else P needs of them
//     };
//
// Included by kernel sources only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pairwise/group_boxes.hpp"
#include "pairwise/group_tiles.hpp"

namespace mlqa::pairwise {
namespace {

constexpr int whole_tiles = group_rows / tile_rows;  ///< rows of tiles that two groups make

/// Whether looking at single rows pays: it goes on while it saves more tiles than it costs, half a tile for
/// the rows of one group.
struct RowFilter {
    int credit;

    bool on() const { return credit > 0; }
    void note(int tiles, int groups) {
        credit += 2 * (whole_tiles - tiles) - groups;
        if (credit > 4 * filter_credit) credit = 4 * filter_credit;
    }
};

MLQA_INLINE int tiles_of(std::uint32_t rows) {
    return (__builtin_popcount(rows) + tile_rows - 1) / tile_rows;
}

/// All pairs of two groups of a set that may matter to either.
template <class P, class S>
MLQA_INLINE void meet_groups(const GroupedSearch<S>& search, index_t a, index_t b, RowFilter& filter) {
    if constexpr (P::by_rows) {
        if (filter.on()) {
            const std::uint32_t of_a = rows_in_reach(search, a, b), of_b = rows_in_reach(search, b, a);
            const int tiles = tiles_of(of_a) + tiles_of(of_b);
            filter.note(tiles < whole_tiles ? tiles : whole_tiles, 2);
            if (tiles < whole_tiles) {
                rows_product(search, a, of_a, b);
                rows_product(search, b, of_b, a);
                return;
            }
        }
    }
    P::template meet<true>(search, a, b);
}

template <class P, class S>
void within(const GroupedSearch<S>& search, index_t block) {
    [[maybe_unused]] const typename P::Session session;
    const index_t first = search.set.block_first(block), last = search.set.block_last(block);
    for (index_t g = first; g < last; ++g) {
        P::template meet<false>(search, g, g);
        update_reach(search, g);
    }
    // Groups side by side in the order are the nearest: limits are tight when the others come.
    RowFilter filter{filter_credit};
    for (index_t apart = 1; apart < last - first; ++apart)
        for (index_t a = first; a + apart < last; ++a) {
            if (too_far(search, a, a + apart)) continue;
            meet_groups<P>(search, a, a + apart, filter);
            update_reach(search, a);
            update_reach(search, a + apart);
        }
    update_block_reach(search, block);
}

template <class P, class S>
void between(const GroupedSearch<S>& search, index_t block_a, index_t block_b) {
    const GroupedRows<S>& set = search.set;
    if (too_far(search, set.groups + block_a, set.groups + block_b)) return;
    [[maybe_unused]] const typename P::Session session;
    bool met = false;
    RowFilter filter{filter_credit};
    for (index_t a = set.block_first(block_a); a < set.block_last(block_a); ++a) {
        if (too_far(search, a, set.groups + block_b)) continue;
        bool met_a = false;
        for (index_t b = set.block_first(block_b); b < set.block_last(block_b); ++b) {
            if (too_far(search, a, b)) continue;
            meet_groups<P>(search, a, b, filter);
            met_a = true;
        }
        if (met_a) update_reach(search, a);
        met |= met_a;
    }
    if (!met) return;
    for (index_t b = set.block_first(block_b); b < set.block_last(block_b); ++b) update_reach(search, b);
    update_block_reach(search, block_a);
    update_block_reach(search, block_b);
}

template <class S>
void block_distances(const GroupedSearch<S>& search, index_t group, float* distance) {
    for (index_t block = 0; block < search.base.blocks; ++block)
        distance[block] = box_distance(search, group, search.base.groups + block);
}

/// The rows of a group that may have neighbours in a group of the base meet it.
template <class P, class S>
MLQA_INLINE void ask_group(const GroupedSearch<S>& search, index_t group, index_t asked, RowFilter& filter) {
    if constexpr (P::by_rows) {
        if (filter.on()) {
            const std::uint32_t near = rows_in_reach(search, group, asked);
            filter.note(tiles_of(near), 1);
            if (tiles_of(near) < whole_tiles) {
                rows_product(search, group, near, asked);
                return;
            }
        }
    }
    P::template meet<false>(search, group, asked);
}

/// The nearest group comes first: limits are tight when the others come.
template <class P, class S>
void ask(const GroupedSearch<S>& search, index_t group, index_t block, int* credit) {
    float distance[most_block_groups];
    index_t order[most_block_groups];
    index_t n = 0;
    for (index_t b = search.base.block_first(block); b < search.base.block_last(block); ++b) {
        const float far = box_distance(search, group, b);
        if (far > search.reach[group]) continue;
        index_t at = n++;
        for (; at > 0 && distance[at - 1] > far; --at) {
            distance[at] = distance[at - 1];
            order[at] = order[at - 1];
        }
        distance[at] = far;
        order[at] = b;
    }
    [[maybe_unused]] const typename P::Session session;
    RowFilter filter{*credit};
    for (index_t i = 0; i < n && distance[i] <= search.reach[group]; ++i) {
        ask_group<P>(search, group, order[i], filter);
        update_reach(search, group);
    }
    *credit = filter.credit;
}

template <class P, class S>
void screen(const GroupedSearch<S>& search, index_t a, index_t b, float* half) {
    [[maybe_unused]] const typename P::Session session;
    P::screen(search, a, b, half);
}

template <class S>
void finish(const GroupedSearch<S>& search, index_t block, index_t* position, double* distance) {
    const GroupedRows<S>& set = search.set;
    const index_t first = set.block_first(block) * group_rows;
    const index_t last = lesser(set.rows.rows, set.block_last(block) * group_rows);
    for (index_t i = first; i < last; ++i) {
        Nearest nearest(search.k);
        meet_candidates(search, i, nearest);
        for (index_t c = 0; c < search.k; ++c) {
            position[set.label[i] * search.k + c] = nearest.kept[c].label;
            if (distance != nullptr) distance[set.label[i] * search.k + c] = nearest.kept[c].distance;
        }
    }
}

template <class P, class S>
constexpr GroupsTable<S> groups_table_of() {
    return {P::template boxes<S>, within<P, S>, between<P, S>, block_distances<S>, ask<P, S>,
            screen<P, S>,         finish<S>};
}

}  // namespace
}  // namespace mlqa::pairwise
