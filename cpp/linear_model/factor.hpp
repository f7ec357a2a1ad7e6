// The Cholesky factor L L' = A of the Gram matrix of a growing and shrinking set of columns: a row is
// appended in O(m^2), a column removed by Givens rotations in O((m - place)^2) (G. Golub, C. Van Loan,
// "Matrix Computations", 4th edition, section 6.5.4).
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"

namespace mlqa::linear_model {

class Factor {
public:
    index_t size() const { return size_; }
    void clear() { size_ = 0; }

    /// Adds a column whose products with those before it, and last with itself, are `products` (size() + 1 of
    /// them). False, and nothing is added, if it depends on them up to rounding.
    bool append(const double* products);
    void remove(index_t place);
    /// b <- A^-1 b
    void solve(double* b) const;

private:
    double* row(index_t i) { return data_.data() + i * stride_; }
    const double* row(index_t i) const { return data_.data() + i * stride_; }
    void reserve(index_t size);

    index_t size_ = 0, stride_ = 0;
    arena::Buffer<double> data_;
};

}  // namespace mlqa::linear_model
