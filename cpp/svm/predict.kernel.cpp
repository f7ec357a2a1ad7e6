#include "svm/predict.kernel.hpp"

#include "pairwise/tiles.hpp"
#include "svm/values.hpp"

namespace mlqa {
namespace {

using pairwise::block_rows;
using svm::KernelFunction;

template <class T>
constexpr int lanes = simd::lanes<T>;
template <class T>
constexpr int width = pairwise::panel_width<T>;

/// Points whose sums run side by side: one alone would wait for each of its additions.
constexpr int abreast = 4;

template <class T, class S>
void take(const S* x, index_t row_stride, index_t col_stride, const index_t* index, index_t points, index_t d,
          const PointRows<T>* out) {
    for (index_t i = 0; i < points; i += abreast) {
        const S* row[abreast];
        T* to[abreast];
        double norm[abreast] = {}, square[abreast] = {};
        // Behind the end the last point is taken again.
        for (int r = 0; r < abreast; ++r) {
            const index_t here = pairwise::lesser(i + r, points - 1);
            row[r] = x + index[here] * row_stride;
            to[r] = out->rows + here * out->stride;
        }
        for (index_t k = 0; k < d; ++k) {
            const double centre = out->centre == nullptr ? 0.0 : out->centre[k];
            for (int r = 0; r < abreast; ++r) {
                const double v = static_cast<double>(row[r][k * col_stride]);
                const double difference = v - centre;
                to[r][k] = static_cast<T>(difference);
                norm[r] = svm::fma_one(difference, difference, norm[r]);
                square[r] = svm::fma_one(v, v, square[r]);
            }
        }
        for (int r = 0; r < abreast && i + r < points; ++r) {
            out->norms[i + r] = norm[r];
            out->squares[i + r] = square[r];
        }
    }
}

/// RBF values in float from scaled norms: 2^y with y = (scaled norms) + 2 gamma log2(e) <x, z>, at most 0.
/// The fraction of y goes into a polynomial (minimax on [-1/2, 1/2] with p(0) = 1, off by 1.9 2^-24
/// relatively, by at most 4 2^-24 as it is evaluated); values below 2^-126 become 2^-126.
struct ScreenedRbf {
    simd::f32 factor;

    MLQA_INLINE simd::f32 operator()(simd::f32 dot, simd::f32 norms) const {
        using simd::broadcast;
        using simd::f32;
        const f32 below = simd::min(simd::fma(factor, dot, norms), f32{});
        const f32 y = simd::max(below, broadcast(-126.0f));
        simd::i32 whole;
        const f32 r = y - vmath::round_small(y, whole);
        f32 p = broadcast(0x1.5bba0ap-10f);
        p = simd::fma(p, r, broadcast(0x1.3cea8cp-7f));
        p = simd::fma(p, r, broadcast(0x1.c6b754p-5f));
        p = simd::fma(p, r, broadcast(0x1.ebf9bcp-3f));
        p = simd::fma(p, r, broadcast(0x1.62e42ap-1f));
        p = simd::fma(p, r, broadcast(1.0f));
        return (f32)((simd::i32)p + (whole << 23));
    }
};

/// Calls `work(value)` for the kernel function, which takes scaled norms.
template <class T, class Work>
MLQA_INLINE void with_scaled_value(const KernelFunction* f, Work&& work) {
    if constexpr (sizeof(T) == 4) {
        if (f->kind == svm::Kernel::rbf)
            return work(ScreenedRbf{simd::broadcast(static_cast<float>(-2 * norm_scale<float>(*f)))});
    }
    svm::with_value<T>(f, work);
}

/// R points with P panels.
template <class T, int R, int P, class V>
MLQA_INLINE void tile(const V& value, double scale, const PointRows<T>& points, index_t first, const T* panel,
                      const T* norms, index_t d, T* out, index_t stride) {
    using Vector = simd::vec<T>;
    constexpr int w = lanes<T>;
    const T* a = points.rows + first * points.stride;
    Vector acc[R][2 * P] = {};
    for (index_t k = 0; k < d; ++k) {
        Vector b[2 * P];
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p) {
            b[2 * p] = simd::load(panel + (p * d + k) * 2 * w);
            b[2 * p + 1] = simd::load(panel + (p * d + k) * 2 * w + w);
        }
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const Vector x = simd::broadcast<T>(a[r * points.stride + k]);
#pragma GCC unroll 8
            for (int v = 0; v < 2 * P; ++v) acc[r][v] = simd::fma(x, b[v], acc[r][v]);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
        const Vector norm = simd::broadcast<T>(static_cast<T>(scale * points.norms[first + r]));
        T* to = out + (first + r) * stride;
#pragma GCC unroll 8
        for (int v = 0; v < 2 * P; ++v)
            simd::store(to + v * w, value(acc[r][v], norm + simd::load(norms + v * w)));
    }
}

/// All points with a panel that stays in L1 meanwhile.
template <class T, class V>
MLQA_INLINE void with_panel(const V& value, double scale, const PointRows<T>& points, index_t count,
                            const T* panel, const T* norms, index_t d, T* out, index_t stride) {
    index_t i = 0;
    for (; i + block_rows <= count; i += block_rows)
        tile<T, block_rows, 1>(value, scale, points, i, panel, norms, d, out, stride);
    for (; i + 4 <= count; i += 4) tile<T, 4, 1>(value, scale, points, i, panel, norms, d, out, stride);
    for (; i < count; ++i) tile<T, 1, 1>(value, scale, points, i, panel, norms, d, out, stride);
}

template <class T>
void values(const KernelFunction* f, const PointRows<T>* points, index_t count, const T* panels,
            const T* norms, index_t n_panels, index_t d, T* out, index_t stride) {
    // Panels side by side for a point alone, so that its sums need not wait for each other.
    constexpr int together = 4;
    with_scaled_value<T>(f, [&](auto value) {
        const double scale = norm_scale<T>(*f);
        index_t p = 0;
        for (; count == 1 && p + together <= n_panels; p += together)
            tile<T, 1, together>(value, scale, *points, 0, panels + p * width<T> * d, norms + p * width<T>, d,
                                 out + p * width<T>, stride);
        for (; p < n_panels; ++p)
            with_panel(value, scale, *points, count, panels + p * width<T> * d, norms + p * width<T>, d,
                       out + p * width<T>, stride);
    });
}

template <class T>
constexpr PredictTable<T> table = {width<T>,       block_rows,      lanes<T>,
                                   take<T, float>, take<T, double>, values<T>};

#if defined(__FMA__) || defined(__ARM_NEON)
constexpr int roundings = 1;
#else
constexpr int roundings = 2;
#endif

}  // namespace

const PredictKernels MLQA_KERNELS(predict) = {table<float>, table<double>, roundings};

}  // namespace mlqa
