#include "svm/dag_blocks.hpp"

#include <algorithm>
#include <cstring>

#include "core/threads.hpp"

namespace mlqa::svm {
namespace {

/// Fewer numbers than this are packed by one thread.
constexpr index_t serial_numbers = 1 << 18;

/// Coefficients that may be read behind the last ones: a short run is read as four vectors of 16.
constexpr index_t padding = 64;

/// The nearest bfloat16, of two the even one, and no infinity for a finite number.
std::uint16_t upper_half(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    const std::uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    return static_cast<std::uint16_t>((rounded & 0x7FFF) == 0x7F80 ? rounded - 1 : rounded);
}

}  // namespace

ClassBlocks::ClassBlocks(const MachineView<float>& m) : classes_(m.classes), start_(m.start) {
    const index_t k = m.classes, rows = k - 1;
    heads_ = arena::Buffer<float>(static_cast<std::size_t>(2 * rows * k));
    index_t number = 0;
    for (index_t a = 0; a < k; ++a)
        for (index_t b = a + 1; b < k; ++b, ++number) {
            float *of_a = heads_.data() + 2 * rows * a + b - 1, *of_b = heads_.data() + 2 * rows * b + a;
            of_a[0] = m.intercept[number];
            of_b[0] = -m.intercept[number];
            of_a[rows] = of_b[rows] = m.reach[a * rows + b - 1] + m.reach[b * rows + a];
        }
}

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
    const index_t k = m.classes, size = first_of(k);
    arena::Buffer<std::uint16_t> coef(static_cast<std::size_t>(size + padding));
    std::fill_n(coef.data() + size, padding, std::uint16_t{0});
    const Status status =
        threads::parallel_for(k, size < serial_numbers ? 1 : n_threads, [&](index_t a, int) {
            std::uint16_t* to = coef.data() + first_of(a);
            const auto take = [&](index_t c, index_t row, float sign) {
                const float* from = m.coef + row * m.stride;
                for (index_t s = m.start[c]; s < m.start[c + 1]; ++s) *to++ = upper_half(sign * from[s]);
            };
            for (index_t row = 0; row < k - 1; ++row) {
                const bool first = a <= row;
                const float sign = first ? 1.0f : -1.0f;
                take(a, row, sign);
                take(first ? row + 1 : row, first ? a : a - 1, sign);
            }
        });
    if (status == Status::ok) coef_ = std::move(coef);
    return status;
}

}  // namespace mlqa::svm
