#include "svm/side_by_side.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>
#include <vector>

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

/// How many machines from `first` on are trained together: one if it is large.
index_t group_from(index_t first, const Crew& crew, const Settings& settings) {
    if (!crew.own_values) return std::min(largest_group, crew.count - first);
    double bytes = 0;
    index_t n = 0;
    for (index_t m = first; m < crew.count && n < largest_group; ++m, ++n) {
        const index_t size = crew.size(m);
        bytes += static_cast<double>(size) * static_cast<double>(size) * sizeof(double);
        if (n > 0 && (size > large || bytes > settings.cache_bytes)) break;
        if (size > large) return 1;
    }
    return n;
}

/// The machines first, ..., first + n - 1.
class Group {
public:
    Group(const Crew& crew, index_t first, index_t n)
        : crew_(crew), first_(first), machine_(at(n)), done_(at(n), 0), open_(at(n)) {
        std::iota(open_.begin(), open_.end(), index_t{0});
        // The largest first: they would keep the others waiting.
        std::stable_sort(open_.begin(), open_.end(),
                         [&](index_t a, index_t b) { return crew.size(first + a) > crew.size(first + b); });
    }

    Status train(int n_threads) {
        while (!open_.empty()) {
            if (report()) return Status::cancelled;
            Status status = Status::ok;
            if (open_.size() == 1)
                step(open_[0], n_threads, 0);
            else
                status = threads::parallel_for(
                    static_cast<index_t>(open_.size()), n_threads,
                    [&](index_t chunk, int worker) { step(open_[at(chunk)], 1, worker); });
            if (status != Status::ok) return status;
            const auto finished = [&](index_t m) { return done_[at(m)] != 0; };
            open_.erase(std::remove_if(open_.begin(), open_.end(), finished), open_.end());
        }
        return Status::ok;
    }

private:
    bool report() const {
        index_t support = 0;
        double violation = 0.0;
        for (const index_t m : open_) {
            if (!machine_[at(m)]) continue;
            support += machine_[at(m)]->support();
            violation = std::max(violation, machine_[at(m)]->violation());
        }
        return crew_.report(support, violation);
    }

    void step(index_t m, int n_threads, int worker) {
        std::unique_ptr<Machine>& machine = machine_[at(m)];
        if (!machine) machine = crew_.make(first_ + m);
        if (machine && !advance(*machine, n_threads)) return;
        done_[at(m)] = 1;
        if (!machine) return;
        Outcome outcome = std::move(machine->outcome);
        machine.reset();
        crew_.finish(first_ + m, outcome, worker);
    }

    const Crew& crew_;
    index_t first_;
    std::vector<std::unique_ptr<Machine>> machine_;
    std::vector<char> done_;
    std::vector<index_t> open_;
};

}  // namespace

Status train_side_by_side(const Crew& crew, const Settings& settings) {
    for (index_t first = 0; first < crew.count;) {
        const index_t n = group_from(first, crew, settings);
        const Status status = Group(crew, first, n).train(settings.n_threads);
        if (status != Status::ok) return status;
        first += n;
    }
    return Status::ok;
}

}  // namespace mlqa::svm
