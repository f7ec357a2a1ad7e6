#include "pairwise/leaves.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "pairwise/packed.hpp"
#include "pairwise/tree.kernel.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t wanted_bucket = 2048;  ///< rows of a bucket
constexpr int most_cuts = 12;            ///< of a row on its way into a bucket
constexpr index_t sample_share = 32;     ///< rows of the sample, a bucket
constexpr index_t least_chunk = 8192;    ///< rows handed out by one chunk
constexpr index_t most_chunk = 1 << 17;
constexpr index_t wanted_chunks = 64;
constexpr index_t sampled_rows = 32;      ///< rows that tell the widest feature
constexpr index_t few_keys = 32;          ///< so many are left to std::nth_element
constexpr int most_pivots = 24;           ///< tried until a median is left to std::nth_element
constexpr index_t polled_rows = 1 << 16;  ///< cut without a look at whether to stop

/// The feature in which `count` rows, given by row(0), row(1), ..., differ most.
template <class Row>
index_t widest(index_t d, index_t count, Row&& row) {
    std::array<double, tree_features> low{}, high{};
    for (index_t s = 0; s < count; ++s) {
        const auto* x = row(s);
        for (std::size_t j = 0; j < static_cast<std::size_t>(d); ++j) {
            const auto value = static_cast<double>(x[j]);
            low[j] = s == 0 ? value : std::min(low[j], value);
            high[j] = s == 0 ? value : std::max(high[j], value);
        }
    }
    std::size_t best = 0;
    for (std::size_t j = 1; j < static_cast<std::size_t>(d); ++j)
        if (high[j] - low[j] > high[best] - low[best]) best = j;
    return static_cast<index_t>(best);
}

/// Whether all values of a row are numbers.
template <class S>
bool is_finite(const S* x, index_t d) {
    bool finite = true;
    for (index_t j = 0; j < d; ++j) finite &= x[j] - x[j] == 0;
    return finite;
}

/// A tree of cuts, by number: those of node i continue at 2 i and 2 i + 1.
struct Cut {
    double value;
    index_t position;
    index_t feature;
};

template <class S>
class Cuts {
public:
    explicit Cuts(const KnnRows<S>& rows) : rows_(rows) {
        while (depth_ < most_cuts && rows.rows >> depth_ > wanted_bucket) ++depth_;
        cuts_.resize(std::size_t{1} << depth_);
        const index_t n = sample_share << depth_;
        std::vector<index_t> sample(static_cast<std::size_t>(n));
        if (depth_ == 0) return;
        for (index_t s = 0; s < n; ++s) {
            const index_t i = sampled(s * rows.rows / n, (s + 1) * rows.rows / n);
            sample[static_cast<std::size_t>(s)] = i;
            finite_ &= is_finite(rows.row(i), rows.d);
        }
        if (finite_) cut(1, sample.data(), sample.data() + n);
    }

    bool finite() const { return finite_; }
    index_t buckets() const { return index_t{1} << depth_; }

    index_t bucket(index_t position) const {
        const S* x = rows_.row(position);
        std::size_t node = 1;
        for (int level = 0; level < depth_; ++level) {
            const Cut& cut = cuts_[node];
            const auto value = static_cast<double>(x[cut.feature]);
            const bool before = (value < cut.value) | ((value == cut.value) & (position < cut.position));
            node = 2 * node + (before ? 0 : 1);
        }
        return static_cast<index_t>(node) - buckets();
    }

private:
    /// One row of [first, last), which no regular order of the rows meets time and again (splitmix64).
    static index_t sampled(index_t first, index_t last) {
        std::uint64_t z = (static_cast<std::uint64_t>(first) + 1) * 0x9E3779B97F4A7C15ull;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return first + static_cast<index_t>((z ^ (z >> 31)) % static_cast<std::uint64_t>(last - first));
    }

    void cut(std::size_t node, index_t* first, index_t* last) {
        const index_t n = last - first;
        const index_t feature = widest(rows_.d, std::min(n, sampled_rows), [&](index_t s) {
            return rows_.row(first[s * n / std::min(n, sampled_rows)]);
        });
        const auto key = [&](index_t i) { return std::pair(static_cast<double>(rows_.row(i)[feature]), i); };
        index_t* middle = first + n / 2;
        std::nth_element(first, middle, last, [&](index_t a, index_t b) { return key(a) < key(b); });
        cuts_[node] = {key(*middle).first, *middle, feature};
        if (2 * node >= cuts_.size()) return;
        cut(2 * node, first, middle);
        cut(2 * node + 1, middle, last);
    }

