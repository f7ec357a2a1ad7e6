#include "linear_model/multi_task.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "linear_model/block_screen.hpp"
#include "linear_model/columns.kernel.hpp"

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

class Path {
public:
    Path(const Design& design, const Targets& targets, const MultiTaskOptions& options)
        : design_(design),
          targets_(targets),
          options_(options),
          penalty_(design.features(), {options.factors, nullptr, nullptr, false}),
          gram_(design),
          descent_(design, penalty_, targets),
          guard_(options.max_seconds, options.n_alphas),
          w_(static_cast<std::size_t>(design.features() * targets.count), 0.0),
          in_working_(static_cast<std::size_t>(design.features()), 0) {}

    Status run(const double* start, const MultiTaskResult& result);
    /// Before the first alpha: W is the start, or zero but for the free features; lambda is the penalty that
    /// it solves, or would if it were zero.
    Status begin(const double* start, double& lambda);

private:
    struct Solution {
        Certificate certificate;
        std::int64_t passes = 0;
        bool converged = false;
    };
    struct Effort {
        double tol;
        std::int64_t max_passes;
        bool accept_start;  ///< a start within the tolerance is the answer; otherwise only an exact one is
        bool settle;        ///< the coefficients have to settle as well
    };

    bool wants_complete_gram() const;
    Status prepare(const double* start);
    Status settle_free();
    Status approach(double& previous, double lambda, std::int64_t& passes);
    Status solve(double lambda, double previous, const Effort& effort, Solution& solution);
    Status evaluate(double threshold, Certificate& certificate);
    InnerResult descend(const Certificate& certificate, const Effort& effort, double change,
                        std::int64_t passes);
    bool covariance_pays() const;
    double reachable(const Certificate& certificate, double tol) const;
    void store(index_t k, const MultiTaskResult& result) const;
    bool is_zero(index_t j) const {
        return std::all_of(row(j), row(j) + targets_.count, [](double a) { return a == 0; });
    }
    double* row(index_t j) const { return w_.data() + j * targets_.count; }
    void collect_support();
    void start_working_set(double threshold);
    bool join_violators(double lambda, const Certificate* certificate);
    void drop_excluded(const Certificate& certificate);
    void join(index_t j);

    const Design& design_;
    const Targets& targets_;
    const MultiTaskOptions& options_;
    Penalty penalty_;
    Gram gram_;
    BlockDescent descent_;
    Guard guard_;
    std::optional<BlockScreen> screen_;
    arena::Buffer<double> w_;  ///< features x targets
    std::vector<char> in_working_;
    std::vector<index_t> support_, working_, violators_;
};

bool Path::wants_complete_gram() const {
    const index_t p = design_.features();
    return static_cast<double>(design_.samples()) >= tall * static_cast<double>(p) &&
           design_.column_cost() >= static_cast<double>(design_.samples()) && p <= Gram::limit &&
           p <= gram_features * (options_.n_alphas + gram_alphas);
}

Status Path::prepare(const double* start) {
    const index_t p = design_.features();
    const bool complete = wants_complete_gram();
    if (complete) {
        std::vector<index_t> all(static_cast<std::size_t>(p));
        std::iota(all.begin(), all.end(), index_t{0});
        const Status status = gram_.include(all);
        if (status != Status::ok) return status;
    }
    screen_.emplace(design_, penalty_, targets_, complete ? &gram_ : nullptr);
    for (index_t j = 0; j < p; ++j) {
        if (start == nullptr || !(design_.squared_norm(j) > 0) || penalty_.excluded(j)) continue;
        for (index_t t = 0; t < targets_.count; ++t) row(j)[t] = start[t * p + j];
        if (!is_zero(j)) support_.push_back(j);
    }
    return screen_->prepare();
}

/// The fit of the free features alone, with the gradients of all others.
Status Path::settle_free() {
    for (const index_t j : penalty_.free())
        if (design_.squared_norm(j) > 0) join(j);
    penalty_.set(0.0, 0.0);
    const Effort effort{0.0, options_.max_iter, false, true};
    std::int64_t passes = 0;
    for (bool stalled = false; !stalled && passes < effort.max_passes;) {
        const InnerResult inner = descend({}, effort, 0.0, effort.max_passes - passes);
        if (inner.status == Status::cancelled) return inner.status;
        passes += inner.passes;
        stalled = inner.stalled || inner.status == Status::time_limit;
        collect_support();
    }
    Certificate certificate;
    return evaluate(0.0, certificate);
}

Status Path::begin(const double* start, double& lambda) {
    Status status = prepare(start);
    if (status == Status::ok && start == nullptr && !penalty_.free().empty()) status = settle_free();
    lambda = 0;
    for (index_t j = 0; j < design_.features(); ++j)
        if (penalty_.factor(j) > 0 && !penalty_.excluded(j)) lambda = std::max(lambda, screen_->magnitude(j));
    return status;
}

Status Path::run(const double* start, const MultiTaskResult& result) {
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
        store(k, result);
        result.gaps[k] = solution.certificate.bound / n;
        result.passes[k] = solution.passes;
        result.converged[k] = solution.converged;
        guard_.reached(k + 1, result.gaps[k]);
        previous = lambda;
    }
    return status;
}

