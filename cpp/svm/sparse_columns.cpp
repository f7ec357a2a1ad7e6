#include "svm/sparse_columns.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace mlqa::svm {
namespace {

/// Columns an entry up to which every column has a place; below `few` in any case.
constexpr index_t sparse_columns_per_entry = 4;
constexpr index_t few = 1 << 16;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

template <class Visit>
void each_entry(const SparseView<double>& x, const index_t* index, index_t n, Visit&& visit) {
    for (index_t i = 0; i < n; ++i) {
        const index_t row = index == nullptr ? i : index[i];
        for (index_t e = x.begin(row); e < x.end(row); ++e) visit(x.indices[e]);
    }
}

}  // namespace

SparseColumns::SparseColumns(const SparseView<double>& x, const index_t* index, index_t n, double least,
                             index_t most_slots) {
    index_t entries = 0;
    for (index_t i = 0; i < n; ++i) {
        const index_t row = index == nullptr ? i : index[i];
        entries += x.end(row) - x.begin(row);
    }
    if (x.inner <= std::max(few, sparse_columns_per_entry * entries))
        count_each(x, index, n);
    else
        count_sorted(x, index, n, entries);
    name_all(least, most_slots);
}

void SparseColumns::count_each(const SparseView<double>& x, const index_t* index, index_t n) {
    name_ = arena::Buffer<std::int32_t>(at(x.inner), 0);
    each_entry(x, index, n, [&](std::int32_t column) { ++name_[at(column)]; });
}

void SparseColumns::count_sorted(const SparseView<double>& x, const index_t* index, index_t n,
                                 index_t entries) {
    std::vector<std::int32_t> all;
    all.reserve(at(entries));
    each_entry(x, index, n, [&](std::int32_t column) { all.push_back(column); });
    std::sort(all.begin(), all.end());
    std::vector<std::int32_t> distinct(all);
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    // One more, so that a set without entries has a list to search too.
    sorted_ = arena::Buffer<std::int32_t>(distinct.size() + 1, std::numeric_limits<std::int32_t>::max());
    name_ = arena::Buffer<std::int32_t>(distinct.size() + 1, 0);
    std::copy(distinct.begin(), distinct.end(), sorted_.begin());
    std::size_t place = 0;
    for (const std::int32_t column : all) {
        place += sorted_[place] != column ? 1 : 0;
        ++name_[place];
    }
}

/// Turns the counts in name_ into names.
void SparseColumns::name_all(double least, index_t most_slots) {
    std::vector<std::int32_t> counts;
    for (const std::int32_t count : name_)
        if (count >= least && count > 0) counts.push_back(count);
    std::int64_t needed = 0, ties = static_cast<std::int64_t>(counts.size());
    if (ties > most_slots) {
        // The fullest ones, and as many of those that are as full as the last as fit.
        const auto last = counts.begin() + static_cast<std::ptrdiff_t>(most_slots);
        std::nth_element(counts.begin(), last, counts.end(), std::greater<>());
        needed = *last;
        ties = most_slots - std::count_if(counts.begin(), last, [&](auto c) { return c > needed; });
    }
    for (std::int32_t& name : name_) {
        const std::int32_t count = name;
        if (count == 0) {
            name = absent;
            continue;
        }
        const bool full = count >= least && count >= needed;
        if (full && (count > needed || ties-- > 0)) {
            name = static_cast<std::int32_t>(slots_++);
            frequent_entries_ += count;
        } else {
            name = static_cast<std::int32_t>(~rare_++);
            rare_pairs_ += static_cast<double>(count) * count;
        }
    }
}

std::int32_t SparseColumns::search(std::int32_t column) const {
    const std::int32_t* found = std::lower_bound(sorted_.begin(), sorted_.end(), column);
    return found != sorted_.end() && *found == column ? name_[at(found - sorted_.begin())] : absent;
}

}  // namespace mlqa::svm
