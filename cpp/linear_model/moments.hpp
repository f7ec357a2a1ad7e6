// Second moments of folds: of the rows of each fold the Gram matrix of the columns of
//
//     sqrt(weight) [X - m, y - m_y, 1],
//
// from one pass over X that copies nothing but the blocks in work. Sums of these matrices are those of any
// union of folds, such as all rows but a fold; never is one subtracted from another. With S the sums, in the
// last row, and W the weight, in the last entry, the union's own centring is G - S S' / W, which cancels
// little where m is near the means: m is the mean of some rows, spread evenly, and where that turns out to be
// far from the mean of all the moments are taken once more from there.
//
// Accumulator: double, also for float. Error of an entry: GramSum::error. Cost: n (p + 2)^2 / 2
// multiply-adds.
#pragma once

#include "core/array.hpp"
#include "core/status.hpp"

namespace mlqa::linear_model {

template <class T>
struct Folds {
    MatrixView<const T> x;
    const double* y;
    const double* roots;     ///< square roots of the weights; nullptr: ones
    const index_t* rows;     ///< those of a fold after those of another; nullptr: all in order
    const index_t* offsets;  ///< count + 1 of them, into `rows`
    index_t count;
    bool center;  ///< m = 0 otherwise
    int n_threads;
};

/// `shift` (p + 1) becomes (m, m_y); `out` (count x (p + 2) x (p + 2)) the moments, each complete.
template <class T>
Status moments(const Folds<T>& folds, double* shift, double* out);

}  // namespace mlqa::linear_model
