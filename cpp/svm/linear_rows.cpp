#include "svm/linear_rows.hpp"

#include <algorithm>

#include "core/threads.hpp"

namespace mlqa::svm {
namespace {

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// Multiplications that are worth a chunk, and those that take some 20 ms.
constexpr index_t chunk_work = 50'000, longest_work = 20'000'000;

}  // namespace

index_t LinearPoints::rows() const {
    if (kind == Kind::sparse) return sparse.outer;
    return kind == Kind::dense ? dense.rows : single.rows;
}

index_t LinearPoints::features() const {
    if (kind == Kind::sparse) return sparse.inner;
    return kind == Kind::dense ? dense.cols : single.cols;
}

RowSet::RowSet(const LinearPoints& points, const index_t* index, index_t n, double constant)
    : rows_(n), features_(points.features()), length_((features_ + 8) / 8 * 8), constant_(constant) {
    if (points.kind == LinearPoints::Kind::sparse)
        choose_rows(points.sparse, index);
    else if (points.kind == LinearPoints::Kind::dense)
        pack(points.dense, index);
    else
        pack(points.single, index);
    view_.stride = length_;
    view_.features = features_;
    view_.constant = constant;
    norms_ = arena::Buffer<double>(at(n));
    linear_kernels().norms(&view_, 0, n, norms_.data());
}

template <class T>
void RowSet::pack(const MatrixView<const T>& x, const index_t* index) {
    values_ = arena::Buffer<double>(at(rows_) * at(length_));
    for (index_t i = 0; i < rows_; ++i) {
        double* row = values_.data() + i * length_;
        const T* from = x.row(index[i]);
        for (index_t j = 0; j < features_; ++j) row[j] = static_cast<double>(from[j * x.col_stride]);
        row[features_] = constant_;
        std::fill(row + features_ + 1, row + length_, 0.0);
    }
    view_.values = values_.data();
}

void RowSet::choose_rows(const SparseView<double>& x, const index_t* index) {
    view_ = {x.values, x.indices, x.offsets, 0, 0, 0.0};
    if (rows_ == x.outer) return;
    index_t entries = 0;
    for (index_t i = 0; i < rows_; ++i) entries += x.end(index[i]) - x.begin(index[i]);
    values_ = arena::Buffer<double>(at(entries));
    indices_ = arena::Buffer<std::int32_t>(at(entries));
    offsets_ = arena::Buffer<std::int32_t>(at(rows_ + 1));
    offsets_[0] = 0;
    for (index_t i = 0; i < rows_; ++i) {
        const index_t first = x.begin(index[i]), last = x.end(index[i]), to = offsets_[at(i)];
        std::copy(x.values + first, x.values + last, values_.data() + to);
        std::copy(x.indices + first, x.indices + last, indices_.data() + to);
        offsets_[at(i + 1)] = static_cast<std::int32_t>(to + last - first);
    }
    view_ = {values_.data(), indices_.data(), offsets_.data(), 0, 0, 0.0};
}

index_t RowSet::entries() const {
    return sparse() ? view_.offsets[rows_] - view_.offsets[0] + rows_ : rows_ * length_;
}

/// Calls pass(first, last) for runs of n rows.
template <class Pass>
Status RowSet::each(index_t n, int n_threads, Pass&& pass) const {
    const index_t chunks = std::max<index_t>(1, std::min(n, work(n) / chunk_work));
    return threads::parallel_for(
        chunks, n_threads, [&](index_t chunk, int) { pass(n * chunk / chunks, n * (chunk + 1) / chunks); });
}

/// Calls pass(first, last, part) for runs of n rows, and adds up the parts.
template <class Pass>
Status RowSet::sum(index_t n, double* out, int n_threads, Pass&& pass) const {
    const index_t most = std::max<index_t>(16, work(n) / longest_work);
    const index_t wanted = std::min(n, work(n) / std::max(4 * length_, chunk_work));
    const index_t chunks = std::max<index_t>(1, std::min(most, wanted));
    std::fill(out, out + length_, 0.0);
    if (chunks == 1) {
        pass(index_t{0}, n, out);
        return Status::ok;
    }
    arena::Buffer<double> parts(at(chunks) * at(length_));
    const Status status = threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        double* part = parts.data() + chunk * length_;
        std::fill(part, part + length_, 0.0);
        pass(n * chunk / chunks, n * (chunk + 1) / chunks, part);
    });
    for (index_t chunk = 0; chunk < chunks; ++chunk)
        for (index_t j = 0; j < length_; ++j) out[j] += parts[at(chunk * length_ + j)];
    return status;
}

Status RowSet::products(const double* w, double* z, int n_threads) const {
    return each(rows_, n_threads,
                [&](index_t first, index_t last) { linear_kernels().products(&view_, w, first, last, z); });
}

Status RowSet::products_at(const index_t* index, index_t n, const double* w, double* z, int n_threads) const {
    return each(n, n_threads, [&](index_t first, index_t last) {
        linear_kernels().products_at(&view_, w, index, first, last, z);
    });
}

Status RowSet::combine(const double* c, double* out, int n_threads) const {
    return sum(rows_, out, n_threads, [&](index_t first, index_t last, double* part) {
        linear_kernels().combine(&view_, c, first, last, part);
    });
}

Status RowSet::combine_at(const index_t* index, index_t n, const double* c, double* out,
                          int n_threads) const {
    return sum(n, out, n_threads, [&](index_t first, index_t last, double* part) {
        linear_kernels().combine_at(&view_, c, index, first, last, part);
    });
}

Status RowSet::curve(const double* c, const double* p, double* out, int n_threads) const {
    return sum(rows_, out, n_threads, [&](index_t first, index_t last, double* part) {
        linear_kernels().curve(&view_, c, p, first, last, part);
    });
}

Status RowSet::squares(const double* c, double* out, int n_threads) const {
    return sum(rows_, out, n_threads, [&](index_t first, index_t last, double* part) {
        linear_kernels().squares(&view_, c, first, last, part);
    });
}

}  // namespace mlqa::svm
