#include "pairwise/kmeans.kernel.hpp"

#include "pairwise/distance.hpp"
#include "pairwise/tiles.hpp"

namespace mlqa {
namespace {

using pairwise::round_up;
using pairwise::squared_distance;
using simd::f32;
using simd::i32;

constexpr int w = simd::lanes<float>;
constexpr int panel = 2 * w;
constexpr int rows_at_once = pairwise::tile_rows;
constexpr float float_infinity = __builtin_inff();
constexpr float least_upper = 0x1p-60f;  ///< far above what underflows in D

// Bounds in float32. A sum or product of two floats is wrong by a factor of at most 1 + 2^-24, a root as
// well; each function leaves room for all of its roundings. Doubles are widened before they become floats:
// the branch of an exact rounding upwards, which no processor predicts, took a third of `begin`.

/// At most the distance of a pair with screened value g: sqrt(2 (g + low_i)).
MLQA_INLINE float distance_below(float g, float low) {
    const float half = g + low;
    return half > 0 ? __builtin_sqrtf(2 * half) * (1 - 0x1p-21f) : 0.0f;
}

/// At least the distance of a pair: g + r_j + H_i + B_i is at least half its square.
MLQA_INLINE float distance_above(float g, float slack_j, float low, float slack) {
    const double half = (static_cast<double>(g) + static_cast<double>(slack_j)) +
                        (static_cast<double>(low) + static_cast<double>(slack));
    const float distance = static_cast<float>(__builtin_sqrt(2 * (half > 0 ? half : 0.0) * (1 + 0x1p-21)));
    return distance > least_upper ? distance : least_upper;
}

/// R_i from a pair: its upper bound plus r_i, which is at least 2 B_i.
MLQA_INLINE float limit_from(float g, float slack_j, float slack) {
    const double limit = (static_cast<double>(g) + static_cast<double>(slack_j)) + static_cast<double>(slack);
    return static_cast<float>(limit + __builtin_fabs(limit) * 0x1p-22 + 0x1p-120);
}

/// A lower bound after the centres have moved by at most `drift`.
template <class V>
MLQA_INLINE V lowered(V bound, V drift) {
    return bound * (1 - 0x1p-22f) - drift;
}
MLQA_INLINE float raised(float bound, float drift) {
    return (bound + drift) * (1 + 0x1p-22f);
}

template <class S>
void moments(const KnnRows<S>& rows, const double* centre, double* sum, double* square, double* largest) {
    double squares[8] = {}, most[8] = {};
    for (index_t i = 0; i < rows.rows; ++i) {
        const S* x = rows.row(i);
        index_t j = 0;
        for (; j + 8 <= rows.d; j += 8) {
            for (int l = 0; l < 8; ++l) {
                const double difference = static_cast<double>(x[j + l]) - centre[j + l];
                const double size = __builtin_fabs(difference);
                sum[j + l] += difference;
                squares[l] += difference * difference;
                most[l] = size > most[l] ? size : most[l];
            }
        }
        for (int l = 0; j < rows.d; ++j, ++l) {
            const double difference = static_cast<double>(x[j]) - centre[j];
            const double size = __builtin_fabs(difference);
            sum[j] += difference;
            squares[l] += difference * difference;
            most[l] = size > most[l] ? size : most[l];
        }
    }
    for (int l = 0; l < 8; ++l) {
        *square += squares[l];
        *largest = most[l] > *largest ? most[l] : *largest;
    }
}

/// The product of two runs of d floats; its order is that of the lanes.
MLQA_INLINE float dot(const float* x, const float* y, index_t d) {
    f32 sum = {};
    index_t j = 0;
    for (; j + w <= d; j += w) sum = simd::fma(simd::load(x + j), simd::load(y + j), sum);
    if (j < d) {
        const int left = static_cast<int>(d - j);
        sum = simd::fma(simd::load_partial(x + j, left), simd::load_partial(y + j, left), sum);
    }
    return simd::reduce_add(sum);
}

/// The value of a row's own centre, and the bounds that follow.
template <class S>
void refresh(KmeansBlock<S>& b, const KmeansCentres<S>& c, index_t i) {
    const index_t d = b.rows.d;
    const std::int32_t a = b.label[i];
    const float g = c.low[a] - dot(b.packed + i * d, c.rows + a * d, d);
    const float above = distance_above(g, c.slack[a], b.low[i], b.slack[i]);
    b.own[i] = g;
    b.limit[i] = limit_from(g, c.slack[a], b.slack[i]);
    b.upper[i] = above < b.upper[i] ? above : b.upper[i];
    b.rivals[i] = 0;
}

template <class S>
void begin(KmeansBlock<S>& b, const KmeansCentres<S>& c) {
    const index_t n = b.rows.rows;
    b.active_rows = 0;
    b.moves = 0;
    float* passed = b.own;  // the largest excess over a bound
    for (index_t i = 0; i < n; ++i) {
        b.upper[i] = raised(b.upper[i], c.drift[b.label[i]]);
        passed[i] = -1;
    }
    for (index_t g = 0; g < c.groups; ++g) {
        float* nearest = b.nearest + g * n;
        const float drift = c.group_drift[g];
        for (index_t i = 0; i < n; ++i) {
            const float bound = lowered(nearest[i], drift);
            nearest[i] = bound;
            passed[i] = bound <= b.upper[i] ? 1.0f : passed[i];
        }
    }
    for (index_t i = 0; i < n; ++i)
        if (passed[i] > 0) b.active[b.active_rows++] = static_cast<std::int32_t>(i);
    for (index_t k = 0; k < b.active_rows; ++k) refresh(b, c, b.active[k]);
}

/// Products of R rows with a panel, the rows wherever they lie.
template <int R>
MLQA_INLINE void multiply_rows(const float* const (&row)[R], const float* b, index_t d, f32 (&out)[R][2]) {
    f32 acc[R][2];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = f32{};
    for (index_t k = 0; k < d; ++k) {
        const f32 b0 = simd::load(b + k * panel), b1 = simd::load(b + k * panel + w);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const f32 x = simd::broadcast(row[r][k]);
            acc[r][0] = simd::fma(x, b0, acc[r][0]);
            acc[r][1] = simd::fma(x, b1, acc[r][1]);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
        out[r][0] = acc[r][0];
        out[r][1] = acc[r][1];
    }
}

MLQA_INLINE i32 lane_numbers() {
    i32 v;
    for (int l = 0; l < w; ++l) v[l] = l;
    return v;
}

/// Screened values of R rows for the panel at a place, the rows' own centres left out.
template <int R, class S>
MLQA_INLINE void screened(const KmeansBlock<S>& b, const KmeansCentres<S>& c, const std::int32_t (&at)[R],
                          index_t place, f32 (&g)[R][2]) {
    const index_t d = b.rows.d;
    const float* row[R];
    for (int r = 0; r < R; ++r) row[r] = b.packed + at[r] * d;
    multiply_rows<R>(row, c.panels + place * d, d, g);
    const f32 low0 = simd::load(c.panel_low + place), low1 = simd::load(c.panel_low + place + w);
    const i32 lane = lane_numbers();
    const f32 infinite = simd::broadcast(float_infinity);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
        const std::int32_t own = c.place[b.label[at[r]]] - static_cast<std::int32_t>(place);
        g[r][0] = simd::select(lane == own, infinite, low0 - g[r][0]);
        g[r][1] = simd::select(lane + w == own, infinite, low1 - g[r][1]);
    }
}

/// A group against R rows: the bound of each, and whether it has rivals there.
template <int R, class S>
MLQA_INLINE void evaluate_rows(KmeansBlock<S>& b, const KmeansCentres<S>& c, index_t group,
                               const std::int32_t (&at)[R], int valid) {
    const index_t first = group * c.group, end = first + c.group;
    const index_t last = end < c.places ? end : c.places;
    f32 least[R];
    for (int r = 0; r < R; ++r) least[r] = simd::broadcast(float_infinity);
    for (index_t place = first; place < last; place += panel) {
        f32 g[R][2];
        screened<R>(b, c, at, place, g);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) least[r] = simd::min(least[r], simd::min(g[r][0], g[r][1]));
    }
    float* nearest = b.nearest + group * b.rows.rows;
    for (int r = 0; r < valid; ++r) {
        const std::int32_t i = at[r];
        const float smallest = simd::reduce_min(least[r]);
        nearest[i] = distance_below(smallest, b.low[i]);
        if (smallest > b.limit[i]) continue;
        b.rivals[i] = 1;
        const float limit = limit_from(smallest, c.group_slack[group], b.slack[i]);
        if (limit < b.limit[i]) b.limit[i] = limit;
    }
}

