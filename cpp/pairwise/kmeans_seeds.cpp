#include <algorithm>
#include <atomic>
#include <limits>

#include "core/arena.hpp"
#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "pairwise/kmeans.hpp"
#include "pairwise/kmeans_frame.hpp"
#include "pairwise/kmeans_seeds.kernel.hpp"
#include "pairwise/packed.hpp"
#include "pairwise/tiles.kernel.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t least_rows = 64, most_rows = 1024;  ///< of a chunk; multiples of every panel's width
constexpr double segment_work = 1e7;                  ///< multiply-adds between two polls
constexpr double parallel_work = 4e5;                 ///< of a step, from which on threads pay

const SeedsTable<float>& table(float) {
    return kmeans_seeds_kernels().f32;
}
const SeedsTable<double>& table(double) {
    return kmeans_seeds_kernels().f64;
}
const KnnTable<float>& packing(float) {
    return knn_kernels().f32;
}
const KnnTable<double>& packing(double) {
    return knn_kernels().f64;
}

template <class S>
class Seeding {
public:
    Seeding(const KmeansProblem<S>& problem, const Frame& frame, index_t trials, std::int32_t* label)
        : problem_(problem),
          frame_(frame),
          trials_(trials),
          label_(label),
          panels_(frame.valid ? problem.rows.rows : 0, problem.rows.d, tiles_kernels().f32.panel_width,
                  frame.centre.data(), frame.scale),
          candidates_(trials, problem.rows.d, kmeans_seeds_kernels().trial_rows, frame.centre.data(),
                      frame.scale),
          closest_(buffer<double>(problem.rows.rows)),
          passed_(buffer<std::uint32_t>(problem.rows.rows)),
          threshold_(static_cast<std::size_t>(rounded_up(problem.rows.rows, least_rows)),
                     std::numeric_limits<float>::infinity()),
          candidate_(buffer<index_t>(trials)) {
        const double row_work = static_cast<double>(trials * std::max<index_t>(problem.rows.d, 1));
        const double most = std::clamp(segment_work / row_work, static_cast<double>(least_rows),
                                       static_cast<double>(most_rows));
        chunk_ = static_cast<index_t>(most) / least_rows * least_rows;
        chunks_ = rounded_up(problem.rows.rows, chunk_) / chunk_;
        mass_ = buffer<double>(chunks_);
        gain_ = buffer<double>(chunks_ * trials);
        if (row_work * static_cast<double>(problem.rows.rows) < parallel_work) problem_.n_threads = 1;
    }

    Status run(const double* draws, index_t* seed) {
        if (frame_.valid) {
            const Status status = pack_rows_of(problem_.rows, panels_.out.width, panels_, problem_.n_threads);
            if (status != Status::ok) return status;
        }
        Status status = take_first(seed[0]);
        for (index_t c = 1; status == Status::ok && c < problem_.clusters; ++c) {
            const double total = potential();
            for (index_t t = 0; t < trials_; ++t)
                candidate_.data()[t] = find(draws[(c - 1) * trials_ + t] * total);
            index_t best = 0;
            status = compare(best);
            if (status != Status::ok) break;
            seed[c] = candidate_.data()[best];
            status = take(best, static_cast<std::int32_t>(c));
        }
        return status;
    }

private:
    index_t first_of(index_t chunk) const { return chunk * chunk_; }
    index_t last_of(index_t chunk) const { return std::min(problem_.rows.rows, (chunk + 1) * chunk_); }
    double weighted(index_t i) const {
        return closest_.data()[i] * (problem_.weight == nullptr ? 1.0 : problem_.weight[i]);
    }
    KnnRows<S> candidates() const {
        KnnRows<S> rows = problem_.rows;
        rows.index = candidate_.data();
        rows.rows = trials_;
        return rows;
    }

    Status take_first(index_t seed) {
        for (index_t t = 0; t < trials_; ++t) candidate_.data()[t] = seed;
        std::fill(passed_.begin(), passed_.end(), 1u);
        return take(0, 0);
    }

    /// The sum of the weighted distances of a chunk, eight partial sums, added up in a fixed tree.
    void weigh(index_t chunk) {
        double s[8] = {};
        for (index_t i = first_of(chunk); i < last_of(chunk); ++i) s[i % 8] += weighted(i);
        mass_.data()[chunk] = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    }

