#include <pybind11/numpy.h>

#include <tuple>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "bindings/sparse.hpp"
#include "core/arena.hpp"
#include "core/threads.hpp"
#include "over_sampling/smote.hpp"

namespace mlqa::bindings {
namespace {

namespace os = over_sampling;

template <class T>
using Contiguous = py::array_t<T, aligned_rows>;
using Indices = Contiguous<std::int64_t>;

/// Ends and fractions as a view; every end is a row below `rows`.
os::Segments segments(const Indices& base, const Indices& neighbor, const Contiguous<double>& fraction,
                      index_t rows) {
    if (base.ndim() != 1 || neighbor.ndim() != 1 || fraction.ndim() != 1 || neighbor.size() != base.size() ||
        fraction.size() != base.size())
        throw py::value_error("base, neighbor and fraction must be vectors of the same length");
    for (const Indices* ends : {&base, &neighbor})
        for (py::ssize_t i = 0; i < ends->size(); ++i)
            if (ends->data()[i] < 0 || ends->data()[i] >= rows)
                throw py::value_error("base and neighbor must be rows of X");
    return {base.data(), neighbor.data(), fraction.data(), base.size()};
}

template <class T>
py::array_t<T> copy_rows(const py::array_t<T, aligned_strides>& x, index_t extra, int n_jobs) {
    if (x.ndim() != 2) throw py::value_error("X must be a matrix");
    if (extra < 0) throw py::value_error("extra must not be negative");
    for (int axis = 0; axis < 2; ++axis)
        if (x.strides(axis) % static_cast<py::ssize_t>(sizeof(T)) != 0)
            throw py::value_error("the strides of X must be multiples of its item size");
    const auto size = static_cast<py::ssize_t>(sizeof(T));
    const MatrixView<const T> view{x.data(), x.shape(0), x.shape(1), x.strides(0) / size,
                                   x.strides(1) / size};
    auto out = empty<T>({view.rows + extra, view.cols});
    T* to = out.mutable_data();
    native_call([&] { return os::copy_rows(view, threads::resolve(n_jobs), to); });
    return out;
}

/// Rows `first` and after of `out` become points between rows of `rows`, which may be the same array: then
/// those before `first`.
template <class T>
void interpolate(const Contiguous<T>& rows, const Indices& base, const Indices& neighbor,
                 const Contiguous<double>& fraction, Contiguous<T>& out, index_t first, int n_jobs) {
    if (rows.ndim() != 2 || out.ndim() != 2 || rows.shape(1) != out.shape(1))
        throw py::value_error("rows and out must be matrices with the same number of columns");
    if (first < 0 || first > out.shape(0) || out.shape(0) - first < base.size())
        throw py::value_error("out must have room for the new rows from first on");
    const bool same = rows.data() == out.data();
    const os::Segments s = segments(base, neighbor, fraction, same ? first : rows.shape(0));
    const index_t d = rows.shape(1);
    T* to = out.mutable_data() + first * d;
    native_call([&] { return os::interpolate(rows.data(), d, s, threads::resolve(n_jobs), to); });
}

/// The rows of a CSR matrix with sorted indices, then the points of the segments.
template <class T, class I>
std::tuple<py::array_t<T>, py::array_t<I>, py::array_t<std::int64_t>> sparse_resample(
    const Contiguous<T>& values, const Contiguous<I>& indices, const Contiguous<I>& offsets, index_t columns,
    const Indices& base, const Indices& neighbor, const Contiguous<double>& fraction, int n_jobs) {
    const SparseView<T, I> x = sparse_view(values, indices, offsets, columns);
    const os::Segments s = segments(base, neighbor, fraction, x.outer);
    arena::Buffer<index_t> ends(static_cast<std::size_t>(s.count) + 1);
    native_call([&] {
        os::sparse_offsets(x, s, x.end(x.outer - 1), ends.data());
        return Status::ok;
    });
    const index_t given = ends[0], total = ends[static_cast<std::size_t>(s.count)];
    auto out_values = empty<T>({total});
    auto out_indices = empty<I>({total});
    auto out_offsets = empty<std::int64_t>({x.outer + s.count + 1});
    T* v = out_values.mutable_data();
    I* j = out_indices.mutable_data();
    std::int64_t* o = out_offsets.mutable_data();
    native_call([&] {
        for (index_t i = 0; i < x.outer; ++i) o[i] = offsets.data()[i];
        for (index_t i = 0; i <= s.count; ++i) o[x.outer + i] = ends[static_cast<std::size_t>(i)];
        for (index_t p = 0; p < given; ++p) {
            v[p] = x.values[p];
            j[p] = x.indices[p];
        }
        return os::sparse_interpolate(x, s, ends.data(), threads::resolve(n_jobs), v, j);
    });
    return {out_values, out_indices, out_offsets};
}

template <class T>
void bind_dense(py::module_& m) {
    m.def("copy_rows", &copy_rows<T>, py::arg("x").noconvert(), py::arg("extra"), py::arg("n_jobs") = 0,
          "A row-major copy of x with room for extra rows.");
    m.def("interpolate", &interpolate<T>, py::arg("rows").noconvert(), py::arg("base").noconvert(),
          py::arg("neighbor").noconvert(), py::arg("fraction").noconvert(), py::arg("out").noconvert(),
          py::arg("first") = 0, py::arg("n_jobs") = 0,
          "Fill out from row first on with points between rows; out may be rows itself.");
}

template <class T, class I>
void bind_sparse(py::module_& m) {
    m.def("sparse_resample", &sparse_resample<T, I>, py::arg("data").noconvert(),
          py::arg("indices").noconvert(), py::arg("indptr").noconvert(), py::arg("columns"),
          py::arg("base").noconvert(), py::arg("neighbor").noconvert(), py::arg("fraction").noconvert(),
          py::arg("n_jobs") = 0,
          "Rows of a CSR matrix followed by points between them: data, indices, indptr.");
}

}  // namespace

void bind_over_sampling(py::module_& module) {
    py::module_ m = module.def_submodule("over_sampling", "Synthetic rows between given ones.");
    bind_dense<float>(m);
    bind_dense<double>(m);
    bind_sparse<float, std::int32_t>(m);
    bind_sparse<float, std::int64_t>(m);
    bind_sparse<double, std::int32_t>(m);
    bind_sparse<double, std::int64_t>(m);
}

}  // namespace mlqa::bindings
