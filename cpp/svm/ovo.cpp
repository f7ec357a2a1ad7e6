#include "svm/ovo.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <numeric>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "svm/class_points.hpp"
#include "svm/two_classes.hpp"

namespace mlqa::svm {
namespace {

/// Machines that are worked on together, at most.
constexpr index_t largest_group = 256;
/// How long a machine works before progress is looked at: in one piece while its rows are in the cache.
constexpr std::chrono::milliseconds slice{10};
/// Points of a machine from which on it uses all threads well by itself.
constexpr index_t side_by_side = 4096;
/// Features of a kernel value that takes less than to find it in memory.
constexpr index_t cheap_features = 64;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

struct Pair {
    index_t a, b;
};

/// Coefficients of a machine that are not zero.
struct Sparse {
    std::vector<index_t> position;  ///< in the order sorted by class
    std::vector<double> beta;
};

class Training {
public:
    Training(const Problem& problem, const Settings& settings, Model& model)
        : problem_(problem), settings_(settings), model_(model) {
        for (index_t a = 0; a < problem.classes; ++a)
            for (index_t b = a + 1; b < problem.classes; ++b) pairs_.push_back({a, b});
        solutions_.resize(pairs_.size());
        results_.resize(pairs_.size());
        model_.rho.assign(pairs_.size(), 0.0);
        model_.steps.assign(pairs_.size(), 0);
    }

    Status run() {
        prepare();
        const index_t machines = problem_.machines();
        for (index_t first = 0; first < machines;) {
            const index_t n = group(first);
            const Status status = train(first, n);
            if (status != Status::ok) return status;
            first += n;
        }
        assemble();
        return Status::ok;
    }

private:
    index_t size(index_t machine) const {
        const Pair p = pairs_[at(machine)];
        return problem_.size(p.a) + problem_.size(p.b);
    }
    index_t total() const { return problem_.start[problem_.classes]; }

    bool dense() const { return !problem_.points.is_sparse && problem_.function.kind != Kernel::precomputed; }

    /// What machines share. Two classes have but one.
    void prepare() {
        if (problem_.classes == 2) return;
        const bool fits = matrix_fits();
        if (!fits && !dense()) return;
        set_ = std::make_unique<PointSet>(problem_.points, problem_.order, problem_.order, total(),
                                          problem_.function, settings_.n_threads);
        if (dense()) classes_ = std::make_unique<ClassPoints>(problem_, *set_);
        if (fits && (!dense() || classes_->centred()))
            compute_matrix();
        else
            set_->choose_fixed();
    }

    bool matrix_fits() const {
        const index_t most = most_points();
        for (index_t m = 0; m < problem_.machines(); ++m)
            if (size(m) > most) return false;
        const auto n = static_cast<double>(total());
        return n * n * sizeof(double) <= settings_.cache_bytes;
    }

    /// Of a machine that works inside a shared matrix. Many machines of dense points together need few of all
    /// values; larger ones take cheap values in float, while dear ones would be computed again in double.
    index_t most_points() const {
        if (!dense()) return direct_points;
        if (total() > direct_points) return float_points;
        return problem_.points.features() > cheap_features ? direct_points : 2 * float_points;
    }

    void compute_matrix() {
        set_->prepare_rows();
        const index_t n = set_->size(), stride = set_->stride();
        matrix_ = arena::Buffer<double>(at(n * stride + State::filling()));
        std::fill(matrix_.data() + n * stride, matrix_.end(), 0.0);
        set_->matrix(0, n, matrix_.data(), settings_.n_threads);
    }

    /// How many machines from `first` on are trained together: one if it is large.
    index_t group(index_t first) const {
        if (matrix_.size() > 0) return std::min(largest_group, problem_.machines() - first);
        double bytes = 0;
        index_t n = 0;
        for (index_t m = first; m < problem_.machines() && n < largest_group; ++m, ++n) {
            const auto points = static_cast<double>(size(m));
            bytes += points * points * sizeof(double);
            if (n > 0 && (size(m) > side_by_side || bytes > settings_.cache_bytes)) break;
            if (size(m) > side_by_side) return 1;
        }
        return n;
    }

    std::unique_ptr<Machine> make(index_t machine, std::vector<index_t>& index,
                                  std::unique_ptr<PointSet>& points) const {
        const Pair p = pairs_[at(machine)];
        const index_t* start = problem_.start;
        const TwoClasses variables(problem_, p.a, p.b);
        const Task& task = variables.task();
        if (matrix_.size() > 0)
            return shared_machine(task, settings_, matrix_.data(), set_->stride(), start[p.a], start[p.b],
                                  set_->diagonal(), set_->largest());
        index.assign(problem_.order + start[p.a], problem_.order + start[p.a + 1]);
        index.insert(index.end(), problem_.order + start[p.b], problem_.order + start[p.b + 1]);
        if (classes_)
            points = classes_->pair(p.a, p.b, index.data());
        else
            points = std::make_unique<PointSet>(problem_.points, index.data(), index.data(), task.size(),
                                                problem_.function, settings_.n_threads);
        return make_machine(task, settings_, *points);
    }

