// Instruction-set levels: found once when the library is loaded, overridden by MLQA_FAST_ISA.
//
// A kernel source is compiled once per level and exports one table of function pointers:
//
//     // room.kernel.hpp
//     struct RoomKernels { void (*scale)(double* x, std::int64_t n, double a); };
//     MLQA_DECLARE_KERNELS(RoomKernels, room)
//
//     // room.kernel.cpp, compiled once per level
//     namespace { void scale(double* x, std::int64_t n, double a) { ... } }
//     const RoomKernels MLQA_KERNELS(room) = {scale};
//
//     // room.cpp, compiled once
//     room_kernels().scale(x, n, a);      // the table is asked once a block, never once an element
#pragma once

#define MLQA_JOIN_(a, b) a##_##b
#define MLQA_JOIN(a, b) MLQA_JOIN_(a, b)

#if defined(__x86_64__) || defined(_M_X64)
#define MLQA_X86 1
#else
#define MLQA_X86 0
#endif

namespace mlqa::isa {

/// v4_amx is v4 with AMX's tiles of bfloat16 and of bytes: the same kernels, but for those few that have a
/// table of their own.
enum class Level : int { baseline = 0, v2 = 2, v3 = 3, v4 = 4, v4_amx = 5 };

}  // namespace mlqa::isa

#ifdef MLQA_ISA

// Inside a kernel source only its own level's table is in sight.
#define MLQA_KERNELS(room) MLQA_JOIN(room##_table, MLQA_ISA)
#define MLQA_DECLARE_KERNELS(Table, room) extern const Table MLQA_KERNELS(room);

#else

namespace mlqa::isa {

/// The best level that this processor and operating system support.
Level detected() noexcept;
/// Whether tiles may be used: the level in use has them, and the system, asked at the first such call, grants
/// their registers to this process.
bool tiles_granted() noexcept;
/// The level in use: `detected()` unless MLQA_FAST_ISA names a lower one.
Level current() noexcept;
/// Use `level` from now on; false (and no change) if the processor lacks it. For tests.
bool set_current(Level level) noexcept;
/// "x86-64-v3" and the like; "baseline" off x86-64.
const char* name(Level level) noexcept;
/// Parses a name of `name()`; false if it is unknown.
bool parse(const char* text, Level& level) noexcept;
/// What was wrong with MLQA_FAST_ISA, or nullptr; the message outlives the process.
const char* override_warning() noexcept;

}  // namespace mlqa::isa

#if MLQA_X86
#define MLQA_DECLARE_KERNELS(Table, room)    \
    extern const Table room##_table_v2;      \
    extern const Table room##_table_v3;      \
    extern const Table room##_table_v4;      \
    inline const Table& room##_kernels() {   \
        switch (::mlqa::isa::current()) {    \
            case ::mlqa::isa::Level::v4_amx: \
            case ::mlqa::isa::Level::v4:     \
                return room##_table_v4;      \
            case ::mlqa::isa::Level::v3:     \
                return room##_table_v3;      \
            default:                         \
                return room##_table_v2;      \
        }                                    \
    }
#else
#define MLQA_DECLARE_KERNELS(Table, room)     \
    extern const Table room##_table_baseline; \
    inline const Table& room##_kernels() {    \
        return room##_table_baseline;         \
    }
#endif

#endif
