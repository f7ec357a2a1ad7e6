#include "pairwise/knn.kernel.hpp"

#include "pairwise/candidates.hpp"
#include "pairwise/distance.hpp"
#include "pairwise/tiles.hpp"

namespace mlqa {
namespace {

using pairwise::panel_width;
using pairwise::round_down;
using pairwise::round_up;
using pairwise::squared_distance;
using pairwise::Tile;
using simd::f32;

constexpr double u = 0x1p-24;
constexpr int w = simd::lanes<float>;
constexpr float float_infinity = __builtin_inff();

template <class S>
double extent(const KnnRows<S>& rows, const double* centre) {
    double largest = 0;
    for (index_t i = 0; i < rows.rows; ++i) {
        const S* x = rows.row(i);
        for (index_t j = 0; j < rows.d; ++j) {
            const double difference = static_cast<double>(x[j]) - centre[j];
            const double size = difference < 0 ? -difference : difference;
            if (size != size) return size;
            if (size > largest) largest = size;
        }
    }
    return largest;
}

template <class S>
void pack_row(const S* x, index_t d, const KnnPacked& out, index_t i) {
    float* column = out.panels + (i / out.width) * out.width * d + i % out.width;
    double norm[4] = {};
    for (index_t j = 0; j < d; ++j) {
        const double p = (static_cast<double>(x[j]) - out.centre[j]) * out.scale;
        norm[j % 4] += p * p;
        const bool vanishes = p > -0x1p-126 && p < 0x1p-126;
        column[j * out.width] = vanishes ? 0.0f : static_cast<float>(p);
    }
    const double square = (norm[0] + norm[1]) + (norm[2] + norm[3]);
    const double n = static_cast<double>(d) + 8;
    const double bound = n * u / (1 - n * u) * square + static_cast<double>(d) * 0x1p-124;
    const double half = 0.5 * square;
    out.low[i] = round_down(half - bound);
    out.slack[i] = round_up(half - static_cast<double>(out.low[i]) + bound);
}

template <class S>
void pack(const KnnRows<S>& rows, index_t first, index_t last, const KnnPacked& out) {
    for (index_t i = first; i < last; ++i) {
        if (i < rows.rows) {
            pack_row(rows.row(i), rows.d, out, i);
            continue;
        }
        float* column = out.panels + (i / out.width) * out.width * rows.d + i % out.width;
        for (index_t j = 0; j < rows.d; ++j) column[j * out.width] = 0.0f;
        out.low[i] = float_infinity;
        out.slack[i] = 0.0f;
    }
}

/// Keeps (distance, position) if it is among the k nearest so far.
template <class S>
void keep(const KnnBlock<S>& b, index_t row, double distance, index_t position) {
    double* kept = b.distance + row * b.k;
    index_t* at = b.position + row * b.k;
    index_t n = b.found[row];
    if (n == b.k) {
        if (!(distance < kept[n - 1] || (distance == kept[n - 1] && position < at[n - 1]))) return;
        --n;
    } else {
        ++b.found[row];
    }
    for (; n > 0 && (distance < kept[n - 1] || (distance == kept[n - 1] && position < at[n - 1])); --n) {
        kept[n] = kept[n - 1];
        at[n] = at[n - 1];
    }
    kept[n] = distance;
    at[n] = position;
}

template <class S>
MLQA_INLINE pairwise::Candidates<index_t> candidates_of(const KnnBlock<S>& b, index_t row) {
    return {b.candidate_value + row * b.capacity, b.candidate + row * b.capacity, b.count + row,
            b.limit + row};
}

/// Evaluates the candidates of a query; the k-th distance found bounds what may still come.
template <class S>
void evaluate(const KnnBlock<S>& b, index_t row) {
    const S* x = b.queries.row(row);
    const index_t* candidate = b.candidate + row * b.capacity;
    for (index_t c = 0; c < b.count[row]; ++c) {
        const index_t j = candidate[c];
        keep(b, row, squared_distance(x, b.base.row(j), b.base.d), j);
    }
    b.count[row] = 0;
    if (b.found[row] < b.k) return;
    const double kth = b.distance[row * b.k + b.k - 1];
    candidates_of(b, row).prove(kth, b.half_scale);
}

template <class S>
void tighten(const KnnBlock<S>& b, index_t row) {
    candidates_of(b, row).tighten(b.k, b.packed.slack, b.packed_queries.slack[row], b.heap);
}

/// Takes in the columns of one row of a tile that pass the limit.
template <class S>
__attribute__((noinline)) void take(const KnnBlock<S>& b, index_t row, index_t column, f32 s0, f32 s1) {
    const f32 limit = simd::broadcast(b.limit[row]);
    std::uint64_t passed = simd::bits(s0 <= limit) | static_cast<std::uint64_t>(simd::bits(s1 <= limit)) << w;
    if (b.self != nullptr) {
        const index_t own = b.self[row] - column;
        if (own >= 0 && own < 2 * w) passed &= ~(std::uint64_t{1} << own);
    }
    float lane[2 * w];
    simd::store(lane, s0);
    simd::store(lane + w, s1);
    index_t n = b.count[row];
    float* value = b.candidate_value + row * b.capacity;
    index_t* candidate = b.candidate + row * b.capacity;
    for (; passed != 0; passed &= passed - 1) {
        const int c = __builtin_ctzll(passed);
        value[n] = lane[c];
        candidate[n++] = column + c;
    }
    b.count[row] = n;
    const index_t most = b.capacity - 2 * w;
    if (n <= most) return;
    tighten(b, row);
    if (b.count[row] > most / 2) evaluate(b, row);
}

/// The epilogue: s = (h_i + h_j) - dot of a tile; where none passes its row's limit, that is all.
template <class S>
struct KeepNearest {
    const KnnBlock<S>& block;

