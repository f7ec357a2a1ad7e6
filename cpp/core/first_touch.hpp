// The first touch of memory, shared by the threads: the system clears a page when it is written to for the
// first time, which takes longer than to fill it, and whoever writes waits for it.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/threads.hpp"

namespace mlqa::threads {

/// Overwrites a byte of every page of a block that is about to be filled.
inline void first_touch(void* block, std::size_t bytes, int n_threads) {
    // A thread takes a huge page at a time, which is cleared as a whole.
    constexpr std::size_t page = 4096, huge_page = std::size_t{2} << 20;
    if (n_threads == 1 || bytes < 2 * huge_page) return;
    auto* first = static_cast<volatile char*>(block);
    const std::size_t pieces = (bytes + huge_page - 1) / huge_page;
    (void)parallel_for(static_cast<std::int64_t>(pieces), n_threads, [&](std::int64_t piece, int) {
        const std::size_t begin = static_cast<std::size_t>(piece) * huge_page;
        for (std::size_t at = begin; at < std::min(bytes, begin + huge_page); at += page) first[at] = 0;
    });
}

}  // namespace mlqa::threads
