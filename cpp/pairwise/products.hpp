// What multiplies groups of rows where tiles of AMX may be used: for tests also their model on any processor.
#pragma once

namespace mlqa::pairwise {

/// What suits the shape of the rows; the tiles or their model, whatever the shape.
enum class Products { by_shape, tiles, model };
void use_products(Products products) noexcept;

/// Whether tiles, or their model, are to multiply rows that it pays for.
bool multiplies_tiles(bool pays) noexcept;
/// Whether the model is to be used in place of the tiles.
bool multiplies_by_model() noexcept;

}  // namespace mlqa::pairwise
