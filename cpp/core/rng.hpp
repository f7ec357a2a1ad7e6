// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
// easy as 1, 2, 3" (SC 2011). Block i of a stream is a pure function of (seed, stream, i): any element can be
// drawn without the ones before it, so the same numbers come out for any number of threads.
#pragma once

#include <cstdint>

namespace mlqa {
namespace {

struct Philox {
    std::uint64_t seed;
    std::uint64_t stream;

    struct Block {
        std::uint32_t word[4];
    };

    Block block(std::uint64_t counter) const {
        std::uint32_t c[4] = {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
                              static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
        std::uint32_t key[2] = {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
        for (int round = 0; round < 10; ++round) {
            const std::uint64_t p0 = 0xD2511F53ull * c[0];
            const std::uint64_t p1 = 0xCD9E8D57ull * c[2];
            const std::uint32_t next[4] = {
                static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(p1),
                static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(p0)};
            for (int i = 0; i < 4; ++i) c[i] = next[i];
            key[0] += 0x9E3779B9u;
            key[1] += 0xBB67AE85u;
        }
        return {{c[0], c[1], c[2], c[3]}};
    }

    /// Uniform in [0, 1) with 53 random bits, from words 2 h and 2 h + 1 of a block.
    static double uniform(const Block& b, int h) {
        const std::uint64_t bits = (static_cast<std::uint64_t>(b.word[2 * h]) << 32) | b.word[2 * h + 1];
        return static_cast<double>(bits >> 11) * 0x1.0p-53;
    }

    /// Uniform integer in [0, bound), bound < 2^32, by multiplication (Lemire 2019) of 64 random bits: the
    /// bias is below 2^-32 and a draw always costs the same.
    static std::uint32_t below(const Block& b, int h, std::uint32_t bound) {
        const std::uint64_t bits = (static_cast<std::uint64_t>(b.word[2 * h]) << 32) | b.word[2 * h + 1];
        return static_cast<std::uint32_t>((static_cast<unsigned __int128>(bits) * bound) >> 64);
    }
};

}  // namespace
}  // namespace mlqa
