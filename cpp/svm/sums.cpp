// Columns come in bands whose panels stay in a cache, rows in steps of a few blocks that the threads share.
// What a row gets from a band is added up in as many partial sums as a vector has lanes, panel after panel.
//
// Between the points of one set, each value serves both its points: above the diagonal a tile adds to the
// sums of its rows and, from its rows in order, to those of its columns. Each run of steps has its own sums
// of the columns, which are added up in the order of the runs. Runs depend on the number of points alone.
#include "svm/sums.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/threads.hpp"
#include "svm/panel_formats.hpp"

namespace mlqa::svm {
namespace {

/// Numbers in the panels of a band; its most columns; blocks of a step.
template <class Format>
constexpr index_t band_values = 1'000'000;
template <>
constexpr index_t band_values<FixedFormat<double>> = 3'000'000;
constexpr index_t band_columns = 4096;
template <class Format>
constexpr index_t step_blocks = 4;
template <>
constexpr index_t step_blocks<FixedFormat<double>> = 8;
/// Runs of rows that have sums of the columns of their own.
constexpr index_t most_runs = 256;
/// Numbers that a thread packs sooner than it wakes another.
constexpr index_t packed_alone = 100'000;

index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

template <class T>
void make_room(arena::Buffer<T>& buffer, std::size_t needed) {
    if (buffer.size() < needed) buffer = arena::Buffer<T>(needed);
}

/// Points packed for sums, as the rows or the columns of tiles.
template <class Format>
class SumPoints {
public:
    explicit SumPoints(const PointSet& set) : set_(set) {}

    Status pack(const index_t* which, index_t m, PackedAs as, int n_threads) {
        const index_t width = Format::panel_width(), run = 8 * width;
        const index_t whole = as == PackedAs::panels ? width : Format::block_rows();
        size_ = m;
        source_.resize(at(m));
        for (index_t i = 0; i < m; ++i) source_[at(i)] = set_.source(which[i]);
        make_room(norms_, at(round_up(m, width)));
        for (index_t i = 0; i < m; ++i) norms_[at(i)] = set_.norms()[which[i]];
        std::fill(norms_.data() + m, norms_.data() + round_up(m, width), 0.0);
        make_room(points_, offset(round_up(m, whole)));
        if (as == PackedAs::block || m * set_.features() < packed_alone) {
            pack_run(0, m, as);
            return Status::ok;
        }
        return threads::parallel_for((m + run - 1) / run, n_threads, [&](index_t chunk, int) {
            pack_run(chunk * run, std::min(run, m - chunk * run), as);
        });
    }
    PackedRows<Format> rows() const { return {points_.data(), norms_.data(), size_}; }
    /// From column `first` on, a whole panel's.
    PackedColumns<Format> columns(index_t first) const {
        return {points_.data() + offset(first), norms_.data() + first};
    }

private:
    std::size_t offset(index_t point) const {
        return Format::offset(point, std::max<index_t>(set_.features(), 1));
    }
    void pack_run(index_t first, index_t n, PackedAs as) {
        Format::pack(set_, source_.data() + first, n, as, points_.data() + offset(first), nullptr);
    }

