#include "nn/batch_norm.kernel.hpp"

#include "nn/activation_vectors.hpp"

namespace mlqa::nn {
namespace {

/// Elements of a run whose sums stay in lanes of T before they go to double.
constexpr std::int64_t flush_length = 1024;
/// Rows whose sums stay in T.
constexpr int sum_rows = 8;
/// Rows of the other passes that share a load of the coefficients.
constexpr int pass_rows = simd::bytes == 64 ? 4 : 2;

// ---- Coefficients: the same for a whole run, or another for each column

template <class T>
struct Affine {
    vec<T> scale, shift, offset;
    MLQA_INLINE vec<T> operator()(vec<T> centred) const { return simd::fma(scale, centred, offset); }
};

template <class T>
struct Gradient {
    vec<T> dz_factor, x_factor, constant;
    MLQA_INLINE vec<T> operator()(vec<T> dz, vec<T> centred) const {
        return simd::fma(dz_factor, dz, simd::fma(x_factor, centred, constant));
    }
};

template <class T>
struct OfChannel {
    const Affine<T> affine;
    const Gradient<T> gradient;

    template <bool WithGradient>
    static MLQA_INLINE OfChannel make(const BatchNormTile<T>& t, std::int64_t c) {
        Gradient<T> g{};
        if constexpr (WithGradient)
            g = {simd::broadcast(t.dz_factor[c]), simd::broadcast(t.x_factor[c]),
                 simd::broadcast(t.constant[c])};
        return {{simd::broadcast(t.scale[c]), simd::broadcast(t.shift[c]), simd::broadcast(t.offset[c])}, g};
    }
    MLQA_INLINE Affine<T> affine_at(std::int64_t) const { return affine; }
    MLQA_INLINE Gradient<T> gradient_at(std::int64_t) const { return gradient; }
};

template <class T>
struct OfColumn {
    const BatchNormTile<T>& t;

