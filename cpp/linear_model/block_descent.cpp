#include "linear_model/block_descent.hpp"

#include <algorithm>
#include <cmath>

#include "linear_model/block_newton.hpp"
#include "linear_model/columns.kernel.hpp"
#include "linear_model/multi_task.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr double step_work = 1 << 20;     ///< multiply-adds between two looks at the guard
constexpr double last_bits = 0x1p-50;     ///< a change below this share is rounding
constexpr std::int64_t short_round = 10;  ///< residual passes before the gap is looked at again
constexpr double newton_support = 2048;   ///< largest support for which a factor is tried
constexpr std::int64_t sweeps_first = 2;  ///< passes before one: the support has to be found
constexpr double factor_speed = 1.0;      ///< passes' multiply-adds worth as many of the factor's

/// The coefficients of a working set, and what a pass keeps up to date beside them.
class Iterate {
public:
    Iterate(const Design& design, const Penalty& penalty, const Targets& targets,
            const std::vector<index_t>& working, const double* w)
        : working_(working),
          k_(static_cast<index_t>(working.size())),
          count_(targets.count),
          lambda_(working.size()),
          ridge_(working.size()),
          squared_norms_(working.size()),
          w_(static_cast<std::size_t>(k_ * count_)),
          step_(static_cast<std::size_t>(count_)) {
        for (std::size_t i = 0; i < working.size(); ++i) {
            const index_t j = working[i];
            lambda_[i] = penalty.lambda(j);
            ridge_[i] = penalty.ridge(j);
            squared_norms_[i] = design.squared_norm(j);
            std::copy_n(w + j * count_, count_, block(static_cast<index_t>(i)));
        }
    }
    virtual ~Iterate() = default;

    index_t size() const { return k_ * count_; }
    index_t targets() const { return count_; }
    index_t feature(index_t i) const { return working_[static_cast<std::size_t>(i)]; }
    double lambda(index_t i) const { return lambda_[static_cast<std::size_t>(i)]; }
    double ridge(index_t i) const { return ridge_[static_cast<std::size_t>(i)]; }
    double* block(index_t i) const { return w_.data() + i * count_; }
    /// Places in the working set whose coefficients are not zero, or free.
    std::vector<index_t> support() const {
        std::vector<index_t> places;
        for (index_t i = 0; i < k_; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const bool on = std::any_of(block(i), block(i) + count_, [](double a) { return a != 0; });
            if (squared_norms_[at] > 0 && (on || lambda_[at] == 0)) places.push_back(i);
        }
        return places;
    }
    /// Multiply-adds of a step that moves.
    virtual double step_cost() const = 0;
    void store(double* w) const {
        for (index_t i = 0; i < k_; ++i)
            std::copy_n(block(i), count_, w + working_[static_cast<std::size_t>(i)] * count_);
    }

    /// One pass.
    virtual Status sweep(Guard& guard, Sweep* sweep) = 0;
    /// Computes what belongs to the coefficients anew.
    virtual Status renew() = 0;
    /// X_i'R of chosen places in the working set, targets x chosen
    virtual void gradients(const std::vector<index_t>& chosen, double* out) = 0;
    /// Whether a settled iterate is good enough.
    virtual bool is_close(const Inner& inner) const = 0;

protected:
    const std::vector<index_t>& working_;
    index_t k_, count_;
    arena::Buffer<double> lambda_, ridge_, squared_norms_, w_, step_;
};

/// q = c - gram w, targets x k
class Covariance final : public Iterate {
public:
    Covariance(const Design& design, const Penalty& penalty, const Targets& targets, const Gram& gram,
               const std::vector<index_t>& working, const double* w)
        : Iterate(design, penalty, targets, working, w),
          gram_(static_cast<std::size_t>(k_ * k_)),
          c_(static_cast<std::size_t>(size())),
          q_(static_cast<std::size_t>(size())) {
        std::vector<index_t> places;
        for (const index_t j : working) places.push_back(gram.position(j));
        for (index_t i = 0; i < k_; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const double* from = gram.row(places[at]);
            for (index_t h = 0; h < k_; ++h) entry(i)[h] = from[places[static_cast<std::size_t>(h)]];
            for (index_t t = 0; t < count_; ++t)
                c_[static_cast<std::size_t>(t * k_ + i)] = targets.correlations[working[at] * count_ + t];
        }
        compute(q_.data());
    }

