#include "svm/pair_steps.kernel.hpp"

#include "core/simd.hpp"

namespace mlqa {
namespace {

using simd::f64;
using Places = simd::mask<double>;

constexpr int lanes = simd::lanes<double>;
constexpr int most_sets = 4;
constexpr double infinity = __builtin_inf();
constexpr double least_curvature = 1e-12;

/// Where a machine is.
struct Walk {
    index_t i, j;
    double slope;  ///< of i
    bool open;
};

/// work(run, place in the run, variable) for all vectors: the two runs side by side, for each waits for its
/// last comparison.
template <class Work>
MLQA_INLINE void for_each(const Variables<double>& s, Work&& work) {
    const index_t first = s.length[0], second = s.length[1];
    const index_t both = first < second ? first : second;
    for (index_t t = 0; t < both; t += lanes) {
        work(0, t, t);
        work(1, t, first + t);
    }
    for (index_t t = both; t < first; t += lanes) work(0, t, t);
    for (index_t t = both; t < second; t += lanes) work(1, t, first + t);
}

/// The row of variable i, over the columns of a run.
MLQA_INLINE const double* row_of(const PairSet& set, index_t i, int run) {
    const Variables<double>& s = set.variables;
    const index_t row = i < s.length[0] ? s.column[0] + i : s.column[1] - s.length[0] + i;
    return set.k + row * set.stride + s.column[run];
}

/// The place that the last lane which is set has in the vector that begins in `begin`.
MLQA_INLINE index_t last_place(std::uint32_t set, Places begin) {
    alignas(simd::bytes) std::int64_t at[lanes];
    simd::store<std::int64_t>(at, begin);
    const int lane = 31 - __builtin_clz(set | 1);
    return static_cast<index_t>(at[lane]) + lane;
}

/// The least slope of the variables that may grow.
struct Least {
    f64 value[2] = {simd::broadcast(infinity), simd::broadcast(infinity)};
    Places begin[2] = {};

    MLQA_INLINE void meet(int run, f64 slope, index_t t) {
        const auto better = slope <= value[run];
        value[run] = simd::select(better, slope, value[run]);
        begin[run] = simd::select(better, Places{} + t, begin[run]);
    }
    MLQA_INLINE void end(Walk& walk) const {
        const auto second = value[1] <= value[0];
        const f64 all = simd::select(second, value[1], value[0]);
        const Places at = simd::select(second, begin[1], begin[0]);
        walk.slope = simd::reduce_min(all);
        walk.open = walk.slope < infinity;
        if (walk.open) walk.i = last_place(simd::bits(all == simd::broadcast(walk.slope)), at);
    }
};

/// The largest gain b^2 / a of a partner, compared by products but among lanes; and the largest violation b.
struct Steepest {
    f64 numerator[2] = {}, largest[2] = {};
    f64 denominator[2] = {simd::broadcast(1.0), simd::broadcast(1.0)};
    Places begin[2] = {};

