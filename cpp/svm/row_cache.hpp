// Rows of the kernel matrix that were computed, as many as the cache holds; the least recently used go first.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/status.hpp"
#include "svm/rows.hpp"

namespace mlqa::svm {

class RowCache {
public:
    /// Holds at least `least` rows.
    RowCache(const PointSet& points, double bytes, index_t least);

    index_t capacity() const { return capacity_; }
    /// rows[r] = row which[r] of the kernel matrix; valid until the next call. m is at most capacity().
    Status get(const index_t* which, index_t m, int n_threads, const double** rows);

private:
    index_t take_slot(std::vector<index_t>& victims);

    const PointSet& points_;
    index_t capacity_, used_ = 0, clock_ = 0;
    arena::Buffer<double> values_;
    std::vector<index_t> slot_, owner_, stamp_;
    Block block_;
};

}  // namespace mlqa::svm
