// Steps through the graph of machines (svm/dag.hpp), from the kernel values of one point.
#pragma once

#include "core/isa.hpp"
#include "svm/decide.kernel.hpp"

namespace mlqa {

/// A list of classes that a point came to: those from place `first` on, as many as its level says.
struct GraphNode {
    double evidence;     ///< |decision value| here; on the way back the smallest one from here on
    std::int32_t first;  ///< place in the order
    std::int32_t leaf;   ///< on the way back: the class that is left at the end
    bool strikes_last;   ///< what the machine decides: the last class on the list, else the first
};

struct GraphKernels {
    /// The class that is left at the end of the list `order`; -1 if a value in float is not certain, or not
    /// certain to be `explore` away from 0.
    index_t (*walk)(const MachineView<float>* m, const index_t* order, const float* values, float error,
                    float explore);
    /// One level in double: asks the machines of `count` nodes, in the order of their first places, whose
    /// lists are `length` + 1 long. Their children go behind them, in order and each once: the way that the
    /// machine decides, and the other as well where |value| < explore. Returns the number of children.
    index_t (*descend)(const MachineView<double>* m, const index_t* order, const double* values,
                       double explore, index_t length, GraphNode* nodes, index_t count);
};

MLQA_DECLARE_KERNELS(GraphKernels, dag)

}  // namespace mlqa
