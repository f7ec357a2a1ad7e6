// A step on the face of the dual on which coordinates are free: neither 0 nor at a bound.
//
// Coordinate descent finds out quickly which coordinates are free, and then may take thousands of passes to
// settle them, where their rows are nearly dependent (a large constant feature makes all of them so). On the
// face the dual is a quadratic function without bounds, (X_F X_F' + ridge) delta = -slope: conjugate
// gradients, preconditioned by the curvatures, need as many products as it has distinct curvatures, at most.
// The step is cut at the bounds coordinate by coordinate where that lowers the dual more than stopping at the
// first bound (J. J. More and G. Toraldo, "On the solution of large quadratic programming problems with bound
// constraints", SIAM Journal on Optimization 1:93-113, 1991).
#pragma once

#include <vector>

#include "svm/linear_rows.hpp"

namespace mlqa::svm {

class FaceStep {
public:
    FaceStep(const RowSet& rows, DualSample* samples) : rows_(rows), samples_(samples) {}

    /// Starts at the free ones among n coordinates; false if there are none.
    bool begin(const double* w, const index_t* order, index_t n, int n_threads);
    /// One product with the face; true once the system is solved well enough to step.
    bool iterate(int n_threads);
    /// Moves the coordinates and w.
    void apply(double* w, int n_threads);
    /// Coordinates on the face.
    index_t size() const { return static_cast<index_t>(free_.size()); }
    index_t products() const { return products_; }

private:
    double growth(const std::vector<double>& change, const arena::Buffer<double>& w_change) const;
    double longest() const;

    const RowSet& rows_;
    DualSample* samples_;
    std::vector<index_t> free_;
    std::vector<double> slope_, step_, residual_, direction_, curved_;
    arena::Buffer<double> w_direction_, w_step_;
    double product_ = 0.0, target_ = 0.0;
    index_t products_ = 0;
};

}  // namespace mlqa::svm
