#include <chrono>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

#include "core/cancel.hpp"
#include "tests/check.hpp"

namespace {

namespace cancel = mlqa::cancel;

struct Recorder final : cancel::Hook {
    bool should_stop() override {
        ++checks;
        return stop;
    }
    void progress(std::int64_t done, std::int64_t total, double certificate) override {
        reports.push_back(done);
        totals.push_back(total);
        last_certificate = certificate;
    }
    int checks = 0;
    bool stop = false;
    double last_certificate = 0;
    std::vector<std::int64_t> reports, totals;
};

void wait() {
    std::this_thread::sleep_for(std::chrono::milliseconds(cancel::poll_interval_ms + 2));
}

TEST(without_a_hook_nothing_stops) {
    cancel::request_all();
    CHECK(!cancel::poll());
}

TEST(the_hook_is_asked_no_more_often_than_the_interval) {
    Recorder hook;
    const cancel::Scope scope(hook);
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(100)) cancel::poll();
    CHECK(hook.checks >= 1);
    CHECK(hook.checks <= 100 / cancel::poll_interval_ms);
}

TEST(reports_are_not_starved_by_plain_polls) {
    Recorder hook;
    const cancel::Scope scope(hook);
    for (int i = 0; i < 10; ++i) {
        wait();
        cancel::poll();
        cancel::poll(i, 10, 0.5);
    }
    CHECK(hook.reports.size() >= 9);
    CHECK(hook.totals.front() == 10);
    CHECK(hook.last_certificate == 0.5);
}

TEST(a_request_stops_what_runs_and_stays) {
    Recorder hook;
    const cancel::Scope scope(hook);
    CHECK(!cancel::poll());
    std::thread([] { cancel::request_all(); }).join();
    wait();
    CHECK(cancel::poll());
    CHECK(cancel::poll());
}

TEST(a_request_does_not_concern_what_starts_later) {
    cancel::request_all();
    Recorder hook;
    const cancel::Scope scope(hook);
    wait();
    CHECK(!cancel::poll());
}

TEST(inner_scopes_give_way_to_outer_ones) {
    Recorder outer, inner;
    const cancel::Scope outer_scope(outer);
    {
        inner.stop = true;
        const cancel::Scope inner_scope(inner);
        wait();
        CHECK(cancel::poll());
    }
    wait();
    CHECK(!cancel::poll());
    CHECK(outer.checks == 1);
}

TEST(other_threads_have_no_hook_of_ours) {
    Recorder hook;
    hook.stop = true;
    const cancel::Scope scope(hook);
    wait();
    bool stopped = true;
    std::thread([&] { stopped = cancel::poll(); }).join();
    CHECK(!stopped);
}

}  // namespace
