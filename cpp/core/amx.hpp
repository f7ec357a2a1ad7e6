// AMX: products of 16 x 16 tiles on the processor's tile registers. Included by kernel sources of that level
// only; everything is in an anonymous namespace.
#pragma once

#include "core/simd.hpp"

#if defined(__AMX_TILE__)

namespace mlqa::amx {
namespace {

struct alignas(64) Shapes {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// A constant: compilers do not see that the instruction reads all of it.
constexpr Shapes whole_tiles_of_16;

/// The calling thread's tile registers are in use while this lives.
struct Session {
    Session() { _tile_loadconfig(&whole_tiles_of_16); }
    ~Session() { _tile_release(); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
};

}  // namespace
}  // namespace mlqa::amx

#endif
