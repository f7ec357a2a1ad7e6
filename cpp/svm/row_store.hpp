// Kernel values of working sets, whatever their precision: what a batched machine asks for.
#pragma once

#include <functional>

#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/working_set.kernel.hpp"

namespace mlqa::svm {

class RowStore {
public:
    RowStore() = default;
    virtual ~RowStore() = default;
    RowStore(const RowStore&) = delete;
    RowStore& operator=(const RowStore&) = delete;

    /// Most points that may be fetched at a time.
    virtual index_t capacity() const = 0;
    /// Has the rows of `points` at hand until the next call; a point may occur twice.
    virtual Status fetch(const index_t* points, index_t m, int n_threads) = 0;
    /// k[place[r] stride + place[c]] = k(r, c) of the points fetched.
    virtual Status block(const index_t* place, index_t stride, double* k, int n_threads) = 0;
    /// f[t] += sum_r weight[r] k(r, column + t) for 0 <= t < n, r over the points fetched, in order; zeros
    /// are left out. Unless `spread` is nullptr, also spread[t] += sum_r growth[r] k(r, column + t). n is a
    /// multiple of a float vector's lanes.
    virtual Status add(const double* weight, const double* growth, index_t column, index_t n, double* f,
                       double* spread, int n_threads) = 0;
    /// The same for many sums, with some terms of float rows added up in float before
    /// (all_at_once.kernel.hpp): f[s stride + t] += sum_r weight[r sums + s] k(r, t). `then(first, last)` is
    /// called by a thread for these t once they have all of their sums.
    virtual Status add_each(const double* weight, index_t sums, index_t n, double* f, index_t stride,
                            const std::function<void(index_t, index_t)>& then, int n_threads) = 0;
    /// Steps over all variables, as far as the rows go that were fetched and are still held; variable t is
    /// point[t]. The rows must be float.
    virtual void solve(const Variables<float>& variables, const index_t* point, double tolerance,
                       index_t most, StepReport& report) = 0;
    /// Whether keep() may be called.
    virtual bool can_keep() const = 0;
    /// From now on the points are kept[0] < ... < kept[n - 1] of those there were.
    virtual void keep(const index_t* kept, index_t n, int n_threads) = 0;
};

}  // namespace mlqa::svm
