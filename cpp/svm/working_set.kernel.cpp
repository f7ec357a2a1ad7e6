#include "svm/working_set.kernel.hpp"

#include "core/simd.hpp"

namespace mlqa {
namespace {

using simd::f64;
using simd::i64;

constexpr int lanes = simd::lanes<double>;
constexpr double infinity = __builtin_inf();
constexpr double least_curvature = 1e-12;

MLQA_INLINE i64 iota() {
    i64 v;
    for (int i = 0; i < lanes; ++i) v[i] = i;
    return v;
}

/// The up point with the least F; the last of several.
struct Least {
    f64 value = simd::broadcast(infinity);
    i64 index = i64{} - 1;

    MLQA_INLINE void meet(f64 v, i64 at) {
        const i64 better = v <= value;
        value = simd::select(better, v, value);
        index = simd::select(better, at, index);
    }
    MLQA_INLINE index_t best(double& least) const {
        index_t found = -1;
        least = infinity;
        for (int i = 0; i < lanes; ++i)
            if (value[i] < least || (value[i] == least && index[i] > found)) {
                least = value[i];
                found = index[i];
            }
        return least < infinity ? found : -1;
    }
};

/// The low point whose step gains most: b^2 / a, compared by products; the last of several.
struct Steepest {
    f64 numerator{};
    f64 denominator = simd::broadcast(1.0);
    f64 largest = simd::broadcast(-infinity);
    i64 index = i64{} - 1;

