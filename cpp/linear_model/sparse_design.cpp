#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "core/threads.hpp"
#include "linear_model/columns.kernel.hpp"
#include "linear_model/design.hpp"

namespace mlqa::linear_model {
namespace {

constexpr index_t prepare_columns = 256;
constexpr double chunk_entries = 1 << 22;
constexpr double gather = 4.0;  ///< cost of a scattered value against one in a run

/// T is the type of the values in use: weighted ones are doubles, because implicit centring subtracts what a
/// rounding to float would have changed.
template <class T>
class SparseDesign final : public Design {
public:
    template <class Given>
    SparseDesign(SparseView<Given> given, const Preparation& preparation)
        : Design(given.inner, given.outer, preparation.n_threads), centered_(preparation.center) {
        columns_.indices = given.indices;
        columns_.offsets = given.offsets;
        columns_.outer = given.outer;
        columns_.inner = given.inner;
        if constexpr (std::is_same_v<T, Given>) columns_.values = given.values;
        if (preparation.weights == nullptr) return;
        roots_ = arena::Buffer<double>(static_cast<std::size_t>(n_));
        for (index_t i = 0; i < n_; ++i)
            roots_[static_cast<std::size_t>(i)] = std::sqrt(preparation.weights[i]);
    }

    template <class Given>
    Status prepare(SparseView<Given> given, const Preparation& preparation) {
        if (preparation.weights != nullptr) {
            entry_error_ = 0x1p-51;
            weighted_ = arena::Buffer<T>(static_cast<std::size_t>(given.end(p_ - 1)));
            columns_.values = weighted_.data();
        }
        return threads::parallel_for((p_ + prepare_columns - 1) / prepare_columns, n_threads_,
                                     [&](index_t chunk, int) {
                                         const index_t last = std::min(p_, (chunk + 1) * prepare_columns);
                                         for (index_t j = chunk * prepare_columns; j < last; ++j)
                                             finish(j, given, preparation);
                                     });
    }

    double column_cost() const override {
        return gather * static_cast<double>(columns_.end(p_ - 1)) /
               static_cast<double>(std::max<index_t>(1, p_));
    }

    double dot(index_t j, const double* r, double start) const override {
        return column_kernels<T>().sparse_dot(values(j), indices(j), count_of(j), r) -
               means_[static_cast<std::size_t>(j)] * start;
    }
    void add(index_t j, double a, double* r, double* offset) const override {
        column_kernels<T>().sparse_axpy(a, values(j), indices(j), count_of(j), r);
        *offset += a * means_[static_cast<std::size_t>(j)];
    }
    void settle(double* r, double offset) const override {
        if (offset == 0) return;
        if (roots_.data() != nullptr)
            column_kernels<double>().axpy(-offset, roots_.data(), r, n_);
        else
            for (index_t i = 0; i < n_; ++i) r[i] -= offset;
    }
    double start(const double* r) const override {
        if (!centered_) return 0.0;
        return roots_.data() != nullptr ? column_kernels<double>().dot(roots_.data(), r, n_)
                                        : column_kernels<double>().sum(r, n_);
    }

    Status gram_rows(const index_t* features, index_t first, index_t count, double* gram,
                     index_t ld) const override {
        // A chunk is one row of the result over a block of columns: the row's feature is spread out first.
        const auto block = static_cast<index_t>(chunk_entries / (column_cost() + 1)) + 1;
        const index_t blocks = (count + block - 1) / block;
        const auto total = static_cast<double>(n_);
        return threads::parallel_for((count - first) * blocks, n_threads_, [&](index_t chunk, int) {
            const index_t i = first + chunk / blocks, begin = chunk % blocks * block;
            const index_t end = std::min(i + 1, begin + block), j = features[i];
            if (begin >= end) return;
            arena::Buffer<double> spread(static_cast<std::size_t>(n_), 0.0);
            for (index_t e = 0; e < count_of(j); ++e)
                spread[static_cast<std::size_t>(indices(j)[e])] = static_cast<double>(values(j)[e]);
            for (index_t k = begin; k < end; ++k) {
                const index_t other = features[k];
                gram[i * ld + k] =
                    column_kernels<T>().sparse_dot(values(other), indices(other), count_of(other),
                                                   spread.data()) -
                    total * means_[static_cast<std::size_t>(j)] * means_[static_cast<std::size_t>(other)];
            }
        });
    }

