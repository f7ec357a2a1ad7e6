// Cancellation, progress and the time limit of a path, in one place that is asked between short steps.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/cancel.hpp"
#include "core/status.hpp"

namespace mlqa::linear_model {

class Guard {
public:
    /// `max_seconds` infinite: no limit.
    explicit Guard(double max_seconds, std::int64_t total)
        : start_(clock::now()), max_seconds_(max_seconds), total_(total) {}

    void reached(std::int64_t done, double gap) {
        done_ = done;
        gap_ = gap;
    }

    /// cancelled, time_limit or ok
    Status check() const {
        if (cancel::poll(done_, total_, gap_)) return Status::cancelled;
        const std::chrono::duration<double> spent = clock::now() - start_;
        return spent.count() > max_seconds_ ? Status::time_limit : Status::ok;
    }

private:
    using clock = std::chrono::steady_clock;
    clock::time_point start_;
    double max_seconds_;
    std::int64_t total_, done_ = 0;
    double gap_ = 0;
};

}  // namespace mlqa::linear_model