    MLQA_INLINE void meet(f64 f, f64 penalty, f64 f_i, f64 curvature, i64 at) {
        const f64 reach = f + penalty;
        largest = reach > largest ? reach : largest;
        const f64 b = reach - f_i;
        const f64 a = simd::max(curvature, simd::broadcast(least_curvature));
        const f64 square = b * b;
        const i64 better = (b > f64{}) & (square * denominator >= numerator * a);
        numerator = simd::select(better, square, numerator);
        denominator = simd::select(better, a, denominator);
        index = simd::select(better, at, index);
    }
    MLQA_INLINE index_t best(double& gain) const {
        index_t found = -1;
        double n = 0, d = 1;
        for (int i = 0; i < lanes; ++i) {
            if (index[i] < 0) continue;
            const double here = numerator[i] * d, there = n * denominator[i];
            if (here > there || (here == there && index[i] > found)) {
                n = numerator[i];
                d = denominator[i];
                found = index[i];
            }
        }
        gain = n / d;
        return found;
    }
};

/// The point of each group whose beta grows at the least slope.
struct Risers {
    index_t point[2] = {-1, -1};
    double slope[2] = {infinity, infinity};
};

struct Pair {
    index_t i = -1, j = -1;
    double slope_i = 0.0;
    double violation = -infinity;  ///< the largest of the groups
};

MLQA_INLINE Risers first_up(const WorkingSet& s) {
    Risers risers;
    Least least;
    const i64 offset = iota();
    index_t t = 0;
    for (int run = 0; run < 2; ++run) {
        for (const index_t end = t + s.length[run]; t < end; t += lanes)
            least.meet(simd::load(s.f + t) + simd::load(s.up + t), offset + static_cast<std::int64_t>(t));
        if (run == 0 && !s.grouped) continue;
        const int group = s.grouped ? run : 0;
        risers.point[group] = least.best(risers.slope[group]);
        least = Least{};
    }
    return risers;
}

/// The pair with the largest gain, over the groups.
MLQA_INLINE Pair select(const WorkingSet& s, const Risers& risers) {
    Pair pair;
    double best_gain = -1.0;
    const f64 two = simd::broadcast(-2.0);
    const i64 offset = iota();
    for (int group = 0; group < (s.grouped ? 2 : 1); ++group) {
        const index_t i = risers.point[group];
        if (i < 0) continue;
        Steepest steepest;
        const f64 f = simd::broadcast(risers.slope[group]), k_ii = simd::broadcast(s.diagonal[i]);
        index_t t = group == 0 ? 0 : s.length[0];
        for (int run = group; run < (s.grouped ? group + 1 : 2); ++run) {
            const double* k = s.k + s.row[i] * s.ldk + s.column[run] - t;
            for (const index_t end = t + s.length[run]; t < end; t += lanes) {
                const f64 curvature = simd::fma(two, simd::load(k + t), k_ii + simd::load(s.diagonal + t));
                steepest.meet(simd::load(s.f + t), simd::load(s.low + t), f, curvature,
                              offset + static_cast<std::int64_t>(t));
            }
        }
        const double violation = simd::reduce_max(steepest.largest) - risers.slope[group];
        if (violation > pair.violation || violation != violation) pair.violation = violation;
        double gain;
        const index_t j = steepest.best(gain);
        if (j >= 0 && gain > best_gain) {
            best_gain = gain;
            pair.i = i;
            pair.j = j;
            pair.slope_i = risers.slope[group];
        }
    }
    return pair;
}

/// F += delta (K_i - K_j), and the next risers on the way.
MLQA_INLINE Risers move(const WorkingSet& s, index_t i, index_t j, double delta) {
    Risers risers;
    Least least;
    const f64 by = simd::broadcast(delta);
    const i64 offset = iota();
    index_t t = 0;
    for (int run = 0; run < 2; ++run) {
        const double* ki = s.k + s.row[i] * s.ldk + s.column[run] - t;
        const double* kj = s.k + s.row[j] * s.ldk + s.column[run] - t;
        for (const index_t end = t + s.length[run]; t < end; t += lanes) {
            const f64 f = simd::fma(by, simd::load(ki + t) - simd::load(kj + t), simd::load(s.f + t));
            simd::store(s.f + t, f);
            least.meet(f + simd::load(s.up + t), offset + static_cast<std::int64_t>(t));
        }
        if (run == 0 && !s.grouped) continue;
        const int group = s.grouped ? run : 0;
        risers.point[group] = least.best(risers.slope[group]);
        least = Least{};
    }
    return risers;
}

MLQA_INLINE void mark(const WorkingSet& s, index_t t) {
    const double beta = s.beta[t];
    s.up[t] = beta < s.upper[t] ? (beta < 0 ? -s.epsilon : s.epsilon) : infinity;
    s.low[t] = beta > s.lower[t] ? (beta > 0 ? s.epsilon : -s.epsilon) : -infinity;
}

MLQA_INLINE index_t column_of(const WorkingSet& s, index_t t) {
    return t < s.length[0] ? s.column[0] + t : s.column[1] + t - s.length[0];
}

/// Moves beta_i up and beta_j down as far as they gain; returns by how much.
MLQA_INLINE double step(const WorkingSet& s, index_t i, index_t j, double slope_i) {
    const double k_ij = s.k[s.row[i] * s.ldk + column_of(s, j)];
    double curvature = s.diagonal[i] + s.diagonal[j] - 2.0 * k_ij;
    if (!(curvature > least_curvature)) curvature = least_curvature;
    const double ceiling = s.beta[i] < 0 ? 0.0 : s.upper[i], floor = s.beta[j] > 0 ? 0.0 : s.lower[j];
    const double room_i = ceiling - s.beta[i], room_j = s.beta[j] - floor;
    double delta = (s.f[j] + s.low[j] - slope_i) / curvature;
    const bool fills_i = delta >= room_i && room_i <= room_j;
    const bool empties_j = delta >= room_j && room_j <= room_i;
    if (fills_i) delta = room_i;
    if (empties_j) delta = room_j;
    // Rounding must not carry a coefficient past its bound.
    const double up_i = s.beta[i] + delta, down_j = s.beta[j] - delta;
    s.beta[i] = fills_i || up_i > ceiling ? ceiling : up_i;
    s.beta[j] = empties_j || down_j < floor ? floor : down_j;
    mark(s, i);
    mark(s, j);
    return delta;
}

void solve(const WorkingSet* set, double tolerance, double share, index_t most, StepReport* report) {
    const WorkingSet& s = *set;
    Risers risers = first_up(s);
    *report = {0, 0.0, 0.0, true};
    for (; risers.point[0] >= 0 || risers.point[1] >= 0; ++report->steps) {
        const Pair pair = select(s, risers);
        report->violation = pair.violation;
        if (report->steps == 0) {
            report->first_violation = report->violation;
            if (share * report->violation > tolerance) tolerance = share * report->violation;
        }
        if (pair.j < 0 || report->violation < tolerance) return;
        if (report->steps == most) {
            report->finished = false;
            return;
        }
        risers = move(s, pair.i, pair.j, step(s, pair.i, pair.j, pair.slope_i));
    }
}

void violation(const double* f, const double* up, const double* low, index_t n, double* least,
               double* largest) {
    f64 a = simd::broadcast(infinity), b = simd::broadcast(-infinity);
    for (index_t t = 0; t < n; t += lanes) {
        const f64 v = simd::load(f + t);
        const f64 u = v + simd::load(up + t), l = v + simd::load(low + t);
        a = u < a ? u : a;
        b = l > b ? l : b;
    }
    *least = simd::reduce_min(a);
    *largest = simd::reduce_max(b);
}

index_t violators(const double* f, const double* penalty, double sign, index_t first, index_t last,
                  double threshold, index_t* out) {
    const f64 by = simd::broadcast(sign), most = simd::broadcast(threshold);
    index_t n = 0;
    for (index_t t = first; t < last; t += lanes) {
        std::uint32_t found = simd::bits(by * (simd::load(f + t) + simd::load(penalty + t)) < most);
        for (; found != 0; found &= found - 1) out[n++] = t + __builtin_ctz(found);
    }
    return n;
}

/// Four rows a pass: a quarter of the loads and stores of f, in the same order of summation.
void accumulate(const double* const* rows, const double* weight, index_t m, index_t first, index_t last,
                double* f) {
    index_t r = 0;
    for (; r + 4 <= m; r += 4) {
        const f64 w0 = simd::broadcast(weight[r]), w1 = simd::broadcast(weight[r + 1]);
        const f64 w2 = simd::broadcast(weight[r + 2]), w3 = simd::broadcast(weight[r + 3]);
        for (index_t t = first; t < last; t += lanes) {
            f64 v = simd::fma(w0, simd::load(rows[r] + t), simd::load(f + t));
            v = simd::fma(w1, simd::load(rows[r + 1] + t), v);
            v = simd::fma(w2, simd::load(rows[r + 2] + t), v);
            simd::store(f + t, simd::fma(w3, simd::load(rows[r + 3] + t), v));
        }
    }
    for (; r < m; ++r) {
        const f64 w = simd::broadcast(weight[r]);
        for (index_t t = first; t < last; t += lanes)
            simd::store(f + t, simd::fma(w, simd::load(rows[r] + t), simd::load(f + t)));
    }
}

}  // namespace

const WorkingSetKernels MLQA_KERNELS(working_set) = {lanes, solve, violation, violators, accumulate};

}  // namespace mlqa
