#include "svm/direct_machine.hpp"

#include <algorithm>

namespace mlqa::svm {
namespace {

/// Times that a gradient summed anew may show a violation which the running one did not.
constexpr int most_refreshes = 50;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

}  // namespace

DirectMachine::DirectMachine(const Task& task, const Settings& settings, PointSet& points)
    : Machine(task, settings, task.grouped),
      points_(&points),
      stride_(points.stride()),
      largest_(points.largest()) {
    points.prepare_rows();
    layout(task, 0, task.twice ? 0 : task.first, points.diagonal());
}

void DirectMachine::restart(const Task& task, const KernelMatrix& matrix, index_t first, index_t second,
                            bool in_turn) {
    Machine::restart(task, true, (in_turn ? 1 : 4) * working_set_kernels().lanes);
    k_ = matrix.values;
    stride_ = matrix.stride;
    largest_ = matrix.largest;
    rows_.clear();
    refreshes_ = 0;
    begun_ = false;
    layout(task, first, second, matrix.diagonal);
}

bool DirectMachine::advance(int n_threads) {
    if (points_ != nullptr && next_row_ < points_->size()) {
        compute_rows(n_threads);
        return false;
    }
    begin();
    StepReport report{};
    const WorkingSet<double> set = working_set();
    working_set_kernels().solve(&set, settings_.tol, 0.0, slice(), &report);
    return reached(report);
}

PairSet DirectMachine::set() {
    begin();
    return {state_.variables(column_), k_, stride_, slice()};
}

bool DirectMachine::reached(const StepReport& report) {
    outcome.steps += report.steps;
    if (!report.finished && allowed(1) == 0) return refresh(), end(Status::not_converged);
    if (!report.finished && settings_.late()) return refresh(), end(Status::time_limit);
    if (!report.finished && !stalled(report, largest_)) return false;
    refresh();
    if (!(state_.violation() >= settings_.tol)) return end(Status::ok);
    if (!report.finished || ++refreshes_ > most_refreshes) return end(Status::not_converged);
    return false;
}

index_t DirectMachine::slice() const {
    return settings_.late() ? 0 : allowed(4'000'000 / (state_.length() + 256) + 16);
}

const double* DirectMachine::row(index_t variable) const {
    return (points_ == nullptr ? k_ : own_.data()) + row_[at(variable)] * stride_;
}

void DirectMachine::begin() {
    if (begun_) return;
    begun_ = true;
    if (!state_.starts_at_zero()) refresh();
}

void DirectMachine::layout(const Task& task, index_t first, index_t second, const double* diagonal) {
    const index_t runs = state_.lengths()[1] > 0 ? 2 : 1;
    column_[0] = first;
    column_[1] = runs == 2 ? second : 0;
    row_.assign(at(state_.length()), first);
    for (index_t i = 0; i < task.size(); ++i) {
        const index_t source = i < task.first || runs == 1 ? first + i : second + i - task.first;
        row_[at(state_.place(i))] = source;
        state_.diagonal[at(state_.place(i))] = diagonal[source];
    }
}

WorkingSet<double> DirectMachine::working_set() {
    if (rows_.empty())
        for (index_t p = 0; p < state_.length(); ++p) rows_.push_back(row(p));
    return {state_.variables(column_), rows_.data()};
}

/// The next rows of the matrix, for some milliseconds.
void DirectMachine::compute_rows(int n_threads) {
    const index_t n = points_->size(), step = points_->chunk_columns();
    if (own_.size() == 0) {
        own_ = arena::Buffer<double>(at(n * stride_ + State::filling()));
        std::fill(own_.data() + n * stride_, own_.end(), 0.0);
    }
    const double cost = static_cast<double>(n) * static_cast<double>(16 + points_->features());
    const index_t rows = static_cast<index_t>(3e7 * n_threads / cost) / step * step;
    const index_t last = std::min(n, next_row_ + std::max(step, rows));
    points_->matrix(next_row_, last, own_.data(), n_threads);
    next_row_ = last;
}

/// F = K beta + p.
void DirectMachine::refresh() {
    state_.reset_gradient();
    weight_.clear();
    used_.clear();
    for (index_t p = 0; p < state_.length(); ++p) {
        if (state_.beta[at(p)] == 0.0) continue;
        weight_.push_back(state_.beta[at(p)]);
        used_.push_back(row(p));
    }
    double* f = state_.f.data();
    for (int run = 0; run < 2; ++run) {
        part_.clear();
        for (const double* row : used_) part_.push_back(row + column_[run]);
        working_set_kernels().accumulate(part_.data(), weight_.data(), static_cast<index_t>(part_.size()), 0,
                                         state_.lengths()[run], f);
        f += state_.lengths()[run];
    }
}

bool DirectMachine::end(Status status) {
    finish(status, state_.rounding(largest_));
    own_ = arena::Buffer<double>();
    return true;
}

}  // namespace mlqa::svm
