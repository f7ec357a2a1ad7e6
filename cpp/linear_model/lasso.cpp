#include "linear_model/lasso.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "linear_model/columns.kernel.hpp"
#include "linear_model/coordinate_descent.hpp"
#include "linear_model/screening.hpp"

namespace mlqa::linear_model {
namespace {

constexpr index_t first_growth = 128;  ///< violators that may join at once: this many, or twice the support
constexpr double single_rounding = 0x1p-22;
constexpr double long_way = 12;     ///< a ratio of penalties that is not gone at once
constexpr double steps_a_fold = 2;  ///< rough solutions while the penalty falls by e
constexpr double rough_tol = 1e-3, rough_change = 1e-2;
constexpr std::int64_t few_passes = 20;  ///< an allowance that leaves none for rough solutions
constexpr double tall = 4;               ///< samples a feature from which the complete Gram matrix pays ...
constexpr index_t gram_features = 64;    ///< ... on at most this many features for each alpha
constexpr index_t gram_alphas = 8;       ///< (a single alpha counts as this many more)

class Path {
public:
    Path(const Design& design, const double* y, const double* correlations, const PathOptions& options)
        : design_(design),
          options_(options),
          target_{y, correlations, column_kernels<double>().squared_norm(y, design.samples())},
          gram_(design),
          descent_(design),
          guard_(options.max_seconds, options.n_alphas),
          w_(static_cast<std::size_t>(design.features()), 0.0),
          in_working_(static_cast<std::size_t>(design.features()), 0) {}

    Status run(const double* start, PathResult& result);

private:
    struct Solution {
        Certificate certificate;
        std::int64_t passes = 0;
        bool converged = false;
    };

    Status prepare(const double* start);
    bool wants_complete_gram() const;
    struct Effort {
        double tol;
        std::int64_t max_passes;
        bool accept_start;  ///< a start within the tolerance is the answer; otherwise only an exact one is
        bool settle;        ///< the coefficients have to settle as well
    };
    Status approach(double& previous, double lambda, std::int64_t& passes);
    Status solve(double lambda, double previous, const Effort& effort, Solution& solution);
    Status evaluate(double lambda, double threshold, Certificate& certificate);
    InnerResult descend(double lambda, const Certificate& certificate, const Effort& effort, double change,
                        std::int64_t passes);
    bool covariance_pays() const;
    void collect_support();
    void start_working_set(double threshold);
    bool join_violators(double lambda, const Certificate& certificate);
    void drop_excluded(double lambda, const Certificate& certificate);
    void join(index_t j);
    /// The gap that counts as reached: the tolerance, or what the arithmetic and the returned type can tell.
    double reachable(const Certificate& certificate, double tol) const {
        const double rounding = options_.single_precision ? single_rounding * target_.squared : 0.0;
        return std::max({tol * target_.squared, certificate.bound - certificate.gap, rounding});
    }

