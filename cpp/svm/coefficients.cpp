#include "svm/coefficients.hpp"

#include <algorithm>
#include <numeric>

#include "core/threads.hpp"
#include "svm/pairs.hpp"

namespace mlqa::svm {
namespace {

constexpr index_t word_bits = 64;
/// Numbers of a matrix below which one thread writes it.
constexpr index_t serial_numbers = 1 << 17;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

index_t words(index_t bits) {
    return (bits + word_bits - 1) / word_bits;
}

bool is_set(const std::uint64_t* bits, index_t i) {
    return (bits[i / word_bits] >> (i % word_bits) & 1) != 0;
}

/// Copies the numbers that are not 0 to where there is room for all, and marks where they were. Returns how
/// many they are. Which ones they are cannot be foreseen: no branch asks.
index_t squeeze(const double* beta, index_t n, std::uint64_t* present, double* value) {
    index_t kept = 0;
    for (index_t first = 0; first < n; first += word_bits) {
        std::uint64_t word = 0;
        for (index_t i = first; i < std::min(n, first + word_bits); ++i) {
            const bool is_there = beta[i] != 0.0;
            value[kept] = beta[i];
            kept += is_there ? 1 : 0;
            word |= std::uint64_t{is_there} << (i - first);
        }
        *present++ = word;
    }
    return kept;
}

}  // namespace

void Coefficients::begin(index_t classes, const index_t* start, int n_threads) {
    classes_ = classes;
    start_.assign(start, start + classes + 1);
    word_.assign(1, 0);
    for (index_t c = 0; c < classes; ++c) word_.push_back(word_.back() + words(size(c)));
    machine_.assign(at(pairs_of(classes)), Machine{});
    bits_.begin(n_threads);
    numbers_.begin(n_threads);
    used_.resize(at(n_threads));
    kept_.assign(at(n_threads), 0);
}

void Coefficients::keep(index_t a, index_t b, const double* beta, int worker) {
    std::vector<std::uint64_t>& used = used_[at(worker)];
    if (used.empty()) used.assign(at(word_.back()), 0);
    const index_t n[2] = {size(a), size(b)}, c[2] = {a, b};
    std::uint64_t* present = bits_.take(at(words(n[0]) + words(n[1])), worker);
    double* value = numbers_.take(at(n[0] + n[1]), worker);
    Machine& machine = machine_[at(pair_number(a, b, classes_))];
    machine.present = present;
    machine.value = value;
    for (int side = 0; side < 2; ++side) {
        machine.count[side] = squeeze(beta, n[side], present, value);
        std::uint64_t* mark = used.data() + word_[at(c[side])];
        for (index_t w = 0; w < words(n[side]); ++w) mark[w] |= present[w];
        beta += n[side];
        present += words(n[side]);
        value += machine.count[side];
    }
    const index_t kept = machine.count[0] + machine.count[1];
    numbers_.give_back(at(n[0] + n[1] - kept), worker);
    kept_[at(worker)] += kept;
}

index_t Coefficients::count() const {
    return std::accumulate(kept_.begin(), kept_.end(), index_t{0});
}

void Coefficients::end() {
    support_.clear();
    support_count_.assign(at(classes_), 0);
    for (index_t c = 0; c < classes_; ++c)
        for (index_t i = 0; i < size(c); ++i)
            if (std::any_of(used_.begin(), used_.end(), [&](const std::vector<std::uint64_t>& used) {
                    return !used.empty() && is_set(used.data() + word_[at(c)], i);
                })) {
                support_.push_back(start_[at(c)] + i);
                ++support_count_[at(c)];
            }
}

Coefficients::Part Coefficients::part(index_t c, index_t row) const {
    const index_t other = row < c ? row : row + 1;
    const index_t a = std::min(c, other), b = std::max(c, other);
    const Machine& machine = machine_[at(pair_number(a, b, classes_))];
    if (machine.present == nullptr) return {nullptr, nullptr, 0};
    if (c == a) return {machine.present, machine.value, machine.count[0]};
    return {machine.present + words(size(a)), machine.value + machine.count[0], machine.count[1]};
}

/// visit(column, number) for the numbers of a row that are not 0, in order.
template <class Visit>
void Coefficients::visit(index_t row, Visit&& visit) const {
    index_t column = 0;
    for (index_t c = 0; c < classes_; ++c) {
        Part of = part(c, row);
        const index_t end = column + support_count_[at(c)];
        for (; of.count > 0 && column < end; ++column) {
            if (!is_set(of.present, support_[at(column)] - start_[at(c)])) continue;
            visit(column, *of.value++);
        }
        column = end;
    }
}

Status Coefficients::dense(double* out, int n_threads) const {
    const index_t n = columns();
    return threads::parallel_for(rows(), rows() * n < serial_numbers ? 1 : n_threads, [&](index_t row, int) {
        double* to = out + row * n;
        std::fill(to, to + n, 0.0);
        visit(row, [to](index_t column, double value) { to[column] = value; });
    });
}

Status Coefficients::packed(std::uint8_t* present, double* values, int n_threads) const {
    std::vector<index_t> first(1, 0);
    for (index_t row = 0; row < rows(); ++row) {
        index_t n = 0;
        for (index_t c = 0; c < classes_; ++c) n += part(c, row).count;
        first.push_back(first.back() + n);
    }
    return threads::parallel_for(
        rows(), rows() * columns() < serial_numbers ? 1 : n_threads, [&](index_t row, int) {
            std::uint8_t* bits = present + row * row_bytes();
            double* to = values + first[at(row)];
            std::fill(bits, bits + row_bytes(), std::uint8_t{0});
            visit(row, [&](index_t column, double value) {
                bits[column / 8] = static_cast<std::uint8_t>(bits[column / 8] | 1u << (column % 8));
                *to++ = value;
            });
        });
}

index_t count_present(const std::uint8_t* present, index_t bytes) {
    index_t n = 0;
    for (index_t i = 0; i < bytes; ++i)
        for (unsigned byte = present[i]; byte != 0; byte &= byte - 1) ++n;
    return n;
}

Status unpack(const std::uint8_t* present, const double* values, index_t rows, index_t columns, double* out,
              int n_threads) {
    static constexpr double none = 0.0;
    const index_t bytes = (columns + 7) / 8;
    std::vector<index_t> first(1, 0);
    for (index_t row = 0; row < rows; ++row)
        first.push_back(first.back() + count_present(present + row * bytes, bytes));
    return threads::parallel_for(rows, rows * columns < serial_numbers ? 1 : n_threads,
                                 [&](index_t row, int) {
                                     const std::uint8_t* bits = present + row * bytes;
                                     const double* from = values + first[at(row)];
                                     double* to = out + row * columns;
                                     for (index_t j = 0; j < columns; ++j) {
                                         const bool is_there = (bits[j / 8] >> (j % 8) & 1) != 0;
                                         to[j] = *(is_there ? from : &none);
                                         from += is_there ? 1 : 0;
                                     }
                                 });
}

}  // namespace mlqa::svm
