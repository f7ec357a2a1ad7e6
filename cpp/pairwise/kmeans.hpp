// K-means: Lloyd's iteration with exact assignments, and the k-means++ seeds.
//
//     label_i = the lowest j with the least D(x_i, c_j) ,
//     c_j = (sum of w_i x_i over label_i = j) / (sum of w_i) ,
//     inertia = sum of w_i D(x_i, c_(label_i)) ,
//
// D the squared distance of pairwise/knn.hpp, defined to the last bit. Sources: S. P. Lloyd, "Least squares
// quantization in PCM", IEEE Trans. Inform. Theory 28, 1982; D. Arthur and S. Vassilvitskii, "k-means++: the
// advantages of careful seeding", SODA 2007 (with greedy trials); the bounds are those of G. Hamerly, "Making
// k-means even faster", SDM 2010, kept a group of centres as Y. Ding et al., "Yinyang k-means", ICML 2015.
//
// Assignment. A row i knows u_i, at least the distance to its own centre, and for each group G of centres
// l_iG, at most the distance to any other centre of G. When the centres have moved, by p_j at most,
//
//     u_i <- u_i + p_(own) ,    l_iG <- l_iG - max over G of p_j ,
//
// and a group with l_iG > u_i holds no centre as near as the row's own: it is passed over. u_i is renewed
// first. The rows that a group is still in question for meet its centres in the float32 screen of
// pairwise/knn.hpp, centres for the base and rows for the queries: values g_ij = fl(h_j - c_i . c_j), which
// are s_ij without h_i and within the same bound. With R_i = min over j of (g_ij + r_j) + r_i only centres
// with g_ij <= R_i may be nearest: one in nearly all cases, otherwise D decides. Groups are runs of panels of
// the tiles' width, at most 32 of them, the initial centres ordered by medians (pairwise/order.hpp).
//
// Rounding of the bounds. u and l are float32, in the screen's unit; every operation on them is widened by
// more than its own rounding error (a factor 1 + 2^-22 a step of u, 1 - 2^-22 of l, 1 - 2^-21 of a root with
// three roundings, 1 + 2^-22 of what is added up in float64). They enclose distances in exact arithmetic, for
// which the triangle inequality holds. D differs from the square of those by a factor within 1 +- (d + 16)
// 2^-53, while floats with l > u differ by one of 1 + 2^-24 at least: for d <= 2^20 the order of D is that of
// l and u. u is at least 2^-60, which keeps D, where the scale of the data is within [2^-400, 2^400], far
// from underflow.
//
// Centres. The sum of each cluster is kept as an unevaluated sum of two doubles, to which rows are added as
// they enter and from which they are subtracted as they leave, in the order of the rows (Ogita, Rump and
// Oishi, "Accurate sum and dot product", SISC 26, 2005): its error is about 2^-106 of the sum of magnitudes,
// so that the centre is, but for one case in some 2^40, the sum in exact arithmetic rounded once and divided
// once. The order of the additions is that of the labels' changes: the same for any number of threads and on
// every instruction set. A cluster without weight takes over the row farthest from its centre, as
// scikit-learn does; of several, in order of the labels, the farthest first, of equal distances the lower
// row.
//
// Seeds. D to the nearest seed is kept for each row. A screen by tiles, rows for columns, finds the rows that
// a trial may be nearer to, D decides; the trial that lowers the weighted sum most becomes the seed.
//
// Cost: at most n k d float32 multiply-adds an iteration, and d float64 additions for a row that moves.
// Memory: 4 n (d + min(32, k / width) + 10) bytes, width that of the tiles; 4 n (d + 6) for the seeds.
//
// Why these bounds: passes over all pairs after the first until convergence, 20000 rows, 20 features, 500
// clusters, from k-means++ seeds; "uniform" is data without clusters, the worst case for any bound.
//
//                                              uniform     20 normal clusters
//     every pair (Lloyd)                         37                30
//     one bound a row (Hamerly)                  22.5              19.3
//     one bound a group of 32 centres             7.8               1.7
//     the same for runs of 32 rows together      31.8               4.9     (rows ordered by label)
//
// Smaller groups save more products (of 12 centres: 4.9 and .7), but a panel of the tile engine then has
// empty lanes. Bounds for each centre (C. Elkan, "Using the triangle inequality to accelerate k-means", ICML
// 2003) take n k numbers to keep up to date, and in scikit-learn are slower than every pair by matrix
// products.
//
// Where the screen's range ends (pairwise/knn.hpp) every pair is evaluated by D.
#pragma once

#include <cstdint>

#include "core/array.hpp"
#include "core/status.hpp"
#include "pairwise/knn.kernel.hpp"

namespace mlqa::pairwise {

constexpr index_t most_trials = 32;

template <class S>
struct KmeansProblem {
    KnnRows<S> rows;
    const double* weight = nullptr;  ///< not negative, a sum above 0; nullptr: all 1
    index_t clusters = 0;            ///< 1 <= clusters <= rows
    int n_threads = 1;
};

struct KmeansResult {
    double inertia;
    index_t iterations;
};

/// Lloyd's iteration from `centres` (clusters x d) until no label changes, the squared moves of the centres
/// add up to at most `tolerance` times the mean variance of the features, or `most_iterations` are done.
/// `label` holds a guess for each row; labels are exact for the centres returned. After Status::cancelled
/// the outputs are undefined. S is float or double.
template <class S>
Status kmeans(const KmeansProblem<S>& problem, double tolerance, index_t most_iterations, S* centres,
              std::int32_t* label, KmeansResult& result);

/// The k-means++ seeds: rows seed[0 .. clusters), seed[0] given, by `trials` trials each; draws in [0, 1)
/// (clusters - 1 x trials). `label` becomes the nearest seed of each row.
template <class S>
Status kmeans_seeds(const KmeansProblem<S>& problem, const double* draws, index_t trials, index_t* seed,
                    std::int32_t* label);

}  // namespace mlqa::pairwise
