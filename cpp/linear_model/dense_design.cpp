#include <algorithm>
#include <cmath>
#include <vector>

#include "core/threads.hpp"
#include "linear_model/columns.kernel.hpp"
#include "linear_model/design.hpp"
#include "linear_model/gram_sum.hpp"

namespace mlqa::linear_model {
namespace {

constexpr index_t row_block = 512;    ///< rows of a Gram tile: eight columns of it fit the first cache
constexpr index_t strip = 32;         ///< columns of a Gram strip, the unit of its threads
constexpr index_t many_columns = 32;  ///< of a Gram matrix from which packing pays
constexpr index_t parallel_products = 1 << 18;  ///< multiply-adds before threads pay
constexpr index_t target_group = 32;            ///< residuals of a chunk
constexpr index_t copy_columns = 16;            ///< columns copied together, so that C order is read in runs
constexpr index_t copy_values = 1 << 21;        ///< at most this many values a chunk
constexpr double constant_column = 0x1p-49;     ///< centred entries below this times the mean are rounding

template <class T>
class DenseDesign final : public Design {
public:
    DenseDesign(MatrixView<const T> x, const Preparation& preparation)
        : Design(x.rows, x.cols, preparation.n_threads), data_(x.data), stride_(x.col_stride) {
        const auto size = static_cast<std::size_t>(n_);
        if (preparation.weights != nullptr) {
            roots_ = arena::Buffer<double>(size);
            for (std::size_t i = 0; i < size; ++i) roots_[i] = std::sqrt(preparation.weights[i]);
        }
    }

    Status prepare(MatrixView<const T> x, const Preparation& preparation) {
        const bool owned = preparation.center || preparation.weights != nullptr || !x.columns_contiguous();
        if (owned) {
            if (p_ > 0 && n_ > INT64_MAX / 8 / p_) throw std::bad_alloc();
            copy_ = arena::Buffer<T>(static_cast<std::size_t>(n_ * p_));
            data_ = copy_.data();
            stride_ = n_;
        }
        if (preparation.center || preparation.weights != nullptr)
            entry_error_ = sizeof(T) == sizeof(float) ? 0x1p-23 : 0x1p-51;
        const index_t width =
            std::max<index_t>(1, std::min(copy_columns, copy_values / std::max<index_t>(1, n_)));
        return threads::parallel_for((p_ + width - 1) / width, n_ * p_ > copy_values / 16 ? n_threads_ : 1,
                                     [&](index_t chunk, int) {
                                         const index_t first = chunk * width;
                                         const index_t last = std::min(p_, first + width);
                                         if (owned) copy(x, first, last);
                                         for (index_t j = first; j < last; ++j) finish(j, preparation);
                                     });
    }

    double column_cost() const override { return static_cast<double>(n_); }

    double dot(index_t j, const double* r, double) const override {
        return column_kernels<T>().dot(column(j), r, n_);
    }
    void add(index_t j, double a, double* r, double*) const override {
        column_kernels<T>().axpy(a, column(j), r, n_);
    }
    void settle(double*, double) const override {}
    double start(const double*) const override { return 0.0; }

    Status gram_rows(const index_t* features, index_t first, index_t count, double* gram,
                     index_t ld) const override {
        std::vector<const T*> columns(static_cast<std::size_t>(count));
        for (index_t i = 0; i < count; ++i) columns[static_cast<std::size_t>(i)] = column(features[i]);
        if (count - first >= many_columns) return packed_gram_rows(columns, first, gram, ld);
        // A chunk is a strip of rows of the result over a round of rows of the data, cut once more so that
        // tiles stay in cache.
        const index_t strips = (count - first + strip - 1) / strip;
        const bool large = (count - first) * count > parallel_products / std::max<index_t>(1, n_);
        for (index_t begin = 0; begin < std::max<index_t>(1, n_); begin += rows_a_round) {
            const index_t end = std::min(n_, begin + rows_a_round);
            const Status status =
                threads::parallel_for(strips, large ? n_threads_ : 1, [&](index_t number, int) {
                    const index_t i = first + number * strip, rows = std::min(strip, count - i);
                    double* out = gram + i * ld;
                    for (index_t row = 0; row < rows && begin == 0; ++row)
                        std::fill_n(out + row * ld, i + rows, 0.0);
                    for (index_t t = begin; t < end; t += row_block)
                        column_kernels<T>().cross(columns.data() + i, rows, columns.data(), i + rows, t,
                                                  std::min(row_block, end - t), out, ld);
                });
            if (status != Status::ok) return status;
        }
        return Status::ok;
    }

    void dots(index_t j, const double* r, index_t targets, const double*, double* out) const override {
        column_kernels<T>().dots(column(j), r, n_, targets, n_, out);
    }
    void add_each(index_t j, const double* a, double* r, index_t targets, double*) const override {
        column_kernels<T>().axpys(a, column(j), r, n_, targets, n_);
    }

