#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/typing.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "bindings/sparse.hpp"
#include "core/threads.hpp"
#include "svm/linear.hpp"

namespace mlqa::bindings {
namespace {

using Vector = py::array_t<double, aligned_rows>;
using Indices = py::array_t<std::int64_t, aligned_rows>;
/// weights, passes; gap, objective, status.
using Fitted = py::typing::Tuple<py::array_t<double>, py::array_t<std::int64_t>, double, double, int>;

void check(bool holds, const char* message) {
    if (!holds) throw py::value_error(message);
}

/// A float64 or float32 matrix of any strides, or (data, indices, indptr, n_features) of a CSR matrix. Keeps
/// the arrays alive.
class LinearPointsArgument {
public:
    explicit LinearPointsArgument(const py::object& given) {
        if (py::isinstance<py::tuple>(given))
            read_sparse(given.cast<py::tuple>());
        else if (py::isinstance<py::array_t<float>>(given))
            points_.single = read_dense<float>(given, svm::LinearPoints::Kind::single);
        else if (py::isinstance<py::array_t<double>>(given))
            points_.dense = read_dense<double>(given, svm::LinearPoints::Kind::dense);
        else
            throw py::value_error("X must hold float64 or float32");
    }
    const svm::LinearPoints& points() const { return points_; }

private:
    template <class T>
    MatrixView<const T> read_dense(const py::object& given, svm::LinearPoints::Kind kind) {
        const auto x = given.cast<py::array_t<T, aligned_strides>>();
        check(x.ndim() == 2, "X must have two dimensions");
        constexpr auto size = static_cast<py::ssize_t>(sizeof(T));
        check(x.strides(0) % size == 0 && x.strides(1) % size == 0, "X must not cut its numbers apart");
        kept_ = x;
        points_.kind = kind;
        return {x.data(), x.shape(0), x.shape(1), x.strides(0) / size, x.strides(1) / size};
    }

    void read_sparse(const py::tuple& given) {
        check(given.size() == 4, "X must be (data, indices, indptr, n_features)");
        const auto data = given[0].cast<Vector>();
        const auto indices = given[1].cast<py::array_t<std::int32_t, aligned_rows>>();
        const auto offsets = given[2].cast<py::array_t<std::int32_t, aligned_rows>>();
        points_.kind = svm::LinearPoints::Kind::sparse;
        points_.sparse = sparse_view(data, indices, offsets, given[3].cast<index_t>());
        kept_ = py::make_tuple(data, indices, offsets);
    }

    svm::LinearPoints points_;
    py::object kept_;
};

/// Whether a row of a CSR matrix, whose parts are checked on the way, holds a column twice.
bool rows_repeat(const py::array_t<std::int32_t, aligned_rows>& indices,
                 const py::array_t<std::int32_t, aligned_rows>& offsets, index_t features) {
    const auto row = sparse_view(indices, indices, offsets, features);
    std::vector<std::int32_t> last(static_cast<std::size_t>(features), -1);
    for (index_t i = 0; i < row.outer; ++i)
        for (index_t e = row.begin(i); e < row.end(i); ++e) {
            std::int32_t& seen = last[static_cast<std::size_t>(row.indices[e])];
            if (seen == i) return true;
            seen = static_cast<std::int32_t>(i);
        }
    return false;
}

void check_range(const Indices& index, index_t end, const char* message) {
    for (index_t i = 0; i < index.size(); ++i) check(index.at(i) >= 0 && index.at(i) < end, message);
}

Fitted fit_linear(const py::object& given, const Indices& order, int solver, bool squared, double constant,
                  const Vector& cost, const Indices& label, const Vector& factor, const Vector& value,
                  double epsilon, double tol, std::int64_t max_iter, double max_time, std::uint64_t seed,
                  int n_jobs, py::object progress) {
    const LinearPointsArgument x(given);
    const index_t rows = order.size();
    svm::LinearProblem problem;
    problem.points = x.points();
    check(rows > 0 && order.ndim() == 1 && cost.ndim() == 1 && cost.size() == rows,
          "order and cost must have one length");
    check(x.points().features() < std::numeric_limits<std::int32_t>::max(), "X has too many features");
    check_range(order, x.points().rows(), "order must hold rows of X");
    check(solver >= 0 && solver <= static_cast<int>(svm::LinearSolver::crammer_singer), "solver is unknown");
    problem.order = order.data();
    problem.count = rows;
    problem.solver = static_cast<svm::LinearSolver>(solver);
    problem.squared = squared;
    problem.constant = constant;
    problem.cost = cost.data();
    problem.classes = factor.size();
    if (problem.classes > 0) {
        check(problem.classes >= 2 && label.size() == rows, "label must have one class a row");
        check_range(label, problem.classes, "label must hold classes");
        problem.label = label.data();
        problem.factor = factor.data();
    } else {
        check(value.size() == rows, "value must have one number a row");
        check(solver <= static_cast<int>(svm::LinearSolver::primal), "the solver is for classes");
        problem.value = value.data();
    }
    problem.epsilon = epsilon;
    svm::LinearSettings settings;
    settings.tol = tol;
    settings.max_iter = max_iter;
    settings.max_time = max_time;
    settings.seed = seed;
    settings.n_threads = threads::resolve(n_jobs);
    svm::LinearModel model;
    const Status status =
        native_call([&] { return svm::fit(problem, settings, model); }, std::move(progress));
    check(status == Status::ok, "the computation was stopped by its progress callable");
    auto weights = empty<double>({problem.outputs(), x.points().features() + 1});
    std::copy(model.weights.begin(), model.weights.end(), weights.mutable_data());
    auto passes = empty<std::int64_t>({static_cast<py::ssize_t>(model.passes.size())});
    std::copy(model.passes.begin(), model.passes.end(), passes.mutable_data());
    return py::make_tuple(weights, passes, model.gap, model.objective, static_cast<int>(model.status));
}

}  // namespace

void bind_linear_svm(py::module_& svm) {
    svm.def("rows_repeat", &rows_repeat, py::arg("indices"), py::arg("indptr"), py::arg("n_features"),
            "Whether a row of a CSR matrix holds a column twice; ValueError where its parts do not fit.");
    svm.def("fit_linear", &fit_linear, py::arg("points"), py::arg("order"), py::arg("solver"),
            py::arg("squared"), py::arg("constant"), py::arg("cost"), py::arg("label"), py::arg("factor"),
            py::arg("value"), py::arg("epsilon"), py::arg("tol"), py::arg("max_iter"), py::arg("max_time"),
            py::arg("seed"), py::arg("n_jobs"), py::arg("progress") = py::none(),
            "Linear machines: weights with the constant's last, passes, gap, objective, status.");
}

}  // namespace mlqa::bindings
