#include "pairwise/kmeans.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "core/arena.hpp"
#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "pairwise/kmeans.kernel.hpp"
#include "pairwise/kmeans_frame.hpp"
#include "pairwise/kmeans_sums.hpp"
#include "pairwise/order.hpp"
#include "pairwise/packed.hpp"
#include "pairwise/tiles.kernel.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t most_groups = 32;
constexpr index_t least_rows = 256, most_rows = 1024;  ///< of a chunk
constexpr double segment_work = 1e7;                   ///< multiply-adds between two polls
constexpr double parallel_work = 3e5;                  ///< of an iteration, from which on threads pay
constexpr float infinity = std::numeric_limits<float>::infinity();

const KmeansTable<float>& table(float) {
    return kmeans_kernels().f32;
}
const KmeansTable<double>& table(double) {
    return kmeans_kernels().f64;
}

/// A bound on a distance from its square, in the screen's unit.
float moved_at_most(double squared, double scale) {
    const double distance = std::sqrt(squared) * scale * (1 + 0x1p-30);
    return std::nextafter(static_cast<float>(distance), infinity);
}

/// The centres as the screen wants them.
template <class S>
class ScreenedCentres {
public:
    ScreenedCentres(index_t k, index_t d, const Frame& frame)
        : width_(tiles_kernels().f32.panel_width),
          panels_(k, d, width_, frame.centre.data(), frame.scale),
          rows_(k, d, 1, frame.centre.data(), frame.scale),
          label_(buffer<index_t>(k)),
          drift_(static_cast<std::size_t>(k), 0.0f) {
        const index_t places = rounded_up(k, width_);
        const index_t group = width_ * (rounded_up(places / width_, most_groups) / most_groups);
        const index_t groups = rounded_up(places, group) / group;
        order_ = Buffer<std::int32_t>(static_cast<std::size_t>(places), 0);
        place_ = buffer<std::int32_t>(k);
        group_slack_ = buffer<float>(groups);
        group_drift_ = Buffer<float>(static_cast<std::size_t>(groups), 0.0f);
        view.order = order_.data();
        view.place = place_.data();
        view.places = places;
        view.group = group;
        view.groups = groups;
        view.panels = panels_.panels.data();
        view.panel_low = panels_.low.data();
        view.panel_slack = panels_.slack.data();
        view.group_slack = group_slack_.data();
        view.rows = rows_.panels.data();
        view.low = rows_.low.data();
        view.slack = rows_.slack.data();
        view.drift = drift_.data();
        view.group_drift = group_drift_.data();
    }

    /// Which centres share a group: those that lie together.
    Status arrange(const KnnRows<S>& centres, int n_threads) {
        Order order;
        if (view.groups > 1) {
            const Status status = order_by_medians(centres, width_, n_threads, order);
            if (status != Status::ok) return status;
        }
        for (index_t q = 0; q < centres.rows; ++q) {
            const index_t j = view.groups > 1 ? order.position.data()[q] : q;
            label_.data()[q] = j;
            order_.data()[q] = static_cast<std::int32_t>(j);
            place_.data()[j] = static_cast<std::int32_t>(q);
        }
        return Status::ok;
    }

    /// Takes in centres that have moved by the squared distances given (nullptr: not at all).
    Status pack(const KnnRows<S>& centres, const double* moved, double scale, int n_threads) {
        view.exact = centres;
        if (static_cast<double>(centres.rows) * static_cast<double>(centres.d) < parallel_work) n_threads = 1;
        KnnRows<S> ordered = centres;
        ordered.index = label_.data();
        Status status = pack_rows_of(ordered, width_, panels_, n_threads);
        if (status == Status::ok) status = pack_rows_of(centres, 1, rows_, n_threads);
        if (status != Status::ok) return status;
        for (index_t j = 0; moved != nullptr && j < centres.rows; ++j)
            drift_.data()[j] = moved[j] > 0 ? moved_at_most(moved[j], scale) : 0.0f;
        for (index_t g = 0; g < view.groups; ++g) {
            float slack = 0, drift = 0;
            for (index_t q = g * view.group; q < std::min((g + 1) * view.group, centres.rows); ++q) {
                slack = std::max(slack, view.panel_slack[q]);
                drift = std::max(drift, view.drift[view.order[q]]);
            }
            group_slack_.data()[g] = slack;
            group_drift_.data()[g] = drift;
        }
        return Status::ok;
    }