template <class S>
void evaluate(KmeansBlock<S>& b, const KmeansCentres<S>& c, index_t group) {
    const float* nearest = b.nearest + group * b.rows.rows;
    index_t n = 0;
    for (index_t k = 0; k < b.active_rows; ++k) {
        const std::int32_t i = b.active[k];
        b.queue[n] = i;
        n += nearest[i] <= b.upper[i];
    }
    for (index_t k = 0; k < n; k += rows_at_once) {
        std::int32_t at[rows_at_once];
        const index_t left = n - k;
        const int valid = left < rows_at_once ? static_cast<int>(left) : rows_at_once;
        for (int r = 0; r < rows_at_once; ++r) at[r] = b.queue[k + (r < valid ? r : 0)];
        evaluate_rows<rows_at_once>(b, c, group, at, valid);
    }
}

/// The centres that may be nearest to a row, its own among them if it is.
template <class S>
struct Rivals {
    KmeansBlock<S>& b;
    const KmeansCentres<S>& c;
    index_t i;
    index_t n = 0;

    void add(std::int32_t label, float g) {
        b.rival[n] = label;
        b.rival_value[n++] = g;
        const float limit = limit_from(g, c.slack[label], b.slack[i]);
        if (limit < b.limit[i]) b.limit[i] = limit;
    }

