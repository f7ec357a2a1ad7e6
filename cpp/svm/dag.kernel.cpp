#include "svm/dag.kernel.hpp"

#include "core/simd_short.hpp"
#include "svm/machine_values.hpp"

namespace mlqa {
namespace {

index_t nearest(const MachineView<float>* m, const float* values, float* largest) {
    float high, low;
    extremes(values, m->start[m->classes], high, low);
    *largest = high > -low ? high : -low;
    return class_with(*m, values, high);
}

constexpr int lanes = simd::lanes<float>;

/// acc + sum_s coef[s] values[s], n of them; coefficients are read to the end of a vector.
MLQA_INLINE simd::f32 add_run(const std::uint16_t* coef, const float* values, index_t n, simd::f32 acc) {
    simd::f32 other = {};
    index_t s = 0;
    for (; s + 2 * lanes <= n; s += 2 * lanes) {
        acc = simd::fma(simd::load_upper_halves(coef + s), simd::load(values + s), acc);
        other = simd::fma(simd::load_upper_halves(coef + s + lanes), simd::load(values + s + lanes), other);
    }
    for (; s < n; s += lanes) {
        const int some = static_cast<int>(n - s < lanes ? n - s : lanes);
        acc = simd::fma(simd::load_upper_halves(coef + s), simd::load_partial(values + s, some), acc);
    }
    return acc + other;
}

#if defined(__AVX512F__)
/// The same for runs that are rarely longer than V vectors, some of which have fewer or no lanes: a branch
/// that depends on the length would often be guessed wrong.
template <int V>
MLQA_INLINE simd::f32 add_short_run(const std::uint16_t* coef, const float* values, index_t n,
                                    simd::f32 acc) {
    if (__builtin_expect(n > V * lanes, 0)) return add_run(coef, values, n, acc);
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
        const index_t rest = n - v * lanes, some = rest < lanes ? rest : lanes;
        const int left = static_cast<int>(some > 0 ? some : 0);
        acc = simd::fma(simd::load_upper_halves(coef + v * lanes),
                        simd::load_partial(values + v * lanes, left), acc);
    }
    return acc;
}
#endif

/// sums[row] of all machines of class a, for which positive values are.
template <class Add>
MLQA_INLINE void class_sums(const MachineView<float>& m, const std::uint16_t* coef, const float* values,
                            index_t a, const Add& add, float* sums_of) {
    constexpr index_t line = 32, fetched = 32 * line;
    const index_t n = m.start[a + 1] - m.start[a];
    const float* own = values + m.start[a];
    for (index_t row = 0; row < m.classes - 1; ++row) {
        // Far enough for what is next to have come, on pages too that the processor does not look ahead to.
        simd::prefetch(coef + fetched);
        simd::prefetch(coef + fetched + line);
        const index_t b = row < a ? row : row + 1, from = m.start[b], others = m.start[b + 1] - from;
        sums_of[row] = simd::sum_lanes(add(coef, own, n, simd::f32{}) +
                                       add(coef + n, values + from, others, simd::f32{}));
        coef += n + others;
    }
}

void block_sums(const MachineView<float>& m, const std::uint16_t* coef, const float* values, index_t a,
                float* sums_of) {
#if defined(__AVX512F__)
    const index_t usual = m.start[m.classes] * 6 / (m.classes * 5);
    if (usual <= 2 * lanes) return class_sums(m, coef, values, a, add_short_run<2>, sums_of);
    if (usual <= 4 * lanes) return class_sums(m, coef, values, a, add_short_run<4>, sums_of);
#endif
    class_sums(m, coef, values, a, add_run, sums_of);
}

index_t challenge(const MachineView<float>* m, const ClassBlock* block, const float* values, float error,
                  float explore, index_t a, float* value) {
    block_sums(*m, block->coef, values, a, value);
    bool wins_all = true;
    const auto allowed = [&](index_t row) {
        return block->reach[row] * error +
               (__builtin_fabsf(block->constant[row]) * 0x1p-20f + floor_of_error);
    };
    for (index_t row = 0; row < m->classes - 1; ++row) {
        value[row] += block->constant[row];
        wins_all &= value[row] > allowed(row) + explore;
    }
    if (wins_all) return a;
    index_t rival = -1;
    float most = 0;
    for (index_t row = 0; row < m->classes - 1; ++row) {
        if (!(value[row] < -allowed(row) && value[row] < most)) continue;
        rival = row < a ? row : row + 1;
        most = value[row];
    }
    return rival;
}

void walk(const MachineView<float>* m, const index_t* order, const float* values, float error, float explore,
          GraphPoint* point) {
    const index_t *first = order + point->first, *last = order + point->last;
    while (first < last) {
        const bool rises = *first < *last;
        const index_t a = rises ? *first : *last, b = rises ? *last : *first;
        const float intercept = m->intercept[pair(*m, a, b)];
        const float value = value_of(*m, a, b, intercept, values);
        const int result = winner(value, bound(*m, a, b, intercept, error) + explore);
        if (result == 0) break;
        if ((result > 0) == rises)
            --last;
        else
            ++first;
    }
    *point = {first - order, last - order};
}

index_t descend(const MachineView<double>* m, const index_t* order, const double* values, double explore,
                index_t length, GraphNode* nodes, index_t count) {
    GraphNode* const children = nodes + count;
    index_t made = 0;
    const auto make = [&](std::int32_t first) {
        if (made > 0 && children[made - 1].first == first) return;
        children[made++] = {__builtin_inf(), 0, first, false};
    };
    for (index_t n = 0; n < count; ++n) {
        GraphNode& node = nodes[n];
        const index_t first = order[node.first], last = order[node.first + length];
        const bool rises = first < last;
        const index_t a = rises ? first : last, b = rises ? last : first;
        const double value = value_of(*m, a, b, m->intercept[pair(*m, a, b)], values);
        node.strikes_last = (winner(value, 0.0) > 0) == rises;
        node.evidence = __builtin_fabs(value);
        const bool both = node.evidence < explore;
        if (both || node.strikes_last) make(node.first);
        if (both || !node.strikes_last) make(node.first + 1);
    }
    return made;
}

}  // namespace

const GraphKernels MLQA_KERNELS(dag) = {nearest, challenge, walk, descend};

}  // namespace mlqa
