// One pool of threads for the whole process, in which the caller takes part.
//
// Work is cut into chunks whose boundaries depend on the shape of the data alone; chunks are claimed in order
// by whichever thread is free, and results are combined in the order of the chunks: the same bits for any
// number of threads. A second caller that finds the pool busy, and a call from inside a chunk, run inline.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "core/status.hpp"

namespace mlqa::threads {

/// min(processors this process may use, cgroup quota, OMP_NUM_THREADS), at least 1.
int default_limit() noexcept;
/// Processors this process may use (affinity and cgroup quota).
int available() noexcept;
/// Most threads that `n_jobs=None` takes; threadpoolctl sets it.
int limit() noexcept;
void set_limit(int n) noexcept;
/// scikit-learn's n_jobs to a number of threads: 0 (None) is limit(), k > 0 is k, -1 is available(), -2 one
/// less, and so on.
int resolve(int n_jobs) noexcept;
/// Joins the idle workers; the next region starts them again. Also done before every fork and at exit.
void shutdown() noexcept;
/// Workers alive now (the caller not counted).
int workers() noexcept;

constexpr int max_threads = 256;

namespace detail {
using Body = Status (*)(void* context, std::int64_t chunk, int worker);
Status run(std::int64_t chunks, int n_threads, Body body, void* context);
}  // namespace detail

/// Calls `body(chunk, worker)` for every chunk in [0, chunks), on at most `n_threads` threads; `worker` is in
/// [0, n_threads) and no two threads have the same one at a time. The body returns void or Status. The caller
/// polls for cancellation between its chunks, so no chunk should take longer than 50 ms. If chunks fail, the
/// status or exception of the lowest one is what comes out; Status::cancelled if the call was cancelled.
template <class F>
Status parallel_for(std::int64_t chunks, int n_threads, F&& body) {
    using Fn = std::remove_reference_t<F>;
    const detail::Body thunk = [](void* context, std::int64_t chunk, int worker) -> Status {
        if constexpr (std::is_same_v<decltype(std::declval<Fn&>()(chunk, worker)), Status>) {
            return (*static_cast<Fn*>(context))(chunk, worker);
        } else {
            (*static_cast<Fn*>(context))(chunk, worker);
            return Status::ok;
        }
    };
    return detail::run(chunks, n_threads, thunk, const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace mlqa::threads