    void scan(index_t place) {
        const std::int32_t at[1] = {static_cast<std::int32_t>(i)};
        f32 g[1][2];
        screened<1>(b, c, at, place, g);
        const f32 limit = simd::broadcast(b.limit[i]);
        std::uint64_t passed =
            simd::bits(g[0][0] <= limit) | static_cast<std::uint64_t>(simd::bits(g[0][1] <= limit)) << w;
        float value[panel];
        simd::store(value, g[0][0]);
        simd::store(value + w, g[0][1]);
        for (; passed != 0; passed &= passed - 1) {
            const int lane = __builtin_ctzll(passed);
            add(c.order[place + lane], value[lane]);
        }
    }

    void collect() {
        if (b.own[i] <= b.limit[i]) add(b.label[i], b.own[i]);
        for (index_t g = 0; g < c.groups; ++g) {
            // The same function of a larger argument: no group with a value up to the limit is left out.
            if (b.nearest[g * b.rows.rows + i] > distance_below(b.limit[i], b.low[i])) continue;
            const index_t first = g * c.group, end = first + c.group;
            for (index_t place = first; place < end && place < c.places; place += panel) scan(place);
        }
        index_t left = 0;
        for (index_t k = 0; k < n; ++k) {
            if (b.rival_value[k] > b.limit[i]) continue;
            b.rival[left] = b.rival[k];
            b.rival_value[left++] = b.rival_value[k];
        }
        n = left;
    }

