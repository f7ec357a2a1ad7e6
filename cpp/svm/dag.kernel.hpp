// Steps through the graph of machines (svm/dag.hpp), from the kernel values of one point.
#pragma once

#include "core/isa.hpp"
#include "svm/decide.kernel.hpp"

namespace mlqa {

/// A list of classes that a point came to: those from place `first` on, as many as its level says.
struct GraphNode {
    double evidence;     ///< |decision value| here; on the way back the best evidence from here on
    index_t child;       ///< on the way back: where the list that the machine decides for is
    std::int32_t first;  ///< place in the order
    bool strikes_last;   ///< what the machine decides: the last class on the list, else the first
};

/// What one class has against each of the others, b = 0, 1, ..., with signs that make positive values its
/// own.
struct ClassBlock {
    const float* constant;  ///< classes - 1 intercepts
    const float* reach;     ///< sums of |coefficients| of both classes, rounded up
    /// For each b the coefficients of its own support vectors and those of b's, in bfloat16.
    const std::uint16_t* coef;
};

/// A point on its way through the graph: the places in the order of the first and the last class on its list.
struct GraphPoint {
    index_t first, last;
};

struct GraphKernels {
    /// The class of the support vector with the largest kernel value, and the largest |value|.
    index_t (*nearest)(const MachineView<float>* m, const float* values, float* largest);
    /// Class `a` if it certainly wins against all others, by more than `explore`; else the one that beats it
    /// most clearly, or -1 if none does for certain. `sums` holds `classes` numbers.
    index_t (*challenge)(const MachineView<float>* m, const ClassBlock* block, const float* values,
                         float error, float explore, index_t a, float* sums);
    /// Takes a point along the list `order` as far as values are certain, and certain to be `explore` away
    /// from 0.
    void (*walk)(const MachineView<float>* m, const index_t* order, const float* values, float error,
                 float explore, GraphPoint* point);
    /// One level in double: asks the machines of `count` nodes, in the order of their first places, whose
    /// lists are `length` + 1 long. Their children go behind them, in order and each once: the way that the
    /// machine decides, and the other as well where |value| < explore. Returns the number of children.
    index_t (*descend)(const MachineView<double>* m, const index_t* order, const double* values,
                       double explore, index_t length, GraphNode* nodes, index_t count);
};

MLQA_DECLARE_KERNELS(GraphKernels, dag)

}  // namespace mlqa
