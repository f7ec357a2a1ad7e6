// What each class has against all others, side by side. In the rows of svm/decide.kernel.hpp the coefficients
// of a class lie a row apart, as do its constants and the sums that bound its errors: at 1000 classes some
// 4000 cache lines far from each other, and more time than their products take. A point of 19555 support
// vectors takes 39 us from blocks and 67 us from rows, 20 of them for its kernel values.
//
// Coefficients in bfloat16 are off by 2^-8 of themselves, a decision value by 2^-8 times the sum of
// |coefficients| times the largest |kernel value|. A winner wins by far more.
#pragma once

#include "core/arena.hpp"
#include "core/status.hpp"
#include "svm/dag.kernel.hpp"

namespace mlqa::svm {

class ClassBlocks {
public:
    explicit ClassBlocks(const MachineView<float>& machines);
    /// Before the first block is asked for.
    Status pack(const MachineView<float>& machines, int n_threads);
    ClassBlock of(index_t a) const;

private:
    index_t first_of(index_t a) const;

    index_t classes_;
    const index_t* start_;
    arena::Buffer<float> heads_;  ///< class after class: constants, then reaches
    arena::Buffer<std::uint16_t> coef_;
};

}  // namespace mlqa::svm
