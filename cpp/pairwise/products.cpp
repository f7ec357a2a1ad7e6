#include "pairwise/products.hpp"

#include <atomic>

#include "core/isa.hpp"

namespace mlqa::pairwise {
namespace {

std::atomic<Products> chosen{Products::by_shape};

Products in_use() noexcept {
    return chosen.load(std::memory_order_relaxed);
}

}  // namespace

void use_products(Products products) noexcept {
    chosen.store(products, std::memory_order_relaxed);
}

bool multiplies_tiles(bool pays) noexcept {
    switch (in_use()) {
        case Products::model:
            return true;
        case Products::tiles:
            return isa::tiles_granted();
        default:
            return pays && isa::tiles_granted();
    }
}

bool multiplies_by_model() noexcept {
    return in_use() == Products::model || !isa::tiles_granted();
}

}  // namespace mlqa::pairwise
