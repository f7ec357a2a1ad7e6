// How dense points are packed for kernel values: as float or double numbers, or in fixed point.
//
// A format packs runs of points as panels (the columns of a product) or as blocks (its rows). Packed points
// begin at offset(i) numbers, i a multiple of the width of a panel. Norms are of the format's values.
#pragma once

#include <cstdint>

#include "core/array.hpp"
#include "pairwise/fixed.hpp"
#include "svm/fixed_panels.kernel.hpp"
#include "svm/panels.kernel.hpp"
#include "svm/rows.hpp"

namespace mlqa::svm {

enum class PackedAs { panels, block };

template <class T>
const PanelTable<T>& panel_table();

/// The products in fixed point: those of the processor where it may be used, else their model.
const FixedPanelsKernels& fixed_products() noexcept;

/// gamma of row_source.hpp, of products in float.
double number_error(index_t d) noexcept;

/// A block of points in a format, and their squared norms.
template <class Format>
struct PackedRows {
    const typename Format::Number* points;
    const typename Format::Value* norms;
    index_t size;
};

/// Panels of points, from a whole one on.
template <class Format>
struct PackedColumns {
    const typename Format::Number* points;
    const typename Format::Value* norms;
};

template <class T>
struct NumberFormat {
    using Value = T;
    using Number = T;

    static index_t panel_width() { return panel_table<T>().panel_width; }
    static index_t block_rows() { return panel_table<T>().block_rows; }
    static std::size_t offset(index_t point, index_t d) { return static_cast<std::size_t>(point * d); }
    /// Packs the caller's points `index` of `set`, less its centre, and their squared norms unless `norms` is
    /// nullptr.
    static void pack(const PointSet& set, const index_t* index, index_t n, PackedAs as, Number* packed,
                     Value* norms);
};

/// Few digits for values in float, many for those in double.
template <class T>
struct FixedFormat {
    using Value = T;
    using Number = std::int8_t;
    static constexpr int digits = sizeof(T) == sizeof(float) ? pairwise::few_digits : pairwise::many_digits;

    static index_t panel_width() { return pairwise::fixed_panel; }
    static index_t block_rows() { return pairwise::fixed_group; }
    static std::size_t offset(index_t point, index_t d) { return pairwise::fixed_offset(point, d, digits); }
    static void pack(const PointSet& set, const index_t* index, index_t n, PackedAs as, Number* packed,
                     Value* norms);
};

/// The kernels of svm/panels.kernel.hpp and svm/fixed_panels.kernel.hpp: values in rows, in the formats whose
/// sets have rows,
template <class T>
void kernel_rows(const PointSet& set, const PackedRows<NumberFormat<T>>& a,
                 const PackedColumns<NumberFormat<T>>& b, index_t first, index_t last, T* const* out);
void kernel_rows(const PointSet& set, const PackedRows<FixedFormat<float>>& a,
                 const PackedColumns<FixedFormat<float>>& b, index_t first, index_t last, float* const* out);
/// and sums of n columns in double.
void add_sums(const PointSet& set, const PackedRows<NumberFormat<double>>& a,
              const PackedColumns<NumberFormat<double>>& b, const double* weight, index_t n, double* partial);
void add_sums(const PointSet& set, const PackedRows<FixedFormat<double>>& a,
              const PackedColumns<FixedFormat<double>>& b, const double* weight, index_t n, double* partial);
void add_mutual_sums(const PointSet& set, const PackedRows<NumberFormat<double>>& a, const double* a_weight,
                     const PackedColumns<NumberFormat<double>>& b, const double* weight, index_t n,
                     double* partial, double* column);
void add_mutual_sums(const PointSet& set, const PackedRows<FixedFormat<double>>& a, const double* a_weight,
                     const PackedColumns<FixedFormat<double>>& b, const double* weight, index_t n,
                     double* partial, double* column);

}  // namespace mlqa::svm
