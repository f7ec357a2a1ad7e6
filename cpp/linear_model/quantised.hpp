// Bounds of gradients x_j'r from columns in 8 bits and a residual in float: an eighth of the memory of
// doubles.
//
//     |x_j'r - scale_j q_j'r~| <= error_j ||r|| + gamma ||x_j|| ||r||,
//
// the first for the column's rounding (||x_j - scale_j q_j|| <= error_j), the second for that of r to r~ and
// of the sum in float: gamma = (n / (4 lanes) + 12) 2^-24, with as many lanes as the narrowest vector has.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/status.hpp"
#include "linear_model/design.hpp"

namespace mlqa::linear_model {

class Quantised {
public:
    /// Copies all columns.
    Status build(const Design& design);
    bool built() const { return !columns_.empty(); }

    /// For each feature j of `features`: x_j'r up to an error of at most errors[i] ||x_j||, where r is the
    /// residual and r_norm at least its length.
    Status products(const Design& design, const std::vector<index_t>& features, const double* r,
                    double r_norm, double* values, double* errors);

private:
    arena::Buffer<std::int8_t> entries_;
    std::vector<Quantisation> columns_;
    arena::Buffer<float> residual_;
};

}  // namespace mlqa::linear_model
