#include "bindings/call.hpp"

namespace mlqa::bindings {
CallHook::CallHook(py::object progress) : progress_(std::move(progress)) {
    const py::module_ threading = py::module_::import("threading");
    watches_signals_ = threading.attr("current_thread")().is(threading.attr("main_thread")());
}

bool CallHook::should_stop() {
    if (error_ || stopped_by_callback_) return true;
    if (!watches_signals_) return false;
    const py::gil_scoped_acquire held;
    if (PyErr_CheckSignals() == 0) return false;
    try {
        throw py::error_already_set();
    } catch (...) {
        error_ = std::current_exception();
    }
    return true;
}

void CallHook::progress(std::int64_t done, std::int64_t total, double certificate) {
    if (progress_.is_none()) return;
    const py::gil_scoped_acquire held;
    try {
        const py::object answer = progress_(done, total, certificate);
        stopped_by_callback_ = PyObject_IsTrue(answer.ptr()) == 1;
    } catch (...) {
        error_ = std::current_exception();
    }
}

void CallHook::rethrow() {
    if (error_) std::rethrow_exception(error_);
}

py::object cancelled_error() {
    return py::module_::import("mlqa_fast._control").attr("CancelledError");
}

void raise_cancelled() {
    const py::object type = cancelled_error();
    PyErr_SetString(type.ptr(), "the computation was stopped by mlqa_fast.cancel()");
    throw py::error_already_set();
}

}  // namespace mlqa::bindings