    Status sweep(Guard& guard, Sweep* sweep) override {
        const auto at_once = static_cast<index_t>(step_work / static_cast<double>((k_ + 64) * count_)) + 1;
        Status status = Status::ok;
        for (index_t begin = 0; begin < k_ && status == Status::ok; begin += at_once) {
            multi_task_kernels().covariance(gram_.data(), k_, begin, std::min(k_, begin + at_once), count_,
                                            lambda_.data(), ridge_.data(), w_.data(), q_.data(), step_.data(),
                                            sweep);
            status = guard.check();
        }
        return status;
    }

    Status renew() override {
        compute(q_.data());
        return cancel::poll() ? Status::cancelled : Status::ok;
    }

    double step_cost() const override { return static_cast<double>(size()); }
    void gradients(const std::vector<index_t>& chosen, double* out) override {
        for (index_t t = 0; t < count_; ++t)
            for (const index_t i : chosen) *out++ = q_[static_cast<std::size_t>(t * k_ + i)];
    }

    /// The duality gap of the working set's problem, as in screening.hpp, from ||R||^2 = ||Y||^2 - <W, c + q>
    /// and <Y, R> = ||Y||^2 - <W, c>. A free feature has to be at its minimiser.
    bool is_close(const Inner& inner) const override {
        double largest = 1, free = 0, shrunk = 0, penalty = 0;
        for (index_t i = 0; i < k_; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const double squares = column_kernels<double>().squared_norm(block(i), count_);
            double pull = 0;
            for (index_t t = 0; t < count_; ++t) {
                const double g = q_[static_cast<std::size_t>(t * k_ + i)] - ridge_[at] * block(i)[t];
                pull += g * g;
            }
            if (lambda_[at] > 0)
                largest = std::max(largest, std::sqrt(pull) / lambda_[at]);
            else
                free += pull;
            shrunk += ridge_[at] * squares;
            penalty += lambda_[at] * std::sqrt(squares);
        }
        const double wc = product(c_), wq = product(q_), y = inner.y_squared, scale = 1 / largest;
        const double whole = y - wc - wq + shrunk;
        const double gap = 0.5 * whole + penalty - scale * (y - wc) + 0.5 * scale * scale * whole + free;
        return gap <= inner.gap;
    }

private:
    double* entry(index_t i) const { return gram_.data() + i * k_; }

    void compute(double* q) {
        std::copy_n(c_.data(), size(), q);
        for (index_t i = 0; i < k_; ++i) {
            bool any = false;
            for (index_t t = 0; t < count_; ++t) {
                step_[static_cast<std::size_t>(t)] = -block(i)[t];
                any = any || block(i)[t] != 0;
            }
            if (any) column_kernels<double>().axpys(step_.data(), entry(i), q, k_, count_, k_);
        }
    }

    /// <W, a'> for a of targets x k
    double product(const arena::Buffer<double>& a) const {
        double sum = 0;
        for (index_t t = 0; t < count_; ++t)
            for (index_t i = 0; i < k_; ++i) sum += a[static_cast<std::size_t>(t * k_ + i)] * block(i)[t];
        return sum;
    }

    arena::Buffer<double> gram_, c_, q_;
};

/// R = Y - X W, targets x samples
class Residual final : public Iterate {
public:
    Residual(const Design& design, const Penalty& penalty, const Targets& targets,
             const std::vector<index_t>& working, const double* w)
        : Iterate(design, penalty, targets, working, w),
          design_(design),
          targets_(targets),
          r_(static_cast<std::size_t>(count_ * design.samples())),
          negative_(static_cast<std::size_t>(size())),
          offsets_(static_cast<std::size_t>(count_)),
          starts_(static_cast<std::size_t>(count_)),
          now_(static_cast<std::size_t>(count_)) {}

    Status renew() override {
        std::copy_n(targets_.y, r_.size(), r_.data());
        for (std::size_t e = 0; e < negative_.size(); ++e) negative_[e] = -w_[e];
        const Status status = design_.add_products(working_.data(), k_, negative_.data(), count_, r_.data());
        std::fill(offsets_.begin(), offsets_.end(), 0.0);
        for (index_t t = 0; t < count_; ++t)
            starts_[static_cast<std::size_t>(t)] = design_.start(r_.data() + t * design_.samples());
        return status;
    }

    Status sweep(Guard& guard, Sweep* sweep) override {
        double work = 0;
        for (index_t i = 0; i < k_; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const index_t j = working_[at];
            if (!(squared_norms_[at] > 0)) continue;
            column_starts();
            design_.dots(j, r_.data(), count_, now_.data(), step_.data());
            if (multi_task_kernels().step(squared_norms_[at], lambda_[at], ridge_[at], count_, step_.data(),
                                          block(i), sweep))
                design_.add_each(j, step_.data(), r_.data(), count_, offsets_.data());
            work += (design_.column_cost() + 16) * static_cast<double>(count_);
            if (work < step_work && i + 1 < k_) continue;
            work = 0;
            const Status status = guard.check();
            if (status != Status::ok) return status;
        }
        return Status::ok;
    }

