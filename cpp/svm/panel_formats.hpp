// How dense points are packed for rows of kernel values: as float or double numbers, or in fixed point, from
// which values are float.
//
// A format packs runs of points as panels (the columns of rows) or as blocks (whose rows are wanted). Packed
// points begin at offset(i) numbers, i a multiple of the width.
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

/// gamma of row_source.hpp, of products in float.
double number_error(index_t d) noexcept;

template <class T>
struct NumberFormat {
    using Value = T;
    using Number = T;
    static constexpr index_t computed_features = 128;

    static index_t panel_width() { return panel_table<T>().panel_width; }
    static index_t block_rows() { return panel_table<T>().block_rows; }
    static std::size_t offset(index_t point, index_t d) { return static_cast<std::size_t>(point * d); }
    /// Packs the caller's points `index` of `set`, less its centre, and their squared norms unless `norms` is
    /// nullptr.
    static void pack(const PointSet& set, const index_t* index, index_t n, PackedAs as, Number* packed,
                     T* norms);
    static void rows(const PointSet& set, const Number* block, const T* block_norms, index_t m,
                     const Number* panels, const T* norms, index_t first, index_t last, T* const* out);
};

struct FixedFormat {
    using Value = float;
    using Number = std::int8_t;
    static constexpr index_t computed_features = 128;

    static index_t panel_width() { return pairwise::fixed_panel; }
    static index_t block_rows() { return pairwise::fixed_group; }
    static std::size_t offset(index_t point, index_t d) {
        return static_cast<std::size_t>(point / pairwise::fixed_group * pairwise::fixed_chunks(d) *
                                        pairwise::few_digits * pairwise::fixed_digit);
    }
    static void pack(const PointSet& set, const index_t* index, index_t n, PackedAs as, Number* packed,
                     float* norms);
    static void rows(const PointSet& set, const Number* block, const float* block_norms, index_t m,
                     const Number* panels, const float* norms, index_t first, index_t last,
                     float* const* out);
};

/// The products in fixed point: of the processor where it may be used, else their model.
const FixedPanelsKernels& fixed_products() noexcept;

}  // namespace mlqa::svm
