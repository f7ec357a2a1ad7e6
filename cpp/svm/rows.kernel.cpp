#include "svm/rows.kernel.hpp"

#include "pairwise/tiles.hpp"
#include "svm/values.hpp"

namespace mlqa {
namespace {

using pairwise::Tile;
using simd::f64;
using svm::KernelFunction;

constexpr int lanes = simd::lanes<double>;
constexpr int width = pairwise::panel_width<double>;

/// Columns that are written together, row by row.
constexpr int run = 8;

/// As simd::fma, for one number: the same bits.
MLQA_INLINE double fma_one(double a, double b, double c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

void norms(const double* packed, int group, index_t points, index_t d, double* out) {
    constexpr int most = width > pairwise::block_rows ? width : pairwise::block_rows;
    for (index_t i = 0; i < points; i += group) {
        double sum[most] = {};
        const double* x = packed + i * d;
        for (index_t k = 0; k < d; ++k)
            for (int r = 0; r < group; ++r) sum[r] = fma_one(x[k * group + r], x[k * group + r], sum[r]);
        for (int r = 0; r < group && i + r < points; ++r) out[i + r] = sum[r];
    }
}

void sparse_norms(const SparseView<double>* x, const index_t* index, index_t points, double* out) {
    for (index_t i = 0; i < points; ++i) {
        const index_t row = index == nullptr ? i : index[i];
        double sum = 0;
        for (index_t e = x->begin(row); e < x->end(row); ++e) sum = fma_one(x->values[e], x->values[e], sum);
        out[i] = sum;
    }
}

void diagonal(const KernelFunction* f, const double* norms_of, index_t points, double* values) {
    svm::with_value<double>(f, [&](auto value) {
        for (index_t i = 0; i < points; i += lanes) {
            const int n = static_cast<int>(pairwise::lesser(lanes, points - i));
            const f64 norm = simd::load_partial(norms_of + i, n);
            simd::store_partial(values + i, value(norm, norm + norm), n);
        }
    });
}

template <class V>
struct StoreRows {
    V value;
    const double* a_norms;
    const double* b_norms;
    double* const* out;

    template <int R>
    MLQA_INLINE void operator()(const Tile<double, R>& tile) const {
        const f64 b0 = simd::load(b_norms + tile.column), b1 = simd::load(b_norms + tile.column + lanes);
        for (int r = 0; r < tile.rows; ++r) {
            const f64 a = simd::broadcast(a_norms[tile.row + r]);
            double* row = out[tile.row + r] + tile.column;
            simd::store(row, value(tile.dot[r][0], a + b0));
            simd::store(row + lanes, value(tile.dot[r][1], a + b1));
        }
    }
};

void rows(const KernelFunction* f, const double* a, const double* a_norms, index_t a_points,
          const double* panels, const double* b_norms, index_t first, index_t last, index_t d,
          double* const* out) {
    svm::with_value<double>(f, [&](auto value) {
        StoreRows<decltype(value)> store{value, a_norms, b_norms, out};
        pairwise::product<double>(a, a_points, panels, first, last, d, store);
    });
}

/// Squares of `run` a side, so that every line is touched once.
void mirror(double* k, index_t stride, index_t row, index_t m, index_t first, index_t last) {
    for (index_t j = first; j < last; j += run) {
        const index_t columns = pairwise::lesser(run, last - j);
        for (index_t i = row; i < row + m; i += run) {
            const index_t rows_here = pairwise::lesser(run, row + m - i);
            const double* from = k + i * stride + j;
            double* to = k + j * stride + i;
            if (columns == run && rows_here == run) {
                for (int c = 0; c < run; ++c)
                    for (int r = 0; r < run; ++r) to[c * stride + r] = from[r * stride + c];
            } else {
                for (index_t c = 0; c < columns; ++c)
                    for (index_t r = 0; r < rows_here; ++r) to[c * stride + r] = from[r * stride + c];
            }
        }
    }
}

template <class V>
struct StorePanel {
    V value;
    const double* a_norms;
    f64 b0, b1;
    double* out;

    template <int R>
    MLQA_INLINE void operator()(const Tile<double, R>& tile) const {
        for (int r = 0; r < tile.rows; ++r) {
            const f64 a = simd::broadcast(a_norms[tile.row + r]);
            double* row = out + (tile.row + r) * width;
            simd::store(row, value(tile.dot[r][0], a + b0));
            simd::store(row + lanes, value(tile.dot[r][1], a + b1));
        }
    }
};

void panel(const KernelFunction* f, const double* a, const double* a_norms, index_t a_points, const double* b,
           const double* b_norms, index_t d, double* out) {
    svm::with_value<double>(f, [&](auto value) {
        StorePanel<decltype(value)> store{value, a_norms, simd::load(b_norms), simd::load(b_norms + lanes),
                                          out};
        pairwise::product<double>(a, a_points, b, 0, width, d, store);
    });
}

/// Products of one sparse row with the points of one group, in the order of the features.
MLQA_INLINE void sparse_product(const double* group, const std::int32_t* slot, const SparseView<double>* x,
                                index_t row, f64 (&dot)[2]) {
    dot[0] = dot[1] = f64{};
    for (index_t e = x->begin(row); e < x->end(row); ++e) {
        const f64 v = simd::broadcast(x->values[e]);
        const double* z = group + static_cast<index_t>(slot[x->indices[e]]) * width;
        dot[0] = simd::fma(v, simd::load(z), dot[0]);
        dot[1] = simd::fma(v, simd::load(z + lanes), dot[1]);
    }
}

void sparse_panel(const KernelFunction* f, const SparseBlock* block, const SparseView<double>* a,
                  const double* a_norms, double* out) {
    const f64 z0 = simd::load(block->norms), z1 = simd::load(block->norms + lanes);
    svm::with_value<double>(f, [&](auto value) {
        for (index_t i = 0; i < a->outer; ++i) {
            f64 dot[2];
            sparse_product(block->panels, block->slot, a, i, dot);
            const f64 norm = simd::broadcast(a_norms[i]);
            simd::store(out + i * width, value(dot[0], norm + z0));
            simd::store(out + i * width + lanes, value(dot[1], norm + z1));
        }
    });
}

}  // namespace

const RowsKernels MLQA_KERNELS(rows) = {
    width, pairwise::block_rows, norms, sparse_norms, diagonal, rows, mirror, panel, sparse_panel,
};

}  // namespace mlqa
