#include "svm/all_at_once.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "svm/class_coefficients.hpp"
#include "svm/class_sets.hpp"
#include "svm/row_cache.hpp"
#include "svm/row_source.hpp"

namespace mlqa::svm {
namespace {

/// Points of a working set, as many as classes in between: passes over slopes of many classes cost more than
/// those over rows.
constexpr index_t smallest_set = 256, largest_set = 1024;
/// A working set is solved to this share of the violation it began with.
constexpr double share = 0.1;
/// Rounds with float values end at this share of the tolerance.
constexpr double float_share = 0.9;
/// Slopes in double without half of the violation gone, after which the values become double.
constexpr int most_refinements = 3;
/// Steps a point of a working set, at most, before it is left.
constexpr index_t most_passes = 100;
/// Violations are nothing but rounding errors below this.
constexpr double noise = 1e-14;
/// Smaller machines gain less from points at rest than it costs to take them out of the rows, which is looked
/// at once in so many rounds.
constexpr index_t resting_points = 2048, rest_period = 8;
/// What a row's part in a point's slopes costs, in products of two features.
constexpr double update_cost = 8.0;
/// Rows in double that are held at a time while slopes are summed anew.
constexpr index_t double_rows = 96;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

class AllAtOnce {
public:
    AllAtOnce(const ClassProblem& problem, const Settings& settings, PointSet& points)
        : settings_(settings),
          points_(points),
          state_(problem),
          set_size_(std::clamp(problem.classes, smallest_set, largest_set)),
          sets_(state_) {
        float_error_ = useful_error(problem);
        if (in_float()) points.choose_fixed();
        if (in_float()) float_error_ = useful_error(problem);
        store_ = in_float() ? float_store(points, settings.cache_bytes)
                            : double_store(points, settings.cache_bytes);
        exact_ = summed_ = problem.initial == nullptr;
        moved_.assign(at(problem.classes), 0.0);
    }

    Status run(ClassOutcome& outcome) {
        if (!exact_) refresh();
        do {
            if (interrupted_ || cancel::poll(0, state_.support_size(), state_.worst()))
                return Status::cancelled;
        } while (!round(outcome));
        outcome.steps = steps_;
        return Status::ok;
    }

private:
    bool in_float() const { return float_error_.finite(); }
    double aim() const { return in_float() && !exact_ ? float_share * settings_.tol : settings_.tol; }
    bool may_step() const { return settings_.max_iter < 0 || steps_ < settings_.max_iter; }

    FloatError useful_error(const ClassProblem& problem) const {
        if (problem.size <= float_points) return {HUGE_VAL, HUGE_VAL};
        const double widest = *std::max_element(problem.bound, problem.bound + problem.size);
        const FloatError error = float_error(points_);
        // Errors of many coefficients cancel for the most part, and refinement takes out several digits.
        const double expected =
            error.worst(points_.largest()) * widest * std::sqrt(static_cast<double>(problem.size));
        if (expected < 2e4 * settings_.tol) return error;
        return {HUGE_VAL, HUGE_VAL};
    }

    bool round(ClassOutcome& outcome) {
        const double violation = state_.worst();
        if (!(violation >= aim())) return settle(Status::ok, outcome);
        if (stalled_ && in_float()) {
            turn_to_double();
            return false;
        }
        if (stalled_ || !may_step()) return settle(Status::not_converged, outcome);
        if (settings_.late()) return settle(Status::time_limit, outcome);
        if (!store_) store_ = float_store(points_, settings_.cache_bytes);
        if (in_float() && state_.size() >= resting_points && rounds_++ % rest_period == 0) rest(violation);
        const index_t size = std::min({set_size_, store_->capacity(), state_.active()});
        const std::vector<index_t>& set = sets_.choose(size, 0.5 * settings_.tol);
        if (store_->fetch(set.data(), static_cast<index_t>(set.size()), settings_.n_threads) != Status::ok ||
            local_.take(state_, *store_, set, settings_.n_threads) != Status::ok)
            interrupted_ = true;
        if (interrupted_) return false;
        index_t most = most_passes * static_cast<index_t>(set.size()), steps = 0;
        if (settings_.max_iter >= 0) most = std::min(most, settings_.max_iter - steps_);
        const double tolerance = std::max({0.5 * settings_.tol, share * violation, noise});
        interrupted_ = local_.solve(state_.loss(), tolerance, most, steps) != Status::ok;
        if (interrupted_) return false;
        steps_ += steps;
        look(steps, violation);
        apply(set);
        return false;
    }

