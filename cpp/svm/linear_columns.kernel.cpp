#include "svm/linear_columns.kernel.hpp"

#include "core/simd.hpp"

namespace mlqa {
namespace {

using simd::f64;

constexpr int lanes = simd::lanes<double>;

MLQA_INLINE double magnitude(double x) {
    return x < 0.0 ? -x : x;
}

template <class V>
MLQA_INLINE V distance(V z, V low, V high) {
    return simd::max(low - z, V{}) - simd::max(z - high, V{});
}

struct Slopes {
    double g, h;
};

struct DenseColumn {
    const double* x;
    index_t n;

    DenseColumn(const LinearColumns& c, index_t j) : x(c.values + j * c.stride), n(c.stride) {}

    MLQA_INLINE Slopes slopes(const ColumnState& s) const {
        f64 g0{}, g1{}, h0{}, h1{};
        index_t i = 0;
        for (; i + 2 * lanes <= n; i += 2 * lanes) {
            const f64 a = simd::load(x + i), b = simd::load(x + i + lanes);
            g0 = simd::fma(simd::load(s.force + i), a, g0);
            g1 = simd::fma(simd::load(s.force + i + lanes), b, g1);
            h0 = simd::fma(simd::load(s.bend + i) * a, a, h0);
            h1 = simd::fma(simd::load(s.bend + i + lanes) * b, b, h1);
        }
        for (; i < n; i += lanes) {
            const f64 a = simd::load(x + i);
            g0 = simd::fma(simd::load(s.force + i), a, g0);
            h0 = simd::fma(simd::load(s.bend + i) * a, a, h0);
        }
        return {-simd::reduce_add(g0 + g1), simd::reduce_add(h0 + h1)};
    }

    /// How much the loss grows when w_j does by d.
    MLQA_INLINE double growth(const ColumnState& s, double d) const {
        f64 sum{};
        for (index_t i = 0; i < n; i += lanes) {
            const f64 z = simd::load(s.z + i), low = simd::load(s.low + i), high = simd::load(s.high + i);
            const f64 moved = simd::fma(simd::broadcast(d), simd::load(x + i), z);
            const f64 a = distance(z, low, high), b = distance(moved, low, high);
            sum = simd::fma(simd::load(s.cost + i), (b - a) * (b + a), sum);
        }
        return simd::reduce_add(sum);
    }

    MLQA_INLINE void move(const ColumnState& s, double d) const {
        for (index_t i = 0; i < n; i += lanes) {
            const f64 z = simd::fma(simd::broadcast(d), simd::load(x + i), simd::load(s.z + i));
            const f64 e = distance(z, simd::load(s.low + i), simd::load(s.high + i));
            const f64 c = simd::load(s.cost + i) * 2.0;
            simd::store(s.z + i, z);
            simd::store(s.force + i, c * e);
            simd::store(s.bend + i, simd::select(e != f64{}, c, f64{}));
        }
    }
};

struct SparseColumn {
    const double* x;
    const std::int32_t* row;
    index_t n;

    SparseColumn(const LinearColumns& c, index_t j)
        : x(c.values + c.offsets[j]), row(c.indices + c.offsets[j]), n(c.offsets[j + 1] - c.offsets[j]) {}

    MLQA_INLINE Slopes slopes(const ColumnState& s) const {
        double g[2] = {0, 0}, h[2] = {0, 0};
        index_t e = 0;
        for (; e + 2 <= n; e += 2)
            for (int k = 0; k < 2; ++k) {
                const RowSlopes& r = s.slopes[row[e + k]];
                g[k] += r.force * x[e + k];
                h[k] += r.bend * x[e + k] * x[e + k];
            }
        if (e < n) {
            const RowSlopes& r = s.slopes[row[e]];
            g[0] += r.force * x[e];
            h[0] += r.bend * x[e] * x[e];
        }
        return {-(g[0] + g[1]), h[0] + h[1]};
    }