void Path::store(index_t k, const MultiTaskResult& result) const {
    const index_t p = design_.features(), count = targets_.count;
    for (const index_t j : support_)
        for (index_t t = 0; t < count; ++t) {
            const index_t at = (k * count + t) * p + j;
            if (options_.single_precision)
                result.single[at] = static_cast<float>(row(j)[t]);
            else
                result.coefficients[at] = row(j)[t];
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

/// One alpha, from W; solution.passes is what it has cost before.
Status Path::solve(double lambda, double previous, const Effort& effort, Solution& solution) {
    const double threshold = std::max(0.0, std::min(lambda, 2 * lambda - previous));
    Certificate& certificate = solution.certificate;
    Status status = evaluate(threshold, certificate);
    if (status != Status::ok) return status;
    const double exact = certificate.bound - certificate.gap;
    if (certificate.gap <= (effort.accept_start ? reachable(certificate, effort.tol) : exact)) {
        solution.converged = true;
        return Status::ok;
    }
    start_working_set(threshold);
    double change = effort.settle ? effort.tol : rough_change;
    while (solution.passes < effort.max_passes) {
        const InnerResult inner = descend(certificate, effort, change, effort.max_passes - solution.passes);
        if (inner.status == Status::cancelled) return inner.status;
        solution.passes += inner.passes;
        collect_support();
        status = evaluate(lambda, certificate);
        if (status != Status::ok) return status;
        solution.converged = certificate.gap <= reachable(certificate, effort.tol);
        if ((solution.converged && (inner.settled || !effort.settle)) || inner.status == Status::time_limit)
            break;
        drop_excluded(certificate);
        const bool joined = join_violators(lambda, &certificate);
        if (!joined && inner.stalled) break;
        if (!joined && inner.settled) change *= 0.1;
    }
    return Status::ok;
}

Status Path::evaluate(double threshold, Certificate& certificate) {
    if (options_.single_precision)
        for (const index_t j : support_)
            for (index_t t = 0; t < targets_.count; ++t)
                row(j)[t] = static_cast<double>(static_cast<float>(row(j)[t]));
    return screen_->evaluate(w_.data(), support_, penalty_.lambda() > 0 ? threshold : -1.0, certificate);
}

/// The gap that counts as reached: the tolerance, or what the arithmetic and the returned type can tell.
double Path::reachable(const Certificate& certificate, double tol) const {
    double rounding = options_.single_precision ? single_rounding * targets_.squared : 0.0;
    // A free feature's rounding is not answered by any other's: it shows in the first order.
    if (options_.single_precision && !penalty_.free().empty())
        rounding += single_unit * std::sqrt(targets_.squared) * certificate.reach;
    return std::max({tol * targets_.squared, certificate.bound - certificate.gap, rounding});
}

InnerResult Path::descend(const Certificate& certificate, const Effort& effort, double change,
                          std::int64_t passes) {
    const double gap = std::max(0.5 * effort.tol * targets_.squared, 0.01 * certificate.gap);
    const Inner inner{change, gap, targets_.squared, passes};
    if (!covariance_pays()) return descent_.residual(gram_, working_, inner, guard_, w_.data());
    InnerResult result;
    result.status = gram_.include(working_);
    if (result.status != Status::ok) return result;
    return descent_.covariance(gram_, working_, inner, guard_, w_.data());
}

/// A step costs one working set of covariances, or two columns.
bool Path::covariance_pays() const {
    const index_t missing = gram_.missing(working_);
    if (missing == 0) return true;
    return gram_.size() + missing <= Gram::limit &&
           static_cast<double>(working_.size()) <= 2 * design_.column_cost() + 256;
}

void Path::collect_support() {
    support_.clear();
    for (const index_t j : working_)
        if (!is_zero(j)) support_.push_back(j);
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
    join_violators(threshold, nullptr);
}

/// The features with the largest gradients above lambda; false if there was none.
bool Path::join_violators(double lambda, const Certificate* certificate) {
    screen_->violators(lambda, in_working_, certificate, violators_);
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
        std::fill_n(row(j), targets_.count, 0.0);
        return true;
    };
    working_.erase(std::remove_if(working_.begin(), working_.end(), out), working_.end());
    collect_support();
}

}  // namespace

Status describe(const Design& design, Targets& targets, double* correlations) {
    targets.squared = column_kernels<double>().squared_norm(targets.y, design.samples() * targets.count);
    std::vector<index_t> all(static_cast<std::size_t>(design.features()));
    std::iota(all.begin(), all.end(), index_t{0});
    return design.products(all.data(), design.features(), targets.y, targets.count, correlations);
}

Status largest_lambda(const Design& design, const Targets& targets, const MultiTaskOptions& options,
                      double& lambda) {
    return Path(design, targets, options).begin(nullptr, lambda);
}

Status multi_task_path(const Design& design, const Targets& targets, const double* start,
                       const MultiTaskOptions& options, MultiTaskResult result) {
    return Path(design, targets, options).run(start, result);
}

}  // namespace mlqa::linear_model
