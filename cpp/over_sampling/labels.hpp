// Integer labels: how many rows each class has, and where they are, in one pass each.
#pragma once

#include <cstdint>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"

namespace mlqa::over_sampling {

/// Number of rows of each label from `least` on: count[y - least]. Empty where the labels lie so far apart
/// that a table of them would be larger than y itself. L is an integer type of at most 64 bits.
template <class L>
struct LabelCounts {
    L least = 0;
    arena::Buffer<index_t> count;
};

/// y has at least one element; throws std::bad_alloc.
template <class L>
Status count_labels(const VectorView<const L>& y, LabelCounts<L>& counts);

/// rows = positions of label[0] in y, ascending, then those of label[1], and so on: at most count[c] of each.
/// `total` is their number.
template <class L>
Status label_rows(const VectorView<const L>& y, const L* label, const index_t* count, index_t labels,
                  index_t* rows, index_t& total);

}  // namespace mlqa::over_sampling
