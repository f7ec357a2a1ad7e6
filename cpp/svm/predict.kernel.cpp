#include "svm/predict.kernel.hpp"

#include "pairwise/tiles.hpp"

namespace mlqa {
namespace {

using simd::f64;

constexpr int lanes = simd::lanes<double>;
constexpr int width = pairwise::panel_width<double>;

void machine(const double* coef_a, const double* values_a, index_t n_a, const double* coef_b,
             const double* values_b, index_t n_b, double intercept, double* out) {
    f64 a[1][2], b[1][2];
    pairwise::multiply<double, 1>(coef_a, 1, values_a, n_a, a);
    pairwise::multiply<double, 1>(coef_b, 1, values_b, n_b, b);
    const f64 shift = simd::broadcast(intercept);
    simd::store(out, a[0][0] + b[0][0] + shift);
    simd::store(out + lanes, a[0][1] + b[0][1] + shift);
}

struct StoreSums {
    double* out;

    template <int R>
    MLQA_INLINE void operator()(const pairwise::Tile<double, R>& tile) const {
        for (int r = 0; r < tile.rows; ++r) {
            simd::store(out + (tile.row + r) * width, tile.dot[r][0]);
            simd::store(out + (tile.row + r) * width + lanes, tile.dot[r][1]);
        }
    }
};

void class_sums(const double* coef, index_t machines, const double* values, index_t n, double* out) {
    StoreSums store{out};
    pairwise::product<double>(coef, machines, values, 0, width, n, store);
}

}  // namespace

const PredictKernels MLQA_KERNELS(predict) = {width, pairwise::block_rows, machine, class_sums};

}  // namespace mlqa
