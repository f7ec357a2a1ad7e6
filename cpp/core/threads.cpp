#include "core/threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "core/cancel.hpp"
#include "core/isa.hpp"

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif
#if MLQA_X86
#include <immintrin.h>
#endif

namespace mlqa::threads {
namespace {

constexpr int spins = 2000;  ///< looks at the next region, some 20 us, ...
/// ... and how long a worker goes on looking while others may run, before it goes to sleep. By the clock:
/// where there are more workers than processors each look takes its turn.
constexpr std::chrono::microseconds watch{500};

void pause() noexcept {
#if MLQA_X86
    _mm_pause();
#endif
}

thread_local bool inside_region = false;

/// One parallel_for: claimed chunks, the lowest failure, and who is still at work.
struct Region {
    Region(std::int64_t n, detail::Body f, void* c) : chunks(n), body(f), context(c) {}

    std::int64_t chunks;
    detail::Body body;
    void* context;
    std::atomic<std::int64_t> next{0};
    std::atomic<bool> stop{false};
    std::mutex failure_mutex;
    std::int64_t failed_chunk = std::numeric_limits<std::int64_t>::max();
    Status failed_status = Status::ok;
    std::exception_ptr failure;

    void fail(std::int64_t chunk, Status status, std::exception_ptr error) {
        stop.store(true, std::memory_order_relaxed);
        const std::lock_guard<std::mutex> lock(failure_mutex);
        if (chunk >= failed_chunk) return;
        failed_chunk = chunk;
        failed_status = status;
        failure = std::move(error);
    }

    void run_chunk(std::int64_t chunk, int worker) {
        try {
            const Status status = body(context, chunk, worker);
            if (status != Status::ok) fail(chunk, status, nullptr);
        } catch (...) {
            fail(chunk, Status::ok, std::current_exception());
        }
    }

    /// Chunks are claimed in increasing order, so all below a failed one are run to their end.
    void work(int worker, bool is_caller) {
        const bool outer = inside_region;
        inside_region = true;
        while (!stop.load(std::memory_order_relaxed)) {
            const std::int64_t chunk = next.fetch_add(1, std::memory_order_relaxed);
            if (chunk >= chunks) break;
            run_chunk(chunk, worker);
            if (is_caller && cancel::poll()) fail(-1, Status::cancelled, nullptr);
        }
        inside_region = outer;
    }

    Status outcome() const {
        if (failure) std::rethrow_exception(failure);
        return failed_status;
    }
};

class Pool {
public:
    ~Pool() { join(); }

    /// False if another region has the pool.
    bool run(Region& region, int n_threads) {
        const std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
        if (!owner.owns_lock()) return false;
        start(n_threads - 1);
        const int helpers = std::min<int>(n_threads - 1, static_cast<int>(threads_.size()));
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            region_ = &region;
            wanted_ = helpers;
            epoch_.fetch_add(1, std::memory_order_release);
        }
        wake_.notify_all();
        region.work(0, true);
        finish();
        return true;
    }

    /// Joins every worker; false if a region is running.
    bool try_shutdown() {
        if (inside_region) return false;  // this thread may be the owner, who must not try the lock again
        const std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
        if (!owner.owns_lock()) return false;
        join();
        return true;
    }

    int size() {
        if (inside_region) return -1;
        const std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
        return owner.owns_lock() ? static_cast<int>(threads_.size()) : -1;
    }

private:
    /// Where no more threads are to be had, those that there are do the work.
    void start(int helpers) {
        while (static_cast<int>(threads_.size()) < helpers && start_one()) {
        }
    }

    bool start_one() {
        const int index = static_cast<int>(threads_.size());
        const std::uint64_t seen = epoch_.load(std::memory_order_acquire);
        try {
            threads_.emplace_back([this, index, seen] { loop(index, seen); });
        } catch (const std::system_error&) {
            return false;
        }
        return true;
    }

    /// Returns when there is another region, or after a while.
    void look_out(std::uint64_t seen) const {
        const auto waits = [&] { return epoch_.load(std::memory_order_acquire) == seen; };
        for (int i = 0; i < spins && waits(); ++i) pause();
        const auto until = std::chrono::steady_clock::now() + watch;
        while (waits() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    }

    void loop(int index, std::uint64_t seen) {
        for (;;) {
            look_out(seen);
            Region* region = nullptr;
            {
                std::unique_lock<std::mutex> lock(mutex_);
                wake_.wait(lock, [&] { return epoch_.load(std::memory_order_relaxed) != seen; });
                seen = epoch_.load(std::memory_order_relaxed);
                if (quit_) return;
                if (region_ == nullptr || index >= wanted_) continue;
                region = region_;
                active_.fetch_add(1, std::memory_order_relaxed);
            }
            region->work(index + 1, false);
            const std::lock_guard<std::mutex> lock(mutex_);
            if (active_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_.notify_one();
        }
    }

    /// Workers that have not woken up by now are not waited for: there is nothing left for them to do.
    void finish() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            region_ = nullptr;
        }
        for (int i = 0; i < spins && active_.load(std::memory_order_acquire) != 0; ++i) pause();
        std::unique_lock<std::mutex> lock(mutex_);
        done_.wait(lock, [&] { return active_.load(std::memory_order_acquire) == 0; });
    }

