#include "over_sampling/draws.hpp"

#include <algorithm>
#include <cstring>

#include "core/cancel.hpp"
#include "core/rng.hpp"

namespace mlqa::over_sampling {

Draws::Draws(const Stream& stream, index_t count, index_t step)
    : stream_(stream),
      count_(count),
      step_(step),
      twister_(static_cast<std::uint32_t>(stream.seed)),
      cells_(stream.philox ? 0 : static_cast<std::size_t>(count)) {}

Status Draws::prepare() {
    if (stream_.philox) return Status::ok;
    const auto most = static_cast<std::uint32_t>(stream_.cells - 1);
    constexpr index_t block = 1 << 20;
    for (index_t first = 0; first < count_; first += block) {
        if (cancel::poll()) return Status::cancelled;
        twister_.below_or_at(most, std::min(block, count_ - first), cells_.data() + first);
    }
    return Status::ok;
}

Draws::Run Draws::take(std::uint32_t* cell, double* fraction) {
    if (!stream_.philox) return take_numpy(cell, fraction);
    Run run{};
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        run = {next_, std::min(step_, count_ - next_)};
        next_ += run.size;
    }
    draw_philox(run, cell, fraction);
    return run;
}

Draws::Run Draws::take_numpy(std::uint32_t* cell, double* fraction) {
    // The fractions are one sequence, so that whoever takes a run makes its fractions before the next one
    // may.
    const std::lock_guard<std::mutex> lock(mutex_);
    const Run run{next_, std::min(step_, count_ - next_)};
    next_ += run.size;
    std::memcpy(cell, cells_.data() + run.first, static_cast<std::size_t>(run.size) * sizeof(*cell));
    twister_.uniform(run.size, fraction);
    return run;
}

void Draws::draw_philox(const Run& run, std::uint32_t* cell, double* fraction) const {
    const Philox generator{stream_.seed, stream_.number};
    for (index_t i = 0; i < run.size; ++i) {
        const Philox::Block block = generator.block(static_cast<std::uint64_t>(run.first + i));
        cell[i] = Philox::below(block, 0, static_cast<std::uint32_t>(stream_.cells));
        fraction[i] = Philox::uniform(block, 1);
    }
}

}  // namespace mlqa::over_sampling
