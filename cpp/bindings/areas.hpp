// One function an area: it fills the area's submodule of the extension.
#pragma once

#include <pybind11/pybind11.h>

namespace mlqa::bindings {

void bind_core(pybind11::module_& module);
void bind_pairwise(pybind11::module_& module);
/// Into the submodule of `pairwise`.
void bind_kmeans(pybind11::module_& pairwise);
void bind_nn(pybind11::module_& module);
void bind_svm(pybind11::module_& module);
/// Into the submodule of `svm`.
void bind_sparse_rows(pybind11::module_& svm);
/// Into the submodule of `svm`.
void bind_svm_predict(pybind11::module_& svm);
/// Into the submodule of `svm`.
void bind_linear_svm(pybind11::module_& svm);
void bind_linear_model(pybind11::module_& module);
/// Into the submodule of `linear_model`.
void bind_moments(pybind11::module_& linear_model);
void bind_over_sampling(pybind11::module_& module);

}  // namespace mlqa::bindings
