#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/linear_paths.hpp"
#include "core/threads.hpp"
#include "linear_model/gram_design.hpp"
#include "linear_model/lasso.hpp"
#include "linear_model/multi_task.hpp"

namespace mlqa::bindings {
namespace {

template <class T>
Status run_path(const lm::Design& design, const lm::Target& target, const PathArguments& arguments,
                lm::PathOptions options, index_t index, const PathOutput<T>& out) {
    if (!arguments.alphas) {
        double lambda = 0;
        const Status status = lm::largest_lambda(design, target, options, lambda);
        if (status != Status::ok) return status;
        fill_grid(lambda / (static_cast<double>(design.samples()) * options.l1_ratio), arguments.eps,
                  out.n_alphas, out.alphas);
    }
    options.alphas = out.alphas;
    const index_t first = index * out.n_alphas;
    const double* start = arguments.start ? arguments.start->data() + index * out.p : nullptr;
    lm::PathResult result{
        nullptr, nullptr, out.gaps + first, out.passes + first, out.converged + first, out.exact + first};
    if constexpr (sizeof(T) == sizeof(float))
        result.single = out.coefficients + first * out.p;
    else
        result.coefficients = out.coefficients + first * out.p;
    return lm::lasso_path(design, target, start, options, result);
}

template <class T>
Status run_target(const lm::Design& design, const PathArguments& arguments, const lm::PathOptions& options,
                  index_t target, const PathOutput<T>& out) {
    const index_t n = design.samples(), p = out.p;
    const double* y = arguments.y.data() + target * n;
    arena::Buffer<double> correlations(static_cast<std::size_t>(p));
    if (arguments.correlations) {
        std::copy_n(arguments.correlations->data() + target * p, p, correlations.data());
    } else {
        const Status status = lm::correlations_with_target(design, y, correlations.data());
        if (status != Status::ok) return status;
    }
    return run_path(design, lm::target_of(design, y, correlations.data()), arguments, options, target, out);
}

/// All targets as one problem.
template <class T>
Status run_joint(const lm::Design& design, const PathArguments& arguments, const lm::PathOptions& given,
                 const PathOutput<T>& out) {
    const arena::Buffer<double> correlations(static_cast<std::size_t>(out.targets * out.p));
    lm::Targets targets{arguments.y.data(), correlations.data(), 0.0, out.targets};
    Status status = lm::describe(design, targets, correlations.data());
    if (status != Status::ok) return status;
    lm::MultiTaskOptions options;
    options.alphas = out.alphas;
    options.n_alphas = out.n_alphas;
    options.tol = given.tol;
    options.max_iter = given.max_iter;
    options.l1_ratio = given.l1_ratio;
    options.factors = given.shape.factors;
    options.single_precision = given.single_precision;
    options.max_seconds = given.max_seconds;
    if (!arguments.alphas) {
        double lambda = 0;
        status = lm::largest_lambda(design, targets, options, lambda);
        if (status != Status::ok) return status;
        fill_grid(lambda / (static_cast<double>(design.samples()) * options.l1_ratio), arguments.eps,
                  out.n_alphas, out.alphas);
    }
    lm::MultiTaskResult result{nullptr, nullptr, out.gaps, out.passes, out.converged};
    if constexpr (sizeof(T) == sizeof(float))
        result.single = out.coefficients;
    else
        result.coefficients = out.coefficients;
    return lm::multi_task_path(design, targets, data_or_null(arguments.start), options, result);
}

/// `work(options, out)` solves the targets with the GIL released.
template <class T, class Work>
PathArrays run(const PathArguments& arguments, index_t targets, index_t p, py::object progress, Work work) {
    const index_t n_alphas = arguments.alphas ? arguments.alphas->size() : arguments.n_alphas;
    PathArrays arrays = allocate<T>(targets, n_alphas, p, arguments.joint);
    const PathOutput<T> out{static_cast<T*>(arrays.coefficients.mutable_data()),
                            arrays.gaps.mutable_data(),
                            arrays.alphas.mutable_data(),
                            arrays.means.mutable_data(),
                            arrays.passes.mutable_data(),
                            arrays.converged.mutable_data(),
                            arrays.exact.mutable_data(),
                            targets,
                            n_alphas,
                            p};
    if (arguments.alphas) std::copy_n(arguments.alphas->data(), n_alphas, out.alphas);
    lm::PathOptions options = arguments.options;
    options.n_alphas = n_alphas;
    options.single_precision = sizeof(T) == sizeof(float);
    options.gram = data_or_null(arguments.gram);
    options.shape.factors = data_or_null(arguments.penalty_factor);
    options.shape.low = data_or_null(arguments.lower);
    options.shape.high = data_or_null(arguments.upper);
    native_call([&] { return work(options, out); }, std::move(progress));
    return arrays;
}

template <class T, class MakeDesign>
PathArrays run_on_columns(const PathArguments& arguments, index_t p, py::object progress,
                          MakeDesign make_design) {
    const index_t targets = arguments.y.shape(0);
    const lm::Preparation preparation{arguments.center, data_or_null(arguments.sample_weight),
                                      threads::resolve(arguments.n_jobs)};
    const auto work = [&](const lm::PathOptions& options, const PathOutput<T>& out) {
        const std::unique_ptr<lm::Design> design = make_design(preparation);
        if (design == nullptr) return Status::cancelled;
        std::copy_n(design->means(), p, out.means);
        if (arguments.joint) return run_joint(*design, arguments, options, out);
        Status status = Status::ok;
        for (index_t target = 0; target < targets && status == Status::ok; ++target)
            status = run_target(*design, arguments, options, target, out);
        return status;
    };
    return run<T>(arguments, targets, p, std::move(progress), work);
}

void check_arguments(const PathArguments& arguments, index_t n, index_t p) {
    if (n < 1 || p < 1) refuse("X must have at least one row and one column");
    if (arguments.y.ndim() != 2) refuse("y must have two dimensions: targets and samples");
    const py::ssize_t targets = arguments.y.shape(0);
    check_shape(arguments.y, "y", {targets, n});
    if (arguments.alphas && arguments.alphas->ndim() != 1) refuse("alphas must have one dimension");
    if (!arguments.alphas && arguments.n_alphas < 1) refuse("n_alphas must be at least 1");
    if (arguments.start) check_shape(*arguments.start, "start", {targets, p});
    if (arguments.sample_weight) check_shape(*arguments.sample_weight, "sample_weight", {n});
    if (arguments.gram) check_shape(*arguments.gram, "gram", {p, p});
    if (arguments.penalty_factor) check_shape(*arguments.penalty_factor, "penalty_factor", {p});
    if (arguments.lower) check_shape(*arguments.lower, "lower", {p});
    if (arguments.upper) check_shape(*arguments.upper, "upper", {p});
    if (!(arguments.options.l1_ratio >= 0 && arguments.options.l1_ratio <= 1))
        refuse("l1_ratio must be from 0 to 1");
    if (arguments.correlations) check_shape(*arguments.correlations, "correlations", {targets, p});
}

PathArrays dense_path(const py::array& x, const PathArguments& arguments, py::object progress) {
    if (x.ndim() != 2) refuse("X must have two dimensions");
    check_arguments(arguments, x.shape(0), x.shape(1));
    const auto call = [&](auto zero) {
        using T = decltype(zero);
        const MatrixView<const T> view = matrix_view<T>(x);
        return run_on_columns<T>(
            arguments, view.cols, std::move(progress),
            [&](const lm::Preparation& preparation) { return lm::dense_design(view, preparation); });
    };
    if (py::isinstance<py::array_t<double>>(x)) return call(0.0);
    if (py::isinstance<py::array_t<float>>(x)) return call(0.0F);
    refuse("X must be float32 or float64 in native byte order");
}

using Indices = py::array_t<std::int32_t, aligned_rows>;

void check_columns(const Indices& indices, const Indices& offsets, py::ssize_t entries, index_t rows) {
    if (offsets.ndim() != 1 || offsets.size() < 2 || indices.ndim() != 1 || indices.size() != entries)
        refuse("X must be in CSC format: data and indices of equal length, one offset more than columns");
    const std::int32_t* offset = offsets.data();
    bool good = offset[0] == 0 && offset[offsets.size() - 1] <= entries;
    for (py::ssize_t j = 0; good && j + 1 < offsets.size(); ++j) {
        good = offset[j] <= offset[j + 1] && offset[j + 1] <= entries;
        for (std::int32_t e = offset[j]; good && e < offset[j + 1]; ++e) {
            const std::int32_t row = indices.data()[e];
            good = row >= 0 && row < rows && (e == offset[j] || row > indices.data()[e - 1]);
        }
    }
    if (!good) refuse("X must be in canonical CSC format: sorted row indices without duplicates");
}

PathArrays sparse_path(const py::array& data, const Indices& indices, const Indices& offsets, index_t rows,
                       const PathArguments& arguments, py::object progress) {
    if (data.ndim() != 1) refuse("data must have one dimension");
    check_columns(indices, offsets, data.size(), rows);
    const index_t p = offsets.size() - 1;
    check_arguments(arguments, rows, p);
    const auto call = [&](auto zero) {
        using T = decltype(zero);
        const py::array_t<T, aligned_rows> values = py::array_t<T, aligned_rows>::ensure(data);
        const SparseView<T> view{values.data(), indices.data(), offsets.data(), p, rows};
        return run_on_columns<T>(arguments, p, std::move(progress), [&](const lm::Preparation& preparation) {
            return lm::sparse_design(view, preparation);
        });
    };
    if (py::isinstance<py::array_t<double>>(data)) return call(0.0);
    if (py::isinstance<py::array_t<float>>(data)) return call(0.0F);
    refuse("X must be float32 or float64 in native byte order");
}

lm::Updates parse_updates(const std::string& name) {
    if (name == "auto") return lm::Updates::automatic;
    if (name == "gram") return lm::Updates::gram;
    if (name == "covariance") return lm::Updates::covariance;
    if (name == "residual") return lm::Updates::residual;
    refuse("updates must be 'auto', 'gram', 'covariance' or 'residual', got '" + name + "'");
}

using PathTuple =
    py::typing::Tuple<py::array_t<double>, py::array, py::array_t<double>, py::array_t<std::int64_t>,
                      py::array_t<bool>, py::array_t<bool>, py::array_t<double>>;

PathTuple as_tuple(const PathArrays& arrays) {
    return py::make_tuple(arrays.alphas, arrays.coefficients, arrays.gaps, arrays.passes, arrays.converged,
                          arrays.exact, arrays.means);
}

void set_options(lm::PathOptions& options, double tol, std::int64_t max_iter, double l1_ratio, bool positive,
                 bool relaxed, double max_time) {
    options.tol = tol;
    options.max_iter = max_iter;
    options.l1_ratio = l1_ratio;
    options.shape.positive = positive;
    options.relaxed = relaxed;
    options.max_seconds = max_time;
}

/// X is a dense array or (data, indices, offsets, number of rows) of a CSC matrix.
PathTuple lasso_path(const py::object& x, const Doubles& y, const OptionalDoubles& alphas, index_t n_alphas,
                     double eps, double l1_ratio, const OptionalDoubles& start,
                     const OptionalDoubles& sample_weight, bool center, const OptionalDoubles& gram,
                     double gram_error, const OptionalDoubles& correlations,
                     const OptionalDoubles& penalty_factor, const OptionalDoubles& lower,
                     const OptionalDoubles& upper, double tol, std::int64_t max_iter, bool positive,
                     bool relaxed, bool joint, const std::string& updates, double max_time, int n_jobs,
                     py::object progress) {
    PathArguments arguments{
        y,     alphas, n_alphas, eps,    start, sample_weight, gram, correlations, penalty_factor, lower,
        upper, center, joint,    n_jobs, {}};
    set_options(arguments.options, tol, max_iter, l1_ratio, positive, relaxed, max_time);
    arguments.options.updates = parse_updates(updates);
    arguments.options.gram_error = gram_error;
    if (joint && (gram || correlations || lower || upper || positive || relaxed))
        refuse("targets that are fitted jointly take no Gram matrix, no bounds and no relaxed fits");
    PathArrays arrays;
    if (py::isinstance<py::tuple>(x)) {
        const auto parts = x.cast<py::tuple>();
        arrays = sparse_path(parts[0].cast<py::array>(), parts[1].cast<Indices>(), parts[2].cast<Indices>(),
                             parts[3].cast<index_t>(), arguments, std::move(progress));
    } else {
        arrays = dense_path(x.cast<py::array>(), arguments, std::move(progress));
    }
    return as_tuple(arrays);
}

/// As lasso_path where of X and y only X'X, X'y and y'y are known.
PathTuple gram_path(const Doubles& gram, const Doubles& norms, const Doubles& correlations, double y_squared,
                    index_t n_samples, double cancellation, bool single, const OptionalDoubles& alphas,
                    index_t n_alphas, double eps, double l1_ratio, const OptionalDoubles& penalty_factor,
                    const OptionalDoubles& lower, const OptionalDoubles& upper, double tol,
                    std::int64_t max_iter, bool positive, bool relaxed, double max_time,
                    py::object progress) {
    const index_t p = norms.size();
    PathArguments arguments{correlations,   alphas, n_alphas, eps,   {},    {}, gram, {},
                            penalty_factor, lower,  upper,    false, false, 1,  {}};
    check_arguments(arguments, p, p);
    check_shape(norms, "norms", {p});
    lm::PathOptions& options = arguments.options;
    set_options(options, tol, max_iter, l1_ratio, positive, relaxed, max_time);
    const auto call = [&](auto zero) {
        using T = decltype(zero);
        const auto work = [&](lm::PathOptions given, const PathOutput<T>& out) {
            const lm::GramDesign design(n_samples, p, gram.data(), norms.data());
            std::fill_n(out.means, p, 0.0);
            // The sums and their products, in the rank-one correction, are as wrong as the entries.
            given.gram_error = 3 * cancellation * design.sum_error();
            return run_path(design, {nullptr, correlations.data(), y_squared}, arguments, given, 0, out);
        };
        return run<T>(arguments, 1, p, std::move(progress), work);
    };
    return as_tuple(single ? call(0.0F) : call(0.0));
}

}  // namespace

void bind_linear_model(py::module_& module) {
    py::module_ m = module.def_submodule("linear_model", "Sparse linear models.");
    m.def("lasso_path", &lasso_path, py::arg("X"), py::arg("y"), py::arg("alphas"), py::arg("n_alphas"),
          py::arg("eps"), py::arg("l1_ratio"), py::arg("start"), py::arg("sample_weight"), py::arg("center"),
          py::arg("gram"), py::arg("gram_error"), py::arg("correlations"), py::arg("penalty_factor"),
          py::arg("lower"), py::arg("upper"), py::arg("tol"), py::arg("max_iter"), py::arg("positive"),
          py::arg("relaxed"), py::arg("joint"), py::arg("updates"), py::arg("max_time"), py::arg("n_jobs"),
          py::arg("progress"),
          "alphas, coefficients (targets, alphas, features), gaps, passes, converged, exact, means; jointly: "
          "coefficients (alphas, targets, features), and one row of the others.");
    m.def("gram_path", &gram_path, py::arg("gram"), py::arg("norms"), py::arg("correlations"),
          py::arg("y_squared"), py::arg("n_samples"), py::arg("cancellation"), py::arg("single"),
          py::arg("alphas"), py::arg("n_alphas"), py::arg("eps"), py::arg("l1_ratio"),
          py::arg("penalty_factor"), py::arg("lower"), py::arg("upper"), py::arg("tol"), py::arg("max_iter"),
          py::arg("positive"), py::arg("relaxed"), py::arg("max_time"), py::arg("progress"),
          "As lasso_path, from the Gram matrix alone; means are 0.");
    bind_moments(m);
}

}  // namespace mlqa::bindings
