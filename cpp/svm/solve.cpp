#include "svm/solve.hpp"

#include <limits>
#include <utility>

#include "core/cancel.hpp"

namespace mlqa::svm {

Status solve(const SingleProblem& problem, const Settings& settings, Outcome& outcome) {
    PointSet points(problem.points, problem.index, problem.index, problem.size, problem.function,
                    settings.n_threads);
    if (!points.finite()) {
        outcome.rho[0] = outcome.rho[1] = std::numeric_limits<double>::quiet_NaN();
        return Status::ok;
    }
    const std::unique_ptr<Machine> machine = make_machine(problem.task, settings, points);
    do {
        if (cancel::poll(0, machine->support(), machine->violation())) return Status::cancelled;
    } while (!machine->advance(settings.n_threads));
    outcome = std::move(machine->outcome);
    return Status::ok;
}

}  // namespace mlqa::svm
