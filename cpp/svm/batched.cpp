#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/threads.hpp"
#include "svm/row_cache.hpp"
#include "svm/smo.hpp"

namespace mlqa::svm {
namespace {

constexpr index_t largest_set = 256;
/// A working set is solved to this share of the violation it began with: 0.5 doubles the number of rounds,
/// 0.02 gains nothing.
constexpr double share = 0.1;
/// Points of a run of the gradient that one thread updates.
constexpr index_t gradient_run = 4096;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

class BatchedMachine final : public Machine {
public:
    BatchedMachine(const Task& task, const Settings& settings, const PointSet& points)
        : Machine(task, settings, false),
          points_(points),
          cache_(points, settings.cache_bytes, std::min<index_t>(2, points.size())),
          set_size_(std::min({largest_set, points.size(), cache_.capacity()})),
          chosen_(at(points.size()), 0) {
        std::copy(points.diagonal(), points.diagonal() + points.size(), state_.diagonal.data());
        const index_t lanes = working_set_kernels().lanes;
        local_length_ = (set_size_ + lanes - 1) / lanes * lanes;
        local_k_ = arena::Buffer<double>(at(set_size_) * at(local_length_), 0.0);
        for (arena::Buffer<double>* a : {&f_, &beta_, &lower_, &upper_, &up_, &low_, &diagonal_})
            *a = arena::Buffer<double>(at(local_length_), 0.0);
        identity_ = arena::Buffer<index_t>(at(local_length_), 0);
        std::iota(identity_.begin(), identity_.begin() + set_size_, 0);
    }

    bool advance(int n_threads) override {
        double least = 0, largest = 0;
        working_set_kernels().violation(state_.f.data(), state_.up.data(), state_.low.data(), state_.length(),
                                        &least, &largest);
        if (!(largest - least + 2.0 * drift_ >= settings_.tol)) return end(Status::ok);
        if (largest - least < settings_.tol) {
            if (fresh_) return end(Status::ok);
            return refresh(n_threads), false;
        }
        if (stalled_) return settle(Status::not_converged, n_threads);
        if (allowed(1) == 0) return settle(Status::not_converged, n_threads);
        if (settings_.late()) return settle(Status::time_limit, n_threads);
        choose(least, largest);
        rows_.resize(set_.size());
        if (cache_.get(set_.data(), static_cast<index_t>(set_.size()), n_threads, rows_.data()) != Status::ok)
            return false;
        StepReport report = solve_set();
        report.violation = largest - least;
        stalled_ = stalled(report, points_.largest());
        return apply(n_threads), false;
    }

private:
    /// The points that violate most, in turn from above and below, beside half of the set before.
    void choose(double least, double largest) {
        std::vector<index_t> rising, falling;
        if (set_size_ < 8) recent_.clear();  // the pair that violates most needs the room
        for (const index_t i : recent_) chosen_[at(i)] = 1;
        for (index_t i = 0; i < state_.size(); ++i) {
            if (chosen_[at(i)]) continue;
            if (state_.f[at(i)] + state_.up[at(i)] < largest) rising.push_back(i);
            if (state_.f[at(i)] + state_.low[at(i)] > least) falling.push_back(i);
        }
        const index_t wanted = set_size_ - static_cast<index_t>(recent_.size());
        const double* f = state_.f.data();
        keep_first(rising, wanted, [f](index_t a, index_t b) { return f[a] != f[b] ? f[a] < f[b] : a < b; });
        keep_first(falling, wanted, [f](index_t a, index_t b) { return f[a] != f[b] ? f[a] > f[b] : a < b; });
        std::vector<index_t> added;
        for (std::size_t r = 0; r < std::max(rising.size(), falling.size()); ++r)
            for (const std::vector<index_t>* from : {&rising, &falling})
                if (r < from->size() && static_cast<index_t>(added.size()) < wanted &&
                    !chosen_[at((*from)[r])]) {
                    added.push_back((*from)[r]);
                    chosen_[at((*from)[r])] = 1;
                }
        set_ = added;
        set_.insert(set_.end(), recent_.begin(), recent_.end());
        for (const index_t i : set_) chosen_[at(i)] = 0;
        recent_.assign(set_.begin(), set_.begin() + static_cast<std::ptrdiff_t>(set_.size() / 2));
    }

    template <class Before>
    static void keep_first(std::vector<index_t>& points, index_t n, Before before) {
        const auto end = points.begin() + std::min(n, static_cast<index_t>(points.size()));
        if (end != points.end()) std::nth_element(points.begin(), end, points.end(), before);
        points.erase(end, points.end());
        std::sort(points.begin(), points.end(), before);
    }

