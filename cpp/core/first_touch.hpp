// The first touch of memory. The system clears a page when it is written to for the first time, which takes
// longer than to fill it: threads that touch different pages share this.
#pragma once

#include <cstddef>

namespace mlqa::threads {

/// Overwrites a byte of every page of a block that is about to be filled.
inline void first_touch(void* block, std::size_t bytes) {
    constexpr std::size_t page = 4096;
    auto* first = static_cast<volatile char*>(block);
    for (std::size_t at = 0; at < bytes; at += page) first[at] = 0;
}

}  // namespace mlqa::threads
