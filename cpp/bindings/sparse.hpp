// SciPy's compressed sparse matrices as views.
#pragma once

#include <pybind11/numpy.h>

#include "bindings/memory.hpp"
#include "core/array.hpp"

namespace mlqa::bindings {

namespace py = pybind11;

/// A view of the three vectors of a CSR matrix, after checking that offsets rise from 0 to the number of
/// entries and that columns are within the matrix.
template <class T, class I>
SparseView<T, I> sparse_view(const py::array_t<T, aligned_rows>& values,
                             const py::array_t<I, aligned_rows>& indices,
                             const py::array_t<I, aligned_rows>& offsets, index_t columns) {
    if (values.ndim() != 1 || indices.ndim() != 1 || offsets.ndim() != 1 || offsets.size() < 1 ||
        indices.size() < values.size())
        throw py::value_error("data, indices and indptr must be the vectors of a sparse matrix");
    const index_t rows = offsets.size() - 1;
    bool valid = offsets.data()[0] == 0 && offsets.data()[rows] <= values.size();
    for (index_t i = 0; i < rows; ++i) valid = valid && offsets.data()[i] <= offsets.data()[i + 1];
    if (!valid) throw py::value_error("indptr must rise from 0 to the number of entries");
    for (index_t p = 0; p < offsets.data()[rows]; ++p)
        if (indices.data()[p] < 0 || indices.data()[p] >= columns)
            throw py::value_error("indices must be columns of the matrix");
    return {values.data(), indices.data(), offsets.data(), rows, columns};
}

}  // namespace mlqa::bindings
