#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "bindings/sparse.hpp"
#include "core/arena.hpp"
#include "core/threads.hpp"
#include "pairwise/cross.hpp"
#include "pairwise/knn.hpp"
#include "pairwise/knn_sparse.hpp"
#include "pairwise/products.hpp"
#include "pairwise/tiles.kernel.hpp"

namespace mlqa::bindings {
namespace {

template <class T>
using Rows = py::array_t<T, aligned_rows>;

const TileTable<float>& table(float) {
    return tiles_kernels().f32;
}
const TileTable<double>& table(double) {
    return tiles_kernels().f64;
}

index_t padded(index_t rows, int width) {
    return (rows + width - 1) / width * width;
}

template <class T>
arena::Buffer<T> packed(const Rows<T>& x, int width) {
    const index_t rows = x.shape(0), d = x.shape(1);
    arena::Buffer<T> out(static_cast<std::size_t>(padded(rows, width) * d));
    if constexpr (sizeof(T) == 4)
        table(T{}).pack_f32(x.data(), d, 1, nullptr, rows, d, nullptr, width, out.data());
    else
        table(T{}).pack_f64(x.data(), d, 1, nullptr, rows, d, nullptr, width, out.data());
    return out;
}

/// Products of all rows of a with all rows of b through the tile engine, for its tests.
template <class T>
py::array_t<T> product(const Rows<T>& a, const Rows<T>& b) {
    if (a.ndim() != 2 || b.ndim() != 2 || a.shape(1) != b.shape(1))
        throw py::value_error("a and b must be matrices with the same number of columns");
    auto g = empty<T>({a.shape(0), b.shape(0)});
    const index_t d = a.shape(1), m = a.shape(0), n = b.shape(0);
    T* out = g.mutable_data();
    native_call([&] {
        const auto blocks = packed(a, table(T{}).block_rows);
        const auto panels = packed(b, table(T{}).panel_width);
        table(T{}).product(blocks.data(), m, panels.data(), 0, n, d, out, n);
        return Status::ok;
    });
    return g;
}

using Positions = py::array_t<std::int64_t, aligned_rows>;
using Bounds = std::pair<py::array_t<double>, py::array_t<double>>;
using Found = std::pair<py::array_t<double>, py::array_t<std::int64_t>>;

template <class T>
KnnRows<T> knn_rows(const Rows<T>& x) {
    if (x.ndim() != 2) throw py::value_error("X and queries must be matrices");
    return {x.data(), x.shape(1), nullptr, x.shape(0), x.shape(1)};
}

void check_positions(const Positions& positions, index_t rows, const char* what) {
    if (positions.ndim() != 1) throw py::value_error(std::string(what) + " must be a vector");
    for (py::ssize_t i = 0; i < positions.size(); ++i)
        if (positions.data()[i] < 0 || positions.data()[i] >= rows)
            throw py::value_error(std::string(what) + " must be between 0 and " + std::to_string(rows - 1));
}

template <class T>
Found run_knn(const pairwise::KnnProblem<T>& problem, bool distances, int n_jobs) {
    const index_t most = problem.base.rows - (problem.self != nullptr ? 1 : 0);
    if (problem.k < 1 || (problem.k > most && problem.queries.rows > 0))
        throw py::value_error("k must be between 1 and " + std::to_string(most));
    auto position = empty<std::int64_t>({problem.queries.rows, problem.k});
    auto squared = empty<double>({distances ? problem.queries.rows : 0, problem.k});
    std::int64_t* at = position.mutable_data();
    double* to = distances ? squared.mutable_data() : nullptr;
    native_call([&] { return pairwise::knn(problem, threads::resolve(n_jobs), at, to); });
    return {squared, position};
}

/// Neighbours among rows[0], rows[1], ... of x (None: all rows) of those at `queries` (None: of all).
template <class T>
Found knn_within(const Rows<T>& x, index_t k, const std::optional<Positions>& rows,
                 const std::optional<Positions>& queries, bool distances, int n_jobs) {
    pairwise::KnnProblem<T> problem;
    problem.base = knn_rows(x);
    if (rows) {
        check_positions(*rows, x.shape(0), "rows");
        problem.base.index = rows->data();
        problem.base.rows = rows->size();
    }
    if (queries) check_positions(*queries, problem.base.rows, "queries");
    const index_t m = queries ? queries->size() : problem.base.rows;
    arena::Buffer<index_t> self(static_cast<std::size_t>(m)), at(static_cast<std::size_t>(m));
    for (index_t i = 0; i < m; ++i) {
        self.data()[i] = queries ? queries->data()[i] : i;
        at.data()[i] = rows ? rows->data()[self.data()[i]] : self.data()[i];
    }
    problem.queries = problem.base;
    problem.queries.index = at.data();
    problem.queries.rows = m;
    problem.self = self.data();
    problem.k = k;
    return run_knn(problem, distances, n_jobs);
}

template <class T>
Found knn_between(const Rows<T>& x, const Rows<T>& queries, index_t k, bool distances, int n_jobs) {
    pairwise::KnnProblem<T> problem;
    problem.base = knn_rows(x);
    problem.queries = knn_rows(queries);
    problem.k = k;
    if (problem.base.d != problem.queries.d)
        throw py::value_error("X and queries must have the same number of columns");
    return run_knn(problem, distances, n_jobs);
}

template <class T>
std::optional<Bounds> knn_screen(const Rows<T>& x, const Rows<T>& queries, bool grouped) {
    const KnnRows<T> base = knn_rows(x), asked = knn_rows(queries);
    if (base.d != asked.d) throw py::value_error("X and queries must have the same number of columns");
    auto lower = empty<double>({asked.rows, base.rows}), upper = empty<double>({asked.rows, base.rows});
    bool valid = false;
    native_call([&] {
        const auto bounds = grouped ? pairwise::cross_screen_bounds<T> : pairwise::knn_screen_bounds<T>;
        valid = bounds(base, asked, lower.mutable_data(), upper.mutable_data());
        return Status::ok;
    });
    if (!valid) return std::nullopt;
    return Bounds{lower, upper};
}

/// Neighbours among all other rows of a CSR matrix with sorted indices, of the rows `queries` (None: of all).
template <class T, class I>
Found knn_sparse(const Rows<T>& values, const Rows<I>& indices, const Rows<I>& offsets, index_t columns,
                 const std::optional<Positions>& queries, index_t k, bool distances, int n_jobs) {
    const SparseView<T, I> x = sparse_view(values, indices, offsets, columns);
    if (queries) check_positions(*queries, x.outer, "queries");
    const index_t m = queries ? queries->size() : x.outer;
    if (k < 1 || (k >= x.outer && m > 0))
        throw py::value_error("k must be between 1 and " + std::to_string(x.outer - 1));
    auto position = empty<std::int64_t>({m, k});
    auto squared = empty<double>({distances ? m : 0, k});
    std::int64_t* at = position.mutable_data();
    double* to = distances ? squared.mutable_data() : nullptr;
    const VectorView<const index_t> asked{queries ? queries->data() : nullptr, m};
    native_call([&] {
        return pairwise::knn_sparse(x, queries ? &asked : nullptr, k, threads::resolve(n_jobs), at, to);
    });
    return {squared, position};
}

template <class T, class I>
std::optional<Bounds> knn_sparse_screen(const Rows<T>& values, const Rows<I>& indices, const Rows<I>& offsets,
                                        index_t columns) {
    const SparseView<T, I> x = sparse_view(values, indices, offsets, columns);
    auto lower = empty<double>({x.outer, x.outer}), upper = empty<double>({x.outer, x.outer});
    bool valid = false;
    native_call([&] {
        valid = pairwise::knn_sparse_screen_bounds(x, lower.mutable_data(), upper.mutable_data());
        return Status::ok;
    });
    if (!valid) return std::nullopt;
    return Bounds{lower, upper};
}

template <class T, class I>
void bind_knn_sparse(py::module_& m) {
    m.def("knn_sparse", &knn_sparse<T, I>, py::arg("data").noconvert(), py::arg("indices").noconvert(),
          py::arg("indptr").noconvert(), py::arg("columns"), py::arg("queries").noconvert(), py::arg("k"),
          py::arg("distances") = false, py::arg("n_jobs") = 0,
          "Squared distances and positions of the k nearest other rows of rows of a CSR matrix.");
    m.def("knn_sparse_screen", &knn_sparse_screen<T, I>, py::arg("data").noconvert(),
          py::arg("indices").noconvert(), py::arg("indptr").noconvert(), py::arg("columns"),
          "Bounds below and above all squared distances as the screen of sparse rows knows them, or None.");
}

template <class T>
void bind_knn(py::module_& m) {
    m.def("knn_within", &knn_within<T>, py::arg("x").noconvert(), py::arg("k"),
          py::arg("rows").noconvert() = py::none(), py::arg("queries").noconvert() = py::none(),
          py::arg("distances") = false, py::arg("n_jobs") = 0,
          "Squared distances and positions of the k nearest other rows of rows of one set.");
    m.def("knn_between", &knn_between<T>, py::arg("x").noconvert(), py::arg("queries").noconvert(),
          py::arg("k"), py::arg("distances") = false, py::arg("n_jobs") = 0,
          "Squared distances and positions of the k rows of x nearest to each query.");
    m.def(
        "knn_screen", &knn_screen<T>, py::arg("x").noconvert(), py::arg("queries").noconvert(),
        py::arg("grouped") = false,
        "Bounds below and above all squared distances as the screen knows them, or None outside its range.");
}

void use_products(const std::string& name) {
    using pairwise::Products;
    const struct {
        const char* name;
        Products products;
    } known[] = {{"by shape", Products::by_shape}, {"tiles", Products::tiles}, {"model", Products::model}};
    for (const auto& k : known)
        if (name == k.name) return pairwise::use_products(k.products);
    throw py::value_error("no products are called " + name);
}

}  // namespace

void bind_pairwise(py::module_& module) {
    py::module_ m = module.def_submodule("pairwise", "The engine for products of two sets of rows.");
    m.def("product", &product<float>, py::arg("a").noconvert(), py::arg("b").noconvert(),
          "Products of all rows of a with all rows of b.");
    m.def("product", &product<double>, py::arg("a").noconvert(), py::arg("b").noconvert(),
          "Products of all rows of a with all rows of b.");
    bind_knn<float>(m);
    bind_knn<double>(m);
    m.def("use_products", &use_products, py::arg("name"),
          "What multiplies groups of rows: by shape, tiles or model; for tests.");
    bind_knn_sparse<float, std::int32_t>(m);
    bind_knn_sparse<float, std::int64_t>(m);
    bind_knn_sparse<double, std::int32_t>(m);
    bind_knn_sparse<double, std::int64_t>(m);
    bind_kmeans(m);
}

}  // namespace mlqa::bindings