    Status train(index_t first, index_t n) {
        std::vector<std::vector<index_t>> index(at(n));
        std::vector<std::unique_ptr<PointSet>> points(at(n));
        std::vector<std::unique_ptr<Machine>> machine(at(n));
        std::vector<char> done(at(n), 0);
        std::vector<index_t> open(at(n));
        std::iota(open.begin(), open.end(), index_t{0});
        // The largest first: they would keep the others waiting.
        std::stable_sort(open.begin(), open.end(),
                         [&](index_t a, index_t b) { return size(first + a) > size(first + b); });
        const auto step = [&](index_t m, int n_threads) {
            if (!machine[at(m)]) machine[at(m)] = make(first + m, index[at(m)], points[at(m)]);
            const PointSet& values = points[at(m)] ? *points[at(m)] : *set_;
            if (!values.finite())
                overflow(first + m);
            else if (advance(*machine[at(m)], n_threads))
                finish(first + m, machine[at(m)]->outcome);
            else
                return;
            machine[at(m)].reset();
            points[at(m)].reset();
            done[at(m)] = 1;
        };
        const auto report = [&] {
            index_t support = 0;
            double violation = model_.violation;
            for (const Sparse& solution : solutions_) support += static_cast<index_t>(solution.beta.size());
            for (const index_t m : open) {
                if (!machine[at(m)]) continue;
                support += machine[at(m)]->support();
                violation = std::max(violation, machine[at(m)]->violation());
            }
            return cancel::poll(first + n - static_cast<index_t>(open.size()), support, violation);
        };
        while (!open.empty()) {
            if (report()) return Status::cancelled;
            if (open.size() == 1) {
                step(open[0], settings_.n_threads);
            } else {
                const Status status =
                    threads::parallel_for(static_cast<index_t>(open.size()), settings_.n_threads,
                                          [&](index_t chunk, int) { step(open[at(chunk)], 1); });
                if (status != Status::ok) return status;
            }
            const auto finished = [&](index_t m) { return done[at(m)] != 0; };
            open.erase(std::remove_if(open.begin(), open.end(), finished), open.end());
        }
        for (index_t m = first; m < first + n; ++m) combine(m);
        return Status::ok;
    }

    /// Until the outcome is there, or for as long as nobody minds to wait for progress.
    static bool advance(Machine& machine, int n_threads) {
        const auto until = std::chrono::steady_clock::now() + slice;
        while (!machine.advance(n_threads))
            if (std::chrono::steady_clock::now() > until) return false;
        return true;
    }

    void finish(index_t machine, Outcome& outcome) {
        if (problem_.nu > 0) scale_nu(outcome);
        const Pair p = pairs_[at(machine)];
        const index_t first = problem_.size(p.a);
        Sparse& solution = solutions_[at(machine)];
        for (index_t i = 0; i < size(machine); ++i) {
            const double beta = outcome.beta[at(i)];
            if (beta == 0.0) continue;
            const index_t position = i < first ? problem_.start[p.a] + i : problem_.start[p.b] + i - first;
            solution.position.push_back(position);
            solution.beta.push_back(beta);
        }
        results_[at(machine)] = {outcome.violation, outcome.gap, outcome.objective, outcome.status};
        model_.rho[at(machine)] = outcome.rho[0];
        model_.steps[at(machine)] = outcome.steps;
    }

    /// Kernel values that are not finite make no machine: its constant says so.
    void overflow(index_t machine) {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        results_[at(machine)] = {nan, nan, nan, Status::ok};
        model_.rho[at(machine)] = nan;
    }

    void combine(index_t machine) {
        const Result& r = results_[at(machine)];
        model_.violation = std::max(model_.violation, r.violation);
        model_.gap += r.gap;
        model_.objective += r.objective;
        if (r.status != Status::ok && model_.status != Status::time_limit) model_.status = r.status;
    }

    void assemble() {
        std::vector<index_t> column(at(total()), -1);
        for (const Sparse& s : solutions_)
            for (const index_t position : s.position) column[at(position)] = 0;
        model_.support_count.assign(at(problem_.classes), 0);
        for (index_t c = 0; c < problem_.classes; ++c)
            for (index_t i = problem_.start[c]; i < problem_.start[c + 1]; ++i) {
                if (column[at(i)] < 0) continue;
                column[at(i)] = static_cast<index_t>(model_.support.size());
                model_.support.push_back(i);
                ++model_.support_count[at(c)];
            }
        const auto n = static_cast<index_t>(model_.support.size());
        model_.dual_coef = arena::Buffer<double>(at(problem_.classes - 1) * at(n), 0.0);
        for (std::size_t m = 0; m < pairs_.size(); ++m) {
            const Pair p = pairs_[m];
            const Sparse& s = solutions_[m];
            for (std::size_t e = 0; e < s.position.size(); ++e) {
                const bool of_first = s.position[e] < problem_.start[p.a + 1];
                const index_t row = of_first ? p.b - 1 : p.a;
                model_.dual_coef[at(row * n + column[at(s.position[e])])] = s.beta[e];
            }
        }
    }

    struct Result {
        double violation, gap, objective;
        Status status;
    };

    const Problem& problem_;
    const Settings& settings_;
    Model& model_;
    std::vector<Pair> pairs_;
    std::vector<Sparse> solutions_;
    std::vector<Result> results_;
    std::unique_ptr<PointSet> set_;  ///< all points
    std::unique_ptr<ClassPoints> classes_;
    arena::Buffer<double> matrix_;
};

}  // namespace

Status fit(const Problem& problem, const Settings& settings, Model& model) {
    return Training(problem, settings, model).run();
}

}  // namespace mlqa::svm
