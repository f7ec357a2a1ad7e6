#include "svm/rows.kernel.hpp"

#include "pairwise/tiles.hpp"
#include "svm/values.hpp"

namespace mlqa {
namespace {

using simd::f64;
using svm::KernelFunction;

constexpr int lanes = simd::lanes<double>;
constexpr int width = pairwise::panel_width<double>;

/// Columns that are written together, row by row.
constexpr int run = 8;

void sparse_norms(const SparseView<double>* x, const index_t* index, index_t points, double* out) {
    for (index_t i = 0; i < points; ++i) {
        const index_t row = index == nullptr ? i : index[i];
        double sum = 0;
        for (index_t e = x->begin(row); e < x->end(row); ++e)
            sum = svm::fma_one(x->values[e], x->values[e], sum);
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
    width, sparse_norms, diagonal, mirror, sparse_panel,
};

}  // namespace mlqa