    MLQA_INLINE static double distance_of(double z, double low, double high) {
        return (low > z ? low - z : 0.0) - (z > high ? z - high : 0.0);
    }

    MLQA_INLINE double growth(const ColumnState& s, double d) const {
        double sum = 0.0;
        for (index_t e = 0; e < n; ++e) {
            const RowPlace& r = s.places[row[e]];
            const double a = distance_of(r.z, r.low, r.high);
            const double b = distance_of(r.z + d * x[e], r.low, r.high);
            sum += r.cost * ((b - a) * (b + a));
        }
        return sum;
    }

    MLQA_INLINE void move(const ColumnState& s, double d) const {
        for (index_t e = 0; e < n; ++e) {
            RowPlace& r = s.places[row[e]];
            r.z += d * x[e];
            const double apart = distance_of(r.z, r.low, r.high), c = 2.0 * r.cost;
            s.slopes[row[e]] = {c * apart, apart != 0.0 ? c : 0.0};
        }
    }
};

/// The slope that is left of the objective in w_j; `rests` if it is 0 at 0 with room to spare.
MLQA_INLINE double violation(double w, double g, double above, bool& rests) {
    rests = false;
    if (w > 0.0) return magnitude(g + 1.0);
    if (w < 0.0) return magnitude(g - 1.0);
    if (g + 1.0 < 0.0) return -(g + 1.0);
    if (g - 1.0 > 0.0) return g - 1.0;
    rests = g + 1.0 > above && g - 1.0 < -above;
    return 0.0;
}

template <class Column>
MLQA_INLINE double step_of(const Column& column, const ColumnState& s, double w, double steepest,
                           Slopes slope) {
    constexpr double share = 0.01, least = 1e-12;
    constexpr int halvings = 30;
    const double g = slope.g, h = slope.h > least ? slope.h : least;
    double d = -w;
    if (g + 1.0 < h * w)
        d = -(g + 1.0) / h;
    else if (g - 1.0 > h * w)
        d = -(g - 1.0) / h;
    if (magnitude(d) < least) return 0.0;
    double promise = magnitude(w + d) - magnitude(w) + g * d;
    for (int k = 0; k < halvings; ++k) {
        const double penalty = magnitude(w + d) - magnitude(w);
        if (g * d + 0.5 * steepest * d * d + penalty <= share * promise) return d;
        if (column.growth(s, d) + penalty <= share * promise) return d;
        d *= 0.5;
        promise *= 0.5;
    }
    return 0.0;
}

template <class Column>
MLQA_INLINE void descend_columns(const LinearColumns& columns, const ColumnState& s, ColumnPass& pass,
                                 index_t steps) {
    for (; steps > 0 && pass.position < pass.active; --steps) {
        const index_t j = pass.order[pass.position];
        const Column column(columns, j);
        const Slopes slope = column.slopes(s);
        bool rests = false;
        const double left = violation(s.w[j], slope.g, pass.above, rests);
        if (rests) {
            pass.order[pass.position] = pass.order[--pass.active];
            pass.order[pass.active] = j;
            continue;
        }
        ++pass.position;
        pass.largest = left > pass.largest ? left : pass.largest;
        pass.sum += left;
        const double d = step_of(column, s, s.w[j], s.steepest[j], slope);
        if (d == 0.0) continue;
        s.w[j] += d;
        column.move(s, d);
    }
}

void descend(const LinearColumns* columns, const ColumnState* state, ColumnPass* pass, index_t steps) {
    if (columns->indices == nullptr)
        descend_columns<DenseColumn>(*columns, *state, *pass, steps);
    else
        descend_columns<SparseColumn>(*columns, *state, *pass, steps);
}

double gradient(const LinearColumns* columns, const ColumnState* state, index_t j) {
    if (columns->indices == nullptr) return DenseColumn(*columns, j).slopes(*state).g;
    return SparseColumn(*columns, j).slopes(*state).g;
}

}  // namespace

const LinearColumnKernels MLQA_KERNELS(linear_columns) = {descend, gradient};

}  // namespace mlqa
