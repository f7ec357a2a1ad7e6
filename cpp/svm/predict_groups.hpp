// What the vote (svm/predict.cpp) and the graph (svm/dag.cpp) share: kernel values of groups of points.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "core/threads.hpp"
#include "svm/dag.kernel.hpp"
#include "svm/predict.hpp"
#include "svm/predict.kernel.hpp"

namespace mlqa::svm {

/// From this many classes on, a likely winner is asked before all machines are.
constexpr index_t champion_classes = 5;

/// Points of a group, and the bytes that their kernel values may take: they are to stay in L2.
constexpr index_t most_points = 48, most_bytes = 1 << 19;

/// Values times (features + 16) below which a call stays serial: some tenth of a millisecond.
constexpr double serial_cost = 4e6;

inline std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

inline index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

template <class T>
const PredictTable<T>& predict_table() {
    if constexpr (sizeof(T) == 4)
        return predict_kernels().f32;
    else
        return predict_kernels().f64;
}

template <class T>
const DecideTable<T>& decide_table() {
    if constexpr (sizeof(T) == 4)
        return decide_kernels().f32;
    else
        return decide_kernels().f64;
}

/// A class that is likely to be a point's.
struct Candidate {
    index_t label, number;  ///< number: of the point in its group
    float largest;          ///< |kernel value|
};

/// What a thread works in.
template <class T>
struct Predictor::Worker {
    std::vector<index_t> index;
    arena::Buffer<T> values, rows, sums, all_sums;
    arena::Buffer<double> norms, squares, panel, panel_values;
    std::vector<std::int32_t> low, high, slot;
    std::vector<GraphNode> nodes;
    std::vector<Candidate> candidates;
    std::unique_ptr<Worker<double>> exact;  ///< for single machines of points in float

    /// Where the features of a group lie.
    PointRows<T> points_of(const PackedMachines<T>& model, index_t d) const {
        return {model.centre.data(), rows.data(), d + 16, norms.data(), squares.data()};
    }

    DecideScratch<T> scratch(index_t k) {
        if (low.empty()) {
            low.resize(at(k));
            high.resize(at(k));
            sums = arena::Buffer<T>(at(k * k));
        }
        return {sums.data(), low.data(), high.data()};
    }
};

template <class T>
index_t Predictor::group_size() const {
    const index_t block = predict_table<T>().block_rows;
    const index_t fitting = most_bytes / std::max<index_t>(1, stride_ * static_cast<index_t>(sizeof(T)));
    return std::min(most_points / block, std::max<index_t>(1, fitting / block)) * block;
}

/// `work(group, position, worker)` for groups of all points, or of those that are chosen.
template <class T, class Work>
Status Predictor::by_groups(const Queries& x, const std::vector<index_t>* chosen, int n_threads,
                            Work&& work) const {
    const index_t n = chosen == nullptr ? x.count() : static_cast<index_t>(chosen->size());
    const index_t size = std::min(group_size<T>(), std::max<index_t>(n, 1));
    const double cost = static_cast<double>(n) * static_cast<double>(machines_.size() * (x.features() + 16));
    const int used = cost < serial_cost ? 1 : n_threads;
    std::vector<Worker<T>> workers(at(used));
    if (n > 0 && prepare<T>(used) != Status::ok) return Status::cancelled;
    return threads::parallel_for((n + size - 1) / size, used, [&](index_t chunk, int w) {
        Worker<T>& worker = workers[at(w)];
        const index_t first = chunk * size, m = std::min(size, n - first);
        if (worker.index.empty()) {
            worker.index.resize(at(size));
            worker.values = arena::Buffer<T>(at(std::max<index_t>(1, size * stride_)));
        }
        if (chosen == nullptr)
            std::iota(worker.index.begin(), worker.index.begin() + m, first);
        else
            std::copy(chosen->begin() + first, chosen->begin() + first + m, worker.index.begin());
        return work(Group{worker.index.data(), m}, first, worker);
    });
}

}  // namespace mlqa::svm
