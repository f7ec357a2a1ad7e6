#include "bindings/areas.hpp"

namespace mlqa::bindings {

void bind_linear_model(pybind11::module_& module) {
    pybind11::module_ m = module.def_submodule("linear_model");
    (void)m;
}

}  // namespace mlqa::bindings
