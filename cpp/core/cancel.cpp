#include "core/cancel.hpp"

#include <chrono>

namespace mlqa::cancel {
namespace {

using clock = std::chrono::steady_clock;

struct Current {
    Hook* hook;
    std::uint64_t requests_at_start;
    clock::time_point next;
    bool stopped;
};

thread_local Current* current = nullptr;
std::atomic<std::uint64_t> request_count{0};

bool due(const Current& call, clock::time_point now) {
    return now >= call.next;
}

}  // namespace

Scope::Scope(Hook& hook) noexcept : outer_(current) {
    current =
        new Current{&hook, requests(), clock::now() + std::chrono::milliseconds(poll_interval_ms), false};
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
    const auto now = clock::now();
    if (!due(*current, now)) return false;
    if (total >= 0) current->hook->progress(done, total, certificate);
    current->stopped = requests() != current->requests_at_start || current->hook->should_stop();
    current->next = clock::now() + std::chrono::milliseconds(poll_interval_ms);
    return current->stopped;
}

void request_all() noexcept {
    request_count.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t requests() noexcept {
    return request_count.load(std::memory_order_relaxed);
}

}  // namespace mlqa::cancel
