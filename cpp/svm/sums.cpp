#include "svm/sums.hpp"

// Columns come in bands whose panels stay in a cache, rows in steps of a few blocks that the threads share.
// What a row gets from a band is added up in as many partial sums as a vector has lanes, panel after panel.
//
// Between the points of one set, each value serves both its points: above the diagonal a tile adds to the
// sums of its rows and, from its rows in order, to those of its columns. Each run of steps has its own sums
// of the columns, which are added up in the order of the runs. Runs depend on the number of points alone.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/threads.hpp"
#include "pairwise/fixed.kernel.hpp"
#include "pairwise/tiles.kernel.hpp"
#include "svm/panel_formats.hpp"

namespace mlqa::svm {
namespace {

/// Numbers in the panels of a band, and its most columns.
constexpr index_t band_values = 1'000'000, fixed_band_values = 3'000'000, band_columns = 4096;
/// Runs of rows that have sums of the columns of their own.
constexpr index_t most_runs = 256;
/// Numbers that a thread packs sooner than it wakes another.
constexpr index_t packed_alone = 500'000;

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

/// Points that are packed for sums, as the columns or the rows of tiles.
class SumPoints {
public:
    SumPoints(const PointSet& set, Numbers numbers) : set_(set), numbers_(numbers) {}

    static index_t panel_width(Numbers numbers) {
        return numbers == Numbers::fixed ? FixedFormat::panel_width() : NumberFormat<double>::panel_width();
    }
    static index_t block_rows(Numbers numbers) {
        return numbers == Numbers::fixed ? FixedFormat::block_rows() : NumberFormat<double>::block_rows();
    }

    Status pack(const index_t* which, index_t m, PackedAs as, int n_threads) {
        const index_t d = std::max<index_t>(set_.features(), 1), width = panel_width(numbers_);
        const index_t padded = round_up(m, width), run = 8 * width;
        size_ = m;
        make_room(norms_, at(padded));
        for (index_t i = 0; i < m; ++i) norms_[at(i)] = set_.norms()[which[i]];
        std::fill(norms_.data() + m, norms_.data() + padded, 0.0);
        source_.resize(at(m));
        for (index_t i = 0; i < m; ++i) source_[at(i)] = set_.source(which[i]);
        if (numbers_ == Numbers::fixed)
            make_room(digits_, pairwise::fixed_bytes(m, d, pairwise::many_digits));
        else
            make_room(numbers_of_,
                      at(round_up(m, as == PackedAs::panels ? width : block_rows(numbers_)) * d));
        if (as == PackedAs::block || m * d < packed_alone) {
            pack_run(0, m, as);
            return Status::ok;
        }
        return threads::parallel_for((m + run - 1) / run, n_threads, [&](index_t chunk, int) {
            pack_run(chunk * run, std::min(run, m - chunk * run), as);
        });
    }

    /// What columns [first, last) of `panels` add to the partial sums of these rows, and unless `row_weight`
    /// is nullptr, what the rows add to those of the columns.
    void add(const SumPoints& panels, index_t first, index_t last, const double* row_weight,
             const double* weight, double* partial, double* of_columns) const {
        const index_t d = set_.features(), n = last - first;
        const KernelFunction* f = &set_.function();
        const double *norms = panels.norms_.data() + first, *weights = weight + first;
        if (numbers_ == Numbers::fixed) {
            const std::int8_t* columns = panels.digits_.data() + digit_offset(first);
            const double unit = set_.fixed().unit();
            if (row_weight == nullptr)
                fixed_products().sums(f, digits_.data(), norms_.data(), size_, columns, norms, weights, n, d,
                                      unit, partial);
            else
                fixed_products().mutual_sums(f, digits_.data(), norms_.data(), row_weight, size_, columns,
                                             norms, weights, n, d, unit, partial, of_columns + first);
            return;
        }
        const double* columns = panels.numbers_of_.data() + first * d;
        if (row_weight == nullptr)
            panels_kernels().sums(f, numbers_of_.data(), norms_.data(), size_, columns, norms, weights, n, d,
                                  partial);
        else
            panels_kernels().mutual_sums(f, numbers_of_.data(), norms_.data(), row_weight, size_, columns,
                                         norms, weights, n, d, partial, of_columns + first);
    }

private:
    std::size_t digit_offset(index_t point) const {
        return pairwise::fixed_bytes(point, set_.features(), pairwise::many_digits);
    }

    void pack_run(index_t first, index_t n, PackedAs as) {
        const MatrixView<const double>& x = set_.points().dense;
        const index_t d = set_.features(), *index = source_.data() + first;
        if (numbers_ == Numbers::fixed)
            fixed_kernels().pack(x.data, x.row_stride, x.col_stride, index, n, d, set_.centre(),
                                 set_.fixed().factor(pairwise::many_digits), pairwise::many_digits,
                                 as == PackedAs::panels, digits_.data() + digit_offset(first), nullptr);
        else
            NumberFormat<double>::pack(set_, index, n, as, numbers_of_.data() + first * d, nullptr);
    }

