#include "core/arena.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <unordered_map>

#if defined(__APPLE__)
#include <malloc/malloc.h>
#else
#include <malloc.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#define MLQA_POSIX 1
#else
#define MLQA_POSIX 0
#endif

namespace mlqa::arena {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t large = std::size_t{1} << 20;  ///< from here on blocks are mapped and kept
constexpr double slack = 1.25;                       ///< a kept block serves requests down to size / slack

std::size_t round_up(std::size_t bytes, std::size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

std::size_t default_limit() noexcept {
    if (const char* text = std::getenv("MLQA_FAST_ARENA_MB")) {
        char* end = nullptr;
        const double megabytes = std::strtod(text, &end);
        if (end != text && *end == '\0' && megabytes >= 0)
            return static_cast<std::size_t>(std::min(megabytes, 1e9) * (1 << 20));
    }
    std::size_t memory = std::size_t{4} << 30;
#if MLQA_POSIX
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0) memory = static_cast<std::size_t>(pages) * static_cast<std::size_t>(page);
#endif
    const std::size_t share = memory / 16, most = std::size_t{256} << 20;
    return share < most ? share : most;
}

void* small_allocate(std::size_t bytes) noexcept {
#if MLQA_POSIX
    void* block = nullptr;
    return posix_memalign(&block, alignment, bytes == 0 ? alignment : bytes) == 0 ? block : nullptr;
#else
    return _aligned_malloc(bytes == 0 ? alignment : bytes, alignment);
#endif
}

void small_release(void* block) noexcept {
#if MLQA_POSIX
    // NOLINTNEXTLINE(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory): from posix_memalign
    std::free(block);
#else
    _aligned_free(block);
#endif
}

std::size_t small_size(void* block) noexcept {
#if defined(__APPLE__)
    return malloc_size(block);
#elif MLQA_POSIX
    return malloc_usable_size(block);
#else
    return _aligned_msize(block, alignment, 0);
#endif
}

#if MLQA_POSIX
/// `bytes` (a multiple of huge_page) of zeroed memory that starts on a huge page.
void* map_pages(std::size_t bytes) noexcept {
    const std::size_t reach = bytes + huge_page;
    void* raw = mmap(nullptr, reach, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) return nullptr;
    const auto start = reinterpret_cast<std::uintptr_t>(raw);
    const std::uintptr_t aligned = (start + huge_page - 1) / huge_page * huge_page;
    if (aligned > start) munmap(raw, aligned - start);
    if (const std::size_t tail = start + reach - (aligned + bytes))
        munmap(reinterpret_cast<void*>(aligned + bytes), tail);
    void* block = reinterpret_cast<void*>(aligned);
#ifdef MADV_HUGEPAGE
    madvise(block, bytes, MADV_HUGEPAGE);
#endif
    return block;
}
#endif

class Arena {
public:
    void* allocate(std::size_t bytes, bool& zeroed) {
        zeroed = false;
#if MLQA_POSIX
        if (bytes < large) return small_allocate(bytes);
        if (bytes > static_cast<std::size_t>(PTRDIFF_MAX) - 2 * huge_page) return nullptr;
        const std::size_t size = round_up(bytes, huge_page);
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            const auto fit = kept_blocks_.lower_bound(size);
            if (fit != kept_blocks_.end() &&
                static_cast<double>(fit->first) <= slack * static_cast<double>(size)) {
                void* block = fit->second;
                live_.emplace(block, fit->first);
                kept_ -= fit->first;
                kept_blocks_.erase(fit);
                return block;
            }
        }
        void* block = map_pages(size);
        if (block == nullptr) return nullptr;
        zeroed = true;
        const std::lock_guard<std::mutex> lock(mutex_);
        try {
            live_.emplace(block, size);
        } catch (const std::bad_alloc&) {
            munmap(block, size);
            return nullptr;
        }
        return block;
#else
        return small_allocate(bytes);
#endif
    }

