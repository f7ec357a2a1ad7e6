#include "svm/all_at_once.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "core/cancel.hpp"
#include "svm/class_coefficients.hpp"
#include "svm/row_cache.hpp"
#include "svm/row_source.hpp"

namespace mlqa::svm {
namespace {

/// Points of a working set.
constexpr index_t largest_set = 256;
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
/// Rows in double that are held at a time while slopes are summed anew.
constexpr index_t double_rows = 96;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

/// The points of a round: those that violate most, most violating first, beside the better half of those
/// before.
class PointSets {
public:
    explicit PointSets(const ClassCoefficients& state) : state_(state), chosen_(at(state.size()), 0) {}

    const std::vector<index_t>& choose(index_t size, double least) {
        recent_.resize(std::min(recent_.size(), at(size / 2)));
        for (const index_t i : recent_) chosen_[at(i)] = 1;
        set_.clear();
        for (index_t i = 0; i < state_.size(); ++i)
            if (state_.violation(i) > least && chosen_[at(i)] == 0) set_.push_back(i);
        for (const index_t i : recent_) chosen_[at(i)] = 0;
        const auto wanted = at(size) - recent_.size();
        const auto worse = [&](index_t a, index_t b) {
            const double of_a = state_.violation(a), of_b = state_.violation(b);
            return of_a != of_b ? of_a > of_b : a < b;
        };
        if (set_.size() > wanted) {
            std::nth_element(set_.begin(), set_.begin() + static_cast<std::ptrdiff_t>(wanted), set_.end(),
                             worse);
            set_.resize(wanted);
        }
        std::sort(set_.begin(), set_.end(), worse);
        set_.insert(set_.end(), recent_.begin(), recent_.end());
        recent_.assign(set_.begin(), set_.begin() + static_cast<std::ptrdiff_t>(set_.size() / 2));
        return set_;
    }

private:
    const ClassCoefficients& state_;
    std::vector<char> chosen_;
    std::vector<index_t> set_, recent_;
};

/// A working set by itself.
class LocalClasses {
public:
    Status take(const ClassCoefficients& state, RowStore& store, const std::vector<index_t>& set,
                int n_threads) {
        const index_t m = static_cast<index_t>(set.size()), lanes = all_at_once_kernels().lanes;
        const index_t stride = round_up(m, lanes), width = round_up(state.classes(), lanes);
        make_room(stride, state.classes(), width);
        for (index_t r = 0; r < m; ++r) {
            place_[at(r)] = r;
            label_[at(r)] = state.label()[set[at(r)]];
            bound_[at(r)] = state.bound()[set[at(r)]];
        }
        for (index_t c = 0; c < state.classes(); ++c)
            for (index_t r = 0; r < m; ++r) {
                slope_[at(c * stride + r)] = state.slope(c, set[at(r)]);
                beta_[at(r * width + c)] = state.beta(c, set[at(r)]);
            }
        set_ = {m,
                state.classes(),
                stride,
                width,
                k_.data(),
                slope_.data(),
                beta_.data(),
                label_.data(),
                bound_.data(),
                room_.data(),
                queue_.data()};
        return store.block(place_.data(), stride, k_.data(), n_threads);
    }

    index_t solve(ClassLoss loss, double tolerance, index_t most) {
        return all_at_once_kernels().solve(loss, &set_, tolerance, most);
    }

    double beta(index_t r, index_t c) const { return beta_[at(r * set_.width + c)]; }

private:
    void make_room(index_t stride, index_t classes, index_t width) {
        if (stride <= room_for_) return;
        room_for_ = stride;
        k_ = arena::Buffer<double>(at(stride) * at(stride), 0.0);
        slope_ = arena::Buffer<double>(at(classes) * at(stride), 0.0);
        beta_ = arena::Buffer<double>(at(stride) * at(width), 0.0);
        bound_ = arena::Buffer<double>(at(stride));
        room_ = arena::Buffer<double>(at(width));
        for (arena::Buffer<index_t>* a : {&label_, &queue_, &place_}) *a = arena::Buffer<index_t>(at(stride));
    }

    index_t room_for_ = 0;
    ClassSet set_{};
    arena::Buffer<double> k_, slope_, beta_, bound_, room_;
    arena::Buffer<index_t> label_, queue_, place_;
};

class AllAtOnce {
public:
    AllAtOnce(const ClassProblem& problem, const Settings& settings, PointSet& points)
        : settings_(settings), points_(points), state_(problem), sets_(state_) {
        float_error_ = useful_error(problem);
        if (in_float()) points.choose_fixed();
        if (in_float()) float_error_ = useful_error(problem);
        store_ = in_float() ? float_store(points, settings.cache_bytes)
                            : double_store(points, settings.cache_bytes);
        exact_ = problem.initial == nullptr;
        summed_ = exact_;
    }