    std::unique_ptr<Sweeper> sweeper(const index_t* features, index_t chosen, double start) const override {
        return std::make_unique<SparseSweeper>(*this, features, chosen, start);
    }

private:
    class SparseSweeper final : public Sweeper {
    public:
        SparseSweeper(const SparseDesign& design, const index_t* features, index_t chosen, double start)
            : total_(static_cast<double>(design.n_)), start_(start) {
            for (index_t i = 0; i < chosen; ++i) {
                const index_t j = features[i];
                values_.push_back(design.values(j));
                indices_.push_back(design.indices(j));
                counts_.push_back(design.count_of(j));
                squared_norms_.push_back(design.squared_norm(j));
                means_.push_back(design.means()[j]);
            }
        }
        void sweep(index_t begin, index_t end, const Coordinates& penalties, double* w, double* r,
                   double* offset, Sweep* result) const override {
            sweep_kernels<T>().sparse_residual(values_.data(), indices_.data(), counts_.data(), means_.data(),
                                               squared_norms_.data(), total_, start_, begin, end, &penalties,
                                               w, r, offset, result);
        }

    private:
        double total_, start_;
        std::vector<const T*> values_;
        std::vector<const std::int32_t*> indices_;
        std::vector<std::int64_t> counts_;
        std::vector<double> squared_norms_, means_;
    };

    const T* values(index_t j) const { return columns_.values + columns_.begin(j); }
    const std::int32_t* indices(index_t j) const { return columns_.indices + columns_.begin(j); }
    index_t count_of(index_t j) const { return columns_.end(j) - columns_.begin(j); }

    template <class Given>
    void finish(index_t j, const SparseView<Given>& given, const Preparation& preparation) {
        const auto at = static_cast<std::size_t>(j);
        const Given* from = given.values + given.begin(j);
        double sum = 0, squares = 0;  // of the weighted entries
        for (index_t e = 0; e < count_of(j); ++e) {
            const auto row = static_cast<std::size_t>(indices(j)[e]);
            const double weight = preparation.weights == nullptr ? 1.0 : preparation.weights[row];
            const auto x = static_cast<double>(from[e]);
            sum += weight * x;
            if (preparation.weights != nullptr)
                weighted_[static_cast<std::size_t>(given.begin(j) + e)] = static_cast<T>(roots_[row] * x);
        }
        const double mean = preparation.center ? sum / static_cast<double>(n_) : 0.0;
        double inside = 0;  // weight of the rows that have an entry
        for (index_t e = 0; e < count_of(j); ++e) {
            const auto row = static_cast<std::size_t>(indices(j)[e]);
            const double weight = preparation.weights == nullptr ? 1.0 : preparation.weights[row];
            const double x = static_cast<double>(from[e]) - mean;
            squares += weight * x * x;
            inside += weight;
        }
        means_[at] = mean;
        const double total = static_cast<double>(n_), outside = std::max(0.0, total - inside);
        squared_norms_[at] = squares + outside * mean * mean;
        norm_bounds_[at] =
            (std::sqrt(squared_norms_[at]) + 2 * std::abs(mean) * std::sqrt(total)) * (1 + 2 * sum_error());
        // Lengths, for squares may overflow; the mean may as well.
        if (std::isfinite(mean) &&
            std::sqrt(squared_norms_[at]) <= std::sqrt(total) * std::abs(mean) * 0x1p-49)
            squared_norms_[at] = 0.0;
    }

    SparseView<T> columns_;
    bool centered_;
    arena::Buffer<T> weighted_;
    arena::Buffer<double> roots_;
};

template <class T, class Given>
std::unique_ptr<Design> prepared(SparseView<Given> columns, const Preparation& preparation) {
    auto design = std::make_unique<SparseDesign<T>>(columns, preparation);
    if (design->prepare(columns, preparation) != Status::ok) return nullptr;
    return design;
}

}  // namespace

template <class T>
std::unique_ptr<Design> sparse_design(SparseView<T> columns, const Preparation& preparation) {
    return preparation.weights != nullptr ? prepared<double>(columns, preparation)
                                          : prepared<T>(columns, preparation);
}

template std::unique_ptr<Design> sparse_design(SparseView<float>, const Preparation&);
template std::unique_ptr<Design> sparse_design(SparseView<double>, const Preparation&);

}  // namespace mlqa::linear_model
