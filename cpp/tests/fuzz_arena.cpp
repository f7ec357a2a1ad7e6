// Any sequence of allocations: blocks are aligned, keep what was written, and have one owner.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>

#include "core/arena.hpp"
#include "tests/fuzz.hpp"

namespace {

namespace arena = mlqa::arena;

struct Block {
    unsigned char* data;
    std::size_t size;
};

constexpr std::size_t prefix = 4096;

void fill(Block block, unsigned char value) {
    std::memset(block.data, value, std::min(block.size, prefix));
    if (block.size > 0) block.data[block.size - 1] = value;
}

/// The first `size` bytes, as far as they were written.
void check(Block block, std::size_t size, unsigned char value) {
    FUZZ_CHECK(reinterpret_cast<std::uintptr_t>(block.data) % arena::alignment == 0);
    for (std::size_t i = 0; i < std::min(size, prefix); ++i) FUZZ_CHECK(block.data[i] == value);
}

void release(Block block, unsigned char value) {
    check(block, block.size, value);
    FUZZ_CHECK(block.size == 0 || block.data[block.size - 1] == value);
    arena::release(block.data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mlqa::tests::Input input(data, size);
    std::map<unsigned char, Block> blocks;
    arena::set_limit(std::size_t{1} << input.between(0, 26));
    while (!input.empty()) {
        const auto name = input.take<unsigned char>();
        const std::size_t bytes = input.take<std::uint32_t>() >> input.between(8, 31);
        const auto found = blocks.find(name);
        if (found == blocks.end()) {
            const Block made{static_cast<unsigned char*>(arena::allocate(bytes)), bytes};
            fill(made, name);
            blocks.emplace(name, made);
        } else if (input.between(0, 1) == 0) {
            release(found->second, name);
            blocks.erase(found);
        } else {
            const std::size_t both = bytes < found->second.size ? bytes : found->second.size;
            found->second = {static_cast<unsigned char*>(arena::resize(found->second.data, bytes)), bytes};
            check(found->second, both, name);
            fill(found->second, name);
        }
        FUZZ_CHECK(arena::kept() <= arena::limit());
    }
    for (const auto& [name, block] : blocks) release(block, name);
    return 0;
}
