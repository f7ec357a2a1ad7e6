// Several targets at once over a working set of features, from a warm start: block coordinate descent
// (multi_task.kernel.hpp) with covariance updates (the working set's Gram matrix is at hand) or residual
// updates (each step reads the column). Once passes have cost as much as its factor would, a Newton step on
// the support follows (block_newton.hpp): correlated columns then need no hundreds of passes.
#pragma once

#include <vector>

#include "linear_model/coordinate_descent.hpp"
#include "linear_model/design.hpp"
#include "linear_model/gram.hpp"
#include "linear_model/guard.hpp"
#include "linear_model/penalty.hpp"

namespace mlqa::linear_model {

/// Y (centred, weighted) and what follows from it.
struct Targets {
    const double* y;             ///< count x samples
    const double* correlations;  ///< features x count: X'Y
    double squared;              ///< ||Y||^2
    index_t count;
};

class BlockDescent {
public:
    BlockDescent(const Design& design, const Penalty& penalty, const Targets& targets)
        : design_(design), penalty_(penalty), targets_(targets) {}

    /// w (features x targets) is read and written; `working` is in `gram`.
    InnerResult covariance(Gram& gram, const std::vector<index_t>& working, const Inner& inner, Guard& guard,
                           double* w) const;
    /// `gram` grows by supports.
    InnerResult residual(Gram& gram, const std::vector<index_t>& working, const Inner& inner, Guard& guard,
                         double* w) const;

private:
    const Design& design_;
    const Penalty& penalty_;
    const Targets& targets_;
};

}  // namespace mlqa::linear_model
