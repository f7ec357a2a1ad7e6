// The LASSO over a working set of features, from a warm start: coordinate descent with covariance updates
// (the working set's Gram matrix is at hand) or residual updates (each step reads the column).
//
// Covariance updates end with an exact Newton step on the support (cholesky.hpp) once passes have cost as
// much as the factor would: correlated columns then need no hundreds of passes.
#pragma once

#include <vector>

#include "linear_model/cholesky.hpp"
#include "linear_model/design.hpp"
#include "linear_model/gram.hpp"
#include "linear_model/guard.hpp"
#include "linear_model/penalty.hpp"

namespace mlqa::linear_model {

/// When to stop; gaps on the scale of 1/2 ||y - X w||^2 + the penalties.
struct Inner {
    double change;  ///< settled: no coefficient moved by more than this share of the largest one
    double gap;     ///< covariance updates: enough once the working set's own gap is below
    double y_squared;
    std::int64_t max_passes;
};

struct InnerResult {
    Status status = Status::ok;  ///< cancelled, time_limit or ok
    std::int64_t passes = 0;
    bool settled = false;
    bool stalled = false;  ///< settled to the last bits: more passes change nothing
    bool exact = false;    ///< the active set's solution
};

/// Buffers that serve every working set of a path.
class CoordinateDescent {
public:
    CoordinateDescent(const Design& design, const Penalty& penalty) : design_(design), penalty_(penalty) {}

    /// `working` is in `gram`; c = X'y of all features; w of all features is read and written.
    InnerResult covariance(const Gram& gram, const std::vector<index_t>& working, const double* c,
                           const Inner& inner, Guard& guard, double* w);
    /// r = y - X w, settled; used up.
    InnerResult residual(const std::vector<index_t>& working, const Inner& inner, Guard& guard, double* r,
                         double* w);

private:
    void gather_penalties(const std::vector<index_t>& working);
    Status gather(const Gram& gram, const std::vector<index_t>& working, const double* c, const double* w);
    void refresh(index_t k);
    double working_gap(index_t k, double y_squared) const;

    const Design& design_;
    const Penalty& penalty_;
    NewtonStep newton_;
    arena::Buffer<double> gram_, w_, q_, c_, lambda_, ridge_, low_, high_;
    Coordinates coordinates_{};
};

}  // namespace mlqa::linear_model
