// The state of one binary machine, and the certificate of what it has reached.
//
// With F = K beta - y and s_i = y_i (F_i - rho), the decision value of training point i is y_i + F_i - rho,
// its margin is 1 + s_i, and the difference of primal and dual objective is a sum of terms that are not
// negative:
//
//     gap = sum_i  alpha_i max(s_i, 0) + (C_i - alpha_i) max(-s_i, 0),
//
// the complementarity slack of every point. To stay a true bound it is widened by |rho sum_i beta_i| (the
// equality holds up to rounding) and by sum_i C_i times the bound on the rounding error of F.
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/working_set.kernel.hpp"

namespace mlqa::svm {

/// What a binary machine is asked for. Points of the first class (y = 1) come first.
struct Task {
    index_t first = 0;                    ///< points with y = 1
    index_t second = 0;                   ///< points with y = -1
    const double* bound_first = nullptr;  ///< C_i of the points with y = 1
    const double* bound_second = nullptr;

    index_t size() const { return first + second; }
};

struct Outcome {
    arena::Buffer<double> beta;  ///< y_i alpha_i, first class first
    double rho = 0.0;            ///< decision = sum_i beta_i k(x_i, .) - rho
    double objective = 0.0;      ///< dual: sum_i alpha_i - 1/2 beta' K beta
    double violation = 0.0;      ///< m(alpha) - M(alpha), at least 0
    double gap = 0.0;
    index_t steps = 0;
    Status status = Status::ok;
};

/// Arrays over the points of a machine, in the layout of WorkingSet: one run or two, each filled up.
class State {
public:
    State(const Task& task, bool two_runs);

    index_t length() const { return length_[0] + length_[1]; }
    const index_t* lengths() const { return length_; }
    /// Place of point i, i < task.size().
    index_t place(index_t i) const { return i < run_ ? i : i - run_ + length_[0]; }
    index_t size() const { return size_; }

    /// up and low of one place, from beta.
    void mark(index_t place);
    double violation() const;
    /// F = -y: the gradient where beta is 0.
    void reset_gradient();
    /// sum_i |beta_i|
    double weight() const;
    /// Bound on the rounding error of F just summed from beta, |k| <= largest.
    double rounding(double largest) const;
    /// rho, objective, violation, gap; `error` bounds the error of F.
    void certify(double error, Outcome& outcome) const;

    arena::Buffer<double> f, beta, lower, upper, up, low, diagonal, y;

private:
    index_t size_, run_;
    index_t length_[2];
};

}  // namespace mlqa::svm
