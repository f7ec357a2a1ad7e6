#include "svm/row_cache.hpp"

#include <algorithm>
#include <stdexcept>
#include <type_traits>

#include "core/first_touch.hpp"
#include "core/threads.hpp"
#include "svm/all_at_once.kernel.hpp"
#include "svm/panels.kernel.hpp"

namespace mlqa::svm {
namespace {

constexpr index_t absent = -1, awaited = -2;
/// Points of a run of the gradient that one thread updates.
constexpr index_t gradient_run = 2048;
/// The same where they have many sums, for which the rows are read again and again: their pieces of such a
/// run stay in a cache.
constexpr index_t shortest_run = 128, run_values = 131'072;
/// A huge page with what may be read beside the last row: slabs of all machines but small ones serve each
/// other.
constexpr double slab_bytes = (2 << 20) - 512;
/// So few slabs are touched sooner by one thread than another one is awake.
constexpr index_t slabs_alone = 3;
/// Values that a thread adds to sums by itself sooner than with another one.
constexpr index_t added_alone = 100'000;
/// Rows whose values a thread looks up at a time, and how many it looks up by itself sooner.
constexpr index_t rows_looked_up = 16, looked_up_alone = 128;
/// Values that move at a time when rows get shorter, and how many a thread moves by itself.
constexpr index_t values_moved = 1 << 18, moved_alone = 1 << 15;
/// What may be read beside the last row.
constexpr std::ptrdiff_t beyond = 64;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// Where runs of places that follow each other begin, and the end.
std::vector<index_t> runs_of(const index_t* place, index_t m) {
    std::vector<index_t> begin(1, 0);
    for (index_t r = 1; r < m; ++r)
        if (place[r] != place[r - 1] + 1) begin.push_back(r);
    begin.push_back(m);
    return begin;
}

/// f[t] += sum_r weight[r] rows[r][t], of floats in float at first.
void add_rows(const float* const* rows, const float* weight, index_t m, index_t first, index_t last,
              double* f) {
    all_at_once_kernels().accumulate(rows, weight, m, first, last, f);
}
void add_rows(const double* const* rows, const double* weight, index_t m, index_t first, index_t last,
              double* f) {
    panel_table<double>().accumulate(rows, weight, nullptr, m, first, last, f, nullptr);
}

}  // namespace

template <class T>
RowCache<T>::RowCache(std::unique_ptr<RowSource<T>> source, double bytes, index_t least)
    : source_(std::move(source)), slot_(at(source_->size()), absent), row_of_(at(source_->size())) {
    const double row_bytes = static_cast<double>(source_->stride()) * sizeof(T);
    const double rows = std::min(bytes / row_bytes, static_cast<double>(source_->size()));
    capacity_ = std::max(least, static_cast<index_t>(rows));
    const auto fitting = static_cast<index_t>(slab_bytes / row_bytes);
    slab_rows_ = std::clamp<index_t>(std::min(fitting, capacity_ / 4), 1, capacity_);
    slab_size_ = slab_rows_ * source_->stride();
    const bool all = capacity_ == source_->size();
    most_slabs_ = (capacity_ + (all ? slab_rows_ - 1 : 0)) / slab_rows_;
    set_capacity();
}

/// As many rows as the slabs hold, which grow in number when rows get shorter.
template <class T>
void RowCache<T>::set_capacity() {
    slab_rows_ = slab_size_ / source_->stride();
    capacity_ = std::min(most_slabs_ * slab_rows_, source_->size());
    owner_.resize(at(capacity_), absent);
    stamp_.resize(at(capacity_), 0);
}

/// Slabs for so many more rows, as far as there may be.
template <class T>
void RowCache<T>::grow(index_t rows, int n_threads) {
    const index_t needed = std::min(used_ + rows, capacity_), before = static_cast<index_t>(slabs_.size());
    while (static_cast<index_t>(slabs_.size()) * slab_rows_ < needed)
        slabs_.emplace_back(at(slab_size_ + beyond));
    const index_t fresh = static_cast<index_t>(slabs_.size()) - before;
    // Else the caller would wait while the system clears them, one after the other.
    (void)threads::parallel_for(fresh, fresh < slabs_alone ? 1 : n_threads, [&](index_t slab, int) {
        const arena::Buffer<T>& pages = slabs_[at(before + slab)];
        threads::first_touch(pages.data(), pages.size() * sizeof(T));
        std::fill(pages.end() - beyond, pages.end(), T(0));
    });
}

/// A free slot, or that of the next victim.
template <class T>
index_t RowCache<T>::take_slot(std::vector<index_t>& victims) {
    if (used_ < capacity_) {
        // What follows the points of a row is read beside them, so it must hold numbers.
        std::fill(row(used_) + source_->size(), row(used_) + source_->stride() + beyond, T(0));
        return used_++;
    }
    const index_t slot = victims.back();
    victims.pop_back();
    slot_[at(owner_[at(slot)])] = absent;
    row_of_[at(owner_[at(slot)])] = nullptr;
    return slot;
}

template <class T>
std::vector<index_t> RowCache<T>::oldest(index_t n) const {
    std::vector<index_t> slots;
    if (n <= 0) return slots;
    for (index_t slot = 0; slot < used_; ++slot)
        if (stamp_[at(slot)] != clock_) slots.push_back(slot);
    const auto older = [&](index_t a, index_t b) {
        return stamp_[at(a)] != stamp_[at(b)] ? stamp_[at(a)] < stamp_[at(b)] : a < b;
    };
    std::nth_element(slots.begin(), slots.begin() + n - 1, slots.end(), older);
    slots.resize(at(n));
    return slots;
}

template <class T>
Status RowCache<T>::fetch(const index_t* points, index_t m, int n_threads) {
    ++clock_;
    points_.assign(points, points + m);
    std::vector<index_t> missing;
    for (const index_t i : points_) {
        index_t& slot = slot_[at(i)];
        if (slot >= 0) {
            stamp_[at(slot)] = clock_;
        } else if (slot == absent) {
            slot = awaited;
            missing.push_back(i);
        }
    }
    grow(static_cast<index_t>(missing.size()), n_threads);
    std::vector<index_t> victims = oldest(static_cast<index_t>(missing.size()) - (capacity_ - used_));
    std::vector<T*> out;
    for (const index_t i : missing) {
        const index_t slot = take_slot(victims);
        owner_[at(slot)] = i;
        slot_[at(i)] = slot;
        stamp_[at(slot)] = clock_;
        out.push_back(row(slot));
        row_of_[at(i)] = row(slot);
    }
    rows_.clear();
    for (const index_t i : points_) rows_.push_back(row_of_[at(i)]);
    if (missing.empty()) return Status::ok;
    return source_->rows(missing.data(), static_cast<index_t>(missing.size()), out.data(), n_threads);
}

template <class T>
Status RowCache<T>::block(const index_t* place, index_t stride, double* k, int n_threads) {
    const auto m = static_cast<index_t>(points_.size());
    const index_t width = panel_table<T>().panel_width, held = (m + width - 1) / width * width;
    if (block_.size() < at(m * held)) block_ = arena::Buffer<T>(at(m * held));
    std::vector<T*> rows(at(m));
    for (index_t r = 0; r < m; ++r) rows[at(r)] = block_.data() + r * held;
    if (!source_->computes_blocks()) return look_up(place, stride, k, n_threads);
    const std::vector<index_t> runs = runs_of(place, m);
    return source_->block(points_.data(), m, rows.data(), n_threads, [&](index_t first, index_t last) {
        for (index_t r = first; r < last; ++r)
            for (std::size_t run = 1; run < runs.size(); ++run)
                std::copy(rows[at(r)] + runs[run - 1], rows[at(r)] + runs[run],
                          k + place[r] * stride + place[runs[run - 1]]);
    });
}

/// The block from the rows that are held; its upper half alone where the lower one is the same.
template <class T>
Status RowCache<T>::look_up(const index_t* place, index_t stride, double* k, int n_threads) const {
    const auto m = static_cast<index_t>(points_.size());
    const bool symmetric = source_->symmetric();
    const index_t chunks = (m + rows_looked_up - 1) / rows_looked_up;
    return threads::parallel_for(chunks, m < looked_up_alone ? 1 : n_threads, [&](index_t chunk, int) {
        for (index_t r = chunk * rows_looked_up; r < std::min(m, (chunk + 1) * rows_looked_up); ++r)
            for (index_t c = symmetric ? r : 0; c < m; ++c) {
                const auto value = static_cast<double>(rows_[at(r)][points_[at(c)]]);
                k[place[r] * stride + place[c]] = value;
                if (symmetric) k[place[c] * stride + place[r]] = value;
            }
    });
}

template <class T>
Status RowCache<T>::add(const double* weight, const double* growth, index_t column, index_t n, double* f,
                        double* spread, int n_threads) {
    std::vector<const T*> rows;
    std::vector<double> weights, growths;
    for (std::size_t r = 0; r < points_.size(); ++r) {
        if (weight[r] == 0.0) continue;
        rows.push_back(rows_[r] + column);
        weights.push_back(weight[r]);
        if (spread != nullptr) growths.push_back(growth[r]);
    }
    const auto m = static_cast<index_t>(rows.size());
    const index_t chunks = (n + gradient_run - 1) / gradient_run;
    return threads::parallel_for(chunks, m * n < added_alone ? 1 : n_threads, [&](index_t chunk, int) {
        panel_table<T>().accumulate(rows.data(), weights.data(), growths.data(), m, chunk * gradient_run,
                                    std::min(n, (chunk + 1) * gradient_run), f, spread);
    });
}

template <class T>
Status RowCache<T>::add_each(const double* weight, index_t sums, index_t n, double* f, index_t stride,
                             const std::function<void(index_t, index_t)>& then, int n_threads) {
    const std::size_t m = points_.size();
    std::vector<const T*> rows;
    std::vector<T> weights;
    std::vector<std::size_t> start(1, 0);
    for (std::size_t s = 0; s < at(sums); ++s) {
        for (std::size_t r = 0; r < m; ++r) {
            if (weight[r * at(sums) + s] == 0.0) continue;
            rows.push_back(rows_[r]);
            weights.push_back(static_cast<T>(weight[r * at(sums) + s]));
        }
        start.push_back(rows.size());
    }
    const index_t run = std::clamp(run_values / (static_cast<index_t>(m) + 1) / shortest_run * shortest_run,
                                   shortest_run, gradient_run);
    const index_t chunks = (n + run - 1) / run;
    const auto work = static_cast<index_t>(weights.size()) * n;
    return threads::parallel_for(chunks, work < 1'000'000 ? 1 : n_threads, [&](index_t chunk, int) {
        const index_t first = chunk * run, last = std::min(n, first + run);
        for (std::size_t s = 0; s < at(sums); ++s)
            add_rows(rows.data() + start[s], weights.data() + start[s],
                     static_cast<index_t>(start[s + 1] - start[s]), first, last,
                     f + static_cast<index_t>(s) * stride);
        then(first, last);
    });
}

template <class T>
void RowCache<T>::solve(const Variables<float>& variables, const index_t* point, double tolerance,
                        index_t most, StepReport& report) {
    if constexpr (std::is_same_v<T, float>) {
        variable_row_.resize(at(variables.length[0] + variables.length[1]));
        for (std::size_t t = 0; t < variable_row_.size(); ++t) variable_row_[t] = row_of_[at(point[t])];
        const WorkingSet<float> set = {variables, variable_row_.data()};
        working_set_kernels().solve_float(&set, tolerance, 0.0, most, &report);
    } else {
        throw std::logic_error("steps in float need rows of float");
    }
}

/// The first slots take these rows' values at the points that are kept. Rows move towards the front only, so
/// in the order of the slots none is overwritten before it has moved; some at a time move by way of memory of
/// their own, by all threads.
template <class T>
void RowCache<T>::shorten(const std::vector<const T*>& before, const index_t* kept, index_t n,
                          int n_threads) {
    const auto rows = static_cast<index_t>(before.size());
    const index_t together = std::clamp(values_moved / n, index_t{1}, std::max<index_t>(rows, 1));
    const arena::Buffer<T> moving(at(together * n));
    for (index_t first = 0; first < rows; first += together) {
        const index_t m = std::min(together, rows - first);
        const int used = m * n < moved_alone ? 1 : n_threads;
        (void)threads::parallel_for(m, used, [&](index_t r, int) {
            const T* from = before[at(first + r)];
            T* to = moving.data() + r * n;
            for (index_t j = 0; j < n; ++j) to[j] = from[kept[j]];
        });
        (void)threads::parallel_for(m, used, [&](index_t r, int) {
            T* to = row(first + r);
            std::copy_n(moving.data() + r * n, n, to);
            std::fill(to + n, to + source_->stride(), T(0));
        });
    }
}

template <class T>
void RowCache<T>::keep(const index_t* kept, index_t n, int n_threads) {
    const index_t before = source_->stride(), rows_before = slab_rows_;
    std::vector<index_t> place(slot_.size(), absent);
    for (index_t j = 0; j < n; ++j) place[at(kept[j])] = j;
    source_->keep(kept, n);
    set_capacity();
    slot_.assign(at(n), absent);
    row_of_.assign(at(n), nullptr);
    const index_t used = used_;
    used_ = 0;
    std::vector<const T*> moved;
    for (index_t slot = 0; slot < used; ++slot) {
        const index_t point = place[at(owner_[at(slot)])];
        if (point < 0) continue;
        moved.push_back(slabs_[at(slot / rows_before)].data() + slot % rows_before * before);
        owner_[at(used_)] = point;
        stamp_[at(used_)] = stamp_[at(slot)];
        row_of_[at(point)] = row(used_);
        slot_[at(point)] = used_++;
    }
    shorten(moved, kept, n, n_threads);
}

template class RowCache<float>;
template class RowCache<double>;

std::unique_ptr<RowStore> float_store(const PointSet& points, double bytes) {
    return std::make_unique<RowCache<float>>(float_rows(points), bytes, std::min<index_t>(2, points.size()));
}

std::unique_ptr<RowStore> double_store(const PointSet& points, double bytes) {
    std::unique_ptr<RowSource<double>> source;
    if (points.points().is_sparse || points.function().kind == Kernel::precomputed)
        source = std::make_unique<SetRows>(points);
    else
        source = std::make_unique<PanelRows<NumberFormat<double>>>(points);
    return std::make_unique<RowCache<double>>(std::move(source), bytes, std::min<index_t>(2, points.size()));
}

}  // namespace mlqa::svm
