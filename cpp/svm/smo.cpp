#include "svm/smo.hpp"

#include <algorithm>
#include <cmath>

#include "svm/direct_machine.hpp"

namespace mlqa::svm {
bool Settings::late() const {
    if (max_time <= 0.0) return false;
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() >= max_time;
}

bool Machine::stalled(const StepReport& report, double largest) {
    if (std::isnan(report.violation)) return true;
    steps_since_look_ += report.steps;
    if (steps_since_look_ < 20 * state_.size() + 10000) return false;
    const bool halved = report.violation <= 0.5 * violation_before_;
    steps_since_look_ = 0;
    violation_before_ = report.violation;
    return !halved && report.violation <= 2.0 * state_.rounding(largest);
}

index_t Machine::allowed(index_t most) const {
    if (settings_.max_iter < 0) return most;
    return std::min(most, settings_.max_iter - outcome.steps);
}

void Machine::finish(Status status, double error) {
    state_.certify(error, outcome);
    outcome.status = status;
}

void Machine::restart(const Task& task, bool two_runs, index_t multiple) {
    state_.take(task, two_runs, multiple);
    outcome.steps = 0;
    steps_since_look_ = 0;
    violation_before_ = 0.0;
}

FloatError useful_float_error(const Task& task, const Settings& settings, const PointSet& points) {
    double widest = 0;
    for (index_t i = 0; i < task.size(); ++i) widest = std::max({widest, task.upper[i], -task.lower[i]});
    const FloatError error = float_error(points);
    // Errors of many coefficients cancel for the most part, and refinement takes out several digits.
    const double expected =
        error.worst(points.largest()) * widest * std::sqrt(static_cast<double>(task.size()));
    if (expected < 2e4 * settings.tol) return error;
    return {HUGE_VAL, HUGE_VAL};
}

std::unique_ptr<Machine> make_machine(const Task& task, const Settings& settings, PointSet& points) {
    const auto n = static_cast<double>(points.size());
    const bool direct =
        task.size() <= (useful_float_error(task, settings, points).finite() ? float_points : direct_points);
    if (direct && n * n * sizeof(double) <= settings.cache_bytes)
        return std::make_unique<DirectMachine>(task, settings, points);
    points.choose_fixed();
    return batched_machine(task, settings, points);
}

}  // namespace mlqa::svm
