#include "svm/dag_blocks.hpp"

#include <algorithm>
#include <cstring>

#include "core/threads.hpp"

namespace mlqa::svm {
namespace {

/// Fewer numbers than this are packed by one thread.
constexpr index_t serial_numbers = 1 << 18;

/// Coefficients that may be read behind the last ones.
constexpr index_t padding = 16;

/// The nearest bfloat16, of two the even one.
std::uint16_t upper_half(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

}  // namespace

ClassBlock ClassBlocks::of(index_t a) const {
    const index_t rows = classes_ - 1;
    const float* head = heads_.data() + 2 * rows * a;
    return {head, head + rows, coef_.data() + first_of(a)};
}

/// Where the coefficients of class a begin: each class before it has (classes - 2) n + N of them, n of its
/// own support vectors among all N.
index_t ClassBlocks::first_of(index_t a) const {
    return (classes_ - 2) * start_[a] + a * start_[classes_];
}

Status ClassBlocks::pack(const MachineView<float>& m, int n_threads) {
    classes_ = m.classes;
    start_ = m.start;
    const index_t k = m.classes, rows = k - 1, size = first_of(k);
    heads_ = arena::Buffer<float>(static_cast<std::size_t>(2 * rows * k));
    coef_ = arena::Buffer<std::uint16_t>(static_cast<std::size_t>(size + padding));
    std::fill_n(coef_.data() + size, padding, std::uint16_t{0});
    return threads::parallel_for(k, size < serial_numbers ? 1 : n_threads, [&](index_t a, int) {
        float* head = heads_.data() + 2 * rows * a;
        std::uint16_t* to = coef_.data() + first_of(a);
        for (index_t row = 0; row < rows; ++row) {
            const bool first = a <= row;
            const index_t b = first ? row + 1 : row, back = first ? a : a - 1;
            const index_t low = first ? a : b, high = first ? b : a;
            const float sign = first ? 1.0f : -1.0f;
            head[row] = sign * m.intercept[low * k - low * (low + 1) / 2 + (high - low - 1)];
            head[rows + row] = m.reach[a * rows + row] + m.reach[b * rows + back];
            const auto take = [&](index_t c, index_t r) {
                const float* coef = m.coef + r * m.stride;
                for (index_t s = m.start[c]; s < m.start[c + 1]; ++s) *to++ = upper_half(sign * coef[s]);
            };
            take(a, row);
            take(b, back);
        }
    });
}

}  // namespace mlqa::svm
