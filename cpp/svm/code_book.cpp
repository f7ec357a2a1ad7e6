#include "svm/code_book.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "core/cancel.hpp"
#include "svm/direct_machine.hpp"
#include "svm/side_by_side.hpp"

namespace mlqa::svm {
namespace {

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// The variables of one machine: p = -y, 0 <= y beta <= C.
struct Variables {
    std::vector<index_t> position;  ///< in the sorted order
    std::vector<double> linear, lower, upper, initial;
    Task task;

    Variables(const CodeBook& book, index_t m) {
        for (index_t c = 0; c < book.classes; ++c) {
            const double y = book.of(c, m);
            if (y == 0.0) continue;
            const double weight = book.weight == nullptr ? 1.0 : book.weight[c * book.machines + m];
            for (index_t i = book.start[c]; i < book.start[c + 1]; ++i) {
                const double bound = std::min(weight * book.bound[i], std::numeric_limits<double>::max());
                position.push_back(i);
                linear.push_back(-y);
                lower.push_back(y > 0 ? 0.0 : -bound);
                upper.push_back(y > 0 ? bound : 0.0);
                if (book.initial != nullptr) initial.push_back(book.initial[m * book.total() + i]);
            }
        }
        task.first = static_cast<index_t>(position.size());
        task.linear = linear.data();
        task.lower = lower.data();
        task.upper = upper.data();
        if (book.initial != nullptr) task.initial = initial.data();
    }
};

class Training {
public:
    Training(const CodeBook& book, const Settings& settings, CodeModel& model)
        : book_(book), settings_(settings), model_(model), places_(at(book.machines)) {
        model_.rho.assign(at(book.machines), std::numeric_limits<double>::quiet_NaN());
        model_.steps.assign(at(book.machines), 0);
        model_.objective.assign(at(book.machines), 0.0);
        results_.resize(at(book.machines));
    }

    Status run() {
        prepare();
        Crew crew;
        crew.count = book_.machines;
        crew.size = [this](index_t m) { return size(m); };
        crew.make = [this](index_t m) { return make(m); };
        crew.own_values = matrix_.size() == 0 || of_all_ < book_.machines;
        crew.finish = [this](index_t m, Outcome& outcome, int) { finish(m, outcome); };
        crew.report = [this](index_t support, double violation) { return report(support, violation); };
        const Status status = train_side_by_side(crew, settings_);
        if (status == Status::ok) assemble();
        return status;
    }

private:
    /// Coefficients of a machine that are not zero.
    struct Result {
        std::vector<index_t> position;
        std::vector<double> beta;
        double violation = 0.0, gap = 0.0;
        Status status = Status::ok;
        bool done = false;
    };
    /// What a machine at work needs.
    struct Place {
        std::unique_ptr<Variables> variables;
        std::vector<index_t> index;
        std::unique_ptr<PointSet> points;
    };

    index_t size(index_t m) const {
        index_t n = 0;
        for (index_t c = 0; c < book_.classes; ++c)
            if (book_.of(c, m) != 0) n += book_.start[c + 1] - book_.start[c];
        return n;
    }

    /// What machines of all classes share.
    void prepare() {
        for (index_t m = 0; m < book_.machines; ++m)
            if (size(m) == book_.total()) ++of_all_;
        if (of_all_ == 0) return;
        const index_t n = book_.total();
        set_ = std::make_unique<PointSet>(book_.points, book_.order, book_.order, n, book_.function,
                                          settings_.n_threads);
        const double bytes = static_cast<double>(n) * static_cast<double>(n) * sizeof(double);
        if (n > direct_points || bytes > settings_.cache_bytes) {
            set_->choose_fixed();
            return;
        }
        set_->prepare_rows();
        const index_t stride = set_->stride();
        matrix_ = arena::Buffer<double>(at(n * stride + State::filling()));
        std::fill(matrix_.data() + n * stride, matrix_.end(), 0.0);
        set_->matrix(0, n, matrix_.data(), settings_.n_threads);
    }

    std::unique_ptr<Machine> make(index_t m) {
        Place& place = places_[at(m)];
        place.variables = std::make_unique<Variables>(book_, m);
        const Task& task = place.variables->task;
        if (task.size() == book_.total()) {
            if (!set_->finite()) return nullptr;
            if (matrix_.size() == 0) return make_machine(task, settings_, *set_);
            auto machine = std::make_unique<DirectMachine>(settings_);
            machine->restart(task, {matrix_.data(), set_->stride(), set_->diagonal(), set_->largest()}, 0, 0,
                             false);
            return machine;
        }
        for (const index_t i : place.variables->position) place.index.push_back(book_.order[i]);
        place.points = std::make_unique<PointSet>(book_.points, place.index.data(), place.index.data(),
                                                  task.size(), book_.function, 1);
        if (!place.points->finite()) return nullptr;
        return make_machine(task, settings_, *place.points);
    }

    /// Of the machines that have ended, and of those at work.
    bool report(index_t support, double violation) const {
        index_t done = 0;
        for (const Result& result : results_) {
            done += result.done ? 1 : 0;
            support += static_cast<index_t>(result.beta.size());
            violation = std::max(violation, result.violation);
        }
        return cancel::poll(done, support, violation);
    }

    void finish(index_t m, Outcome& outcome) {
        Result& result = results_[at(m)];
        const Variables& variables = *places_[at(m)].variables;
        for (std::size_t i = 0; i < variables.position.size(); ++i) {
            if (outcome.beta[i] == 0.0) continue;
            result.position.push_back(variables.position[i]);
            result.beta.push_back(outcome.beta[i]);
        }
        result.violation = outcome.violation;
        result.gap = outcome.gap;
        result.status = outcome.status;
        result.done = true;
        model_.objective[at(m)] = outcome.objective;
        model_.rho[at(m)] = outcome.rho[0];
        model_.steps[at(m)] = outcome.steps;
        places_[at(m)] = Place();
    }

    void assemble() {
        std::vector<index_t> column(at(book_.total()), -1);
        for (const Result& r : results_)
            for (const index_t i : r.position) column[at(i)] = 0;
        model_.support_count.assign(at(book_.classes), 0);
        for (index_t c = 0; c < book_.classes; ++c)
            for (index_t i = book_.start[c]; i < book_.start[c + 1]; ++i) {
                if (column[at(i)] < 0) continue;
                column[at(i)] = static_cast<index_t>(model_.support.size());
                model_.support.push_back(i);
                ++model_.support_count[at(c)];
            }
        const std::size_t n = model_.support.size();
        model_.dual_coef = arena::Buffer<double>(at(book_.machines) * n, 0.0);
        for (std::size_t m = 0; m < results_.size(); ++m) {
            const Result& r = results_[m];
            for (std::size_t e = 0; e < r.position.size(); ++e)
                model_.dual_coef[m * n + at(column[at(r.position[e])])] = r.beta[e];
            model_.violation = std::max(model_.violation, r.violation);
            model_.gap += r.gap;
            if (r.status != Status::ok && model_.status != Status::time_limit) model_.status = r.status;
        }
    }

    const CodeBook& book_;
    const Settings& settings_;
    CodeModel& model_;
    std::vector<Place> places_;
    std::vector<Result> results_;
    index_t of_all_ = 0;
    std::unique_ptr<PointSet> set_;  ///< all points
    arena::Buffer<double> matrix_;
};

}  // namespace

Status fit(const CodeBook& book, const Settings& settings, CodeModel& model) {
    return Training(book, settings, model).run();
}

}  // namespace mlqa::svm
