// Walks over compressed sparse rows.
#pragma once

#include "core/array.hpp"

namespace mlqa {

/// Calls visit(column, a, b) for each column that row i or row j stores, columns ascending, with the values
/// of both rows there. The indices of each row are sorted and unique.
template <class T, class I, class F>
void merge_rows(const SparseView<T, I>& x, index_t i, index_t j, F&& visit) {
    index_t p = x.begin(i), q = x.begin(j);
    const index_t p_end = x.end(i), q_end = x.end(j);
    while (p < p_end || q < q_end) {
        const bool from_i = q == q_end || (p < p_end && x.indices[p] <= x.indices[q]);
        const bool from_j = p == p_end || (q < q_end && x.indices[q] <= x.indices[p]);
        const I column = from_i ? x.indices[p] : x.indices[q];
        visit(column, from_i ? x.values[p++] : T(0), from_j ? x.values[q++] : T(0));
    }
}

}  // namespace mlqa
