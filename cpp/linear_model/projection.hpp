// How far a residual is from being orthogonal to the columns of free features: the length of its projection
// on them, ||Z (Z'Z)^-1 Z'r||. A feature with one bound is among them where its gradient points away from it,
// or could after the projection.
//
// Z'Z = L L' with pivots above 1e-13 of the diagonal; a column without one depends on those before it, up to
// rounding, and adds no condition. The length is ||L^-1 (|Z'r| + error)||, rounded up by what L may be wrong.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/status.hpp"
#include "linear_model/design.hpp"
#include "linear_model/penalty.hpp"

namespace mlqa::linear_model {

class Projection {
public:
    Projection(const Design& design, const Penalty& penalty);

    /// Z'Z; before the first slip.
    Status prepare();
    /// An upper bound of the length, from gradients of all features, each wrong by at most margin ||x_j||.
    double slip(const double* gradients, double margin);

private:
    bool points_away(index_t j, double gradient, double margin) const;
    void factorise();
    double length(const double* gradients, double margin) const;

    const Design& design_;
    const Penalty& penalty_;
    std::vector<index_t> free_;        ///< features, ...
    std::vector<index_t> chosen_;      ///< ... places in free_ that take part, ...
    std::vector<index_t> factorised_;  ///< ... and those that L was made for
    arena::Buffer<double> gram_, factor_;
    double inflation_ = 1;
};

}  // namespace mlqa::linear_model
