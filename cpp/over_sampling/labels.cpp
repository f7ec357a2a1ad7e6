#include "over_sampling/labels.hpp"

#include <algorithm>

#include "core/cancel.hpp"

namespace mlqa::over_sampling {
namespace {

constexpr index_t block = 1 << 20;
constexpr index_t fewest = 1024;  ///< a table of so many labels is always taken

/// Runs body(first, last) over elements, with polls.
template <class F>
Status over_blocks(index_t size, F&& body) {
    for (index_t first = 0; first < size; first += block) {
        if (cancel::poll()) return Status::cancelled;
        body(first, std::min(size, first + block));
    }
    return Status::ok;
}

/// The distance in a type that holds it, whatever the signs.
template <class L>
std::uint64_t above(L value, L least) {
    return static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(least);
}

}  // namespace

template <class L>
Status count_labels(const VectorView<const L>& y, LabelCounts<L>& counts) {
    L least = y[0], most = y[0];
    Status status = over_blocks(y.size, [&](index_t first, index_t last) {
        L low = least, high = most;
        for (index_t i = first; i < last; ++i) {
            low = std::min(low, y[i]);
            high = std::max(high, y[i]);
        }
        least = low;
        most = high;
    });
    const std::uint64_t range = above(most, least);
    if (status != Status::ok || range >= static_cast<std::uint64_t>(std::max(fewest, y.size))) return status;
    const auto labels = static_cast<std::size_t>(range) + 1;
    // Two tables in turn: equal labels in a row then wait half as long for each other.
    const arena::Buffer<index_t> odd(labels, 0);
    arena::Buffer<index_t> even(labels, 0);
    status = over_blocks(y.size, [&](index_t first, index_t last) {
        index_t i = first;
        for (; i + 1 < last; i += 2) {
            ++even[above(y[i], least)];
            ++odd[above(y[i + 1], least)];
        }
        if (i < last) ++even[above(y[i], least)];
    });
    for (std::size_t c = 0; c < labels; ++c) even[c] += odd[c];
    counts.least = least;
    counts.count = std::move(even);
    return status;
}

template <class L>
Status label_rows(const VectorView<const L>& y, const L* label, const index_t* count, index_t labels,
                  index_t* rows, index_t& total) {
    total = 0;
    for (index_t c = 0; c < labels; ++c) {
        index_t found = 0;
        const Status status = over_blocks(y.size, [&](index_t first, index_t last) {
            for (index_t i = first; i < last && found < count[c]; ++i) {
                rows[total + found] = i;
                found += y[i] == label[c];
            }
        });
        if (status != Status::ok) return status;
        total += found;
    }
    return Status::ok;
}

#define MLQA_LABELS(L)                                                                                     \
    template Status count_labels<L>(const VectorView<const L>&, LabelCounts<L>&);                          \
    template Status label_rows<L>(const VectorView<const L>&, const L*, const index_t*, index_t, index_t*, \
                                  index_t&);
MLQA_LABELS(std::int8_t)
MLQA_LABELS(std::int16_t)
MLQA_LABELS(std::int32_t)
MLQA_LABELS(std::int64_t)
MLQA_LABELS(std::uint8_t)
MLQA_LABELS(std::uint16_t)
MLQA_LABELS(std::uint32_t)
MLQA_LABELS(std::uint64_t)
#undef MLQA_LABELS

}  // namespace mlqa::over_sampling
