// What the coefficient of a feature costs, and where it may lie:
//
//     lambda_j |w_j| + ridge_j / 2 w_j^2,   low_j <= w_j <= high_j   (low_j <= 0 <= high_j),
//
// lambda_j = factor_j lambda and ridge_j = factor_j ridge. A factor of 0 leaves a feature free, an infinite
// one excludes it (w_j = 0).
#pragma once

#include <cmath>
#include <vector>

#include "core/array.hpp"

namespace mlqa::linear_model {

class Penalty {
public:
    struct Shape {
        const double* factors = nullptr;  ///< nullptr: all 1
        const double* low = nullptr;      ///< nullptr: minus infinity, or 0 if `positive`
        const double* high = nullptr;     ///< nullptr: infinity
        bool positive = false;
    };

    Penalty(index_t features, const Shape& shape) : shape_(shape) {
        for (index_t j = 0; j < features; ++j)
            if (factor(j) == 0 && low(j) < high(j)) free_.push_back(j);
    }

    void set(double lambda, double ridge) {
        lambda_ = lambda;
        ridge_ = ridge;
    }

    /// Whether some coefficient has an end other than 0.
    bool bounded() const { return shape_.low != nullptr || shape_.high != nullptr; }
    bool positive() const { return shape_.positive; }
    const double* factors() const { return shape_.factors; }
    double factor(index_t j) const { return shape_.factors == nullptr ? 1.0 : shape_.factors[j]; }
    bool excluded(index_t j) const { return std::isinf(factor(j)) || !(low(j) < high(j)); }
    double lambda() const { return lambda_; }
    double lambda(index_t j) const { return factor(j) * lambda_; }
    double ridge() const { return ridge_; }
    double ridge(index_t j) const { return factor(j) * ridge_; }
    double low(index_t j) const {
        const double bound = shape_.low == nullptr ? -HUGE_VAL : shape_.low[j];
        return shape_.positive && bound < 0 ? 0.0 : bound;
    }
    double high(index_t j) const { return shape_.high == nullptr ? HUGE_VAL : shape_.high[j]; }
    /// Features that no alpha makes zero.
    const std::vector<index_t>& free() const { return free_; }

    /// The part of a gradient x_j'r - ridge_j w_j that only a change of w_j can answer: its size on a side
    /// where w_j may go.
    double pull(index_t j, double gradient) const {
        if (gradient > 0) return high(j) > 0 ? gradient : 0.0;
        return low(j) < 0 ? -gradient : 0.0;
    }

private:
    Shape shape_;
    double lambda_ = 0, ridge_ = 0;
    std::vector<index_t> free_;
};

}  // namespace mlqa::linear_model
