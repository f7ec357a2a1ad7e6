#include "svm/working_set.kernel.hpp"

#include "core/simd.hpp"

namespace mlqa {
namespace {

using simd::f64;
using simd::mask;
using simd::vec;

template <class T>
constexpr int lanes = simd::lanes<T>;
/// Searches run side by side, for each waits for its last comparison.
constexpr int ways = 4;
constexpr double infinity = __builtin_inf();
constexpr double least_curvature = 1e-12;

template <class T>
using Integer = typename simd::Types<T>::integer;

/// Where `chosen`, the larger of `last` and the place that a lane has in the vector from `begin` on.
template <class T>
MLQA_INLINE mask<T> later(mask<T> last, mask<T> chosen, mask<T> begin) {
    mask<T> place = begin;
    for (int i = 0; i < lanes<T>; ++i) place[i] += i;
    return simd::select(chosen & (place > last), place, last);
}
template <class T>
MLQA_INLINE index_t reduce_last(mask<T> last) {
    return simd::reduce<Integer<T>>(last, [](Integer<T> a, Integer<T> b) { return a > b ? a : b; });
}
template <class T>
MLQA_INLINE mask<T> place_of(index_t t) {
    return mask<T>{} + static_cast<Integer<T>>(t);
}

/// The up point with the least F; the last of several.
template <class T>
struct Least {
    vec<T> value[ways];
    mask<T> begin[ways];  ///< of the vector it is in

    MLQA_INLINE Least() {
        for (int w = 0; w < ways; ++w) {
            value[w] = simd::broadcast<T>(static_cast<T>(infinity));
            begin[w] = mask<T>{} - 1;
        }
    }
    MLQA_INLINE void meet(int w, vec<T> v, mask<T> at) {
        const mask<T> better = v <= value[w];
        value[w] = simd::select(better, v, value[w]);
        begin[w] = simd::select(better, at, begin[w]);
    }
    MLQA_INLINE index_t best(double& least) const {
        vec<T> all = value[0];
        for (int w = 1; w < ways; ++w) all = simd::min(all, value[w]);
        const T smallest = simd::reduce_min(all);
        least = smallest;
        if (!(least < infinity)) return -1;
        mask<T> last = mask<T>{} - 1;
        for (int w = 0; w < ways; ++w) last = later<T>(last, value[w] == smallest, begin[w]);
        return reduce_last<T>(last);
    }
};

/// The low point whose step gains most, b^2 / a: within a lane compared by products, among lanes by rounded
/// quotients; the last of several.
template <class T>
struct Steepest {
    vec<T> numerator[ways];
    vec<T> denominator[ways];
    mask<T> begin[ways];  ///< of the vector it is in, or -1
    vec<T> largest[ways];

