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

const FixedPanelsKernels& fixed_products() noexcept {
#if MLQA_AMX
    if (!pairwise::multiplies_by_model()) return fixed_panels_table_v4amx;
#endif
    return fixed_panels_kernels();
}

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
void FixedFormat<T>::pack(const PointSet& set, const index_t* index, index_t n, PackedAs as, Number* packed,
                          T* norms) {
    const MatrixView<const double>& x = set.points().dense;
    std::vector<double> squares(norms == nullptr ? 0 : static_cast<std::size_t>(n));
    fixed_kernels().pack(x.data, x.row_stride, x.col_stride, index, n, set.features(), set.centre(),
                         set.fixed().factor(digits), digits, as == PackedAs::panels, packed,
                         norms == nullptr ? nullptr : squares.data());
    std::transform(squares.begin(), squares.end(), norms, [](double s) { return static_cast<T>(s); });
}

template struct NumberFormat<float>;
template struct NumberFormat<double>;
template struct FixedFormat<float>;
template struct FixedFormat<double>;

template <class T>
void kernel_rows(const PointSet& set, const PackedRows<NumberFormat<T>>& a,
                 const PackedColumns<NumberFormat<T>>& b, index_t first, index_t last, T* const* out) {
    panel_table<T>().rows(&set.function(), a.points, a.norms, a.size, b.points, b.norms, first, last,
                          set.features(), out);
}
template void kernel_rows(const PointSet&, const PackedRows<NumberFormat<float>>&,
                          const PackedColumns<NumberFormat<float>>&, index_t, index_t, float* const*);
template void kernel_rows(const PointSet&, const PackedRows<NumberFormat<double>>&,
                          const PackedColumns<NumberFormat<double>>&, index_t, index_t, double* const*);

void kernel_rows(const PointSet& set, const PackedRows<FixedFormat<float>>& a,
                 const PackedColumns<FixedFormat<float>>& b, index_t first, index_t last, float* const* out) {
    fixed_products().rows(&set.function(), a.points, a.norms, a.size, b.points, b.norms, first, last,
                          set.features(), set.fixed().unit(), out);
}

void add_sums(const PointSet& set, const PackedRows<NumberFormat<double>>& a,
              const PackedColumns<NumberFormat<double>>& b, const double* weight, index_t n,
              double* partial) {
    panels_kernels().sums(&set.function(), a.points, a.norms, a.size, b.points, b.norms, weight, n,
                          set.features(), partial);
}

void add_sums(const PointSet& set, const PackedRows<FixedFormat<double>>& a,
              const PackedColumns<FixedFormat<double>>& b, const double* weight, index_t n, double* partial) {
    fixed_products().sums(&set.function(), a.points, a.norms, a.size, b.points, b.norms, weight, n,
                          set.features(), set.fixed().unit(), partial);
}

void add_mutual_sums(const PointSet& set, const PackedRows<NumberFormat<double>>& a, const double* a_weight,
                     const PackedColumns<NumberFormat<double>>& b, const double* weight, index_t n,
                     double* partial, double* column) {
    panels_kernels().mutual_sums(&set.function(), a.points, a.norms, a_weight, a.size, b.points, b.norms,
                                 weight, n, set.features(), partial, column);
}

void add_mutual_sums(const PointSet& set, const PackedRows<FixedFormat<double>>& a, const double* a_weight,
                     const PackedColumns<FixedFormat<double>>& b, const double* weight, index_t n,
                     double* partial, double* column) {
    fixed_products().mutual_sums(&set.function(), a.points, a.norms, a_weight, a.size, b.points, b.norms,
                                 weight, n, set.features(), set.fixed().unit(), partial, column);
}

}  // namespace mlqa::svm