    double potential() const {
        double total = 0;
        for (index_t c = 0; c < chunks_; ++c) total += mass_.data()[c];
        return total;
    }

    /// The first row up to which the weighted distances add up to at least `mass`, or the last.
    index_t find(double mass) const {
        double before = 0;
        index_t chunk = 0;
        while (chunk + 1 < chunks_ && before + mass_.data()[chunk] < mass) before += mass_.data()[chunk++];
        for (index_t i = first_of(chunk); i < last_of(chunk); ++i) {
            before += weighted(i);
            if (before >= mass) return i;
        }
        return last_of(chunk) - 1;
    }

    /// The trial that lowers the sum most, of equal ones the first.
    Status compare(index_t& best) {
        const KnnRows<S> rows = candidates();
        KmeansTrials trials{candidates_.panels.data(), trials_, candidates_.low.data()};
        if (frame_.valid)
            packing(S{}).pack(rows, 0, rounded_up(trials_, candidates_.out.width), candidates_.out);
        const std::uint32_t all = static_cast<std::uint32_t>((std::uint64_t{1} << trials_) - 1);
        std::fill(gain_.begin(), gain_.end(), 0.0);
        const Status status = each_chunk([&](index_t chunk) {
            const index_t first = first_of(chunk);
            const KnnRows<S> mine = part(problem_.rows, first, last_of(chunk));
            std::uint32_t* passed = passed_.data() + first;
            if (frame_.valid)
                table(S{}).trial_screen(mine, panels_.panels.data() + first * mine.d,
                                        threshold_.data() + first, trials, passed);
            else
                std::fill_n(passed, mine.rows, all);
            table(S{}).trial_gain(mine, weights(first), closest_.data() + first, rows, passed,
                                  gain_.data() + chunk * trials_);
        });
        double most = -1;
        for (index_t t = 0; t < trials_; ++t) {
            double gain = 0;
            for (index_t c = 0; c < chunks_; ++c) gain += gain_.data()[c * trials_ + t];
            if (!(gain > most)) continue;
            most = gain;
            best = t;
        }
        return status;
    }

    Status take(index_t trial, std::int32_t seed) {
        const KnnRows<S> rows = candidates();
        return each_chunk([&](index_t chunk) {
            const index_t first = first_of(chunk);
            const SeededRows state{passed_.data() + first,
                                   closest_.data() + first,
                                   label_ + first,
                                   frame_.valid ? panels_.low.data() + first : nullptr,
                                   frame_.scale * frame_.scale / 2,
                                   threshold_.data() + first};
            if (table(S{}).take_seed(part(problem_.rows, first, last_of(chunk)), rows.row(trial),
                                     std::uint32_t{1} << trial, seed, state))
                weigh(chunk);
        });
    }

    const double* weights(index_t first) const {
        return problem_.weight == nullptr ? nullptr : problem_.weight + first;
    }

    template <class Body>
    Status each_chunk(Body&& body) {
        return threads::parallel_for(chunks_, problem_.n_threads, [&](index_t chunk, int) {
            body(chunk);
            if (cancel::poll()) stop_.store(true, std::memory_order_relaxed);
            return stop_.load(std::memory_order_relaxed) ? Status::cancelled : Status::ok;
        });
    }

    KmeansProblem<S> problem_;
    const Frame& frame_;
    index_t trials_, chunk_, chunks_;
    std::int32_t* label_;
    Packed panels_, candidates_;
    Buffer<double> closest_, mass_, gain_;
    Buffer<std::uint32_t> passed_;
    Buffer<float> threshold_;
    Buffer<index_t> candidate_;
    std::atomic<bool> stop_{false};
};

}  // namespace

template <class S>
Status kmeans_seeds(const KmeansProblem<S>& problem, const double* draws, index_t trials, index_t* seed,
                    std::int32_t* label) {
    Frame frame;
    double variance = 0;
    const KnnRows<S> first = part(problem.rows, 0, 1);
    const Status status = kmeans_frame(problem.rows, first, problem.n_threads, frame, variance);
    if (status != Status::ok) return status;
    return Seeding<S>(problem, frame, trials, label).run(draws, seed);
}

template Status kmeans_seeds<float>(const KmeansProblem<float>&, const double*, index_t, index_t*,
                                    std::int32_t*);
template Status kmeans_seeds<double>(const KmeansProblem<double>&, const double*, index_t, index_t*,
                                     std::int32_t*);

}  // namespace mlqa::pairwise