    void gradients(const std::vector<index_t>& chosen, double* out) override {
        const auto m = static_cast<index_t>(chosen.size());
        for (index_t k = 0; k < m; ++k) {
            column_starts();
            design_.dots(working_[static_cast<std::size_t>(chosen[static_cast<std::size_t>(k)])], r_.data(),
                         count_, now_.data(), step_.data());
            for (index_t t = 0; t < count_; ++t) out[t * m + k] = step_[static_cast<std::size_t>(t)];
        }
    }

    bool is_close(const Inner&) const override { return true; }
    double step_cost() const override { return 2 * design_.column_cost() * static_cast<double>(count_); }

private:
    void column_starts() {
        const auto n = static_cast<double>(design_.samples());
        for (std::size_t t = 0; t < now_.size(); ++t) now_[t] = starts_[t] + n * offsets_[t];
    }

    const Design& design_;
    const Targets& targets_;
    arena::Buffer<double> r_, negative_, offsets_, starts_, now_;
};

bool has_settled(const Sweep& sweep, double share) {
    return sweep.change <= share * sweep.largest;
}

/// A Newton step on the support, if its Gram matrix can be had; gram grows by what is missing.
Status newton_step(Iterate& iterate, const std::vector<index_t>& support, Gram& gram) {
    const auto m = static_cast<index_t>(support.size());
    std::vector<index_t> features;
    for (const index_t i : support) features.push_back(iterate.feature(i));
    if (gram.size() + gram.missing(features) > Gram::limit) return Status::ok;
    Status status = gram.include(features);
    if (status != Status::ok) return status;
    BlockNewton newton(m, iterate.targets());
    for (index_t a = 0; a < m; ++a) {
        const index_t i = support[static_cast<std::size_t>(a)];
        const double* row = gram.row(gram.position(iterate.feature(i)));
        for (index_t b = 0; b < m; ++b)
            newton.gram()[a * m + b] = row[gram.position(features[static_cast<std::size_t>(b)])];
        newton.lambda()[a] = iterate.lambda(i);
        newton.ridge()[a] = iterate.ridge(i);
        std::copy_n(iterate.block(i), iterate.targets(), newton.coefficients() + a * iterate.targets());
    }
    iterate.gradients(support, newton.gradients());
    bool moved = false;
    status = newton.step(&moved);
    if (status != Status::ok || !moved) return status;
    for (index_t a = 0; a < m; ++a)
        std::copy_n(newton.coefficients() + a * iterate.targets(), iterate.targets(),
                    iterate.block(support[static_cast<std::size_t>(a)]));
    return iterate.renew();
}

InnerResult descend(Iterate& iterate, Gram& gram, const Inner& inner, std::int64_t most, Guard& guard) {
    InnerResult result;
    double spent = 0;  // multiply-adds since the last factor
    std::int64_t since = 0;
    while (result.passes < most && result.status == Status::ok) {
        Sweep sweep{0, 0};
        result.status = iterate.sweep(guard, &sweep);
        ++result.passes;
        result.stalled = has_settled(sweep, last_bits);
        result.settled = has_settled(sweep, inner.change);
        if (result.stalled || (result.settled && iterate.is_close(inner))) break;
        const std::vector<index_t> support = iterate.support();
        const auto m = static_cast<double>(support.size());
        spent += iterate.step_cost() * m;
        if (support.empty() || m > newton_support || ++since < sweeps_first ||
            spent * factor_speed < m * m * m / 2 || result.passes >= most || result.status != Status::ok)
            continue;
        spent = 0;
        since = 0;
        ++result.passes;
        result.status = newton_step(iterate, support, gram);
    }
    return result;
}

}  // namespace

InnerResult BlockDescent::covariance(Gram& gram, const std::vector<index_t>& working, const Inner& inner,
                                     Guard& guard, double* w) const {
    Covariance iterate(design_, penalty_, targets_, gram, working, w);
    const InnerResult result = descend(iterate, gram, inner, inner.max_passes, guard);
    iterate.store(w);
    return result;
}

InnerResult BlockDescent::residual(Gram& gram, const std::vector<index_t>& working, const Inner& inner,
                                   Guard& guard, double* w) const {
    Residual iterate(design_, penalty_, targets_, working, w);
    InnerResult result;
    result.status = iterate.renew();
    if (result.status != Status::ok) return result;
    result = descend(iterate, gram, inner, std::min(inner.max_passes, short_round), guard);
    iterate.store(w);
    return result;
}

}  // namespace mlqa::linear_model
