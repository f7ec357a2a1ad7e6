#include "core/isa.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

#if MLQA_AMX
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace mlqa::isa {
namespace {

#if MLQA_AMX
/// Whether processor and system know AMX's tiles and their products of bfloat16 and of bytes.
bool has_tiles() noexcept {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c >> 27 & 1) == 0) return false;  // OSXSAVE
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
    const bool known = (d >> 22 & 1) != 0 && (d >> 24 & 3) == 3;  // AMX-BF16, AMX-TILE, AMX-INT8
    if (!known) return false;
    unsigned low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low >> 17 & 3) == 3;  // XTILECFG, XTILEDATA
}

bool ask_for_tiles() noexcept {
    constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#else
bool has_tiles() noexcept {
    return false;
}
bool ask_for_tiles() noexcept {
    return false;
}
#endif

Level detect() noexcept {
#if MLQA_X86
    // Feature by feature: some compilers do not know the level names in __builtin_cpu_supports.
    __builtin_cpu_init();
    const bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    if (v4 && has_tiles()) return Level::v4_amx;
    return v4 ? Level::v4 : v3 ? Level::v3 : v2 ? Level::v2 : Level::baseline;
#else
    return Level::baseline;
#endif
}

struct Choice {
    Level level;
    std::string warning;
};

Choice choose() {
    const Level best = detect();
    const char* wanted = std::getenv("MLQA_FAST_ISA");
    if (wanted == nullptr || *wanted == '\0') return {best, ""};
    Level level = best;
    if (!parse(wanted, level))
        return {best,
                std::string("MLQA_FAST_ISA=") + wanted + " is no known instruction set; using " + name(best)};
    if (level > best)
        return {best, std::string("MLQA_FAST_ISA=") + wanted + " is not supported by this processor; using " +
                          name(best)};
    return {level, ""};
}

const Choice& choice() {
    static const Choice made = choose();
    return made;
}

std::atomic<int> forced{-1};

}  // namespace

Level detected() noexcept {
    static const Level level = detect();
    return level;
}

Level current() noexcept {
    const int level = forced.load(std::memory_order_relaxed);
    return level >= 0 ? static_cast<Level>(level) : choice().level;
}

bool tiles_granted() noexcept {
    if (current() != Level::v4_amx) return false;
    static const bool granted = ask_for_tiles();
    return granted;
}

bool set_current(Level level) noexcept {
    if (level > detected() || (MLQA_X86 && level == Level::baseline)) return false;
    forced.store(static_cast<int>(level), std::memory_order_relaxed);
    return true;
}

const char* name(Level level) noexcept {
    switch (level) {
        case Level::v4_amx:
            return "x86-64-v4-amx";
        case Level::v4:
            return "x86-64-v4";
        case Level::v3:
            return "x86-64-v3";
        case Level::v2:
            return "x86-64-v2";
        default:
            return "baseline";
    }
}

bool parse(const char* text, Level& level) noexcept {
    for (const Level known : {Level::baseline, Level::v2, Level::v3, Level::v4, Level::v4_amx}) {
        if (std::strcmp(text, name(known)) != 0) continue;
        level = known;
        return !(MLQA_X86 && known == Level::baseline);
    }
    return false;
}

const char* override_warning() noexcept {
    return choice().warning.empty() ? nullptr : choice().warning.c_str();
}

}  // namespace mlqa::isa
