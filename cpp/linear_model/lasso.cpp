#include "linear_model/lasso.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "linear_model/active_set.hpp"
#include "linear_model/columns.kernel.hpp"
#include "linear_model/coordinate_descent.hpp"
#include "linear_model/screening.hpp"

namespace mlqa::linear_model {
namespace {

constexpr index_t first_growth = 128;  ///< violators that may join at once: this many, or twice the support
constexpr double single_rounding = 0x1p-22, single_unit = 0x1p-24;
constexpr double long_way = 12;     ///< a ratio of penalties that is not gone at once
constexpr double steps_a_fold = 2;  ///< rough solutions while the penalty falls by e
constexpr double rough_tol = 1e-3, rough_change = 1e-2;
constexpr std::int64_t few_passes = 20;  ///< an allowance that leaves none for rough solutions
constexpr double tall = 4;               ///< samples a feature from which the complete Gram matrix pays ...
constexpr index_t gram_features = 64;    ///< ... on at most this many features for each alpha
constexpr index_t gram_alphas = 8;       ///< (a single alpha counts as this many more)

arena::Buffer<double> copy(const arena::Buffer<double>& from) {
    arena::Buffer<double> to(from.size());
    std::copy_n(from.data(), from.size(), to.data());
    return to;
}

class Path {
public:
    Path(const Design& design, const Target& target, const PathOptions& options)
        : design_(design),
          options_(options),
          target_(target),
          penalty_(design.features(), options.shape),
          gram_(design),
          active_(penalty_, target.correlations),
          descent_(design, penalty_),
          guard_(options.max_seconds, options.n_alphas),
          w_(static_cast<std::size_t>(design.features()), 0.0),
          in_working_(static_cast<std::size_t>(design.features()), 0) {}

    Status run(const double* start, PathResult& result);
    /// Before the first alpha: w is the start, or zero but for the free features; lambda is the penalty that
    /// it solves, or would if it were zero.
    Status begin(const double* start, double& lambda);

private:
    struct Solution {
        Certificate certificate;
        std::int64_t passes = 0;
        bool converged = false, exact = false;
    };

    Status prepare(const double* start);
    Status settle_free();
    Status settle();
    Status relax();
    void store(index_t k, const PathResult& result) const;
    bool wants_complete_gram() const;
    struct Effort {
        double tol;
        std::int64_t max_passes;
        bool accept_start;  ///< a start within the tolerance is the answer; otherwise only an exact one is
        bool settle;        ///< the coefficients have to settle as well
    };
    Status approach(double& previous, double lambda, std::int64_t& passes);
    Status solve(double lambda, double previous, const Effort& effort, Solution& solution);
    Status evaluate(double threshold, Certificate& certificate);
    InnerResult descend(const Certificate& certificate, const Effort& effort, double change,
                        std::int64_t passes);
    bool covariance_pays() const;
    void collect_support();
    void start_working_set(double threshold);
    bool join_violators(double lambda, const Certificate& certificate);
    bool is_exact(const InnerResult& inner, double lambda, const Certificate& certificate);
    void drop_excluded(const Certificate& certificate);
    void join(index_t j);
    /// The gap that counts as reached: the tolerance, or what the arithmetic and the returned type can tell.
    double reachable(const Certificate& certificate, double tol) const {
        // A free feature's rounding is not answered by any other's: it shows in the first order.
        double rounding = options_.single_precision ? single_rounding * target_.squared : 0.0;
        if (options_.single_precision && !penalty_.free().empty())
            rounding += single_unit * std::sqrt(target_.squared) * certificate.reach;
        return std::max({tol * target_.squared, certificate.bound - certificate.gap, rounding});
    }

