// Kernel values among the points of a class. Each of its k - 1 machines needs them for the rows of its
// points: the first one that has computed such a row lends it to the others, whose rows then lack the points
// of the other class alone. A value has the same bits whoever computes it (pairwise/tiles.hpp), so it does
// not matter which machine is first.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "core/array.hpp"

namespace mlqa::svm {

template <class T>
class OwnRows {
public:
    explicit OwnRows(index_t n) : size_(n), row_(static_cast<std::size_t>(n)), held_(row_.size()) {}

    /// The values of point i and all points, or nullptr. Any number of threads may ask, and lend.
    const T* find(index_t i) const {
        return row_[static_cast<std::size_t>(i)].load(std::memory_order_acquire);
    }
    /// Keeps a copy of row i, unless there is one.
    bool lend(index_t i, const T* row) {
        const auto place = static_cast<std::size_t>(i);
        std::unique_ptr<T[]> copy(new T[static_cast<std::size_t>(size_)]);
        std::copy_n(row, size_, copy.get());
        const T* none = nullptr;
        if (!row_[place].compare_exchange_strong(none, copy.get(), std::memory_order_acq_rel)) return false;
        held_[place] = std::move(copy);
        return true;
    }

private:
    index_t size_;
    std::vector<std::atomic<const T*>> row_;
    std::vector<std::unique_ptr<T[]>> held_;  ///< written by the thread that lends the row
};

}  // namespace mlqa::svm
