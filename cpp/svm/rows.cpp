#include "svm/rows.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "core/threads.hpp"
#include "pairwise/fixed.kernel.hpp"
#include "pairwise/tiles.kernel.hpp"
#include "svm/panel_formats.hpp"

namespace mlqa::svm {
namespace {

index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

std::size_t size_of(index_t a, index_t b = 1) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

/// Points whose sums are added up together.
constexpr index_t run_points = 1024;

index_t runs_of(index_t n) {
    return (n + run_points - 1) / run_points;
}

double power(double base, int degree) {
    return std::pow(base, degree);
}

}  // namespace

bool far_away(double squared_distance, double spread) {
    return squared_distance > 100.0 * std::max(spread, 0.0);
}

bool mean_of(const Points& points, const index_t* index, index_t n, int n_threads,
             arena::Buffer<double>& mean) {
    if (n == 0) return false;
    const index_t d = points.features(), runs = runs_of(n);
    std::vector<double> sums(size_of(2 * runs, d), 0.0);
    // A call that was cancelled meanwhile is so at its next step as well.
    (void)threads::parallel_for(runs, n_threads, [&](index_t run, int) {
        double *sum = sums.data() + 2 * run * d, *square = sum + d;
        for (index_t i = run * run_points; i < std::min(n, (run + 1) * run_points); ++i) {
            const double* x = points.dense.row(index == nullptr ? i : index[i]);
            for (index_t k = 0; k < d; ++k) {
                const double v = x[k * points.dense.col_stride];
                sum[k] += v;
                square[k] += v * v;
            }
        }
    });
    for (index_t run = 1; run < runs; ++run)
        for (index_t k = 0; k < 2 * d; ++k) sums[size_of(k)] += sums[size_of(2 * run * d + k)];
    mean = arena::Buffer<double>(size_of(d));
    double offset = 0, spread_of = 0;
    for (index_t k = 0; k < d; ++k) {
        mean[size_of(k)] = sums[size_of(k)] / static_cast<double>(n);
        offset += mean[size_of(k)] * mean[size_of(k)];
        spread_of += sums[size_of(d + k)] / static_cast<double>(n);
    }
    return far_away(offset, spread_of - offset) && std::isfinite(offset);
}

PointSet::PointSet(const Points& points, const index_t* index, const index_t* columns, index_t n,
                   const KernelFunction& function, int n_threads)
    : points_(points),
      index_(index),
      columns_(columns),
      size_(n),
      stride_(round_up(n, rows_kernels().panel_width)),
      function_(function),
      threads_(n_threads),
      norms_(size_of(stride_), 0.0),
      diagonal_(size_of(stride_), 0.0) {
    if (function.kind == Kernel::precomputed) {
        for (index_t i = 0; i < n; ++i) diagonal_[size_of(i)] = points.dense(source(i), columns[i]);
        largest_ = 0.0;
        for (index_t i = 0; i < n; ++i)
            for (index_t j = 0; j < n; ++j)
                largest_ = std::max(largest_, std::abs(points.dense(source(i), columns[j])));
        return;
    }
    if (points.is_sparse) {
        sparse_ = std::make_unique<SparsePoints<double>>(points.sparse, index, n, function);
        std::copy(sparse_->norms(), sparse_->norms() + n, norms_.data());
    } else {
        dense_norms();
    }
    rows_kernels().diagonal(&function_, norms_.data(), n, diagonal_.data());
    find_largest();
}

PointSet::PointSet(const PointSet& whole, const Part& a, const Part& b, const index_t* index)
    : points_(whole.points_),
      index_(index),
      columns_(index),
      size_(a.size + b.size),
      stride_(round_up(size_, rows_kernels().panel_width)),
      function_(whole.function_),
      threads_(1),
      norms_(size_of(stride_), 0.0),
      diagonal_(size_of(stride_), 0.0),
      shared_{a.panels, b.panels} {
    if (whole.centre_.size() > 0) {
        centre_ = arena::Buffer<double>(whole.centre_.size());
        std::copy(whole.centre_.begin(), whole.centre_.end(), centre_.data());
    }
    take_part(whole, a, 0);
    take_part(whole, b, a.size);
    find_largest();
    take_fixed(whole.fixed_);
}

void PointSet::take_part(const PointSet& whole, const Part& part, index_t place) {
    std::copy_n(whole.norms_.data() + part.first, part.size, norms_.data() + place);
    std::copy_n(whole.diagonal_.data() + part.first, part.size, diagonal_.data() + place);
}

void PointSet::find_largest() {
    const auto is_finite = [](double v) { return std::isfinite(v); };
    finite_ = std::all_of(norms_.begin(), norms_.end(), is_finite) &&
              std::all_of(diagonal_.begin(), diagonal_.end(), is_finite);
    longest_ = size_ == 0 ? 0.0 : *std::max_element(norms_.data(), norms_.data() + size_);
    if (function_.kind == Kernel::linear) largest_ = longest_;
    if (function_.kind == Kernel::poly)
        largest_ = power(std::abs(function_.gamma) * longest_ + std::abs(function_.coef0), function_.degree);
}

/// Norms in the order of the products, from a block of points at a time.
void PointSet::dense_norms() {
    const PanelTable<double>& kernels = panel_table<double>();
    const MatrixView<const double>& x = points_.dense;
    const index_t d = points_.features(), block = kernels.block_rows;
    arena::Buffer<double> mean;
    if (function_.kind == Kernel::rbf && mean_of(points_, index_, size_, threads_for(size_ * d), mean))
        centre_ = std::move(mean);
    std::vector<index_t> all(size_of(size_));
    for (index_t i = 0; i < size_; ++i) all[size_of(i)] = source(i);
    const auto run = [&](index_t chunk, int) {
        arena::Buffer<double> packed(size_of(block, std::max<index_t>(d, 1)));
        const index_t last = std::min(size_, (chunk + 1) * run_points);
        for (index_t first = chunk * run_points, n = 0; first < last; first += n) {
            n = std::min(block, last - first);
            const index_t* which = all.data() + first;
            tiles_kernels().f64.pack_f64(x.data, x.row_stride, x.col_stride, which, n, d, centre_.data(),
                                         kernels.block_rows, packed.data());
            kernels.norms(packed.data(), kernels.block_rows, n, d, norms_.data() + first);
        }
    };
    (void)threads::parallel_for(runs_of(size_), threads_for(size_ * d), run);
}

double PointSet::largest_value() const {
    const MatrixView<const double>& x = points_.dense;
    std::vector<double> largest(size_of(runs_of(size_)), 0.0);
    (void)threads::parallel_for(runs_of(size_), threads_for(size_ * features()), [&](index_t run, int) {
        const index_t first = run * run_points, n = std::min(run_points, size_ - first);
        std::vector<index_t> which(size_of(n));
        for (index_t i = 0; i < n; ++i) which[size_of(i)] = source(first + i);
        largest[size_of(run)] = fixed_kernels().largest(x.data, x.row_stride, x.col_stride, which.data(), n,
                                                        features(), centre_.data());
    });
    return largest.empty() ? 0.0 : *std::max_element(largest.begin(), largest.end());
}

void PointSet::choose_fixed() {
    if (fixed_is_chosen_) return;
    fixed_is_chosen_ = true;
    if (shared_[0] != nullptr || points_.is_sparse || function_.kind == Kernel::precomputed) return;
    if (!finite_ || !pairwise::multiplies_bytes(features())) return;
    take_fixed(pairwise::fixed_point(largest_value(), features()));
}

void PointSet::take_fixed(const pairwise::FixedPoint& fixed) {
    constexpr double u = 0x1p-24;
    if (!fixed.usable()) return;
    const double error = fixed.error(pairwise::few_digits, longest_, u) + 8.0 * u * longest_;
    if (error <= number_error(features()) * longest_) fixed_ = fixed;
}

void PointSet::prepare_rows() {
    if (function_.kind == Kernel::precomputed || points_.is_sparse || packed_.size() > 0) return;
    const index_t d = points_.features();
    packed_ = arena::Buffer<double>(size_of(stride_, std::max<index_t>(d, 1)));
    const MatrixView<const double>& x = points_.dense;
    // A call that was cancelled meanwhile is so at its next step as well.
    (void)threads::parallel_for(runs_of(size_), threads_for(size_ * d), [&](index_t run, int) {
        const index_t first = run * run_points, n = std::min(run_points, size_ - first);
        const index_t* which = index_ == nullptr ? nullptr : index_ + first;
        tiles_kernels().f64.pack_f64(which == nullptr ? x.row(first) : x.data, x.row_stride, x.col_stride,
                                     which, n, d, centre_.data(), rows_kernels().panel_width,
                                     packed_.data() + first * d);
    });
}

void PointSet::pack(const index_t* which, index_t m, Block& block) const {
    if (sparse_) {
        block.size_ = m;
        return sparse_->pack(which, m, block.sparse_);
    }
    pack_dense(which, m, block);
}

void PointSet::pack_dense(const index_t* which, index_t m, Block& block) const {
    const int width = panel_table<double>().block_rows;
    block.size_ = m;
    if (block.index_.size() < size_of(m)) block.index_ = arena::Buffer<index_t>(size_of(m));
    for (index_t r = 0; r < m; ++r) block.index_[size_of(r)] = source(which[r]);
    if (function_.kind == Kernel::precomputed) return;
    const index_t padded = round_up(m, width);
    if (block.norms_.size() < size_of(padded)) block.norms_ = arena::Buffer<double>(size_of(padded), 0.0);
    for (index_t r = 0; r < m; ++r) block.norms_[size_of(r)] = norms_[size_of(which[r])];
    const index_t d = points_.features();
    const std::size_t needed = size_of(padded, std::max<index_t>(d, 1));
    if (block.packed_.size() < needed) block.packed_ = arena::Buffer<double>(needed);
    tiles_kernels().f64.pack_f64(points_.dense.data, points_.dense.row_stride, points_.dense.col_stride,
                                 block.index_.data(), m, d, centre_.data(), width, block.packed_.data());
}

index_t spread(const SparseView<double>& x, const index_t* rows, index_t m, int width, std::int32_t* slot,
               arena::Buffer<double>& panels) {
    index_t slots = 1;
    for (index_t r = 0; r < m; ++r)
        for (index_t e = x.begin(rows[r]); e < x.end(rows[r]); ++e)
            if (slot[x.indices[e]] == 0) slot[x.indices[e]] = static_cast<std::int32_t>(slots++);
    const std::size_t needed = size_of(slots, round_up(m, width));
    if (panels.size() < needed) panels = arena::Buffer<double>(needed);
    std::fill(panels.data(), panels.data() + needed, 0.0);
    for (index_t r = 0; r < m; ++r) {
        double* group = panels.data() + r / width * width * slots + r % width;
        for (index_t e = x.begin(rows[r]); e < x.end(rows[r]); ++e)
            group[static_cast<index_t>(slot[x.indices[e]]) * width] = x.values[e];
    }
    return slots;
}

void clear_slots(const SparseView<double>& x, const index_t* rows, index_t m, std::int32_t* slot) {
    for (index_t r = 0; r < m; ++r)
        for (index_t e = x.begin(rows[r]); e < x.end(rows[r]); ++e) slot[x.indices[e]] = 0;
}

index_t PointSet::chunk_columns() const {
    return rows_kernels().panel_width * 8;
}

void PointSet::rows(const Block& block, index_t first, index_t last, double* const* out) const {
    if (function_.kind == Kernel::precomputed) {
        for (index_t r = 0; r < block.size_; ++r) {
            const double* k = points_.dense.row(block.index_[size_of(r)]);
            for (index_t j = first; j < last; ++j) out[r][j] = k[columns_[j] * points_.dense.col_stride];
        }
    } else if (sparse_) {
        sparse_->rows(block.sparse_, first, last, out);
    } else {
        const PackedRows<NumberFormat<double>> a = {block.packed_.data(), block.norms_.data(), block.size_};
        const PackedColumns<NumberFormat<double>> b = {packed_.data(), norms_.data()};
        kernel_rows(*this, a, b, first, last, out);
    }
}

Status PointSet::rows(const Block& block, double* const* out, int n_threads) const {
    count(block.size_, block.size_ * size_);
    if (sparse_) return sparse_->rows(block.sparse_, out, n_threads);
    const index_t columns = chunk_columns();
    const index_t chunks = (size_ + columns - 1) / columns;
    const double work = static_cast<double>(block.size_) * static_cast<double>(size_) *
                        (static_cast<double>(points_.features()) + 16.0);
    return threads::parallel_for(chunks, work < serial_work ? 1 : n_threads, [&](index_t chunk, int) {
        rows(block, chunk * columns, std::min(size_, (chunk + 1) * columns), out);
    });
}

void PointSet::matrix_rows(index_t first, index_t last, double* k, Block& block) const {
    const index_t m = last - first;
    std::vector<index_t> which(size_of(m));
    std::iota(which.begin(), which.end(), first);
    std::vector<double*> out(size_of(m));
    for (index_t r = 0; r < m; ++r) out[size_of(r)] = k + (first + r) * stride_;
    pack(which.data(), m, block);
    const bool given = function_.kind == Kernel::precomputed;
    count(m, m * (size_ - first));
    rows(block, given ? 0 : first, size_, out.data());
    if (!given) rows_kernels().mirror(k, stride_, first, m, last, size_);
    for (double* row : out) std::fill(row + size_, row + stride_, 0.0);
}

Status PointSet::matrix(index_t first, index_t last, double* k, int n_threads) const {
    const index_t step = chunk_columns();
    const double terms = sparse_ ? sparse_->terms() : static_cast<double>(features());
    const double work = static_cast<double>(last - first) * static_cast<double>(size_) * (terms + 16.0);
    const int used = work < serial_work ? 1 : n_threads;
    std::vector<Block> blocks(static_cast<std::size_t>(used));
    return threads::parallel_for((last - first + step - 1) / step, used, [&](index_t chunk, int worker) {
        const index_t row = first + chunk * step;
        matrix_rows(row, std::min(last, row + step), k, blocks[static_cast<std::size_t>(worker)]);
    });
}

}  // namespace mlqa::svm
