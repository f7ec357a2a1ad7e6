#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "core/threads.hpp"
#include "svm/all_at_once.hpp"
#include "svm/code_book.hpp"
#include "svm/ovo.hpp"
#include "svm/solve.hpp"

namespace mlqa::bindings {
namespace {

using Vector = py::array_t<double, aligned_rows>;
using Indices = py::array_t<std::int64_t, aligned_rows>;
using Codes = py::array_t<std::int8_t, aligned_rows>;
using KernelTuple = py::typing::Tuple<int, int, double, double>;
using Counts = py::array_t<std::int32_t>;
using Labels = py::array_t<std::int64_t>;
using Values = py::array_t<double>;
/// Kernel rows and values that were computed.
using Worked = py::typing::Tuple<index_t, index_t>;
/// support, counts, dual_coef, rho, steps; violation, gap, objective of each machine, status, work.
using Packed = py::typing::Tuple<py::array_t<std::uint8_t>, Values>;
using Matrix = py::typing::Union<Values, Packed>;
using Fitted = py::typing::Tuple<Labels, Counts, Matrix, Values, Counts, double, double, Values, int, Worked>;
/// beta, rho of the groups, steps, violation, gap, objective, status.
using Solved = py::typing::Tuple<Values, double, double, index_t, double, double, double, int>;
/// beta, steps, violation, gap, objective, status, work.
using AllClasses = py::typing::Tuple<Values, index_t, double, double, double, int, Worked>;

Worked worked(const svm::Work& work) {
    return py::make_tuple(work.rows.load(), work.values.load());
}

[[noreturn]] void refuse(const std::string& message) {
    throw py::value_error(message);
}

void check(bool holds, const char* message) {
    if (!holds) refuse(message);
}

/// Points of a call: a float64 matrix of any strides, or (data, indices, indptr, n_features) of a CSR matrix.
/// Keeps the arrays alive.
class PointsArgument {
public:
    PointsArgument(const py::object& given, const char* name) : name_(name) {
        if (py::isinstance<py::tuple>(given))
            read_sparse(given.cast<py::tuple>());
        else
            read_dense(given);
    }
    const svm::Points& points() const { return points_; }

private:
    void read_dense(const py::object& given) {
        if (!py::isinstance<py::array_t<double>>(given)) refuse(std::string(name_) + " must hold float64");
        const auto x = given.cast<py::array_t<double, aligned_strides>>();
        if (x.ndim() != 2) refuse(std::string(name_) + " must have two dimensions");
        for (int axis = 0; axis < 2; ++axis)
            if (x.strides(axis) % static_cast<py::ssize_t>(sizeof(double)) != 0)
                refuse(std::string(name_) + " must not cut its numbers apart");
        const auto step = [&](int axis) {
            return x.strides(axis) / static_cast<py::ssize_t>(sizeof(double));
        };
        points_.dense = {x.data(), x.shape(0), x.shape(1), step(0), step(1)};
        kept_ = x;
    }

    void read_sparse(const py::tuple& given) {
        if (given.size() != 4) refuse(std::string(name_) + " must be (data, indices, indptr, n_features)");
        const auto data = given[0].cast<Vector>();
        const auto indices = given[1].cast<py::array_t<std::int32_t, aligned_rows>>();
        const auto offsets = given[2].cast<py::array_t<std::int32_t, aligned_rows>>();
        const auto features = given[3].cast<index_t>();
        check(data.ndim() == 1 && indices.ndim() == 1 && offsets.ndim() == 1 && offsets.size() > 0,
              "data, indices and indptr must have one dimension");
        const index_t rows = offsets.size() - 1, stored = std::min(data.size(), indices.size());
        const std::int32_t* at = offsets.data();
        check(at[0] >= 0 && at[rows] <= stored, "indptr must lie within data and indices");
        for (index_t i = 0; i < rows; ++i) check(at[i] <= at[i + 1], "indptr must not decrease");
        for (index_t e = at[0]; e < at[rows]; ++e)
            check(indices.data()[e] >= 0 && indices.data()[e] < features,
                  "indices must be below the number of features");
        points_.is_sparse = true;
        points_.sparse = {data.data(), indices.data(), at, rows, features};
        kept_ = py::make_tuple(data, indices, offsets);
    }