    const KnnRows<S>& rows_;
    int depth_ = 0;
    bool finite_ = true;
    std::vector<Cut> cuts_;
};

/// The value that `rank` of n are not above in order. Both arrays are overwritten.
double value_of_rank(double* keys, double* other, index_t n, index_t rank) {
    for (int pivots = 0; n > few_keys && pivots < most_pivots; ++pivots) {
        // A few keys spread evenly: the pivot is the one whose rank among them is about the wanted one.
        std::array<double, 7> spread{};
        for (std::size_t s = 0; s < spread.size(); ++s)
            spread[s] = keys[(2 * static_cast<index_t>(s) + 1) * n / 14];
        std::sort(spread.begin(), spread.end());
        const double pivot = spread[static_cast<std::size_t>(rank * 7 / n)];
        index_t below = 0, others = 0, equal = 0;
        for (index_t i = 0; i < n; ++i) {
            const double key = keys[i];
            const bool is_below = key < pivot;
            keys[below] = key;
            other[others] = key;
            below += is_below;
            others += !is_below;
            equal += key == pivot;
        }
        if (rank < below) {
            n = below;
            continue;
        }
        if (rank < below + equal) return pivot;
        rank -= below + equal;
        n = 0;
        for (index_t i = 0; i < others; ++i) {
            const double key = other[i];
            keys[n] = key;
            n += key > pivot;
        }
    }
    std::nth_element(keys, keys + rank, keys + n);
    return keys[rank];
}

/// The rows of a bucket, copied side by side, and their order.
class Bucket {
public:
    template <class S>
    Bucket(const KnnRows<S>& rows, const index_t* position, index_t n)
        : d_(rows.d),
          points_(buffer<double>(n * rows.d)),
          keys_(buffer<double>(n)),
          other_(buffer<double>(n)),
          place_(buffer<std::uint32_t>(n)),
          right_(buffer<std::uint32_t>(n)) {
        for (index_t i = 0; i < n; ++i) {
            const S* x = rows.row(position == nullptr ? i : position[i]);
            finite_ &= is_finite(x, d_);
            for (index_t j = 0; j < d_; ++j) points_.data()[i * d_ + j] = static_cast<double>(x[j]);
            place_.data()[i] = static_cast<std::uint32_t>(i);
        }
    }

    bool finite() const { return finite_; }
    const double* row(index_t i) const { return points_.data() + place_.data()[i] * d_; }
    index_t place(index_t i) const { return place_.data()[i]; }

    /// Cuts [first, last) down to leaves, all but the last of them full; false: stopped.
    bool cut(index_t first, index_t last, const std::atomic<bool>& stop) {
        const index_t n = last - first;
        if (n <= tree_leaf) return true;
        if (n >= polled_rows && (stop.load(std::memory_order_relaxed) || cancel::poll())) return false;
        const index_t left = (n + tree_leaf - 1) / tree_leaf / 2 * tree_leaf;
        partition(first, n, left);
        return cut(first, first + left, stop) && cut(first + left, last, stop);
    }

private:
    /// The `left` least of n rows along their widest feature come first; otherwise their order stays.
    void partition(index_t first, index_t n, index_t left) {
        const index_t sampled = std::min(n, sampled_rows);
        const index_t feature = widest(d_, sampled, [&](index_t s) { return row(first + s * n / sampled); });
        std::uint32_t* place = place_.data() + first;
        const double* column = points_.data() + feature;
        double* keys = keys_.data();
        for (index_t i = 0; i < n; ++i) keys[i] = column[place[i] * d_];
        const double middle = value_of_rank(keys, other_.data(), n, left);
        index_t below = 0;
        for (index_t i = 0; i < n; ++i) below += column[place[i] * d_] < middle;
        index_t equal = left - below;  // so many of those equal to the median go to the left
        index_t lefts = 0, rights = 0;
        for (index_t i = 0; i < n; ++i) {
            const std::uint32_t at = place[i];
            const double key = column[at * d_];
            const bool is_equal = (key == middle) & (equal > 0);
            const bool goes_left = (key < middle) | is_equal;
            equal -= is_equal;
            place[lefts] = at;
            right_.data()[rights] = at;
            lefts += goes_left;
            rights += !goes_left;
        }
        std::memcpy(place + lefts, right_.data(), static_cast<std::size_t>(rights) * sizeof *place);
    }

    index_t d_;
    bool finite_ = true;
    Buffer<double> points_, keys_, other_;
    Buffer<std::uint32_t> place_, right_;
};

/// Positions in the order of their buckets, and where each begins.
struct Buckets {
    Buffer<index_t> position;
    std::vector<index_t> first;
    bool finite = true;
};

