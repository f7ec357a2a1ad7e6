#include "svm/ovo.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "svm/class_points.hpp"
#include "svm/class_tiles.hpp"
#include "svm/side_by_side.hpp"
#include "svm/two_classes.hpp"

namespace mlqa::svm {
namespace {

/// Features of a kernel value that takes less than to find it in memory.
constexpr index_t cheap_features = 64;
/// The share of the cache that rows which machines lend each other may take.
constexpr double lent_share = 0.25;
/// As many small classes are taken by tiles, some of these between two reports of progress.
constexpr index_t many_classes = 16, tiles_at_a_time = 64;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

class Training {
public:
    Training(const Problem& problem, const Settings& settings, Model& model)
        : problem_(problem),
          settings_(settings),
          model_(model),
          results_(at(problem.machines())),
          reached_(at(settings.n_threads)) {
        const std::size_t machines = at(problem.machines());
        model_.rho.assign(machines, 0.0);
        model_.steps.assign(machines, 0);
        model_.objective.assign(machines, 0.0);
        model_.dual_coef.begin(problem.classes, problem.start, settings.n_threads);
    }

    Status run() {
        prepare();
        Status status = tiles_ ? train_tiles() : Status::ok;
        if (tiles_ && !open_.empty()) set_->choose_fixed();
        if (status == Status::ok) status = train_open();
        if (status != Status::ok) return status;
        for (const Result& result : results_) combine(result);
        model_.dual_coef.end();
        return Status::ok;
    }

private:
    struct Result {
        double violation, gap;
        Status status;
    };

    /// What a thread has ended.
    struct Reached {
        index_t machines = 0;
        double violation = 0.0;
    };

    /// What a machine at work needs.
    struct Place {
        std::vector<index_t> index;
        std::unique_ptr<PointSet> points;
    };

    index_t number(Pair pair) const { return pair_number(pair.a, pair.b, problem_.classes); }
    index_t size(Pair pair) const { return problem_.size(pair.a) + problem_.size(pair.b); }
    index_t total() const { return problem_.start[problem_.classes]; }

    bool dense() const { return !problem_.points.is_sparse && problem_.function.kind != Kernel::precomputed; }

    /// What machines share. Two classes have but one.
    void prepare() {
        const bool several = problem_.classes > 2, fits = several && matrix_fits();
        if (several && (fits || dense())) share(fits);
        for (index_t a = 0; a < problem_.classes; ++a)
            for (index_t b = a + 1; b < problem_.classes; ++b)
                if (!tiles_ || !is_small(a) || !is_small(b)) open_.push_back({a, b});
    }

    void share(bool fits) {
        set_ = std::make_unique<PointSet>(problem_.points, problem_.order, problem_.order, total(),
                                          problem_.function, settings_.n_threads);
        const double own_bytes = ClassPoints::own_bytes(problem_);
        const bool lends = own_bytes <= lent_share * settings_.cache_bytes;
        if (dense()) classes_ = std::make_unique<ClassPoints>(problem_, *set_, lends);
        if (takes_tiles(fits) && set_->finite()) {
            set_->prepare_rows();
            tiles_ = std::make_unique<ClassTiles>(problem_, settings_, *set_, *classes_);
        } else if (fits && (!dense() || classes_->centred())) {
            compute_matrix();
        } else {
            set_->choose_fixed();
        }
        if (lends && matrix_.size() == 0) settings_.cache_bytes -= own_bytes;
    }

    bool is_small(index_t c) const { return ClassTiles::takes(problem_.size(c)); }

    /// Tiles are for many small classes, unless the others would have had a matrix.
    bool takes_tiles(bool matrix_fits) const {
        if (!dense()) return false;
        index_t small = 0;
        for (index_t c = 0; c < problem_.classes; ++c) small += is_small(c) ? 1 : 0;
        return small >= many_classes && (small == problem_.classes || !matrix_fits);
    }

