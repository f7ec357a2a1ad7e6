// Views of arrays that somebody else owns. Strides count elements, not bytes, and may be negative or zero.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mlqa {

using index_t = std::int64_t;

template <class T>
struct VectorView {
    T* data = nullptr;
    index_t size = 0;
    index_t stride = 1;

    T& operator[](index_t i) const { return data[i * stride]; }
    bool contiguous() const { return stride == 1 || size <= 1; }
};

template <class T>
struct MatrixView {
    T* data = nullptr;
    index_t rows = 0;
    index_t cols = 0;
    index_t row_stride = 0;
    index_t col_stride = 1;

    T& operator()(index_t i, index_t j) const { return data[i * row_stride + j * col_stride]; }
    T* row(index_t i) const { return data + i * row_stride; }
    T* column(index_t j) const { return data + j * col_stride; }
    /// Each row is one run of memory.
    bool rows_contiguous() const { return col_stride == 1 || cols <= 1; }
    /// Each column is one run of memory.
    bool columns_contiguous() const { return row_stride == 1 || rows <= 1; }
};

/// Compressed sparse rows (CSR) or columns (CSC): `outer` runs of (index, value) pairs. `indices` and
/// `offsets` have been checked against `inner` and the number of values before a view is made.
template <class T, class I = std::int32_t>
struct SparseView {
    const T* values = nullptr;
    const I* indices = nullptr;
    const I* offsets = nullptr;  ///< outer + 1 of them
    index_t outer = 0;
    index_t inner = 0;

    index_t begin(index_t i) const { return offsets[i]; }
    index_t end(index_t i) const { return offsets[i + 1]; }
};

}  // namespace mlqa
