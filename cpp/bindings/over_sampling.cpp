#include "bindings/areas.hpp"

namespace mlqa::bindings {

void bind_over_sampling(pybind11::module_& module) {
    pybind11::module_ m = module.def_submodule("over_sampling");
    (void)m;
}

}  // namespace mlqa::bindings
