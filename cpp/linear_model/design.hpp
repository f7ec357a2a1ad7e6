// The design matrix as the solvers see it: columns x_j, centred and weighted,
//
//     x_j = s * (X_j - m_j),   m_j = sum_i weight_i X_ij / n,   s_i = sqrt(weight_i),  sum_i weight_i = n
//
// (m = 0 without an intercept, s = 1 without weights). Dense columns that need neither and lie in one run of
// memory are used where they are; otherwise they are copied once, in the type of the input, to columns in one
// run of memory. Sparse columns (CSC) keep their zeros: centring is implicit, x_j = s * X_j - m_j s.
//
// A residual is held as r - offset s, so that a sparse update touches the column's entries alone; dense
// designs have offset 0. Sums run in double; `sum_error(terms)` bounds their relative error.
#pragma once

#include <memory>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "linear_model/coordinate_descent.kernel.hpp"
#include "linear_model/screening.kernel.hpp"

namespace mlqa::linear_model {

class Design {
public:
    virtual ~Design() = default;

    index_t samples() const { return n_; }
    index_t features() const { return p_; }
    int threads() const { return n_threads_; }
    /// m_j
    const double* means() const { return means_.data(); }
    /// ||x_j||^2; exactly 0 for a column that is constant up to rounding and was centred.
    double squared_norm(index_t j) const { return squared_norms_[static_cast<std::size_t>(j)]; }
    /// An upper bound of ||x_j|| that also covers what cancels inside a sum with x_j.
    double norm_bound(index_t j) const { return norm_bounds_[static_cast<std::size_t>(j)]; }
    const double* norm_bounds() const { return norm_bounds_.data(); }
    /// Values that an operation with a column reads, on average.
    virtual double column_cost() const = 0;
    /// Relative error of a sum of n products as it is computed here, ...
    double sum_error() const;
    /// ... and of an entry of x_j as it is stored.
    double entry_error() const { return entry_error_; }

    /// x_j' (r - offset s), where `start` is s'(r - offset s)
    virtual double dot(index_t j, const double* r, double start) const = 0;
    /// r += a x_j, up to the offset
    virtual void add(index_t j, double a, double* r, double* offset) const = 0;
    /// r -= offset s
    virtual void settle(double* r, double offset) const = 0;
    /// dot and add for `targets` residuals that lie n apart, each with its start and offset.
    virtual void dots(index_t j, const double* r, index_t targets, const double* starts, double* out) const;
    virtual void add_each(index_t j, const double* a, double* r, index_t targets, double* offsets) const;
    /// s'r: what sparse centring needs to know of a residual; 0 for dense designs.
    virtual double start(const double* r) const = 0;
    /// Rows [first, count) of the Gram matrix of chosen features: gram[i * ld + k] = x_features[i]'
    /// x_features[k] for k <= i (and perhaps some beyond, with the same value).
    virtual Status gram_rows(const index_t* features, index_t first, index_t count, double* gram,
                             index_t ld) const = 0;
    /// Whether columns have copies in 8 bits, and one of them.
    virtual bool quantises() const { return false; }
    virtual Quantisation quantise(index_t, std::int8_t*) const { return {1.0, 0.0}; }
    /// Coordinate descent with residual updates over chosen columns; see coordinate_descent.hpp.
    class Sweeper {
    public:
        virtual ~Sweeper() = default;
        /// Coordinates [begin, end) of the chosen ones; w in their order.
        virtual void sweep(index_t begin, index_t end, const Coordinates& penalties, double* w, double* r,
                           double* offset, Sweep* result) const = 0;
    };
    virtual std::unique_ptr<Sweeper> sweeper(const index_t* features, index_t count, double start) const = 0;

    /// out[i * targets + t] = x_features[i]' r_t for settled residuals n apart
    virtual Status products(const index_t* features, index_t count, const double* r, index_t targets,
                            double* out) const;
    /// r_t += sum_i w[i * targets + t] x_features[i], settled
    virtual Status add_products(const index_t* features, index_t count, const double* w, index_t targets,
                                double* r) const;

    /// out[i] = x_features[i]' r for a settled residual
    Status correlations(const index_t* features, index_t count, const double* r, double* out) const;

protected:
    Design(index_t n, index_t p, int n_threads);

    index_t n_, p_;
    int n_threads_;
    double entry_error_ = 0;
    arena::Buffer<double> means_, squared_norms_, norm_bounds_;
};

/// y (centred, weighted) and what follows from it.
struct Target {
    const double* y;             ///< nullptr with a design that has no columns
    const double* correlations;  ///< X'y
    double squared;              ///< y'y
};

/// correlations[j] = x_j' y, of all features
Status correlations_with_target(const Design& design, const double* y, double* correlations);
Target target_of(const Design& design, const double* y, const double* correlations);

struct Preparation {
    bool center = false;
    const double* weights = nullptr;  ///< n of them, sum n; nullptr: all one
    int n_threads = 1;
};

/// Both return nullptr if the call was cancelled.
template <class T>
std::unique_ptr<Design> dense_design(MatrixView<const T> x, const Preparation& preparation);
template <class T>
std::unique_ptr<Design> sparse_design(SparseView<T> columns, const Preparation& preparation);

}  // namespace mlqa::linear_model