    MLQA_INLINE Steepest() {
        for (int w = 0; w < ways; ++w) {
            numerator[w] = vec<T>{};
            denominator[w] = simd::broadcast(T(1));
            begin[w] = mask<T>{} - 1;
            largest[w] = simd::broadcast<T>(static_cast<T>(-infinity));
        }
    }
    MLQA_INLINE void meet(int w, vec<T> f, vec<T> penalty, vec<T> f_i, vec<T> curvature, mask<T> at) {
        const vec<T> reach = f + penalty;
        largest[w] = simd::max(reach, largest[w]);
        const vec<T> b = reach - f_i;
        const vec<T> a = simd::max(curvature, simd::broadcast(static_cast<T>(least_curvature)));
        const vec<T> square = b * b;
        const mask<T> better = (b > vec<T>{}) & (square * denominator[w] >= numerator[w] * a);
        numerator[w] = simd::select(better, square, numerator[w]);
        denominator[w] = simd::select(better, a, denominator[w]);
        begin[w] = simd::select(better, at, begin[w]);
    }
    MLQA_INLINE double reach() const {
        vec<T> all = largest[0];
        for (int w = 1; w < ways; ++w) all = simd::max(all, largest[w]);
        return simd::reduce_max(all);
    }
    MLQA_INLINE index_t best(double& gain) const {
        vec<T> quotient[ways], all{};
        for (int w = 0; w < ways; ++w) {
            quotient[w] = numerator[w] / denominator[w];
            all = simd::max(all, quotient[w]);
        }
        const T most = simd::reduce_max(all);
        gain = most;
        mask<T> last = mask<T>{} - 1;
        for (int w = 0; w < ways; ++w)
            last = later<T>(last, (quotient[w] == most) & (begin[w] >= 0), begin[w]);
        return reduce_last<T>(last);
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

template <class T>
MLQA_INLINE Risers first_up(const Variables<T>& s) {
    Risers risers;
    Least<T> least;
    index_t t = 0;
    for (int run = 0; run < 2; ++run) {
        for (const index_t end = t + s.length[run]; t < end; t += ways * lanes<T>)
#pragma GCC unroll 4
            for (int w = 0; w < ways; ++w) {
                const index_t v = t + w * lanes<T>;
                least.meet(w, simd::load(s.f + v) + simd::load(s.up + v), place_of<T>(v));
            }
        if (run == 0 && !s.grouped) continue;
        const int group = s.grouped ? run : 0;
        risers.point[group] = least.best(risers.slope[group]);
        least = Least<T>{};
    }
    return risers;
}

/// The row of variable i, so that entry t belongs to variable t of the run.
template <class T>
MLQA_INLINE const T* row_of(const WorkingSet<T>& set, index_t i, int run, index_t begin) {
    return set.rows[i] + set.variables.column[run] - begin;
}

/// The pair with the largest gain, over the groups.
template <class T>
MLQA_INLINE Pair select(const WorkingSet<T>& set, const Risers& risers) {
    const Variables<T>& s = set.variables;
    Pair pair;
    double best_gain = -1.0;
    const vec<T> minus_two = simd::broadcast(T(-2));
    for (int group = 0; group < (s.grouped ? 2 : 1); ++group) {
        const index_t i = risers.point[group];
        if (i < 0) continue;
        Steepest<T> steepest;
        const vec<T> f = simd::broadcast(static_cast<T>(risers.slope[group]));
        const vec<T> k_ii = simd::broadcast(s.diagonal[i]);
        index_t t = group == 0 ? 0 : s.length[0];
        for (int run = group; run < (s.grouped ? group + 1 : 2); ++run) {
            const T* k = row_of(set, i, run, t);
            for (const index_t end = t + s.length[run]; t < end; t += ways * lanes<T>)
#pragma GCC unroll 4
                for (int w = 0; w < ways; ++w) {
                    const index_t v = t + w * lanes<T>;
                    const vec<T> curvature =
                        simd::fma(minus_two, simd::load(k + v), k_ii + simd::load(s.diagonal + v));
                    steepest.meet(w, simd::load(s.f + v), simd::load(s.low + v), f, curvature,
                                  place_of<T>(v));
                }
        }
        const double violation = steepest.reach() - risers.slope[group];
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
template <class T>
MLQA_INLINE Risers move(const WorkingSet<T>& set, index_t i, index_t j, double delta) {
    const Variables<T>& s = set.variables;
    Risers risers;
    Least<T> least;
    const vec<T> by = simd::broadcast(static_cast<T>(delta));
    index_t t = 0;
    for (int run = 0; run < 2; ++run) {
        const T* ki = row_of(set, i, run, t);
        const T* kj = row_of(set, j, run, t);
        for (const index_t end = t + s.length[run]; t < end; t += ways * lanes<T>)
#pragma GCC unroll 4
            for (int w = 0; w < ways; ++w) {
                const index_t v = t + w * lanes<T>;
                const vec<T> f = simd::fma(by, simd::load(ki + v) - simd::load(kj + v), simd::load(s.f + v));
                simd::store(s.f + v, f);
                least.meet(w, f + simd::load(s.up + v), place_of<T>(v));
            }
        if (run == 0 && !s.grouped) continue;
        const int group = s.grouped ? run : 0;
        risers.point[group] = least.best(risers.slope[group]);
        least = Least<T>{};
    }
    return risers;
}

template <class T>
MLQA_INLINE void mark(const Variables<T>& s, index_t t) {
    const double beta = s.beta[t];
    s.up[t] = static_cast<T>(beta < s.upper[t] ? (beta < 0 ? -s.epsilon : s.epsilon) : infinity);
    s.low[t] = static_cast<T>(beta > s.lower[t] ? (beta > 0 ? s.epsilon : -s.epsilon) : -infinity);
}

template <class T>
MLQA_INLINE index_t column_of(const Variables<T>& s, index_t t) {
    return t < s.length[0] ? s.column[0] + t : s.column[1] + t - s.length[0];
}

/// Moves beta_i up and beta_j down as far as they gain; returns by how much.
template <class T>
MLQA_INLINE double step(const WorkingSet<T>& set, index_t i, index_t j, double slope_i) {
    const Variables<T>& s = set.variables;
    const double k_ij = set.rows[i][column_of(s, j)];
    double curvature = static_cast<double>(s.diagonal[i]) + s.diagonal[j] - 2.0 * k_ij;
    if (!(curvature > least_curvature)) curvature = least_curvature;
    const double ceiling = s.beta[i] < 0 ? 0.0 : s.upper[i], floor = s.beta[j] > 0 ? 0.0 : s.lower[j];
    const double room_i = ceiling - s.beta[i], room_j = s.beta[j] - floor;
    double delta = (static_cast<double>(s.f[j] + s.low[j]) - slope_i) / curvature;
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

/// A riser without its row, or -1.
template <class T>
MLQA_INLINE index_t missing_row(const WorkingSet<T>& set, const Risers& risers) {
    for (const index_t i : risers.point)
        if (i >= 0 && set.rows[i] == nullptr) return i;
    return -1;
}

template <class T>
void solve(const WorkingSet<T>* given, double tolerance, double share, index_t most, StepReport* report) {
    const WorkingSet<T>& set = *given;
    Risers risers = first_up(set.variables);
    *report = {0, 0.0, 0.0, 0.0, -1, true};
    for (; risers.point[0] >= 0 || risers.point[1] >= 0; ++report->steps) {
        report->missing = missing_row(set, risers);
        if (report->missing >= 0) break;
        const Pair pair = select(set, risers);
        report->violation = pair.violation;
        if (report->steps == 0) {
            report->first_violation = report->violation;
            if (share * report->violation > tolerance) tolerance = share * report->violation;
        }
        if (pair.j < 0 || report->violation < tolerance) return;
        if (set.rows[pair.j] == nullptr) report->missing = pair.j;
        if (report->steps == most || report->missing >= 0) break;
        const double delta = step(set, pair.i, pair.j, pair.slope_i);
        report->moved += delta;
        risers = move(set, pair.i, pair.j, delta);
    }
    report->finished = risers.point[0] < 0 && risers.point[1] < 0;
}

void violation(const double* f, const double* up, const double* low, index_t n, double* least,
               double* largest) {
    f64 a = simd::broadcast(infinity), b = simd::broadcast(-infinity);
    for (index_t t = 0; t < n; t += lanes<double>) {
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
    for (index_t t = first; t < last; t += lanes<double>) {
        const std::uint32_t found = simd::bits(by * (simd::load(f + t) + simd::load(penalty + t)) < most);
        if (found == 0) continue;
        // Without a branch for each: which of them are found is not to be foreseen.
#pragma GCC unroll 8
        for (int i = 0; i < lanes<double>; ++i) {
            out[n] = t + i;
            n += (found >> i) & 1U;
        }
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
        for (index_t t = first; t < last; t += lanes<double>) {
            f64 v = simd::fma(w0, simd::load(rows[r] + t), simd::load(f + t));
            v = simd::fma(w1, simd::load(rows[r + 1] + t), v);
            v = simd::fma(w2, simd::load(rows[r + 2] + t), v);
            simd::store(f + t, simd::fma(w3, simd::load(rows[r + 3] + t), v));
        }
    }
    for (; r < m; ++r) {
        const f64 w = simd::broadcast(weight[r]);
        for (index_t t = first; t < last; t += lanes<double>)
            simd::store(f + t, simd::fma(w, simd::load(rows[r] + t), simd::load(f + t)));
    }
}

}  // namespace

const WorkingSetKernels MLQA_KERNELS(working_set) = {
    lanes<double>, solve<double>, solve<float>, violation, violators, accumulate,
};

}  // namespace mlqa
