// What a query keeps of the rows that passed its screen; bounds and names in pairwise/knn.hpp. Included by
// kernel sources only.
#pragma once

#include "core/array.hpp"
#include "pairwise/distance.hpp"

namespace mlqa::pairwise {
namespace {

/// Replaces the largest of a heap of n by x.
void replace_top(double* heap, index_t n, double x) {
    index_t i = 0;
    for (;;) {
        index_t child = 2 * i + 1;
        if (child >= n) break;
        if (child + 1 < n && heap[child + 1] > heap[child]) ++child;
        if (heap[child] <= x) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = x;
}

/// The candidates of one query, n of them, and the limit of what may still be among the nearest.
template <class I>
struct Candidates {
    float* value;  ///< screened
    I* row;
    I* n;
    float* limit;

    void lower(float to) const {
        if (to < *limit) *limit = to;
    }

    /// R = t_k + own, t_k the k-th smallest screened value plus slack; candidates above are dropped. `own`
    /// is the query's slack. `heap`: k places.
    void tighten(index_t k, const float* slack, float own, double* heap) const {
        if (*n < k) return;
        for (index_t i = 0; i < k; ++i) heap[i] = 0x1p126;
        for (I c = 0; c < *n; ++c) {
            const double upper = static_cast<double>(value[c]) + static_cast<double>(slack[row[c]]);
            if (upper < heap[0]) replace_top(heap, k, upper);
        }
        lower(round_up(heap[0] + static_cast<double>(own)));
        I left = 0;
        for (I c = 0; c < *n; ++c) {
            if (value[c] > *limit) continue;
            value[left] = value[c];
            row[left++] = row[c];
        }
        *n = left;
    }

    /// R = T, half the k-th smallest exact distance, in the screen's unit.
    void prove(double squared_distance, double half_scale) const {
        lower(round_up(squared_distance * half_scale * (1 + 0x1p-50)));
    }
};

}  // namespace
}  // namespace mlqa::pairwise