    Status products(const index_t* features, index_t count, const double* r, index_t targets,
                    double* out) const override {
        std::vector<const double*> residuals(static_cast<std::size_t>(targets));
        for (index_t t = 0; t < targets; ++t) residuals[static_cast<std::size_t>(t)] = r + t * n_;
        std::fill_n(out, count * targets, 0.0);
        const index_t strips = (count + strip - 1) / strip;
        const bool large = count * targets > parallel_products / std::max<index_t>(1, n_);
        for (index_t begin = 0; begin < n_; begin += rows_a_round) {
            const index_t end = std::min(n_, begin + rows_a_round);
            const Status status =
                threads::parallel_for(strips, large ? n_threads_ : 1, [&](index_t number, int) {
                    const index_t i = number * strip, rows = std::min(strip, count - i);
                    const T* columns[strip];
                    for (index_t k = 0; k < rows; ++k) columns[k] = column(features[i + k]);
                    for (index_t t = begin; t < end; t += row_block)
                        column_kernels<T>().products(columns, rows, residuals.data(), targets, t,
                                                     std::min(row_block, end - t), out + i * targets,
                                                     targets);
                });
            if (status != Status::ok) return status;
        }
        return Status::ok;
    }

    Status add_products(const index_t* features, index_t count, const double* w, index_t targets,
                        double* r) const override {
        const index_t blocks = (n_ + row_block - 1) / row_block;
        const index_t groups = (targets + target_group - 1) / target_group;
        const bool large = count * targets > parallel_products / std::max<index_t>(1, n_);
        return threads::parallel_for(blocks * groups, large ? n_threads_ : 1, [&](index_t chunk, int) {
            const index_t first = chunk / groups * row_block, rows = std::min(row_block, n_ - first);
            const index_t t = chunk % groups * target_group, width = std::min(target_group, targets - t);
            for (index_t i = 0; i < count; ++i)
                column_kernels<T>().axpys(w + i * targets + t, column(features[i]) + first,
                                          r + t * n_ + first, n_, width, rows);
        });
    }

    bool quantises() const override { return true; }
    Quantisation quantise(index_t j, std::int8_t* q) const override {
        return quantise_kernels<T>().quantise(column(j), n_, q);
    }

    std::unique_ptr<Sweeper> sweeper(const index_t* features, index_t count, double) const override {
        return std::make_unique<DenseSweeper>(*this, features, count);
    }

private:
    static constexpr index_t rows_a_round = 8 * row_block;

    class DenseSweeper final : public Sweeper {
    public:
        DenseSweeper(const DenseDesign& design, const index_t* features, index_t count) : n_(design.n_) {
            for (index_t i = 0; i < count; ++i) {
                columns_.push_back(design.column(features[i]));
                squared_norms_.push_back(design.squared_norm(features[i]));
            }
        }
        void sweep(index_t begin, index_t end, const Coordinates& penalties, double* w, double* r, double*,
                   Sweep* result) const override {
            sweep_kernels<T>().residual(columns_.data(), squared_norms_.data(), n_, begin, end, &penalties, w,
                                        r, result);
        }

    private:
        index_t n_;
        std::vector<const T*> columns_;
        std::vector<double> squared_norms_;
    };

    const T* column(index_t j) const { return data_ + j * stride_; }

    Status packed_gram_rows(const std::vector<const T*>& columns, index_t first, double* gram,
                            index_t ld) const {
        const auto count = static_cast<index_t>(columns.size());
        GramSum sum(count, first, n_threads_);
        const Status status =
            sum.add<T>({columns.data(), count, 1, nullptr, nullptr, nullptr, nullptr}, 0, n_);
        for (index_t i = first; i < count; ++i)
            for (index_t k = 0; k <= i; ++k) gram[i * ld + k] = sum.entry(i, k);
        return status;
    }

    void copy(MatrixView<const T> x, index_t first, index_t last) {
        for (index_t j = first; j < last && x.columns_contiguous(); ++j)
            std::copy_n(x.column(j), n_, copy_.data() + j * n_);
        if (x.columns_contiguous()) return;
        for (index_t i = 0; i < n_; ++i) {
            const T* row = x.row(i);
            for (index_t j = first; j < last; ++j)
                copy_[static_cast<std::size_t>(j * n_ + i)] = row[j * x.col_stride];
        }
    }

    void finish(index_t j, const Preparation& preparation) {
        const auto at = static_cast<std::size_t>(j);
        const ColumnKernels<T>& kernels = column_kernels<T>();
        if (preparation.center) {
            means_[at] = (preparation.weights != nullptr ? kernels.dot(column(j), preparation.weights, n_)
                                                         : kernels.sum(column(j), n_)) /
                         static_cast<double>(n_);
        }
        if (copy_.data() != nullptr && (preparation.center || preparation.weights != nullptr)) {
            T* own = copy_.data() + j * n_;
            kernels.center(own, means_[at], roots_.data(), own, n_);
        }
        squared_norms_[at] = kernels.squared_norm(column(j), n_);
        norm_bounds_[at] = std::sqrt(squared_norms_[at]) * (1 + 2 * sum_error());
        const double noise = constant_column * means_[at];
        // Lengths, for squares may overflow; the mean may as well.
        if (preparation.center && std::isfinite(noise) &&
            std::sqrt(squared_norms_[at]) <= std::sqrt(static_cast<double>(n_)) * std::abs(noise))
            squared_norms_[at] = 0.0;
    }

    const T* data_;
    index_t stride_;
    arena::Buffer<T> copy_;
    arena::Buffer<double> roots_;
};

}  // namespace

template <class T>
std::unique_ptr<Design> dense_design(MatrixView<const T> x, const Preparation& preparation) {
    auto design = std::make_unique<DenseDesign<T>>(x, preparation);
    if (design->prepare(x, preparation) != Status::ok) return nullptr;
    return design;
}

template std::unique_ptr<Design> dense_design(MatrixView<const float>, const Preparation&);
template std::unique_ptr<Design> dense_design(MatrixView<const double>, const Preparation&);

}  // namespace mlqa::linear_model
