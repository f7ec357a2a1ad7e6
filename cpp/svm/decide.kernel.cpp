#include "svm/decide.kernel.hpp"

#include "svm/machine_values.hpp"

namespace mlqa {
namespace {

template <class T>
using Machines = MachineView<T>;
template <class T>
using Scratch = DecideScratch<T>;

/// Classes that may be tried as the winner before all machines are asked.
constexpr int tries = 4;

/// sums() of several points, whose sums are out_stride apart.
template <class T>
void point_sums(const T* coef, index_t stride, index_t rows, const T* values, index_t values_stride,
                index_t points, index_t n, T* out, index_t out_stride) {
#if defined(__AVX512F__)
    constexpr int abreast = 4;
#else
    constexpr int abreast = 2;
#endif
    constexpr int block = 4;
    index_t p = 0;
    for (; p + abreast <= points; p += abreast) {
        const T* here = values + p * values_stride;
        T* to = out + p * out_stride;
        index_t r = 0;
        for (; r + block <= rows; r += block)
            sum_tile<T, block, abreast>(coef + r * stride, stride, here, values_stride, n, to + r,
                                        out_stride);
        for (; r < rows; ++r)
            sum_tile<T, 1, abreast>(coef + r * stride, stride, here, values_stride, n, to + r, out_stride);
    }
    for (; p < points; ++p) sums(coef, stride, rows, values + p * values_stride, n, out + p * out_stride);
}

/// `a` if it wins against all others; else the class that beats it most clearly, or -1 if none does for
/// certain.
template <class T>
index_t challenge(const Machines<T>& m, const T* values, T error, index_t a, T* own) {
    T* of_others = own + m.classes;
    sums(m.coef + m.start[a], m.stride, m.classes - 1, values + m.start[a], m.start[a + 1] - m.start[a], own);
    for (index_t b = 0; b < m.classes; ++b)
        of_others[b] = b == a ? T(0) : sum_of(m, a < b ? a : a - 1, b, values);
    bool wins_all = true;
    index_t rival = -1;
    T most = 0;
    for (index_t b = 0; b < m.classes; ++b) {
        if (b == a) continue;
        const bool first = a < b;
        const index_t low = first ? a : b, high = first ? b : a;
        const T intercept = m.intercept[pair(m, low, high)];
        const T value = (own[first ? b - 1 : b] + of_others[b]) + intercept;
        const int result = winner(value, bound(m, low, high, intercept, error)) * (first ? 1 : -1);
        wins_all = wins_all && result > 0;
        const T loss = first ? -value : value;
        if (result < 0 && (rival < 0 || loss > most)) {
            rival = b;
            most = loss;
        }
    }
    return wins_all ? a : rival;
}

template <class T>
index_t champion(const Machines<T>* m, const T* values, T error, const Scratch<T>* scratch) {
    T largest, smallest;
    extremes(values, m->start[m->classes], largest, smallest);
    index_t a = class_with(*m, values, largest);
    for (int t = 0; t < tries; ++t) {
        const index_t rival = challenge(*m, values, error, a, scratch->sums);
        if (rival == a || rival < 0) return rival;
        a = rival;
    }
    return -1;
}

/// sums[c (classes - 1) + r] = sum_{s in c} coef_r[s] values[s].
template <class T>
void all_sums(const Machines<T>& m, const T* values, T* out) {
    for (index_t c = 0; c < m.classes; ++c)
        sums(m.coef + m.start[c], m.stride, m.classes - 1, values + m.start[c], m.start[c + 1] - m.start[c],
             out + c * (m.classes - 1));
}

template <class T>
MLQA_INLINE T machine(const Machines<T>& m, const T* of, index_t a, index_t b, index_t number) {
    return (of[a * (m.classes - 1) + b - 1] + of[b * (m.classes - 1) + a]) + m.intercept[number];
}

/// The first class with most votes, if votes that are not decided cannot change it.
template <class T>
index_t first_of_most(index_t classes, const Scratch<T>& scratch) {
    index_t best = 0;
    for (index_t c = 1; c < classes; ++c)
        if (scratch.low[c] > scratch.low[best]) best = c;
    for (index_t c = 0; c < classes; ++c)
        if (c != best &&
            (c < best ? scratch.high[c] >= scratch.low[best] : scratch.high[c] > scratch.low[best]))
            return -1;
    return best;
}

template <class T>
index_t vote(const Machines<T>* m, const T* values, T error, const Scratch<T>* scratch) {
    const index_t k = m->classes;
    all_sums(*m, values, scratch->sums);
    for (index_t c = 0; c < k; ++c) scratch->low[c] = scratch->high[c] = 0;
    index_t number = 0;
    for (index_t a = 0; a < k; ++a)
        for (index_t b = a + 1; b < k; ++b, ++number) {
            const T value = machine(*m, scratch->sums, a, b, number);
            const int result = winner(value, bound(*m, a, b, m->intercept[number], error));
            scratch->low[a] += result > 0;
            scratch->high[a] += result >= 0;
            scratch->low[b] += result < 0;
            scratch->high[b] += result <= 0;
        }
    return first_of_most(k, *scratch);
}

template <class T>
void decisions(const Machines<T>* m, const T* values, index_t values_stride, index_t points, T* of, T* out) {
    const index_t k = m->classes, size = k * (k - 1), pairs = size / 2;
    // Coefficients of a class stay in cache while all points pass.
    for (index_t c = 0; c < k; ++c)
        point_sums(m->coef + m->start[c], m->stride, k - 1, values + m->start[c], values_stride, points,
                   m->start[c + 1] - m->start[c], of + c * (k - 1), size);
    for (index_t p = 0; p < points; ++p) {
        index_t number = 0;
        for (index_t a = 0; a < k; ++a)
            for (index_t b = a + 1; b < k; ++b, ++number)
                out[p * pairs + number] = machine(*m, of + p * size, a, b, number);
    }
}

template <class T>
void bounds(const Machines<T>* m, T error, T* out) {
    index_t number = 0;
    for (index_t a = 0; a < m->classes; ++a)
        for (index_t b = a + 1; b < m->classes; ++b, ++number)
            out[number] = bound(*m, a, b, m->intercept[number], error);
}

template <class T>
void all_rows(const T* coef, index_t rows, const T* values, index_t values_stride, index_t points, index_t n,
              T* out, index_t out_stride) {
    point_sums(coef, n, rows, values, values_stride, points, n, out, out_stride);
}

template <class T>
constexpr DecideTable<T> table = {champion<T>, vote<T>, decisions<T>, all_rows<T>, bounds<T>};

}  // namespace

const DecideKernels MLQA_KERNELS(decide) = {table<float>, table<double>};

}  // namespace mlqa
