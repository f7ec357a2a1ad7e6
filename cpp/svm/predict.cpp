#include "svm/predict.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/cancel.hpp"
#include "pairwise/tiles.kernel.hpp"
#include "svm/predict_groups.hpp"

namespace mlqa::svm {
namespace {

/// Numbers that are packed at a time: a huge page or more, which are cleared at their first touch.
constexpr index_t packed_numbers = 1 << 18;

/// As many of these, some milliseconds, lie between two looks at whether the call was cancelled.
constexpr double polled_cost = 1e8;

template <class T>
const TileTable<T>& tile_table() {
    if constexpr (sizeof(T) == 4)
        return tiles_kernels().f32;
    else
        return tiles_kernels().f64;
}

/// Squared norms of dense points about a centre (nullptr: the origin) and about the origin, in the order of
/// the products.
void norms_of(const MatrixView<const double>& x, const double* centre, double* norms, double* squares) {
    std::vector<index_t> index(at(x.rows));
    std::iota(index.begin(), index.end(), index_t{0});
    // The differences themselves are not wanted: they all go to one row.
    std::vector<double> row(at(x.cols));
    const PointRows<double> out = {centre, row.data(), 0, norms, squares};
    predict_table<double>().take_f64(x.data, x.row_stride, x.col_stride, index.data(), x.rows, x.cols, &out);
}

double largest_of(const arena::Buffer<double>& norms) {
    double largest = 0;
    // Not max(): a NaN is to come through.
    for (const double norm : norms)
        if (!(norm <= largest)) largest = norm;
    return largest;
}

}  // namespace

Predictor::Predictor(const Machines& machines, int n_threads)
    : machines_(machines), stride_(round_up(machines.size(), predict_table<float>().panel_width)) {
    const Points& support = machines.support;
    const index_t n = machines.size(), k = machines.classes;
    const bool packs = machines.function.kind != Kernel::precomputed && !support.is_sparse;
    if (machines.function.kind != Kernel::precomputed && support.is_sparse) {
        support_norms_ = arena::Buffer<double>(at(n));
        rows_kernels().sparse_norms(&support.sparse, nullptr, n, support_norms_.data());
    }
    if (packs && machines.function.kind == Kernel::rbf &&
        mean_of(support, nullptr, n, n_threads, single_.centre)) {
        double_.centre = arena::Buffer<double>(single_.centre.size());
        std::copy(single_.centre.begin(), single_.centre.end(), double_.centre.data());
    }
    if (!packs) return;
    arena::Buffer<double> norms(at(n)), squares(at(n));
    norms_of(support.dense, single_.centre.data(), norms.data(), squares.data());
    // A centre that was chosen is the mean.
    const bool centred = double_.centre.size() > 0;
    index_t longest = 0;
    for (index_t c = 0; c < k; ++c) longest = std::max(longest, machines.start[c + 1] - machines.start[c]);
    const int lanes = predict_table<float>().lanes;
    screen_ = Screen(machines.function, support.features(), (longest + lanes - 1) / lanes,
                     predict_kernels().roundings, largest_of(norms), largest_of(centred ? norms : squares));
    pack(single_, norms, n_threads);
    double_norms_ = std::move(centred ? norms : squares);
    if (n * support.features() <= packed_numbers) prepare<double>(n_threads);
}

template <class T>
Status Predictor::prepare(int n_threads) const {
    if constexpr (sizeof(T) == sizeof(float)) return Status::ok;
    const std::lock_guard<std::mutex> lock(packing_);
    if (double_packed_) return Status::ok;
    const Status status = pack(double_, double_norms_, n_threads);
    double_packed_ = status == Status::ok;  // not if the call was cancelled meanwhile
    return status;
}

template Status Predictor::prepare<float>(int) const;
template Status Predictor::prepare<double>(int) const;

template <class T>
Status Predictor::pack(PackedMachines<T>& packed, const arena::Buffer<double>& norms, int n_threads) const {
    const index_t k = machines_.classes, n = machines_.size();
    const Points& support = machines_.support;
    packed.reach = arena::Buffer<T>(at(k * (k - 1)));
    for (index_t c = 0; c < k; ++c) {
        const index_t first = machines_.start[c], last = machines_.start[c + 1];
        for (index_t r = 0; r < k - 1; ++r) {
            double reach = 0;
            for (index_t s = first; s < last; ++s) reach += std::abs(machines_.coef[r * n + s]);
            packed.reach[at(c * (k - 1) + r)] = static_cast<T>(reach * (1 + 0x1p-20));
        }
    }
    packed.view = {k, machines_.start, nullptr, n, nullptr, packed.reach.data()};
    if constexpr (sizeof(T) == 8) {
        packed.view.coef = machines_.coef;
        packed.view.intercept = machines_.intercept;
    } else {
        packed.coef = arena::Buffer<T>(at((k - 1) * n));
        std::transform(machines_.coef, machines_.coef + (k - 1) * n, packed.coef.data(),
                       [](double v) { return static_cast<T>(v); });
        packed.intercept = arena::Buffer<T>(at(machines_.pairs()));
        std::transform(machines_.intercept, machines_.intercept + machines_.pairs(), packed.intercept.data(),
                       [](double v) { return static_cast<T>(v); });
        packed.view.coef = packed.coef.data();
        packed.view.intercept = packed.intercept.data();
    }
    if (machines_.function.kind == Kernel::precomputed || support.is_sparse) return Status::ok;
    const index_t d = support.features(), width = predict_table<T>().panel_width;
    packed.panels = arena::Buffer<T>(at(stride_) * at(std::max<index_t>(d, 1)));
    const MatrixView<const double>& x = support.dense;
    const index_t run = std::max<index_t>(1, packed_numbers / (std::max<index_t>(d, 1) * width)) * width;
    const Status status = threads::parallel_for((n + run - 1) / run, n_threads, [&](index_t chunk, int) {
        const index_t first = chunk * run;
        tile_table<T>().pack_f64(x.row(first), x.row_stride, x.col_stride, nullptr, std::min(run, n - first),
                                 d, packed.centre.data(), static_cast<int>(width),
                                 packed.panels.data() + first * d);
    });
    packed.norms = arena::Buffer<T>(at(stride_), T(0));
    const double scale = norm_scale<T>(machines_.function);
    std::transform(norms.begin(), norms.end(), packed.norms.data(),
                   [scale](double v) { return static_cast<T>(scale * v); });
    return status;
}

template <class T>
void Predictor::take(const Queries& x, const Group& group, Worker<T>& worker) const {
    const PredictTable<T>& kernels = predict_table<T>();
    const index_t d = x.features();
    if (worker.rows.size() == 0) {
        // A row of a power of two would fall on the same cache lines as its neighbours.
        worker.rows = arena::Buffer<T>(at(most_points * (d + 16)));
        worker.norms = arena::Buffer<double>(at(most_points));
        worker.squares = arena::Buffer<double>(at(most_points));
    }
    const PointRows<T> points = worker.points_of(packed<T>(), d);
    if (x.kind == Queries::Kind::narrow)
        kernels.take_f32(x.narrow.data, x.narrow.row_stride, x.narrow.col_stride, group.index, group.count, d,
                         &points);
    else
        kernels.take_f64(x.dense.data, x.dense.row_stride, x.dense.col_stride, group.index, group.count, d,
                         &points);
}

template <class T>
void Predictor::values_of(index_t count, index_t first, index_t last, Worker<T>& worker) const {
    const PredictTable<T>& kernels = predict_table<T>();
    const PackedMachines<T>& model = packed<T>();
    const index_t d = machines_.support.features(), width = kernels.panel_width;
    const PointRows<T> points = worker.points_of(model, d);
    kernels.values(&machines_.function, &points, count, model.panels.data() + first * width * d,
                   model.norms.data() + first * width, last - first, d, worker.values.data() + first * width,
                   stride_);
}

template <class T>
Status Predictor::values(const Queries& x, const Group& group, Worker<T>& worker) const {
    take(x, group, worker);
    const index_t d = x.features(), width = predict_table<T>().panel_width;
    const index_t panels = (machines_.size() + width - 1) / width;
    const double cost = static_cast<double>(group.count * width * (d + 16));
    const index_t most = std::max<index_t>(1, static_cast<index_t>(polled_cost / cost));
    for (index_t first = 0; first < panels; first += most) {
        if (first > 0 && cancel::poll()) return Status::cancelled;
        values_of(group.count, first, std::min(first + most, panels), worker);
    }
    if (machines_.function.kind != Kernel::rbf) return Status::ok;
    // A squared norm that overflows is far from everything; its distance would be no number.
    for (index_t j = 0; j < group.count; ++j)
        if (!std::isfinite(worker.norms[at(j)]))
            std::fill_n(worker.values.data() + j * stride_, stride_, T(0));
    return Status::ok;
}

template void Predictor::take(const Queries&, const Group&, Worker<double>&) const;
template void Predictor::values_of(index_t, index_t, index_t, Worker<double>&) const;

Status Predictor::fill(const Queries& x, const Group& group, Worker<float>& worker) const {
    return values(x, group, worker);
}

Status Predictor::fill(const Queries& x, const Group& group, Worker<double>& worker) const {
    const index_t n = machines_.size();
    double* out = worker.values.data();
    if (machines_.function.kind == Kernel::precomputed) {
        for (index_t j = 0; j < group.count; ++j)
            for (index_t s = 0; s < n; ++s) {
                const index_t i = group.index[j], column = machines_.column[s];
                out[j * stride_ + s] = x.kind == Queries::Kind::narrow
                                           ? static_cast<double>(x.narrow(i, column))
                                           : x.dense(i, column);
            }
        return Status::ok;
    }
    if (x.kind != Queries::Kind::sparse) return values(x, group, worker);
    const RowsKernels& kernels = rows_kernels();
    const index_t width = kernels.panel_width;
    if (worker.slot.empty()) {
        worker.slot.assign(at(x.features()), 0);
        worker.norms = arena::Buffer<double>(at(width), 0.0);
        worker.panel_values = arena::Buffer<double>(at(std::max<index_t>(n, 1) * width));
    }
    for (index_t first = 0; first < group.count; first += width) {
        const index_t m = std::min(width, group.count - first);
        const index_t* which = group.index + first;
        kernels.sparse_norms(&x.sparse, which, m, worker.norms.data());
        const index_t slots =
            spread(x.sparse, which, m, static_cast<int>(width), worker.slot.data(), worker.panel);
        const SparseBlock block = {worker.panel.data(), worker.norms.data(), worker.slot.data(), slots, m};
        kernels.sparse_panel(&machines_.function, &block, &machines_.support.sparse, support_norms_.data(),
                             worker.panel_values.data());
        clear_slots(x.sparse, which, m, worker.slot.data());
        for (index_t j = 0; j < m; ++j)
            for (index_t s = 0; s < n; ++s)
                out[(first + j) * stride_ + s] = worker.panel_values[at(s * width + j)];
    }
    return Status::ok;
}

template <class T>
index_t Predictor::decide(const T* values, T error, Worker<T>& worker) const {
    const DecideTable<T>& kernels = decide_table<T>();
    const MachineView<T>& view = packed<T>().view;
    if (!(error <= std::numeric_limits<T>::max())) return -1;
    const DecideScratch<T> scratch = worker.scratch(machines_.classes);
    if (machines_.classes >= champion_classes) {
        const index_t found = kernels.champion(&view, values, error, &scratch);
        if (found >= 0) return found;
    }
    return kernels.vote(&view, values, error, &scratch);
}

bool Predictor::screens(const Queries& x) const {
    return machines_.function.kind != Kernel::precomputed && x.kind != Queries::Kind::sparse;
}

float Predictor::error(const Worker<float>& worker, index_t j) const {
    const double norm = worker.norms[at(j)];
    return screen_.error(norm, double_.centre.size() > 0 ? norm : worker.squares[at(j)]);
}

template <class T>
Status Predictor::label_points(const Queries& x, const std::vector<index_t>* chosen, int n_threads,
                               index_t* label) const {
    return by_groups<T>(x, chosen, n_threads, [&](const Group& group, index_t, Worker<T>& worker) {
        const Status status = fill(x, group, worker);
        if (status != Status::ok) return status;
        for (index_t j = 0; j < group.count; ++j)
            label[group.index[j]] = decide(worker.values.data() + j * stride_, error(worker, j), worker);
        return Status::ok;
    });
}

Status Predictor::classes(const Queries& x, int n_threads, index_t* label) const {
    if (!screens(x)) return label_points<double>(x, nullptr, n_threads, label);
    const Status status = label_points<float>(x, nullptr, n_threads, label);
    if (status != Status::ok) return status;
    std::vector<index_t> doubtful;
    for (index_t i = 0; i < x.count(); ++i)
        if (label[i] < 0) doubtful.push_back(i);
    return label_points<double>(x, &doubtful, n_threads, label);
}

template <class T>
void Predictor::decide_all(const Group& group, Worker<T>& worker, T* out) const {
    const index_t size = machines_.classes * (machines_.classes - 1);
    // Sums of as many points at a time as stay in cache.
    const index_t fitting = most_bytes / (size * static_cast<index_t>(sizeof(T)));
    const index_t most = std::min(group.count, std::max<index_t>(1, fitting));
    if (worker.all_sums.size() < at(size * most)) worker.all_sums = arena::Buffer<T>(at(size * most));
    for (index_t first = 0; first < group.count; first += most)
        decide_table<T>().decisions(&packed<T>().view, worker.values.data() + first * stride_, stride_,
                                    std::min(most, group.count - first), worker.all_sums.data(),
                                    out + first * machines_.pairs());
}

Status Predictor::decisions(const Queries& x, int n_threads, double* out) const {
    return by_groups<double>(x, nullptr, n_threads,
                             [&](const Group& group, index_t first, Worker<double>& worker) {
                                 const Status status = fill(x, group, worker);
                                 if (status != Status::ok) return status;
                                 decide_all(group, worker, out + first * machines_.pairs());
                                 return Status::ok;
                             });
}

Status Predictor::outputs(const Queries& x, const double* coef, const double* intercept, index_t rows,
                          int n_threads, double* out) const {
    const auto work = [&](const Group& group, index_t first, Worker<double>& worker) {
        const Status status = fill(x, group, worker);
        if (status != Status::ok) return status;
        double* here = out + first * rows;
        decide_table<double>().sums(coef, rows, worker.values.data(), stride_, group.count, machines_.size(),
                                    here, rows);
        for (index_t j = 0; j < group.count; ++j)
            for (index_t r = 0; r < rows; ++r) here[j * rows + r] += intercept[r];
        return Status::ok;
    };
    return by_groups<double>(x, nullptr, n_threads, work);
}

Status Predictor::screened(const Queries& x, double* value, double* bound) const {
    const index_t pairs = machines_.pairs();
    return by_groups<float>(x, nullptr, 1, [&](const Group& group, index_t first, Worker<float>& worker) {
        const Status status = fill(x, group, worker);
        if (status != Status::ok) return status;
        std::vector<float> decided(at(group.count * pairs)), allowed(at(pairs));
        decide_all(group, worker, decided.data());
        std::copy(decided.begin(), decided.end(), value + first * pairs);
        for (index_t j = 0; j < group.count; ++j) {
            decide_table<float>().bounds(&single_.view, error(worker, j), allowed.data());
            std::copy(allowed.begin(), allowed.end(), bound + (first + j) * pairs);
        }
        return Status::ok;
    });
}

}  // namespace mlqa::svm
