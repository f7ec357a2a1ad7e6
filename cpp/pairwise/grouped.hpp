// Rows in groups with bounding boxes, and lists of their nearest: the memory behind
// pairwise/groups.kernel.hpp.
#pragma once

#include <cstdint>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "pairwise/groups.kernel.hpp"
#include "pairwise/order.hpp"
#include "pairwise/packed.hpp"

namespace mlqa::pairwise {

/// The kernels that a set was packed for.
template <class S>
const GroupsTable<S>& groups_table(const GroupedRows<S>& set);

/// A set of rows, ordered, packed and with room for its boxes.
template <class S>
class Grouped {
public:
    /// Orders and packs the rows. `wanted_blocks`: at least so many, where there are rows enough.
    Status group(const KnnRows<S>& rows, const Frame& frame, index_t wanted_blocks, int n_threads);
    /// Boxes of all groups and blocks.
    Status bound(int n_threads);

    const GroupedRows<S>& set() const { return set_; }
    index_t padded() const { return set_.groups * group_rows; }
    const Order& order() const { return order_; }

private:
    Order order_;
    Packed packed_;
    arena::Buffer<float> box_;
    arena::Buffer<std::uint16_t> tiles_;
    GroupedRows<S> set_{};
};

/// Empty lists of the k nearest of every row of `queries` among `base`.
template <class S>
class GroupedLists {
public:
    GroupedLists(const Grouped<S>& queries, const Grouped<S>& base, const index_t* self, index_t k);

    const GroupedSearch<S>& search() const { return search_; }

private:
    arena::Buffer<float> limit_, reach_;
    arena::Buffer<std::int32_t> count_;
    arena::Buffer<RankedCandidate> candidate_;
    GroupedSearch<S> search_{};
};

}  // namespace mlqa::pairwise
