// Rows of the kernel matrix that were computed, as many as the cache holds; the least recently used go first.
//
// Rows lie in slabs of one size, taken as they are needed: memory that was touched before is found again by
// the next machine, whatever the length of its rows. Fresh pages would cost more than the values in them.
#pragma once

#include <memory>
#include <vector>

#include "core/arena.hpp"
#include "core/status.hpp"
#include "svm/row_source.hpp"
#include "svm/row_store.hpp"

namespace mlqa::svm {

template <class T>
class RowCache final : public RowStore {
public:
    /// Holds at least `least` rows.
    RowCache(std::unique_ptr<RowSource<T>> source, double bytes, index_t least);

    index_t capacity() const override { return capacity_; }
    Status fetch(const index_t* points, index_t m, int n_threads) override;
    Status block(const index_t* place, index_t stride, double* k, int n_threads) override;
    Status add(const double* weight, const double* growth, index_t column, index_t n, double* f,
               double* spread, int n_threads) override;
    Status add_each(const double* weight, index_t sums, index_t n, double* f, index_t stride,
                    const std::function<void(index_t, index_t)>& then, int n_threads) override;
    void solve(const Variables<float>& variables, const index_t* point, double tolerance, index_t most,
               StepReport& report) override;
    bool can_keep() const override { return source_->can_keep(); }
    void keep(const index_t* kept, index_t n, int n_threads) override;

private:
    index_t take_slot(std::vector<index_t>& victims);
    std::vector<index_t> oldest(index_t n) const;
    void set_capacity();
    void grow(index_t rows, int n_threads);
    void shorten(const std::vector<const T*>& before, const index_t* kept, index_t n, int n_threads);
    Status look_up(const index_t* place, index_t stride, double* k, int n_threads) const;
    T* row(index_t slot) const {
        return slabs_[static_cast<std::size_t>(slot / slab_rows_)].data() +
               slot % slab_rows_ * source_->stride();
    }

    std::unique_ptr<RowSource<T>> source_;
    index_t capacity_, used_ = 0, clock_ = 0;
    index_t slab_size_ = 0, most_slabs_ = 0;  ///< values of a slab, and how many slabs there may be
    index_t slab_rows_ = 0;
    std::vector<arena::Buffer<T>> slabs_;
    arena::Buffer<T> block_;
    std::vector<index_t> slot_;   ///< of a point, or absent or awaited
    std::vector<index_t> owner_;  ///< point of a slot
    std::vector<index_t> stamp_;  ///< when a slot was last asked for
    std::vector<index_t> points_;
    std::vector<const T*> rows_;
    std::vector<const T*> row_of_;        ///< of a point, nullptr where it is not at hand
    std::vector<const T*> variable_row_;  ///< the same, of a variable
};

/// Rows of dense points in float; of any points in double.
std::unique_ptr<RowStore> float_store(const PointSet& points, double bytes);
std::unique_ptr<RowStore> double_store(const PointSet& points, double bytes);

}  // namespace mlqa::svm