    bool matrix_fits() const {
        std::vector<index_t> sizes(at(problem_.classes));
        for (index_t c = 0; c < problem_.classes; ++c) sizes[at(c)] = problem_.size(c);
        std::partial_sort(sizes.begin(), sizes.begin() + 2, sizes.end(), std::greater<>());
        if (sizes[0] + sizes[1] > most_points()) return false;
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

    /// Machines of small classes; what they leave is opened.
    Status train_tiles() {
        std::vector<std::vector<Pair>> left(at(tiles_->size()));
        const auto train_tile = [&](index_t tile, int worker) {
            tiles_->train(tile, worker, [&, tile](Pair pair, Outcome* outcome, int by) {
                if (outcome != nullptr)
                    finish(pair, *outcome, by);
                else
                    left[at(tile)].push_back(pair);
            });
        };
        for (index_t first = 0; first < tiles_->size(); first += tiles_at_a_time) {
            const index_t n = std::min(tiles_at_a_time, tiles_->size() - first);
            const Status status =
                threads::parallel_for(n, settings_.n_threads,
                                      [&](index_t chunk, int worker) { train_tile(first + chunk, worker); });
            if (status != Status::ok) return status;
            if (report(0, 0.0)) return Status::cancelled;
        }
        for (const std::vector<Pair>& pairs : left) open_.insert(open_.end(), pairs.begin(), pairs.end());
        return Status::ok;
    }

    /// Machines that are trained by themselves.
    Status train_open() {
        places_.resize(open_.size());
        Crew crew;
        crew.count = static_cast<index_t>(open_.size());
        crew.size = [this](index_t open) { return size(open_[at(open)]); };
        crew.own_values = matrix_.size() == 0;
        crew.make = [this](index_t open) { return make(open); };
        crew.finish = [this](index_t open, Outcome& outcome, int worker) {
            places_[at(open)].reset();
            finish(open_[at(open)], outcome, worker);
        };
        crew.report = [this](index_t support, double violation) { return report(support, violation); };
        return train_side_by_side(crew, settings_);
    }

    std::unique_ptr<Machine> make(index_t open) {
        const Pair p = open_[at(open)];
        const index_t* start = problem_.start;
        TwoClasses variables;
        const Task& task = variables.task(problem_, p.a, p.b);
        if (matrix_.size() > 0) {
            if (!set_->finite()) return overflow(number(p));
            auto machine = std::make_unique<DirectMachine>(settings_);
            machine->restart(task, {matrix_.data(), set_->stride(), set_->diagonal(), set_->largest()},
                             start[p.a], start[p.b], false);
            return machine;
        }
        places_[at(open)] = std::make_unique<Place>();
        std::vector<index_t>& index = places_[at(open)]->index;
        std::unique_ptr<PointSet>& points = places_[at(open)]->points;
        index.assign(problem_.order + start[p.a], problem_.order + start[p.a + 1]);
        index.insert(index.end(), problem_.order + start[p.b], problem_.order + start[p.b + 1]);
        if (classes_)
            points = classes_->pair(p.a, p.b, index.data());
        else
            points = std::make_unique<PointSet>(problem_.points, index.data(), index.data(), task.size(),
                                                problem_.function, settings_.n_threads);
        return points->finite() ? make_machine(task, settings_, *points) : overflow(number(p));
    }

    /// Of the machines that have ended, and of those at work.
    bool report(index_t support, double violation) const {
        index_t done = 0;
        for (const Reached& reached : reached_) {
            done += reached.machines;
            violation = std::max(violation, reached.violation);
        }
        return cancel::poll(done, support + model_.dual_coef.count(), violation);
    }

    void finish(Pair pair, Outcome& outcome, int worker) {
        if (problem_.nu > 0) scale_nu(outcome);
        model_.dual_coef.keep(pair.a, pair.b, outcome.beta.data(), worker);
        const std::size_t machine = at(number(pair));
        results_[machine] = {outcome.violation, outcome.gap, outcome.status};
        model_.objective[machine] = outcome.objective;
        model_.rho[machine] = outcome.rho[0];
        model_.steps[machine] = outcome.steps;
        Reached& reached = reached_[at(worker)];
        ++reached.machines;
        reached.violation = std::max(reached.violation, outcome.violation);
    }

    /// Kernel values that are not finite make no machine: its constant says so.
    std::unique_ptr<Machine> overflow(index_t machine) {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        results_[at(machine)] = {nan, nan, Status::ok};
        model_.objective[at(machine)] = nan;
        model_.rho[at(machine)] = nan;
        return nullptr;
    }

    void combine(const Result& r) {
        model_.violation = std::max(model_.violation, r.violation);
        model_.gap += r.gap;
        if (r.status != Status::ok && model_.status != Status::time_limit) model_.status = r.status;
    }

    const Problem& problem_;
    Settings settings_;
    Model& model_;
    std::vector<Pair> open_;                      ///< machines that are trained by themselves
    std::vector<std::unique_ptr<Place>> places_;  ///< of these
    std::vector<Result> results_;                 ///< a machine
    std::vector<Reached> reached_;
    std::unique_ptr<PointSet> set_;  ///< all points
    std::unique_ptr<ClassPoints> classes_;
    std::unique_ptr<ClassTiles> tiles_;
    arena::Buffer<double> matrix_;
};

}  // namespace

Status fit(const Problem& problem, const Settings& settings, Model& model) {
    return Training(problem, settings, model).run();
}

}  // namespace mlqa::svm
