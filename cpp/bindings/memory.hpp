// Result arrays: NumPy arrays that own their data, which comes from the arena.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <initializer_list>
#include <vector>

namespace mlqa::bindings {

namespace py = pybind11;

/// Flags of arrays whose elements are reached through typed pointers: pybind11 hands over a copy of what is
/// misaligned. Such arguments are read only; a copy that is written to would be lost.
constexpr int aligned = py::detail::npy_api::NPY_ARRAY_ALIGNED_;
constexpr int aligned_rows = py::array::c_style | aligned;
constexpr int aligned_strides = py::array::forcecast | aligned;

/// Loads NumPy's C API; once, when the module is imported.
void import_numpy();

/// An uninitialised array of the given shape. Throws std::bad_alloc, also when the size overflows.
py::array empty_array(const py::dtype& dtype, const std::vector<py::ssize_t>& shape,
                      bool fortran_order = false);

template <class T>
py::array_t<T> empty(const std::vector<py::ssize_t>& shape, bool fortran_order = false) {
    return py::reinterpret_steal<py::array_t<T>>(
        empty_array(py::dtype::of<T>(), shape, fortran_order).release());
}

/// An uninitialised array whose axes lie in memory in the given order, the outermost first, without gaps.
py::array empty_in_order(const py::dtype& dtype, const std::vector<py::ssize_t>& shape,
                         const std::vector<int>& axes);

/// target[...] = source, whatever their strides and alignment; they have the same shape.
void copy_into(const py::array& target, const py::array& source);

}  // namespace mlqa::bindings