template <class S>
Status fill_buckets(const KnnRows<S>& rows, int n_threads, Buckets& out) {
    const Cuts<S> cuts(rows);
    const index_t buckets = cuts.buckets(), n = rows.rows;
    out.first.assign(static_cast<std::size_t>(buckets) + 1, n);
    out.first[0] = 0;
    out.finite = cuts.finite();
    if (buckets == 1 || !out.finite) return Status::ok;
    out.position = buffer<index_t>(n);
    const Buffer<std::uint16_t> bucket(static_cast<std::size_t>(n));
    const index_t step = std::clamp(n / wanted_chunks, least_chunk, most_chunk);
    const index_t chunks = (n + step - 1) / step;
    const Buffer<index_t> places(static_cast<std::size_t>(chunks * buckets), index_t{0});
    Status status = threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        index_t* count = places.data() + chunk * buckets;
        for (index_t i = chunk * step; i < std::min(n, (chunk + 1) * step); ++i) {
            const index_t b = cuts.bucket(i);
            bucket.data()[i] = static_cast<std::uint16_t>(b);
            ++count[b];
        }
    });
    if (status != Status::ok) return status;
    index_t at = 0;
    for (index_t b = 0; b < buckets; ++b) {
        out.first[static_cast<std::size_t>(b)] = at;
        for (index_t chunk = 0; chunk < chunks; ++chunk)
            at += std::exchange(places.data()[chunk * buckets + b], at);
    }
    return threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        index_t* place = places.data() + chunk * buckets;
        for (index_t i = chunk * step; i < std::min(n, (chunk + 1) * step); ++i)
            out.position.data()[place[bucket.data()[i]]++] = i;
    });
}

void write_leaves(const Bucket& bucket, const index_t* position, index_t n, index_t d, double* points,
                  index_t* to) {
    const index_t filled = rounded_up(n, tree_leaf);
    for (index_t i = 0; i < filled; ++i) {
        double* column = points + i / tree_leaf * tree_leaf * d + i % tree_leaf;
        for (index_t j = 0; j < d; ++j)
            column[j * tree_leaf] = i < n ? bucket.row(i)[j] : std::numeric_limits<double>::quiet_NaN();
        if (i < n)
            to[i] = position == nullptr ? bucket.place(i) : position[bucket.place(i)];
        else
            to[i] = -1;
    }
}

}  // namespace

template <class S>
Status sort_into_leaves(const KnnRows<S>& rows, int n_threads, Leaves& leaves) {
    Buckets buckets;
    Status status = fill_buckets(rows, n_threads, buckets);
    leaves.finite = buckets.finite;
    if (status != Status::ok || !leaves.finite) return status;
    const auto count = static_cast<index_t>(buckets.first.size()) - 1;
    std::vector<index_t> first_leaf(buckets.first.size(), 0);
    for (std::size_t b = 0; b + 1 < buckets.first.size(); ++b)
        first_leaf[b + 1] =
            first_leaf[b] + (buckets.first[b + 1] - buckets.first[b] + tree_leaf - 1) / tree_leaf;
    leaves.count = first_leaf.back();
    leaves.points = buffer<double>(leaves.count * tree_leaf * rows.d);
    leaves.position = buffer<index_t>(leaves.count * tree_leaf);
    std::atomic<bool> stop{false}, finite{true};
    status = threads::parallel_for(count, n_threads, [&](index_t b, int) {
        const index_t first = buckets.first[static_cast<std::size_t>(b)];
        const index_t n = buckets.first[static_cast<std::size_t>(b) + 1] - first;
        const index_t* position = count == 1 ? nullptr : buckets.position.data() + first;
        Bucket bucket(rows, position, n);
        if (!bucket.finite()) {
            finite.store(false, std::memory_order_relaxed);
            return Status::ok;
        }
        if (!bucket.cut(0, n, stop)) {
            stop.store(true, std::memory_order_relaxed);
            return Status::cancelled;
        }
        const index_t leaf = first_leaf[static_cast<std::size_t>(b)];
        write_leaves(bucket, position, n, rows.d, leaves.points.data() + leaf * tree_leaf * rows.d,
                     leaves.position.data() + leaf * tree_leaf);
        return Status::ok;
    });
    leaves.finite = finite.load(std::memory_order_relaxed);
    return status;
}

template Status sort_into_leaves<float>(const KnnRows<float>&, int, Leaves&);
template Status sort_into_leaves<double>(const KnnRows<double>&, int, Leaves&);

}  // namespace mlqa::pairwise
