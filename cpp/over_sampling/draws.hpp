// Which segments the synthetic rows of a class lie on: for each a cell, which is a row of the class times the
// number of neighbours plus a place among them, and the fraction of the way.
//
// Two streams. `numpy` gives what RandomState(seed) gives when it is asked for all cells and then for all
// fractions, imbalanced-learn's order. `philox` is counter-based: draw i depends on the seed, the stream and
// i alone.
#pragma once

#include <mutex>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/mt19937.hpp"
#include "core/status.hpp"

namespace mlqa::over_sampling {

/// Where the draws of a class come from. `cells` is at least 2.
struct Stream {
    bool philox = false;
    std::uint64_t seed = 0;    ///< below 2^32 for numpy
    std::uint64_t number = 0;  ///< of the stream, for philox
    std::uint64_t cells = 2;   ///< at most 2^32; fewer for philox
};

/// Hands out the draws of a class run by run, to several threads at a time; a run has the same draws whoever
/// takes it.
class Draws {
public:
    /// `count` draws in runs of `step`. Throws std::bad_alloc.
    Draws(const Stream& stream, index_t count, index_t step);

    /// The cells of all draws are made before the first run is taken, with polls; runs() of them then.
    Status prepare();
    index_t runs() const { return (count_ + step_ - 1) / step_; }

    struct Run {
        index_t first;
        index_t size;
    };
    /// The next run: its cells and fractions, at most `step` of them.
    Run take(std::uint32_t* cell, double* fraction);

private:
    Run take_numpy(std::uint32_t* cell, double* fraction);
    void draw_philox(const Run& run, std::uint32_t* cell, double* fraction) const;

    Stream stream_;
    index_t count_, step_;
    index_t next_ = 0;
    std::mutex mutex_;
    Mt19937 twister_;
    arena::Buffer<std::uint32_t> cells_;  ///< of numpy's stream, where the fractions come after all cells
};

}  // namespace mlqa::over_sampling
