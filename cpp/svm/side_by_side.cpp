#include "svm/side_by_side.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>
#include <vector>

#include "core/cancel.hpp"
#include "core/threads.hpp"

namespace mlqa::svm {
namespace {

/// Machines that are worked on together, at most.
constexpr index_t largest_group = 256;
/// How long a machine works before progress is looked at: in one piece while its rows are in the cache.
constexpr std::chrono::milliseconds slice{10};
/// Points of a machine from which on it uses all threads well by itself.
constexpr index_t large = 4096;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// Until the outcome is there, or for as long as nobody minds to wait for progress.
bool advance(Machine& machine, int n_threads) {
    const auto until = std::chrono::steady_clock::now() + slice;
    while (!machine.advance(n_threads))
        if (std::chrono::steady_clock::now() > until) return false;
    return true;
}

class Training {
public:
    Training(const Crew& crew, const Settings& settings) : crew_(crew), settings_(settings) {}

    Status run() {
        for (index_t first = 0; first < crew_.count;) {
            const index_t n = group(first);
            const Status status = train(first, n);
            if (status != Status::ok) return status;
            first += n;
        }
        return Status::ok;
    }

private:
    /// How many machines from `first` on are trained together: one if it is large.
    index_t group(index_t first) const {
        double bytes = 0;
        index_t n = 0;
        for (index_t m = first; m < crew_.count && n < largest_group; ++m, ++n) {
            const index_t size = crew_.size(m);
            bytes += static_cast<double>(size) * static_cast<double>(size) * sizeof(double);
            if (n > 0 && (size > large || bytes > settings_.cache_bytes)) break;
            if (size > large) return 1;
        }
        return n;
    }

    Status train(index_t first, index_t n) {
        std::vector<std::unique_ptr<Machine>> machine(at(n));
        std::vector<char> done(at(n), 0);
        std::vector<index_t> support(at(n), 0), open(at(n));
        std::vector<double> violation(at(n), 0.0);
        std::iota(open.begin(), open.end(), index_t{0});
        // The largest first: they would keep the others waiting.
        std::stable_sort(open.begin(), open.end(),
                         [&](index_t a, index_t b) { return crew_.size(first + a) > crew_.size(first + b); });
        const auto step = [&](index_t m, int n_threads) {
            if (!machine[at(m)]) machine[at(m)] = crew_.make(first + m);
            if (machine[at(m)] && !advance(*machine[at(m)], n_threads)) return;
            done[at(m)] = 1;
            if (!machine[at(m)]) return;
            support[at(m)] = machine[at(m)]->support();
            violation[at(m)] = machine[at(m)]->outcome.violation;
            Outcome outcome = std::move(machine[at(m)]->outcome);
            machine[at(m)].reset();
            crew_.finish(first + m, outcome);
        };
        while (!open.empty()) {
            for (const index_t m : open) {
                if (!machine[at(m)]) continue;
                support[at(m)] = machine[at(m)]->support();
                violation[at(m)] = machine[at(m)]->violation();
            }
            const double worst = std::max(worst_, *std::max_element(violation.begin(), violation.end()));
            const index_t held = std::accumulate(support.begin(), support.end(), support_);
            if (cancel::poll(first + n - static_cast<index_t>(open.size()), held, worst))
                return Status::cancelled;
            Status status = Status::ok;
            if (open.size() == 1)
                step(open[0], settings_.n_threads);
            else
                status = threads::parallel_for(static_cast<index_t>(open.size()), settings_.n_threads,
                                               [&](index_t chunk, int) { step(open[at(chunk)], 1); });
            if (status != Status::ok) return status;
            const auto finished = [&](index_t m) { return done[at(m)] != 0; };
            open.erase(std::remove_if(open.begin(), open.end(), finished), open.end());
        }
        support_ = std::accumulate(support.begin(), support.end(), support_);
        worst_ = std::max(worst_, *std::max_element(violation.begin(), violation.end()));
        return Status::ok;
    }

    const Crew& crew_;
    const Settings& settings_;
    index_t support_ = 0;  ///< of the groups that are done
    double worst_ = 0.0;
};

}  // namespace

Status train_side_by_side(const Crew& crew, const Settings& settings) {
    return Training(crew, settings).run();
}

}  // namespace mlqa::svm