    Status run(ClassOutcome& outcome) {
        if (!exact_) refresh();
        do {
            const auto support = static_cast<index_t>(state_.support().size());
            if (interrupted_ || cancel::poll(0, support, state_.worst())) return Status::cancelled;
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
        const index_t size = std::min({largest_set, store_->capacity(), state_.size()});
        const std::vector<index_t>& set = sets_.choose(size, 0.5 * settings_.tol);
        if (store_->fetch(set.data(), static_cast<index_t>(set.size()), settings_.n_threads) != Status::ok ||
            local_.take(state_, *store_, set, settings_.n_threads) != Status::ok)
            interrupted_ = true;
        if (interrupted_) return false;
        index_t most = most_passes * static_cast<index_t>(set.size());
        if (settings_.max_iter >= 0) most = std::min(most, settings_.max_iter - steps_);
        const index_t steps =
            local_.solve(state_.loss(), std::max({0.5 * settings_.tol, share * violation, noise}), most);
        steps_ += steps;
        look(steps, violation);
        apply(set);
        return false;
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
        double moved = 0.0;
        for (std::size_t r = 0; r < set.size(); ++r)
            for (index_t c = 0; c < k; ++c) {
                const double beta = local_.beta(static_cast<index_t>(r), c), before = state_.beta(c, set[r]);
                if (beta == before) continue;
                weight_[r * at(k) + at(c)] = beta - before;
                moved += std::abs(beta - before);
                state_.set_beta(c, set[r], beta);
            }
        exact_ = false;
        drift_ +=
            1.2e-16 * static_cast<double>(set.size()) * ((state_.weight() + moved) * points_.largest() + 1.0);
        add(*store_, weight_.data(), state_.slope(0, 0), state_.stride(),
            [&](index_t first, index_t last) { state_.renew(first, last); });
    }

    void add(RowStore& store, const double* weight, double* slope, index_t stride,
             const std::function<void(index_t, index_t)>& then) {
        if (store.add_each(weight, state_.classes(), stride, slope, stride, then, settings_.n_threads) !=
            Status::ok)
            interrupted_ = true;
    }

    /// The end, if slopes in double agree.
    bool settle(Status status, ClassOutcome& outcome) {
        const double violation = state_.worst();
        if (!exact_ &&
            (in_float() || 2.0 * drift_ + (status == Status::ok ? violation : 0.0) >= settings_.tol))
            refresh();
        if (interrupted_) return false;
        if (status != Status::ok || !(state_.worst() >= settings_.tol)) {
            state_.certify(drift_, outcome);
            outcome.status = status;
            return true;
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
        const std::vector<index_t> support = state_.support();
        std::vector<index_t> kept = support;
        const double weight = state_.weight();
        const double error =
            1.02 * float_error_.worst(points_.largest()) * (weight + refined_weight_) + drift_;
        drift_ = state_.rounding(points_.largest());
        for (index_t i = 0; i < state_.size(); ++i)
            if (!state_.in_support(i) && !(summed_ && in_float() && state_.beyond_margin(i, 2.0 * error)))
                kept.push_back(i);
        std::sort(kept.begin(), kept.end());
        if (in_float()) {
            const std::unique_ptr<RowStore> store =
                double_store(points_, 8.0 * static_cast<double>(double_rows * state_.stride()));
            if (kept.size() < at(state_.size())) store->keep(kept.data(), static_cast<index_t>(kept.size()));
            sum(*store, support, kept);
        } else {
            sum(*store_, support, kept);
        }
        refined_weight_ = weight;
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
            if (!interrupted_) add(store, weight_.data(), sums.data(), stride, [](index_t, index_t) {});
            first += m;
        }
        for (index_t c = 0; c < k; ++c)
            for (index_t j = 0; j < n; ++j)
                *state_.slope(c, kept[at(j)]) = sums[at(c * stride + j)] + state_.margin(c, kept[at(j)]);
    }

    const Settings& settings_;
    const PointSet& points_;
    ClassCoefficients state_;
    PointSets sets_;
    LocalClasses local_;
    FloatError float_error_;  ///< not finite: values are double
    std::unique_ptr<RowStore> store_;
    std::vector<double> weight_;
    double refined_weight_ = 0.0;  ///< of the coefficients when slopes were last summed in double
    double refined_violation_ = HUGE_VAL, violation_before_ = 0.0;
    double drift_ = 0.0;  ///< bound on the rounding errors of the sums in double
    index_t steps_ = 0, steps_since_look_ = 0;
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
