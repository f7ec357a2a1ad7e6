// Coordinate descent over features for |w|_1 + sum_i C_i dist(w x_i, [low_i, high_i])^2.
//
// A feature's step solves its quadratic model with |w_j| exactly,
//
//     d = -(g + 1) / h if g + 1 < h w, -(g - 1) / h if g - 1 > h w, else -w,
//     g = -sum_i force_i x_ij,  h = sum_i bend_i x_ij^2,
//
// and is halved until the objective falls by a hundredth of what the model promises (G.-X. Yuan, K.-W. Chang,
// C.-J. Hsieh and C.-J. Lin, "A comparison of optimization methods and software for large-scale
// L1-regularized linear classification", JMLR 11:3183-3234, 2010, section 4.1 and its appendix on the squared
// hinge). Where the bound with the largest curvature, 2 sum_i C_i x_ij^2, promises that fall, the loss is not
// computed.
#pragma once

#include "core/array.hpp"
#include "core/isa.hpp"

namespace mlqa {

/// Features as columns, the constant last. Dense: `stride` numbers a column, 64-byte aligned, with zeros
/// behind the rows. Sparse: CSC.
struct LinearColumns {
    const double* values;
    const std::int32_t* indices;  ///< nullptr: dense
    const index_t* offsets;
    index_t stride;
};

/// What a feature's slopes need of a row, and what a step changes besides: a line of the cache each at most.
struct RowSlopes {
    double force, bend;
};
struct RowPlace {
    double z, low, high, cost;  ///< z = w x_i
};

/// Dense columns go over arrays, filled up to a multiple of 8 with rows that cost nothing; sparse columns
/// jump from row to row, and find each row's numbers together.
struct ColumnState {
    double* w;
    double* z;
    double* force;
    double* bend;
    const double* low;
    const double* high;
    const double* cost;
    RowSlopes* slopes;       ///< sparse: instead of force and bend
    RowPlace* places;        ///< sparse: instead of z, low, high and cost
    const double* steepest;  ///< 2 sum_i C_i x_ij^2 of each feature
};

struct ColumnPass {
    index_t* order;
    index_t position;
    index_t active;
    double above;  ///< a feature with w_j = 0 whose slopes are further from 0 than this is left out
    double largest, sum;
};

struct LinearColumnKernels {
    /// At most `steps` features of a pass.
    void (*descend)(const LinearColumns* columns, const ColumnState* state, ColumnPass* pass, index_t steps);
    /// g of feature j.
    double (*gradient)(const LinearColumns* columns, const ColumnState* state, index_t j);
};

MLQA_DECLARE_KERNELS(LinearColumnKernels, linear_columns)

}  // namespace mlqa
