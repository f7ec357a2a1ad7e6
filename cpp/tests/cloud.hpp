// Points for tests of kernels, row by row.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "core/array.hpp"

namespace mlqa::tests {

inline std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// n points of d features.
struct Cloud {
    index_t n, d;
    std::vector<double> x;

    double& operator()(index_t i, index_t k) { return x[at(i * d + k)]; }
    double operator()(index_t i, index_t k) const { return x[at(i * d + k)]; }
    const double* row(index_t i) const { return x.data() + i * d; }
    MatrixView<const double> view() const { return {x.data(), n, d, d, 1}; }
    double square(index_t i) const {
        double sum = 0;
        for (index_t k = 0; k < d; ++k) sum += (*this)(i, k) * (*this)(i, k);
        return sum;
    }
    double longest() const {
        double most = 0;
        for (index_t i = 0; i < n; ++i) most = std::max(most, square(i));
        return most;
    }
    /// The largest feature.
    double largest() const {
        double most = 0;
        for (const double v : x) most = std::max(most, std::abs(v));
        return most;
    }
};

template <class Value>
Cloud cloud_of(index_t n, index_t d, const Value& value) {
    Cloud cloud{n, d, std::vector<double>(at(n * d))};
    for (double& v : cloud.x) v = value();
    return cloud;
}

}  // namespace mlqa::tests
