// The candidates of one row in order of their upper bounds, for few neighbours; bounds and names in
// pairwise/knn.hpp. Included by kernel sources only.
#pragma once

#include <cstdint>

#include "core/array.hpp"
#include "pairwise/distance.hpp"
#include "pairwise/groups.kernel.hpp"

namespace mlqa::pairwise {

namespace {

/// Above x, and above whatever rounds to x where x is the result of one operation. Keeps the order.
MLQA_INLINE float raised(float x) {
    const float size = x < 0 ? -x : x;
    return x + (size * 0x1p-23f + 0x1p-125f);
}

/// The list of one row: n of them, the k lowest upper bounds first.
struct Ranked {
    RankedCandidate* list;
    std::int32_t* n;
    float* limit;        ///< R_i
    const float* slack;  ///< r of all rows
    float own;           ///< r_i
    index_t k;

    void lower(float to) const {
        if (to < *limit) *limit = to;
    }

    /// Whether a candidate may still be among the nearest: s <= R_i means raised(s + r_j) <= raised(R_i +
    /// r_j).
    MLQA_INLINE bool stays(const RankedCandidate& c) const {
        return c.upper <= raised(*limit + slack[c.row]);
    }

    /// Takes in a row whose screened value s is at most R_i; there is room for it.
    MLQA_INLINE void insert(std::int32_t row, float s) const {
        const RankedCandidate added{raised(s + slack[row]), row};
        std::int32_t at = (*n)++;
        for (; at > 0 && added.upper < list[at - 1].upper; --at) list[at] = list[at - 1];
        list[at] = added;
        if (at >= k || *n < k) return;
        lower(raised(list[k - 1].upper + own));
        while (*n > k && !stays(list[*n - 1])) --*n;
    }

    /// Drops those that cannot be among the nearest any more, wherever they are in the list.
    void sift() const {
        std::int32_t left = 0;
        for (std::int32_t c = 0; c < *n; ++c)
            if (stays(list[c])) list[left++] = list[c];
        *n = left;
    }
};

}  // namespace
}  // namespace mlqa::pairwise