    const Design& design_;
    const PathOptions& options_;
    Target target_;
    Penalty penalty_;
    Gram gram_;
    ActiveSet active_;
    bool exactly_ = true;  ///< the active set is asked first
    CoordinateDescent descent_;
    Guard guard_;
    std::unique_ptr<Screen> screen_;
    arena::Buffer<double> w_;
    std::vector<char> in_working_;
    std::vector<index_t> support_, working_, violators_;
};

bool Path::wants_complete_gram() const {
    if (options_.updates != Updates::automatic) return options_.updates == Updates::gram;
    const index_t p = design_.features();
    return static_cast<double>(design_.samples()) >= tall * static_cast<double>(p) &&
           design_.column_cost() >= static_cast<double>(design_.samples()) && p <= Gram::limit &&
           p <= gram_features * (options_.n_alphas + gram_alphas);
}

Status Path::prepare(const double* start) {
    const index_t p = design_.features();
    const bool complete = options_.gram != nullptr || wants_complete_gram();
    if (options_.gram != nullptr) {
        gram_.adopt(options_.gram);
    } else if (complete) {
        std::vector<index_t> all(static_cast<std::size_t>(p));
        std::iota(all.begin(), all.end(), index_t{0});
        const Status status = gram_.include(all);
        if (status != Status::ok) return status;
    }
    screen_ = std::make_unique<Screen>(design_, target_, penalty_, complete ? &gram_ : nullptr,
                                       options_.gram_error);
    for (index_t j = 0; j < p && start != nullptr; ++j)
        if (design_.squared_norm(j) > 0 && !penalty_.excluded(j))
            w_[static_cast<std::size_t>(j)] = std::clamp(start[j], penalty_.low(j), penalty_.high(j));
    support_.clear();
    for (index_t j = 0; j < p; ++j)
        if (w_[static_cast<std::size_t>(j)] != 0) support_.push_back(j);
    return screen_->prepare();
}

/// Least squares on the working set, within the bounds.
Status Path::settle() {
    penalty_.set(0.0, 0.0);
    exactly_ = false;  // it would let others join
    const Effort effort{0.0, options_.max_iter, false, true};
    std::int64_t passes = 0;
    for (bool stalled = false; !stalled && passes < effort.max_passes;) {
        const InnerResult inner = descend({}, effort, 0.0, effort.max_passes - passes);
        if (inner.status == Status::cancelled) return inner.status;
        passes += inner.passes;
        stalled = inner.stalled || inner.status == Status::time_limit;
        collect_support();
    }
    return Status::ok;
}

/// The fit of the free features alone, with the gradients of all others.
Status Path::settle_free() {
    for (const index_t j : penalty_.free())
        if (design_.squared_norm(j) > 0) join(j);
    const Status status = settle();
    Certificate certificate;
    return status == Status::ok ? evaluate(0.0, certificate) : status;
}

/// N. Meinshausen, "Relaxed Lasso", Computational Statistics & Data Analysis 52(1), 2007, with phi = 0.
Status Path::relax() {
    start_working_set(HUGE_VAL);
    return settle();
}

Status Path::begin(const double* start, double& lambda) {
    Status status = prepare(start);
    const bool free = start == nullptr && !penalty_.free().empty();
    if (status == Status::ok && free) status = settle_free();
    lambda = 0;
    for (index_t j = 0; j < design_.features(); ++j)
        if (penalty_.factor(j) > 0 && !penalty_.excluded(j))
            lambda = std::max(lambda, free ? screen_->magnitude(j)
                                           : penalty_.pull(j, target_.correlations[j]) / penalty_.factor(j));
    return status;
}

Status Path::run(const double* start, PathResult& result) {
    const auto n = static_cast<double>(design_.samples());
    double previous = 0;
    Status status = begin(start, previous);
    for (index_t k = 0; k < options_.n_alphas && status == Status::ok; ++k) {
        const double lambda = n * options_.alphas[k] * options_.l1_ratio;
        Solution solution;
        if (k > 0 || start == nullptr) status = approach(previous, lambda, solution.passes);
        if (status != Status::ok) break;
        penalty_.set(lambda, n * options_.alphas[k] * (1 - options_.l1_ratio));
        status = solve(lambda, previous, {options_.tol, options_.max_iter, k == 0, true}, solution);
        if (status != Status::ok) break;
        if (options_.relaxed) {
            const arena::Buffer<double> penalised = copy(w_);
            status = relax();
            if (status != Status::ok) break;
            store(k, result);
            std::copy_n(penalised.data(), penalised.size(), w_.data());
            collect_support();
        } else {
            store(k, result);
        }
        result.gaps[k] = solution.certificate.bound / n;
        result.passes[k] = solution.passes;
        result.converged[k] = solution.converged;
        result.exact[k] = solution.exact;
        guard_.reached(k + 1, result.gaps[k]);
        previous = lambda;
    }
    return status;
}

void Path::store(index_t k, const PathResult& result) const {
    for (const index_t j : support_) {
        const double a = w_[static_cast<std::size_t>(j)];
        if (options_.single_precision)
            result.single[k * design_.features() + j] = static_cast<float>(a);
        else
            result.coefficients[k * design_.features() + j] = a;
    }
}

/// A long way from the last penalty goes by rough solutions between: the working set then grows with the
/// support instead of taking in what a far gradient suggests.
Status Path::approach(double& previous, double lambda, std::int64_t& passes) {
    if (!(lambda > 0) || previous <= long_way * lambda || design_.features() <= 2 * first_growth ||
        options_.max_iter < few_passes)
        return Status::ok;
    const double start = previous, length = std::log(start / lambda);
    const auto steps = static_cast<index_t>(std::ceil(steps_a_fold * length));
    const Effort effort{std::max(options_.tol, rough_tol), options_.max_iter / 2, true, false};
    Solution rough;
    for (index_t step = 1; step < steps && rough.passes < effort.max_passes; ++step) {
        const double share = static_cast<double>(step) / static_cast<double>(steps);
        const double between = start * std::exp(-share * length);
        penalty_.set(between, between / options_.l1_ratio * (1 - options_.l1_ratio));
        const Status status = solve(between, previous, effort, rough);
        if (status != Status::ok) return status;
        previous = between;
    }
    passes = rough.passes;
    return Status::ok;
}

/// One alpha, from w; solution.passes is what it has cost before.
Status Path::solve(double lambda, double previous, const Effort& effort, Solution& solution) {
    const double threshold = std::max(0.0, std::min(lambda, 2 * lambda - previous));
    Certificate& certificate = solution.certificate;
    Status status = evaluate(threshold, certificate);
    if (status != Status::ok || std::isnan(certificate.gap)) return status;
    solution.exact = is_exact({}, lambda, certificate);
    if (solution.exact || (effort.accept_start && certificate.gap <= reachable(certificate, effort.tol))) {
        solution.converged = true;
        return Status::ok;
    }
    start_working_set(threshold);
    exactly_ = true;
    double change = effort.settle ? effort.tol : rough_change;
    while (solution.passes < effort.max_passes) {
        const InnerResult inner = descend(certificate, effort, change, effort.max_passes - solution.passes);
        if (inner.status == Status::cancelled) return inner.status;
        solution.passes += inner.passes;
        collect_support();
        status = evaluate(lambda, certificate);
        if (status != Status::ok) return status;
        solution.converged = certificate.gap <= reachable(certificate, effort.tol);
        solution.exact = is_exact(inner, lambda, certificate);
        if ((solution.converged && (inner.settled || !effort.settle)) || inner.status == Status::time_limit)
            break;
        drop_excluded(certificate);
        const bool joined = join_violators(lambda, certificate);
        if (!joined && inner.stalled && !exactly_) break;
        if (!joined) exactly_ = false;
        if (!joined && inner.settled) change *= 0.1;
    }
    return Status::ok;
}

Status Path::evaluate(double threshold, Certificate& certificate) {
    if (options_.single_precision)
        for (const index_t j : support_) {
            double& a = w_[static_cast<std::size_t>(j)];
            a = static_cast<double>(static_cast<float>(a));
        }
    return screen_->evaluate(w_.data(), support_, penalty_.lambda() > 0 ? threshold : -1.0, certificate);
}

/// The active set's solution among all features, or one whose gap float64 cannot tell from 0.
bool Path::is_exact(const InnerResult& inner, double lambda, const Certificate& certificate) {
    if (certificate.gap <= certificate.bound - certificate.gap) return true;
    if (!inner.exact) return false;
    screen_->violators(lambda * (1 + ActiveSet::rounding), in_working_, nullptr, violators_);
    return violators_.empty();
}

InnerResult Path::descend(const Certificate& certificate, const Effort& effort, double change,
                          std::int64_t passes) {
    const double gap = std::max(0.5 * effort.tol * target_.squared, 0.01 * certificate.gap);
    const Inner inner{change, gap, target_.squared, passes};
    if (covariance_pays()) {
        InnerResult result;
        result.status = gram_.include(working_);
        if (result.status != Status::ok) return result;
        if (exactly_ && penalty_.ridge() == 0 && !penalty_.bounded()) {
            const auto outcome =
                active_.solve(gram_, guard_, passes, w_.data(), result.passes, result.status);
            result.settled = result.stalled = result.exact = outcome == ActiveSet::Outcome::solved;
            for (const index_t j : active_.support()) join(j);
            if (outcome != ActiveSet::Outcome::gave_up || result.passes >= passes) return result;
        }
        return descent_.covariance(gram_, working_, target_.correlations, inner, guard_, w_.data());
    }
    arena::Buffer<double> r(static_cast<std::size_t>(design_.samples()));
    InnerResult result;
    result.status = screen_->compute_residual(w_.data(), support_, r.data());
    if (result.status != Status::ok) return result;
    return descent_.residual(working_, inner, guard_, r.data(), w_.data());
}

bool Path::covariance_pays() const {
    const index_t missing = gram_.missing(working_);
    if (options_.updates == Updates::residual) return false;
    if (missing == 0) return true;
    if (gram_.size() + missing > Gram::limit) return false;
    return options_.updates == Updates::covariance ||
           static_cast<double>(working_.size()) <= 4 * design_.column_cost() + 256;
}

void Path::collect_support() {
    support_.clear();
    for (const index_t j : working_)
        if (w_[static_cast<std::size_t>(j)] != 0) support_.push_back(j);
    std::sort(support_.begin(), support_.end());
}

void Path::join(index_t j) {
    if (in_working_[static_cast<std::size_t>(j)] != 0) return;
    in_working_[static_cast<std::size_t>(j)] = 1;
    working_.push_back(j);
}

void Path::start_working_set(double threshold) {
    for (const index_t j : working_) in_working_[static_cast<std::size_t>(j)] = 0;
    working_.clear();
    for (const index_t j : support_) join(j);
    for (const index_t j : penalty_.free())
        if (design_.squared_norm(j) > 0) join(j);
    join_violators(threshold, {});
}

/// The features with the largest gradients above lambda; false if there was none.
bool Path::join_violators(double lambda, const Certificate& certificate) {
    screen_->violators(lambda, in_working_, certificate.bound > 0 ? &certificate : nullptr, violators_);
    const auto most = std::max<std::size_t>(first_growth, 2 * support_.size());
    if (violators_.size() > most) {
        const auto larger = [&](index_t a, index_t b) {
            const double x = screen_->magnitude(a), y = screen_->magnitude(b);
            return x != y ? x > y : a < b;
        };
        std::nth_element(violators_.begin(), violators_.begin() + static_cast<std::ptrdiff_t>(most),
                         violators_.end(), larger);
        violators_.resize(most);
        std::sort(violators_.begin(), violators_.end());
    }
    for (const index_t j : violators_) join(j);
    return !violators_.empty();
}

void Path::drop_excluded(const Certificate& certificate) {
    const auto out = [&](index_t j) {
        if (!screen_->excluded(j, certificate)) return false;
        in_working_[static_cast<std::size_t>(j)] = 0;
        w_[static_cast<std::size_t>(j)] = 0;
        return true;
    };
    working_.erase(std::remove_if(working_.begin(), working_.end(), out), working_.end());
    collect_support();
}

}  // namespace

Status largest_lambda(const Design& design, const Target& target, const PathOptions& options,
                      double& lambda) {
    return Path(design, target, options).begin(nullptr, lambda);
}

Status lasso_path(const Design& design, const Target& target, const double* start, const PathOptions& options,
                  PathResult result) {
    return Path(design, target, options).run(start, result);
}

}  // namespace mlqa::linear_model
