#include <algorithm>
#include <cmath>
#include <numeric>

#include "svm/float_steps.hpp"
#include "svm/local_set.hpp"
#include "svm/row_cache.hpp"
#include "svm/row_source.hpp"
#include "svm/smo.hpp"
#include "svm/sums.hpp"
#include "svm/working_sets.hpp"

namespace mlqa::svm {
namespace {

constexpr index_t largest_set = 256;
/// A working set is solved to this share of the violation it began with: 0.5 doubles the number of rounds,
/// 0.02 gains nothing.
constexpr double share = 0.1;
/// Rounds with float values end at this share of the tolerance: most gradients then pass in double at once.
constexpr double float_share = 0.9;
/// Smaller machines gain less from points at rest than it costs to take them out of the rows.
constexpr index_t resting_points = 2048;
/// Machines of up to so many points take their steps over all of them, unless rows of many features are too
/// dear to compute some that are not needed.
constexpr index_t whole_points = 2048, whole_features = 256;
/// Steps between two looks at the clock.
constexpr index_t steps_at_a_time = 1000;
/// Rows that they compute at a time, whole blocks: in float, and in fixed point.
constexpr index_t rows_at_a_time[2] = {24, 32};
/// Rounds between two looks at which points may rest.
constexpr index_t rest_period = 8;
/// What a row's part in a point's gradient costs, in products of two features: bound by memory.
constexpr double update_cost = 32.0;
/// Points at work are whole vectors of any instruction set.
constexpr index_t rest_multiple = 32;
/// Gradients in double without half of the violation gone, after which the values become double.
constexpr int most_refinements = 3;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// A twelfth of the points: small machines would compute rows that they do not need.
index_t set_size_for(index_t n) {
    return std::clamp<index_t>(n / 12 / 16 * 16, 64, largest_set);
}

class BatchedMachine final : public Machine {
public:
    BatchedMachine(const Task& task, const Settings& settings, const PointSet& points,
                   const FloatError& error_of_float)
        : Machine(task, settings, task.grouped),
          points_(points),
          float_error_(error_of_float),
          store_(in_float() ? float_store(points, settings.cache_bytes)
                            : double_store(points, settings.cache_bytes)),
          set_size_(std::min({set_size_for(task.size()), task.size(), store_->capacity()})),
          sets_(state_, set_size_),
          column_{0, task.twice ? 0 : task.first},
          may_rest_(!task.grouped && !task.twice && task.size() >= resting_points),
          spreads_(in_float() && error_of_float.relative > 0 && error_of_float.relative < 0.01 &&
                   state_.starts_at_zero()),
          exact_(state_.starts_at_zero()),
          summed_(exact_),
          steps_over_all_(in_float() && task.size() <= whole_points && points.features() <= whole_features &&
                          store_->capacity() >= points.size()) {
        for (index_t i = 0; i < task.size(); ++i)
            state_.diagonal[at(state_.place(i))] = points.diagonal()[at(column(state_.place(i)))];
        weight_ = state_.weight();
        if (!steps_over_all_) return;
        sets_.restart(std::min(rows_at_a_time[points.fixed().usable() ? 1 : 0], task.size()));
        float_steps_ = std::make_unique<FloatSteps>(state_, column_, points.size());
    }

    bool advance(int n_threads) override {
        if (!begun_) {
            begun_ = true;
            if (!exact_) refresh(n_threads);
        }
        // A few milliseconds' rounds, whatever their number.
        const double round_cost = static_cast<double>(set_size_) * static_cast<double>(state_.length()) *
                                  (static_cast<double>(points_.features()) / 8.0 + 4.0);
        const auto rounds = static_cast<int>(std::clamp(1e7 / round_cost, 1.0, 1e6));
        for (int r = 0; r < rounds && !interrupted_; ++r)
            if (round(n_threads) && !interrupted_) return true;
        return false;
    }

private:
    bool in_float() const { return float_error_.finite(); }

