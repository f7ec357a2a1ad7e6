#include "linear_model/factor.hpp"

#include <algorithm>
#include <cmath>

#include "linear_model/columns.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double dependent = 1e-10;  ///< a pivot below this share of its diagonal entry

}  // namespace

bool Factor::append(const double* products) {
    reserve(size_ + 1);
    const auto dot = column_kernels<double>().dot;
    double* l = row(size_);
    for (index_t i = 0; i < size_; ++i) l[i] = (products[i] - dot(l, row(i), i)) / row(i)[i];
    const double diagonal = products[size_], pivot = diagonal - dot(l, l, size_);
    if (!(pivot > dependent * diagonal)) return false;
    l[size_] = std::sqrt(pivot);
    ++size_;
    return true;
}

void Factor::remove(index_t place) {
    for (index_t i = place; i + 1 < size_; ++i) std::copy_n(row(i + 1), i + 2, row(i));
    --size_;
    // Each of these rows has one entry beyond the diagonal: turned into it.
    for (index_t i = place; i < size_; ++i) {
        const double a = row(i)[i], b = row(i)[i + 1], r = std::hypot(a, b), c = a / r, s = b / r;
        row(i)[i] = r;
        for (index_t j = i + 1; j < size_; ++j) {
            double* x = row(j) + i;
            const double u = x[0], v = x[1];
            x[0] = c * u + s * v;
            x[1] = c * v - s * u;
        }
    }
}

void Factor::solve(double* b) const {
    const auto dot = column_kernels<double>().dot;
    const auto axpy = column_kernels<double>().axpy;
    for (index_t i = 0; i < size_; ++i) b[i] = (b[i] - dot(row(i), b, i)) / row(i)[i];
    for (index_t i = size_ - 1; i >= 0; --i) {
        b[i] /= row(i)[i];
        axpy(-b[i], row(i), b, i);
    }
}

void Factor::reserve(index_t size) {
    if (size < stride_) return;  // an entry beyond the diagonal has room as well
    const index_t stride = size + size / 2 + 16;
    arena::Buffer<double> larger(static_cast<std::size_t>(stride * stride));
    for (index_t i = 0; i < size_; ++i) std::copy_n(row(i), i + 1, larger.data() + i * stride);
    data_ = std::move(larger);
    stride_ = stride;
}

}  // namespace mlqa::linear_model
