#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "bindings/sparse.hpp"
#include "core/isa.hpp"
#include "core/threads.hpp"
#include "svm/coefficients.hpp"
#include "svm/dag.hpp"
#include "svm/predict.hpp"

namespace mlqa::bindings {
namespace {

using Vector = py::array_t<double, aligned_rows>;
using Indices = py::array_t<std::int64_t, aligned_rows>;
using KernelTuple = py::typing::Tuple<int, int, double, double>;
using Labels = py::array_t<std::int64_t>;
using Values = py::array_t<double>;
using svm::Queries;

void check(bool holds, const char* message) {
    if (!holds) throw py::value_error(message);
}

/// A matrix of any strides, copied by the cast where its numbers are not aligned.
template <class T>
MatrixView<const T> matrix(const py::array_t<T, aligned_strides>& x) {
    constexpr auto size = static_cast<py::ssize_t>(sizeof(T));
    check(x.ndim() == 2, "points must have two dimensions");
    check(x.strides(0) % size == 0 && x.strides(1) % size == 0, "points must not cut their numbers apart");
    return {x.data(), x.shape(0), x.shape(1), x.strides(0) / size, x.strides(1) / size};
}

/// Points of a call: a matrix of float64 or float32 of any strides, or (data, indices, indptr, n_features) of
/// a CSR matrix of float64. Keeps the arrays alive.
class Points {
public:
    explicit Points(const py::object& given) {
        if (py::isinstance<py::tuple>(given))
            read_sparse(given.cast<py::tuple>());
        else
            read_dense(given);
    }
    const Queries& queries() const { return queries_; }

private:
    void read_dense(const py::object& given) {
        const bool narrow = py::isinstance<py::array_t<float>>(given);
        check(narrow || py::isinstance<py::array_t<double>>(given), "points must hold float64 or float32");
        queries_.kind = narrow ? Queries::Kind::narrow : Queries::Kind::dense;
        if (narrow) {
            const auto x = given.cast<py::array_t<float, aligned_strides>>();
            queries_.narrow = matrix(x);
            kept_ = x;
        } else {
            const auto x = given.cast<py::array_t<double, aligned_strides>>();
            queries_.dense = matrix(x);
            kept_ = x;
        }
    }

    void read_sparse(const py::tuple& given) {
        check(given.size() == 4, "points must be (data, indices, indptr, n_features)");
        const auto data = given[0].cast<Vector>();
        const auto indices = given[1].cast<py::array_t<std::int32_t, aligned_rows>>();
        const auto offsets = given[2].cast<py::array_t<std::int32_t, aligned_rows>>();
        queries_.kind = Queries::Kind::sparse;
        queries_.sparse = sparse_view(data, indices, offsets, given[3].cast<index_t>());
        kept_ = py::make_tuple(data, indices, offsets);
    }

    Queries queries_;
    py::object kept_;
};

/// A fitted model, checked and packed once; the arrays that it was made of are kept alive.
class Model {
public:
    Model(const py::object& support, const KernelTuple& kernel, const Indices& column, const Indices& start,
          const py::object& coef, const Vector& intercept, int n_jobs, bool graph)
        : support_(support) {
        check(kernel.size() == 4, "kernel must be (kind, degree, gamma, coef0)");
        const int kind = kernel[0].cast<int>();
        check(kind >= 0 && kind <= static_cast<int>(svm::Kernel::precomputed), "kernel kind is unknown");
        check(start.ndim() == 1 && start.size() >= 2 && start.at(0) == 0, "start must lead from 0");
        for (index_t c = 0; c + 1 < start.size(); ++c)
            check(start.at(c) <= start.at(c + 1), "start must not decrease");
        svm::Machines machines;
        machines.function = {static_cast<svm::Kernel>(kind), kernel[1].cast<int>(), kernel[2].cast<double>(),
                             kernel[3].cast<double>()};
        machines.classes = start.size() - 1;
        machines.start = start.data();
        machines.intercept = intercept.data();
        const py::object matrix = take_coefficients(coef, machines, threads::resolve(n_jobs));
        kept_ = py::make_tuple(column, start, matrix, intercept);
        check(intercept.ndim() == 1 && intercept.size() == machines.pairs(),
              "intercept has the wrong length");
        if (machines.function.kind == svm::Kernel::precomputed)
            take_columns(column, machines);
        else
            take_support(machines);
        predictor_ = std::make_unique<svm::Predictor>(machines, threads::resolve(n_jobs));
        graph_ = std::make_unique<svm::Graph>(*predictor_);
        if (graph) native_call([&] { return graph_->prepare(threads::resolve(n_jobs)); });
    }

