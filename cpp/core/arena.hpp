// Memory for results and workspaces: 64-byte aligned, huge pages asked for, freed blocks kept and reused.
//
// The first touch of fresh pages costs several times what a copy into warm ones does, so what a call frees
// the next call gets. At most `limit()` bytes are kept beyond live blocks: min(256 MB, memory / 16), or
// MLQA_FAST_ARENA_MB. A forked child starts with nothing kept.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace mlqa::arena {

constexpr std::size_t alignment = 64;

/// nullptr when there is no memory. Zero bytes are allowed.
void* allocate(std::size_t bytes) noexcept;
void* allocate_zeroed(std::size_t count, std::size_t size) noexcept;
/// As realloc: `block` is gone unless nullptr comes back.
void* resize(void* block, std::size_t bytes) noexcept;
void release(void* block) noexcept;

/// Bytes kept for reuse, and the most that may be.
std::size_t kept() noexcept;
std::size_t limit() noexcept;
void set_limit(std::size_t bytes) noexcept;
/// Gives what is kept back to the system; returns the number of bytes.
std::size_t trim() noexcept;

/// An array of `size` uninitialised T that frees itself. Throws std::bad_alloc, also when size * sizeof(T)
/// overflows.
template <class T>
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(std::size_t size) : size_(size) {
        if (size > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_alloc();
        data_.reset(static_cast<T*>(allocate(size * sizeof(T))));
        if (!data_) throw std::bad_alloc();
    }
    Buffer(std::size_t size, T value) : Buffer(size) {
        for (std::size_t i = 0; i < size; ++i) data_.get()[i] = value;
    }

    T* data() const noexcept { return data_.get(); }
    std::size_t size() const noexcept { return size_; }
    T* begin() const noexcept { return data(); }
    T* end() const noexcept { return data() + size_; }
    T& operator[](std::size_t i) const noexcept { return data_.get()[i]; }

private:
    struct Free {
        void operator()(T* block) const noexcept { release(block); }
    };
    std::unique_ptr<T, Free> data_;
    std::size_t size_ = 0;
};

}  // namespace mlqa::arena