    template <int R>
    MLQA_INLINE void operator()(const Tile<float, R>& tile) const {
        const f32 low0 = simd::load(block.packed.low + tile.column);
        const f32 low1 = simd::load(block.packed.low + tile.column + w);
        const auto half = [&](int r, int v) {
            const f32 low = simd::broadcast(block.packed_queries.low[tile.row + r]);
            return (low + (v == 0 ? low0 : low1)) - tile.dot[r][v];
        };
        // limit - s >= 0 wherever s <= limit: rounding keeps the order.
        f32 margin = simd::broadcast(-1.0f);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const f32 limit = simd::broadcast(block.limit[tile.row + r]);
            margin = simd::max(margin, limit - half(r, 0));
            margin = simd::max(margin, limit - half(r, 1));
        }
        if (simd::bits(margin >= f32{}) == 0) return;
        for (int r = 0; r < tile.rows; ++r) {
            const f32 limit = simd::broadcast(block.limit[tile.row + r]);
            const f32 s0 = half(r, 0), s1 = half(r, 1);
            if ((simd::bits(s0 <= limit) | simd::bits(s1 <= limit)) != 0)
                take(block, tile.row + r, tile.column, s0, s1);
        }
    }
};

template <class S>
void screen(const KnnBlock<S>& block, index_t first, index_t last) {
    KeepNearest<S> epilogue{block};
    pairwise::product<float>(block.packed_queries.panels, block.queries.rows, block.packed.panels, first,
                             last, block.base.d, epilogue);
}

template <class S>
void tighten_all(const KnnBlock<S>& block) {
    for (index_t i = 0; i < block.queries.rows; ++i) tighten(block, i);
}

template <class S>
void finish(const KnnBlock<S>& block) {
    for (index_t i = 0; i < block.queries.rows; ++i) {
        tighten(block, i);
        evaluate(block, i);
    }
}

template <class S>
void direct(const KnnBlock<S>& block, index_t first, index_t last) {
    for (index_t i = 0; i < block.queries.rows; ++i) {
        const S* x = block.queries.row(i);
        for (index_t j = first; j < last; ++j)
            if (block.self == nullptr || block.self[i] != j)
                keep(block, i, squared_distance(x, block.base.row(j), block.base.d), j);
    }
}

}  // namespace

const KnnKernels MLQA_KERNELS(knn) = {
    {extent<float>, pack<float>, screen<float>, tighten_all<float>, finish<float>, direct<float>},
    {extent<double>, pack<double>, screen<double>, tighten_all<double>, finish<double>, direct<double>},
};

}  // namespace mlqa
