// The loops of the k-means++ seeds; what is computed in pairwise/kmeans.hpp.
#pragma once

#include <cstdint>

#include "core/array.hpp"
#include "core/isa.hpp"
#include "pairwise/knn.kernel.hpp"

namespace mlqa {

/// Candidates for the next seed against panels of rows.
struct KmeansTrials {
    const float* packed;  ///< candidates in blocks of the kernel's `trial_rows`
    index_t trials;
    const float* low;  ///< H - B of each, filled to a whole block
};

/// What rows know of the seeds so far.
struct SeededRows {
    const std::uint32_t* passed;  ///< trials that are nearer
    double* closest;              ///< D to the nearest seed
    std::int32_t* label;          ///< which one that is
    const float* low;             ///< H - B of the row; nullptr: no screen
    double half_scale;            ///< squared distances to halves in the screen's unit
    float* threshold;             ///< low - closest / 2, rounded down
};

template <class S>
struct SeedsTable {
    /// Which trials (bit t) may be nearer to a row than its seed; rows and thresholds in whole panels.
    void (*trial_screen)(const KnnRows<S>& rows, const float* panels, const float* threshold,
                         const KmeansTrials& trials, std::uint32_t* passed);
    /// gain[t] = sum over the rows nearer to trial t of weight (closest - D), in the order of the rows.
    void (*trial_gain)(const KnnRows<S>& rows, const double* weight, const double* closest,
                       const KnnRows<S>& trials, std::uint32_t* passed, double* gain);
    /// Takes a seed in. Returns whether any row was nearer to it.
    bool (*take_seed)(const KnnRows<S>& rows, const S* centre, std::uint32_t bit, std::int32_t seed,
                      const SeededRows& state);
};

struct SeedsKernels {
    int trial_rows;
    SeedsTable<float> f32;
    SeedsTable<double> f64;
};

MLQA_DECLARE_KERNELS(SeedsKernels, kmeans_seeds)

}  // namespace mlqa
