#include "svm/linear.kernel.hpp"

#include "core/simd.hpp"

namespace mlqa {
namespace {

using simd::f64;

constexpr int lanes = simd::lanes<double>;
/// Slopes below are rounding: no step.
constexpr double negligible = 1e-12;

/// Rows of one run of vectors; `stride` is a multiple of 8.
struct Dense {
    const double* values;
    index_t stride;

    explicit Dense(const LinearRows& rows) : values(rows.values), stride(rows.stride) {}

    MLQA_INLINE const double* row(index_t i) const { return values + i * stride; }

    MLQA_INLINE void prefetch(index_t i) const {
        const index_t most = stride < 64 ? stride : 64;
        for (index_t j = 0; j < most; j += 8) simd::prefetch(row(i) + j);
    }

    MLQA_INLINE double dot(index_t i, const double* w) const {
        const double* x = row(i);
        f64 s0{}, s1{}, s2{}, s3{};
        index_t j = 0;
        for (; j + 4 * lanes <= stride; j += 4 * lanes) {
            s0 = simd::fma(simd::load(x + j), simd::load(w + j), s0);
            s1 = simd::fma(simd::load(x + j + lanes), simd::load(w + j + lanes), s1);
            s2 = simd::fma(simd::load(x + j + 2 * lanes), simd::load(w + j + 2 * lanes), s2);
            s3 = simd::fma(simd::load(x + j + 3 * lanes), simd::load(w + j + 3 * lanes), s3);
        }
        for (; j < stride; j += lanes) s0 = simd::fma(simd::load(x + j), simd::load(w + j), s0);
        return simd::reduce_add((s0 + s1) + (s2 + s3));
    }

    MLQA_INLINE double norm(index_t i) const { return dot(i, row(i)); }

    MLQA_INLINE void add(index_t i, double a, double* w) const {
        const double* x = row(i);
        const f64 factor = simd::broadcast(a);
        for (index_t j = 0; j < stride; j += lanes)
            simd::store(w + j, simd::fma(factor, simd::load(x + j), simd::load(w + j)));
    }

    MLQA_INLINE void add_squares(index_t i, double a, double* out) const {
        const double* x = row(i);
        const f64 factor = simd::broadcast(a);
        for (index_t j = 0; j < stride; j += lanes) {
            const f64 v = simd::load(x + j);
            simd::store(out + j, simd::fma(factor * v, v, simd::load(out + j)));
        }
    }
};

struct Sparse {
    const double* values;
    const std::int32_t* indices;
    const std::int32_t* offsets;
    index_t features;
    double constant;

    explicit Sparse(const LinearRows& rows)
        : values(rows.values),
          indices(rows.indices),
          offsets(rows.offsets),
          features(rows.features),
          constant(rows.constant) {}

    MLQA_INLINE void prefetch(index_t i) const {
        const index_t first = offsets[i], last = first + 64 < offsets[i + 1] ? first + 64 : offsets[i + 1];
        for (index_t e = first; e < last; e += 8) simd::prefetch(values + e);
        for (index_t e = first; e < last; e += 16) simd::prefetch(indices + e);
    }

    MLQA_INLINE double dot(index_t i, const double* w) const {
        double s[4] = {0, 0, 0, 0};
        index_t e = offsets[i];
        const index_t last = offsets[i + 1];
        for (; e + 4 <= last; e += 4)
            for (int k = 0; k < 4; ++k) s[k] += values[e + k] * w[indices[e + k]];
        for (; e < last; ++e) s[0] += values[e] * w[indices[e]];
        return ((s[0] + s[1]) + (s[2] + s[3])) + constant * w[features];
    }

    MLQA_INLINE double norm(index_t i) const {
        double s[4] = {0, 0, 0, 0};
        index_t e = offsets[i];
        const index_t last = offsets[i + 1];
        for (; e + 4 <= last; e += 4)
            for (int k = 0; k < 4; ++k) s[k] += values[e + k] * values[e + k];
        for (; e < last; ++e) s[0] += values[e] * values[e];
        return ((s[0] + s[1]) + (s[2] + s[3])) + constant * constant;
    }

    MLQA_INLINE void add(index_t i, double a, double* w) const {
        for (index_t e = offsets[i]; e < offsets[i + 1]; ++e) w[indices[e]] += a * values[e];
        w[features] += a * constant;
    }

