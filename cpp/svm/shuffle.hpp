// Random orders for coordinate descent.
#pragma once

#include <cstdint>
#include <utility>

#include "core/array.hpp"

namespace mlqa::svm {

/// SplitMix64 (G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA
/// 2014): a pass draws one number a coordinate, which may cost no more than a few multiplications.
class Shuffler {
public:
    /// Streams of one seed are apart.
    Shuffler(std::uint64_t seed, index_t stream)
        : state_(seed + 0x632BE59BD9B4E019ull * static_cast<std::uint64_t>(stream)) {}

    /// Any order of n numbers is as likely as any other, up to a bias of n / 2^32.
    void operator()(index_t* order, index_t n) {
        for (index_t k = n - 1; k > 0; --k)
            std::swap(order[k], order[below(static_cast<std::uint64_t>(k + 1))]);
    }

private:
    std::uint64_t below(std::uint64_t bound) {
        state_ += 0x9E3779B97F4A7C15ull;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return ((z ^ (z >> 31)) >> 32) * bound >> 32;
    }

    std::uint64_t state_;
};

}  // namespace mlqa::svm
