#include "svm/linear_classes.kernel.hpp"

#include "core/simd.hpp"
#include "svm/class_step.hpp"

namespace mlqa {
namespace {

using simd::f64;

constexpr int lanes = simd::lanes<double>;
constexpr double infinity = __builtin_inf();

/// Calls visit(feature, value) for the features of row i.
template <class Visit>
MLQA_INLINE void visit_row(const LinearRows& rows, index_t i, Visit&& visit) {
    if (rows.indices == nullptr) {
        const double* x = rows.values + i * rows.stride;
        for (index_t j = 0; j <= rows.features; ++j) visit(j, x[j]);
        return;
    }
    for (index_t e = rows.offsets[i]; e < rows.offsets[i + 1]; ++e) visit(rows.indices[e], rows.values[e]);
    visit(rows.features, rows.constant);
}

/// z[m] for `vectors` vectors of classes from m on, which stay in registers.
template <int vectors>
MLQA_INLINE void values_of(const LinearRows& rows, const ClassState& s, index_t i, index_t m, double* z) {
    f64 sum[vectors];
    for (int v = 0; v < vectors; ++v) sum[v] = f64{};
    visit_row(rows, i, [&](index_t j, double x) {
        const double* w = s.w + j * s.width + m;
        const f64 factor = simd::broadcast(x);
        for (int v = 0; v < vectors; ++v) sum[v] = simd::fma(factor, simd::load(w + v * lanes), sum[v]);
    });
    for (int v = 0; v < vectors; ++v) simd::store(z + m + v * lanes, sum[v]);
}

MLQA_INLINE void values_in(const LinearRows& rows, const ClassState& s, index_t i, double* z) {
    index_t m = 0;
    for (; m + 4 * lanes <= s.width; m += 4 * lanes) values_of<4>(rows, s, i, m, z);
    for (; m < s.width; m += lanes) values_of<1>(rows, s, i, m, z);
}

MLQA_INLINE void add_to(const LinearRows& rows, const ClassState& s, index_t i, const double* c) {
    visit_row(rows, i, [&](index_t j, double x) {
        double* w = s.w + j * s.width;
        const f64 factor = simd::broadcast(x);
        for (index_t m = 0; m < s.width; m += lanes)
            simd::store(w + m, simd::fma(factor, simd::load(c + m), simd::load(w + m)));
    });
}

MLQA_INLINE double step(const LinearRows& rows, const ClassState& s, index_t i) {
    const index_t own = s.label[i];
    const double a = s.norm[i], cost = s.cost[i];
    double* alpha = s.alpha + i * s.width;
    double* g = s.slope;
    if (!(a > 0.0)) {
        // No weight can tell such a row: its loss is C_i whatever they are, and so is its dual's share.
        alpha[own] = cost;
        alpha[own == 0 ? 1 : 0] = -cost;
        return 0.0;
    }
    values_in(rows, s, i, g);
    double largest = -infinity, least = infinity;
    for (index_t m = 0; m < s.classes; ++m) {
        g[m] += m == own ? 0.0 : 1.0;
        largest = g[m] > largest ? g[m] : largest;
        if (alpha[m] < (m == own ? cost : 0.0) && g[m] < least) least = g[m];
    }
    const double violation = largest - least;
    if (!(violation > 1e-12)) return violation > 0.0 ? violation : 0.0;
    for (index_t m = 0; m < s.width; ++m) g[m] = m < s.classes ? g[m] - a * alpha[m] : -infinity;
    svm::simplex_coefficients(g, s.width, own, a, cost);
    bool moves = false;
    for (index_t m = 0; m < s.width; ++m) {
        s.change[m] = g[m] - alpha[m];
        alpha[m] = g[m];
        moves = moves || s.change[m] != 0.0;
    }
    if (moves) add_to(rows, s, i, s.change);
    return violation;
}

void descend(const LinearRows* rows, const ClassState* state, const index_t* order, index_t first,
             index_t last, double* violation) {
    for (index_t k = first; k < last; ++k) violation[k] = step(*rows, *state, order[k]);
}

void values(const LinearRows* rows, const ClassState* state, index_t i, double* z) {
    values_in(*rows, *state, i, z);
}

void add(const LinearRows* rows, const ClassState* state, index_t i, const double* c) {
    add_to(*rows, *state, i, c);
}

}  // namespace

const LinearClassKernels MLQA_KERNELS(linear_classes) = {descend, values, add};

}  // namespace mlqa
