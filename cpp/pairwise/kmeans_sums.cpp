#include "pairwise/kmeans_sums.hpp"

#include <algorithm>
#include <atomic>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "pairwise/packed.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t ranges = 16;         ///< runs of clusters that are summed by themselves
constexpr double parallel_work = 1e5;  ///< additions from which on threads pay

const KmeansTable<float>& table(float) {
    return kmeans_kernels().f32;
}
const KmeansTable<double>& table(double) {
    return kmeans_kernels().f64;
}

void add(double value, double& high, double& low) {
    const double sum = high + value, part = sum - high;
    low += (high - (sum - part)) + (value - part);
    high = sum;
}

Buffer<double> copy(const Buffer<double>& from) {
    Buffer<double> to(from.size());
    std::copy(from.begin(), from.end(), to.begin());
    return to;
}

}  // namespace

template <class S>
ClusterSums<S>::ClusterSums(const KmeansProblem<S>& problem)
    : problem_(problem),
      high_(static_cast<std::size_t>(problem.clusters * problem.rows.d), 0.0),
      low_(high_.size(), 0.0),
      weight_high_(static_cast<std::size_t>(problem.clusters), 0.0),
      weight_low_(weight_high_.size(), 0.0),
      count_(weight_high_.size(), index_t{0}) {}

/// A row enters (sign 1) or leaves (sign -1) a cluster, as far as weights go.
template <class S>
void ClusterSums<S>::weigh(index_t cluster, index_t row, index_t sign) {
    if (cluster < 0) return;
    const double weight = problem_.weight == nullptr ? 1.0 : problem_.weight[row];
    add(static_cast<double>(sign) * weight, weight_high_.data()[cluster], weight_low_.data()[cluster]);
    if (weight > 0) count_.data()[cluster] += sign;
}

template <class S>
Status ClusterSums<S>::move(const KmeansMoves* lists, index_t n_lists) {
    const index_t k = problem_.clusters, d = problem_.rows.d;
    double work = 0;
    for (index_t l = 0; l < n_lists; ++l) {
        for (index_t m = 0; m < lists[l].n; ++m) {
            weigh(lists[l].from[m], lists[l].row[m], -1);
            weigh(lists[l].to[m], lists[l].row[m], 1);
        }
        work += static_cast<double>(lists[l].n) * static_cast<double>(d);
    }
    std::atomic<bool> stop{false};
    const int n_threads = work < parallel_work ? 1 : problem_.n_threads;
    const Status status = threads::parallel_for(std::min(k, ranges), n_threads, [&](index_t range, int) {
        const index_t n = std::min(k, ranges);
        const auto first = static_cast<std::int32_t>(range * k / n);
        const auto last = static_cast<std::int32_t>((range + 1) * k / n);
        for (index_t l = 0; l < n_lists; ++l) {
            table(S{}).move(problem_.rows, problem_.weight, lists[l], first, last, view());
            if (cancel::poll()) stop.store(true, std::memory_order_relaxed);
            if (stop.load(std::memory_order_relaxed)) return Status::cancelled;
        }
        return Status::ok;
    });
    for (index_t j = 0; j < k; ++j) {
        if (count_.data()[j] != 0) continue;
        std::fill_n(high_.data() + j * d, d, 0.0);
        std::fill_n(low_.data() + j * d, d, 0.0);
        weight_high_.data()[j] = weight_low_.data()[j] = 0;
    }
    return status;
}

/// The sums after each empty cluster has taken over one of the rows farthest from their centres.
template <class S>
ClusterSums<S> ClusterSums<S>::relocated(const std::int32_t* label, const double* far, index_t empty) const {
    ClusterSums moved(problem_);
    moved.high_ = copy(high_);
    moved.low_ = copy(low_);
    moved.weight_high_ = copy(weight_high_);
    moved.weight_low_ = copy(weight_low_);
    std::copy(count_.begin(), count_.end(), moved.count_.begin());
    const index_t n = problem_.rows.rows;
    const Buffer<std::int32_t> order(static_cast<std::size_t>(n));
    for (index_t i = 0; i < n; ++i) order.data()[i] = static_cast<std::int32_t>(i);
    std::partial_sort(
        order.begin(), order.begin() + empty, order.end(),
        [far](std::int32_t a, std::int32_t b) { return far[a] > far[b] || (far[a] == far[b] && a < b); });
    if (far[order.data()[0]] == 0) return moved;
    const std::int32_t* row = order.data();
    for (index_t j = 0; j < problem_.clusters; ++j) {
        if (count_.data()[j] != 0) continue;
        const std::int32_t from = label[*row], to = static_cast<std::int32_t>(j);
        table(S{}).move(problem_.rows, problem_.weight, {row, &from, &to, 1}, 0,
                        static_cast<std::int32_t>(problem_.clusters), moved.view());
        moved.weigh(from, *row, -1);
        moved.weigh(to, *row, 1);
        ++row;
    }
    return moved;
}

/// Clusters without weight come to lie on the centre of the heaviest.
template <class S>
void ClusterSums<S>::average(const ClusterSums& sums, S* out) {
    const index_t k = sums.problem_.clusters, d = sums.problem_.rows.d;
    const auto weight = [&](index_t j) {
        return sums.count_.data()[j] == 0 ? 0.0 : sums.weight_high_.data()[j] + sums.weight_low_.data()[j];
    };
    index_t heaviest = 0;
    for (index_t j = 0; j < k; ++j) {
        const double total = weight(j);
        if (total > weight(heaviest)) heaviest = j;
        if (!(total > 0)) continue;
        const double *high = sums.high_.data() + j * d, *low = sums.low_.data() + j * d;
        for (index_t f = 0; f < d; ++f) out[j * d + f] = static_cast<S>((high[f] + low[f]) / total);
    }
    for (index_t j = 0; j < k; ++j)
        if (!(weight(j) > 0)) std::copy_n(out + heaviest * d, d, out + j * d);
}

template class ClusterSums<float>;
template class ClusterSums<double>;

}  // namespace mlqa::pairwise