    MLQA_INLINE void add_squares(index_t i, double a, double* out) const {
        for (index_t e = offsets[i]; e < offsets[i + 1]; ++e) out[indices[e]] += a * values[e] * values[e];
        out[features] += a * constant * constant;
    }
};

template <class Work>
MLQA_INLINE void with_rows(const LinearRows& rows, Work&& work) {
    if (rows.indices == nullptr)
        work(Dense(rows));
    else
        work(Sparse(rows));
}

/// The projected slope of |beta|, and whether the coordinate rests at a bound that it is pressed against.
struct Slope {
    double value;
    bool rests;
};

MLQA_INLINE Slope projected(const DualSample& s, double up, double down, double above, double below) {
    if (s.beta == 0.0) {
        if (up < 0.0) return {up, false};
        if (down > 0.0) return {-down, false};
        return {0.0, up > above && -down > above};
    }
    const double slope = s.beta > 0.0 ? up : -down;
    const double size = s.beta > 0.0 ? s.beta : -s.beta;
    if (size < s.cap) return {slope, false};
    return {slope > 0.0 ? slope : 0.0, slope < below};
}

/// Where the coordinate's minimum lies, within its bounds.
MLQA_INLINE double minimiser(const DualSample& s, double up, double down) {
    const double h = s.curvature;
    double beta = 0.0;
    if (up < h * s.beta)
        beta = s.beta - up / h;
    else if (down > h * s.beta)
        beta = s.beta - down / h;
    if (beta > s.cap) return s.cap;
    return beta < -s.cap ? -s.cap : beta;
}

template <class Rows>
MLQA_INLINE void descend_rows(const Rows& rows, double* w, DualSample* samples, DualPass& pass,
                              index_t steps) {
    constexpr index_t ahead = 3;
    index_t* order = pass.order;
    for (; steps > 0 && pass.position < pass.active; --steps) {
        const index_t i = order[pass.position];
        if (pass.position + ahead < pass.active) {
            rows.prefetch(order[pass.position + ahead]);
            simd::prefetch(samples + order[pass.position + ahead]);
        }
        DualSample& s = samples[i];
        const double value = rows.dot(i, w) + s.ridge * s.beta;
        const double up = value - s.low, down = value - s.high;
        const Slope slope = projected(s, up, down, pass.above, pass.below);
        if (slope.rests) {
            order[pass.position] = order[--pass.active];
            order[pass.active] = i;
            continue;
        }
        ++pass.position;
        const double size = slope.value < 0.0 ? -slope.value : slope.value;
        pass.largest = slope.value > pass.largest ? slope.value : pass.largest;
        pass.least = slope.value < pass.least ? slope.value : pass.least;
        pass.sum += size;
        if (size <= negligible) continue;
        const double beta = minimiser(s, up, down);
        rows.add(i, beta - s.beta, w);
        s.beta = beta;
    }
}

void descend(const LinearRows* rows, double* w, DualSample* samples, DualPass* pass, index_t steps) {
    with_rows(*rows, [&](const auto& r) { descend_rows(r, w, samples, *pass, steps); });
}

void products(const LinearRows* rows, const double* w, index_t first, index_t last, double* z) {
    with_rows(*rows, [&](const auto& r) {
        for (index_t i = first; i < last; ++i) z[i] = r.dot(i, w);
    });
}

void norms(const LinearRows* rows, index_t first, index_t last, double* out) {
    with_rows(*rows, [&](const auto& r) {
        for (index_t i = first; i < last; ++i) out[i] = r.norm(i);
    });
}

void combine(const LinearRows* rows, const double* c, index_t first, index_t last, double* out) {
    with_rows(*rows, [&](const auto& r) {
        for (index_t i = first; i < last; ++i)
            if (c[i] != 0.0) r.add(i, c[i], out);
    });
}

void products_at(const LinearRows* rows, const double* w, const index_t* index, index_t first, index_t last,
                 double* z) {
    with_rows(*rows, [&](const auto& r) {
        for (index_t k = first; k < last; ++k) z[k] = r.dot(index[k], w);
    });
}

void combine_at(const LinearRows* rows, const double* c, const index_t* index, index_t first, index_t last,
                double* out) {
    with_rows(*rows, [&](const auto& r) {
        for (index_t k = first; k < last; ++k)
            if (c[k] != 0.0) r.add(index[k], c[k], out);
    });
}

void curve(const LinearRows* rows, const double* c, const double* p, index_t first, index_t last,
           double* out) {
    with_rows(*rows, [&](const auto& r) {
        for (index_t i = first; i < last; ++i)
            if (c[i] != 0.0) r.add(i, c[i] * r.dot(i, p), out);
    });
}

void squares(const LinearRows* rows, const double* c, index_t first, index_t last, double* out) {
    with_rows(*rows, [&](const auto& r) {
        for (index_t i = first; i < last; ++i)
            if (c[i] != 0.0) r.add_squares(i, c[i], out);
    });
}

/// The signed distance to [low, high]: positive below it.
MLQA_INLINE f64 distance(f64 z, f64 low, f64 high) {
    return simd::max(low - z, f64{}) - simd::max(z - high, f64{});
}

void forces(const double* z, const double* low, const double* high, const double* cost, index_t n,
            double* force, double* bend) {
    for (index_t i = 0; i < n; i += lanes) {
        const f64 c = simd::load(cost + i) * 2.0;
        const f64 e = distance(simd::load(z + i), simd::load(low + i), simd::load(high + i));
        simd::store(force + i, c * e);
        simd::store(bend + i, simd::select(e != f64{}, c, f64{}));
    }
}

void slope(const double* z, const double* q, double t, const double* low, const double* high,
           const double* cost, index_t n, double* first, double* second) {
    f64 one{}, two{};
    for (index_t i = 0; i < n; i += lanes) {
        const f64 step = simd::load(q + i), c = simd::load(cost + i) * 2.0;
        const f64 at = simd::fma(simd::broadcast(t), step, simd::load(z + i));
        const f64 e = distance(at, simd::load(low + i), simd::load(high + i));
        one = simd::fma(-c * e, step, one);
        two = simd::fma(simd::select(e != f64{}, c, f64{}) * step, step, two);
    }
    *first = simd::reduce_add(one);
    *second = simd::reduce_add(two);
}

}  // namespace

const LinearKernels MLQA_KERNELS(linear) = {descend,    products, norms,   combine, products_at,
                                            combine_at, curve,    squares, forces,  slope};

}  // namespace mlqa
