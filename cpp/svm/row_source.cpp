#include "svm/row_source.hpp"

#include <algorithm>
#include <cmath>

#include "core/threads.hpp"

namespace mlqa::svm {
namespace {

/// Bytes of the panels that a thread passes over a block: they stay in its second-level cache.
constexpr index_t run_bytes = 256 * 1024;
/// Numbers that a thread packs sooner than it wakes another, in the midst of rounds.
constexpr index_t packed_alone = 50'000;
/// Up to so many features a value among a few points takes less to compute than to find in a long row.
constexpr index_t computed_features = 128;

index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

std::size_t size_of(index_t a, index_t b = 1) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

template <class T>
void make_room(arena::Buffer<T>& buffer, std::size_t needed) {
    if (buffer.size() < needed) buffer = arena::Buffer<T>(needed);
}

}  // namespace

template <class Format>
void Panels<Format>::pack(const PointSet& set, const index_t* index, index_t n) {
    const index_t d = set.features(), filled = round_up(n, Format::panel_width());
    size_ = n;
    make_room(values_, Format::offset(filled, std::max<index_t>(d, 1)));
    make_room(norms_, size_of(filled));
    std::fill(norms_.data(), norms_.data() + filled, Value(0));
    const index_t run = 8 * Format::panel_width();
    const auto some = [&](index_t chunk, int) {
        const index_t first = chunk * run;
        Format::pack(set, index + first, std::min(run, n - first), PackedAs::panels,
                     values_.data() + Format::offset(first, d), norms_.data() + first);
    };
    // A call that was cancelled meanwhile is so at its next step as well.
    (void)threads::parallel_for((n + run - 1) / run, set.threads_for(n * d), some);
}

template <class Format>
const Panels<Format>* SharedPanels::packed(Once<Format>& once) {
    std::call_once(once.flag, [&] {
        std::vector<index_t> index(size_of(size_));
        for (index_t i = 0; i < size_; ++i) index[size_of(i)] = set_.source(first_ + i);
        once.panels.pack(set_, index.data(), size_);
    });
    return &once.panels;
}

template <>
const Panels<NumberFormat<float>>* SharedPanels::get() {
    return packed(numbers_);
}
template <>
const Panels<FixedFormat<float>>* SharedPanels::get() {
    return packed(fixed_);
}
template <>
const Panels<NumberFormat<double>>* SharedPanels::get() {
    return nullptr;
}

template <class Format>
PanelRows<Format>::PanelRows(const PointSet& points) : RowSource<Value>(points.size(), 0), points_(points) {
    index_.resize(size_of(points.size()));
    for (index_t i = 0; i < points.size(); ++i) index_[size_of(i)] = points.source(i);
    const Panels<Format>* shared[2] = {nullptr, nullptr};
    for (int part = 0; part < 2; ++part)
        if (points.panels(part) != nullptr) shared[part] = points.panels(part)->get<Format>();
    if (shared[0] != nullptr)
        lay_out(*shared[0], *shared[1]);
    else
        pack();
}

template <class Format>
void PanelRows<Format>::pack() {
    own_.pack(points_, index_.data(), this->size_);
    lay_out(own_, none_);
}

template <class Format>
void PanelRows<Format>::lay_out(const Panels<Format>& first, const Panels<Format>& second) {
    const index_t width = Format::panel_width();
    part_[0] = &first;
    part_[1] = &second;
    this->stride_ = round_up(first.size() + round_up(second.size(), width), width);
}

template <class Format>
void PanelRows<Format>::keep(const index_t* kept, index_t n) {
    for (index_t j = 0; j < n; ++j) index_[size_of(j)] = index_[size_of(kept[j])];
    index_.resize(size_of(n));
    this->size_ = n;
    pack();
}

template <class Format>
void PanelRows<Format>::pack_block(const index_t* which, index_t m, int n_threads) {
    const index_t d = points_.features(), padded = round_up(m, Format::panel_width());
    make_room(block_, Format::offset(round_up(m, Format::block_rows()), std::max<index_t>(d, 1)));
    make_room(block_norms_, size_of(padded));
    std::fill(block_norms_.data(), block_norms_.data() + padded, Value(0));
    block_index_.resize(size_of(m));
    for (index_t r = 0; r < m; ++r) {
        block_index_[size_of(r)] = index_[size_of(which[r])];
        block_norms_[size_of(r)] = norm(which[r]);
    }
    const index_t run = 4 * Format::block_rows();
    (void)threads::parallel_for(
        (m + run - 1) / run, m * d < packed_alone ? 1 : n_threads, [&](index_t chunk, int) {
            const index_t first = chunk * run;
            Format::pack(points_, block_index_.data() + first, std::min(run, m - first), PackedAs::block,
                         block_.data() + Format::offset(first, d), nullptr);
        });
}

template <class Format>
Status PanelRows<Format>::rows(const index_t* which, index_t m, Value* const* out, int n_threads) {
    const index_t d = points_.features(), width = Format::panel_width();
    points_.count(m, m * this->size_);
    pack_block(which, m, n_threads);
    const Panels<Format>&a = *part_[0], &b = *part_[1];
    second_.resize(size_of(m));
    for (index_t r = 0; r < m; ++r) second_[size_of(r)] = out[r] + a.size();
    const PackedRows<Format> block = {block_.data(), block_norms_.data(), m};
    const auto values = [&](const Panels<Format>& part, index_t first, index_t last, Value* const* to) {
        kernel_rows(points_, block, part.columns(), first, last, to);
    };
    const auto panel_bytes =
        static_cast<index_t>(sizeof(Number) * Format::offset(width, std::max<index_t>(d, 1)));
    const index_t columns = std::max<index_t>(1, run_bytes / panel_bytes) * width;
    // A panel that the first part does not fill reaches into the columns of the second, so these come after.
    const index_t whole = a.size() / width * width;
    const index_t of_first = (whole + columns - 1) / columns;
    const index_t of_second = std::max<index_t>(1, (b.size() + columns - 1) / columns);
    const auto some = [&](index_t chunk, int) {
        const index_t first = chunk * columns, next = first - of_first * columns;
        if (chunk < of_first) return values(a, first, std::min(whole, first + columns), out);
        if (chunk == of_first) values(a, whole, a.size(), out);
        values(b, next, std::min(b.size(), next + columns), second_.data());
    };
    const double work = static_cast<double>(m) * static_cast<double>(this->stride_ * (d + 16));
    return threads::parallel_for(of_first + of_second, work < serial_work ? 1 : n_threads, some);
}

template <class Format>
bool PanelRows<Format>::block(const index_t* which, index_t m, Value* const* out) {
    const index_t d = points_.features();
    if (d > computed_features) return false;
    points_.count(0, m * m);
    pack_block(which, m, 1);
    make_room(block_panels_, Format::offset(round_up(m, Format::panel_width()), std::max<index_t>(d, 1)));
    Format::pack(points_, block_index_.data(), m, PackedAs::panels, block_panels_.data(), nullptr);
    kernel_rows(points_, PackedRows<Format>{block_.data(), block_norms_.data(), m},
                PackedColumns<Format>{block_panels_.data(), block_norms_.data()}, 0, m, out);
    return true;
}

template class PanelRows<NumberFormat<float>>;
template class PanelRows<NumberFormat<double>>;
template class PanelRows<FixedFormat<float>>;

std::unique_ptr<RowSource<float>> float_rows(const PointSet& points) {
    if (points.fixed().usable()) return std::make_unique<PanelRows<FixedFormat<float>>>(points);
    return std::make_unique<PanelRows<NumberFormat<float>>>(points);
}

FloatError float_error(const PointSet& points) {
    const KernelFunction& f = points.function();
    const FloatError useless = {HUGE_VAL, HUGE_VAL};
    if (points.points().is_sparse || f.kind == Kernel::precomputed) return useless;
    constexpr double u = 0x1p-24;
    const double longest = points.longest();
    double gamma = number_error(points.features());
    if (points.fixed().usable())
        gamma = points.fixed().error(pairwise::few_digits, longest, u) / longest + 8.0 * u;
    if (gamma > 0.01) return useless;
    // Beyond these, products of floats overflow or lose digits to subnormal numbers.
    const double base = std::abs(f.gamma) * longest + std::abs(f.coef0);
    if (!(longest < 1e30) || !(points.largest() < 1e30) || !(base < 1e30)) return useless;
    if (longest > 0 && longest < 1e-25) return useless;
    switch (f.kind) {
        case Kernel::linear:
            return {gamma * longest, 0.0};
        case Kernel::poly:
            return {std::expm1(2.0 * f.degree * gamma) * points.largest(), 0.0};
        case Kernel::sigmoid:
            return {gamma * base + 8.0 * u, 0.0};
        default:
            // Below exp(-87) a value is 0.
            return {2e-38, std::expm1(std::abs(f.gamma) * 4.0 * gamma * longest) + 8.0 * u};
    }
}

}  // namespace mlqa::svm