    StepReport solve_set() {
        const auto m = static_cast<index_t>(set_.size());
        for (index_t r = 0; r < local_length_; ++r) {
            const bool real = r < m;
            const std::size_t i = real ? at(set_[at(r)]) : 0, p = at(r);
            f_[p] = real ? state_.f[i] : 0.0;
            beta_[p] = real ? state_.beta[i] : 0.0;
            lower_[p] = real ? state_.lower[i] : 0.0;
            upper_[p] = real ? state_.upper[i] : 0.0;
            up_[p] = real ? state_.up[i] : HUGE_VAL;
            low_[p] = real ? state_.low[i] : -HUGE_VAL;
            diagonal_[p] = real ? state_.diagonal[i] : 0.0;
        }
        for (index_t r = 0; r < m; ++r)
            for (index_t c = 0; c < m; ++c) local_k_[at(r * local_length_ + c)] = rows_[at(r)][set_[at(c)]];
        const WorkingSet set = {local_k_.data(),    local_length_, identity_.data(), {0, 0},
                                {local_length_, 0}, f_.data(),     beta_.data(),     lower_.data(),
                                upper_.data(),      up_.data(),    low_.data(),      diagonal_.data()};
        StepReport report{};
        working_set_kernels().solve(&set, 0.5 * settings_.tol, share, allowed(100 * m), &report);
        outcome.steps += report.steps;
        return report;
    }

    /// Takes over the new coefficients and brings the gradient up to date.
    void apply(int n_threads) {
        std::vector<const double*> rows;
        std::vector<double> change;
        double moved = 0;
        for (std::size_t r = 0; r < set_.size(); ++r) {
            const std::size_t i = at(set_[r]);
            if (beta_[r] == state_.beta[i]) continue;
            rows.push_back(rows_[r]);
            change.push_back(beta_[r] - state_.beta[i]);
            moved += std::abs(change.back());
            state_.beta[i] = beta_[r];
            state_.mark(set_[r]);
        }
        add(rows, change, n_threads);
        fresh_ = false;
        // Each term is rounded once beside sums no larger than those of all coefficients.
        drift_ += 1.2e-16 * static_cast<double>(rows.size()) *
                  ((state_.weight() + moved) * points_.largest() + 1.0);
    }

    void add(const std::vector<const double*>& rows, const std::vector<double>& weight, int n_threads) {
        const index_t n = state_.length(), m = static_cast<index_t>(rows.size());
        const index_t chunks = (n + gradient_run - 1) / gradient_run;
        threads::parallel_for(chunks, m * n < 1'000'000 ? 1 : n_threads, [&](index_t chunk, int) {
            working_set_kernels().accumulate(rows.data(), weight.data(), m, chunk * gradient_run,
                                             std::min(n, (chunk + 1) * gradient_run), state_.f.data());
        });
    }

    /// F = K beta - y from the coefficients.
    void refresh(int n_threads) {
        state_.reset_gradient();
        std::vector<index_t> support;
        for (index_t i = 0; i < state_.size(); ++i)
            if (state_.beta[at(i)] != 0.0) support.push_back(i);
        for (std::size_t s = 0; s < support.size(); s += at(set_size_)) {
            const index_t m = std::min(set_size_, static_cast<index_t>(support.size() - s));
            std::vector<const double*> rows(at(m));
            std::vector<double> weight(at(m));
            if (cache_.get(support.data() + s, m, n_threads, rows.data()) != Status::ok) return;
            for (index_t r = 0; r < m; ++r) weight[at(r)] = state_.beta[at(support[s + at(r)])];
            add(rows, weight, n_threads);
        }
        drift_ = state_.rounding(points_.largest());
        fresh_ = true;
    }

    bool settle(Status status, int n_threads) {
        if (2.0 * drift_ >= 0.01 * settings_.tol && !fresh_) refresh(n_threads);
        return end(status);
    }

    bool end(Status status) {
        finish(status, drift_);
        return true;
    }

    const PointSet& points_;
    RowCache cache_;
    index_t set_size_, local_length_ = 0;
    std::vector<char> chosen_;
    std::vector<index_t> set_, recent_;
    std::vector<const double*> rows_;
    arena::Buffer<double> local_k_, f_, beta_, lower_, upper_, up_, low_, diagonal_;
    arena::Buffer<index_t> identity_;
    double drift_ = 0.0;
    bool fresh_ = true, stalled_ = false;
};

}  // namespace

std::unique_ptr<Machine> batched_machine(const Task& task, const Settings& settings, const PointSet& points) {
    return std::make_unique<BatchedMachine>(task, settings, points);
}

}  // namespace mlqa::svm
