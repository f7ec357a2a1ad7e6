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

namespace mlqa::linear_model {

/// What to solve and when to stop; lambda and gaps on the scale of 1/2 ||y - X w||^2 + lambda ||w||_1.
struct Inner {
    double lambda;
    double change;  ///< settled: no coefficient moved by more than this share of the largest one
    double gap;     ///< covariance updates: enough once the working set's own gap is below
    double y_squared;
    std::int64_t max_passes;
    bool positive;
};

struct InnerResult {
    Status status = Status::ok;  ///< cancelled, time_limit or ok
    std::int64_t passes = 0;
    bool settled = false;
    bool stalled = false;  ///< settled to the last bits: more passes change nothing
};

/// Buffers that serve every working set of a path.
class CoordinateDescent {
public:
    explicit CoordinateDescent(const Design& design) : design_(design) {}

    /// `working` is in `gram`; c = X'y of all features; w of all features is read and written.
    InnerResult covariance(const Gram& gram, const std::vector<index_t>& working, const double* c,
                           const Inner& inner, Guard& guard, double* w);
    /// r = y - X w, settled; used up.
    InnerResult residual(const std::vector<index_t>& working, const Inner& inner, Guard& guard, double* r,
                         double* w);

private:
    Status gather(const Gram& gram, const std::vector<index_t>& working, const double* c, const double* w);
    void refresh(index_t k);
    double working_gap(index_t k, const Inner& inner) const;

    const Design& design_;
    NewtonStep newton_;
    arena::Buffer<double> gram_, w_, q_, c_;
};

}  // namespace mlqa::linear_model
