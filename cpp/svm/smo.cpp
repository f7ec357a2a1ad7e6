#include "svm/smo.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mlqa::svm {
namespace {

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// Times that a gradient summed anew may show a violation which the running one did not.
constexpr int most_refreshes = 50;

class DirectMachine final : public Machine {
public:
    DirectMachine(const Task& task, const Settings& settings, const double* k, index_t stride, index_t first,
                  index_t second, const double* diagonal, double largest)
        : Machine(task, settings, true), k_(k), stride_(stride), largest_(largest) {
        layout(task, first, second, diagonal);
    }
    DirectMachine(const Task& task, const Settings& settings, PointSet& points)
        : Machine(task, settings, task.grouped),
          points_(&points),
          stride_(points.stride()),
          largest_(points.largest()) {
        points.prepare_rows();
        layout(task, 0, task.twice ? 0 : task.first, points.diagonal());
    }

    bool advance(int n_threads) override {
        if (points_ != nullptr && next_row_ < points_->size()) {
            compute_rows(n_threads);
            return false;
        }
        if (!begun_) begin();
        StepReport report{};
        const WorkingSet<double> set = working_set();
        working_set_kernels().solve(&set, settings_.tol, 0.0, allowed(slice()), &report);
        outcome.steps += report.steps;
        if (!report.finished && allowed(1) == 0) return refresh(), end(Status::not_converged);
        if (!report.finished && settings_.late()) return refresh(), end(Status::time_limit);
        if (!report.finished && !stalled(report, largest_)) return false;
        refresh();
        if (!(state_.violation() >= settings_.tol)) return end(Status::ok);
        if (!report.finished || ++refreshes_ > most_refreshes) return end(Status::not_converged);
        return false;
    }

private:
    void begin() {
        begun_ = true;
        if (!state_.starts_at_zero()) refresh();
    }

    void layout(const Task& task, index_t first, index_t second, const double* diagonal) {
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

    WorkingSet<double> working_set() {
        const double* k = points_ == nullptr ? k_ : own_.data();
        if (rows_.empty())
            for (const index_t row : row_) rows_.push_back(k + row * stride_);
        return {state_.variables(column_), rows_.data()};
    }

    /// Steps that take some milliseconds.
    index_t slice() const { return 4'000'000 / (state_.length() + 256) + 16; }

    /// The next rows of the matrix, for some milliseconds.
    void compute_rows(int n_threads) {
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
    void refresh() {
        const WorkingSet<double> set = working_set();
        state_.reset_gradient();
        std::vector<const double*> rows;
        std::vector<double> weight;
        for (index_t p = 0; p < state_.length(); ++p) {
            if (state_.beta[at(p)] == 0.0) continue;
            rows.push_back(set.rows[p]);
            weight.push_back(state_.beta[at(p)]);
        }
        double* f = state_.f.data();
        for (int run = 0; run < 2; ++run) {
            std::vector<const double*> part(rows);
            for (const double*& row : part) row += column_[run];
            working_set_kernels().accumulate(part.data(), weight.data(), static_cast<index_t>(part.size()), 0,
                                             state_.lengths()[run], f);
            f += state_.lengths()[run];
        }
    }

    bool end(Status status) {
        finish(status, state_.rounding(largest_));
        own_ = arena::Buffer<double>();
        return true;
    }

    const PointSet* points_ = nullptr;
    const double* k_ = nullptr;
    index_t stride_;
    double largest_;
    index_t column_[2] = {0, 0};
    std::vector<index_t> row_;  ///< of the matrix, a variable
    std::vector<const double*> rows_;
    arena::Buffer<double> own_;
    index_t next_row_ = 0;
    int refreshes_ = 0;
    bool begun_ = false;
};

}  // namespace

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

std::unique_ptr<Machine> shared_machine(const Task& task, const Settings& settings, const double* k,
                                        index_t stride, index_t first, index_t second, const double* diagonal,
                                        double largest) {
    return std::make_unique<DirectMachine>(task, settings, k, stride, first, second, diagonal, largest);
}

std::unique_ptr<Machine> direct_machine(const Task& task, const Settings& settings, PointSet& points) {
    return std::make_unique<DirectMachine>(task, settings, points);
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
        return direct_machine(task, settings, points);
    points.choose_fixed();
    return batched_machine(task, settings, points);
}

}  // namespace mlqa::svm
