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
        : Machine(task, settings, task.grouped),
          points_(points),
          cache_(points, settings.cache_bytes, std::min<index_t>(2, points.size())),
          set_size_(std::min({largest_set, task.size(), cache_.capacity()})),
          column_{0, task.twice ? 0 : task.first},
          chosen_(at(state_.length()), 0),
          fetched_(at(points.size()), -1),
          fresh_(state_.starts_at_zero()) {
        for (index_t i = 0; i < task.size(); ++i)
            state_.diagonal[at(state_.place(i))] = points.diagonal()[at(point(state_.place(i)))];
        const index_t most = set_size_ + 2 * working_set_kernels().lanes;
        local_k_ = arena::Buffer<double>(at(most) * at(most), 0.0);
        for (arena::Buffer<double>* a : {&f_, &beta_, &lower_, &upper_, &up_, &low_, &diagonal_})
            *a = arena::Buffer<double>(at(most), 0.0);
        identity_ = arena::Buffer<index_t>(at(most), 0);
        std::iota(identity_.begin(), identity_.end(), 0);
    }

    bool advance(int n_threads) override {
        if (!begun_) {
            begun_ = true;
            if (!fresh_) return refresh(n_threads), false;
        }
        const double violation = state_.violation();
        if (!(violation + 2.0 * drift_ >= settings_.tol)) return end(Status::ok);
        if (violation < settings_.tol) {
            if (fresh_) return end(Status::ok);
            return refresh(n_threads), false;
        }
        if (stalled_) return settle(Status::not_converged, n_threads);
        if (allowed(1) == 0) return settle(Status::not_converged, n_threads);
        if (settings_.late()) return settle(Status::time_limit, n_threads);
        choose();
        if (fetch(set_.data(), static_cast<index_t>(set_.size()), n_threads) != Status::ok) return false;
        StepReport report = solve_set();
        report.violation = violation;
        stalled_ = stalled(report, points_.largest());
        return apply(n_threads), false;
    }

