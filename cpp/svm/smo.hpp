// Batched sequential minimal optimisation of one machine.
//
// A small machine (DirectMachine) has all of its kernel values in memory, in double, and every step looks at
// all points. A larger one (BatchedMachine) repeats: take a working set of the points that violate optimality
// most and half of the one before; compute the rows that the cache lacks; solve the working set by itself
// down to a tenth of the violation; add the rows, weighted by the changes, to the gradient. Coefficients and
// gradient are double. The rows of dense points are float: half the memory to pass and twice the values a
// vector. Of a large machine, points whose coefficients the gradient holds to a bound rest, and the rows get
// shorter. One of up to 2048 points begins with steps in float over all of its points, which mostly leave
// nothing to the working sets (float_steps.hpp).
//
// Stopping. Before a machine is called solved, its gradient is summed anew in double from the coefficients,
// kernel values included (or in fixed point, where the bound on what that errs by is less than a thousandth
// of the tolerance: sums.hpp), wherever the bound on the error of float (row_source.hpp) leaves it open
// whether a point matters: those of the support, those at rest, those near a side of a pair that could move.
// The others are at a bound which the exact gradient holds them to as well, so that the violation and the gap
// reported are those of the coefficients returned. Where the exact violation is above the tolerance, rounds
// go on from the exact gradient: float values then err in the further changes only. If three such gradients
// did not halve the violation, or if C and the scale of the kernel forbid float from the start, rows are
// double. (In double, the rounding error of the running gradient is bounded and counted against tol.) A
// machine whose violation stays within the rounding error of its gradient ends with Status::not_converged.
//
// Of 20000 points in 20 features with 7100 support vectors, rows take a quarter of the time, the gradient and
// the gradient in double as much each; steps inside of working sets take 2 %.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/machine.hpp"
#include "svm/row_source.hpp"
#include "svm/rows.hpp"

namespace mlqa::svm {

struct Settings {
    double tol = 1e-3;
    index_t max_iter = -1;  ///< steps of one machine; -1: no limit
    double max_time = 0.0;  ///< seconds for the whole call; 0: no limit
    double cache_bytes = 200e6;
    int n_threads = 1;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

    bool late() const;
};

class Machine {
public:
    virtual ~Machine() = default;
    /// Works for some milliseconds; true once the outcome is there.
    virtual bool advance(int n_threads) = 0;
    /// As of the running gradient.
    double violation() const { return state_.violation(); }
    /// Coefficients that are not 0, so far.
    index_t support() const { return state_.support(); }
    Outcome outcome;

protected:
    explicit Machine(const Settings& settings) : settings_(settings) {}
    Machine(const Task& task, const Settings& settings, bool two_runs)
        : settings_(settings), state_(task, two_runs) {}
    /// Another machine in the place of this one, and in its memory; runs are filled up to `multiple`.
    void restart(const Task& task, bool two_runs, index_t multiple);
    /// Steps that may still be taken, at most `most`.
    index_t allowed(index_t most) const;
    /// Counts the steps of a report, and looks at them now and then: true once the violation lies within the
    /// rounding error of the gradient, |k| <= largest, and no longer halves.
    bool stalled(const StepReport& report, double largest);
    void finish(Status status, double error);

    const Settings& settings_;
    State state_;

private:
    index_t steps_since_look_ = 0;
    double violation_before_ = 0.0;
};

/// Most points of a machine that keeps all of its kernel values: where float values do not serve, and where
/// they do.
constexpr index_t direct_points = 2048, float_points = 160;

/// The error of float values of these points, infinite where they would not lead to the tolerance.
FloatError useful_float_error(const Task& task, const Settings& settings, const PointSet& points);
std::unique_ptr<Machine> batched_machine(const Task& task, const Settings& settings, const PointSet& points);
/// The one that suits the size, a DirectMachine or a batched one. The set must outlive it.
std::unique_ptr<Machine> make_machine(const Task& task, const Settings& settings, PointSet& points);

}  // namespace mlqa::svm
