// The loops of k-means; what is computed, and the bounds, in pairwise/kmeans.hpp.
#pragma once

#include <cstdint>

#include "core/array.hpp"
#include "core/isa.hpp"
#include "pairwise/knn.kernel.hpp"

namespace mlqa {

/// The centres of one iteration, as the screen wants them. Panels hold the centres in an order in which near
/// ones lie together, a group is a run of panels; everything else is in the order of the labels.
template <class S>
struct KmeansCentres {
    KnnRows<S> exact;
    const std::int32_t* order;  ///< label of each place in the panels
    const std::int32_t* place;  ///< place of each label in the panels
    index_t places;             ///< filled to a whole panel
    index_t group;              ///< places of a group
    index_t groups;
    const float* panels;  ///< with `panel_low`, `panel_slack` as KnnPacked has them
    const float* panel_low;
    const float* panel_slack;
    const float* group_slack;  ///< the largest slack of each group
    const float* rows;         ///< the same values, row after row, with `low` and `slack`
    const float* low;
    const float* slack;
    const float* drift;        ///< how far each has moved since the last iteration, rounded up
    const float* group_drift;  ///< the largest of each group
};

/// A chunk of rows in one iteration. Arrays without a note hold an entry for each of its rows.
template <class S>
struct KmeansBlock {
    KnnRows<S> rows;
    const float* packed;  ///< row after row, as KnnPacked has them
    const float* low;
    const float* slack;
    std::int32_t* label;
    float* upper;    ///< at least the distance to the row's own centre
    float* nearest;  ///< [group][row]: at most the distance to any other centre of the group
    double unit;     ///< the scale of the screen
    // Scratch.
    float* own;            ///< screened value of the row's own centre
    float* limit;          ///< R_i: screened values above cannot be nearest
    std::int32_t* active;  ///< rows for which a group is in question
    std::int32_t* queue;   ///< those of one group
    std::uint8_t* rivals;  ///< whether a centre has passed the row's limit
    std::int32_t* rival;   ///< `places` of them: the centres that passed the limit of one row
    float* rival_value;    ///< the same
    index_t active_rows;
    // Rows that got another label, and the one that they had.
    std::int32_t* moved;
    std::int32_t* moved_from;
    index_t moves;
};

/// Sums of the rows of each cluster, as unevaluated sums of two doubles: clusters x d each.
struct KmeansSums {
    double* high;
    double* low;
    index_t d;
};

/// Rows that go from one cluster to another; -1: from nowhere.
struct KmeansMoves {
    const std::int32_t* row;
    const std::int32_t* from;
    const std::int32_t* to;  ///< by position in the list
    index_t n;
};

template <class S>
struct KmeansTable {
    /// Sums of x - centre by feature, the sum of all its squares and the largest magnitude.
    void (*moments)(const KnnRows<S>& rows, const double* centre, double* sum, double* square,
                    double* largest);
    /// Moves the bounds along with the centres, finds the active rows and their limits.
    void (*begin)(KmeansBlock<S>& block, const KmeansCentres<S>& centres);
    /// The centres of a group against the active rows whose bound for it has been passed.
    void (*evaluate)(KmeansBlock<S>& block, const KmeansCentres<S>& centres, index_t group);
    /// The nearest centre of those active rows, of positions [first, last), that have rivals.
    void (*resolve)(KmeansBlock<S>& block, const KmeansCentres<S>& centres, index_t first, index_t last);
    /// The nearest centre of rows [first, last) by evaluating every pair.
    void (*direct)(KmeansBlock<S>& block, const KnnRows<S>& centres, index_t first, index_t last);
    /// distance[i] = D(row i, centre label[i]); label nullptr: centre i.
    void (*distances)(const KnnRows<S>& rows, const KnnRows<S>& centres, const std::int32_t* label,
                      double* distance);
    /// Adds moving rows to the clusters [first, last) that they enter, and subtracts them where they leave.
    void (*move)(const KnnRows<S>& rows, const double* weight, const KmeansMoves& moves, std::int32_t first,
                 std::int32_t last, const KmeansSums& sums);
};

struct KmeansKernels {
    KmeansTable<float> f32;
    KmeansTable<double> f64;
};

MLQA_DECLARE_KERNELS(KmeansKernels, kmeans)

}  // namespace mlqa
