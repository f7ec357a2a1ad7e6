#include <pybind11/numpy.h>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "core/arena.hpp"
#include "pairwise/tiles.kernel.hpp"

namespace mlqa::bindings {
namespace {

template <class T>
using Rows = py::array_t<T, py::array::c_style>;

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

}  // namespace

void bind_pairwise(py::module_& module) {
    py::module_ m = module.def_submodule("pairwise", "The engine for products of two sets of rows.");
    m.def("product", &product<float>, py::arg("a").noconvert(), py::arg("b").noconvert(),
          "Products of all rows of a with all rows of b.");
    m.def("product", &product<double>, py::arg("a").noconvert(), py::arg("b").noconvert(),
          "Products of all rows of a with all rows of b.");
}

}  // namespace mlqa::bindings
