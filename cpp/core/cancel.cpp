#include "core/cancel.hpp"

#include <chrono>

namespace mlqa::cancel {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds interval{poll_interval_ms};

/// Progress has a clock of its own: polls without a report, which are many, must not use up its turns.
struct Current {
    Hook* hook;
    std::uint64_t requests_at_start;
    clock::time_point next_check;
    clock::time_point next_report;
    bool stopped;
};

thread_local Current* current = nullptr;
std::atomic<std::uint64_t> request_count{0};

}  // namespace

Scope::Scope(Hook& hook) noexcept : outer_(current) {
    const auto first = clock::now() + interval;
    current = new Current{&hook, requests(), first, first, false};
}

Scope::~Scope() {
    delete current;
    current = static_cast<Current*>(outer_);
}

bool poll() noexcept {
    return poll(-1, -1, 0.0);
}

bool poll(std::int64_t done, std::int64_t total, double certificate) noexcept {
    if (current == nullptr) return false;
    if (current->stopped) return true;
    Current& call = *current;
    const auto now = clock::now();
    const bool report = total >= 0 && now >= call.next_report;
    if (!report && now < call.next_check) return false;
    if (report) {
        call.hook->progress(done, total, certificate);
        call.next_report = clock::now() + interval;
    }
    call.stopped = requests() != call.requests_at_start || call.hook->should_stop();
    call.next_check = clock::now() + interval;
    return call.stopped;
}

void request_all() noexcept {
    request_count.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t requests() noexcept {
    return request_count.load(std::memory_order_relaxed);
}

}  // namespace mlqa::cancel
