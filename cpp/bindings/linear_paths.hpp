// What the bindings of linear models share: arguments, results, and how X is looked at.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bindings/memory.hpp"
#include "core/array.hpp"
#include "linear_model/lasso.hpp"

namespace mlqa::bindings {

namespace lm = linear_model;

using Doubles = py::array_t<double, aligned_rows>;
using OptionalDoubles = std::optional<Doubles>;

[[noreturn]] inline void refuse(const std::string& what) {
    throw py::value_error(what);
}

inline void check_shape(const py::array& array, const char* name, const std::vector<py::ssize_t>& shape) {
    bool equal = array.ndim() == static_cast<py::ssize_t>(shape.size());
    for (std::size_t i = 0; equal && i < shape.size(); ++i)
        equal = array.shape(static_cast<py::ssize_t>(i)) == shape[i];
    if (equal) return;
    std::string text = std::string(name) + " must have shape (";
    for (const py::ssize_t size : shape) text += std::to_string(size) + ",";
    refuse(text + ")");
}

inline const double* data_or_null(const OptionalDoubles& array) {
    return array ? array->data() : nullptr;
}

/// What every kind of X has in common; arrays are those of the caller.
struct PathArguments {
    Doubles y;  ///< targets x samples
    OptionalDoubles alphas;
    index_t n_alphas;
    double eps;
    OptionalDoubles start, sample_weight, gram, correlations, penalty_factor, lower, upper;
    bool center;
    bool joint;  ///< one problem of all targets
    int n_jobs;
    lm::PathOptions options;
};

struct PathArrays {
    py::array coefficients;
    py::array_t<double> gaps, alphas, means;
    py::array_t<std::int64_t> passes;
    py::array_t<bool> converged, exact;
};

/// From the smallest alpha whose solution is zero down to eps times that, evenly in the logarithm.
inline void fill_grid(double largest, double eps, index_t count, double* alphas) {
    const double smallest = 1e-15;  // as scikit-learn, where no feature is correlated with the target
    for (index_t k = 0; k < count; ++k) {
        const double share = count > 1 ? static_cast<double>(k) / static_cast<double>(count - 1) : 0.0;
        alphas[k] = largest <= smallest ? smallest
                    : k == 0            ? largest
                                        : std::exp(std::log(largest) + share * std::log(eps));
    }
}

template <class T>
PathArrays allocate(index_t targets, index_t n_alphas, index_t p, bool joint) {
    PathArrays arrays;
    auto coefficients = joint ? empty<T>({n_alphas, targets, p}) : empty<T>({targets, n_alphas, p});
    const index_t problems = joint ? 1 : targets;
    arrays.coefficients = coefficients;
    arrays.gaps = empty<double>({problems, n_alphas});
    arrays.alphas = empty<double>({n_alphas});
    arrays.means = empty<double>({p});
    arrays.passes = empty<std::int64_t>({problems, n_alphas});
    arrays.converged = empty<bool>({problems, n_alphas});
    arrays.exact = empty<bool>({problems, n_alphas});
    std::fill_n(arrays.exact.mutable_data(), arrays.exact.size(), false);
    std::fill_n(coefficients.mutable_data(), coefficients.size(), T{0});
    return arrays;
}

/// Every target in turn over one design. `out` holds pointers into `arrays`, taken with the GIL held.
template <class T>
struct PathOutput {
    T* coefficients;
    double *gaps, *alphas, *means;
    std::int64_t* passes;
    bool *converged, *exact;
    index_t targets, n_alphas, p;
};

template <class T>
MatrixView<const T> matrix_view(const py::array& x) {
    constexpr auto size = static_cast<py::ssize_t>(sizeof(T));
    if (x.strides(0) % size != 0 || x.strides(1) % size != 0 ||
        reinterpret_cast<std::uintptr_t>(x.data()) % alignof(T) != 0)
        refuse("X must be aligned, its strides whole numbers of elements");
    return {static_cast<const T*>(x.data()), x.shape(0), x.shape(1), x.strides(0) / size,
            x.strides(1) / size};
}

}  // namespace mlqa::bindings
