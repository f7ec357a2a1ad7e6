// The rows of linear machines, ready for the kernels, and passes over them with several threads.
//
// Sums over rows are cut into chunks whose boundaries follow from the shape alone, and added up in their
// order.
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/linear.kernel.hpp"

namespace mlqa::svm {

/// Rows as the caller holds them: dense in float or double with any strides, or CSR.
struct LinearPoints {
    MatrixView<const double> dense;
    MatrixView<const float> single;
    SparseView<double> sparse;
    enum class Kind { dense, single, sparse } kind = Kind::dense;

    index_t rows() const;
    index_t features() const;
};

class RowSet {
public:
    /// Rows `index` (n of them) of `points` with `constant` as a last feature, 0: without. A sparse matrix is
    /// taken as it is where all of its rows are wanted, and must outlive the set.
    RowSet(const LinearPoints& points, const index_t* index, index_t n, double constant);

    const LinearRows& view() const { return view_; }
    index_t rows() const { return rows_; }
    /// Weights of the features, that of the constant, and zeros up to a multiple of 8.
    index_t length() const { return length_; }
    index_t features() const { return features_; }
    double constant() const { return constant_; }
    bool sparse() const { return view_.indices != nullptr; }
    /// Numbers stored.
    index_t entries() const;
    /// |x_i|^2.
    const double* norms() const { return norms_.data(); }

    Status products(const double* w, double* z, int n_threads) const;
    /// out = sum_i c_i x_i.
    Status combine(const double* c, double* out, int n_threads) const;
    /// The same for rows index[0 .. n), whose numbers lie together.
    Status products_at(const index_t* index, index_t n, const double* w, double* z, int n_threads) const;
    Status combine_at(const index_t* index, index_t n, const double* c, double* out, int n_threads) const;
    /// out = sum_i c_i (p x_i) x_i.
    Status curve(const double* c, const double* p, double* out, int n_threads) const;
    /// out = sum_i c_i x_i^2.
    Status squares(const double* c, double* out, int n_threads) const;

private:
    template <class T>
    void pack(const MatrixView<const T>& x, const index_t* index);
    void choose_rows(const SparseView<double>& x, const index_t* index);
    template <class Pass>
    Status sum(index_t n, double* out, int n_threads, Pass&& pass) const;
    template <class Pass>
    Status each(index_t n, int n_threads, Pass&& pass) const;
    /// Numbers in n rows, on average.
    index_t work(index_t n) const { return n * (entries() / rows_); }

    index_t rows_, features_, length_;
    double constant_;
    arena::Buffer<double> values_, norms_;
    arena::Buffer<std::int32_t> indices_, offsets_;
    LinearRows view_{};
};

}  // namespace mlqa::svm
