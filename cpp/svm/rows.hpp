// Rows of the kernel matrix of a set of points, in double.
//
// Dense points are packed into panels (pairwise/tiles.hpp) where whole rows are wanted, sparse ones column by
// column (svm/sparse_rows.hpp). Either way a product is summed over the features in their order, one fused
// multiply-add a term, and zeros change nothing: dense and sparse input, and any choice of rows and blocks,
// give the same bits.
//
// Error of an RBF value: 2 gamma (gamma_d + 3 u) (|x|^2 + |z|^2), u = 2^-53, relative to the value. Where the
// points lie far from the origin compared with their spread, dense points are centred first, which leaves the
// distance unchanged and keeps this bound small.
#pragma once

#include <atomic>
#include <memory>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "pairwise/fixed.hpp"
#include "svm/rows.kernel.hpp"
#include "svm/sparse_rows.hpp"

namespace mlqa::svm {

/// Values times (features + 16) below which a call stays serial: some tenth of a millisecond. Between the
/// rounds of a machine workers look out for the next one for longer than that.
constexpr double serial_work = 2e6;

/// Kernel values that were computed, and rows of them. Several threads count; none waits for another.
struct Work {
    std::atomic<index_t> rows{0}, values{0};
};

/// Points as the caller holds them: dense rows, sparse rows, or a kernel matrix (points by points).
struct Points {
    MatrixView<const double> dense;
    SparseView<double> sparse;
    bool is_sparse = false;
    Work* work = nullptr;  ///< where to count what sets of these points compute; nullptr: nowhere

    index_t count() const { return is_sparse ? sparse.outer : dense.rows; }
    index_t features() const { return is_sparse ? sparse.inner : dense.cols; }
};

/// A few points, ready to meet a whole set of others.
class Block {
public:
    index_t size() const { return size_; }

private:
    friend class PointSet;
    index_t size_ = 0;
    arena::Buffer<double> packed_, norms_;
    SparsePoints<double>::Block sparse_;
    arena::Buffer<index_t> index_;  ///< precomputed: rows of the kernel matrix
};

class SharedPanels;

/// A run of the points of a set that others share, and where they are packed (row_source.hpp).
struct Part {
    index_t first, size;
    SharedPanels* panels;
};

class PointSet {
public:
    /// `index` (n of them) chooses points of `points` and must outlive the set, as `points` must. For a
    /// precomputed kernel `columns` holds as many columns of the kernel matrix. Whatever prepares the whole
    /// set takes up to n_threads.
    PointSet(const Points& points, const index_t* index, const index_t* columns, index_t n,
             const KernelFunction& function, int n_threads);
    /// Two parts of a set of dense points, which must outlive this one; `index` are the rows of both. Centre,
    /// norms and diagonal are those of the whole set.
    PointSet(const PointSet& whole, const Part& a, const Part& b, const index_t* index);

    index_t size() const { return size_; }
    index_t features() const { return points_.features(); }
    const Points& points() const { return points_; }
    /// Counts work; given kernel values take none.
    void count(index_t rows, index_t values) const {
        if (points_.work == nullptr || function_.kind == Kernel::precomputed) return;
        points_.work->rows.fetch_add(rows, std::memory_order_relaxed);
        points_.work->values.fetch_add(values, std::memory_order_relaxed);
    }
    const KernelFunction& function() const { return function_; }
    /// Row of the caller's points that point i is.
    index_t source(index_t i) const { return index_ == nullptr ? i : index_[i]; }
    /// What is taken from dense points before they meet; nullptr: nothing.
    const double* centre() const { return centre_.data(); }
    /// Squared norms, about the centre.
    const double* norms() const { return norms_.data(); }
    /// Where the float panels of part 0 or 1 are shared; nullptr: nowhere.
    SharedPanels* panels(int part) const { return shared_[part]; }
    /// The largest squared norm.
    double longest() const { return longest_; }
    /// Finds out whether products in fixed point are sooner there and err less than those in float. Parts of
    /// a set share its unit, if the whole had one before and it serves them as well. More than once does
    /// nothing.
    void choose_fixed();
    const pairwise::FixedPoint& fixed() const { return fixed_; }
    int threads() const { return threads_; }
    /// As many threads as it pays to have for work on so many numbers.
    int threads_for(index_t numbers) const { return numbers < 200'000 ? 1 : threads_; }
    /// Length of a row with its padding.
    index_t stride() const { return stride_; }
    const double* diagonal() const { return diagonal_.data(); }
    /// At least |k(x, z)| for any two points of the set, for kernels that are positive semidefinite and for
    /// tanh; for a precomputed one the largest value of the matrix.
    double largest() const { return largest_; }

    /// Squared norms and diagonal are finite: no product can overflow into a value that is no number.
    bool finite() const { return finite_; }

    /// Packs dense points for rows() and matrix(), which need it; more than once does nothing.
    void prepare_rows();
    /// Packs points `which` (positions in this set) into `block`.
    void pack(const index_t* which, index_t m, Block& block) const;
    /// out[r][j] = k(block r, point j) for columns [first, last); `first` is a multiple of chunk_columns().
    void rows(const Block& block, index_t first, index_t last, double* const* out) const;
    /// Columns after which a row may be cut.
    index_t chunk_columns() const;
    /// Whole rows, threads taking turns on runs of columns.
    Status rows(const Block& block, double* const* out, int n_threads) const;
    /// Rows [first, last) of the whole matrix k, stride() numbers a row with zeros as filling; both are
    /// multiples of chunk_columns(), or `last` is size(). Values right of the diagonal are computed and
    /// mirrored (a precomputed matrix is taken as it is), so a row is complete once all rows above it are
    /// there.
    Status matrix(index_t first, index_t last, double* k, int n_threads) const;

private:
    void dense_norms();
    double largest_value() const;
    void take_fixed(const pairwise::FixedPoint& fixed);
    void take_part(const PointSet& whole, const Part& part, index_t place);
    void find_largest();
    void matrix_rows(index_t first, index_t last, double* k, Block& block) const;
    /// Packs dense points in blocks.
    void pack_dense(const index_t* which, index_t m, Block& block) const;

    const Points& points_;
    const index_t* index_;
    const index_t* columns_;
    index_t size_, stride_;
    KernelFunction function_;
    int threads_;
    pairwise::FixedPoint fixed_;
    bool fixed_is_chosen_ = false;
    double largest_ = 1.0, longest_ = 0.0;
    bool finite_ = true;
    arena::Buffer<double> centre_, packed_, norms_, diagonal_;
    std::unique_ptr<SparsePoints<double>> sparse_;
    SharedPanels* shared_[2] = {nullptr, nullptr};
};

/// Spreads sparse rows `rows[0 .. m)` of x over the features that occur in them: panels of a SparseBlock.
/// `slot` has one zero a feature and is left with the features' positions.
index_t spread(const SparseView<double>& x, const index_t* rows, index_t m, int width, std::int32_t* slot,
               arena::Buffer<double>& panels);
/// Zeroes what spread() wrote into `slot`.
void clear_slots(const SparseView<double>& x, const index_t* rows, index_t m, std::int32_t* slot);

/// Whether dense points with this squared distance of their mean, and this mean square about their mean, lie
/// far away: to take the mean from them gains two decimal digits at least.
bool far_away(double squared_distance, double spread);

/// Fills `mean` with that of the chosen dense points, and returns whether they lie far away from the origin.
bool mean_of(const Points& points, const index_t* index, index_t n, int n_threads,
             arena::Buffer<double>& mean);

}  // namespace mlqa::svm
