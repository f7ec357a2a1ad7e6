// MT19937, the generator of M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally
// equidistributed uniform pseudo-random number generator" (ACM Transactions on Modeling and Computer
// Simulation 8, 1998), seeded and read as NumPy's RandomState(seed) is: the same numbers, made a whole state
// at a time. For drivers only.
#pragma once

#include <algorithm>
#include <cstdint>

namespace mlqa {

class Mt19937 {
public:
    static constexpr int size = 624;

    explicit Mt19937(std::uint32_t seed) {
        for (std::uint32_t i = 0; i < size; ++i) {
            key_[i] = seed;
            seed = 1812433253u * (seed ^ (seed >> 30)) + i + 1;
        }
    }

    /// What is left of the words of one state, at least one; take(n) says how many of them were used.
    const std::uint32_t* words(std::int64_t& available) {
        if (at_ == size) refill();
        available = size - at_;
        return word_ + at_;
    }
    void take(std::int64_t n) { at_ += static_cast<int>(n); }

    /// `count` integers up to `most`, as RandomState.randint draws them: words under a mask, those too large
    /// left out.
    void below_or_at(std::uint32_t most, std::int64_t count, std::uint32_t* out) {
        std::uint32_t mask = most;
        for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
        for (std::int64_t n = 0; n < count;) {
            std::int64_t available;
            const std::uint32_t* w = words(available);
            // No more words than numbers are missing: the last word used is then the last one drawn.
            const std::int64_t use = std::min(available, count - n);
            for (std::int64_t i = 0; i < use; ++i) {
                const std::uint32_t value = w[i] & mask;
                out[n] = value;
                n += value <= most;
            }
            take(use);
        }
    }

    /// `count` numbers uniform in [0, 1) with 53 random bits, two words each.
    void uniform(std::int64_t count, double* out) {
        for (std::int64_t n = 0; n < count;) {
            std::int64_t available;
            const std::uint32_t* w = words(available);
            const std::int64_t pairs = std::min(available / 2, count - n);
            for (std::int64_t i = 0; i < pairs; ++i) out[n + i] = joined(w[2 * i], w[2 * i + 1]);
            take(2 * pairs);
            n += pairs;
            if (pairs == 0) {  // a pair across two states
                const std::uint32_t high = *w;
                take(1);
                const std::uint32_t low = *words(available);
                take(1);
                out[n++] = joined(high, low);
            }
        }
    }

private:
    static double joined(std::uint32_t high, std::uint32_t low) {
        return (static_cast<double>(high >> 5) * 67108864.0 + static_cast<double>(low >> 6)) * 0x1.0p-53;
    }

    static std::uint32_t twist(std::uint32_t a, std::uint32_t b, std::uint32_t far) {
        const std::uint32_t y = (a & 0x80000000u) | (b & 0x7FFFFFFFu);
        return far ^ (y >> 1) ^ ((0u - (y & 1u)) & 0x9908B0DFu);
    }

    void refill() {
        constexpr int m = 397;
        for (int i = 0; i < size - m; ++i) key_[i] = twist(key_[i], key_[i + 1], key_[i + m]);
        for (int i = size - m; i < size - 1; ++i) key_[i] = twist(key_[i], key_[i + 1], key_[i + m - size]);
        key_[size - 1] = twist(key_[size - 1], key_[0], key_[m - 1]);
        for (int i = 0; i < size; ++i) {
            std::uint32_t y = key_[i];
            y ^= y >> 11;
            y ^= (y << 7) & 0x9D2C5680u;
            y ^= (y << 15) & 0xEFC60000u;
            word_[i] = y ^ (y >> 18);
        }
        at_ = 0;
    }

    std::uint32_t key_[size];
    std::uint32_t word_[size];
    int at_ = size;
};

}  // namespace mlqa