    const PointSet& set_;
    Numbers numbers_;
    index_t size_ = 0;
    std::vector<index_t> source_;  ///< rows of the caller's points
    arena::Buffer<double> norms_, numbers_of_;
    arena::Buffer<std::int8_t> digits_;
};

std::vector<SumPoints> a_thread_each(const PointSet& set, Numbers numbers, int n_threads) {
    std::vector<SumPoints> blocks;
    blocks.reserve(static_cast<std::size_t>(n_threads));
    for (int t = 0; t < n_threads; ++t) blocks.emplace_back(set, numbers);
    return blocks;
}

/// Some blocks of rows, which are whole panels as well.
index_t step_rows(Numbers numbers) {
    return (numbers == Numbers::fixed ? 8 : 4) * SumPoints::block_rows(numbers);
}

/// Whole steps.
index_t columns_of_band(index_t d, Numbers numbers) {
    const index_t step = step_rows(numbers);
    const index_t most = numbers == Numbers::fixed ? fixed_band_values : band_values;
    return std::clamp(most / std::max<index_t>(d, 1), step, band_columns) / step * step;
}

int threads_for(double values, index_t d, int n_threads) {
    return values * static_cast<double>(d + 16) < serial_work ? 1 : n_threads;
}

arena::Buffer<double> filled(const double* weight, index_t m, Numbers numbers) {
    arena::Buffer<double> weights(at(round_up(m, SumPoints::panel_width(numbers))), 0.0);
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

}  // namespace

Status kernel_sums(const PointSet& set, const index_t* query, index_t n, const index_t* support,
                   const double* weight, index_t m, Numbers numbers, double* out, int n_threads) {
    const index_t d = set.features(), step = step_rows(numbers), band = columns_of_band(d, numbers);
    const int used = threads_for(static_cast<double>(n) * static_cast<double>(m), d, n_threads);
    const arena::Buffer<double> weights = filled(weight, m, numbers), partial = partial_sums(n);
    SumPoints panels(set, numbers);
    std::vector<SumPoints> blocks = a_thread_each(set, numbers, used);
    for (index_t begin = 0; begin < m; begin += band) {
        const index_t columns = std::min(band, m - begin);
        Status status = panels.pack(support + begin, columns, PackedAs::panels, used);
        if (status != Status::ok) return status;
        status = threads::parallel_for((n + step - 1) / step, used, [&](index_t chunk, int worker) {
            const index_t first = chunk * step;
            SumPoints& block = blocks[static_cast<std::size_t>(worker)];
            block.pack(query + first, std::min(step, n - first), PackedAs::block, 1);
            block.add(panels, 0, columns, nullptr, weights.data() + begin,
                      partial.data() + first * panels_kernels().lanes, nullptr);
        });
        if (status != Status::ok) return status;
    }
    std::fill(out, out + n, 0.0);
    add_partial(partial, n, out);
    return Status::ok;
}

Status mutual_kernel_sums(const PointSet& set, const index_t* points, const double* weight, index_t m,
                          Numbers numbers, double* out, int n_threads) {
    const index_t d = set.features(), step = step_rows(numbers), band = columns_of_band(d, numbers);
    const int used = threads_for(0.5 * static_cast<double>(m) * static_cast<double>(m), d, n_threads);
    const arena::Buffer<double> weights = filled(weight, m, numbers), partial = partial_sums(m);
    const index_t run = round_up((m + most_runs - 1) / most_runs, step);
    const index_t held = round_up(std::min(band, m), SumPoints::panel_width(numbers));
    arena::Buffer<double> of_columns(at((m + run - 1) / run * held));
    SumPoints panels(set, numbers);
    std::vector<SumPoints> blocks = a_thread_each(set, numbers, used);
    std::fill(out, out + m, 0.0);
    for (index_t begin = 0; begin < m; begin += band) {
        const index_t columns = std::min(band, m - begin), end = begin + columns;
        const index_t runs = (end + run - 1) / run;
        Status status = panels.pack(points + begin, columns, PackedAs::panels, used);
        if (status != Status::ok) return status;
        status = threads::parallel_for(runs, used, [&](index_t chunk, int worker) {
            SumPoints& block = blocks[static_cast<std::size_t>(worker)];
            double* sums_here = of_columns.data() + chunk * held;
            std::fill(sums_here, sums_here + held, 0.0);
            for (index_t first = chunk * run; first < std::min(end, (chunk + 1) * run); first += step) {
                const index_t rows = std::min(step, end - first);
                double* sums_of_rows = partial.data() + first * panels_kernels().lanes;
                block.pack(points + first, rows, PackedAs::block, 1);
                index_t beyond = 0;  // columns right of the diagonal
                if (first >= begin) {
                    beyond = std::min(first - begin + step, columns);
                    block.add(panels, first - begin, beyond, nullptr, weights.data() + begin, sums_of_rows,
                              nullptr);
                }
                if (beyond < columns)
                    block.add(panels, beyond, columns, weights.data() + first, weights.data() + begin,
                              sums_of_rows, sums_here);
            }
        });
        if (status != Status::ok) return status;
        for (index_t r = 0; r < runs; ++r)
            for (index_t c = 0; c < columns; ++c) out[begin + c] += of_columns[at(r * held + c)];
    }
    add_partial(partial, m, out);
    return Status::ok;
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