    /// Points that are beyond their margin by more than the others violate optimality go to rest.
    void rest(double violation) {
        // At rest a point will need its slopes again from all of the support. That pays in the long run only:
        // after rounds that took as much.
        const double spent = update_cost * static_cast<double>(rounds_ * set_size_);
        if (spent < static_cast<double>(state_.support_size() * (points_.features() + 16))) return;
        const index_t n = state_.active();
        const std::vector<double> margin = state_.margins(settings_.n_threads);
        std::vector<index_t> kept, dropped;
        for (index_t p = 0; p < n; ++p)
            (!state_.in_support(p) && margin[at(p)] > violation ? dropped : kept).push_back(p);
        const auto whole = static_cast<std::size_t>(State::filling());
        const std::size_t filling = (whole - kept.size() % whole) % whole;
        if (static_cast<double>(kept.size() + filling) > 0.8 * static_cast<double>(n)) return;
        kept.insert(kept.end(), dropped.begin(), dropped.begin() + static_cast<std::ptrdiff_t>(filling));
        std::sort(kept.begin(), kept.end());
        state_.rest(kept);
        store_->keep(kept.data(), static_cast<index_t>(kept.size()), settings_.n_threads);
        sets_.renumber(kept, n);
    }

    /// Notes whether the violation stays within the rounding error of the slopes.
    void look(index_t steps, double violation) {
        steps_since_look_ += std::max<index_t>(steps, 1);
        if (std::isnan(violation) || steps == 0) stalled_ = true;
        if (steps_since_look_ < 20 * state_.size() + 10000) return;
        const bool halved = violation <= 0.5 * violation_before_;
        steps_since_look_ = 0;
        violation_before_ = violation;
        stalled_ = !halved && violation <= 2.0 * state_.rounding(points_.largest());
    }

    /// Takes over the new coefficients and brings slopes and violations up to date.
    void apply(const std::vector<index_t>& set) {
        const index_t k = state_.classes();
        weight_.assign(set.size() * at(k), 0.0);
        for (std::size_t r = 0; r < set.size(); ++r)
            for (index_t c = 0; c < k; ++c) {
                const double beta = local_.beta(static_cast<index_t>(r), c), before = state_.beta(c, set[r]);
                if (beta == before) continue;
                weight_[r * at(k) + at(c)] = beta - before;
                moved_[at(c)] += std::abs(beta - before);
                state_.set_beta(c, set[r], beta);
            }
        exact_ = false;
        // Each term is rounded once beside sums no larger than those of all coefficients.
        drift_ += 1.2e-16 * static_cast<double>(set.size()) *
                  ((state_.weight() + most_moved()) * points_.largest() + 1.0);
        add(*store_, weight_.data(), state_.run(), state_.slope(0, 0), state_.stride(),
            [&](index_t first, index_t last) { state_.renew(first, last); });
    }

    void add(RowStore& store, const double* weight, index_t n, double* slope, index_t stride,
             const std::function<void(index_t, index_t)>& then) {
        if (store.add_each(weight, state_.classes(), n, slope, stride, then, settings_.n_threads) !=
            Status::ok)
            interrupted_ = true;
    }

    double most_moved() const { return *std::max_element(moved_.begin(), moved_.end()); }

    /// A bound on the error of slopes that were added up from float values since they were last summed in
    /// double: of the values, in what the coefficients changed by, and of sums in float, in what they moved.
    double float_drift(double weight) const {
        constexpr double of_sums = (most_rows + 2) * 0x1p-24;
        return 1.02 * (float_error_.worst(points_.largest()) * (weight + refined_weight_) +
                       of_sums * points_.largest() * most_moved());
    }

    /// The end, if slopes in double agree.
    bool settle(Status status, ClassOutcome& outcome) {
        const double violation = state_.worst();
        if ((!exact_ || state_.resting()) &&
            (in_float() || 2.0 * drift_ + (status == Status::ok ? violation : 0.0) >= settings_.tol))
            refresh();
        if (interrupted_) return false;
        if (status != Status::ok || !(state_.worst() >= settings_.tol)) {
            interrupted_ = state_.certify(drift_, outcome, settings_.n_threads) != Status::ok;
            outcome.status = status;
            return !interrupted_;
        }
        if (in_float() && state_.worst() > 0.5 * refined_violation_ && ++refinements_ >= most_refinements)
            turn_to_double();
        refined_violation_ = state_.worst();
        return false;
    }