    Labels classes(const py::object& points, int n_jobs, bool graph, const std::optional<Indices>& order,
                   double explore) const {
        const Points x(points);
        check_pairs(x.queries());
        const svm::Route route = route_of(order, explore);
        auto label = empty<std::int64_t>({x.queries().count()});
        native_call([&] {
            const int n_threads = threads::resolve(n_jobs);
            return graph ? graph_->walk(x.queries(), route, n_threads, label.mutable_data(), nullptr)
                         : predictor_->classes(x.queries(), n_threads, label.mutable_data());
        });
        return label;
    }

    Values decisions(const py::object& points, int n_jobs) const {
        const Points x(points);
        check_pairs(x.queries());
        auto value = empty<double>({x.queries().count(), predictor_->machines().pairs()});
        native_call([&] {
            return predictor_->decisions(x.queries(), threads::resolve(n_jobs), value.mutable_data());
        });
        return value;
    }

    Values outputs(const py::object& points, const Vector& coef, const Vector& intercept, int n_jobs) const {
        const Points x(points);
        check_fit(x.queries());
        check(coef.ndim() == 2 && coef.shape(1) == predictor_->machines().size() && intercept.ndim() == 1 &&
                  intercept.size() == coef.shape(0),
              "coef must have a row for each intercept and a column for each support vector");
        auto value = empty<double>({x.queries().count(), coef.shape(0)});
        native_call([&] {
            return predictor_->outputs(x.queries(), coef.data(), intercept.data(), coef.shape(0),
                                       threads::resolve(n_jobs), value.mutable_data());
        });
        return value;
    }

    py::typing::Tuple<Labels, Labels> walk(const py::object& points, int n_jobs,
                                           const std::optional<Indices>& order, double explore) const {
        const Points x(points);
        check_pairs(x.queries());
        const svm::Route route = route_of(order, explore);
        auto label = empty<std::int64_t>({x.queries().count()});
        auto asked = empty<std::int64_t>({x.queries().count()});
        native_call([&] {
            return graph_->walk(x.queries(), route, threads::resolve(n_jobs), label.mutable_data(),
                                asked.mutable_data());
        });
        return py::make_tuple(label, asked);
    }

    py::typing::Tuple<Values, Values> screened(const py::object& points) const {
        const Points x(points);
        check_pairs(x.queries());
        check(predictor_->screens(x.queries()), "only dense points are screened");
        const index_t pairs = predictor_->machines().pairs();
        auto value = empty<double>({x.queries().count(), pairs});
        auto bound = empty<double>({x.queries().count(), pairs});
        native_call(
            [&] { return predictor_->screened(x.queries(), value.mutable_data(), bound.mutable_data()); });
        return py::make_tuple(value, bound);
    }

private:
    /// A matrix, or its bits and numbers (svm/coefficients.hpp), which become a matrix here.
    py::object take_coefficients(const py::object& given, svm::Machines& machines, int n_threads) {
        const index_t rows = machines.classes - 1, columns = machines.size();
        constexpr const char* wrong = "dual_coef has the wrong shape";
        if (!py::isinstance<py::tuple>(given)) {
            auto matrix = given.cast<Vector>();
            check(matrix.ndim() == 2 && matrix.shape(0) == rows && matrix.shape(1) == columns, wrong);
            machines.coef = matrix.data();
            return matrix;
        }
        const auto parts = given.cast<py::tuple>();
        check(parts.size() >= 2, wrong);
        const auto present = parts[0].cast<py::array_t<std::uint8_t, aligned_rows>>();
        const auto values = parts[1].cast<Vector>();
        check(present.ndim() == 2 && present.shape(0) == rows && present.shape(1) == (columns + 7) / 8 &&
                  values.ndim() == 1 && svm::count_present(present.data(), present.size()) == values.size(),
              wrong);
        coef_ = arena::Buffer<double>(static_cast<std::size_t>(rows * columns));
        machines.coef = coef_.data();
        native_call([&] {
            return svm::unpack(present.data(), values.data(), rows, columns, coef_.data(), n_threads);
        });
        return py::none();
    }