    void release(void* block) {
#if MLQA_POSIX
        if (reinterpret_cast<std::uintptr_t>(block) % huge_page == 0 && keep_or_unmap(block)) return;
#endif
        small_release(block);
    }

    /// What may be read of a live block: at least what was asked for.
    std::size_t size_of(void* block) {
#if MLQA_POSIX
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto found = live_.find(block);
        if (found != live_.end()) return found->second;
#endif
        return small_size(block);
    }

    std::size_t trim(std::size_t down_to = 0) {
        const std::lock_guard<std::mutex> lock(mutex_);
        return trim_locked(down_to);
    }

    std::size_t kept() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return kept_;
    }

    std::size_t limit() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return limit_;
    }

    void set_limit(std::size_t bytes) {
        const std::lock_guard<std::mutex> lock(mutex_);
        limit_ = bytes;
        trim_locked(bytes);
    }

    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }
    void unlock_in_child() {
        trim_locked(0);
        mutex_.unlock();
    }

private:
#if MLQA_POSIX
    bool keep_or_unmap(void* block) noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto found = live_.find(block);
        if (found == live_.end()) return false;
        const std::size_t size = found->second;
        live_.erase(found);
        if (!keep(block, size)) munmap(block, size);
        return true;
    }

    bool keep(void* block, std::size_t size) noexcept {
        if (size > limit_) return false;
        trim_locked(limit_ - size);
        try {
            kept_blocks_.emplace(size, block);
        } catch (const std::bad_alloc&) {
            return false;
        }
        kept_ += size;
        return true;
    }
#endif

    std::size_t trim_locked(std::size_t down_to) {
        std::size_t given = 0;
#if MLQA_POSIX
        while (kept_ > down_to && !kept_blocks_.empty()) {
            const auto smallest = kept_blocks_.begin();
            munmap(smallest->second, smallest->first);
            kept_ -= smallest->first;
            given += smallest->first;
            kept_blocks_.erase(smallest);
        }
#else
        (void)down_to;
#endif
        return given;
    }

    std::mutex mutex_;
    std::multimap<std::size_t, void*> kept_blocks_;
    std::unordered_map<void*, std::size_t> live_;
    std::size_t kept_ = 0;
    std::size_t limit_ = default_limit();
};

/// Never destroyed: arrays may outlive every static object.
Arena& shared() {
    static Arena* const arena = [] {
        auto* made = new Arena;  // NOLINT(cppcoreguidelines-owning-memory)
#if MLQA_POSIX
        pthread_atfork([] { shared().lock(); }, [] { shared().unlock(); },
                       [] { shared().unlock_in_child(); });
#endif
        return made;
    }();
    return *arena;
}

}  // namespace

void* allocate(std::size_t bytes) noexcept {
    bool zeroed = false;
    try {
        return shared().allocate(bytes, zeroed);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void* allocate_zeroed(std::size_t count, std::size_t size) noexcept {
    if (size != 0 && count > static_cast<std::size_t>(-1) / size) return nullptr;
    bool zeroed = false;
    try {
        void* block = shared().allocate(count * size, zeroed);
        if (block != nullptr && !zeroed) std::memset(block, 0, count * size);
        return block;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void* resize(void* block, std::size_t bytes) noexcept {
    const std::size_t old_bytes = block == nullptr ? 0 : shared().size_of(block);
    void* moved = allocate(bytes);
    if (moved == nullptr) return nullptr;
    if (block != nullptr) {
        std::memcpy(moved, block, bytes < old_bytes ? bytes : old_bytes);
        release(block);
    }
    return moved;
}

void release(void* block) noexcept {
    if (block != nullptr) shared().release(block);
}

std::size_t kept() noexcept {
    return shared().kept();
}
std::size_t limit() noexcept {
    return shared().limit();
}
void set_limit(std::size_t bytes) noexcept {
    shared().set_limit(bytes);
}
std::size_t trim() noexcept {
    return shared().trim();
}

}  // namespace mlqa::arena
