#include "pairwise/split.hpp"

#include <atomic>

#include "core/isa.hpp"
#include "pairwise/split.kernel.hpp"

namespace mlqa::pairwise {
namespace {

constexpr index_t split_features = 48;  ///< fewer gain nothing where boxes rule out most pairs

std::atomic<Products> chosen{Products::by_shape};

const SplitKernels& kernels() noexcept {
#if MLQA_AMX
    if (chosen.load(std::memory_order_relaxed) != Products::model && isa::tiles_granted())
        return split_table_v4amx;
#endif
    return split_kernels();
}

}  // namespace

void use_products(Products products) noexcept {
    chosen.store(products, std::memory_order_relaxed);
}

bool splits(index_t d) noexcept {
    switch (chosen.load(std::memory_order_relaxed)) {
        case Products::model:
            return true;
        case Products::tiles:
            return isa::tiles_granted();
        default:
            return d >= split_features && isa::tiles_granted();
    }
}

const GroupsTable<float>& split_table(float) noexcept {
    return kernels().f32;
}
const GroupsTable<double>& split_table(double) noexcept {
    return kernels().f64;
}

}  // namespace mlqa::pairwise
