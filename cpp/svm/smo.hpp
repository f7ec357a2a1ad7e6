// Batched sequential minimal optimisation of one machine.
//
// A small machine (DirectMachine) has all of its kernel values in memory, and every step looks at all points.
// A larger one (BatchedMachine) repeats: take a working set of the points that violate optimality most and
// half of the one before; compute the rows that the cache lacks; solve the working set by itself down to a
// tenth of the violation; add the rows, weighted by the changes, to the gradient. All values are double.
//
// Stopping. The gradient is summed anew from the coefficients before a machine is called solved (or, where
// that would cost as much as the training, its rounding error is bounded and counted against tol), so the
// violation that is reported is that of the coefficients returned. A machine whose violation
// stays within the rounding error of its gradient ends with Status::not_converged.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/machine.hpp"
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
    Outcome outcome;

protected:
    Machine(const Task& task, const Settings& settings, bool two_runs)
        : settings_(settings), state_(task, two_runs) {}
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

/// Most points of a machine that keeps all of its kernel values.
constexpr index_t direct_points = 2048;

/// A machine inside a kernel matrix that is there already: row t and column t of point t, the points of the
/// two classes each contiguous from `first` and `second`.
std::unique_ptr<Machine> shared_machine(const Task& task, const Settings& settings, const double* k,
                                        index_t stride, index_t first, index_t second, const double* diagonal,
                                        double largest);
/// A machine with a set of its own, which must outlive it.
std::unique_ptr<Machine> direct_machine(const Task& task, const Settings& settings, const PointSet& points);
std::unique_ptr<Machine> batched_machine(const Task& task, const Settings& settings, const PointSet& points);
/// The one of the two that suits the size.
std::unique_ptr<Machine> make_machine(const Task& task, const Settings& settings, const PointSet& points);

}  // namespace mlqa::svm