    void join() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            quit_ = true;
            epoch_.fetch_add(1, std::memory_order_release);
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
        quit_ = false;
    }

    std::mutex owner_;  ///< held by the region that has the workers
    std::mutex mutex_;  ///< guards what follows
    std::condition_variable wake_, done_;
    std::vector<std::thread> threads_;
    std::atomic<std::uint64_t> epoch_{0};
    std::atomic<int> active_{0};
    Region* region_ = nullptr;
    int wanted_ = 0;
    bool quit_ = false;
};

std::atomic<Pool*> pool_pointer{nullptr};

/// In a forked child the parent's workers are gone, and its locks may be held by them for ever: the child
/// leaves the old pool behind and makes its own.
void forget_pool() {
    pool_pointer.store(nullptr);
}

/// No lock here: one that another thread holds during a fork would stay locked in the child.
Pool& pool() {
    if (Pool* made = pool_pointer.load(std::memory_order_acquire)) return *made;
    auto fresh = std::make_unique<Pool>();
    Pool* first = nullptr;
    if (!pool_pointer.compare_exchange_strong(first, fresh.get(), std::memory_order_acq_rel)) return *first;
    return *fresh.release();
}

#if defined(__unix__) || defined(__APPLE__)
[[maybe_unused]] const int fork_handlers = pthread_atfork([] { shutdown(); }, nullptr, forget_pool);
#endif

/// Processors granted by the cgroup's quota, rounded up; 0 if there is none.
int cgroup_quota() noexcept {
#if defined(__linux__)
    const auto close = [](std::FILE* f) { std::fclose(f); };  // NOLINT(cppcoreguidelines-owning-memory)
    using File = std::unique_ptr<std::FILE, decltype(close)>;
    if (const File v2{std::fopen("/sys/fs/cgroup/cpu.max", "re"), close}) {
        double quota = 0, period = 0;
        if (std::fscanf(v2.get(), "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0)
            return std::max(1, static_cast<int>((quota + period - 1) / period));
        return 0;
    }
    const File quota_file{std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "re"), close};
    const File period_file{std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "re"), close};
    double quota = 0, period = 0;
    if (quota_file && period_file && std::fscanf(quota_file.get(), "%lf", &quota) == 1 &&
        std::fscanf(period_file.get(), "%lf", &period) == 1 && quota > 0 && period > 0)
        return std::max(1, static_cast<int>((quota + period - 1) / period));
#endif
    return 0;
}

std::atomic<int> limit_value{0};

}  // namespace

int available() noexcept {
    int n = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) n = CPU_COUNT(&set);
#endif
    if (const int quota = cgroup_quota()) n = std::min(n, quota);
    return std::clamp(n, 1, max_threads);
}

int default_limit() noexcept {
    int n = available();
    if (const char* text = std::getenv("OMP_NUM_THREADS")) {
        const long wanted = std::strtol(text, nullptr, 10);
        if (wanted > 0 && wanted < n) n = static_cast<int>(wanted);
    }
    return n;
}

int limit() noexcept {
    int n = limit_value.load(std::memory_order_relaxed);
    if (n == 0) limit_value.store(n = default_limit(), std::memory_order_relaxed);
    return n;
}

void set_limit(int n) noexcept {
    limit_value.store(std::clamp(n, 1, max_threads), std::memory_order_relaxed);
}

int resolve(int n_jobs) noexcept {
    if (n_jobs == 0) return limit();
    if (n_jobs > 0) return std::min(n_jobs, max_threads);
    return std::max(1, available() + 1 + n_jobs);
}

void shutdown() noexcept {
    if (Pool* made = pool_pointer.load()) made->try_shutdown();
}

int workers() noexcept {
    Pool* made = pool_pointer.load();
    return made == nullptr ? 0 : made->size();
}

Status detail::run(std::int64_t chunks, int n_threads, Body body, void* context) {
    if (chunks <= 0) return cancel::poll() ? Status::cancelled : Status::ok;
    Region region(chunks, body, context);
    const int threads =
        static_cast<int>(std::min<std::int64_t>(std::clamp(n_threads, 1, max_threads), chunks));
    // Inside a chunk the outer region's caller polls; a nested region must not end on its own.
    if (threads == 1 || inside_region || !pool().run(region, threads)) region.work(0, true);
    return region.outcome();
}

}  // namespace mlqa::threads
