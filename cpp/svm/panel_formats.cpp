#include "svm/panel_formats.hpp"

#include <algorithm>
#include <vector>

#include "pairwise/fixed.kernel.hpp"
#include "pairwise/products.hpp"
#include "pairwise/tiles.kernel.hpp"

namespace mlqa::svm {
namespace {

void pack_numbers(const MatrixView<const double>& x, const index_t* index, index_t n, const double* centre,
                  int width, float* packed) {
    tiles_kernels().f32.pack_f64(x.data, x.row_stride, x.col_stride, index, n, x.cols, centre, width, packed);
}
void pack_numbers(const MatrixView<const double>& x, const index_t* index, index_t n, const double* centre,
                  int width, double* packed) {
    tiles_kernels().f64.pack_f64(x.data, x.row_stride, x.col_stride, index, n, x.cols, centre, width, packed);
}

}  // namespace

template <>
const PanelTable<float>& panel_table<float>() {
    return panels_kernels().f32;
}
template <>
const PanelTable<double>& panel_table<double>() {
    return panels_kernels().f64;
}

double number_error(index_t d) noexcept {
    const double terms = panels_kernels().f32.roundings * static_cast<double>(d) + 8.0;
    const double u = terms * 0x1p-24;
    return u < 0.5 ? u / (1.0 - u) : 1.0;
}

template <class T>
void NumberFormat<T>::pack(const PointSet& set, const index_t* index, index_t n, PackedAs as, T* packed,
                           T* norms) {
    const auto width = static_cast<int>(as == PackedAs::panels ? panel_width() : block_rows());
    pack_numbers(set.points().dense, index, n, set.centre(), width, packed);
    if (norms != nullptr) panel_table<T>().norms(packed, width, n, set.features(), norms);
}

template <class T>
void NumberFormat<T>::rows(const PointSet& set, const T* block, const T* block_norms, index_t m,
                           const T* panels, const T* norms, index_t first, index_t last, T* const* out) {
    panel_table<T>().rows(&set.function(), block, block_norms, m, panels, norms, first, last, set.features(),
                          out);
}

template struct NumberFormat<float>;
template struct NumberFormat<double>;

void FixedFormat::pack(const PointSet& set, const index_t* index, index_t n, PackedAs as, Number* packed,
                       float* norms) {
    const MatrixView<const double>& x = set.points().dense;
    std::vector<double> squares(norms == nullptr ? 0 : static_cast<std::size_t>(n));
    fixed_kernels().pack(x.data, x.row_stride, x.col_stride, index, n, set.features(), set.centre(),
                         set.fixed().factor(pairwise::few_digits), pairwise::few_digits,
                         as == PackedAs::panels, packed, norms == nullptr ? nullptr : squares.data());
    std::transform(squares.begin(), squares.end(), norms, [](double s) { return static_cast<float>(s); });
}

void FixedFormat::rows(const PointSet& set, const Number* block, const float* block_norms, index_t m,
                       const Number* panels, const float* norms, index_t first, index_t last,
                       float* const* out) {
    fixed_products().rows(&set.function(), block, block_norms, m, panels, norms, first, last, set.features(),
                          set.fixed().unit(), out);
}

const FixedPanelsKernels& fixed_products() noexcept {
#if MLQA_AMX
    if (!pairwise::multiplies_by_model()) return fixed_panels_table_v4amx;
#endif
    return fixed_panels_kernels();
}

}  // namespace mlqa::svm
