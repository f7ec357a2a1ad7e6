// The loops of searches by groups in split bfloat16; formula and bound in pairwise/split.hpp. At every level
// there is the model of the product, at that of AMX the product itself.
#pragma once

#include "pairwise/groups.kernel.hpp"

namespace mlqa {

struct SplitKernels {
    GroupsTable<float> f32;
    GroupsTable<double> f64;
};

MLQA_DECLARE_KERNELS(SplitKernels, split)
#if !defined(MLQA_ISA) && MLQA_AMX
extern const SplitKernels split_table_v4amx;
#endif

}  // namespace mlqa
