// Rows of the kernel matrix of sparse points, in float or double.
//
// The set is transposed once. A column is frequent where the share of points that store it is above
// 1.5 / lanes, lanes the numbers in a vector: a frequent column is kept dense, so that an entry of another
// point adds whole vectors of it to the sums; a rare one is kept as its entries (point, value), each added to
// one sum. Either costs the same per column at that share. The points are cut into runs that stay in the
// second cache, and the sums of a run in the first; only columns that a point stores are met at all. Nothing
// is packed for a block of points but their own entries.
//
// Measured on text (8000 points, 30 000 columns, 77 entries a point, AVX-512, float): 70 000 rows a second
// and core; 14 000 where instead the block's columns are spread out densely and met by every point; 36 000
// where all columns are rare.
//
// Order. In double a product is summed over the columns in their order, one fused multiply-add a term (zeros
// of a dense column change nothing): the bits are those of dense points (svm/rows.hpp), whatever the other
// points, the block, the run. In float frequent columns come first: a value depends on the set, through the
// choice of the frequent columns, but not on the block, the range of points or the number of threads; k(x, z)
// and k(z, x) have the same bits.
//
// Error of float. Let u = 2^-24, gamma_n = n u / (1 - n u), m the number of columns that both points store,
// N = |x|^2. Values are rounded once, products summed with at most m + 1 roundings a term (m where fused):
//
//     | fl(<x, z>) - <x, z> |  <=  P = gamma_(m+3) |x| |z| + h ,     h = 2^-125 (m + sqrt(m) (|x| + |z|)) ,
//
// h for what underflows, also flushed to zero. Norms are summed in double and rounded once (together
// gamma_2), then added (1) and the products subtracted (1), so that for the squared distance D, as 2 |x| |z|
// <= N_x + N_z,
//
//     | fl(D) - D |  <=  Q = gamma_(m+8) (N_x + N_z) + 2 h + 2^-125 .
//
//     linear   P
//     rbf      k (exp(q) (1 + 4 u) - 1) + 2^-125 ,  q = |gamma| (Q + gamma_3 (D + Q)):  gamma is rounded,
//     then
//              the product; exp within 2 ulp, and 0 below exp(-87)
//     sigmoid  S + 4 u ,  S = |gamma| P + gamma_4 (|gamma| (|x| |z| + P) + |c|) + 2^-125:  tanh has slope 1
//     poly     (|t| + S)^p (1 + gamma_(2 p)) - |t|^p ,  t = gamma <x, z> + c, as long as no power of t
//              underflows
//
// Sums over the set, sum_j beta_j k(x_j, z), are in double in the order of the points, one fused multiply-add
// each (of values in T); the values are never stored.
//
// Cost of a row: for each entry of its point n / lanes multiply-adds where its column is frequent, as many as
// the column has entries where it is rare. Memory: 10 or 6 bytes an entry, and dense columns of at most 6
// numbers an entry (or 2^20 in all).
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/sparse_columns.hpp"
#include "svm/sparse_rows.kernel.hpp"

namespace mlqa::svm {

/// T is float or double: the precision of the values.
template <class T>
class SparsePoints {
public:
    /// A few points, ready to meet the set.
    class Block {
    public:
        index_t size() const { return size_; }

    private:
        friend class SparsePoints;
        index_t size_ = 0;
        arena::Buffer<index_t> begin_, row_;
        arena::Buffer<std::int32_t> column_;
        arena::Buffer<T> value_, norms_;
        arena::Buffer<double> exact_norms_;
    };

    /// Points index[0 .. n) of x (nullptr: the first n), whose rows have ascending columns, none twice. x and
    /// `index` must outlive the set.
    SparsePoints(const SparseView<double>& x, const index_t* index, index_t n, const KernelFunction& function,
                 int n_threads = 1);

    index_t size() const { return size_; }
    /// Squared norms, before they are rounded to T, and k(x, x).
    const double* norms() const { return norms_.data(); }
    const double* diagonal() const { return diagonal_.data(); }
    /// No value can overflow into what is no number.
    bool finite() const { return finite_; }
    /// Multiply-adds of a kernel value, on average: what a call may cost.
    double terms() const { return terms_; }
    /// Where a row may be cut: `first` of rows() is a multiple of it.
    index_t granule() const { return kernels().lanes; }

    /// Packs points `which` of the set.
    void pack(const index_t* which, index_t m, Block& block) const;
    /// Packs rows which[0 .. m) of z (nullptr: the first m), of as many columns as the set has.
    void pack(const SparseView<double>& z, const index_t* which, index_t m, Block& block) const;

    /// out[r][j] = k(block r, point j) for j in [first, last). Nothing else is written.
    void rows(const Block& block, index_t first, index_t last, T* const* out) const;
    /// Whole rows.
    Status rows(const Block& block, T* const* out, int n_threads) const;

    /// A sum over points [first, last): sum_j weight[j - first] k(point j, .).
    struct Sum {
        const double* weight;
        index_t first, last;
    };
    /// out[r count + s] = sum s for block r, in double.
    Status weighted_sums(const Block& block, const Sum* sums, index_t count, double* out,
                         int n_threads) const;
    /// The set against panels of `width` points: out[(p size() + j) width + q] = k(point j, block p width +
    /// q). `scratch` grows as needed. What a panel has too few points for is left as it is.
    void panels(const Block& block, index_t width, T* out, arena::Buffer<T>& scratch) const;

private:
    static const SparseRowsTable<T>& kernels();
    index_t source(index_t i) const { return index_ == nullptr ? i : index_[i]; }
    index_t runs() const { return (size_ + run_ - 1) / run_; }
    index_t points(index_t run) const { return run_ < size_ - run * run_ ? run_ : size_ - run * run_; }
    SparseRun<T> view(index_t run) const;
    void measure();
    Status transpose(int n_threads);
    index_t count_rare(index_t run);
    void fill(index_t run);
    void pack_entries(const SparseView<double>& z, index_t row, index_t& to, Block& block) const;
    /// Points [from, to) of the block against those of one run, counted from its first.
    void meet(const Block& block, index_t from, index_t to, index_t run, index_t first, index_t last,
              T* const* out) const;
    void add(const Block& block, index_t from, index_t to, index_t run, const Sum* sums, index_t count,
             T* scratch, double* out) const;

    SparseView<double> x_;
    const index_t* index_;
    index_t size_, run_;
    KernelFunction function_;
    bool finite_ = true;
    double terms_ = 0;
    SparseColumns columns_;
    arena::Buffer<double> norms_, diagonal_;
    arena::Buffer<T> rounded_norms_, panel_, value_;
    arena::Buffer<std::int32_t> start_;
    arena::Buffer<std::uint16_t> point_;
    arena::Buffer<index_t> offset_;  ///< of the entries of each run
};

extern template class SparsePoints<float>;
extern template class SparsePoints<double>;

}  // namespace mlqa::svm
