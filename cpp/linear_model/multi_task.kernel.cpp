#include "linear_model/multi_task.kernel.hpp"

#include "linear_model/wide.hpp"

namespace mlqa::linear_model {
namespace {

bool step_block(double squared_norm, double lambda, double ridge, std::int64_t targets, double* z, double* w,
                Sweep* sweep) {
    axpy(squared_norm, w, z, targets);
    const double norm = __builtin_sqrt(dot(z, z, targets));
    const double shrink = norm > lambda ? (1 - lambda / norm) / (squared_norm + ridge) : 0.0;
    const f64 factor = simd::broadcast(shrink);
    f64 change{}, largest{};
    for (std::int64_t t = 0; t < targets; t += step) {
        const int rest = targets - t < step ? static_cast<int>(targets - t) : step;
        const Wide old = load_wide(w + t, rest), v = load_wide(z + t, rest);
        const Wide now{factor * v.low, factor * v.high};
        const Wide back{old.low - now.low, old.high - now.high};
        change = simd::max(change, simd::max(simd::abs(back.low), simd::abs(back.high)));
        largest = simd::max(largest, simd::max(simd::abs(now.low), simd::abs(now.high)));
        store_wide(w + t, now, rest);
        store_wide(z + t, back, rest);
    }
    const double moved = simd::reduce_max(change), size = simd::reduce_max(largest);
    if (moved > sweep->change) sweep->change = moved;
    if (size > sweep->largest) sweep->largest = size;
    return moved != 0;
}

void covariance(const double* gram, std::int64_t k, std::int64_t begin, std::int64_t end,
                std::int64_t targets, const double* lambda, const double* ridge, double* w, double* q,
                double* z, Sweep* sweep) {
    for (std::int64_t j = begin; j < end; ++j) {
        const double* row = gram + j * k;
        if (!(row[j] > 0)) continue;
        for (std::int64_t t = 0; t < targets; ++t) z[t] = q[t * k + j];
        if (step_block(row[j], lambda[j], ridge[j], targets, z, w + j * targets, sweep))
            axpys(z, row, q, k, targets, k);
    }
}

}  // namespace

const MultiTaskKernels MLQA_KERNELS(multi_task) = {step_block, covariance};

}  // namespace mlqa::linear_model
