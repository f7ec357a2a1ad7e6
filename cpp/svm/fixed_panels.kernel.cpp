#include "svm/fixed_panels.kernel.hpp"

#include "pairwise/fixed_tiles.hpp"
#include "svm/panel_epilogues.hpp"

namespace mlqa {
namespace {

using pairwise::few_digits;
using pairwise::many_digits;
using svm::KernelFunction;

void rows(const KernelFunction* f, const std::int8_t* a, const float* a_norms, index_t a_points,
          const std::int8_t* panels, const float* b_norms, index_t first, index_t last, index_t d,
          double unit, float* const* out) {
    svm::with_value<float>(f, [&](auto value) {
        svm::StoreRows<float, decltype(value)> store{value, a_norms, b_norms, out};
        pairwise::fixed_product<few_digits, float>(a, a_points, panels, first, last, d, unit, store);
    });
}

void sums(const KernelFunction* f, const std::int8_t* a, const double* a_norms, index_t a_points,
          const std::int8_t* panels, const double* b_norms, const double* weight, index_t n, index_t d,
          double unit, double* partial) {
    svm::with_value<double>(f, [&](auto value) {
        svm::AddSums<decltype(value)> add{value, a_norms, b_norms, weight, partial};
        pairwise::fixed_product<many_digits, double>(a, a_points, panels, 0, n, d, unit, add);
    });
}

void mutual_sums(const KernelFunction* f, const std::int8_t* a, const double* a_norms, const double* a_weight,
                 index_t a_points, const std::int8_t* panels, const double* b_norms, const double* weight,
                 index_t n, index_t d, double unit, double* partial, double* column) {
    svm::with_value<double>(f, [&](auto value) {
        svm::AddMutualSums<decltype(value)> add{{value, a_norms, b_norms, weight, partial}, a_weight, column};
        pairwise::fixed_product<many_digits, double>(a, a_points, panels, 0, n, d, unit, add);
    });
}

}  // namespace

const FixedPanelsKernels MLQA_KERNELS(fixed_panels) = {rows, sums, mutual_sums};

}  // namespace mlqa
