// Weighted sums of kernel values of dense points in double, for the exact gradient: no value is kept.
//
// Columns come in bands whose panels stay in a cache, rows in steps of a few blocks that the threads share.
// What a row gets from a band is added up in as many partial sums as a vector has lanes, panel after panel.
//
// Between the points of one set, each value serves both its points: above the diagonal a tile adds to the
// sums of its rows and, from its rows in order, to those of its columns. Each run of steps has its own sums
// of the columns, which are added up in the order of the runs. Runs depend on the number of points alone.
#include <algorithm>
#include <vector>

#include "core/threads.hpp"
#include "svm/panels.kernel.hpp"
#include "svm/rows.hpp"

namespace mlqa::svm {
namespace {

/// Numbers in the panels of a band, and its most columns.
constexpr index_t band_values = 1'000'000, band_columns = 4096;
/// Runs of rows that have sums of the columns of their own.
constexpr index_t most_runs = 256;

index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

index_t step_rows() {
    return 4 * panels_kernels().f64.block_rows;
}

/// Whole steps, which are whole panels as well.
index_t columns_of_band(index_t d) {
    const index_t step = step_rows();
    return std::clamp(band_values / std::max<index_t>(d, 1), step, band_columns) / step * step;
}

int threads_for(double values, index_t d, int n_threads) {
    return values * static_cast<double>(d + 16) < serial_work ? 1 : n_threads;
}

arena::Buffer<double> filled(const double* weight, index_t m) {
    const index_t held = round_up(m, panels_kernels().f64.panel_width);
    arena::Buffer<double> weights(static_cast<std::size_t>(held), 0.0);
    std::copy(weight, weight + m, weights.data());
    return weights;
}

/// out[i] += the partial sums of row i, in order.
void add_partial(const arena::Buffer<double>& partial, index_t n, double* out) {
    const index_t lanes = panels_kernels().lanes;
    for (index_t i = 0; i < n; ++i) {
        double sum = 0;
        for (index_t l = 0; l < lanes; ++l) sum += partial[static_cast<std::size_t>(i * lanes + l)];
        out[i] += sum;
    }
}

arena::Buffer<double> partial_sums(index_t n) {
    return arena::Buffer<double>(static_cast<std::size_t>(n * panels_kernels().lanes), 0.0);
}

}  // namespace

Status PointSet::sums(const index_t* query, index_t n, const index_t* support, const double* weight,
                      index_t m, double* out, int n_threads) const {
    const index_t d = features(), step = step_rows(), band = columns_of_band(d);
    const int used = threads_for(static_cast<double>(n) * static_cast<double>(m), d, n_threads);
    const arena::Buffer<double> weights = filled(weight, m), partial = partial_sums(n);
    Block panels;
    std::vector<Block> blocks(static_cast<std::size_t>(used));
    for (index_t begin = 0; begin < m; begin += band) {
        const index_t columns = std::min(band, m - begin);
        pack_dense(support + begin, columns, panels_kernels().f64.panel_width, panels);
        const Status status =
            threads::parallel_for((n + step - 1) / step, used, [&](index_t chunk, int worker) {
                const index_t first = chunk * step;
                Block& block = blocks[static_cast<std::size_t>(worker)];
                pack(query + first, std::min(step, n - first), block);
                add_sums(block, panels, 0, columns, weights.data() + begin,
                         partial.data() + first * panels_kernels().lanes);
            });
        if (status != Status::ok) return status;
    }
    std::fill(out, out + n, 0.0);
    add_partial(partial, n, out);
    return Status::ok;
}

Status PointSet::mutual_sums(const index_t* points, const double* weight, index_t m, double* out,
                             int n_threads) const {
    const index_t d = features(), step = step_rows(), band = columns_of_band(d);
    const int used = threads_for(0.5 * static_cast<double>(m) * static_cast<double>(m), d, n_threads);
    const arena::Buffer<double> weights = filled(weight, m), partial = partial_sums(m);
    const index_t run = round_up((m + most_runs - 1) / most_runs, step);
    const index_t held = round_up(std::min(band, m), panels_kernels().f64.panel_width);
    arena::Buffer<double> of_columns(static_cast<std::size_t>((m + run - 1) / run * held));
    Block panels;
    std::vector<Block> blocks(static_cast<std::size_t>(used));
    std::fill(out, out + m, 0.0);
    for (index_t begin = 0; begin < m; begin += band) {
        const index_t columns = std::min(band, m - begin), end = begin + columns;
        const index_t runs = (end + run - 1) / run;
        pack_dense(points + begin, columns, panels_kernels().f64.panel_width, panels);
        const Status status = threads::parallel_for(runs, used, [&](index_t chunk, int worker) {
            Block& block = blocks[static_cast<std::size_t>(worker)];
            double* sums_here = of_columns.data() + chunk * held;
            std::fill(sums_here, sums_here + held, 0.0);
            for (index_t first = chunk * run; first < std::min(end, (chunk + 1) * run); first += step) {
                const index_t rows = std::min(step, end - first);
                double* sums_of_rows = partial.data() + first * panels_kernels().lanes;
                pack(points + first, rows, block);
                index_t beyond = 0;  // columns right of the diagonal
                if (first >= begin) {
                    beyond = std::min(first - begin + step, columns);
                    add_sums(block, panels, first - begin, beyond, weights.data() + begin, sums_of_rows);
                }
                add_mutual_sums(block, panels, beyond, columns, weights.data() + first,
                                weights.data() + begin, sums_of_rows, sums_here);
            }
        });
        if (status != Status::ok) return status;
        for (index_t r = 0; r < runs; ++r)
            for (index_t c = 0; c < columns; ++c)
                out[begin + c] += of_columns[static_cast<std::size_t>(r * held + c)];
    }
    add_partial(partial, m, out);
    return Status::ok;
}

void PointSet::add_sums(const Block& rows, const Block& panels, index_t first, index_t last,
                        const double* weight, double* partial) const {
    const index_t d = features();
    panels_kernels().sums(&function_, rows.packed_.data(), rows.norms_.data(), rows.size_,
                          panels.packed_.data() + first * d, panels.norms_.data() + first, weight + first,
                          last - first, d, partial);
}

void PointSet::add_mutual_sums(const Block& rows, const Block& panels, index_t first, index_t last,
                               const double* row_weight, const double* weight, double* partial,
                               double* of_columns) const {
    const index_t d = features();
    panels_kernels().mutual_sums(&function_, rows.packed_.data(), rows.norms_.data(), row_weight, rows.size_,
                                 panels.packed_.data() + first * d, panels.norms_.data() + first,
                                 weight + first, last - first, d, partial, of_columns + first);
}

}  // namespace mlqa::svm
