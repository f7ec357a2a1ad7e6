#include "svm/row_source.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "core/threads.hpp"
#include "pairwise/tiles.kernel.hpp"
#include "svm/panels.kernel.hpp"

namespace mlqa::svm {
namespace {

/// Bytes of the panels that a thread passes over a block: they stay in its second-level cache.
constexpr index_t run_bytes = 256 * 1024;
/// Up to so many features a value among a few points takes less to compute than to find in a long row.
constexpr index_t computed_features = 128;

template <class T>
const PanelTable<T>& panel_table() {
    if constexpr (std::is_same_v<T, float>)
        return panels_kernels().f32;
    else
        return panels_kernels().f64;
}

template <class T>
const TileTable<T>& tile_table() {
    if constexpr (std::is_same_v<T, float>)
        return tiles_kernels().f32;
    else
        return tiles_kernels().f64;
}

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

template <class T>
void Panels<T>::pack(const PointSet& set, const index_t* index, index_t n) {
    const int width = panel_table<T>().panel_width;
    const index_t d = set.features(), filled = round_up(n, width);
    const MatrixView<const double>& x = set.points().dense;
    size_ = n;
    make_room(values_, size_of(filled, std::max<index_t>(d, 1)));
    make_room(norms_, size_of(filled));
    std::fill(norms_.data(), norms_.data() + filled, T(0));
    tile_table<T>().pack_f64(x.data, x.row_stride, x.col_stride, index, n, d, set.centre(), width,
                             values_.data());
    panel_table<T>().norms(values_.data(), width, n, d, norms_.data());
}

const Panels<float>& SharedPanels::get() {
    std::call_once(once_, [this] {
        std::vector<index_t> index(size_of(size_));
        for (index_t i = 0; i < size_; ++i) index[size_of(i)] = set_.source(first_ + i);
        panels_.pack(set_, index.data(), size_);
    });
    return panels_;
}

template <class T>
PanelRows<T>::PanelRows(const PointSet& points) : RowSource<T>(points.size(), 0), points_(points) {
    index_.resize(size_of(points.size()));
    for (index_t i = 0; i < points.size(); ++i) index_[size_of(i)] = points.source(i);
    if constexpr (std::is_same_v<T, float>)
        if (points.panels(0) != nullptr) lay_out(points.panels(0)->get(), points.panels(1)->get());
    if (part_[0] == nullptr) pack();
}

template <class T>
void PanelRows<T>::pack() {
    own_.pack(points_, index_.data(), this->size_);
    lay_out(own_, none_);
}

template <class T>
void PanelRows<T>::lay_out(const Panels<T>& first, const Panels<T>& second) {
    const index_t width = panel_table<T>().panel_width;
    part_[0] = &first;
    part_[1] = &second;
    this->stride_ = round_up(first.size() + round_up(second.size(), width), width);
}

template <class T>
void PanelRows<T>::keep(const index_t* kept, index_t n) {
    for (index_t j = 0; j < n; ++j) index_[size_of(j)] = index_[size_of(kept[j])];
    index_.resize(size_of(n));
    this->size_ = n;
    pack();
}

template <class T>
void PanelRows<T>::pack_block(const index_t* which, index_t m) {
    const int width = panel_table<T>().block_rows;
    const index_t d = points_.features(), padded = round_up(m, panel_table<T>().panel_width);
    const MatrixView<const double>& x = points_.points().dense;
    make_room(block_, size_of(round_up(m, width), std::max<index_t>(d, 1)));
    make_room(block_norms_, size_of(padded));
    std::fill(block_norms_.data(), block_norms_.data() + padded, T(0));
    block_index_.resize(size_of(m));
    for (index_t r = 0; r < m; ++r) {
        block_index_[size_of(r)] = index_[size_of(which[r])];
        block_norms_[size_of(r)] = norm(which[r]);
    }
    tile_table<T>().pack_f64(x.data, x.row_stride, x.col_stride, block_index_.data(), m, d, points_.centre(),
                             width, block_.data());
}

template <class T>
Status PanelRows<T>::rows(const index_t* which, index_t m, T* const* out, int n_threads) {
    const PanelTable<T>& kernels = panel_table<T>();
    const index_t d = points_.features(), width = kernels.panel_width;
    pack_block(which, m);
    const Panels<T>&a = *part_[0], &b = *part_[1];
    second_.resize(size_of(m));
    for (index_t r = 0; r < m; ++r) second_[size_of(r)] = out[r] + a.size();
    const auto values = [&](const Panels<T>& part, index_t first, index_t last, T* const* to) {
        kernels.rows(&points_.function(), block_.data(), block_norms_.data(), m, part.values(), part.norms(),
                     first, last, d, to);
    };
    const index_t row_bytes = std::max<index_t>(d, 1) * static_cast<index_t>(sizeof(T));
    const index_t columns = std::max(width, run_bytes / row_bytes / width * width);
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

template <class T>
bool PanelRows<T>::block(const index_t* which, index_t m, T* const* out) {
    const index_t d = points_.features(), width = panel_table<T>().panel_width;
    if (d > computed_features) return false;
    pack_block(which, m);
    make_room(block_panels_, size_of(round_up(m, width), std::max<index_t>(d, 1)));
    const MatrixView<const double>& x = points_.points().dense;
    tile_table<T>().pack_f64(x.data, x.row_stride, x.col_stride, block_index_.data(), m, d, points_.centre(),
                             static_cast<int>(width), block_panels_.data());
    panel_table<T>().rows(&points_.function(), block_.data(), block_norms_.data(), m, block_panels_.data(),
                          block_norms_.data(), 0, m, d, out);
    return true;
}

template class PanelRows<float>;
template class PanelRows<double>;

FloatError float_error(const PointSet& points) {
    const KernelFunction& f = points.function();
    const double u = std::numeric_limits<float>::epsilon() / 2;
    const FloatError useless = {HUGE_VAL, HUGE_VAL};
    if (points.points().is_sparse || f.kind == Kernel::precomputed) return useless;
    const double terms = panels_kernels().f32.roundings * static_cast<double>(points.features()) + 8.0;
    if (terms * u > 0.01) return useless;
    const double gamma = terms * u / (1.0 - terms * u), longest = points.longest();
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
