#include "svm/sparse_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "core/threads.hpp"
#include "svm/rows.kernel.hpp"

namespace mlqa::svm {
namespace {

/// A column is frequent from this many vectors' worth of a single entry on.
constexpr double frequent_share = 1.5;
/// Numbers of dense columns, at most: an entry, and of small sets.
constexpr index_t panel_per_entry = 6;
constexpr index_t small_panel = 1 << 20;
/// Points of a run, unless so many columns are rare that most of their parts of a run would be empty.
constexpr index_t usual_run = 2048;
/// Values times (terms + 4) below which a call stays serial, and those of a chunk of work at most.
constexpr double serial_work = 5e5;
constexpr double chunk_work = 4e6;
/// Points of a block that meet a run one after the other.
constexpr index_t most_rows = 64;
/// Rows of values that are summed side by side.
constexpr index_t chains = 8;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

template <class T>
void reserve(arena::Buffer<T>& buffer, index_t size) {
    if (buffer.size() < at(size)) buffer = arena::Buffer<T>(at(size));
}

index_t entries_of(const SparseView<double>& x, const index_t* index, index_t n) {
    index_t entries = 0;
    for (index_t i = 0; i < n; ++i) {
        const index_t row = index == nullptr ? i : index[i];
        entries += x.end(row) - x.begin(row);
    }
    return entries;
}

}  // namespace

template <class T>
const SparseRowsTable<T>& SparsePoints<T>::kernels() {
    if constexpr (std::is_same_v<T, float>)
        return sparse_rows_kernels().f32;
    else
        return sparse_rows_kernels().f64;
}

template <class T>
SparsePoints<T>::SparsePoints(const SparseView<double>& x, const index_t* index, index_t n,
                              const KernelFunction& function, int n_threads)
    : x_(x), index_(index), size_(n), run_(usual_run), function_(function) {
    const index_t lanes = kernels().lanes, entries = entries_of(x, index, n);
    const index_t most_slots = std::max(small_panel, panel_per_entry * entries) / std::max<index_t>(n, 1);
    columns_ = SparseColumns(
        x, index, n, frequent_share * static_cast<double>(n) / static_cast<double>(lanes), most_slots);
    if (columns_.rare() * runs() > 2 * entries) run_ = sparse_run;
    const auto points = static_cast<double>(std::max<index_t>(n, 1));
    terms_ =
        (columns_.frequent_entries() / static_cast<double>(lanes) + columns_.rare_pairs() / points) / points;
    measure();
    if (transpose(n_threads) == Status::ok) return;
    // Cancelled: no entries are left, so that what is asked of the set before it goes is harmless.
    std::fill(start_.begin(), start_.end(), 0);
    std::fill(panel_.begin(), panel_.end(), T(0));
}

/// Norms, diagonal, and whether everything is a number of T.
template <class T>
void SparsePoints<T>::measure() {
    const index_t padded = round_up(size_, kernels().lanes);
    norms_ = arena::Buffer<double>(at(padded), 0.0);
    diagonal_ = arena::Buffer<double>(at(padded), 0.0);
    rounded_norms_ = arena::Buffer<T>(at(padded));
    rows_kernels().sparse_norms(&x_, index_, size_, norms_.data());
    rows_kernels().diagonal(&function_, norms_.data(), size_, diagonal_.data());
    const auto largest = static_cast<double>(std::numeric_limits<T>::max());
    finite_ = std::abs(function_.gamma) <= largest && std::abs(function_.coef0) <= largest;
    for (index_t i = 0; i < padded; ++i) {
        // Half of the range for the sum of two norms.
        finite_ = finite_ && norms_[at(i)] <= largest / 4 && std::abs(diagonal_[at(i)]) <= largest / 4;
        rounded_norms_[at(i)] = static_cast<T>(norms_[at(i)]);
    }
}

template <class T>
Status SparsePoints<T>::transpose(int n_threads) {
    const index_t slots = columns_.slots(), rare = columns_.rare();
    start_ = arena::Buffer<std::int32_t>(at(runs() * (rare + 1)), 0);
    offset_ = arena::Buffer<index_t>(at(runs() + 1), 0);
    index_t panel = 0;
    for (index_t run = 0; run < runs(); ++run) panel += round_up(points(run), kernels().lanes) * slots;
    panel_ = arena::Buffer<T>(at(panel));
    const Status status = threads::parallel_for(
        runs(), n_threads, [&](index_t run, int) { offset_[at(run + 1)] = count_rare(run); });
    for (index_t run = 0; run < runs(); ++run) offset_[at(run + 1)] += offset_[at(run)];
    point_ = arena::Buffer<std::uint16_t>(at(offset_[at(runs())]));
    value_ = arena::Buffer<T>(at(offset_[at(runs())]));
    if (status != Status::ok) return status;
    return threads::parallel_for(runs(), n_threads, [&](index_t run, int) { fill(run); });
}

/// Where the rare columns start among the entries of a run; returns the number of these.
template <class T>
index_t SparsePoints<T>::count_rare(index_t run) {
    const index_t rare = columns_.rare();
    std::int32_t* start = start_.data() + run * (rare + 1);
    for (index_t i = run * run_; i < run * run_ + points(run); ++i)
        for (index_t e = x_.begin(source(i)); e < x_.end(source(i)); ++e) {
            const std::int32_t column = columns_[x_.indices[e]];
            if (column < 0) ++start[~column];
        }
    std::int32_t sum = 0;
    for (index_t c = 0; c <= rare; ++c) {
        const std::int32_t count = start[c];
        start[c] = sum;
        sum += count;
    }
    return sum;
}

template <class T>
void SparsePoints<T>::fill(index_t run) {
    const SparseRun<T> to = view(run);
    T* panel = panel_.data() + run * run_ * columns_.slots();
    std::fill(panel, panel + to.width * columns_.slots(), T(0));
    std::uint16_t* point = point_.data() + offset_[at(run)];
    T* value = value_.data() + offset_[at(run)];
    std::vector<std::int32_t> next(to.start, to.start + columns_.rare());
    for (index_t j = 0; j < points(run); ++j) {
        const index_t row = source(run * run_ + j);
        for (index_t e = x_.begin(row); e < x_.end(row); ++e) {
            const std::int32_t column = columns_[x_.indices[e]];
            if (column >= 0) {
                panel[column * to.width + j] = static_cast<T>(x_.values[e]);
                continue;
            }
            const std::size_t place = at(next[at(~column)]++);
            point[place] = static_cast<std::uint16_t>(j);
            value[place] = static_cast<T>(x_.values[e]);
        }
    }
}

template <class T>
SparseRun<T> SparsePoints<T>::view(index_t run) const {
    return {panel_.data() + run * run_ * columns_.slots(),
            round_up(points(run), kernels().lanes),
            start_.data() + run * (columns_.rare() + 1),
            point_.data() + offset_[at(run)],
            value_.data() + offset_[at(run)],
            rounded_norms_.data() + run * run_};
}

template <class T>
void SparsePoints<T>::pack(const index_t* which, index_t m, Block& block) const {
    reserve(block.row_, m);
    for (index_t r = 0; r < m; ++r) block.row_[at(r)] = source(which[r]);
    pack(x_, block.row_.data(), m, block);
}

template <class T>
void SparsePoints<T>::pack(const SparseView<double>& z, const index_t* which, index_t m, Block& block) const {
    const index_t entries = entries_of(z, which, m);
    block.size_ = m;
    reserve(block.begin_, m + 1);
    reserve(block.column_, entries);
    reserve(block.value_, entries);
    reserve(block.norms_, m);
    reserve(block.exact_norms_, m);
    rows_kernels().sparse_norms(&z, which, m, block.exact_norms_.data());
    index_t to = 0;
    for (index_t r = 0; r < m; ++r) {
        block.begin_[at(r)] = to;
        block.norms_[at(r)] = static_cast<T>(block.exact_norms_[at(r)]);
        pack_entries(z, which == nullptr ? r : which[r], to, block);
    }
    block.begin_[at(m)] = to;
}

/// In double the order of the columns is kept, so that it is that of dense points. In float frequent columns
/// come first: their sums stay in registers.
template <class T>
void SparsePoints<T>::pack_entries(const SparseView<double>& z, index_t row, index_t& to,
                                   Block& block) const {
    const auto take = [&](bool frequent, bool rare) {
        for (index_t e = z.begin(row); e < z.end(row); ++e) {
            const std::int32_t column = columns_[z.indices[e]];
            if (column == SparseColumns::absent || (column < 0 ? !rare : !frequent)) continue;
            block.column_[at(to)] = column;
            block.value_[at(to++)] = static_cast<T>(z.values[e]);
        }
    };
    if constexpr (std::is_same_v<T, double>) {
        take(true, true);
    } else {
        take(true, false);
        take(false, true);
    }
}

template <class T>
void SparsePoints<T>::meet(const Block& block, index_t from, index_t to, index_t run, index_t first,
                           index_t last, T* const* out) const {
    const SparseEntries<T> entries = {block.begin_.data() + from, block.column_.data(), block.value_.data(),
                                      block.norms_.data() + from};
    const SparseRun<T> points = view(run);
    kernels().rows(&function_, &entries, to - from, &points, first, last, out);
}

template <class T>
void SparsePoints<T>::rows(const Block& block, index_t first, index_t last, T* const* out) const {
    std::vector<T*> part(at(block.size()));
    for (index_t run = first / run_; run * run_ < last; ++run) {
        const index_t start = run * run_;
        for (index_t r = 0; r < block.size(); ++r) part[at(r)] = out[r] + start;
        meet(block, 0, block.size(), run, std::max(first - start, index_t{0}), std::min(run_, last - start),
             part.data());
    }
}

template <class T>
Status SparsePoints<T>::rows(const Block& block, T* const* out, int n_threads) const {
    const index_t m = block.size();
    const double row = static_cast<double>(std::min(run_, size_)) * (terms_ + 4.0);
    const index_t group = std::clamp(static_cast<index_t>(chunk_work / row), index_t{1}, most_rows);
    const index_t groups = (m + group - 1) / group;
    const double work = static_cast<double>(m) * static_cast<double>(size_) * (terms_ + 4.0);
    // Run by run, so that the columns of one are in the second cache while all of the block meets them.
    return threads::parallel_for(
        groups * runs(), work < serial_work ? 1 : n_threads, [&](index_t chunk, int) {
            const index_t run = chunk / groups, from = chunk % groups * group, to = std::min(m, from + group);
            T* part[most_rows];
            for (index_t r = from; r < to; ++r) part[r - from] = out[r] + run * run_;
            meet(block, from, to, run, 0, points(run), part);
        });
}

template <class T>
void SparsePoints<T>::panels(const Block& block, index_t width, T* out, arena::Buffer<T>& scratch) const {
    reserve(scratch, width * run_);
    std::vector<T*> rows(at(width));
    for (index_t r = 0; r < width; ++r) rows[at(r)] = scratch.data() + r * run_;
    for (index_t run = 0; run < runs(); ++run)
        for (index_t from = 0; from < block.size(); from += width) {
            const index_t n = std::min(width, block.size() - from);
            meet(block, from, from + n, run, 0, points(run), rows.data());
            T* to = out + (from / width * size_ + run * run_) * width;
            for (index_t j = 0; j < points(run); ++j)
                for (index_t r = 0; r < n; ++r) to[j * width + r] = rows[at(r)][j];
        }
}

template <class T>
void SparsePoints<T>::add(const Block& block, index_t from, index_t to, index_t run, const Sum* sums,
                          index_t count, T* scratch, double* out) const {
    T* rows[chains];
    for (index_t r = 0; r < chains; ++r) rows[r] = scratch + r * run_;
    const index_t start = run * run_;
    double part[chains];
    for (; from < to; from += chains) {
        const index_t n = std::min(chains, to - from);
        meet(block, from, from + n, run, 0, points(run), rows);
        for (index_t s = 0; s < count; ++s) {
            const index_t first = std::max(sums[s].first, start);
            const index_t last = std::min(sums[s].last, start + points(run));
            if (first >= last) continue;
            const T* values[chains];
            for (index_t r = 0; r < n; ++r) {
                values[r] = rows[r] + first - start;
                part[r] = out[(from + r) * count + s];
            }
            kernels().weighted(values, n, sums[s].weight + first - sums[s].first, last - first, part);
            for (index_t r = 0; r < n; ++r) out[(from + r) * count + s] = part[r];
        }
    }
}

template <class T>
Status SparsePoints<T>::weighted_sums(const Block& block, const Sum* sums, index_t count, double* out,
                                      int n_threads) const {
    const index_t m = block.size(), groups = (m + most_rows - 1) / most_rows;
    std::fill(out, out + m * count, 0.0);
    const double row = static_cast<double>(std::min(run_, size_)) * (terms_ + 4.0);
    const index_t together = std::max<index_t>(1, static_cast<index_t>(chunk_work / (row * most_rows)));
    const double work = static_cast<double>(m) * static_cast<double>(size_) * (terms_ + 4.0);
    const int used = work < serial_work ? 1 : n_threads;
    std::vector<arena::Buffer<T>> scratch(at(used));
    for (arena::Buffer<T>& buffer : scratch) buffer = arena::Buffer<T>(at(chains * run_));
    // A few runs at a time: their order is that of the sums, and a chunk of work stays short.
    for (index_t run = 0; run < runs(); run += together) {
        const Status status = threads::parallel_for(groups, used, [&](index_t group, int worker) {
            for (index_t r = run; r < std::min(runs(), run + together); ++r)
                add(block, group * most_rows, std::min(m, (group + 1) * most_rows), r, sums, count,
                    scratch[at(worker)].data(), out);
        });
        if (status != Status::ok) return status;
    }
    return Status::ok;
}

template class SparsePoints<float>;
template class SparsePoints<double>;

}  // namespace mlqa::svm
