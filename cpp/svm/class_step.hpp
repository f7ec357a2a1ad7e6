// The best coefficients of one sample of a machine of all classes, those of the others held.
//
// beta_m, one a class, add up to 0, and y is the sample's own class. With the slopes g_m of the objective and
// A = k(x, x), what they are chosen by is A / 2 |beta|^2 + sum_m B_m beta_m, B_m = g_m - A beta_m (before).
//
// Crammer-Singer: beta_m <= 0, but beta_y <= C. The best are beta_m = min(bound_m, (theta - B_m) / A), where
//
//     sum_m min(A bound_m, theta - B_m) = 0.
//
// The left side is concave, so Newton steps from below rise to theta, in as many as there are sets of classes
// with B_m > theta on the way (C. Michelot, "A finite algorithm for finding the projection of a point onto
// the canonical simplex of R^n", J. Optimization Theory and Applications 50:195-200, 1986): two or three.
// They are taken with beta_y as if it had no bound, and if it then is beyond, again with beta_y = C: large
// bounds take no digits.
//
// Weston-Watkins: beta_m = -alpha_m with 0 <= alpha_m <= C for m != y, beta_y = sum_m alpha_m. With
// t_m = g_m - g_y + A (alpha_m + beta_y) (before), alpha_m = clip(t_m - tau, 0, A C) / A where
//
//     sum_m clip(t_m - tau, 0, A C) = tau:
//
// Newton steps between two bounds of tau, which are halved where a step leads out of them.
//
// Both leave a sum of 0 up to the rounding of the sum, and coefficients at their bounds exactly there.
//
// Included by kernel sources only. Arrays have `width` numbers, whole vectors.
#pragma once

#include "core/array.hpp"
#include "core/simd.hpp"

namespace mlqa::svm {
namespace {

using simd::f64;

/// Calls visit(vector of v, m) for whole vectors from m on.
template <class Visit>
MLQA_INLINE void each_vector(const double* v, index_t width, Visit&& visit) {
    for (index_t m = 0; m < width; m += simd::lanes<double>) visit(simd::load(v + m), m);
}

MLQA_INLINE double largest_of(const double* v, index_t width) {
    f64 most = simd::broadcast(-__builtin_inf());
    each_vector(v, width, [&](f64 x, index_t) { most = simd::max(x, most); });
    return simd::reduce_max(most);
}

/// The theta at which `count` theta - `sum` is what the other classes' B are above it: from below.
MLQA_INLINE double simplex_threshold(const double* b, index_t width, double theta, double sum, double count) {
    for (double before = __builtin_inf();;) {
        f64 sums{}, counts{};
        each_vector(b, width, [&](f64 x, index_t) {
            const auto above = x > theta;
            sums += simd::select(above, x, f64{});
            counts += simd::select(above, f64{} + 1.0, f64{});
        });
        const double n = simd::reduce_add(counts);
        if (!(n < before) || n + count == 0.0) return theta;
        before = n;
        theta = (simd::reduce_add(sums) + sum) / (n + count);
    }
}

/// Takes B, with -infinity behind the classes, and leaves the coefficients of Crammer and Singer's machine.
MLQA_INLINE void simplex_coefficients(double* b, index_t width, index_t own, double a, double cost) {
    const double of_own = b[own], most = a * cost;
    b[own] = -__builtin_inf();
    double theta = simplex_threshold(b, width, of_own, of_own, 1.0);
    const bool at_bound = theta - of_own >= most;
    if (at_bound) {
        // What is too little to tell from the largest is made to, and scaled in the end.
        const double largest = largest_of(b, width), least = 1e-15 * __builtin_fabs(largest) + 1e-300;
        const double total = most > least ? most : least;
        theta = simplex_threshold(b, width, largest - total, -total, 0.0);
    }
    f64 total{};
    each_vector(b, width, [&](f64 x, index_t m) {
        const f64 coefficient = simd::select(x > theta, (theta - x) / a, f64{});
        simd::store(b + m, coefficient);
        total -= coefficient;
    });
    b[own] = simd::reduce_add(total);
    if (!at_bound && b[own] <= cost) return;
    const double scale = cost / b[own];
    each_vector(b, width, [&](f64 x, index_t m) { simd::store(b + m, scale * x); });
    b[own] = cost;
}

/// Takes t, with -infinity for the own class, and leaves the coefficients, of Weston and Watkins' machine.
MLQA_INLINE void box_coefficients(double* t, index_t width, index_t own, double a, double cost, double tau) {
    constexpr int most_steps = 100;
    const f64 cap = simd::broadcast(a * cost);
    double low = 0.0, high = __builtin_inf();
    for (int step = 0; step < most_steps; ++step) {
        f64 sum{}, count{};
        each_vector(t, width, [&](f64 x, index_t) {
            const f64 beyond = x - tau;
            const auto held = beyond >= cap, free = (beyond > 0.0) & ~held;
            sum += simd::select(free, x, simd::select(held, cap, f64{}));
            count += simd::select(free, f64{} + 1.0, f64{});
        });
        double next = simd::reduce_add(sum) / (1.0 + simd::reduce_add(count));
        if (next == tau) break;
        (next > tau ? low : high) = tau;
        if (!(next > low && next < high) && high < __builtin_inf()) next = 0.5 * (low + high);
        if (next == low || next == high) break;
        tau = next;
    }
    f64 total{};
    each_vector(t, width, [&](f64 x, index_t m) {
        const f64 beyond = x - tau;
        const f64 inside = simd::select(beyond > 0.0, -beyond / a, f64{});
        const f64 coefficient = simd::select(beyond >= cap, f64{} - cost, inside);
        simd::store(t + m, coefficient);
        total -= coefficient;
    });
    t[own] = simd::reduce_add(total);
}

}  // namespace
}  // namespace mlqa::svm