    /// Float values do not lead there.
    void turn_to_double() {
        float_error_ = {HUGE_VAL, HUGE_VAL};
        stalled_ = false;
        store_.reset();  // its memory is wanted
        store_ = double_store(points_, settings_.cache_bytes);
        refresh();
    }

    /// Slopes in double from the coefficients, wherever it is in doubt whether they matter.
    void refresh() {
        const double weight = state_.weight(), error = float_drift(weight) + drift_;
        const std::vector<double> margin = state_.margins(settings_.n_threads);
        const auto known = [&](index_t p) {
            return p < state_.active() && summed_ && in_float() && margin[at(p)] > 2.0 * error;
        };
        std::vector<index_t> kept;
        for (index_t p = 0; p < state_.size(); ++p)
            if (state_.in_support(p) || !known(p)) kept.push_back(state_.point(p));
        if (state_.resting()) {
            state_.wake();
            sets_.forget();
            store_.reset();
        }
        const std::vector<index_t> support = state_.support();
        drift_ = state_.rounding(points_.largest());
        std::sort(kept.begin(), kept.end());
        if (in_float()) {
            const std::unique_ptr<RowStore> store =
                double_store(points_, 8.0 * static_cast<double>(double_rows * state_.stride()));
            if (kept.size() < at(state_.size()))
                store->keep(kept.data(), static_cast<index_t>(kept.size()), settings_.n_threads);
            sum(*store, support, kept);
        } else {
            sum(*store_, support, kept);
        }
        refined_weight_ = weight;
        moved_.assign(moved_.size(), 0.0);
        exact_ = summed_ = true;
        state_.renew(0, state_.stride());
    }

    /// Slopes of the points that a store has, which are `kept`.
    void sum(RowStore& store, const std::vector<index_t>& support, const std::vector<index_t>& kept) {
        const index_t k = state_.classes(), n = static_cast<index_t>(kept.size());
        const index_t stride = round_up(n, State::filling());
        arena::Buffer<double> sums(at(k) * at(stride), 0.0);
        std::vector<index_t> columns;
        for (std::size_t first = 0; first < support.size() && !interrupted_;) {
            const std::size_t m =
                std::min(at(std::min(double_rows, store.capacity())), support.size() - first);
            columns.clear();
            weight_.resize(m * at(k));
            for (std::size_t r = 0; r < m; ++r) {
                const index_t i = support[first + r];
                columns.push_back(std::lower_bound(kept.begin(), kept.end(), i) - kept.begin());
                for (index_t c = 0; c < k; ++c) weight_[r * at(k) + at(c)] = state_.beta(c, i);
            }
            interrupted_ =
                store.fetch(columns.data(), static_cast<index_t>(m), settings_.n_threads) != Status::ok;
            if (!interrupted_)
                add(store, weight_.data(), stride, sums.data(), stride, [](index_t, index_t) {});
            first += m;
        }
        const auto of_class = [&](index_t c, int) {
            for (index_t j = 0; j < n; ++j)
                *state_.slope(c, kept[at(j)]) = sums[at(c * stride + j)] + state_.margin(c, kept[at(j)]);
        };
        if (threads::parallel_for(k, points_.threads_for(k * n), of_class) != Status::ok) interrupted_ = true;
    }

    const Settings& settings_;
    const PointSet& points_;
    ClassCoefficients state_;
    index_t set_size_;
    ClassSets sets_;
    LocalClasses local_;
    FloatError float_error_;  ///< not finite: values are double
    std::unique_ptr<RowStore> store_;
    std::vector<double> weight_;
    std::vector<double> moved_;    ///< a class: sum of the |changes| since then
    double refined_weight_ = 0.0;  ///< of the coefficients when slopes were last summed in double
    double refined_violation_ = HUGE_VAL, violation_before_ = 0.0;
    double drift_ = 0.0;  ///< bound on the rounding errors of the sums in double
    index_t steps_ = 0, steps_since_look_ = 0, rounds_ = 0;
    int refinements_ = 0;
    bool exact_, summed_, stalled_ = false, interrupted_ = false;
};

}  // namespace

Status all_at_once(const ClassProblem& problem, const Settings& settings, ClassOutcome& outcome) {
    PointSet points(problem.points, problem.index, problem.index, problem.size, problem.function,
                    settings.n_threads);
    if (!points.finite()) {
        outcome.objective = std::numeric_limits<double>::quiet_NaN();
        return Status::ok;
    }
    return AllAtOnce(problem, settings, points).run(outcome);
}

}  // namespace mlqa::svm
