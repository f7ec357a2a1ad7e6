// Walks over compressed sparse rows.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/array.hpp"

namespace mlqa {

/// x or 0; without a branch.
template <class T>
T kept(T x, bool keep) {
    std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t> bits;
    static_assert(sizeof bits == sizeof x, "float or double");
    std::memcpy(&bits, &x, sizeof bits);
    bits &= -static_cast<decltype(bits)>(keep);
    std::memcpy(&x, &bits, sizeof bits);
    return x;
}

/// Calls visit(column, a, b) for each column that row i or row j stores, columns ascending, with the values
/// of both rows there. The indices of each row are sorted and unique.
template <class T, class I, class F>
void merge_rows(const SparseView<T, I>& x, index_t i, index_t j, F&& visit) {
    index_t p = x.begin(i), q = x.begin(j);
    const index_t p_end = x.end(i), q_end = x.end(j);
    while (p < p_end && q < q_end) {
        // Which row comes next is as good as random: without branches, nothing is guessed wrong.
        const I a = x.indices[p], b = x.indices[q];
        const T of_i = x.values[p], of_j = x.values[q];
        const bool from_i = a <= b, from_j = b <= a;
        visit(from_i ? a : b, kept(of_i, from_i), kept(of_j, from_j));
        p += from_i ? 1 : 0;
        q += from_j ? 1 : 0;
    }
    for (; p < p_end; ++p) visit(x.indices[p], x.values[p], T(0));
    for (; q < q_end; ++q) visit(x.indices[q], T(0), x.values[q]);
}

/// The number of columns that row i or row j stores. The indices of each row are sorted and unique.
template <class T, class I>
index_t merged_entries(const SparseView<T, I>& x, index_t i, index_t j) {
    index_t p = x.begin(i), q = x.begin(j), shared = 0;
    const index_t p_end = x.end(i), q_end = x.end(j), all = p_end - p + q_end - q;
    while (p < p_end && q < q_end) {
        const I a = x.indices[p], b = x.indices[q];
        p += a <= b ? 1 : 0;
        q += b <= a ? 1 : 0;
        shared += a == b ? 1 : 0;
    }
    return all - shared;
}

}  // namespace mlqa
