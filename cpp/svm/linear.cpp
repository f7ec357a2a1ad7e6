#include "svm/linear.hpp"

#include <algorithm>
#include <memory>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "svm/crammer_singer.hpp"
#include "svm/linear_l1.hpp"
#include "svm/linear_machine.hpp"

namespace mlqa::svm {
namespace {

/// Machines that are worked on together, and entries from which Newton's products keep all threads busy.
constexpr std::size_t largest_group = 16;
constexpr index_t large_entries = 10'000'000;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

class Training {
public:
    Training(const LinearProblem& problem, const LinearSettings& settings, LinearModel& model)
        : problem_(problem),
          settings_(settings),
          model_(model),
          rows_(problem.points, problem.order, problem.count, problem.constant),
          machines_(problem.joint() ? 1 : problem.outputs()) {
        if (problem.solver == LinearSolver::l1) columns_ = std::make_unique<ColumnSet>(rows_);
        model.weights = arena::Buffer<double>(at(problem.outputs() * (rows_.features() + 1)));
        model.passes.assign(at(machines_), 0);
        gap_.assign(at(machines_), 0.0);
        objective_.assign(at(machines_), 0.0);
        status_.assign(at(machines_), Status::ok);
    }

    Status run() {
        while (done_ < machines_) {
            if (cancel::poll(done_, machines_, 0.0)) return Status::cancelled;
            while (open_.size() < group() && next_ < machines_) {
                open_.push_back({next_, make(next_), false});
                ++next_;
            }
            const Status status = step();
            if (status != Status::ok) return status;
            retire();
        }
        for (index_t m = 0; m < machines_; ++m) {
            model_.gap += gap_[at(m)];
            model_.objective += objective_[at(m)];
            if (status_[at(m)] != Status::ok && model_.status != Status::time_limit)
                model_.status = status_[at(m)];
        }
        return Status::ok;
    }

private:
    struct Open {
        index_t index;
        std::unique_ptr<LinearMachine> machine;
        bool done;
    };

    std::size_t group() const {
        const bool alone = problem_.solver == LinearSolver::primal && rows_.entries() >= large_entries;
        return alone ? 1 : largest_group;
    }

    std::unique_ptr<LinearMachine> make(index_t output) const {
        switch (problem_.solver) {
            case LinearSolver::dual:
                return dual_machine(rows_, problem_, settings_, output);
            case LinearSolver::primal:
                return primal_machine(rows_, problem_, settings_, output);
            case LinearSolver::l1:
                return l1_machine(rows_, *columns_, problem_, settings_, output);
            default:
                return crammer_singer_machine(rows_, problem_, settings_);
        }
    }

    Status step() {
        if (open_.size() == 1) {
            open_[0].done = open_[0].machine->advance(settings_.n_threads);
            return Status::ok;
        }
        return threads::parallel_for(
            static_cast<index_t>(open_.size()), settings_.n_threads,
            [&](index_t chunk, int) { open_[at(chunk)].done = open_[at(chunk)].machine->advance(1); });
    }

    void retire() {
        const index_t stored = rows_.features() + 1;
        for (const Open& o : open_) {
            if (!o.done) continue;
            const LinearMachine& m = *o.machine;
            const index_t outputs = problem_.joint() ? problem_.outputs() : 1;
            for (index_t r = 0; r < outputs; ++r) {
                const double* from = m.weights.data() + r * rows_.length();
                std::copy(from, from + stored, model_.weights.data() + (o.index + r) * stored);
            }
            model_.passes[at(o.index)] = m.passes;
            gap_[at(o.index)] = m.gap;
            objective_[at(o.index)] = m.objective;
            status_[at(o.index)] = m.status;
            ++done_;
        }
        open_.erase(std::remove_if(open_.begin(), open_.end(), [](const Open& o) { return o.done; }),
                    open_.end());
    }

    const LinearProblem& problem_;
    const LinearSettings& settings_;
    LinearModel& model_;
    RowSet rows_;
    std::unique_ptr<ColumnSet> columns_;
    index_t machines_, next_ = 0, done_ = 0;
    std::vector<Open> open_;
    std::vector<double> gap_, objective_;
    std::vector<Status> status_;
};

}  // namespace

bool LinearSettings::late() const {
    if (max_time <= 0.0) return false;
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() >= max_time;
}

Status fit(const LinearProblem& problem, const LinearSettings& settings, LinearModel& model) {
    return Training(problem, settings, model).run();
}

}  // namespace mlqa::svm