    KmeansCentres<S> view{};

private:
    int width_;
    Packed panels_, rows_;
    Buffer<index_t> label_;
    Buffer<std::int32_t> order_, place_;
    Buffer<float> group_slack_, drift_, group_drift_;
};

/// What one thread needs for the chunk that it works on.
struct Scratch {
    Buffer<float> own, limit, rival_value;
    Buffer<std::int32_t> active, queue, rival;
    Buffer<std::uint8_t> rivals;

    Scratch(index_t rows, index_t places)
        : own(buffer<float>(rows)),
          limit(buffer<float>(rows)),
          rival_value(buffer<float>(places)),
          active(buffer<std::int32_t>(rows)),
          queue(buffer<std::int32_t>(rows)),
          rival(buffer<std::int32_t>(places)),
          rivals(buffer<std::uint8_t>(rows)) {}
};

/// The labels of all rows under centres that move.
template <class S>
class Assignment {
public:
    Assignment(const KmeansProblem<S>& problem, const Frame& frame, std::int32_t* label)
        : problem_(problem), frame_(frame), label_(label) {
        const index_t n = problem.rows.rows, k = problem.clusters;
        const double d = static_cast<double>(std::max<index_t>(problem.rows.d, 1));
        if (static_cast<double>(n) * static_cast<double>(k) * d < parallel_work) problem_.n_threads = 1;
        if (frame.valid) centres_ = std::make_unique<ScreenedCentres<S>>(k, problem.rows.d, frame);
        const double together = d * static_cast<double>(frame.valid ? centres_->view.group : k);
        const double most = std::clamp(segment_work / together, 16.0, static_cast<double>(most_rows));
        chunk_ = std::min(static_cast<index_t>(most), std::clamp(n / 64, least_rows, most_rows));
        chunks_ = rounded_up(n, chunk_) / chunk_;
        slice_ = static_cast<index_t>(
            std::clamp(segment_work / (d * static_cast<double>(k)), 1.0, static_cast<double>(most_rows)));
        moved_ = buffer<std::int32_t>(n);
        moved_from_ = buffer<std::int32_t>(n);
        moved_to_ = buffer<std::int32_t>(n);
        lists_ = buffer<KmeansMoves>(chunks_);
    }

    /// Packs the rows; the first centres decide on the groups.
    Status start(const KnnRows<S>& centres) {
        if (!frame_.valid) return Status::ok;
        const index_t n = problem_.rows.rows;
        rows_ = std::make_unique<Packed>(n, problem_.rows.d, 1, frame_.centre.data(), frame_.scale);
        upper_ = Buffer<float>(static_cast<std::size_t>(n), infinity);
        nearest_ = Buffer<float>(static_cast<std::size_t>(n * centres_->view.groups), -infinity);
        const Status status = pack_rows_of(problem_.rows, 1, *rows_, problem_.n_threads);
        return status == Status::ok ? centres_->arrange(centres, problem_.n_threads) : status;
    }

    /// Labels for centres that have moved by the squared distances given.
    Status assign(const KnnRows<S>& centres, const double* moved) {
        if (frame_.valid) {
            const Status status = centres_->pack(centres, moved, frame_.scale, problem_.n_threads);
            if (status != Status::ok) return status;
        }
        std::vector<std::unique_ptr<Scratch>> scratch(
            static_cast<std::size_t>(std::max(problem_.n_threads, 1)));
        return threads::parallel_for(chunks_, problem_.n_threads, [&](index_t chunk, int worker) {
            auto& mine = scratch[static_cast<std::size_t>(worker)];
            if (!mine) mine = std::make_unique<Scratch>(chunk_, frame_.valid ? centres_->view.places : 1);
            return assign_chunk(chunk, centres, *mine);
        });
    }