    const Design& design_;
    const PathOptions& options_;
    Target target_;
    Gram gram_;
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
    screen_ = std::make_unique<Screen>(design_, target_, options_.positive, complete ? &gram_ : nullptr,
                                       options_.gram_error);
    for (index_t j = 0; j < p && start != nullptr; ++j)
        if (design_.squared_norm(j) > 0 && !(options_.positive && start[j] < 0))
            w_[static_cast<std::size_t>(j)] = start[j];
    support_.clear();
    for (index_t j = 0; j < p; ++j)
        if (w_[static_cast<std::size_t>(j)] != 0) support_.push_back(j);
    return Status::ok;
}

Status Path::run(const double* start, PathResult& result) {
    Status status = prepare(start);
    const auto n = static_cast<double>(design_.samples());
    double previous = 0;  // the lambda that w solves; at first the one that makes w = 0 the solution
    for (index_t j = 0; j < design_.features(); ++j) {
        const double c = target_.correlations[j];
        previous = std::max(previous, options_.positive ? c : std::abs(c));
    }
    for (index_t k = 0; k < options_.n_alphas && status == Status::ok; ++k) {
        const double lambda = n * options_.alphas[k];
        Solution solution;
        if (k > 0 || start == nullptr) status = approach(previous, lambda, solution.passes);
        if (status != Status::ok) break;
        status = solve(lambda, previous, {options_.tol, options_.max_iter, k == 0, true}, solution);
        if (status != Status::ok) break;
        for (const index_t j : support_) {
            const double a = w_[static_cast<std::size_t>(j)];
            if (options_.single_precision)
                result.single[k * design_.features() + j] = static_cast<float>(a);
            else
                result.coefficients[k * design_.features() + j] = a;
        }
        result.gaps[k] = solution.certificate.bound / n;
        result.passes[k] = solution.passes;
        result.converged[k] = solution.converged;
        guard_.reached(k + 1, result.gaps[k]);
        previous = lambda;
    }
    return status;
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
    Status status = evaluate(lambda, threshold, certificate);
    if (status != Status::ok) return status;
    const double exact = certificate.bound - certificate.gap;
    if (certificate.gap <= (effort.accept_start ? reachable(certificate, effort.tol) : exact)) {
        solution.converged = true;
        return Status::ok;
    }
    start_working_set(threshold);
    double change = effort.settle ? effort.tol : rough_change;
    while (solution.passes < effort.max_passes) {
        const InnerResult inner =
            descend(lambda, certificate, effort, change, effort.max_passes - solution.passes);
        if (inner.status == Status::cancelled) return inner.status;
        solution.passes += inner.passes;
        collect_support();
        status = evaluate(lambda, lambda, certificate);
        if (status != Status::ok) return status;
        solution.converged = certificate.gap <= reachable(certificate, effort.tol);
        if ((solution.converged && (inner.settled || !effort.settle)) || inner.status == Status::time_limit)
            break;
        drop_excluded(lambda, certificate);
        const bool joined = join_violators(lambda, certificate);
        if (!joined && inner.stalled) break;
        if (!joined && inner.settled) change *= 0.1;
    }
    return Status::ok;
}

Status Path::evaluate(double lambda, double threshold, Certificate& certificate) {
    if (options_.single_precision)
        for (const index_t j : support_) {
            double& a = w_[static_cast<std::size_t>(j)];
            a = static_cast<double>(static_cast<float>(a));
        }
    return screen_->evaluate(w_.data(), support_, lambda, lambda > 0 ? threshold : -1.0, certificate);
}

InnerResult Path::descend(double lambda, const Certificate& certificate, const Effort& effort, double change,
                          std::int64_t passes) {
    const double gap = std::max(0.5 * effort.tol * target_.squared, 0.01 * certificate.gap);
    const Inner inner{lambda, change, gap, target_.squared, passes, options_.positive};
    if (covariance_pays()) {
        InnerResult result;
        result.status = gram_.include(working_);
        if (result.status != Status::ok) return result;
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
    join_violators(threshold, {});
}

/// The features with the largest gradients above lambda; false if there was none.
bool Path::join_violators(double lambda, const Certificate& certificate) {
    violators_.clear();
    for (index_t j = 0; j < design_.features(); ++j)
        if (in_working_[static_cast<std::size_t>(j)] == 0 && design_.squared_norm(j) > 0 &&
            screen_->magnitude(j) > lambda &&
            !(certificate.bound > 0 && screen_->excluded(j, lambda, certificate)))
            violators_.push_back(j);
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

void Path::drop_excluded(double lambda, const Certificate& certificate) {
    const auto out = [&](index_t j) {
        if (!screen_->excluded(j, lambda, certificate)) return false;
        in_working_[static_cast<std::size_t>(j)] = 0;
        w_[static_cast<std::size_t>(j)] = 0;
        return true;
    };
    working_.erase(std::remove_if(working_.begin(), working_.end(), out), working_.end());
    collect_support();
}

}  // namespace

Status correlations_with_target(const Design& design, const double* y, double* correlations) {
    std::vector<index_t> all(static_cast<std::size_t>(design.features()));
    std::iota(all.begin(), all.end(), index_t{0});
    return design.correlations(all.data(), design.features(), y, correlations);
}

Status lasso_path(const Design& design, const double* y, const double* correlations, const double* start,
                  const PathOptions& options, PathResult result) {
    return Path(design, y, correlations, options).run(start, result);
}

}  // namespace mlqa::linear_model
