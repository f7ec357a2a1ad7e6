#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/first_touch.hpp"
#include "core/rng.hpp"
#include "tests/check.hpp"

namespace {

namespace arena = mlqa::arena;
constexpr std::size_t mb = std::size_t{1} << 20;

bool all_are(const void* block, std::size_t bytes, unsigned char value) {
    const auto* p = static_cast<const unsigned char*>(block);
    for (std::size_t i = 0; i < bytes; ++i)
        if (p[i] != value) return false;
    return true;
}

TEST(sizes_that_cannot_be) {
    CHECK(arena::allocate(static_cast<std::size_t>(-1)) == nullptr);
    CHECK(arena::allocate(static_cast<std::size_t>(PTRDIFF_MAX)) == nullptr);
    CHECK(arena::allocate_zeroed(static_cast<std::size_t>(-1), 2) == nullptr);
    CHECK(arena::allocate_zeroed(std::size_t{1} << 40, std::size_t{1} << 40) == nullptr);
    CHECK_THROWS(std::bad_alloc, arena::Buffer<double>(static_cast<std::size_t>(-1) / 8));
    CHECK_THROWS(std::bad_alloc, arena::Buffer<double>(std::size_t{1} << 61));
}

TEST(nothing_is_something) {
    void* none = arena::allocate(0);
    CHECK(none != nullptr);
    arena::release(none);
    arena::release(nullptr);
    CHECK(arena::Buffer<int>(0).size() == 0);
    CHECK(arena::Buffer<int>().data() == nullptr);
}

TEST(zeroed_memory_is_zero_also_when_reused) {
    for (const std::size_t bytes : {std::size_t{100}, 3 * mb}) {
        void* dirty = arena::allocate(bytes);
        std::memset(dirty, 1, bytes);
        arena::release(dirty);
        void* clean = arena::allocate_zeroed(bytes, 1);
        CHECK(all_are(clean, bytes, 0));
        arena::release(clean);
    }
}

TEST(resize_keeps_what_fits) {
    const std::size_t sizes[] = {1, 1000, mb - 1, mb, 3 * mb, 10 * mb};
    for (const std::size_t from : sizes) {
        for (const std::size_t to : sizes) {
            void* block = arena::allocate(from);
            std::memset(block, 7, from);
            block = arena::resize(block, to);
            CHECK(reinterpret_cast<std::uintptr_t>(block) % arena::alignment == 0);
            CHECK(all_are(block, from < to ? from : to, 7));
            arena::release(block);
        }
    }
    void* fresh = arena::resize(nullptr, 10);
    CHECK(fresh != nullptr);
    CHECK(arena::resize(fresh, static_cast<std::size_t>(-1)) == nullptr);
    arena::release(fresh);  // still there
}

TEST(threads_share_the_arena) {
    std::vector<std::thread> users;
    users.reserve(8);
    for (int user = 0; user < 8; ++user) {
        users.emplace_back([user] {
            for (std::size_t i = 0; i < 100; ++i) {
                const std::size_t bytes = (i * 7919 % 5 + 1) * mb / 2;
                void* block = arena::allocate(bytes);
                std::memset(block, user, 4096);
                std::this_thread::yield();
                if (!all_are(block, 4096, static_cast<unsigned char>(user)))
                    mlqa::tests::fail(__FILE__, __LINE__, "a block was given to two owners");
                arena::release(block);
            }
        });
    }
    for (std::thread& user : users) user.join();
    CHECK(arena::kept() <= arena::limit());
    arena::trim();
    CHECK(arena::kept() == 0);
}

TEST(buffers_move) {
    arena::Buffer<int> a(3, 5);
    arena::Buffer<int> b(std::move(a));
    CHECK(b.size() == 3);
    CHECK(b[2] == 5);
    // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move): what is left is the point
    CHECK(a.data() == nullptr);
}

TEST(views_follow_strides) {
    double data[12];
    for (int i = 0; i < 12; ++i) data[i] = i;
    const mlqa::MatrixView<double> rows{data, 3, 4, 4, 1}, columns{data, 4, 3, 1, 4};
    CHECK(rows(2, 1) == 9);
    CHECK(columns(1, 2) == 9);
    CHECK(rows.rows_contiguous());
    CHECK(!rows.columns_contiguous());
    CHECK(columns.columns_contiguous());
    const mlqa::VectorView<double> backwards{data + 11, 12, -1}, constant{data + 3, 100, 0};
    CHECK(backwards[11] == 0);
    CHECK(constant[99] == 3);
    CHECK(!backwards.contiguous());
}

TEST(philox_numbers_stay_in_their_range) {
    const mlqa::Philox generator{1, 2};
    double sum = 0;
    int hits[10] = {};
    for (std::uint64_t i = 0; i < 10000; ++i) {
        const mlqa::Philox::Block block = generator.block(i);
        const double u = mlqa::Philox::uniform(block, 0);
        CHECK(u >= 0 && u < 1);
        sum += u;
        const std::uint32_t k = mlqa::Philox::below(block, 1, 10);
        CHECK(k < 10);
        ++hits[k % 10];
        CHECK(mlqa::Philox::below(block, 1, 1) == 0);
    }
    CHECK(sum > 4850 && sum < 5150);
    for (const int n : hits) CHECK(n > 850 && n < 1150);
    const mlqa::Philox::Block ones{{~0u, ~0u, ~0u, ~0u}};
    CHECK(mlqa::Philox::uniform(ones, 0) < 1);
    CHECK(mlqa::Philox::below(ones, 0, ~0u) == ~0u - 1);
}

TEST(first_touch_keeps_to_the_block) {
    constexpr std::size_t bytes = 5 * 4096 + 77, guard = 4096;
    mlqa::arena::Buffer<char> block(bytes + guard, 7);
    mlqa::threads::first_touch(block.data(), bytes);
    for (std::size_t i = 0; i < block.size(); ++i) CHECK(block[i] == (i < bytes && i % 4096 == 0 ? 0 : 7));
}

}  // namespace