private:
    /// The point of a place: its row and column of the kernel matrix.
    index_t point(index_t place) const {
        const index_t before = state_.lengths()[0];
        return place < before ? column_[0] + place : column_[1] + place - before;
    }

    /// The places that violate most, in turn from above and below, beside half of the set before.
    void choose() {
        if (set_size_ < 8) recent_.clear();  // the pair that violates most needs the room
        for (const index_t p : recent_) chosen_[at(p)] = 1;
        const index_t wanted = set_size_ - static_cast<index_t>(recent_.size());
        std::vector<index_t> lists[4];
        for (int g = 0; g < state_.groups(); ++g) list_violators(g, wanted, lists[2 * g], lists[2 * g + 1]);
        std::size_t longest = 0;
        for (const std::vector<index_t>& list : lists) longest = std::max(longest, list.size());
        std::vector<index_t> added;
        for (std::size_t r = 0; r < longest; ++r)
            for (const std::vector<index_t>& from : lists)
                if (r < from.size() && static_cast<index_t>(added.size()) < wanted && !chosen_[at(from[r])]) {
                    added.push_back(from[r]);
                    chosen_[at(from[r])] = 1;
                }
        set_ = added;
        set_.insert(set_.end(), recent_.begin(), recent_.end());
        for (const index_t p : set_) chosen_[at(p)] = 0;
        recent_.assign(set_.begin(), set_.begin() + static_cast<std::ptrdiff_t>(set_.size() / 2));
        if (state_.grouped()) {
            const index_t boundary = state_.lengths()[0];
            std::stable_partition(set_.begin(), set_.end(), [=](index_t p) { return p < boundary; });
        }
    }

    void list_violators(int g, index_t most, std::vector<index_t>& rising, std::vector<index_t>& falling) {
        double least = 0, largest = 0;
        state_.extremes(g, least, largest);
        const double *f = state_.f.data(), *up = state_.up.data(), *low = state_.low.data();
        for (index_t p = state_.group_begin(g); p < state_.group_end(g); ++p) {
            if (chosen_[at(p)]) continue;
            if (f[p] + up[p] < largest) rising.push_back(p);
            if (f[p] + low[p] > least) falling.push_back(p);
        }
        keep_first(rising, most, [=](index_t a, index_t b) {
            const double of_a = f[a] + up[a], of_b = f[b] + up[b];
            return of_a != of_b ? of_a < of_b : a < b;
        });
        keep_first(falling, most, [=](index_t a, index_t b) {
            const double of_a = f[a] + low[a], of_b = f[b] + low[b];
            return of_a != of_b ? of_a > of_b : a < b;
        });
    }

    template <class Before>
    static void keep_first(std::vector<index_t>& places, index_t n, Before before) {
        const auto end = places.begin() + std::min(n, static_cast<index_t>(places.size()));
        if (end != places.end()) std::nth_element(places.begin(), end, places.end(), before);
        places.erase(end, places.end());
        std::sort(places.begin(), places.end(), before);
    }

    /// rows_[r] = the kernel row of the point of places[r]; two places may share a point.
    Status fetch(const index_t* places, index_t m, int n_threads) {
        std::vector<index_t> points;
        for (index_t r = 0; r < m; ++r) {
            const std::size_t i = at(point(places[r]));
            if (fetched_[i] >= 0) continue;
            fetched_[i] = static_cast<index_t>(points.size());
            points.push_back(point(places[r]));
        }
        std::vector<const double*> rows(points.size());
        const Status status =
            cache_.get(points.data(), static_cast<index_t>(points.size()), n_threads, rows.data());
        rows_.resize(at(m));
        for (index_t r = 0; r < m; ++r) rows_[at(r)] = rows[at(fetched_[at(point(places[r]))])];
        for (const index_t i : points) fetched_[at(i)] = -1;
        return status;
    }

    StepReport solve_set() {
        const auto m = static_cast<index_t>(set_.size());
        const index_t lanes = working_set_kernels().lanes, boundary = state_.lengths()[0];
        const auto filled = [=](index_t n) { return (n + lanes - 1) / lanes * lanes; };
        index_t of_first = m;
        if (state_.grouped())
            of_first = std::count_if(set_.begin(), set_.end(), [=](index_t p) { return p < boundary; });
        const index_t length[2] = {filled(of_first), filled(m - of_first)};
        const index_t stride = length[0] + length[1];
        local_.resize(at(m));
        for (index_t r = 0; r < m; ++r) local_[at(r)] = r < of_first ? r : length[0] + r - of_first;
        std::fill(up_.begin(), up_.end(), HUGE_VAL);
        std::fill(low_.begin(), low_.end(), -HUGE_VAL);
        for (index_t r = 0; r < m; ++r) {
            const std::size_t i = at(set_[at(r)]), p = at(local_[at(r)]);
            f_[p] = state_.f[i];
            beta_[p] = state_.beta[i];
            lower_[p] = state_.lower[i];
            upper_[p] = state_.upper[i];
            up_[p] = state_.up[i];
            low_[p] = state_.low[i];
            diagonal_[p] = state_.diagonal[i];
        }
        for (index_t r = 0; r < m; ++r)
            for (index_t c = 0; c < m; ++c)
                local_k_[at(local_[at(r)] * stride + local_[at(c)])] = rows_[at(r)][point(set_[at(c)])];
        const WorkingSet set = {local_k_.data(),        stride,          identity_.data(), {0, length[0]},
                                {length[0], length[1]}, f_.data(),       beta_.data(),     lower_.data(),
                                upper_.data(),          up_.data(),      low_.data(),      diagonal_.data(),
                                state_.epsilon(),       state_.grouped()};
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
            const std::size_t i = at(set_[r]), p = at(local_[r]);
            if (beta_[p] == state_.beta[i]) continue;
            rows.push_back(rows_[r]);
            change.push_back(beta_[p] - state_.beta[i]);
            moved += std::abs(change.back());
            state_.beta[i] = beta_[p];
            state_.mark(set_[r]);
        }
        add(rows, change, n_threads);
        fresh_ = false;
        // Each term is rounded once beside sums no larger than those of all coefficients.
        drift_ += 1.2e-16 * static_cast<double>(rows.size()) *
                  ((state_.weight() + moved) * points_.largest() + state_.largest_linear());
    }

    void add(const std::vector<const double*>& rows, const std::vector<double>& weight, int n_threads) {
        const auto m = static_cast<index_t>(rows.size());
        double* f = state_.f.data();
        for (int run = 0; run < 2; ++run) {
            const index_t n = state_.lengths()[run];
            const index_t chunks = (n + gradient_run - 1) / gradient_run;
            std::vector<const double*> part(rows);
            for (const double*& row : part) row += column_[run];
            threads::parallel_for(chunks, m * n < 1'000'000 ? 1 : n_threads, [&](index_t chunk, int) {
                working_set_kernels().accumulate(part.data(), weight.data(), m, chunk * gradient_run,
                                                 std::min(n, (chunk + 1) * gradient_run), f);
            });
            f += n;
        }
    }

    /// F = K beta + p from the coefficients.
    void refresh(int n_threads) {
        state_.reset_gradient();
        std::vector<index_t> support;
        for (index_t p = 0; p < state_.length(); ++p)
            if (state_.beta[at(p)] != 0.0) support.push_back(p);
        for (std::size_t s = 0; s < support.size(); s += at(set_size_)) {
            const index_t m = std::min(set_size_, static_cast<index_t>(support.size() - s));
            std::vector<double> weight(at(m));
            if (fetch(support.data() + s, m, n_threads) != Status::ok) return;
            for (index_t r = 0; r < m; ++r) weight[at(r)] = state_.beta[at(support[s + at(r)])];
            add(rows_, weight, n_threads);
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
    index_t set_size_;
    index_t column_[2];
    std::vector<char> chosen_;
    std::vector<index_t> set_, recent_, local_;
    std::vector<const double*> rows_;
    std::vector<index_t> fetched_;  ///< a point's number among those being fetched, else -1
    arena::Buffer<double> local_k_, f_, beta_, lower_, upper_, up_, low_, diagonal_;
    arena::Buffer<index_t> identity_;
    double drift_ = 0.0;
    bool begun_ = false, fresh_, stalled_ = false;
};

}  // namespace

std::unique_ptr<Machine> batched_machine(const Task& task, const Settings& settings, const PointSet& points) {
    return std::make_unique<BatchedMachine>(task, settings, points);
}

}  // namespace mlqa::svm
