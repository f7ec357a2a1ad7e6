#include "svm/all_at_once.kernel.hpp"

#include "core/simd.hpp"
#include "svm/class_step.hpp"

namespace mlqa {
namespace {

using simd::f32;
using simd::f64;

constexpr int lanes = simd::lanes<double>;
constexpr double infinity = __builtin_inf();

/// What the classes of a point, or of a vector of points, add up to.
template <ClassLoss loss, class V>
struct Violation {
    V most, least;

    /// Before all classes, with what the own one says.
    MLQA_INLINE Violation(V own_slope, V own_beta, V bound) {
        if constexpr (loss == ClassLoss::crammer_singer) {
            most = V{} - infinity;
            least = own_beta < bound ? own_slope : V{} + infinity;
        } else {
            most = least = own_slope;
        }
    }
    /// Of the own class it says nothing.
    MLQA_INLINE void meet(V slope, V beta, V bound) {
        if constexpr (loss == ClassLoss::crammer_singer)
            most = slope > most ? slope : most;
        else
            most = (beta > -bound) & (slope > most) ? slope : most;
        least = (beta < V{}) & (slope < least) ? slope : least;
    }
    MLQA_INLINE V value(V own_slope) const {
        if constexpr (loss == ClassLoss::crammer_singer) return most - least;
        const V above = most - own_slope, below = own_slope - least;
        return above > below ? above : below;
    }
};

template <ClassLoss loss>
MLQA_INLINE void violations_of(const ClassNumbers& s, index_t first, index_t last, double* violation) {
    for (index_t t = first; t < last; t += lanes) {
        f64 own_slope{}, own_beta{};
        for (int l = 0; l < lanes; ++l) {
            const index_t own = s.label[t + l] * s.stride + t + l;
            own_slope[l] = s.slope[own];
            own_beta[l] = s.beta[own];
        }
        const f64 bound = simd::load(s.bound + t);
        Violation<loss, f64> v(own_slope, own_beta, bound);
        const double *slope = s.slope + t, *beta = s.beta + t;
        for (index_t m = 0; m < s.classes; ++m, slope += s.stride, beta += s.stride)
            v.meet(simd::load(slope), simd::load(beta), bound);
        simd::store(violation + t, simd::max(v.value(own_slope), f64{}));
    }
}

void violations(ClassLoss loss, const ClassNumbers* numbers, index_t first, index_t last, double* violation) {
    if (loss == ClassLoss::crammer_singer)
        violations_of<ClassLoss::crammer_singer>(*numbers, first, last, violation);
    else
        violations_of<ClassLoss::weston_watkins>(*numbers, first, last, violation);
}

/// The violation of a point whose slopes are together.
template <ClassLoss loss>
MLQA_INLINE double violation_of(const double* slope, const double* beta, index_t width, index_t own,
                                double bound) {
    const f64 own_slope = simd::broadcast(slope[own]), c = simd::broadcast(bound);
    Violation<loss, f64> v(own_slope, simd::broadcast(beta[own]), c);
    for (index_t m = 0; m < width; m += lanes) v.meet(simd::load(slope + m), simd::load(beta + m), c);
    v.most = simd::broadcast(simd::reduce_max(v.most));
    v.least = simd::broadcast(simd::reduce_min(v.least));
    return v.value(own_slope)[0];
}

/// Where the objective has no curvature, it falls to a corner.
template <ClassLoss loss>
MLQA_INLINE void corner(double* slope, const double* beta, index_t classes, index_t width, index_t own,
                        double bound) {
    const double own_slope = slope[own];
    index_t most = own;
    for (index_t m = 0; m < classes; ++m)
        if (slope[m] > slope[most]) most = m;
    double total = 0.0;
    for (index_t m = 0; m < width; ++m) {
        double next = m == most ? -bound : 0.0;
        if (loss == ClassLoss::weston_watkins) next = slope[m] > own_slope ? -bound : 0.0;
        if (loss == ClassLoss::weston_watkins && slope[m] == own_slope) next = beta[m];
        slope[m] = m == own ? 0.0 : next;
        total -= slope[m];
    }
    slope[own] = total;
}

/// From slopes to the best coefficients.
template <ClassLoss loss>
MLQA_INLINE void best_coefficients(double* slope, const double* beta, index_t classes, index_t width,
                                   index_t own, double a, double bound) {
    if (!(a > 0.0)) return corner<loss>(slope, beta, classes, width, own, bound);
    if constexpr (loss == ClassLoss::crammer_singer) {
        for (index_t m = 0; m < width; m += lanes)
            simd::store(slope + m, simd::load(slope + m) - a * simd::load(beta + m));
        svm::simplex_coefficients(slope, width, own, a, bound);
    } else {
        const double shift = a * beta[own] - slope[own];
        for (index_t m = 0; m < width; m += lanes)
            simd::store(slope + m, simd::load(slope + m) - a * simd::load(beta + m) + shift);
        slope[own] = -infinity;
        svm::box_coefficients(slope, width, own, a, bound, a * beta[own]);
    }
}

/// Adds the changes of a point's coefficients to the slopes of the set, a few classes a pass.
template <int R>
MLQA_INLINE void spread_changes(const double* k, index_t stride, double* const* slope, const double* change) {
    f64 c[R];
    for (int r = 0; r < R; ++r) c[r] = simd::broadcast(change[r]);
    for (index_t t = 0; t < stride; t += lanes) {
        const f64 value = simd::load(k + t);
        for (int r = 0; r < R; ++r)
            simd::store(slope[r] + t, simd::fma(c[r], value, simd::load(slope[r] + t)));
    }
}

MLQA_INLINE void take_over(const ClassSet& s, index_t p, const double* next) {
    constexpr int together = 4;
    const double* k = s.k + p * s.stride;
    double* beta = s.beta + p * s.width;
    double change[together];
    double* slope[together];
    int n = 0;
    for (index_t m = 0; m < s.classes; ++m) {
        if (next[m] == beta[m]) continue;
        change[n] = next[m] - beta[m];
        slope[n++] = s.slope + m * s.stride;
        beta[m] = next[m];
        if (n == together) spread_changes<together>(k, s.stride, slope, change), n = 0;
    }
    if (n == 3) spread_changes<3>(k, s.stride, slope, change);
    if (n == 2) spread_changes<2>(k, s.stride, slope, change);
    if (n == 1) spread_changes<1>(k, s.stride, slope, change);
}

/// The violation of a point, and a step if it is above the tolerance.
template <ClassLoss loss>
MLQA_INLINE double step(const ClassSet& s, index_t p, double tolerance, index_t& steps) {
    double* slope = s.room;
    const double *column = s.slope + p, *beta = s.beta + p * s.width;
    for (index_t m = 0; m < s.classes; ++m) slope[m] = column[m * s.stride];
    for (index_t m = s.classes; m < s.width; ++m) slope[m] = -infinity;
    const double violation = violation_of<loss>(slope, beta, s.width, s.label[p], s.bound[p]);
    if (!(violation > tolerance)) return violation;
    best_coefficients<loss>(slope, beta, s.classes, s.width, s.label[p], s.k[p * s.stride + p], s.bound[p]);
    take_over(s, p, slope);
    ++steps;
    return violation;
}

template <ClassLoss loss>
MLQA_INLINE index_t sweep_of(const ClassSet& s, index_t first, index_t last, double tolerance, index_t most,
                             index_t moving, index_t& steps) {
    for (index_t q = first; q < last && steps < most; ++q)
        if (step<loss>(s, s.queue[q], tolerance, steps) > tolerance) s.queue[moving++] = s.queue[q];
    return moving;
}

index_t sweep(ClassLoss loss, const ClassSet* set, index_t first, index_t last, double tolerance,
              index_t most, index_t moving, index_t* steps) {
    if (loss == ClassLoss::crammer_singer)
        return sweep_of<ClassLoss::crammer_singer>(*set, first, last, tolerance, most, moving, *steps);
    return sweep_of<ClassLoss::weston_watkins>(*set, first, last, tolerance, most, moving, *steps);
}

/// The sums of `vectors` vectors of points, which stay in registers.
template <int vectors>
MLQA_INLINE void accumulate_at(const float* const* rows, const float* weight, index_t m, index_t t,
                               double* f) {
    constexpr int width = simd::lanes<float>;
    for (index_t r = 0; r < m;) {
        const index_t last = r + most_rows < m ? r + most_rows : m;
        f32 sum[vectors];
        for (int v = 0; v < vectors; ++v) sum[v] = f32{};
        for (; r < last; ++r) {
            const f32 w = simd::broadcast(weight[r]);
            for (int v = 0; v < vectors; ++v)
                sum[v] = simd::fma(w, simd::load(rows[r] + t + v * width), sum[v]);
        }
        for (int v = 0; v < vectors; ++v) {
            double* low = f + t + v * width;
            simd::store(low, simd::load(low) + simd::widen_low(sum[v]));
            simd::store(low + lanes, simd::load(low + lanes) + simd::widen_high(sum[v]));
        }
    }
}

void accumulate(const float* const* rows, const float* weight, index_t m, index_t first, index_t last,
                double* f) {
    constexpr int width = simd::lanes<float>, several = 8;
    index_t t = first;
    for (; t + several * width <= last; t += several * width) accumulate_at<several>(rows, weight, m, t, f);
    for (; t < last; t += width) accumulate_at<1>(rows, weight, m, t, f);
}

}  // namespace

const AllAtOnceKernels MLQA_KERNELS(all_at_once) = {lanes, violations, sweep, accumulate};

}  // namespace mlqa
