// What fuzz targets share: the input as numbers, and a check that stops the run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define FUZZ_CHECK(...)                                                            \
    do {                                                                           \
        if (!(__VA_ARGS__)) {                                                      \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #__VA_ARGS__); \
            std::abort();                                                          \
        }                                                                          \
    } while (false)

namespace mlqa::tests {

/// Takes values from the input; zeros when there is no more.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : next_(data), left_(size) {}

    template <class T>
    T take() {
        T value{};
        const std::size_t n = left_ < sizeof(T) ? left_ : sizeof(T);
        if (n > 0) std::memcpy(&value, next_, n);
        next_ += n;
        left_ -= n;
        return value;
    }
    /// An integer in [low, high].
    int between(int low, int high) { return low + take<std::uint8_t>() % (high - low + 1); }
    bool empty() const { return left_ == 0; }

private:
    const std::uint8_t* next_;
    std::size_t left_;
};

}  // namespace mlqa::tests
