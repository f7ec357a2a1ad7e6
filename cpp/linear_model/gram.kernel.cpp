#include "linear_model/gram.kernel.hpp"

#include "pairwise/tiles.hpp"

namespace mlqa::linear_model {
namespace {

using pairwise::block_rows;
using pairwise::lesser;

constexpr int width = pairwise::panel_width<double>;

template <class T>
MLQA_INLINE std::int64_t row_of(const GramColumns<T>* from, std::int64_t k) {
    return from->rows != nullptr ? from->rows[k] : k;
}

template <class T>
MLQA_INLINE double root_of(const GramColumns<T>* from, std::int64_t row) {
    return from->roots != nullptr ? from->roots[row] : 1.0;
}

/// Column j of a panel becomes s (y - m), or s.
template <class T>
void pack_target(const GramColumns<T>* from, bool ones, std::int64_t first, std::int64_t depth,
                 double* packed) {
    const double shift = from->shift != nullptr ? from->shift[from->count] : 0.0;
    for (std::int64_t k = 0; k < depth; ++k) {
        const std::int64_t i = row_of(from, first + k);
        packed[k * width] = ones ? root_of(from, i) : (from->target[i] - shift) * root_of(from, i);
    }
}

template <class T>
void pack_panel(const GramColumns<T>* from, std::int64_t panel, std::int64_t first, std::int64_t depth,
                double* packed) {
    const std::int64_t begin = panel * width, left = from->count - begin;
    const std::int64_t count = left < 0 ? 0 : lesser(width, left);
    const T* columns[width];
    double shift[width];
    for (int j = 0; j < width; ++j) {
        columns[j] = from->columns[j < count ? begin + j : 0];
        shift[j] = from->shift != nullptr && j < count ? from->shift[begin + j] : 0.0;
    }
    for (std::int64_t k = 0; k < depth; ++k) {
        const std::int64_t i = row_of(from, first + k), at = i * from->row_stride;
        const double root = root_of(from, i);
#pragma GCC unroll 16
        for (int j = 0; j < width; ++j)
            packed[k * width + j] = (static_cast<double>(columns[j][at]) - shift[j]) * root;
    }
    for (std::int64_t k = 0; count < width && k < depth; ++k)
        for (std::int64_t j = count; j < width; ++j) packed[k * width + j] = 0.0;
    for (int more = 0; more < 2 && from->target != nullptr; ++more)
        if (left + more >= 0 && left + more < width)
            pack_target(from, more == 1, first, depth, packed + left + more);
}

/// Columns that lie side by side, row by row: so is the matrix read from front to back.
template <class T>
void pack_rows(const GramColumns<T>* from, std::int64_t panels, std::int64_t stride, std::int64_t first,
               std::int64_t depth, double* packed) {
    for (std::int64_t k = 0; k < depth; ++k) {
        const std::int64_t i = row_of(from, first + k);
        const T* x = from->columns[0] + i * from->row_stride;
        const double root = root_of(from, i);
        for (std::int64_t panel = 0; panel < panels; ++panel) {
            double* out = packed + panel * stride + k * width;
            const double* shift = from->shift + panel * width;
#pragma GCC unroll 16
            for (int j = 0; j < width; ++j)
                out[j] = (static_cast<double>(x[panel * width + j]) - shift[j]) * root;
        }
    }
}

template <class T>
void pack(const GramColumns<T>* from, std::int64_t begin, std::int64_t end, std::int64_t stride,
          std::int64_t first, std::int64_t depth, double* packed) {
    const std::int64_t whole = from->count / width;
    bool side_by_side = begin == 0 && whole <= end && from->shift != nullptr && from->row_stride != 1;
    for (std::int64_t j = 0; side_by_side && j < from->count; ++j)
        side_by_side = from->columns[j] == from->columns[0] + j;
    if (side_by_side) pack_rows(from, whole, stride, first, depth, packed);
    for (std::int64_t panel = side_by_side ? whole : begin; panel < end; ++panel)
        pack_panel(from, panel, first, depth, packed + panel * stride);
}

/// One tile; the first `Split` of its rows lie in one panel, the others at the beginning of the next.
template <int Split>
MLQA_INLINE void add_tile(const double* a, const double* next, const double* panel, std::int64_t depth,
                          double* out, std::int64_t ld) {
    simd::f64 sum[block_rows][2] = {};
    const auto value = [=](int r, std::int64_t k) {
        return r < Split ? a[k * width + r] : next[k * width + (r - Split)];
    };
    constexpr int w = simd::lanes<double>;
    for (std::int64_t k = 0; k < depth; ++k) {
        const simd::f64 b0 = simd::load(panel + k * width), b1 = simd::load(panel + k * width + w);
#pragma GCC unroll 16
        for (int r = 0; r < block_rows; ++r) {
            const simd::f64 x = simd::broadcast<double>(value(r, k));
            sum[r][0] = simd::fma(x, b0, sum[r][0]);
            sum[r][1] = simd::fma(x, b1, sum[r][1]);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < block_rows; ++r)
        for (int v = 0; v < 2; ++v) {
            double* to = out + r * ld + v * simd::lanes<double>;
            simd::store(to, simd::load(to) + sum[r][v]);
        }
}

void add(const double* packed, std::int64_t stride, std::int64_t depth, std::int64_t first, std::int64_t last,
         double* out, std::int64_t ld) {
    constexpr int third = block_rows / 3;
    for (std::int64_t j = 0; j < last; j += width) {
        const double* panel = packed + j / width * stride;
        const std::int64_t diagonal = j / block_rows * block_rows;
        for (std::int64_t i = diagonal > first ? diagonal : first; i < last; i += block_rows) {
            const double* a = packed + i / width * stride + i % width;
            const double* next = packed + (i / width + 1) * stride;
            double* to = out + i * ld + j;
            const std::int64_t split = width - i % width;
            if (split >= block_rows)
                add_tile<block_rows>(a, next, panel, depth, to, ld);
            else if (split == 2 * third)
                add_tile<2 * third>(a, next, panel, depth, to, ld);
            else
                add_tile<third>(a, next, panel, depth, to, ld);
        }
    }
}

}  // namespace

const GramKernels MLQA_KERNELS(gram) = {width, block_rows, {pack<float>}, {pack<double>}, add};

}  // namespace mlqa::linear_model
