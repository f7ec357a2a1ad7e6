// Coefficients and slopes of a machine of all classes, and the certificate of what they have reached
// (all_at_once.hpp).
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "svm/all_at_once.hpp"

namespace mlqa::svm {

/// Numbers of point i and class m are at m stride() + i; there are whole vectors of points.
class ClassCoefficients {
public:
    explicit ClassCoefficients(const ClassProblem& problem);

    index_t size() const { return size_; }
    index_t classes() const { return classes_; }
    index_t stride() const { return stride_; }
    ClassLoss loss() const { return loss_; }
    const index_t* label() const { return label_.data(); }
    const double* bound() const { return bound_.data(); }
    double* slope(index_t m, index_t i) { return slope_.data() + m * stride_ + i; }
    double slope(index_t m, index_t i) const { return slope_[at(m * stride_ + i)]; }
    double beta(index_t m, index_t i) const { return beta_[at(m * stride_ + i)]; }
    void set_beta(index_t m, index_t i, double value) { beta_[at(m * stride_ + i)] = value; }
    double violation(index_t i) const { return violation_[at(i)]; }

    /// e_im
    double margin(index_t m, index_t i) const { return label_[at(i)] == m ? 0.0 : 1.0; }
    /// Slopes of points whose coefficients are all 0.
    void reset_slopes();
    /// Takes the violations of points [first, last), whole vectors, from their slopes.
    void renew(index_t first, index_t last);
    /// The largest, NaN if there is one.
    double worst() const;
    /// Whether the slopes of a point are below that of its own class by more than `error`.
    bool beyond_margin(index_t i, double error) const;
    bool in_support(index_t i) const { return beta(label_[at(i)], i) > 0.0; }
    std::vector<index_t> support() const;
    /// max_m sum_i |beta_im|
    double weight() const;
    /// Bound on the rounding error of slopes just summed, |k| <= largest.
    double rounding(double largest) const;
    /// `error` bounds that of the slopes.
    void certify(double error, ClassOutcome& outcome) const;

private:
    static std::size_t at(index_t i) { return static_cast<std::size_t>(i); }
    void begin_at(const double* initial);
    double slack(index_t i, double& sum, double& largest) const;

    ClassLoss loss_;
    index_t size_, classes_, stride_;
    arena::Buffer<double> slope_, beta_, bound_, violation_;
    arena::Buffer<index_t> label_;
};

}  // namespace mlqa::svm
