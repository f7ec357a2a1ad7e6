#include "bindings/memory.hpp"

#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#include <numpy/arrayobject.h>

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

}  // namespace mlqa::bindings
