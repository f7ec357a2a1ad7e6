#include "linear_model/moments.hpp"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <algorithm>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/linear_paths.hpp"
#include "core/threads.hpp"

namespace mlqa::bindings {
namespace {

using Rows = py::array_t<index_t, aligned_rows>;

/// The second moments of the rows of each fold, and the point that they are about.
py::typing::Tuple<Doubles, Doubles> fold_moments(const py::array& x, const Doubles& y,
                                                 const OptionalDoubles& roots,
                                                 const std::optional<Rows>& rows, const Rows& offsets,
                                                 bool center, int n_jobs) {
    if (x.ndim() != 2 || x.size() == 0) refuse("X must have two dimensions, at least one row and one column");
    const index_t n = x.shape(0);
    check_shape(y, "y", {n});
    if (roots) check_shape(*roots, "roots", {n});
    if (offsets.ndim() != 1 || offsets.size() < 2)
        refuse("offsets must have one dimension and one entry more than there are folds");
    bool good = offsets.data()[0] == 0 && offsets.data()[offsets.size() - 1] == (rows ? rows->size() : n);
    for (py::ssize_t f = 0; good && f + 1 < offsets.size(); ++f)
        good = offsets.data()[f] < offsets.data()[f + 1];
    if (!good) refuse("offsets must rise from 0 to the number of rows");
    const index_t* row = rows ? rows->data() : nullptr;
    if (rows && !std::all_of(row, row + rows->size(), [n](index_t i) { return i >= 0 && i < n; }))
        refuse("rows must be from 0 to n_samples - 1");
    const index_t folds = offsets.size() - 1, size = x.shape(1) + 2;
    auto moments = empty<double>({folds, size, size});
    auto shift = empty<double>({size - 1});
    double *to = moments.mutable_data(), *shift_to = shift.mutable_data();
    const auto call = [&](auto zero) {
        const lm::Folds<decltype(zero)> task{
            matrix_view<decltype(zero)>(x), y.data(), data_or_null(roots), row, offsets.data(), folds, center,
            threads::resolve(n_jobs)};
        native_call([&] { return lm::moments(task, shift_to, to); }, py::none());
        return py::make_tuple(moments, shift);
    };
    if (py::isinstance<py::array_t<double>>(x)) return call(0.0);
    if (py::isinstance<py::array_t<float>>(x)) return call(0.0F);
    refuse("X must be float32 or float64 in native byte order");
}

}  // namespace

void bind_moments(py::module_& linear_model) {
    linear_model.def("fold_moments", &fold_moments, py::arg("X"), py::arg("y"), py::arg("roots"),
                     py::arg("rows"), py::arg("offsets"), py::arg("center"), py::arg("n_jobs"),
                     "Moments (folds, p + 2, p + 2) of sqrt(weight) [X - m, y - m_y, 1], and (m, m_y).");
}

}  // namespace mlqa::bindings
