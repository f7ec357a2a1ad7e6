#include "pairwise/packed_sparse.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/threads.hpp"
#include "pairwise/packed.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr double u = 0x1p-24;
constexpr index_t chunk_rows = 1024;
constexpr index_t most_entries = 1 << 20;  ///< of a row
constexpr double largest_scale = 0x1p400;
constexpr double panel_entries = 3;             ///< entries in a run of a panel from which on it pays
constexpr index_t most_rows = 4096;             ///< of a block
constexpr index_t least_rows = 256;             ///< the same, as far as panels go
constexpr index_t panel_floats = 1 << 18;       ///< of a block, to stay in the second cache
constexpr index_t most_panel_floats = 1 << 22;  ///< the same, unless the entries take more room
constexpr index_t block_entries = 1 << 21;      ///< of a block, about
constexpr std::int32_t dropped = -1;            ///< the number of a column that no two rows share

index_t chunks_of(index_t rows) {
    return (rows + chunk_rows - 1) / chunk_rows;
}

/// The largest float that is not above x.
float not_above(double x) {
    const auto f = static_cast<float>(x);
    return static_cast<double>(f) <= x ? f : std::nextafter(f, -std::numeric_limits<float>::infinity());
}

/// The largest magnitude and the number of entries of the fullest row.
template <class T, class I>
void measure(const SparseView<T, I>& x, double& extent, index_t& fullest) {
    extent = 0;
    fullest = 0;
    for (index_t i = 0; i < x.outer; ++i) fullest = std::max(fullest, x.end(i) - x.begin(i));
    T largest = 0;
    for (index_t p = 0; p < x.end(x.outer - 1); ++p) largest = std::max(largest, std::abs(x.values[p]));
    extent = static_cast<double>(largest);
}

/// For each column its number: frequent ones have slots 0, 1, ..., rare ones -2, -3, ....
template <class T, class I>
Buffer<std::int32_t> number_columns(const SparseView<T, I>& x, PackedSparse& packed) {
    Buffer<std::int32_t> number(static_cast<std::size_t>(std::max<index_t>(x.inner, 1)), 0);
    const index_t entries = x.end(x.outer - 1);
    for (index_t p = 0; p < entries; ++p) ++number.data()[x.indices[p]];
    const double share = panel_entries / knn_sparse_kernels().panel_width;
    const double least = std::max(2.0, share * static_cast<double>(x.outer));
    const index_t most_slots = std::max(most_panel_floats, entries / 2) / least_rows;
    for (std::int32_t& n : number) {
        if (n < 2)
            n = dropped;
        else if (n >= least && packed.slots < most_slots)
            n = static_cast<std::int32_t>(packed.slots++);
        else
            n = static_cast<std::int32_t>(-2 - packed.rare++);
    }
    return number;
}

/// Half the squared norm of each row as given, scaled.
template <class T, class I>
Status half_norms(const SparseView<T, I>& x, double scale, int n_threads, double* half) {
    return threads::parallel_for(chunks_of(x.outer), n_threads, [&](index_t chunk, int) {
        const index_t last = std::min(x.outer, (chunk + 1) * chunk_rows);
        for (index_t i = chunk * chunk_rows; i < last; ++i) {
            double sum = 0;
            for (index_t p = x.begin(i); p < x.end(i); ++p) {
                const double scaled = static_cast<double>(x.values[p]) * scale;
                sum += scaled * scaled;
            }
            half[i] = 0.5 * sum;
        }
    });
}

template <class T, class I>
void pack_row(const SparseView<T, I>& x, index_t i, const std::int32_t* number, index_t to,
              PackedSparse& packed) {
    index_t frequent = packed.begin.data()[to], rare = packed.middle.data()[to];
    for (index_t p = x.begin(i); p < x.end(i); ++p) {
        const std::int32_t n = number[x.indices[p]];
        if (n == dropped) continue;
        const index_t at = n >= 0 ? frequent++ : rare++;
        const double scaled = static_cast<double>(x.values[p]) * packed.scale;
        packed.id.data()[at] = n >= 0 ? n : -2 - n;
        packed.value.data()[at] = std::abs(scaled) < 0x1p-126 ? 0.0f : static_cast<float>(scaled);
    }
    const double half = packed.half.data()[to], n = static_cast<double>(x.end(i) - x.begin(i));
    const double bound = (n + 8) * u / (1 - (n + 8) * u) * half + n * 0x1p-124;
    packed.bound.data()[to] = bound;
    packed.low.data()[to] = not_above(half - bound);
    packed.slack.data()[to] = -not_above(-(half - static_cast<double>(packed.low.data()[to]) + bound));
}

/// Rows by their norms, short ones first: they are the nearest of most others where few columns are shared.
void order_by_norm(const double* half, index_t n, PackedSparse& packed) {
    using Key = std::pair<double, index_t>;
    const Buffer<Key> keys(static_cast<std::size_t>(n));
    for (index_t i = 0; i < n; ++i) keys.data()[i] = {half[i], i};
    std::sort(keys.begin(), keys.end());
    for (index_t i = 0; i < n; ++i) {
        packed.half.data()[i] = keys.data()[i].first;
        packed.label.data()[i] = keys.data()[i].second;
    }
}

