#include "pairwise/kmeans.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "core/threads.hpp"

namespace mlqa::bindings {
namespace {

template <class T>
using Dense = py::array_t<T, aligned_rows>;
using Weights = std::optional<Dense<double>>;
using Labels = py::array_t<std::int32_t>;

template <class T>
void check_matrix(const Dense<T>& x) {
    if (x.ndim() != 2 || x.shape(1) < 1) throw py::value_error("x must be a matrix");
}

template <class T>
pairwise::KmeansProblem<T> problem_of(const Dense<T>& x, const Weights& weight, index_t clusters,
                                      int n_jobs) {
    if (x.shape(0) > std::numeric_limits<std::int32_t>::max())
        throw py::value_error("x must have fewer than 2^31 rows");
    if (clusters < 1 || clusters > x.shape(0))
        throw py::value_error("the number of clusters must be between 1 and " + std::to_string(x.shape(0)));
    if (weight && (weight->ndim() != 1 || weight->size() != x.shape(0)))
        throw py::value_error("weight must hold a number for each row of x");
    pairwise::KmeansProblem<T> problem;
    problem.rows = {x.data(), x.shape(1), nullptr, x.shape(0), x.shape(1)};
    problem.weight = weight ? weight->data() : nullptr;
    problem.clusters = clusters;
    problem.n_threads = threads::resolve(n_jobs);
    return problem;
}

/// Lloyd's iteration: centres, labels, inertia and the number of iterations.
template <class T>
std::tuple<py::array_t<T>, Labels, double, index_t> lloyd(const Dense<T>& x, const Weights& weight,
                                                          const Dense<T>& centres,
                                                          const std::optional<Dense<std::int32_t>>& guess,
                                                          double tol, index_t max_iter, int n_jobs) {
    check_matrix(x);
    if (centres.ndim() != 2 || centres.shape(1) != x.shape(1))
        throw py::value_error("centres must have the columns of x");
    if (guess && (guess->ndim() != 1 || guess->size() != x.shape(0)))
        throw py::value_error("guess must hold a label for each row of x");
    const index_t k = centres.shape(0);
    const auto problem = problem_of(x, weight, k, n_jobs);
    auto moved = empty<T>({k, x.shape(1)});
    auto label = empty<std::int32_t>({x.shape(0)});
    std::copy_n(centres.data(), centres.size(), moved.mutable_data());
    for (index_t i = 0; i < label.size(); ++i) {
        const std::int32_t at = guess ? guess->data()[i] : 0;
        if (at < 0 || at >= k) throw py::value_error("guess must be between 0 and " + std::to_string(k - 1));
        label.mutable_data()[i] = at;
    }
    pairwise::KmeansResult result{};
    T* to = moved.mutable_data();
    std::int32_t* labels = label.mutable_data();
    native_call([&] { return pairwise::kmeans(problem, tol, max_iter, to, labels, result); });
    return {moved, label, result.inertia, result.iterations};
}

/// The k-means++ seeds that draws in [0, 1) give, and the nearest of each row.
template <class T>
std::pair<py::array_t<std::int64_t>, Labels> seeds(const Dense<T>& x, const Weights& weight, index_t first,
                                                   const Dense<double>& draws, int n_jobs) {
    check_matrix(x);
    if (draws.ndim() != 2 || draws.shape(1) < 1 || draws.shape(1) > pairwise::most_trials)
        throw py::value_error("draws must be a matrix of 1 to 32 columns");
    const auto problem = problem_of(x, weight, draws.shape(0) + 1, n_jobs);
    if (first < 0 || first >= x.shape(0)) throw py::value_error("first must be a row of x");
    auto seed = empty<std::int64_t>({draws.shape(0) + 1});
    auto label = empty<std::int32_t>({x.shape(0)});
    std::int64_t* at = seed.mutable_data();
    std::int32_t* labels = label.mutable_data();
    at[0] = first;
    native_call([&] { return pairwise::kmeans_seeds(problem, draws.data(), draws.shape(1), at, labels); });
    return {seed, label};
}

template <class T>
void bind(py::module_& m) {
    m.def("kmeans_lloyd", &lloyd<T>, py::arg("x").noconvert(), py::arg("weight").noconvert(),
          py::arg("centres").noconvert(), py::arg("guess").noconvert() = py::none(), py::arg("tol") = 0.0,
          py::arg("max_iter") = 300, py::arg("n_jobs") = 0,
          "Centres, labels, inertia and number of iterations of Lloyd's iteration.");
    m.def("kmeans_seeds", &seeds<T>, py::arg("x").noconvert(), py::arg("weight").noconvert(),
          py::arg("first"), py::arg("draws").noconvert(), py::arg("n_jobs") = 0,
          "Rows that k-means++ chooses by the draws, and the nearest of them to each row.");
}

}  // namespace

void bind_kmeans(py::module_& pairwise) {
    bind<float>(pairwise);
    bind<double>(pairwise);
}

}  // namespace mlqa::bindings