    const PointSet& set_;
    index_t size_ = 0;
    std::vector<index_t> source_;  ///< rows of the caller's points
    arena::Buffer<double> norms_;
    arena::Buffer<typename Format::Number> points_;
};

template <class Format>
std::vector<SumPoints<Format>> a_thread_each(const PointSet& set, int n_threads) {
    std::vector<SumPoints<Format>> blocks;
    blocks.reserve(static_cast<std::size_t>(n_threads));
    for (int t = 0; t < n_threads; ++t) blocks.emplace_back(set);
    return blocks;
}

/// Some blocks of rows, which are whole panels as well.
template <class Format>
index_t step_rows() {
    return step_blocks<Format> * Format::block_rows();
}

/// Whole steps.
template <class Format>
index_t columns_of_band(index_t d) {
    const index_t step = step_rows<Format>(), most = band_values<Format> / std::max<index_t>(d, 1);
    return std::clamp(most, step, band_columns) / step * step;
}

int threads_for(double values, index_t d, int n_threads) {
    return values * static_cast<double>(d + 16) < serial_work ? 1 : n_threads;
}

template <class Format>
arena::Buffer<double> filled(const double* weight, index_t m) {
    arena::Buffer<double> weights(at(round_up(m, Format::panel_width())), 0.0);
    std::copy(weight, weight + m, weights.data());
    return weights;
}

/// out[i] += the partial sums of row i, in order.
void add_partial(const arena::Buffer<double>& partial, index_t n, double* out) {
    const index_t lanes = panels_kernels().lanes;
    for (index_t i = 0; i < n; ++i) {
        double sum = 0;
        for (index_t l = 0; l < lanes; ++l) sum += partial[at(i * lanes + l)];
        out[i] += sum;
    }
}

arena::Buffer<double> partial_sums(index_t n) {
    return arena::Buffer<double>(at(n * panels_kernels().lanes), 0.0);
}

template <class Format>
Status sums_of(const PointSet& set, const index_t* query, index_t n, const index_t* support,
               const double* weight, index_t m, double* out, int n_threads) {
    const index_t d = set.features(), step = step_rows<Format>(), band = columns_of_band<Format>(d);
    const int used = threads_for(static_cast<double>(n) * static_cast<double>(m), d, n_threads);
    const arena::Buffer<double> weights = filled<Format>(weight, m), partial = partial_sums(n);
    SumPoints<Format> panels(set);
    std::vector<SumPoints<Format>> blocks = a_thread_each<Format>(set, used);
    for (index_t begin = 0; begin < m; begin += band) {
        const index_t columns = std::min(band, m - begin);
        Status status = panels.pack(support + begin, columns, PackedAs::panels, used);
        if (status != Status::ok) return status;
        status = threads::parallel_for((n + step - 1) / step, used, [&](index_t chunk, int worker) {
            const index_t first = chunk * step;
            SumPoints<Format>& block = blocks[static_cast<std::size_t>(worker)];
            block.pack(query + first, std::min(step, n - first), PackedAs::block, 1);
            add_sums(set, block.rows(), panels.columns(0), weights.data() + begin, columns,
                     partial.data() + first * panels_kernels().lanes);
        });
        if (status != Status::ok) return status;
    }
    std::fill(out, out + n, 0.0);
    add_partial(partial, n, out);
    return Status::ok;
}

template <class Format>
Status mutual_sums_of(const PointSet& set, const index_t* points, const double* weight, index_t m,
                      double* out, int n_threads) {
    const index_t d = set.features(), step = step_rows<Format>(), band = columns_of_band<Format>(d);
    const int used = threads_for(0.5 * static_cast<double>(m) * static_cast<double>(m), d, n_threads);
    const arena::Buffer<double> weights = filled<Format>(weight, m), partial = partial_sums(m);
    const index_t run = round_up((m + most_runs - 1) / most_runs, step);
    const index_t held = round_up(std::min(band, m), Format::panel_width());
    arena::Buffer<double> of_columns(at((m + run - 1) / run * held));
    SumPoints<Format> panels(set);
    std::vector<SumPoints<Format>> blocks = a_thread_each<Format>(set, used);
    std::fill(out, out + m, 0.0);
    for (index_t begin = 0; begin < m; begin += band) {
        const index_t columns = std::min(band, m - begin), end = begin + columns;
        const index_t runs = (end + run - 1) / run;
        const double* weight_here = weights.data() + begin;
        Status status = panels.pack(points + begin, columns, PackedAs::panels, used);
        if (status != Status::ok) return status;
        status = threads::parallel_for(runs, used, [&](index_t chunk, int worker) {
            SumPoints<Format>& block = blocks[static_cast<std::size_t>(worker)];
            double* sums_here = of_columns.data() + chunk * held;
            std::fill(sums_here, sums_here + held, 0.0);
            for (index_t first = chunk * run; first < std::min(end, (chunk + 1) * run); first += step) {
                double* sums_of_rows = partial.data() + first * panels_kernels().lanes;
                block.pack(points + first, std::min(step, end - first), PackedAs::block, 1);
                index_t beyond = 0;  // columns right of the diagonal
                if (first >= begin) {
                    const index_t here = first - begin;
                    beyond = std::min(here + step, columns);
                    add_sums(set, block.rows(), panels.columns(here), weight_here + here, beyond - here,
                             sums_of_rows);
                }
                if (beyond < columns)
                    add_mutual_sums(set, block.rows(), weights.data() + first, panels.columns(beyond),
                                    weight_here + beyond, columns - beyond, sums_of_rows, sums_here + beyond);
            }
        });
        if (status != Status::ok) return status;
        for (index_t r = 0; r < runs; ++r)
            for (index_t c = 0; c < columns; ++c) out[begin + c] += of_columns[at(r * held + c)];
    }
    add_partial(partial, m, out);
    return Status::ok;
}

}  // namespace

Status kernel_sums(const PointSet& set, const index_t* query, index_t n, const index_t* support,
                   const double* weight, index_t m, Numbers numbers, double* out, int n_threads) {
    set.count(0, n * m);
    const auto sums =
        numbers == Numbers::fixed ? sums_of<FixedFormat<double>> : sums_of<NumberFormat<double>>;
    return sums(set, query, n, support, weight, m, out, n_threads);
}

Status mutual_kernel_sums(const PointSet& set, const index_t* points, const double* weight, index_t m,
                          Numbers numbers, double* out, int n_threads) {
    set.count(0, m * (m + 1) / 2);
    const auto sums = numbers == Numbers::fixed ? mutual_sums_of<FixedFormat<double>>
                                                : mutual_sums_of<NumberFormat<double>>;
    return sums(set, points, weight, m, out, n_threads);
}

double fixed_error(const PointSet& set) {
    const KernelFunction& f = set.function();
    const double error = set.fixed().error(pairwise::many_digits, set.longest(), 0x1p-53);
    const double gamma = std::abs(f.gamma);
    switch (f.kind) {
        case Kernel::linear:
            return error;
        case Kernel::poly: {
            const double base = gamma * set.longest() + std::abs(f.coef0);
            return std::expm1(f.degree * gamma * error / base) * set.largest();
        }
        case Kernel::sigmoid:
            return gamma * error;
        default:
            return std::expm1(2.0 * gamma * error);
    }
}

Summation summation(const PointSet& set, double weight, double tolerance) {
    if (!set.fixed().usable()) return {Numbers::doubles, 0.0};
    const double error = fixed_error(set) * weight;
    if (!(error < 1e-3 * tolerance)) return {Numbers::doubles, 0.0};
    return {Numbers::fixed, error};
}

}  // namespace mlqa::svm
