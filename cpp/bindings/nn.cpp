#include "bindings/areas.hpp"

namespace mlqa::bindings {

void bind_nn(pybind11::module_& module) {
    pybind11::module_ m = module.def_submodule("nn");
    (void)m;
}

}  // namespace mlqa::bindings
