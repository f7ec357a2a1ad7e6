// Coefficients and slopes of a machine of all classes, and the certificate of what they have reached
// (all_at_once.hpp).
#pragma once

#include <algorithm>
#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "svm/all_at_once.hpp"

namespace mlqa::svm {

/// Numbers of place i and class m are at m stride() + i; there are whole vectors of places. Places are points
/// in the order of the problem until some of them go to rest.
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
    void set_beta(index_t m, index_t i, double value);
    double violation(index_t i) const { return violation_[at(i)]; }

    /// Places at work, with the others behind them; with their filling.
    index_t active() const { return resting() ? active_ : size_; }
    index_t run() const { return resting() ? active_ : stride_; }
    bool resting() const { return active_ > 0; }
    /// The places at work become kept[0] < ... < kept[n - 1] of those that were, in front; n is a multiple of
    /// State::filling().
    void rest(const std::vector<index_t>& kept);
    /// All places are at work again, in the order of the problem.
    void wake();
    index_t point(index_t place) const { return order_.empty() ? place : order_[at(place)]; }

    /// e_im
    double margin(index_t m, index_t i) const { return label_[at(i)] == m ? 0.0 : 1.0; }
    /// Slopes of points whose coefficients are all 0.
    void reset_slopes();
    /// Takes the violations of places [first, last), whole vectors, from their slopes.
    void renew(index_t first, index_t last);
    /// The largest at work, NaN if there is one.
    double worst() const;
    /// By how much the slopes of each place at work are below that of its own class.
    std::vector<double> margins(int n_threads) const;
    bool in_support(index_t i) const { return beta(label_[at(i)], i) > 0.0; }
    std::vector<index_t> support() const;
    index_t support_size() const { return support_size_; }
    /// max_m sum_i |beta_im|
    double weight() const { return *std::max_element(weight_.begin(), weight_.end()); }
    /// Bound on the rounding error of slopes just summed, |k| <= largest.
    double rounding(double largest) const;
    /// `error` bounds that of the slopes.
    Status certify(double error, ClassOutcome& outcome, int n_threads) const;

private:
    static std::size_t at(index_t i) { return static_cast<std::size_t>(i); }
    void begin_at(const double* initial);
    /// What a run of places adds to the certificate.
    struct Share {
        double gap = 0.0, objective = 0.0, cost = 0.0;
    };
    void reorder(const std::vector<index_t>& from);
    Share share(index_t first, index_t n) const;

    ClassLoss loss_;
    index_t size_, classes_, stride_;
    arena::Buffer<double> slope_, beta_, bound_, violation_;
    arena::Buffer<index_t> label_;
    std::vector<double> weight_;  ///< a class
    index_t support_size_ = 0;
    index_t active_ = 0;          ///< places at work if some are at rest, else 0
    std::vector<index_t> order_;  ///< points of the places while some are at rest
};

}  // namespace mlqa::svm
