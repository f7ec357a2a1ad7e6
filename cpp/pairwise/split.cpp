#include "pairwise/split.hpp"

#include "core/isa.hpp"
#include "pairwise/products.hpp"
#include "pairwise/split.kernel.hpp"

namespace mlqa::pairwise {
namespace {

constexpr index_t split_features = 48;  ///< fewer gain nothing where boxes rule out most pairs

const SplitKernels& kernels() noexcept {
#if MLQA_AMX
    if (!multiplies_by_model()) return split_table_v4amx;
#endif
    return split_kernels();
}

}  // namespace

bool splits(index_t d) noexcept {
    return multiplies_tiles(d >= split_features);
}

const GroupsTable<float>& split_table(float) noexcept {
    return kernels().f32;
}
const GroupsTable<double>& split_table(double) noexcept {
    return kernels().f64;
}

}  // namespace mlqa::pairwise
