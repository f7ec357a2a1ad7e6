#include "over_sampling/smote.kernel.hpp"

#include "core/simd.hpp"

namespace mlqa {
namespace {

using simd::f32;
using simd::f64;

constexpr index_t block = 32;  ///< side of the squares in which columns become rows

/// out = x; sums 0 x, which is NaN where x is not finite, into `nan`.
template <class T>
MLQA_INLINE void copy_run(const T* x, index_t n, T* out, simd::vec<T>& nan) {
    constexpr int w = simd::lanes<T>;
    index_t j = 0;
    for (; j + w <= n; j += w) {
        const simd::vec<T> v = simd::load(x + j);
        simd::store(out + j, v);
        nan += v * T(0);
    }
    if (j < n) {
        const int rest = static_cast<int>(n - j);
        const simd::vec<T> v = simd::load_partial(x + j, rest);
        simd::store_partial(out + j, v, rest);
        nan += v * T(0);
    }
}

template <class T>
bool copy(const T* x, index_t row_stride, index_t col_stride, index_t first, index_t last, index_t d,
          T* out) {
    x += first * row_stride;
    const index_t rows = last - first;
    simd::vec<T> nan = {};
    T rest = 0;
    if (row_stride == d && col_stride == 1) {
        copy_run(x, rows * d, out, nan);
    } else if (col_stride == 1) {
        for (index_t i = 0; i < rows; ++i) copy_run(x + i * row_stride, d, out + i * d, nan);
    } else {
        for (index_t i0 = 0; i0 < rows; i0 += block) {
            const index_t i1 = i0 + block < rows ? i0 + block : rows;
            for (index_t j0 = 0; j0 < d; j0 += block) {
                const index_t j1 = j0 + block < d ? j0 + block : d;
                for (index_t i = i0; i < i1; ++i)
                    for (index_t j = j0; j < j1; ++j) {
                        const T value = x[i * row_stride + j * col_stride];
                        out[i * d + j] = value;
                        rest += value * T(0);
                    }
            }
        }
    }
    return simd::reduce_add(nan) + rest == 0;
}

/// a + fraction difference; where the difference overflowed, from both ends.
MLQA_INLINE f64 point(f64 a, f64 b, f64 difference, f64 fraction) {
    const f64 largest = simd::broadcast(0x1.fffffffffffffp1023);
    const f64 along = a + fraction * difference;
    return simd::select(simd::abs(difference) <= largest, along, (1.0 - fraction) * a + fraction * b);
}
MLQA_INLINE f64 point(f64 a, f64 b, f64 fraction) {
    return point(a, b, b - a, fraction);
}
MLQA_INLINE f32 point(f32 a, f32 b, f64 fraction) {
    const f32 difference = b - a;
    return simd::narrow(
        point(simd::widen_low(a), simd::widen_low(b), simd::widen_low(difference), fraction),
        point(simd::widen_high(a), simd::widen_high(b), simd::widen_high(difference), fraction));
}

constexpr index_t ahead = 8;            ///< segments whose ends are on their way into the caches
constexpr index_t most_fetched = 1024;  ///< bytes of a row; the processor goes on by itself

template <class T>
MLQA_INLINE void fetch(const T* row, index_t n) {
    constexpr index_t line = 64 / sizeof(T);
    for (index_t j = 0; j < n; j += line) simd::prefetch(row + j);
}

template <class T>
void interpolate(const T* rows, index_t d, const index_t* base, const index_t* neighbor,
                 const double* fraction, index_t count, T* out) {
    constexpr int w = simd::lanes<T>;
    const index_t fetched = d * static_cast<index_t>(sizeof(T)) < most_fetched
                                ? d
                                : most_fetched / static_cast<index_t>(sizeof(T));
    for (index_t i = 0; i < count; ++i, out += d) {
        if (i + ahead < count) {
            fetch(rows + base[i + ahead] * d, fetched);
            fetch(rows + neighbor[i + ahead] * d, fetched);
        }
        const T* a = rows + base[i] * d;
        const T* b = rows + neighbor[i] * d;
        const f64 f = simd::broadcast(fraction[i]);
        index_t j = 0;
        for (; j + w <= d; j += w) simd::store(out + j, point(simd::load(a + j), simd::load(b + j), f));
        if (j < d) {
            const int rest = static_cast<int>(d - j);
            simd::store_partial(
                out + j, point(simd::load_partial(a + j, rest), simd::load_partial(b + j, rest), f), rest);
        }
    }
}

}  // namespace

const SmoteKernels MLQA_KERNELS(smote) = {
    {copy<float>, interpolate<float>},
    {copy<double>, interpolate<double>},
};

}  // namespace mlqa
