#include "bindings/call.hpp"

#include <atomic>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace mlqa::bindings {
namespace {

unsigned long main_thread = 0;
std::atomic<std::int64_t> call_count{0};

}  // namespace

void remember_main_thread() {
    main_thread = py::module_::import("threading").attr("main_thread")().attr("ident").cast<unsigned long>();
#if defined(__unix__) || defined(__APPLE__)
    // The thread that forks is the child's main thread.
    pthread_atfork(nullptr, nullptr, [] { main_thread = PyThread_get_thread_ident(); });
#endif
}

std::int64_t native_calls() {
    return call_count.load(std::memory_order_relaxed);
}

CallHook::CallHook(py::object progress, bool counted)
    : progress_(std::move(progress)), watches_signals_(PyThread_get_thread_ident() == main_thread) {
    if (counted) call_count.fetch_add(1, std::memory_order_relaxed);
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
        const int truth = PyObject_IsTrue(answer.ptr());
        if (truth < 0) throw py::error_already_set();
        stopped_by_callback_ = truth == 1;
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