/// Where the entries of each ordered row begin, and where the rare ones among them.
template <class T, class I>
void place_rows(const SparseView<T, I>& x, const std::int32_t* number, PackedSparse& packed) {
    index_t at = 0;
    for (index_t to = 0; to < x.outer; ++to) {
        const index_t i = packed.label.data()[to];
        index_t frequent = 0, rare = 0;
        for (index_t p = x.begin(i); p < x.end(i); ++p) {
            const std::int32_t n = number[x.indices[p]];
            frequent += n >= 0 ? 1 : 0;
            rare += n < dropped ? 1 : 0;
        }
        packed.begin.data()[to] = at;
        packed.middle.data()[to] = at + frequent;
        at += frequent + rare;
    }
    packed.begin.data()[x.outer] = at;
}

}  // namespace

template <class T, class I>
Status pack_sparse(const SparseView<T, I>& x, int n_threads, PackedSparse& packed) {
    const index_t n = x.outer, padded = rounded_up(n, sparse_group);
    double extent = 0;
    index_t fullest = 0;
    measure(x, extent, fullest);
    if (!(extent >= 1 / largest_scale && extent <= largest_scale) || fullest > most_entries ||
        n > std::numeric_limits<std::int32_t>::max())
        return Status::ok;
    int exponent = 0;
    std::frexp(extent, &exponent);
    packed.scale = std::ldexp(1.0, -exponent);
    const Buffer<std::int32_t> number = number_columns(x, packed);
    const Buffer<double> half = buffer<double>(n);
    packed.rows = n;
    packed.label = buffer<index_t>(n);
    packed.begin = buffer<index_t>(n + 1);
    packed.middle = buffer<index_t>(n);
    packed.half = buffer<double>(n);
    packed.bound = buffer<double>(n);
    packed.slack = buffer<float>(n);
    packed.low = Buffer<float>(static_cast<std::size_t>(padded), std::numeric_limits<float>::infinity());
    Status status = half_norms(x, packed.scale, n_threads, half.data());
    if (status != Status::ok) return status;
    order_by_norm(half.data(), n, packed);
    place_rows(x, number.data(), packed);
    const index_t entries = packed.begin.data()[n];
    packed.id = buffer<std::int32_t>(entries);
    packed.value = buffer<float>(entries);
    status = threads::parallel_for(chunks_of(n), n_threads, [&](index_t chunk, int) {
        const index_t last = std::min(n, (chunk + 1) * chunk_rows);
        for (index_t to = chunk * chunk_rows; to < last; ++to)
            pack_row(x, packed.label.data()[to], number.data(), to, packed);
    });
    packed.valid = status == Status::ok;
    return status;
}

SparseBlocks::SparseBlocks(const PackedSparse& packed) : packed_(packed) {
    most_rows_ = most_rows;
    if (packed.slots > 0) {
        const index_t fit = panel_floats / packed.slots;
        most_rows_ = std::clamp(fit / sparse_group * sparse_group, least_rows, most_rows);
    }
    most_rows_ = std::min(most_rows_, rounded_up(packed.rows, sparse_group));
    panels_ = buffer<float>(most_rows_ * packed.slots);
    offsets_ = buffer<std::int32_t>(packed.rare + 2);
    block_.panels = panels_.data();
    block_.slots = packed.slots;
    block_.offsets = offsets_.data();
}

Status SparseBlocks::lay_out(index_t first, int n_threads, index_t& next) {
    const index_t* begin = packed_.begin.data();
    index_t last = std::min(packed_.rows, first + most_rows_);
    while (last - first > sparse_group && begin[last] - begin[first] > block_entries)
        last = first + rounded_up((last - first) / 2, sparse_group);
    block_.first = first;
    block_.rows = last - first;
    block_.low = packed_.low.data() + first;
    entries_ = begin[last] - begin[first];
    next = last;
    gather(last);
    if (packed_.slots == 0) return Status::ok;
    const KnnSparseTable& kernels = knn_sparse_kernels();
    const index_t width = kernels.panel_width;
    return threads::parallel_for((block_.rows + width - 1) / width, n_threads, [&](index_t group, int) {
        const index_t from = first + group * width;
        kernels.fill(packed_.view(), from, std::min(last, from + width), packed_.slots,
                     panels_.data() + group * width * packed_.slots);
    });
}

/// Entries in rare columns, column by column.
void SparseBlocks::gather(index_t last) {
    const SparsePacked rows = packed_.view();
    // First counts, then where each column starts, then where it ends, which is where the next one starts.
    std::int32_t* next = offsets_.data() + 1;
    std::fill(offsets_.begin(), offsets_.end(), 0);
    index_t total = 0;
    for (index_t r = block_.first; r < last; ++r) {
        for (index_t e = rows.middle[r]; e < rows.begin[r + 1]; ++e) ++next[rows.id[e] + 1];
        total += rows.begin[r + 1] - rows.middle[r];
    }
    for (index_t c = 0; c < packed_.rare; ++c) next[c + 1] += next[c];
    if (static_cast<index_t>(postings_.size()) < total) postings_ = buffer<Posting>(total);
    for (index_t r = block_.first; r < last; ++r)
        for (index_t e = rows.middle[r]; e < rows.begin[r + 1]; ++e)
            postings_.data()[next[rows.id[e]]++] = {static_cast<std::int32_t>(r - block_.first),
                                                    rows.value[e]};
    block_.postings = postings_.data();
}

#define MLQA_PACK_SPARSE(T, I) template Status pack_sparse<T, I>(const SparseView<T, I>&, int, PackedSparse&);
MLQA_PACK_SPARSE(float, std::int32_t)
MLQA_PACK_SPARSE(float, std::int64_t)
MLQA_PACK_SPARSE(double, std::int32_t)
MLQA_PACK_SPARSE(double, std::int64_t)
#undef MLQA_PACK_SPARSE

}  // namespace mlqa::pairwise
