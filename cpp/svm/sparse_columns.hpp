// The columns that occur in a set of sparse rows, by their frequency: frequent ones have slots, the others
// numbers.
#pragma once

#include <limits>

#include "core/arena.hpp"
#include "core/array.hpp"

namespace mlqa::svm {

class SparseColumns {
public:
    static constexpr std::int32_t absent = std::numeric_limits<std::int32_t>::min();

    SparseColumns() = default;
    /// Of rows index[0 .. n) of x. Columns that at least `least` rows store are frequent, the fullest first
    /// as long as there are `most_slots`.
    SparseColumns(const SparseView<double>& x, const index_t* index, index_t n, double least,
                  index_t most_slots);

    /// Slot >= 0 of a frequent column, ~number of a rare one, or `absent`.
    std::int32_t operator[](std::int32_t column) const {
        return sorted_.size() == 0 ? name_[static_cast<std::size_t>(column)] : search(column);
    }
    index_t slots() const { return slots_; }
    index_t rare() const { return rare_; }
    /// Entries in frequent columns, and over the rare ones the sum of their squared numbers of entries.
    double frequent_entries() const { return frequent_entries_; }
    double rare_pairs() const { return rare_pairs_; }

private:
    std::int32_t search(std::int32_t column) const;
    void count_each(const SparseView<double>& x, const index_t* index, index_t n);
    void count_sorted(const SparseView<double>& x, const index_t* index, index_t n, index_t entries);
    void name_all(double least, index_t most_slots);

    /// Of every column; or, where columns are many beside the entries, of those in sorted_.
    arena::Buffer<std::int32_t> name_, sorted_;
    index_t slots_ = 0, rare_ = 0;
    double frequent_entries_ = 0, rare_pairs_ = 0;
};

}  // namespace mlqa::svm
