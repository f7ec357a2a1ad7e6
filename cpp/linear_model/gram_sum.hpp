// The Gram matrix of columns, summed over blocks of rows (gram.kernel.hpp).
//
// The columns of a few blocks are packed, then strips of the lower triangle are added to: packing and strips
// are what threads share. A pair's sum depends on where blocks begin alone, so it has the same bits for any
// number of threads.
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "linear_model/gram.kernel.hpp"

namespace mlqa::linear_model {

class GramSum {
public:
    /// Of `count` columns, those of a target included; rows of the triangle before `first` are not wanted.
    GramSum(index_t count, index_t first, int n_threads);

    /// Of a sum over n rows: the computed x_i' x_j is wrong by at most this ||x_i|| ||x_j||.
    static double error(index_t n);

    void clear();
    /// Adds rows [begin, end).
    template <class T>
    Status add(const GramColumns<T>& from, index_t begin, index_t end);
    /// x_i' x_j, j <= i
    double entry(index_t i, index_t j) const { return sum_[static_cast<std::size_t>(i * stride_ + j)]; }

private:
    template <class T>
    Status pack(const GramColumns<T>& from, index_t begin, index_t end);

    index_t first_, last_, panels_, stride_;
    int n_threads_;
    index_t blocks_;  ///< packed together
    arena::Buffer<double> packed_, sum_;
};

}  // namespace mlqa::linear_model