    const char* name_;
    svm::Points points_;
    py::object kept_;
};

svm::KernelFunction kernel_function(const KernelTuple& given) {
    check(given.size() == 4, "kernel must be (kind, degree, gamma, coef0)");
    const int kind = given[0].cast<int>();
    check(kind >= 0 && kind <= static_cast<int>(svm::Kernel::precomputed), "kernel kind is unknown");
    return {static_cast<svm::Kernel>(kind), given[1].cast<int>(), given[2].cast<double>(),
            given[3].cast<double>()};
}

void check_offsets(const Indices& start, index_t total) {
    const index_t* at = start.data();
    check(start.ndim() == 1 && start.size() >= 3 && at[0] == 0 && at[start.size() - 1] == total,
          "start must lead from 0 to the number of points");
    check(std::is_sorted(at, at + start.size()), "start must not decrease");
}

void check_range(const Indices& index, index_t end, const char* message) {
    const auto within = [end](index_t i) { return i >= 0 && i < end; };
    check(index.ndim() == 1 && std::all_of(index.data(), index.data() + index.size(), within), message);
}

template <class T, class S>
py::array_t<T> copied(const S& from) {
    auto out = empty<T>({static_cast<py::ssize_t>(from.size())});
    std::copy(from.begin(), from.end(), out.mutable_data());
    return out;
}

svm::Settings limits(double tol, std::int64_t max_iter, double max_time, double cache_bytes, int n_jobs) {
    svm::Settings settings;
    settings.tol = tol;
    settings.max_iter = max_iter;
    settings.max_time = max_time;
    settings.cache_bytes = cache_bytes;
    settings.n_threads = threads::resolve(n_jobs);
    return settings;
}

/// Checks that indices are those of points, or of rows and columns of a kernel matrix.
void check_chosen(const svm::Points& points, const svm::KernelFunction& function, const Indices& which,
                  const char* message) {
    const bool square = function.kind == svm::Kernel::precomputed;
    check(!square || !points.is_sparse, "a precomputed kernel must be dense");
    check_range(which, square ? std::min(points.count(), points.features()) : points.count(), message);
}

/// Checks what memory safety needs of points sorted by class.
void check_sorted(const svm::Points& points, const svm::KernelFunction& function, const Indices& order,
                  const Indices& start, const Vector& bound) {
    check(order.ndim() == 1 && bound.ndim() == 1 && order.size() == bound.size(),
          "order and bound must have one length");
    check_offsets(start, order.size());
    check_chosen(points, function, order, "order must hold indices of points");
}

bool is_matrix(const py::array& x, py::ssize_t rows, py::ssize_t columns) {
    return x.ndim() == 2 && x.shape(0) == rows && x.shape(1) == columns;
}
/// Numbers that are written before anybody could want to interrupt it.
constexpr index_t few_numbers = 1 << 16;

/// A matrix of at most so many numbers, else its bits and the numbers that are not 0.
Matrix coefficients(const svm::Coefficients& from, index_t most_dense, int n_threads) {
    const index_t rows = from.rows(), columns = from.columns();
    if (rows * columns <= most_dense) {
        auto matrix = empty<double>({rows, columns});
        double* out = matrix.mutable_data();
        if (rows * columns <= few_numbers)
            from.dense(out, 1);
        else
            native_call([&] { return from.dense(out, n_threads); });
        return matrix;
    }
    auto present = empty<std::uint8_t>({rows, from.row_bytes()});
    auto values = empty<double>({from.count()});
    native_call([&] { return from.packed(present.mutable_data(), values.mutable_data(), n_threads); });
    return py::make_tuple(present, values);
}

Fitted fit(const py::object& points, const KernelTuple& kernel, const Indices& order, const Indices& start,
           const Vector& bound, double nu, const Vector& initial, double tol, std::int64_t max_iter,
           double max_time, double cache_bytes, int n_jobs, std::int64_t most_dense, py::object progress) {
    const PointsArgument x(points, "X");
    svm::Work work;
    svm::Problem problem;
    problem.points = x.points();
    problem.points.work = &work;
    problem.function = kernel_function(kernel);
    check_sorted(problem.points, problem.function, order, start, bound);
    problem.classes = start.size() - 1;
    problem.order = order.data();
    problem.start = start.data();
    problem.bound = bound.data();
    problem.nu = nu;
    check(initial.size() == 0 || is_matrix(initial, problem.classes - 1, order.size()),
          "initial has the wrong shape");
    if (initial.size() > 0) problem.initial = initial.data();
    const svm::Settings settings = limits(tol, max_iter, max_time, cache_bytes, n_jobs);
    svm::Model model;
    const Status status =
        native_call([&] { return svm::fit(problem, settings, model); }, std::move(progress));
    check(status == Status::ok, "the computation was stopped by its progress callable");
    return py::make_tuple(copied<std::int64_t>(model.dual_coef.support()),
                          copied<std::int32_t>(model.dual_coef.support_count()),
                          coefficients(model.dual_coef, most_dense, settings.n_threads),
                          copied<double>(model.rho), copied<std::int32_t>(model.steps), model.violation,
                          model.gap, copied<double>(model.objective), static_cast<int>(model.status),
                          worked(work));
}

Fitted fit_code_book(const py::object& points, const KernelTuple& kernel, const Indices& order,
                     const Indices& start, const Codes& code, const Vector& bound, const Vector& weight,
                     const Vector& initial, double tol, std::int64_t max_iter, double max_time,
                     double cache_bytes, int n_jobs, py::object progress) {
    const PointsArgument x(points, "X");
    svm::Work work;
    svm::CodeBook book;
    book.points = x.points();
    book.points.work = &work;
    book.function = kernel_function(kernel);
    check_sorted(book.points, book.function, order, start, bound);
    book.classes = start.size() - 1;
    check(code.ndim() == 2 && code.shape(0) == book.classes, "code must have a row for each class");
    book.machines = code.shape(1);
    check(weight.size() == 0 || is_matrix(weight, book.classes, book.machines), "weight has the wrong shape");
    check(initial.size() == 0 || is_matrix(initial, book.machines, order.size()),
          "initial has the wrong shape");
    book.order = order.data();
    book.start = start.data();
    book.code = code.data();
    book.bound = bound.data();
    if (weight.size() > 0) book.weight = weight.data();
    if (initial.size() > 0) book.initial = initial.data();
    const svm::Settings settings = limits(tol, max_iter, max_time, cache_bytes, n_jobs);
    svm::CodeModel model;
    const Status status = native_call([&] { return svm::fit(book, settings, model); }, std::move(progress));
    check(status == Status::ok, "the computation was stopped by its progress callable");
    auto coef = empty<double>({book.machines, static_cast<py::ssize_t>(model.support.size())});
    std::copy(model.dual_coef.begin(), model.dual_coef.end(), coef.mutable_data());
    return py::make_tuple(copied<std::int64_t>(model.support), copied<std::int32_t>(model.support_count),
                          coef, copied<double>(model.rho), copied<std::int32_t>(model.steps), model.violation,
                          model.gap, copied<double>(model.objective), static_cast<int>(model.status),
                          worked(work));
}

Solved solve(const py::object& points, const KernelTuple& kernel, const Indices& index, std::int64_t first,
             const Vector& linear, const Vector& lower, const Vector& upper, const Vector& initial,
             const std::array<double, 2>& total, double epsilon, bool grouped, double tol,
             std::int64_t max_iter, double max_time, double cache_bytes, int n_jobs, py::object progress) {
    const PointsArgument x(points, "X");
    svm::SingleProblem problem;
    problem.points = x.points();
    problem.function = kernel_function(kernel);
    check_chosen(problem.points, problem.function, index, "index must hold indices of points");
    const index_t n = index.size(), variables = linear.size();
    check(n > 0 && (variables == n || (variables == 2 * n && first == n)),
          "linear must have a number a point, or two");
    check(lower.size() == variables && upper.size() == variables &&
              (initial.size() == 0 || initial.size() == variables),
          "linear, lower, upper and initial must have one length");
    check(first >= 0 && first <= variables, "first must lie within the variables");
    problem.index = index.data();
    problem.size = n;
    problem.task.first = first;
    problem.task.second = variables - first;
    problem.task.linear = linear.data();
    problem.task.lower = lower.data();
    problem.task.upper = upper.data();
    if (initial.size() > 0) problem.task.initial = initial.data();
    problem.task.total[0] = total[0];
    problem.task.total[1] = total[1];
    problem.task.epsilon = epsilon;
    problem.task.grouped = grouped;
    problem.task.twice = variables == 2 * n;
    check(grouped || !problem.task.twice, "two numbers a point make two groups");
    const svm::Settings settings = limits(tol, max_iter, max_time, cache_bytes, n_jobs);
    svm::Outcome outcome;
    const Status status =
        native_call([&] { return svm::solve(problem, settings, outcome); }, std::move(progress));
    check(status == Status::ok, "the computation was stopped by its progress callable");
    return py::make_tuple(copied<double>(outcome.beta), outcome.rho[0], outcome.rho[1], outcome.steps,
                          outcome.violation, outcome.gap, outcome.objective,
                          static_cast<int>(outcome.status));
}

AllClasses all_at_once(const py::object& points, const KernelTuple& kernel, const Indices& index,
                       const Indices& label, const Vector& bound, std::int64_t classes, int loss,
                       const Vector& initial, double tol, std::int64_t max_iter, double max_time,
                       double cache_bytes, int n_jobs, py::object progress) {
    const PointsArgument x(points, "X");
    svm::Work work;
    svm::ClassProblem problem;
    problem.points = x.points();
    problem.points.work = &work;
    problem.function = kernel_function(kernel);
    check_chosen(problem.points, problem.function, index, "index must hold indices of points");
    check_range(label, classes, "label must hold classes");
    problem.size = index.size();
    problem.classes = classes;
    check(problem.size > 0 && classes >= 2, "there must be points and two classes");
    check(label.size() == problem.size && bound.ndim() == 1 && bound.size() == problem.size,
          "index, label and bound must have one length");
    check(loss == 0 || loss == 1, "loss is unknown");
    problem.loss = static_cast<ClassLoss>(loss);
    check(initial.size() == 0 ||
              (initial.ndim() == 2 && initial.shape(0) == classes && initial.shape(1) == problem.size),
          "initial has the wrong shape");
    problem.index = index.data();
    problem.label = label.data();
    problem.bound = bound.data();
    if (initial.size() > 0) problem.initial = initial.data();
    const svm::Settings settings = limits(tol, max_iter, max_time, cache_bytes, n_jobs);
    svm::ClassOutcome outcome;
    const Status status =
        native_call([&] { return svm::all_at_once(problem, settings, outcome); }, std::move(progress));
    check(status == Status::ok, "the computation was stopped by its progress callable");
    const bool whole = outcome.beta.size() > 0;
    auto beta = empty<double>({classes, whole ? static_cast<py::ssize_t>(problem.size) : 0});
    std::copy(outcome.beta.begin(), outcome.beta.end(), beta.mutable_data());
    return py::make_tuple(beta, outcome.steps, outcome.violation, outcome.gap, outcome.objective,
                          static_cast<int>(outcome.status), worked(work));
}

}  // namespace

void bind_svm(py::module_& module) {
    py::module_ m = module.def_submodule("svm", "Support vector machines: training and prediction.");
    m.def("fit", &fit, py::arg("points"), py::arg("kernel"), py::arg("order"), py::arg("start"),
          py::arg("bound"), py::arg("nu"), py::arg("initial"), py::arg("tol"), py::arg("max_iter"),
          py::arg("max_time"), py::arg("cache_bytes"), py::arg("n_jobs"), py::arg("most_dense"),
          py::arg("progress") = py::none(),
          "Machines of every two classes: support, counts, dual_coef, rho, steps, certificates, status, "
          "work. Of"
          " more than most_dense numbers dual_coef is (bits, numbers that are not 0).");
    m.def("fit_code_book", &fit_code_book, py::arg("points"), py::arg("kernel"), py::arg("order"),
          py::arg("start"), py::arg("code"), py::arg("bound"), py::arg("weight"), py::arg("initial"),
          py::arg("tol"), py::arg("max_iter"), py::arg("max_time"), py::arg("cache_bytes"), py::arg("n_jobs"),
          py::arg("progress") = py::none(),
          "Machines of a code book: as fit, with a row of dual_coef for each machine.");
    m.def("solve", &solve, py::arg("points"), py::arg("kernel"), py::arg("index"), py::arg("first"),
          py::arg("linear"), py::arg("lower"), py::arg("upper"), py::arg("initial"), py::arg("total"),
          py::arg("epsilon"), py::arg("grouped"), py::arg("tol"), py::arg("max_iter"), py::arg("max_time"),
          py::arg("cache_bytes"), py::arg("n_jobs"), py::arg("progress") = py::none(),
          "One machine over one set of points: beta, rho of the groups, steps, certificates, status.");
    m.def("all_at_once", &all_at_once, py::arg("points"), py::arg("kernel"), py::arg("index"),
          py::arg("label"), py::arg("bound"), py::arg("classes"), py::arg("loss"), py::arg("initial"),
          py::arg("tol"), py::arg("max_iter"), py::arg("max_time"), py::arg("cache_bytes"), py::arg("n_jobs"),
          py::arg("progress") = py::none(),
          "A machine of all classes at once: beta, a row a class, steps, certificates, status, work.");
    bind_sparse_rows(m);
    bind_svm_predict(m);
    bind_linear_svm(m);
}

}  // namespace mlqa::bindings
