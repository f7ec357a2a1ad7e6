#include "svm/sparse_rows.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <vector>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "bindings/sparse.hpp"
#include "core/threads.hpp"

namespace mlqa::bindings {
namespace {

template <class T>
using Matrix = py::array_t<T, aligned_rows>;
using Positions = py::array_t<std::int64_t, aligned_rows>;
using Indices = py::array_t<std::int32_t, aligned_rows>;
/// data, indices, indptr, columns: rows whose indices ascend.
using Csr = std::tuple<Matrix<double>, Indices, Indices, index_t>;
/// kind, degree, gamma, coef0
using Kernel = std::tuple<int, int, double, double>;

SparseView<double> view(const Csr& x) {
    return sparse_view(std::get<0>(x), std::get<1>(x), std::get<2>(x), std::get<3>(x));
}

svm::KernelFunction function_of(const Kernel& given) {
    const int kind = std::get<0>(given);
    if (kind < 0 || kind >= static_cast<int>(svm::Kernel::precomputed))
        throw py::value_error("kernel must be a function of two points");
    return {static_cast<svm::Kernel>(kind), std::get<1>(given), std::get<2>(given), std::get<3>(given)};
}

void check_positions(const Positions& positions, index_t end, const char* name) {
    for (index_t i = 0; i < positions.size(); ++i)
        if (positions.data()[i] < 0 || positions.data()[i] >= end)
            throw py::value_error(std::string(name) + " must be below " + std::to_string(end));
}

/// Rows `which` of the kernel matrix of points `index` of x, in whole or `step` granules at a time; squared
/// norms, diagonal, whether all of it is finite.
template <class T>
std::tuple<py::array_t<T>, py::array_t<double>, py::array_t<double>, bool> rows(const Csr& x,
                                                                                const Kernel& kernel,
                                                                                const Positions& index,
                                                                                const Positions& which,
                                                                                index_t step, int n_jobs) {
    const SparseView<double> points = view(x);
    check_positions(index, points.outer, "index");
    check_positions(which, index.size(), "which");
    const svm::KernelFunction function = function_of(kernel);
    const index_t n = index.size(), m = which.size();
    const int used = threads::resolve(n_jobs);
    auto out = empty<T>({m, n});
    auto norms = empty<double>({n}), diagonal = empty<double>({n});
    std::vector<T*> to(static_cast<std::size_t>(m));
    for (index_t r = 0; r < m; ++r) to[static_cast<std::size_t>(r)] = out.mutable_data() + r * n;
    bool finite = false;
    native_call([&] {
        const svm::SparsePoints<T> set(points, index.data(), n, function, used);
        typename svm::SparsePoints<T>::Block block;
        set.pack(which.data(), m, block);
        std::copy(set.norms(), set.norms() + n, norms.mutable_data());
        std::copy(set.diagonal(), set.diagonal() + n, diagonal.mutable_data());
        finite = set.finite();
        if (step == 0) return set.rows(block, to.data(), used);
        for (index_t first = 0; first < n; first += step * set.granule())
            set.rows(block, first, std::min(n, first + step * set.granule()), to.data());
        return Status::ok;
    });
    return {out, norms, diagonal, finite};
}

/// For each row of z the sums over points [first[s], first[s] + columns) of x with the weights of row s.
template <class T>
py::array_t<double> sums(const Csr& x, const Kernel& kernel, const Csr& z, const Matrix<double>& weight,
                         const Positions& first, int n_jobs) {
    const SparseView<double> points = view(x), asked = view(z);
    const svm::KernelFunction function = function_of(kernel);
    if (asked.inner != points.inner) throw py::value_error("x and z must have the same columns");
    if (weight.ndim() != 2 || weight.shape(0) != first.size() || weight.shape(1) > points.outer)
        throw py::value_error("weight must be a matrix with a row for each of first");
    check_positions(first, points.outer - weight.shape(1) + 1, "first");
    const index_t count = first.size(), length = weight.shape(1);
    std::vector<typename svm::SparsePoints<T>::Sum> wanted;
    wanted.reserve(static_cast<std::size_t>(count));
    for (index_t s = 0; s < count; ++s)
        wanted.push_back({weight.data() + s * length, first.data()[s], first.data()[s] + length});
    auto out = empty<double>({asked.outer, count});
    native_call([&] {
        const int used = threads::resolve(n_jobs);
        const svm::SparsePoints<T> set(points, nullptr, points.outer, function, used);
        typename svm::SparsePoints<T>::Block block;
        set.pack(asked, nullptr, asked.outer, block);
        return set.weighted_sums(block, wanted.data(), count, out.mutable_data(), used);
    });
    return out;
}

/// Values of the points of x with panels of `width` rows of z, point by point.
py::array_t<double> panels(const Csr& x, const Kernel& kernel, const Csr& z, index_t width) {
    const SparseView<double> points = view(x), asked = view(z);
    const svm::KernelFunction function = function_of(kernel);
    if (asked.inner != points.inner) throw py::value_error("x and z must have the same columns");
    if (width < 1) throw py::value_error("width must be positive");
    auto out = empty<double>({(asked.outer + width - 1) / width, points.outer, width});
    std::fill(out.mutable_data(), out.mutable_data() + out.size(), 0.0);
    native_call([&] {
        const svm::SparsePoints<double> set(points, nullptr, points.outer, function);
        svm::SparsePoints<double>::Block block;
        arena::Buffer<double> scratch;
        set.pack(asked, nullptr, asked.outer, block);
        set.panels(block, width, out.mutable_data(), scratch);
        return Status::ok;
    });
    return out;
}

template <class T>
void bind_precision(py::module_& m, const char* of_rows, const char* of_sums) {
    m.def(of_rows, &rows<T>, py::arg("x"), py::arg("kernel"), py::arg("index"), py::arg("which"),
          py::arg("step") = 0, py::arg("n_jobs") = 1,
          "Kernel rows of sparse points, squared norms, diagonal, and whether all is finite.");
    m.def(of_sums, &sums<T>, py::arg("x"), py::arg("kernel"), py::arg("z"), py::arg("weight"),
          py::arg("first"), py::arg("n_jobs") = 1, "Weighted sums of the kernel values of sparse points.");
}

}  // namespace

void bind_sparse_rows(py::module_& svm) {
    bind_precision<float>(svm, "sparse_rows_float32", "sparse_sums_float32");
    bind_precision<double>(svm, "sparse_rows_float64", "sparse_sums_float64");
    svm.def("sparse_panels", &panels, py::arg("x"), py::arg("kernel"), py::arg("z"), py::arg("width"),
            "Kernel values of sparse points with panels of others.");
}

}  // namespace mlqa::bindings