    const KmeansMoves* moves() const { return lists_.data(); }
    index_t chunks() const { return chunks_; }
    index_t moved_rows() const {
        index_t n = 0;
        for (index_t c = 0; c < chunks_; ++c) n += lists_.data()[c].n;
        return n;
    }

    /// All rows come from nowhere.
    void enter_all() {
        for (index_t c = 0; c < chunks_; ++c) {
            const index_t first = c * chunk_, n = std::min(problem_.rows.rows, first + chunk_) - first;
            for (index_t i = first; i < first + n; ++i) {
                moved_.data()[i] = static_cast<std::int32_t>(i);
                moved_from_.data()[i] = -1;
                moved_to_.data()[i] = label_[i];
            }
            lists_.data()[c].n = n;
        }
    }

    /// D of each row to its centre.
    Status distances(const KnnRows<S>& centres, double* out) {
        return threads::parallel_for(chunks_, problem_.n_threads, [&](index_t chunk, int) {
            const index_t first = chunk * chunk_, last = std::min(problem_.rows.rows, first + chunk_);
            table(S{}).distances(part(problem_.rows, first, last), centres, label_ + first, out + first);
        });
    }

private:
    Status assign_chunk(index_t chunk, const KnnRows<S>& centres, Scratch& scratch) {
        const index_t first = chunk * chunk_, last = std::min(problem_.rows.rows, first + chunk_);
        KmeansBlock<S> block{};
        block.rows = part(problem_.rows, first, last);
        block.label = label_ + first;
        block.moved = moved_.data() + first;
        block.moved_from = moved_from_.data() + first;
        const Status status = frame_.valid ? screen(block, first, scratch) : evaluate_all(block, centres);
        for (index_t m = 0; m < block.moves; ++m) {
            moved_to_.data()[first + m] = block.label[block.moved[m]];
            block.moved[m] += static_cast<std::int32_t>(first);
        }
        lists_.data()[chunk] = {block.moved, block.moved_from, moved_to_.data() + first, block.moves};
        return status;
    }

    Status screen(KmeansBlock<S>& block, index_t first, Scratch& scratch) {
        const KmeansCentres<S>& centres = centres_->view;
        block.packed = rows_->panels.data() + first * problem_.rows.d;
        block.low = rows_->low.data() + first;
        block.slack = rows_->slack.data() + first;
        block.upper = upper_.data() + first;
        block.nearest = nearest_.data() + first * centres.groups;
        block.unit = frame_.scale;
        block.own = scratch.own.data();
        block.limit = scratch.limit.data();
        block.active = scratch.active.data();
        block.queue = scratch.queue.data();
        block.rivals = scratch.rivals.data();
        block.rival = scratch.rival.data();
        block.rival_value = scratch.rival_value.data();
        table(S{}).begin(block, centres);
        if (stopped()) return Status::cancelled;
        if (block.active_rows == 0) return Status::ok;
        for (index_t g = 0; g < centres.groups; ++g) {
            table(S{}).evaluate(block, centres, g);
            if (stopped()) return Status::cancelled;
        }
        for (index_t k = 0; k < block.active_rows; k += slice_) {
            table(S{}).resolve(block, centres, k, std::min(block.active_rows, k + slice_));
            if (stopped()) return Status::cancelled;
        }
        return Status::ok;
    }

    Status evaluate_all(KmeansBlock<S>& block, const KnnRows<S>& centres) {
        for (index_t i = 0; i < block.rows.rows; i += slice_) {
            table(S{}).direct(block, centres, i, std::min(block.rows.rows, i + slice_));
            if (stopped()) return Status::cancelled;
        }
        return Status::ok;
    }

    bool stopped() {
        if (cancel::poll()) stop_.store(true, std::memory_order_relaxed);
        return stop_.load(std::memory_order_relaxed);
    }

