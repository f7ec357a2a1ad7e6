#include <atomic>
#include <chrono>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "tests/check.hpp"

namespace {

using mlqa::Status;
namespace threads = mlqa::threads;

TEST(every_chunk_runs_once) {
    for (const int n_threads : {1, 2, 3, 8, 64}) {
        for (const std::int64_t chunks : {0, 1, 2, 7, 1000}) {
            std::vector<std::atomic<int>> count(static_cast<std::size_t>(chunks));
            const Status status =
                threads::parallel_for(chunks, n_threads, [&](std::int64_t c, int) { ++count[c]; });
            CHECK(status == Status::ok);
            for (const auto& n : count) CHECK(n == 1);
        }
    }
}

TEST(no_two_threads_have_the_same_worker) {
    constexpr int n_threads = 5;
    std::vector<std::atomic<int>> busy(n_threads);
    std::atomic<int> clashes{0}, outside{0};
    threads::parallel_for(2000, n_threads, [&](std::int64_t chunk, int worker) {
        if (worker < 0 || worker >= n_threads) {
            ++outside;
            return;
        }
        if (busy[static_cast<std::size_t>(worker)].exchange(1) != 0) ++clashes;
        // Now and then long enough for the other threads to have arrived.
        if (chunk % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        busy[static_cast<std::size_t>(worker)] = 0;
    });
    CHECK(outside == 0);
    CHECK(clashes == 0);
}

TEST(the_lowest_failure_is_reported) {
    for (const int n_threads : {1, 2, 4}) {
        for (int repetition = 0; repetition < 200; ++repetition) {
            std::string message;
            try {
                threads::parallel_for(100, n_threads, [&](std::int64_t chunk, int) {
                    if (chunk >= 10) throw std::runtime_error(std::to_string(chunk));
                });
            } catch (const std::runtime_error& error) {
                message = error.what();
            }
            CHECK(message == "10");
        }
    }
}

TEST(a_lower_chunk_that_fails_later_is_the_one_reported) {
    threads::parallel_for(2, 2, [](std::int64_t, int) {});  // the worker is there
    int met = 0;
    for (int repetition = 0; repetition < 50; ++repetition) {
        std::atomic<bool> upper_fails{false};
        std::string message;
        try {
            threads::parallel_for(2, 2, [&](std::int64_t chunk, int) {
                const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
                if (chunk == 1) upper_fails = true;
                while (!upper_fails && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
                if (chunk == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
                throw std::runtime_error(std::to_string(chunk));
            });
        } catch (const std::runtime_error& error) {
            message = error.what();
        }
        CHECK(message == "0");
        if (upper_fails) ++met;
    }
    CHECK(met > 0);
}

TEST(a_status_ends_the_region) {
    std::atomic<int> run{0};
    const Status status = threads::parallel_for(100000, 3, [&](std::int64_t chunk, int) {
        ++run;
        return chunk == 5 ? Status::not_converged : Status::ok;
    });
    CHECK(status == Status::not_converged);
    CHECK(run < 100000);
}

TEST(a_status_below_an_exception_wins) {
    for (int repetition = 0; repetition < 200; ++repetition) {
        const Status status = threads::parallel_for(50, 4, [&](std::int64_t chunk, int) {
            if (chunk == 20) throw std::runtime_error("later");
            return chunk == 19 ? Status::time_limit : Status::ok;
        });
        CHECK(status == Status::time_limit);
    }
}

TEST(regions_inside_regions_run_inline) {
    std::atomic<std::int64_t> total{0};
    const Status status = threads::parallel_for(20, 4, [&](std::int64_t outer, int) {
        return threads::parallel_for(10, 4, [&](std::int64_t inner, int worker) {
            if (worker != 0) total += 1000000;
            total += outer * inner;
        });
    });
    CHECK(status == Status::ok);
    CHECK(total == 190 * 45);
}

TEST(a_failure_inside_an_inner_region_comes_out) {
    const auto nested = [] {
        return threads::parallel_for(20, 4, [&](std::int64_t, int) {
            return threads::parallel_for(10, 4, [&](std::int64_t, int) { throw std::bad_alloc(); });
        });
    };
    CHECK_THROWS(std::bad_alloc, nested());
    CHECK(threads::parallel_for(10, 4, [](std::int64_t, int) {}) == Status::ok);
}

TEST(many_callers_share_the_pool) {
    std::atomic<int> wrong{0};
    std::vector<std::thread> callers;
    callers.reserve(16);
    for (int caller = 0; caller < 16; ++caller) {
        callers.emplace_back([&] {
            for (int repetition = 0; repetition < 200; ++repetition) {
                std::vector<std::int64_t> part(37);
                threads::parallel_for(37, 3, [&](std::int64_t c, int) { part[c] = c; });
                std::int64_t sum = 0;
                for (const std::int64_t p : part) sum += p;
                if (sum != 666) ++wrong;
            }
        });
    }
    for (std::thread& caller : callers) caller.join();
    CHECK(wrong == 0);
}

TEST(shutdown_between_and_beside_regions) {
    std::atomic<bool> done{false};
    std::thread closer([&] {
        while (!done) threads::shutdown();
    });
    for (int repetition = 0; repetition < 500; ++repetition) {
        std::atomic<int> run{0};
        threads::parallel_for(9, 3, [&](std::int64_t, int) { ++run; });
        CHECK(run == 9);
    }
    done = true;
    closer.join();
    threads::shutdown();
    CHECK(threads::workers() == 0);
}

struct StopAfter final : mlqa::cancel::Hook {
    explicit StopAfter(int n) : left(n) {}
    bool should_stop() override { return --left < 0; }
    void progress(std::int64_t, std::int64_t, double) override {}
    int left;
};

TEST(a_cancelled_region_says_so) {
    for (const int n_threads : {1, 3}) {
        StopAfter hook(2);
        const mlqa::cancel::Scope scope(hook);
        std::atomic<std::int64_t> run{0};
        const Status status = threads::parallel_for(1000000, n_threads, [&](std::int64_t, int) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            ++run;
        });
        CHECK(status == Status::cancelled);
        CHECK(run < 1000);
        CHECK(mlqa::cancel::poll());
        CHECK(threads::parallel_for(0, 1, [](std::int64_t, int) {}) == Status::cancelled);
    }
}

TEST(n_jobs) {
    CHECK(threads::resolve(1) == 1);
    CHECK(threads::resolve(1000000) == threads::max_threads);
    CHECK(threads::resolve(-1) == threads::available());
    CHECK(threads::resolve(-2147483647 - 1) == 1);
    const int before = threads::limit();
    threads::set_limit(3);
    CHECK(threads::resolve(0) == 3);
    threads::set_limit(before);
}

}  // namespace
