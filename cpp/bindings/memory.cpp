#include "bindings/memory.hpp"

#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstring>

#include "core/arena.hpp"

namespace mlqa::bindings {
namespace {

void* handler_malloc(void*, std::size_t bytes) {
    return arena::allocate(bytes);
}
void* handler_calloc(void*, std::size_t count, std::size_t size) {
    return arena::allocate_zeroed(count, size);
}
void handler_free(void*, void* block, std::size_t) {
    arena::release(block);
}

void* handler_realloc(void*, void* block, std::size_t bytes) {
    return arena::resize(block, bytes);
}

PyObject* handler_capsule() {
    static PyDataMem_Handler handler = {
        "mlqa_fast_arena", 1, {nullptr, handler_malloc, handler_calloc, handler_realloc, handler_free}};
    static PyObject* const capsule = PyCapsule_New(&handler, "mem_handler", nullptr);
    return capsule;
}

/// NumPy takes an array's memory from the handler of the running context; ours is set for one allocation.
class HandlerScope {
public:
    HandlerScope() : outer_(PyDataMem_SetHandler(handler_capsule())) {
        if (outer_ == nullptr) throw py::error_already_set();
    }
    ~HandlerScope() {
        Py_XDECREF(PyDataMem_SetHandler(outer_));
        Py_DECREF(outer_);
    }
    HandlerScope(const HandlerScope&) = delete;
    HandlerScope& operator=(const HandlerScope&) = delete;

private:
    PyObject* outer_;
};

}  // namespace

void import_numpy() {
    if (_import_array() < 0) throw py::error_already_set();
}

py::array empty_array(const py::dtype& dtype, const std::vector<py::ssize_t>& shape, bool fortran_order) {
    const HandlerScope scope;
    auto* descr = reinterpret_cast<PyArray_Descr*>(py::dtype(dtype).release().ptr());
    PyObject* made = PyArray_Empty(static_cast<int>(shape.size()), const_cast<npy_intp*>(shape.data()), descr,
                                   fortran_order ? 1 : 0);
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::array>(made);
}

py::array empty_in_order(const py::dtype& dtype, const std::vector<py::ssize_t>& shape,
                         const std::vector<int>& axes) {
    const HandlerScope scope;
    std::vector<npy_intp> dims(shape.begin(), shape.end()), strides(shape.size());
    npy_intp stride = dtype.itemsize();
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
        strides[static_cast<std::size_t>(*axis)] = stride;
        stride *= std::max<npy_intp>(1, dims[static_cast<std::size_t>(*axis)]);
    }
    static char nowhere;  // NumPy takes the order from an example, whose data is never touched
    auto* descr = reinterpret_cast<PyArray_Descr*>(py::dtype(dtype).release().ptr());
    const auto example = py::reinterpret_steal<py::object>(
        PyArray_NewFromDescr(&PyArray_Type, descr, static_cast<int>(dims.size()), dims.data(), strides.data(),
                             &nowhere, 0, nullptr));
    if (!example) throw py::error_already_set();
    PyObject* made =
        PyArray_NewLikeArray(reinterpret_cast<PyArrayObject*>(example.ptr()), NPY_KEEPORDER, nullptr, 0);
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::array>(made);
}

void copy_into(const py::array& target, const py::array& source) {
    if (PyArray_CopyInto(reinterpret_cast<PyArrayObject*>(target.ptr()),
                         reinterpret_cast<PyArrayObject*>(source.ptr())) < 0)
        throw py::error_already_set();
}

}  // namespace mlqa::bindings