    MLQA_INLINE void meet(int run, f64 violation, f64 curvature, index_t t) {
        const f64 b = simd::max(violation, f64{});
        const f64 a = simd::max(curvature, simd::broadcast(least_curvature));
        const f64 square = b * b;
        const auto better = square * denominator[run] >= numerator[run] * a;
        largest[run] = simd::max(b, largest[run]);
        numerator[run] = simd::select(better, square, numerator[run]);
        denominator[run] = simd::select(better, a, denominator[run]);
        begin[run] = simd::select(better, Places{} + t, begin[run]);
    }
    MLQA_INLINE index_t best() const {
        const auto second = numerator[1] * denominator[0] >= numerator[0] * denominator[1];
        const f64 gain = simd::select(second, numerator[1] / denominator[1], numerator[0] / denominator[0]);
        const Places at = simd::select(second, begin[1], begin[0]);
        return last_place(simd::bits(gain == simd::broadcast(simd::reduce_max(gain))), at);
    }
};

MLQA_INLINE void begin(const PairSet& set, Walk& walk) {
    const Variables<double>& s = set.variables;
    Least least;
    for_each(s, [&](int run, index_t, index_t v) {
        least.meet(run, simd::load(s.f + v) + simd::load(s.up + v), v);
    });
    least.end(walk);
}

/// The partner of i; false if the machine is at its end.
MLQA_INLINE bool choose(const PairSet& set, double tolerance, Walk& walk, StepReport& report) {
    const Variables<double>& s = set.variables;
    const double* k[2] = {row_of(set, walk.i, 0), row_of(set, walk.i, 1)};
    const f64 slope = simd::broadcast(walk.slope), k_ii = simd::broadcast(s.diagonal[walk.i]);
    const f64 minus_two = simd::broadcast(-2.0);
    Steepest steepest;
    for_each(s, [&](int run, index_t t, index_t v) {
        const f64 curvature = simd::fma(minus_two, simd::load(k[run] + t), k_ii + simd::load(s.diagonal + v));
        steepest.meet(run, simd::load(s.f + v) + simd::load(s.low + v) - slope, curvature, v);
    });
    const f64 largest = simd::max(steepest.largest[0], steepest.largest[1]);
    if (simd::bits(largest >= simd::broadcast(tolerance)) == 0 || report.steps == set.most) {
        report.violation = simd::reduce_max(largest);
        report.finished = report.violation < tolerance;
        return false;
    }
    walk.j = steepest.best();
    return true;
}

MLQA_INLINE void mark(const Variables<double>& s, index_t t, double beta) {
    s.beta[t] = beta;
    s.up[t] = beta < s.upper[t] ? 0.0 : infinity;
    s.low[t] = beta > s.lower[t] ? 0.0 : -infinity;
}

/// Moves beta_i up and beta_j down as far as they gain, F with them, and finds the next i.
MLQA_INLINE void move(const PairSet& set, Walk& walk) {
    const Variables<double>& s = set.variables;
    const index_t i = walk.i, j = walk.j;
    const double* k_i[2] = {row_of(set, i, 0), row_of(set, i, 1)};
    const double* k_j[2] = {row_of(set, j, 0), row_of(set, j, 1)};
    const double k_ij = j < s.length[0] ? k_i[0][j] : k_i[1][j - s.length[0]];
    double curvature = s.diagonal[i] + s.diagonal[j] - 2.0 * k_ij;
    curvature = curvature > least_curvature ? curvature : least_curvature;
    const double ceiling = s.upper[i], floor = s.lower[j];
    const double room_i = ceiling - s.beta[i], room_j = s.beta[j] - floor;
    double delta = (s.f[j] - walk.slope) / curvature;
    delta = room_i < delta ? room_i : delta;
    delta = room_j < delta ? room_j : delta;
    // Rounding must not carry a coefficient past its bound, nor leave it off one that it was to meet.
    const double up_i = s.beta[i] + delta, down_j = s.beta[j] - delta;
    mark(s, i, delta >= room_i || up_i > ceiling ? ceiling : up_i);
    mark(s, j, delta >= room_j || down_j < floor ? floor : down_j);
    const f64 by = simd::broadcast(delta);
    Least least;
    for_each(s, [&](int run, index_t t, index_t v) {
        const f64 f = simd::fma(by, simd::load(k_i[run] + t) - simd::load(k_j[run] + t), simd::load(s.f + v));
        simd::store(s.f + v, f);
        least.meet(run, f + simd::load(s.up + v), v);
    });
    least.end(walk);
}

void solve(const PairSet* sets, int count, double tolerance, StepReport* reports) {
    Walk walks[most_sets];
    int open[most_sets], left = 0;
    for (int m = 0; m < count; ++m) {
        reports[m] = {0, 0.0, 0.0, 0.0, -1, true};
        begin(sets[m], walks[m]);
        if (walks[m].open) open[left++] = m;
    }
    while (left > 0) {
        int going = 0;
        for (int n = 0; n < left; ++n) {
            const int m = open[n];
            if (choose(sets[m], tolerance, walks[m], reports[m])) open[going++] = m;
        }
        left = 0;
        for (int n = 0; n < going; ++n) {
            const int m = open[n];
            move(sets[m], walks[m]);
            ++reports[m].steps;
            if (walks[m].open) open[left++] = m;
        }
    }
}

}  // namespace

const PairStepsKernels MLQA_KERNELS(pair_steps) = {most_sets, solve};

}  // namespace mlqa
