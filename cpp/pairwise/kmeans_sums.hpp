// What the clusters of k-means add up to, and the centres that follow; see pairwise/kmeans.hpp.
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "pairwise/kmeans.hpp"
#include "pairwise/kmeans.kernel.hpp"

namespace mlqa::pairwise {

/// Sums of rows and weights of every cluster. S is float or double.
template <class S>
class ClusterSums {
public:
    explicit ClusterSums(const KmeansProblem<S>& problem);

    /// Takes in lists of moves, in their order.
    Status move(const KmeansMoves* lists, index_t n_lists);

    /// The new centres. `distance` fills in D of each row to its centre; asked for where clusters are empty.
    template <class Distances>
    Status centres(const std::int32_t* label, Distances&& distance, S* out) {
        index_t empty = 0;
        for (index_t j = 0; j < problem_.clusters; ++j) empty += count_.data()[j] == 0;
        if (empty == 0) {
            average(*this, out);
            return Status::ok;
        }
        const arena::Buffer<double> far(static_cast<std::size_t>(problem_.rows.rows));
        const Status status = distance(far.data());
        if (status == Status::ok) average(relocated(label, far.data(), empty), out);
        return status;
    }

private:
    ClusterSums relocated(const std::int32_t* label, const double* far, index_t empty) const;
    static void average(const ClusterSums& sums, S* out);
    void weigh(index_t cluster, index_t row, index_t sign);
    KmeansSums view() const { return {high_.data(), low_.data(), problem_.rows.d}; }

    KmeansProblem<S> problem_;
    arena::Buffer<double> high_, low_, weight_high_, weight_low_;
    arena::Buffer<index_t> count_;  ///< rows with a weight above 0
};

}  // namespace mlqa::pairwise
