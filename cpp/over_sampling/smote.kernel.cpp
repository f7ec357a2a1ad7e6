#include "over_sampling/smote.kernel.hpp"

#include "core/simd.hpp"

namespace mlqa {
namespace {

using simd::f32;
using simd::f64;

/// Elements from p to the next multiple of a vector's size.
template <class T>
MLQA_INLINE int to_aligned(const T* p) {
    const auto past = static_cast<int>(reinterpret_cast<std::uintptr_t>(p) % simd::bytes);
    return past == 0 ? 0 : (simd::bytes - past) / static_cast<int>(sizeof(T));
}

constexpr index_t block = 32;  ///< side of the squares in which columns become rows

/// out = x; sums 0 x, which is NaN where x is not finite, into `nan`. Past the caches if `past`.
template <class T>
MLQA_INLINE void copy_run(const T* x, index_t n, bool past, T* out, simd::vec<T>& nan) {
    constexpr int w = simd::lanes<T>;
    index_t j = 0;
    const auto some = [&](int count) {
        const simd::vec<T> v = simd::load_partial(x + j, count);
        simd::store_partial(out + j, v, count);
        nan += v * T(0);
        j += count;
    };
    if (past && n >= 8 * w) {
        some(to_aligned(out));
        for (; j + w <= n; j += w) {
            const simd::vec<T> v = simd::load(x + j);
            simd::stream(out + j, v);
            nan += v * T(0);
        }
    }
    for (; j + w <= n; j += w) {
        const simd::vec<T> v = simd::load(x + j);
        simd::store(out + j, v);
        nan += v * T(0);
    }
    if (j < n) some(static_cast<int>(n - j));
}

template <class T>
bool copy(const T* x, index_t row_stride, index_t col_stride, index_t first, index_t last, index_t d,
          bool past, T* out) {
    x += first * row_stride;
    const index_t rows = last - first;
    simd::vec<T> nan = {};
    T rest = 0;
    if (row_stride == d && col_stride == 1) {
        copy_run(x, rows * d, past, out, nan);
        simd::fence();
    } else if (col_stride == 1) {
        for (index_t i = 0; i < rows; ++i) copy_run(x + i * row_stride, d, false, out + i * d, nan);
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

/// a + fraction difference, or from both ends, which is finite where the difference overflows.
MLQA_INLINE f64 along(f64 a, f64, f64 difference, f64 fraction) {
    return a + fraction * difference;
}
MLQA_INLINE f64 between(f64 a, f64 b, f64 difference, f64 fraction) {
    const f64 largest = simd::broadcast(0x1.fffffffffffffp1023);
    return simd::select(simd::abs(difference) <= largest, a + fraction * difference,
                        (1.0 - fraction) * a + fraction * b);
}

template <bool safe>
MLQA_INLINE f64 point(f64 a, f64 b, f64 difference, f64 fraction) {
    return safe ? between(a, b, difference, fraction) : along(a, b, difference, fraction);
}
template <bool safe>
MLQA_INLINE f32 point(f32 a, f32 b, f32 difference, f64 fraction) {
    return simd::narrow(
        point<safe>(simd::widen_low(a), simd::widen_low(b), simd::widen_low(difference), fraction),
        point<safe>(simd::widen_high(a), simd::widen_high(b), simd::widen_high(difference), fraction));
}

constexpr index_t block_bytes = 4096;   ///< of points, while the ends of the next block are fetched
constexpr index_t most_fetched = 1024;  ///< of a row; the processor goes on by itself

template <class T>
MLQA_INLINE void fetch(const T* row, index_t n) {
    constexpr index_t line = 64 / sizeof(T);
    for (index_t j = 0; j < n; j += line) simd::prefetch(row + j);
}

/// Points of `count` segments; differences that overflow leave NaN in what comes back.
template <bool safe, class T>
MLQA_INLINE simd::vec<T> points(const T* rows, index_t d, const index_t* base, const index_t* neighbor,
                                const double* fraction, index_t count, T* out) {
    constexpr int w = simd::lanes<T>;
    simd::vec<T> nan = {};
    for (index_t i = 0; i < count; ++i, out += d) {
        const T* a = rows + base[i] * d;
        const T* b = rows + neighbor[i] * d;
        const f64 f = simd::broadcast(fraction[i]);
        index_t j = 0;
        for (; j + w <= d; j += w) {
            const simd::vec<T> from = simd::load(a + j), to = simd::load(b + j), difference = to - from;
            simd::store(out + j, point<safe>(from, to, difference, f));
            nan += difference * T(0);
        }
        if (j < d) {
            const int rest = static_cast<int>(d - j);
            const simd::vec<T> from = simd::load_partial(a + j, rest), to = simd::load_partial(b + j, rest),
                               difference = to - from;
            simd::store_partial(out + j, point<safe>(from, to, difference, f), rest);
            nan += difference * T(0);
        }
    }
    return nan;
}

template <class T>
void interpolate(const T* rows, index_t d, const index_t* base, const index_t* neighbor,
                 const double* fraction, index_t count, T* out) {
    const index_t size = d * static_cast<index_t>(sizeof(T));
    const index_t at_once = size < block_bytes ? block_bytes / (size > 0 ? size : 1) : 1;
    const index_t fetched = size < most_fetched ? d : most_fetched / static_cast<index_t>(sizeof(T));
    for (index_t first = 0; first < count; first += at_once) {
        const index_t n = first + at_once < count ? at_once : count - first;
        for (index_t i = first + n; i < count && i < first + n + at_once; ++i) {
            fetch(rows + base[i] * d, fetched);
            fetch(rows + neighbor[i] * d, fetched);
        }
        T* to = out + first * d;
        const simd::vec<T> nan =
            points<false>(rows, d, base + first, neighbor + first, fraction + first, n, to);
        if (simd::reduce_add(nan) != 0)
            points<true>(rows, d, base + first, neighbor + first, fraction + first, n, to);
    }
}

}  // namespace

const SmoteKernels MLQA_KERNELS(smote) = {
    {copy<float>, interpolate<float>},
    {copy<double>, interpolate<double>},
};

}  // namespace mlqa