    void take_columns(const Indices& column, svm::Machines& machines) {
        check(column.ndim() == 1 && column.size() == machines.size(), "support has the wrong length");
        index_t end = 0;
        for (index_t s = 0; s < column.size(); ++s) {
            check(column.at(s) >= 0, "support must hold columns of the kernel matrix");
            end = std::max(end, column.at(s) + 1);
        }
        columns_ = end;
        machines.column = column.data();
    }

    void take_support(svm::Machines& machines) {
        const Queries& given = support_.queries();
        check(given.kind != Queries::Kind::narrow, "support_vectors must hold float64");
        check(given.count() == machines.size(), "support_vectors has the wrong length");
        machines.support.is_sparse = given.kind == Queries::Kind::sparse;
        machines.support.dense = given.dense;
        machines.support.sparse = given.sparse;
    }

    /// The same where machines of two classes are asked.
    void check_pairs(const Queries& x) const {
        check_fit(x);
        check(predictor_->machines().classes > 1, "the model has one class, and no machines");
    }

    /// What memory safety needs of points.
    void check_fit(const Queries& x) const {
        const svm::Machines& machines = predictor_->machines();
        check(level_ == isa::current(), "the instruction set is not the one that the model was packed for");
        if (machines.function.kind == svm::Kernel::precomputed) {
            check(x.kind != Queries::Kind::sparse && x.features() >= columns_,
                  "points must be dense, with a column for every support vector");
            return;
        }
        check(x.features() == machines.support.features() &&
                  (x.kind == Queries::Kind::sparse) == machines.support.is_sparse,
              "points must have the features and the kind of the support vectors");
    }

    svm::Route route_of(const std::optional<Indices>& order, double explore) const {
        check(explore >= 0, "explore must not be negative");
        if (!order) return {nullptr, explore};
        const index_t k = predictor_->machines().classes;
        check(order->ndim() == 1 && order->size() == k, "order must hold every class once");
        std::vector<bool> seen(static_cast<std::size_t>(k));
        for (index_t i = 0; i < k; ++i) {
            const index_t c = order->at(i);
            check(c >= 0 && c < k && !seen[static_cast<std::size_t>(c)], "order must hold every class once");
            seen[static_cast<std::size_t>(c)] = true;
        }
        return {order->data(), explore};
    }

    Points support_;
    py::object kept_;
    arena::Buffer<double> coef_;
    index_t columns_ = 0;
    isa::Level level_ = isa::current();
    std::unique_ptr<svm::Predictor> predictor_;
    std::unique_ptr<svm::Graph> graph_;
};

}  // namespace

void bind_svm_predict(py::module_& m) {
    py::class_<Model>(m, "Predictor", "A fitted model, packed for prediction.")
        .def(py::init<const py::object&, const KernelTuple&, const Indices&, const Indices&,
                      const py::object&, const Vector&, int, bool>(),
             py::arg("support_vectors"), py::arg("kernel"), py::arg("support"), py::arg("start"),
             py::arg("dual_coef"), py::arg("intercept"), py::arg("n_jobs") = 1, py::arg("graph") = false)
        .def("classes", &Model::classes, py::arg("points"), py::arg("n_jobs"), py::arg("graph"),
             py::arg("order") = py::none(), py::arg("explore") = 0.0,
             "Classes by one-vs-one vote, or along the directed acyclic graph.")
        .def("decisions", &Model::decisions, py::arg("points"), py::arg("n_jobs"),
             "Decision values of all machines.")
        .def("outputs", &Model::outputs, py::arg("points"), py::arg("coef"), py::arg("intercept"),
             py::arg("n_jobs"), "Values of machines that have a coefficient for every support vector.")
        .def("walk", &Model::walk, py::arg("points"), py::arg("n_jobs"), py::arg("order") = py::none(),
             py::arg("explore") = 0.0, "Classes along the graph, and how many machines each point asked.")
        .def("screened", &Model::screened, py::arg("points"),
             "Decision values in float32, and the bounds of their error; for tests.");
}

}  // namespace mlqa::bindings
