#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "bindings/sparse.hpp"
#include "core/arena.hpp"
#include "core/threads.hpp"
#include "over_sampling/labels.hpp"
#include "over_sampling/smote.hpp"

namespace mlqa::bindings {
namespace {

namespace os = over_sampling;

template <class T>
using Contiguous = py::array_t<T, aligned_rows>;
using Indices = Contiguous<std::int64_t>;

void check_below(const Indices& positions, index_t bound, const char* message) {
    bool within = true;
    for (py::ssize_t i = 0; i < positions.size(); ++i)
        within = within && positions.data()[i] >= 0 && positions.data()[i] < bound;
    if (!within) throw py::value_error(message);
}

/// Ends and fractions as a view; every end is a row below `rows`.
os::Segments segments(const Indices& base, const Indices& neighbor, const Contiguous<double>& fraction,
                      index_t rows) {
    if (base.ndim() != 1 || neighbor.ndim() != 1 || fraction.ndim() != 1 || neighbor.size() != base.size() ||
        fraction.size() != base.size())
        throw py::value_error("base, neighbor and fraction must be vectors of the same length");
    for (const Indices* ends : {&base, &neighbor})
        check_below(*ends, rows, "base and neighbor must be rows of X");
    return {base.data(), neighbor.data(), fraction.data(), base.size()};
}

/// A row-major copy with room for more rows, and whether the rows are finite.
template <class T>
std::pair<py::array_t<T>, bool> copy_rows(const py::array_t<T, aligned_strides>& x, index_t extra,
                                          int n_jobs) {
    if (x.ndim() != 2) throw py::value_error("X must be a matrix");
    if (extra < 0 || extra > std::numeric_limits<index_t>::max() - x.shape(0))
        throw py::value_error("extra must be a number of rows");
    for (int axis = 0; axis < 2; ++axis)
        if (x.strides(axis) % static_cast<py::ssize_t>(sizeof(T)) != 0)
            throw py::value_error("the strides of X must be multiples of its item size");
    const auto size = static_cast<py::ssize_t>(sizeof(T));
    const MatrixView<const T> view{x.data(), x.shape(0), x.shape(1), x.strides(0) / size,
                                   x.strides(1) / size};
    auto out = empty<T>({view.rows + extra, view.cols});
    T* to = out.mutable_data();
    bool finite = false;
    native_look([&] { return os::copy_rows(view, threads::resolve(n_jobs), to, finite); });
    return {std::move(out), finite};
}

/// Rows that are given, and room for `count` rows of `out` from `first` on, which may be the same array.
template <class T>
void check_room(const Contiguous<T>& rows, const Contiguous<T>& out, index_t first, index_t count) {
    if (rows.ndim() != 2 || out.ndim() != 2 || rows.shape(1) != out.shape(1))
        throw py::value_error("rows and out must be matrices with the same number of columns");
    if (first < 0 || first > out.shape(0) || count < 0 || out.shape(0) - first < count)
        throw py::value_error("out must have room for the new rows from first on");
}

/// Rows `first` and after of `out` become points between rows of `rows`, which may be the same array: then
/// those before `first`.
template <class T>
void interpolate(const Contiguous<T>& rows, const Indices& base, const Indices& neighbor,
                 const Contiguous<double>& fraction, Contiguous<T>& out, index_t first, int n_jobs) {
    check_room(rows, out, first, base.size());
    const bool same = rows.data() == out.data();
    const os::Segments s = segments(base, neighbor, fraction, same ? first : rows.shape(0));
    const index_t d = rows.shape(1);
    T* to = out.mutable_data() + first * d;
    native_call([&] { return os::interpolate(rows.data(), d, s, threads::resolve(n_jobs), to); });
}

os::Stream stream_of(bool philox, std::uint64_t seed, std::uint64_t number, index_t n, index_t k) {
    constexpr std::uint64_t words = std::uint64_t{1} << 32;
    const bool fits = n > 0 && k > 0 && static_cast<std::uint64_t>(n) < words &&
                      static_cast<std::uint64_t>(k) < words && n * k >= 2 &&
                      static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(k) <= words - philox;
    if (!fits || (!philox && seed >= words))
        throw py::value_error("draws take a seed below 2**32 and 2 to 2**32 segments");
    return {philox, seed, number, static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(k)};
}

/// As interpolate, on segments that are drawn among those of a class to its neighbours; with `provenance`
/// their ends and fractions come back.
template <class T>
py::object draw_and_interpolate(const Contiguous<T>& rows, const std::optional<Indices>& of_class,
                                const Indices& nearest, bool philox, std::uint64_t seed, std::uint64_t number,
                                index_t count, Contiguous<T>& out, index_t first, bool provenance,
                                int n_jobs) {
    check_room(rows, out, first, count);
    const index_t readable = rows.data() == out.data() ? first : rows.shape(0);
    if (nearest.ndim() != 2 || (of_class && of_class->ndim() != 1) ||
        nearest.shape(0) != (of_class ? of_class->size() : readable))
        throw py::value_error("nearest must have a row for each row of the class");
    const index_t n = nearest.shape(0), k = nearest.shape(1);
    if (of_class) check_below(*of_class, readable, "rows of the class must be rows of X");
    check_below(nearest, n, "nearest must be positions in the class");
    const os::Stream stream = stream_of(philox, seed, number, n, k);
    const os::Neighborhoods neighborhoods{of_class ? of_class->data() : nullptr, nearest.data(), n, k};
    py::object kept = py::none();
    os::Provenance to;
    if (provenance) {
        auto base = empty<std::int64_t>({count}), neighbor = empty<std::int64_t>({count});
        auto fraction = empty<double>({count});
        to = {base.mutable_data(), neighbor.mutable_data(), fraction.mutable_data()};
        kept = py::make_tuple(base, neighbor, fraction);
    }
    const index_t d = rows.shape(1);
    T* target = out.mutable_data() + first * d;
    native_call([&] {
        return os::draw_and_interpolate(rows.data(), d, neighborhoods, stream, count,
                                        threads::resolve(n_jobs), target, to);
    });
    return kept;
}

/// Cells and fractions themselves.
std::pair<py::array_t<std::int64_t>, py::array_t<double>> draw(bool philox, std::uint64_t seed,
                                                               std::uint64_t number, index_t n, index_t k,
                                                               index_t count) {
    if (count < 0) throw py::value_error("count must not be negative");
    os::Draws draws(stream_of(philox, seed, number, n, k), count, std::max<index_t>(1, count));
    auto cells = empty<std::int64_t>({count});
    auto fractions = empty<double>({count});
    std::int64_t* c = cells.mutable_data();
    double* f = fractions.mutable_data();
    native_call([&] {
        const arena::Buffer<std::uint32_t> drawn(static_cast<std::size_t>(count));
        const Status status = draws.prepare();
        if (status != Status::ok) return status;
        draws.take(drawn.data(), f);
        std::copy(drawn.begin(), drawn.end(), c);
        return Status::ok;
    });
    return {cells, fractions};
}

using Resampled = std::tuple<py::array, py::array, py::array>;

/// O: the type of the result's indices. `ends`: offsets of the points.
template <class O, class T, class I>
Resampled sparse_result(const SparseView<T, I>& x, const os::Segments& s, const index_t* ends, int n_jobs) {
    auto values = empty<T>({ends[s.count]});
    auto indices = empty<O>({ends[s.count]});
    auto offsets = empty<O>({x.outer + s.count + 1});
    T* v = values.mutable_data();
    O *j = indices.mutable_data(), *o = offsets.mutable_data();
    native_call([&] {
        const int threads = threads::resolve(n_jobs);
        for (index_t i = 1; i <= s.count; ++i) o[x.outer + i] = static_cast<O>(ends[i]);
        const Status status = os::sparse_copy(x, threads, v, j, o);
        return status == Status::ok ? os::sparse_interpolate(x, s, ends, threads, v, j) : status;
    });
    return {values, indices, offsets};
}

/// The rows of a CSR matrix with sorted indices, then the points of the segments. Indices keep their type
/// unless there are more entries than it counts.
template <class T, class I>
Resampled sparse_resample(const Contiguous<T>& values, const Contiguous<I>& indices,
                          const Contiguous<I>& offsets, index_t columns, const Indices& base,
                          const Indices& neighbor, const Contiguous<double>& fraction, int n_jobs) {
    const SparseView<T, I> x = sparse_view(values, indices, offsets, columns);
    const os::Segments s = segments(base, neighbor, fraction, x.outer);
    const arena::Buffer<index_t> ends(static_cast<std::size_t>(s.count) + 1);
    native_call(
        [&] { return os::sparse_offsets(x, s, x.offsets[x.outer], threads::resolve(n_jobs), ends.data()); });
    if (ends[static_cast<std::size_t>(s.count)] > std::numeric_limits<I>::max())
        return sparse_result<std::int64_t>(x, s, ends.data(), n_jobs);
    return sparse_result<I>(x, s, ends.data(), n_jobs);
}

template <class L>
VectorView<const L> labels_view(const py::array_t<L, aligned_strides>& y) {
    if (y.ndim() != 1 || y.size() == 0) throw py::value_error("y must be a vector that is not empty");
    constexpr auto size = static_cast<py::ssize_t>(sizeof(L));
    if (y.strides(0) % size != 0)
        throw py::value_error("the stride of y must be a multiple of its item size");
    return {y.data(), y.size(), y.strides(0) / size};
}

template <class L>
py::object count_labels(const py::array_t<L, aligned_strides>& y) {
    const VectorView<const L> view = labels_view(y);
    os::LabelCounts<L> table;
    native_look([&] { return os::count_labels(view, table); });
    if (table.count.size() == 0) return py::none();
    const auto present =
        std::count_if(table.count.begin(), table.count.end(), [](index_t n) { return n > 0; });
    auto labels = empty<L>({present});
    auto counts = empty<std::int64_t>({present});
    py::ssize_t at = 0;
    for (std::size_t c = 0; c < table.count.size(); ++c) {
        if (table.count[c] == 0) continue;
        labels.mutable_data()[at] = static_cast<L>(static_cast<std::uint64_t>(table.least) + c);
        counts.mutable_data()[at++] = table.count[c];
    }
    return py::make_tuple(labels, counts);
}

template <class L>
Indices label_rows(const py::array_t<L, aligned_strides>& y, const Contiguous<L>& labels,
                   const Indices& counts) {
    const VectorView<const L> view = labels_view(y);
    if (labels.ndim() != 1 || counts.ndim() != 1 || labels.size() != counts.size())
        throw py::value_error("labels and counts must be vectors of the same length");
    index_t total = 0, found = 0;
    for (py::ssize_t c = 0; c < counts.size(); ++c) {
        if (counts.data()[c] < 0 || counts.data()[c] > y.size() - total)
            throw py::value_error("counts must be those of the labels");
        total += counts.data()[c];
    }
    auto rows = empty<std::int64_t>({total});
    index_t* to = rows.mutable_data();
    native_look([&] { return os::label_rows(view, labels.data(), counts.data(), labels.size(), to, found); });
    if (found != total) throw py::value_error("counts must be those of the labels");
    return rows;
}

template <class T>
void bind_dense(py::module_& m) {
    m.def("copy_rows", &copy_rows<T>, py::arg("x").noconvert(), py::arg("extra"), py::arg("n_jobs") = 0,
          "A row-major copy of x with room for extra rows, and whether x is finite.");
    m.def("interpolate", &interpolate<T>, py::arg("rows").noconvert(), py::arg("base").noconvert(),
          py::arg("neighbor").noconvert(), py::arg("fraction").noconvert(), py::arg("out").noconvert(),
          py::arg("first") = 0, py::arg("n_jobs") = 0,
          "Fill out from row first on with points between rows; out may be rows itself.");
    m.def("draw_and_interpolate", &draw_and_interpolate<T>, py::arg("rows").noconvert(),
          py::arg("of_class").noconvert(), py::arg("nearest").noconvert(), py::arg("philox"), py::arg("seed"),
          py::arg("number"), py::arg("count"), py::arg("out").noconvert(), py::arg("first") = 0,
          py::arg("provenance") = false, py::arg("n_jobs") = 0,
          "interpolate on count segments drawn between rows of a class and their nearest; base, neighbor and "
          "fraction of each, if asked for.");
}

template <class L>
void bind_labels(py::module_& m) {
    m.def("count_labels", &count_labels<L>, py::arg("y").noconvert(),
          "Labels in ascending order and how many rows have each; None where they lie far apart.");
    m.def("label_rows", &label_rows<L>, py::arg("y").noconvert(), py::arg("labels").noconvert(),
          py::arg("counts").noconvert(), "Rows of y with each label, all in one vector.");
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
    m.def("draw", &draw, py::arg("philox"), py::arg("seed"), py::arg("number"), py::arg("n"), py::arg("k"),
          py::arg("count"), "Cells below n k and fractions in [0, 1) of count segments.");
    bind_labels<std::int8_t>(m);
    bind_labels<std::int16_t>(m);
    bind_labels<std::int32_t>(m);
    bind_labels<std::int64_t>(m);
    bind_labels<std::uint8_t>(m);
    bind_labels<std::uint16_t>(m);
    bind_labels<std::uint32_t>(m);
    bind_labels<std::uint64_t>(m);
    bind_sparse<float, std::int32_t>(m);
    bind_sparse<float, std::int64_t>(m);
    bind_sparse<double, std::int32_t>(m);
    bind_sparse<double, std::int64_t>(m);
}

}  // namespace mlqa::bindings
