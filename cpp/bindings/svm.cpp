#include "bindings/areas.hpp"

namespace mlqa::bindings {

void bind_svm(pybind11::module_& module) {
    pybind11::module_ m = module.def_submodule("svm");
    (void)m;
}

}  // namespace mlqa::bindings
