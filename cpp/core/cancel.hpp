// Cancellation and progress. Drivers call poll() at least every 50 ms of work on the calling thread; whoever
// started the call (the Python binding, a C++ program) installs a Hook that says whether to go on.
#pragma once

#include <chrono>
#include <cstdint>

namespace mlqa::cancel {

class Hook {
public:
    virtual ~Hook() = default;
    /// True: stop. Called on the thread that installed the hook, at most every `poll_interval_ms`.
    virtual bool should_stop() = 0;
    /// `done` of `total` steps, and the certificate reached so far (NaN: none). Same thread and rate.
    virtual void progress(std::int64_t done, std::int64_t total, double certificate) = 0;
};

constexpr int poll_interval_ms = 20;

/// A call that is being watched. Progress has a clock of its own: polls without a report, which are many,
/// must not use up its turns.
struct Call {
    using clock = std::chrono::steady_clock;
    Hook* hook;
    Call* outer;
    std::uint64_t requests_at_start;
    clock::time_point next_check;
    clock::time_point next_report;
    bool stopped;
};

/// Installs a hook for the calling thread while it lives.
class Scope {
public:
    explicit Scope(Hook& hook) noexcept;
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

private:
    Call call_;
};

/// True once the running call is to stop; cheap enough for once a block. False where no hook is installed.
bool poll() noexcept;
/// poll(), reporting progress on the way.
bool poll(std::int64_t done, std::int64_t total, double certificate) noexcept;

/// Asks every call that runs now, on any thread, to stop; calls that start later are not concerned.
void request_all() noexcept;
/// Counts the requests: a call is to stop when this differs from its value at the start.
std::uint64_t requests() noexcept;

}  // namespace mlqa::cancel
