#include "core/cancel.hpp"

#include <atomic>

namespace mlqa::cancel {
namespace {

constexpr std::chrono::milliseconds interval{poll_interval_ms};

thread_local Call* current = nullptr;
std::atomic<std::uint64_t> request_count{0};

}  // namespace

Scope::Scope(Hook& hook) noexcept {
    const auto first = Call::clock::now() + interval;
    call_ = {&hook, current, requests(), first, first, false};
    current = &call_;
}

Scope::~Scope() {
    current = call_.outer;
}

bool poll() noexcept {
    return poll(-1, -1, 0.0);
}

bool poll(std::int64_t done, std::int64_t total, double certificate) noexcept {
    if (current == nullptr) return false;
    if (current->stopped) return true;
    Call& call = *current;
    const auto now = Call::clock::now();
    const bool report = total >= 0 && now >= call.next_report;
    if (!report && now < call.next_check) return false;
    if (report) {
        call.hook->progress(done, total, certificate);
        call.next_report = Call::clock::now() + interval;
    }
    call.stopped = requests() != call.requests_at_start || call.hook->should_stop();
    call.next_check = Call::clock::now() + interval;
    return call.stopped;
}

void request_all() noexcept {
    request_count.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t requests() noexcept {
    return request_count.load(std::memory_order_relaxed);
}

}  // namespace mlqa::cancel