    KmeansProblem<S> problem_;
    const Frame& frame_;
    std::int32_t* label_;
    index_t chunk_, chunks_, slice_;
    std::unique_ptr<ScreenedCentres<S>> centres_;
    std::unique_ptr<Packed> rows_;
    Buffer<float> upper_, nearest_;
    Buffer<std::int32_t> moved_, moved_from_, moved_to_;
    Buffer<KmeansMoves> lists_;
    std::atomic<bool> stop_{false};
};

/// Lloyd's iteration.
template <class S>
class Lloyd {
public:
    Lloyd(const KmeansProblem<S>& problem, const Frame& frame, S* centres, std::int32_t* label)
        : problem_(problem),
          label_(label),
          centres_(centres),
          next_(buffer<S>(problem.clusters * problem.rows.d)),
          moved_(buffer<double>(problem.clusters)),
          assignment_(problem, frame, label),
          sums_(problem) {}

    Status run(double tolerance, index_t most_iterations, KmeansResult& result) {
        Status status = assignment_.start(view(centres_));
        bool settled = false;
        const double* moved = nullptr;
        double total = 0;
        for (index_t i = 0; status == Status::ok && i < most_iterations && !settled; ++i) {
            status = assignment_.assign(view(centres_), moved);
            if (status != Status::ok) break;
            if (i == 0) assignment_.enter_all();
            const bool same = assignment_.moved_rows() == 0;
            status = update(total);
            moved = moved_.data();
            result.iterations = i + 1;
            settled = same || total <= tolerance;
            if (same && total == 0) return finish(result);
        }
        if (status == Status::ok) status = assignment_.assign(view(centres_), moved);
        return status == Status::ok ? finish(result) : status;
    }

private:
    KnnRows<S> view(const S* centres) const {
        return {centres, problem_.rows.d, nullptr, problem_.clusters, problem_.rows.d};
    }

    /// The centres of the labels as they are, and how far they have moved.
    Status update(double& total) {
        Status status = sums_.move(assignment_.moves(), assignment_.chunks());
        if (status != Status::ok) return status;
        const auto distances = [&](double* far) { return assignment_.distances(view(centres_), far); };
        status = sums_.centres(label_, distances, next_.data());
        if (status != Status::ok) return status;
        table(S{}).distances(view(next_.data()), view(centres_), nullptr, moved_.data());
        total = 0;
        for (const double squared : moved_) total += squared;
        std::copy(next_.begin(), next_.end(), centres_);
        return status;
    }

    Status finish(KmeansResult& result) {
        const Buffer<double> distance = buffer<double>(problem_.rows.rows);
        const Status status = assignment_.distances(view(centres_), distance.data());
        if (status != Status::ok) return status;
        result.inertia = 0;
        for (index_t i = 0; i < problem_.rows.rows; ++i)
            result.inertia += distance.data()[i] * (problem_.weight == nullptr ? 1.0 : problem_.weight[i]);
        return status;
    }

    KmeansProblem<S> problem_;
    std::int32_t* label_;
    S* centres_;
    Buffer<S> next_;
    Buffer<double> moved_;
    Assignment<S> assignment_;
    ClusterSums<S> sums_;
};

}  // namespace

template <class S>
Status kmeans(const KmeansProblem<S>& problem, double tolerance, index_t most_iterations, S* centres,
              std::int32_t* label, KmeansResult& result) {
    const KnnRows<S> given{centres, problem.rows.d, nullptr, problem.clusters, problem.rows.d};
    Frame frame;
    double variance = 0;
    const Status status = kmeans_frame(problem.rows, given, problem.n_threads, frame, variance);
    if (status != Status::ok) return status;
    return Lloyd<S>(problem, frame, centres, label).run(tolerance * variance, most_iterations, result);
}

template Status kmeans<float>(const KmeansProblem<float>&, double, index_t, float*, std::int32_t*,
                              KmeansResult&);
template Status kmeans<double>(const KmeansProblem<double>&, double, index_t, double*, std::int32_t*,
                               KmeansResult&);

}  // namespace mlqa::pairwise
