#include "svm/dag.kernel.hpp"

#include "svm/machine_values.hpp"

namespace mlqa {
namespace {

index_t walk(const MachineView<float>* m, const index_t* order, const float* values, float error,
             float explore) {
    const index_t *first = order, *last = order + m->classes - 1;
    while (first < last) {
        const bool rises = *first < *last;
        const index_t a = rises ? *first : *last, b = rises ? *last : *first;
        const float intercept = m->intercept[pair(*m, a, b)];
        const float value = value_of(*m, a, b, intercept, values);
        const int result = winner(value, bound(*m, a, b, intercept, error) + explore);
        if (result == 0) return -1;
        if ((result > 0) == rises)
            --last;
        else
            ++first;
    }
    return *first;
}

index_t descend(const MachineView<double>* m, const index_t* order, const double* values, double explore,
                index_t length, GraphNode* nodes, index_t count) {
    GraphNode* const children = nodes + count;
    index_t made = 0;
    const auto make = [&](std::int32_t first) {
        if (made > 0 && children[made - 1].first == first) return;
        children[made++] = {__builtin_inf(), first, static_cast<std::int32_t>(order[first]), false};
    };
    for (index_t n = 0; n < count; ++n) {
        GraphNode& node = nodes[n];
        const index_t first = order[node.first], last = order[node.first + length];
        const bool rises = first < last;
        const index_t a = rises ? first : last, b = rises ? last : first;
        const double value = value_of(*m, a, b, m->intercept[pair(*m, a, b)], values);
        node.strikes_last = (winner(value, 0.0) > 0) == rises;
        node.evidence = __builtin_fabs(value);
        const bool both = node.evidence < explore;
        if (both || node.strikes_last) make(node.first);
        if (both || !node.strikes_last) make(node.first + 1);
    }
    return made;
}

}  // namespace

const GraphKernels MLQA_KERNELS(dag) = {walk, descend};

}  // namespace mlqa
