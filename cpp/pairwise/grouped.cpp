#include "pairwise/grouped.hpp"

#include <algorithm>
#include <limits>

#include "core/threads.hpp"
#include "pairwise/split.hpp"
#include "pairwise/tiles.kernel.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr double block_work = 2e8;       ///< multiply-adds of two blocks, at most
constexpr index_t box_lanes = 16;        ///< boxes are filled to a multiple
constexpr index_t spare_candidates = 8;  ///< places beyond k that a row has
constexpr index_t chunk_features = 32;   ///< features of a tile
constexpr float no_limit = 0x1p126f;

/// Groups of a block: as many as keep all threads busy, and polls for cancellation frequent.
index_t groups_of_block(index_t groups, index_t wanted_blocks, index_t d) {
    index_t n = std::clamp<index_t>(groups / wanted_blocks, 1, most_block_groups);
    const auto work = [d](index_t count) {
        const auto rows = static_cast<double>(count * group_rows);
        return rows * rows * static_cast<double>(d);
    };
    while (n > 1 && work(n) > block_work) n /= 2;
    return n;
}

const GroupsTable<float>& single_table(float) {
    return groups_kernels().f32;
}
const GroupsTable<double>& single_table(double) {
    return groups_kernels().f64;
}

}  // namespace

template <class S>
const GroupsTable<S>& groups_table(const GroupedRows<S>& set) {
    return set.split.tiles != nullptr ? split_table(S{}) : single_table(S{});
}

template <class S>
Status Grouped<S>::group(const KnnRows<S>& rows, const Frame& frame, index_t wanted_blocks, int n_threads) {
    const Status status = order_by_medians(rows, group_rows, n_threads, order_);
    if (status != Status::ok) return status;
    set_.rows = rows;
    set_.rows.index = order_.index.data();
    set_.label = order_.position.data();
    set_.half_scale = frame.scale * frame.scale / 2;
    set_.groups = rounded_up(rows.rows, group_rows) / group_rows;
    set_.block_groups = groups_of_block(set_.groups, wanted_blocks, rows.d);
    set_.blocks = (set_.groups + set_.block_groups - 1) / set_.block_groups;
    set_.box_stride = 2 * rounded_up(rows.d, box_lanes);
    box_ = buffer<float>((set_.groups + set_.blocks) * set_.box_stride);
    set_.box = box_.data();
    if (splits(rows.d)) {
        set_.split.chunks = rounded_up(rows.d, chunk_features) / chunk_features;
        tiles_ = buffer<std::uint16_t>(padded() * set_.split.chunks * chunk_features * 4);
        set_.split.tiles = tiles_.data();
    }
    const bool split = set_.split.tiles != nullptr;
    packed_ = Packed(padded(), split ? 0 : rows.d, tiles_kernels().f32.panel_width, frame.centre.data(),
                     frame.scale);
    set_.packed = packed_.out;
    return split ? Status::ok : pack_rows_of(set_.rows, group_rows, packed_, n_threads);
}

template <class S>
Status Grouped<S>::bound(int n_threads) {
    return threads::parallel_for(set_.blocks, n_threads,
                                 [&](index_t block, int) { groups_table(set_).boxes(set_, block); });
}

template <class S>
GroupedLists<S>::GroupedLists(const Grouped<S>& queries, const Grouped<S>& base, const index_t* self,
                              index_t k) {
    const index_t padded = queries.padded(), capacity = k + spare_candidates;
    const auto boxes = static_cast<std::size_t>(queries.set().groups + queries.set().blocks);
    limit_ = Buffer<float>(static_cast<std::size_t>(padded), -std::numeric_limits<float>::infinity());
    std::fill(limit_.begin(), limit_.begin() + queries.set().rows.rows, no_limit);
    reach_ = Buffer<float>(boxes, no_limit);
    count_ = Buffer<std::int32_t>(static_cast<std::size_t>(padded), 0);
    candidate_ = buffer<RankedCandidate>(padded * capacity);
    search_ = {queries.set(), base.set(),       self, k, limit_.data(), reach_.data(), capacity,
               count_.data(), candidate_.data()};
}

template const GroupsTable<float>& groups_table(const GroupedRows<float>&);
template const GroupsTable<double>& groups_table(const GroupedRows<double>&);
template class Grouped<float>;
template class Grouped<double>;
template class GroupedLists<float>;
template class GroupedLists<double>;

}  // namespace mlqa::pairwise
