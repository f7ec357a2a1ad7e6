// How a binding enters native code: the GIL released, cancellation and progress connected, statuses and
// exceptions translated. Every binding of a driver goes through `native_call`.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <exception>
#include <optional>

#include "core/cancel.hpp"
#include "core/status.hpp"

namespace mlqa::bindings {

namespace py = pybind11;

/// Native calls entered so far: tests see by it that bad input is refused before any work.
std::int64_t native_calls();

/// Watches a native call for its Python caller: signals on the main thread, `mlqa_fast.cancel()` on all,
/// and a progress callable `progress(done, total, certificate)` that may return True to stop.
class CallHook final : public cancel::Hook {
public:
    explicit CallHook(py::object progress, bool counted = true);
    bool should_stop() override;
    void progress(std::int64_t done, std::int64_t total, double certificate) override;

    /// With the GIL held: raises what the call ended with, if it was stopped by an exception.
    void rethrow();
    /// True if the progress callable asked for the stop: the result so far is wanted.
    bool stopped_by_callback() const { return stopped_by_callback_; }

private:
    py::object progress_;
    bool watches_signals_ = false;  ///< Python delivers signals to its main thread alone
    bool stopped_by_callback_ = false;
    std::exception_ptr error_;
};

/// Notes which thread Python delivers signals to; once, when the module is imported.
void remember_main_thread();

/// The class raised for `mlqa_fast.cancel()`.
py::object cancelled_error();

[[noreturn]] void raise_cancelled();

/// Runs `body()` (returning Status) without the GIL. Cancelled by a signal: KeyboardInterrupt (or what the
/// handler raised); by `mlqa_fast.cancel()`: CancelledError; a progress callable that said stop returns
/// Status::cancelled, so that the caller may hand out what was reached.
template <class Body>
Status native_call(Body&& body, py::object progress = py::none(), bool counted = true) {
    CallHook hook(std::move(progress), counted);
    Status status = Status::ok;
    {
        const py::gil_scoped_release released;
        const cancel::Scope scope(hook);
        status = body();
    }
    hook.rethrow();
    if (status == Status::cancelled && !hook.stopped_by_callback()) raise_cancelled();
    return status;
}

/// A native call that only looks at its input, to find whether it may be worked on: it is not counted.
template <class Body>
Status native_look(Body&& body) {
    return native_call(std::forward<Body>(body), py::none(), false);
}

}  // namespace mlqa::bindings
