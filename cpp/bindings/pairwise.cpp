#include "bindings/areas.hpp"

namespace mlqa::bindings {

void bind_pairwise(pybind11::module_& module) {
    pybind11::module_ m = module.def_submodule("pairwise");
    (void)m;
}

}  // namespace mlqa::bindings
