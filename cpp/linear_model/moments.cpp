#include "linear_model/moments.hpp"

#include <algorithm>
#include <vector>

#include "linear_model/gram_sum.hpp"

namespace mlqa::linear_model {
namespace {

constexpr index_t sampled_rows = 256;   ///< whose mean is near enough: within 1/16 of a deviation
constexpr double cancels = 0.5;         ///< a share of a sum of squares ...
constexpr double negligible = 0x1p-30;  ///< ... unless it is no more than the rounding of the mean

template <class T>
void sample_means(const Folds<T>& folds, double* shift) {
    const index_t n = folds.offsets[folds.count], count = std::min(n, sampled_rows);
    for (index_t k = 0; k < count; ++k) {
        const index_t at = k * n / count, i = folds.rows != nullptr ? folds.rows[at] : at;
        for (index_t j = 0; j < folds.x.cols; ++j) shift[j] += static_cast<double>(folds.x(i, j));
        shift[folds.x.cols] += folds.y[i];
    }
    for (index_t j = 0; j <= folds.x.cols; ++j) shift[j] /= static_cast<double>(count);
}

/// The moments of each fold about `shift`.
template <class T>
Status moments_about(const Folds<T>& folds, const double* shift, double* out) {
    const index_t p = folds.x.cols, size = p + 2;
    std::vector<const T*> columns(static_cast<std::size_t>(p));
    for (index_t j = 0; j < p; ++j) columns[static_cast<std::size_t>(j)] = folds.x.column(j);
    const GramColumns<T> from{columns.data(), p, folds.x.row_stride, folds.rows, shift, folds.roots, folds.y};
    GramSum sum(size, 0, folds.n_threads);
    for (index_t f = 0; f < folds.count; ++f) {
        sum.clear();
        const Status status = sum.add(from, folds.offsets[f], folds.offsets[f + 1]);
        if (status != Status::ok) return status;
        double* to = out + f * size * size;
        for (index_t i = 0; i < size; ++i)
            for (index_t j = 0; j <= i; ++j) to[i * size + j] = to[j * size + i] = sum.entry(i, j);
    }
    return Status::ok;
}

/// Moves `shift` to the means, and says whether that is worth another pass.
bool improve(const double* moments, index_t folds, index_t size, double* shift) {
    const auto total = [&](index_t i, index_t j) {
        double sum = 0;
        for (index_t f = 0; f < folds; ++f) sum += moments[(f * size + i) * size + j];
        return sum;
    };
    const double weight = total(size - 1, size - 1);
    bool worth = false;
    for (index_t j = 0; j + 1 < size; ++j) {
        const double away = total(size - 1, j) / weight, noise = negligible * shift[j];
        worth |= away * away * weight > cancels * total(j, j) && away * away > noise * noise;
        shift[j] += away;
    }
    return worth;
}

}  // namespace

template <class T>
Status moments(const Folds<T>& folds, double* shift, double* out) {
    const index_t size = folds.x.cols + 2;
    std::fill_n(shift, size - 1, 0.0);
    if (!folds.center) return moments_about(folds, shift, out);
    sample_means(folds, shift);
    const Status status = moments_about(folds, shift, out);
    std::vector<double> means(shift, shift + size - 1);
    if (status != Status::ok || !improve(out, folds.count, size, means.data())) return status;
    std::copy(means.begin(), means.end(), shift);
    return moments_about(folds, shift, out);
}

template Status moments(const Folds<float>&, double*, double*);
template Status moments(const Folds<double>&, double*, double*);

}  // namespace mlqa::linear_model
