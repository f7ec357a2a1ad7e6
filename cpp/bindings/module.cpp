#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "core/threads.hpp"

#if defined(_WIN32)
#define MLQA_EXPORT extern "C" __declspec(dllexport)
#else
#define MLQA_EXPORT extern "C" __attribute__((visibility("default")))
#endif

// What threadpoolctl calls.
MLQA_EXPORT int mlqa_fast_get_num_threads() {
    return mlqa::threads::limit();
}
MLQA_EXPORT void mlqa_fast_set_num_threads(int n) {
    mlqa::threads::set_limit(n);
}

PYBIND11_MODULE(_mlqa_fast_core, module) {
    module.doc() = "Native kernels of mlqa_fast; use the public functions of the package instead.";
    mlqa::bindings::import_numpy();
    mlqa::bindings::remember_main_thread();
    mlqa::bindings::bind_core(module);
    mlqa::bindings::bind_pairwise(module);
    mlqa::bindings::bind_nn(module);
    mlqa::bindings::bind_svm(module);
    mlqa::bindings::bind_linear_model(module);
    mlqa::bindings::bind_over_sampling(module);
}
