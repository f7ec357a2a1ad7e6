#include "pairwise/order.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/threads.hpp"

namespace mlqa::pairwise {
namespace {

constexpr index_t sampled_rows = 48;

/// A row's feature and its position.
using Key = std::pair<double, index_t>;

struct Range {
    index_t first, last;
};

template <class S>
class Splitter {
public:
    Splitter(const KnnRows<S>& rows, index_t group, index_t* position, Key* keys)
        : rows_(rows), group_(group), position_(position), keys_(keys) {}

    /// Cuts a range of more than one group at its median; where to.
    index_t split(const Range& range) const {
        const index_t n = range.last - range.first, groups = (n + group_ - 1) / group_;
        const index_t middle = range.first + groups / 2 * group_;
        const index_t feature = widest(range);
        for (index_t i = range.first; i < range.last; ++i)
            keys_[i] = {static_cast<double>(rows_.row(position_[i])[feature]), position_[i]};
        std::nth_element(keys_ + range.first, keys_ + middle, keys_ + range.last);
        for (index_t i = range.first; i < range.last; ++i) position_[i] = keys_[i].second;
        return middle;
    }

    void split_to_groups(const Range& range) const {
        if (range.last - range.first <= group_) return;
        const index_t middle = split(range);
        split_to_groups({range.first, middle});
        split_to_groups({middle, range.last});
    }

private:
    /// The feature with the widest range among rows spread evenly.
    index_t widest(const Range& range) const {
        const index_t n = range.last - range.first, sampled = std::min(n, sampled_rows), d = rows_.d;
        const S* first = rows_.row(position_[range.first]);
        std::vector<S> low(first, first + d), high(first, first + d);
        for (index_t s = 1; s < sampled; ++s) {
            const S* x = rows_.row(position_[range.first + s * n / sampled]);
            for (index_t j = 0; j < d; ++j) {
                low[static_cast<std::size_t>(j)] = std::min(low[static_cast<std::size_t>(j)], x[j]);
                high[static_cast<std::size_t>(j)] = std::max(high[static_cast<std::size_t>(j)], x[j]);
            }
        }
        const auto spread = [&](index_t j) {
            return static_cast<double>(high[static_cast<std::size_t>(j)]) -
                   static_cast<double>(low[static_cast<std::size_t>(j)]);
        };
        index_t widest = 0;
        for (index_t j = 1; j < d; ++j)
            if (spread(j) > spread(widest)) widest = j;
        return widest;
    }

    const KnnRows<S>& rows_;
    index_t group_;
    index_t* position_;
    Key* keys_;
};

}  // namespace

template <class S>
Status order_by_medians(const KnnRows<S>& rows, index_t group, int n_threads, Order& order) {
    const auto n = static_cast<std::size_t>(rows.rows);
    order.position = arena::Buffer<index_t>(n);
    order.index = arena::Buffer<index_t>(n);
    for (index_t i = 0; i < rows.rows; ++i) order.position.data()[i] = i;
    const arena::Buffer<Key> keys(n);
    const Splitter<S> splitter(rows, group, order.position.data(), keys.data());
    // Level by level until there is a range for each thread, then each range to its end.
    std::vector<Range> ranges{{0, rows.rows}};
    Status status = Status::ok;
    while (status == Status::ok && ranges.size() < 4 * static_cast<std::size_t>(n_threads) &&
           ranges.front().last - ranges.front().first > 2 * group) {
        std::vector<Range> halves(2 * ranges.size());
        status = threads::parallel_for(static_cast<std::int64_t>(ranges.size()), n_threads,
                                       [&](std::int64_t r, int) {
                                           const Range& range = ranges[static_cast<std::size_t>(r)];
                                           const index_t middle = splitter.split(range);
                                           halves[static_cast<std::size_t>(2 * r)] = {range.first, middle};
                                           halves[static_cast<std::size_t>(2 * r + 1)] = {middle, range.last};
                                       });
        ranges = std::move(halves);
    }
    if (status != Status::ok) return status;
    status = threads::parallel_for(
        static_cast<std::int64_t>(ranges.size()), n_threads,
        [&](std::int64_t r, int) { splitter.split_to_groups(ranges[static_cast<std::size_t>(r)]); });
    for (index_t i = 0; i < rows.rows; ++i) {
        const index_t position = order.position.data()[i];
        order.index.data()[i] = rows.index == nullptr ? position : rows.index[position];
    }
    return status;
}

template Status order_by_medians<float>(const KnnRows<float>&, index_t, int, Order&);
template Status order_by_medians<double>(const KnnRows<double>&, index_t, int, Order&);

}  // namespace mlqa::pairwise