    bool round(int n_threads) {
        if (steps_over_all_ && !step_over_all(n_threads)) return false;
        const double violation = state_.violation();
        if (!(violation >= aim())) return settle(Status::ok, n_threads);
        if (stalled_ && in_float()) {
            refine(n_threads);
            if (!interrupted_) turn_to_double(n_threads);
            return false;
        }
        if (stalled_ || allowed(1) == 0) return settle(Status::not_converged, n_threads);
        if (settings_.late()) return settle(Status::time_limit, n_threads);
        if (steps_over_all_) return false;
        if (may_rest_ && in_float() && store_->can_keep() && ++rounds_ % rest_period == 0) rest(n_threads);
        const std::vector<index_t>& set = sets_.choose();
        fetch(set, n_threads);
        if (!interrupted_) interrupted_ = local_.take(state_, *store_, set, n_threads) != Status::ok;
        if (interrupted_) return false;
        StepReport report =
            local_.solve(0.5 * settings_.tol, share, allowed(100 * static_cast<index_t>(set.size())));
        outcome.steps += report.steps;
        report.violation = violation;
        stalled_ = stalled(report, points_.largest());
        apply(set, n_threads);
        return false;
    }

    /// Steps over all points, and the rows that they come to lack. True once they ended, at the aim or
    /// because they lead no further, with the gradient in double.
    bool step_over_all(int n_threads) {
        if (!float_steps_->under_way()) float_steps_->begin(state_);
        const StepReport report =
            float_steps_->steps(state_, *store_, float_share * settings_.tol, allowed(steps_at_a_time));
        outcome.steps += report.steps;
        float_steps_taken_ += report.steps;
        if (report.steps > 0) exact_ = false;
        const bool goes_on = !report.finished && allowed(1) > 0 && !settings_.late() &&
                             float_steps_taken_ < 20 * state_.size() + 10000;
        if (goes_on && report.missing >= 0) {
            float_steps_->show(state_);
            fetch(sets_.take(report.missing), n_threads);
        }
        if (goes_on) return false;
        interrupted_ = float_steps_->finish(state_, *store_, n_threads) != Status::ok;
        // The changes are at most the coefficients of before, which drift_ bounds the rounding of, and of
        // now.
        drift_ = 3.0 * drift_ + 2.0 * state_.rounding(points_.largest());
        float_steps_taken_ = 0;
        // Rounding leads the steps astray where they no longer halve the violation.
        const double violation = state_.violation();
        if (violation >= aim() && violation > 0.5 * summed_violation_) leave_to_working_sets();
        summed_violation_ = violation;
        return !interrupted_;
    }

    void leave_to_working_sets() {
        steps_over_all_ = false;
        weight_ = state_.weight();
        sets_.restart(set_size_);
    }

    void fetch(const std::vector<index_t>& places, int n_threads) {
        columns_.clear();
        for (const index_t p : places) columns_.push_back(column(p));
        const auto m = static_cast<index_t>(places.size());
        interrupted_ = store_->fetch(columns_.data(), m, n_threads) != Status::ok;
    }

    /// Where rounds end.
    double aim() const { return in_float() && !exact_ ? float_share * settings_.tol : settings_.tol; }

    /// The column of a place in the rows of the store.
    index_t column(index_t place) const {
        const index_t before = state_.lengths()[0];
        return place < before ? column_[0] + place : column_[1] + place - before;
    }

    /// Takes over the new coefficients and brings the gradient up to date.
    void apply(const std::vector<index_t>& set, int n_threads) {
        change_.assign(set.size(), 0.0);
        growth_.assign(set.size(), 0.0);
        double moved = 0, grown = 0;
        for (std::size_t r = 0; r < set.size(); ++r) {
            const std::size_t i = at(set[r]);
            const double beta = local_.beta(r);
            if (beta == state_.beta[i]) continue;
            change_[r] = beta - state_.beta[i];
            moved += std::abs(change_[r]);
            growth_[r] = std::abs(beta) - std::abs(state_.beta[i]);
            grown += growth_[r];
            state_.beta[i] = beta;
            state_.mark(set[r]);
        }
        add(change_.data(), spreads_ ? growth_.data() : nullptr, n_threads);
        exact_ = false;
        // Each term is rounded once beside sums no larger than those of all coefficients.
        weight_ = std::max(weight_ + grown, 0.0);
        drift_ += 1.2e-16 * static_cast<double>(set.size()) *
                  ((weight_ + moved) * points_.largest() + state_.largest_linear());
    }

    void add(const double* weight, const double* growth, int n_threads) {
        for (int g = 0; g < 2; ++g) {
            const index_t first = g == 0 ? 0 : state_.lengths()[0];
            index_t n = state_.lengths()[g];
            if (state_.resting()) n = g == 0 ? state_.active() : 0;
            double* spread = growth == nullptr ? nullptr : state_.spread.data() + first;
            if (store_->add(weight, growth, column_[g], n, state_.f.data() + first, spread, n_threads) !=
                Status::ok)
                interrupted_ = true;
        }
    }