    /// The nearest by D, of equal ones the lower label; `upper` becomes its distance.
    std::int32_t decide() {
        if (n == 1) {
            const std::int32_t only = b.rival[0];
            b.upper[i] = distance_above(b.rival_value[0], c.slack[only], b.low[i], b.slack[i]);
            return only;
        }
        double least = 0;
        std::int32_t best = -1;
        for (index_t k = 0; k < n; ++k) {
            const std::int32_t j = b.rival[k];
            const double distance = squared_distance(b.rows.row(i), c.exact.row(j), b.rows.d);
            if (best >= 0 && !(distance < least || (distance == least && j < best))) continue;
            least = distance;
            best = j;
        }
        const float above = round_up(__builtin_sqrt(least) * b.unit * (1 + 0x1p-30));
        b.upper[i] = above > least_upper ? above : least_upper;
        return best;
    }
};

template <class S>
void resolve(KmeansBlock<S>& b, const KmeansCentres<S>& c, index_t first, index_t last) {
    for (index_t k = first; k < last; ++k) {
        const std::int32_t i = b.active[k];
        if (b.rivals[i] == 0) continue;
        Rivals<S> rivals{b, c, i};
        rivals.collect();
        const std::int32_t best = rivals.decide(), own = b.label[i];
        if (best == own) continue;
        float& nearest = b.nearest[c.place[own] / c.group * b.rows.rows + i];
        const float below = distance_below(b.own[i], b.low[i]);
        if (below < nearest) nearest = below;
        b.label[i] = best;
        b.moved[b.moves] = i;
        b.moved_from[b.moves++] = own;
    }
}

template <class S>
void direct(KmeansBlock<S>& b, const KnnRows<S>& centres, index_t first, index_t last) {
    for (index_t i = first; i < last; ++i) {
        const S* x = b.rows.row(i);
        std::int32_t best = 0;
        double least = squared_distance(x, centres.row(0), centres.d);
        for (index_t j = 1; j < centres.rows; ++j) {
            const double distance = squared_distance(x, centres.row(j), centres.d);
            if (!(distance < least)) continue;
            least = distance;
            best = static_cast<std::int32_t>(j);
        }
        if (best == b.label[i]) continue;
        b.moved[b.moves] = static_cast<std::int32_t>(i);
        b.moved_from[b.moves++] = b.label[i];
        b.label[i] = best;
    }
}

template <class S>
void distances(const KnnRows<S>& rows, const KnnRows<S>& centres, const std::int32_t* label,
               double* distance) {
    for (index_t i = 0; i < rows.rows; ++i)
        distance[i] = squared_distance(rows.row(i), centres.row(label == nullptr ? i : label[i]), rows.d);
}

/// (high, low) += weight x: the error of each addition is found exactly and added up in low (Ogita, Rump and
/// Oishi, "Accurate sum and dot product", SISC 26, 2005, algorithm 4.4).
template <class S>
MLQA_INLINE void add_row(const S* x, double weight, index_t d, double* high, double* low) {
    for (index_t j = 0; j < d; ++j) {
        const double value = static_cast<double>(x[j]) * weight;
        const double sum = high[j] + value, part = sum - high[j];
        low[j] += (high[j] - (sum - part)) + (value - part);
        high[j] = sum;
    }
}

template <class S>
void move(const KnnRows<S>& rows, const double* weight, const KmeansMoves& moves, std::int32_t first,
          std::int32_t last, const KmeansSums& sums) {
    const auto add = [&](index_t k, std::int32_t cluster, double sign) {
        if (cluster < first || cluster >= last) return;
        const index_t i = moves.row[k], at = cluster * sums.d;
        add_row(rows.row(i), weight == nullptr ? sign : sign * weight[i], sums.d, sums.high + at,
                sums.low + at);
    };
    for (index_t k = 0; k < moves.n; ++k) {
        add(k, moves.from[k], -1);
        add(k, moves.to[k], 1);
    }
}

template <class S>
constexpr KmeansTable<S> table = {moments<S>, begin<S>,     evaluate<S>, resolve<S>,
                                  direct<S>,  distances<S>, move<S>};

}  // namespace

const KmeansKernels MLQA_KERNELS(kmeans) = {table<float>, table<double>};

}  // namespace mlqa
