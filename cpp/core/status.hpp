// How a driver ends. Out of memory is an exception (std::bad_alloc), everything else a value.
#pragma once

namespace mlqa {

enum class Status : int {
    ok = 0,
    cancelled,      ///< cancel::poll() said stop: nothing that the caller can see was changed
    not_converged,  ///< the iteration limit came first: the result and its certificate are those reached
    time_limit,     ///< max_time came first: the same
};

}  // namespace mlqa
