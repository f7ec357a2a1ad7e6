// The state of one machine, and the certificate of what it has reached.
//
// With F = K beta + p and one multiplier rho for each sum that is kept, beta is at most
//
//     gap = sum_t max { (beta_t - b) (F_t - rho) + epsilon (|beta_t| - |b|) : lower_t <= b <= upper_t }
//
// above the least objective: the objective is convex, and the sums cancel rho. The maximum lies at a bound or
// at 0, so each term is the complementarity slack of its point; of a classifier the sum is the difference of
// primal and dual objective, alpha_i max(s_i, 0) + (C_i - alpha_i) max(-s_i, 0) with s_i = y_i (F_i - rho).
// To stay a true bound it is widened by |rho (sum_t beta_t - total)| (the sum is kept up to rounding) and by
// sum_t (upper_t - lower_t) times the bound on the rounding error of F.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/working_set.kernel.hpp"

namespace mlqa::svm {

/// What a machine is asked for (working_set.kernel.hpp). Its variables are the points of two classes, of one
/// set (second = 0), or of one set twice; arrays hold the first `first` of them, then the others.
struct Task {
    index_t first = 0;
    index_t second = 0;
    const double* linear = nullptr;  ///< p
    const double* lower = nullptr;
    const double* upper = nullptr;
    const double* initial = nullptr;  ///< beta to begin with; nullptr: 0
    double total[2] = {0.0, 0.0};     ///< the sums that are kept; the first alone if not grouped
    double epsilon = 0.0;
    bool grouped = false;  ///< each of the two parts keeps its sum
    bool twice = false;    ///< the second part are the points of the first again

    index_t size() const { return first + second; }
};

struct Outcome {
    arena::Buffer<double> beta;  ///< in the order of the task; more where a machine before had more
    double rho[2] = {0.0, 0.0};  ///< of the groups; of one sum both are the same
    double objective = 0.0;      ///< dual: -(1/2 beta' K beta + p' beta + epsilon |beta|_1)
    double violation = 0.0;      ///< max { L } - min { U }, at least 0
    double gap = 0.0;
    double error = 0.0;  ///< bound on the rounding error of F
    index_t steps = 0;
    Status status = Status::ok;
};

/// Arrays over the points of a machine, in the layout of WorkingSet: one run or two, each filled up.
class State {
public:
    State() = default;
    /// `two_runs`: the parts of the task lie each in a run; otherwise both in one.
    State(const Task& task, bool two_runs) { take(task, two_runs, filling()); }
    /// The state of another machine, in the same memory if that suffices. Runs are filled up to multiples of
    /// `multiple`.
    void take(const Task& task, bool two_runs, index_t multiple);

    /// What a row of kernel values must hold beyond the points of a run, in numbers that are read and never
    /// used.
    static index_t filling();
    index_t length() const { return length_[0] + length_[1]; }
    const index_t* lengths() const { return length_; }
    /// Place of point i, i < task.size().
    index_t place(index_t i) const { return i < run_ ? i : i - run_ + length_[0]; }
    index_t size() const { return size_; }
    double epsilon() const { return epsilon_; }
    /// max |p|
    double largest_linear() const { return largest_linear_; }
    bool grouped() const { return grouped_; }
    int groups() const { return grouped_ ? 2 : 1; }
    /// Places of group g that are at work.
    index_t group_begin(int g) const { return g == 0 ? 0 : length_[0]; }
    index_t group_end(int g) const {
        if (resting()) return active_;
        return grouped_ && g == 0 ? length_[0] : length();
    }
    /// Whether some places are at rest: violation() and extremes() leave them out.
    bool resting() const { return active_ > 0; }
    index_t active() const { return resting() ? active_ : size_; }
    /// The places at work become kept[0] < ... < kept[n - 1] of those that were, in front; of a machine with
    /// one run. n is a multiple of the lanes of all vectors.
    void rest(const index_t* kept, index_t n);
    /// All places are at work again, in the order of the task.
    void wake();
    /// The point of a place, as the task counts them.
    index_t point(index_t place) const { return order_.empty() ? place : order_[at(place)]; }

    /// As the kernels see them, in rows where the parts of the task begin at these columns.
    Variables<double> variables(const index_t column[2]);
    /// up and low of one place, from beta.
    void mark(index_t place);
    double violation() const;
    /// min { U } and max { L } of group g.
    void extremes(int g, double& least, double& largest) const;
    /// Places whose F is not known exactly though its error could change the violation, the multiplier or the
    /// gap: those that it leaves on the side of a pair that could move. Once there are none, all others are
    /// at a bound that the exact gradient holds them to as well: beyond the least U and the largest L of all
    /// places, which are therefore known.
    std::vector<index_t> doubtful(const std::vector<char>& known, const std::vector<double>& error) const;
    /// F = p: the gradient where beta is 0.
    void reset_gradient();
    bool starts_at_zero() const;
    /// sum_i |beta_i|
    double weight() const;
    /// Coefficients that are not 0.
    index_t support() const;
    /// Bound on the rounding error of F just summed from beta, |k| <= largest.
    double rounding(double largest) const;
    /// rho, objective, violation, gap; `error` bounds the error of F.
    void certify(double error, Outcome& outcome) const;

    arena::Buffer<double> f, beta, lower, upper, up, low, diagonal, linear;
    arena::Buffer<double> spread;  ///< for its user: sum_j |beta_j| k(t, j), or whatever goes with the places

private:
    static std::size_t at(index_t i) { return static_cast<std::size_t>(i); }
    void reorder(const std::vector<index_t>& from);
    double multiplier(int g) const;
    double slack(std::size_t p, double rho) const;

    index_t size_ = 0, run_ = 0;
    index_t length_[2] = {0, 0};
    index_t active_ = 0;          ///< places at work if some are at rest, else 0
    std::vector<index_t> order_;  ///< points of the places while some are at rest
    double epsilon_ = 0.0;
    bool grouped_ = false;
    double total_[2] = {0.0, 0.0};
    double largest_linear_ = 0.0;
};

}  // namespace mlqa::svm