    MLQA_INLINE Affine<T> affine_at(std::int64_t j) const {
        return {simd::load(t.scale + j), simd::load(t.shift + j), simd::load(t.offset + j)};
    }
    MLQA_INLINE Gradient<T> gradient_at(std::int64_t j) const {
        return {simd::load(t.dz_factor + j), simd::load(t.x_factor + j), simd::load(t.constant + j)};
    }
};

/// The start of a run in each tensor; null where the tensor is absent.
template <class T>
struct Pointers {
    const T* x;
    const T* dy;
    const T* residual;
    T* y;
    T* dx;
    T* dresidual;
    std::uint16_t* mask;
};

template <class T>
MLQA_INLINE T* start(const Run<T>& run, std::int64_t p, std::int64_t c) {
    return run.data == nullptr ? nullptr : run.data + p * run.plane_stride + c * run.channel_stride;
}

template <class T>
MLQA_INLINE Pointers<T> pointers(const BatchNormTile<T>& t, std::int64_t p, std::int64_t c) {
    return {start(t.x, p, c),  start(t.dy, p, c),        start(t.residual, p, c), start(t.y, p, c),
            start(t.dx, p, c), start(t.dresidual, p, c), start(t.mask, p, c)};
}

/// The tile with rows `n` rows apart for neighbours. Rows walked together are far from each other, each the
/// head of a stream of its own: the hardware does not follow streams that share a page.
template <class T>
MLQA_INLINE BatchNormTile<T> with_stride(BatchNormTile<T> t, std::int64_t n) {
    t.x.plane_stride *= n;
    t.dy.plane_stride *= n;
    t.residual.plane_stride *= n;
    t.y.plane_stride *= n;
    t.dx.plane_stride *= n;
    t.dresidual.plane_stride *= n;
    t.mask.plane_stride *= n;
    return t;
}

// ---- Forward

/// Up to 16 elements from element i on, of `Rows` rows.
template <int Rows, bool Whole, class T, Activation A, bool Residual, class Coefficients>
MLQA_INLINE void forward_word(const BatchNormTile<T>& t, const Pointers<T>& p, const Coefficients& k,
                              std::int64_t i, int n) {
    std::uint32_t bits[Rows] = {};
#pragma GCC unroll 4
    for (int v = 0; v < mask_word; v += lanes<T>) {
        const int left = lanes_left<Whole, T>(n, v);
        const Affine<T> affine = k.affine_at(i + v);
#pragma GCC unroll 4
        for (int row = 0; row < Rows; ++row) {
            const vec<T> x = read<Whole>(p.x + row * t.x.plane_stride + i + v, left);
            vec<T> z = affine(x - affine.shift);
            if constexpr (Residual)
                z = z + read<Whole>(p.residual + row * t.residual.plane_stride + i + v, left);
            const auto linear = is_linear<A>(z);
            if constexpr (Residual && A != Activation::none) bits[row] |= simd::bits(linear) << v;
            write<Whole>(p.y + row * t.y.plane_stride + i + v, activate<A>(z, linear), left, t.stream);
        }
    }
    if constexpr (Residual && A != Activation::none)
        if (p.mask != nullptr)
            for (int row = 0; row < Rows; ++row)
                p.mask[row * t.mask.plane_stride + i / mask_word] = static_cast<std::uint16_t>(bits[row]);
}

// ---- Backward

/// dz = activation'(z) dy of a vector that starts at element i of a run.
template <bool Whole, class T, Activation A, bool Residual>
MLQA_INLINE vec<T> gradient_before_activation(vec<T> dy, vec<T> centred, const Affine<T>& affine,
                                              const T* residual, const std::uint16_t* bits, std::int64_t i,
                                              int n) {
    if constexpr (A == Activation::none) {
        return dy;
    } else if constexpr (A == Activation::elu) {
        vec<T> z = affine(centred);
        if constexpr (Residual) z = z + read<Whole>(residual + i, n);
        return simd::select(is_linear<A>(z), dy, dy * vmath::exp_negative(simd::min(z, vec<T>{})));
    } else {
        mask<T> linear;
        if constexpr (Residual)
            linear = lanes_of<T>(static_cast<std::uint32_t>(bits[i / mask_word]) >> (i % mask_word));
        else
            linear = is_linear<A>(affine(centred));
        constexpr T slope = static_cast<T>(A == Activation::relu ? 0.0 : leaky_relu_slope);
        return simd::select(linear, dy, A == Activation::relu ? vec<T>{} : dy * slope);
    }
}

template <int Rows, bool Whole, class T, Activation A, bool Residual, class Coefficients>
MLQA_INLINE void backward_word(const BatchNormTile<T>& t, const Pointers<T>& p, const Coefficients& k,
                               std::int64_t i, int n) {
#pragma GCC unroll 4
    for (int v = 0; v < mask_word; v += lanes<T>) {
        const int left = lanes_left<Whole, T>(n, v);
        const std::int64_t j = i + v;
        const Affine<T> affine = k.affine_at(j);
        const Gradient<T> gradient = k.gradient_at(j);
#pragma GCC unroll 4
        for (int row = 0; row < Rows; ++row) {
            const vec<T> centred = read<Whole>(p.x + row * t.x.plane_stride + j, left) - affine.shift;
            const vec<T> dy = read<Whole>(p.dy + row * t.dy.plane_stride + j, left);
            const vec<T> dz = gradient_before_activation<Whole, T, A, Residual>(
                dy, centred, affine, p.residual + row * t.residual.plane_stride,
                p.mask + row * t.mask.plane_stride, j, left);
            const vec<T> dx = t.constant_statistics ? gradient.dz_factor * dz : gradient(dz, centred);
            write<Whole>(p.dx + row * t.dx.plane_stride + j, dx, left, t.stream);
            if (p.dresidual != nullptr)
                write<Whole>(p.dresidual + row * t.dresidual.plane_stride + j, dz, left, t.stream);
        }
    }
}

// ---- The two walks over a tile for a pass that writes

struct Forward {
    static constexpr bool with_gradient = false;
    template <int Rows, bool Whole, class T, Activation A, bool Residual, class Coefficients>
    static MLQA_INLINE void word(const BatchNormTile<T>& t, const Pointers<T>& p, const Coefficients& k,
                                 std::int64_t i, int n) {
        forward_word<Rows, Whole, T, A, Residual>(t, p, k, i, n);
    }
};

struct Backward {
    static constexpr bool with_gradient = true;
    template <int Rows, bool Whole, class T, Activation A, bool Residual, class Coefficients>
    static MLQA_INLINE void word(const BatchNormTile<T>& t, const Pointers<T>& p, const Coefficients& k,
                                 std::int64_t i, int n) {
        backward_word<Rows, Whole, T, A, Residual>(t, p, k, i, n);
    }
};

template <class Direction, int Rows, class T, Activation A, bool Residual, class Coefficients>
MLQA_INLINE void walk_run(const BatchNormTile<T>& t, const Pointers<T>& p, const Coefficients& k) {
    std::int64_t i = 0;
    for (; i + mask_word <= t.length; i += mask_word)
        Direction::template word<Rows, true, T, A, Residual>(t, p, k, i, mask_word);
    if (i < t.length)
        Direction::template word<Rows, false, T, A, Residual>(t, p, k, i, static_cast<int>(t.length - i));
}

/// From the last plane to the first: the pass before this one ended there, so that is what the cache holds.
template <class Direction, class T, Activation A, bool Residual>
void walk_planes(const BatchNormTile<T>* tile) {
    const BatchNormTile<T> t = *tile;
    for (std::int64_t p = t.planes - 1; p >= 0; --p)
        for (std::int64_t c = 0; c < t.channels; ++c)
            walk_run<Direction, 1, T, A, Residual>(
                t, pointers(t, p, c), OfChannel<T>::template make<Direction::with_gradient>(t, c));
    if (t.stream) simd::fence();
}

template <class Direction, class T, Activation A, bool Residual>
void walk_rows(const BatchNormTile<T>* tile) {
    const BatchNormTile<T> t = *tile;
    const OfColumn<T> k{t};
    const std::int64_t n = t.planes / pass_rows;
    const BatchNormTile<T> streams = with_stride(t, n);
    for (std::int64_t p = 0; p < n; ++p)
        walk_run<Direction, pass_rows, T, A, Residual>(streams, pointers(t, p, 0), k);
    for (std::int64_t p = pass_rows * n; p < t.planes; ++p)
        walk_run<Direction, 1, T, A, Residual>(t, pointers(t, p, 0), k);
    if (t.stream) simd::fence();
}

// ---- Sums

MLQA_INLINE void add_to(double* sums, simd::f32 v) {
    constexpr int half = lanes<double>;
    simd::store(sums, simd::load(sums) + simd::widen_low(v));
    simd::store(sums + half, simd::load(sums + half) + simd::widen_high(v));
}
MLQA_INLINE void add_to(double* sums, simd::f64 v) {
    simd::store(sums, simd::load(sums) + v);
}

/// The two terms of the statistics.
template <class T>
struct Deviations {
    template <bool Whole>
    static MLQA_INLINE void add(const BatchNormTile<T>& t, const Pointers<T>& p, const Affine<T>& affine,
                                std::int64_t row, std::int64_t i, int n, vec<T>& s, vec<T>& q) {
        const vec<T> x = read<Whole>(p.x + row * t.x.plane_stride + i, n);
        vec<T> d = x - affine.shift;
        if constexpr (!Whole) d = first_lanes<T>(d, n);
        s = s + d;
        q = simd::fma(d, d, q);
    }
};

/// The two terms of the gradients. Lanes past the end have dy = 0 and so dz = 0.
template <class T, Activation A, bool Residual>
struct GradientTerms {
    template <bool Whole>
    static MLQA_INLINE void add(const BatchNormTile<T>& t, const Pointers<T>& p, const Affine<T>& affine,
                                std::int64_t row, std::int64_t i, int n, vec<T>& s, vec<T>& q) {
        vec<T> centred = read<Whole>(p.x + row * t.x.plane_stride + i, n) - affine.shift;
        if constexpr (!Whole) centred = first_lanes<T>(centred, n);
        const vec<T> dy = read<Whole>(p.dy + row * t.dy.plane_stride + i, n);
        const vec<T> dz = gradient_before_activation<Whole, T, A, Residual>(
            dy, centred, affine, p.residual + row * t.residual.plane_stride,
            p.mask + row * t.mask.plane_stride, i, n);
        s = s + dz;
        q = simd::fma(dz, centred, q);
    }
};

/// One run of one channel. Four pairs of accumulators hide the latency of an addition.
template <class T, class Terms>
MLQA_INLINE void sum_run(const BatchNormTile<T>& t, const Pointers<T>& p, const Affine<T>& affine,
                         double* sums) {
    constexpr int w = lanes<T>, unroll = 4;
    for (std::int64_t first = 0; first < t.length; first += flush_length) {
        const std::int64_t end = first + flush_length < t.length ? first + flush_length : t.length;
        vec<T> s[unroll] = {}, q[unroll] = {};
        std::int64_t i = first;
        for (; i + unroll * w <= end; i += unroll * w) {
#pragma GCC unroll 4
            for (int u = 0; u < unroll; ++u)
                Terms::template add<true>(t, p, affine, 0, i + u * w, w, s[u], q[u]);
        }
        for (; i + w <= end; i += w) Terms::template add<true>(t, p, affine, 0, i, w, s[0], q[0]);
        if (i < end) Terms::template add<false>(t, p, affine, 0, i, static_cast<int>(end - i), s[0], q[0]);
        add_to(sums, (s[0] + s[1]) + (s[2] + s[3]));
        add_to(sums + plane_sum_lanes, (q[0] + q[1]) + (q[2] + q[3]));
    }
}

template <class T, class Terms>
void sum_planes(const BatchNormTile<T>* tile, double* sums) {
    const BatchNormTile<T> t = *tile;
    for (std::int64_t p = 0; p < t.planes; ++p)
        for (std::int64_t c = 0; c < t.channels; ++c)
            sum_run<T, Terms>(t, pointers(t, p, c), OfChannel<T>::template make<false>(t, c).affine,
                              sums + 2 * plane_sum_lanes * c);
}

template <int Rows, bool Whole, class T, class Terms>
MLQA_INLINE void sum_columns(const BatchNormTile<T>& t, const Pointers<T>& p, double* sums,
                             std::int64_t padded, std::int64_t j, int n) {
    const Affine<T> affine = OfColumn<T>{t}.affine_at(j);
    vec<T> s{}, q{};
#pragma GCC unroll 8
    for (int row = 0; row < Rows; ++row) Terms::template add<Whole>(t, p, affine, row, j, n, s, q);
    add_to(sums + j, s);
    add_to(sums + padded + j, q);
}

template <int Rows, class T, class Terms>
MLQA_INLINE void sum_rows_of(const BatchNormTile<T>& t, const Pointers<T>& p, double* sums) {
    constexpr int w = lanes<T>;
    const std::int64_t padded = (t.length + mask_word - 1) / mask_word * mask_word;
    std::int64_t j = 0;
    for (; j + w <= t.length; j += w) sum_columns<Rows, true, T, Terms>(t, p, sums, padded, j, w);
    if (j < t.length)
        sum_columns<Rows, false, T, Terms>(t, p, sums, padded, j, static_cast<int>(t.length - j));
}

template <class T, class Terms>
void sum_all_rows(const BatchNormTile<T>* tile, double* sums) {
    const BatchNormTile<T> t = *tile;
    const std::int64_t n = t.planes / sum_rows;
    const BatchNormTile<T> streams = with_stride(t, n);
    for (std::int64_t p = 0; p < n; ++p) sum_rows_of<sum_rows, T, Terms>(streams, pointers(t, p, 0), sums);
    for (std::int64_t p = sum_rows * n; p < t.planes; ++p)
        sum_rows_of<1, T, Terms>(t, pointers(t, p, 0), sums);
}

// ---- The table

#define MLQA_EACH_ACTIVATION(f)                                                    \
    {                                                                              \
        {f(Activation::none, false), f(Activation::none, true)},                   \
            {f(Activation::relu, false), f(Activation::relu, true)},               \
            {f(Activation::leaky_relu, false), f(Activation::leaky_relu, true)}, { \
            f(Activation::elu, false), f(Activation::elu, true)                    \
        }                                                                          \
    }
#define MLQA_SUM_PLANES(a, r) sum_planes<T, GradientTerms<T, a, r>>
#define MLQA_SUM_ROWS(a, r) sum_all_rows<T, GradientTerms<T, a, r>>
#define MLQA_FORWARD_PLANES(a, r) walk_planes<Forward, T, a, r>
#define MLQA_FORWARD_ROWS(a, r) walk_rows<Forward, T, a, r>
#define MLQA_BACKWARD_PLANES(a, r) walk_planes<Backward, T, a, r>
#define MLQA_BACKWARD_ROWS(a, r) walk_rows<Backward, T, a, r>

template <class T>
constexpr BatchNormTable<T> table = {
    {sum_planes<T, Deviations<T>>, sum_all_rows<T, Deviations<T>>},
    {MLQA_EACH_ACTIVATION(MLQA_SUM_PLANES), MLQA_EACH_ACTIVATION(MLQA_SUM_ROWS)},
    {MLQA_EACH_ACTIVATION(MLQA_FORWARD_PLANES), MLQA_EACH_ACTIVATION(MLQA_FORWARD_ROWS)},
    {MLQA_EACH_ACTIVATION(MLQA_BACKWARD_PLANES), MLQA_EACH_ACTIVATION(MLQA_BACKWARD_ROWS)},
};

}  // namespace

const BatchNormKernels MLQA_KERNELS(batch_norm) = {table<float>, table<double>};

}  // namespace mlqa::nn
