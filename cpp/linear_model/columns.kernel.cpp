#include "linear_model/columns.kernel.hpp"

#include "linear_model/wide.hpp"

namespace mlqa::linear_model {
namespace {

// Tiles of pairs whose accumulators stay in registers: 32 of them on v4, 16 below.
#if defined(__AVX512F__)
constexpr int tile_a = 4;
#else
constexpr int tile_a = 2;
#endif
constexpr int tile_b = 4;

template <class T>
double column_dot(const T* x, const double* r, std::int64_t n) {
    return dot(x, r, n);
}

template <class T>
void column_axpy(double a, const T* x, double* r, std::int64_t n) {
    axpy(a, x, r, n);
}

template <class T>
double column_sum(const T* x, std::int64_t n) {
    f64 s0{}, s1{};
    for (std::int64_t i = 0; i < n; i += step) {
        const Wide a = n - i < step ? load_wide(x + i, static_cast<int>(n - i)) : load_wide(x + i);
        s0 += a.low;
        s1 += a.high;
    }
    return simd::reduce_add(s0 + s1);
}

template <class T>
double column_squared_norm(const T* x, std::int64_t n) {
    f64 s0{}, s1{};
    for (std::int64_t i = 0; i < n; i += step) {
        const Wide a = n - i < step ? load_wide(x + i, static_cast<int>(n - i)) : load_wide(x + i);
        s0 = simd::fma(a.low, a.low, s0);
        s1 = simd::fma(a.high, a.high, s1);
    }
    return simd::reduce_add(s0 + s1);
}

template <class T>
void column_center(const T* x, double mean, const double* s, T* out, std::int64_t n) {
    const f64 m = simd::broadcast(mean), one = simd::broadcast(1.0);
    for (std::int64_t i = 0; i < n; i += step) {
        const int rest = n - i < step ? static_cast<int>(n - i) : step;
        const Wide a = rest < step ? load_wide(x + i, rest) : load_wide(x + i);
        Wide scale{one, one};
        if (s != nullptr) scale = rest < step ? load_wide(s + i, rest) : load_wide(s + i);
        const Wide y{(a.low - m) * scale.low, (a.high - m) * scale.high};
        if (rest < step)
            store_wide(out + i, y, rest);
        else
            store_wide(out + i, y);
    }
}

template <class T, class U>
MLQA_INLINE void cross_tile(const T* const* a, int na, const U* const* b, int nb, std::int64_t first,
                            std::int64_t rows, double* out, std::int64_t ld) {
    const T* pa[tile_a];
    const U* pb[tile_b];
    for (int i = 0; i < tile_a; ++i) pa[i] = a[i < na ? i : 0] + first;
    for (int k = 0; k < tile_b; ++k) pb[k] = b[k < nb ? k : 0] + first;
    f64 sum[tile_a][tile_b] = {};
    std::int64_t t = 0;
    for (; t + step <= rows; t += step) {
        Wide va[tile_a];
        for (int i = 0; i < tile_a; ++i) va[i] = load_wide(pa[i] + t);
        for (int k = 0; k < tile_b; ++k) {
            const Wide vb = load_wide(pb[k] + t);
            for (int i = 0; i < tile_a; ++i)
                sum[i][k] = simd::fma(va[i].high, vb.high, simd::fma(va[i].low, vb.low, sum[i][k]));
        }
    }
    if (t < rows) {
        const int rest = static_cast<int>(rows - t);
        for (int k = 0; k < tile_b; ++k) {
            const Wide vb = load_wide(pb[k] + t, rest);
            for (int i = 0; i < tile_a; ++i) {
                const Wide va = load_wide(pa[i] + t, rest);
                sum[i][k] = simd::fma(va.high, vb.high, simd::fma(va.low, vb.low, sum[i][k]));
            }
        }
    }
    for (int i = 0; i < na; ++i)
        for (int k = 0; k < nb; ++k) out[i * ld + k] += simd::reduce_add(sum[i][k]);
}

template <class T, class U>
void cross(const T* const* a, std::int64_t na, const U* const* b, std::int64_t nb, std::int64_t first,
           std::int64_t rows, double* out, std::int64_t ld) {
    for (std::int64_t i = 0; i < na; i += tile_a)
        for (std::int64_t k = 0; k < nb; k += tile_b)
            cross_tile(a + i, static_cast<int>(na - i < tile_a ? na - i : tile_a), b + k,
                       static_cast<int>(nb - k < tile_b ? nb - k : tile_b), first, rows, out + i * ld + k,
                       ld);
}

template <class T>
void column_dots(const T* x, const double* r, std::int64_t ld, std::int64_t count, std::int64_t n,
                 double* out) {
    dots(x, r, ld, count, n, out);
}

template <class T>
void column_axpys(const double* a, const T* x, double* r, std::int64_t ld, std::int64_t count,
                  std::int64_t n) {
    axpys(a, x, r, ld, count, n);
}

template <class T>
double column_sparse_dot(const T* values, const std::int32_t* indices, std::int64_t count, const double* r) {
    return sparse_dot(values, indices, count, r);
}

template <class T>
void column_sparse_axpy(double a, const T* values, const std::int32_t* indices, std::int64_t count,
                        double* r) {
    sparse_axpy(a, values, indices, count, r);
}

}  // namespace

const ColumnTables MLQA_KERNELS(columns) = {
    {column_dot<float>, column_sum<float>, column_squared_norm<float>, column_axpy<float>,
     column_center<float>, cross<float, float>, cross<float, double>, column_dots<float>, column_axpys<float>,
     column_sparse_dot<float>, column_sparse_axpy<float>},
    {column_dot<double>, column_sum<double>, column_squared_norm<double>, column_axpy<double>,
     column_center<double>, cross<double, double>, cross<double, double>, column_dots<double>,
     column_axpys<double>, column_sparse_dot<double>, column_sparse_axpy<double>},
};

}  // namespace mlqa::linear_model