    /// Points whose coefficients are at a bound that the gradient holds them to go to rest.
    void rest(int n_threads) {
        const index_t n = state_.active();
        if (n <= 2 * set_size_) return;
        // At rest a point will need its gradient again from all of the support. That pays in the long run
        // only: after rounds that took as much.
        const double spent = update_cost * static_cast<double>(rounds_ * set_size_);
        if (spent < static_cast<double>(state_.support() * (points_.features() + 16))) return;
        double least = 0, largest = 0;
        state_.extremes(0, least, largest);
        std::vector<index_t> kept, dropped;
        for (index_t p = 0; p < n; ++p) {
            const double f = state_.f[at(p)];
            const bool holds = f + state_.up[at(p)] > largest && f + state_.low[at(p)] < least;
            (holds ? dropped : kept).push_back(p);
        }
        const std::size_t filling = (at(rest_multiple) - kept.size() % at(rest_multiple)) % at(rest_multiple);
        if (static_cast<double>(kept.size() + filling) > 0.8 * static_cast<double>(n)) return;
        kept.insert(kept.end(), dropped.begin(), dropped.begin() + static_cast<std::ptrdiff_t>(filling));
        std::sort(kept.begin(), kept.end());
        std::vector<index_t> now(at(n), -1);
        for (std::size_t j = 0; j < kept.size(); ++j) now[at(kept[j])] = static_cast<index_t>(j);
        state_.rest(kept.data(), static_cast<index_t>(kept.size()));
        store_->keep(kept.data(), static_cast<index_t>(kept.size()), n_threads);
        sets_.renumber(now);
    }

    /// The end, if the gradient in double agrees.
    bool settle(Status status, int n_threads) {
        const double violation = state_.violation();
        if (in_float()) {
            if (!exact_ || state_.resting()) refine(n_threads);
        } else if (!exact_ && 2.0 * drift_ + (status == Status::ok ? violation : 0.0) >= settings_.tol) {
            refresh(n_threads);
        }
        if (interrupted_) return false;
        if (status != Status::ok || !(state_.violation() >= settings_.tol)) {
            finish(status, drift_);
            return true;
        }
        if (!store_) store_ = float_store(points_, settings_.cache_bytes);
        if (in_float() && state_.violation() > 0.5 * refined_violation_ && ++refinements_ >= most_refinements)
            turn_to_double(n_threads);
        refined_violation_ = state_.violation();
        return false;
    }

    /// Float values do not lead there.
    void turn_to_double(int n_threads) {
        float_error_ = {HUGE_VAL, HUGE_VAL};
        steps_over_all_ = false;
        stalled_ = false;
        store_.reset();  // its memory is wanted
        store_ = double_store(points_, settings_.cache_bytes);
        set_size_ = std::min(set_size_, store_->capacity());
        sets_.restart(set_size_);
        refresh(n_threads);
    }

    /// The gradient in double from the coefficients: at their own places, then where that leaves in doubt
    /// whether it matters.
    void refine(int n_threads) {
        const double weight = state_.weight();
        std::vector<index_t> places, support, query;
        std::vector<double> coefficient, sums;
        std::vector<char> known(at(state_.length()), 0);
        for (index_t p = 0; p < state_.length(); ++p) {
            if (state_.beta[at(p)] == 0.0) continue;
            places.push_back(p);
            support.push_back(point(p));
            coefficient.push_back(state_.beta[at(p)]);
        }
        const auto m = static_cast<index_t>(support.size());
        sums.resize(support.size());
        const Summation how = summation(points_, weight, settings_.tol);
        rounding_ = state_.rounding(points_.largest()) + how.error;
        Status status = mutual_kernel_sums(points_, support.data(), coefficient.data(), m, how.numbers,
                                           sums.data(), n_threads);
        while (status == Status::ok) {
            for (std::size_t q = 0; q < places.size(); ++q) {
                state_.f[at(places[q])] = state_.linear[at(places[q])] + sums[q];
                known[at(places[q])] = 1;
            }
            places = state_.doubtful(known, errors(known, weight + refined_weight_));
            if (places.empty()) break;
            query.clear();
            for (const index_t p : places) query.push_back(point(p));
            sums.resize(query.size());
            status = kernel_sums(points_, query.data(), static_cast<index_t>(query.size()), support.data(),
                                 coefficient.data(), m, how.numbers, sums.data(), n_threads);
        }
        interrupted_ = status != Status::ok;
        if (interrupted_) return;
        if (state_.resting()) {
            state_.wake();
            store_.reset();
            sets_.restart(set_size_);
            spreads_ = false;  // those at rest have missed changes
        }
        drift_ = rounding_;
        refined_weight_ = weight_ = weight;
        refined_spread_.assign(state_.spread.begin(), state_.spread.end());
        exact_ = summed_ = true;
    }

    /// A bound on the error of F at a place at work as it is summed from float values, which errs in what the
    /// coefficients have changed by since they met in double: with `weight` at least that and
    /// spread = sum_j |beta_j| k(t, j), as long as it is kept.
    double error_at(index_t place, double weight) const {
        double spread = weight * points_.largest();
        if (spreads_) {
            spread = state_.spread[at(place)] + 2.0 * drift_;
            if (!refined_spread_.empty()) spread += refined_spread_[at(place)];
        }
        return 1.02 * (float_error_.absolute * weight + float_error_.relative * spread) + drift_;
    }

    /// Bounds on the error of F at all places, of which some are known in double.
    std::vector<double> errors(const std::vector<char>& known, double weight) const {
        std::vector<double> error(known.size(), HUGE_VAL);
        for (index_t p = 0; p < state_.length(); ++p) {
            if (known[at(p)] != 0)
                error[at(p)] = rounding_;
            else if (at_work(p))
                error[at(p)] = error_at(p, weight);
        }
        return error;
    }

    /// Whether F at a place has been kept.
    bool at_work(index_t place) const { return summed_ && !(state_.resting() && place >= state_.active()); }
    /// The point of a place.
    index_t point(index_t place) const { return state_.resting() ? state_.point(place) : column(place); }

    /// F = K beta + p from the coefficients, by rows.
    void refresh(int n_threads) {
        if (in_float()) return refine(n_threads);
        state_.reset_gradient();
        std::vector<index_t> support;
        for (index_t p = 0; p < state_.length(); ++p)
            if (state_.beta[at(p)] != 0.0) support.push_back(p);
        for (std::size_t s = 0; s < support.size(); s += at(set_size_)) {
            const index_t m = std::min(set_size_, static_cast<index_t>(support.size() - s));
            std::vector<double> weight(at(m));
            columns_.resize(at(m));
            for (index_t r = 0; r < m; ++r) {
                weight[at(r)] = state_.beta[at(support[s + at(r)])];
                columns_[at(r)] = column(support[s + at(r)]);
            }
            interrupted_ = store_->fetch(columns_.data(), m, n_threads) != Status::ok;
            if (interrupted_) return;
            add(weight.data(), nullptr, n_threads);
        }
        weight_ = state_.weight();
        drift_ = state_.rounding(points_.largest());
        exact_ = true;
    }

    const PointSet& points_;
    FloatError float_error_;  ///< not finite: values are double
    std::unique_ptr<RowStore> store_;
    index_t set_size_;
    WorkingSets sets_;
    index_t column_[2];
    bool may_rest_;
    std::vector<index_t> columns_;
    std::vector<double> change_, growth_;
    LocalSet local_;
    double weight_ = 0.0;          ///< sum_t |beta_t|
    double refined_weight_ = 0.0;  ///< the same when the gradient was last summed in double
    double refined_violation_ = HUGE_VAL;
    double rounding_ = 0.0;  ///< bound on the error of a gradient just summed in double or fixed point
    double drift_ = 0.0;     ///< bound on the rounding errors of the sums in double
    /// Whether state_.spread is kept, for values with an error relative to them; and what it was when the
    /// gradient was last summed in double.
    bool spreads_;
    std::vector<double> refined_spread_;
    int refinements_ = 0;
    index_t rounds_ = 0;
    std::unique_ptr<FloatSteps> float_steps_;  ///< of a machine that is worked on as a whole
    index_t float_steps_taken_ = 0;            ///< steps
    double summed_violation_ = HUGE_VAL;
    bool begun_ = false, exact_, summed_, steps_over_all_, stalled_ = false, interrupted_ = false;
};

}  // namespace

std::unique_ptr<Machine> batched_machine(const Task& task, const Settings& settings, const PointSet& points) {
    return std::make_unique<BatchedMachine>(task, settings, points,
                                            useful_float_error(task, settings, points));
}

}  // namespace mlqa::svm
