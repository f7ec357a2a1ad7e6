#include "svm/row_source.hpp"

#include <algorithm>
#include <cmath>

#include "core/threads.hpp"

namespace mlqa::svm {
namespace {

/// Most bytes of the panels that a thread passes over a block: they stay in its second-level cache.
constexpr index_t run_bytes = 256 * 1024;
/// Runs of a row at least: two threads that share few long ones wait for each other.
constexpr index_t least_runs = 16;
/// Numbers that a thread packs sooner than it wakes another, in the midst of rounds.
constexpr index_t packed_alone = 50'000;
/// Up to so many features a value among a few points takes less to compute than to find in a long row.
constexpr index_t computed_features = 128;

index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

std::size_t size_of(index_t a, index_t b = 1) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

template <class T>
void make_room(arena::Buffer<T>& buffer, std::size_t needed) {
    if (buffer.size() < needed) buffer = arena::Buffer<T>(needed);
}

}  // namespace

template <class Format>
void Panels<Format>::pack(const PointSet& set, const index_t* index, index_t n) {
    const index_t d = set.features(), filled = round_up(n, Format::panel_width());
    size_ = n;
    make_room(values_, Format::offset(filled, std::max<index_t>(d, 1)));
    make_room(norms_, size_of(filled));
    std::fill(norms_.data(), norms_.data() + filled, Value(0));
    const index_t run = 8 * Format::panel_width();
    const auto some = [&](index_t chunk, int) {
        const index_t first = chunk * run;
        Format::pack(set, index + first, std::min(run, n - first), PackedAs::panels,
                     values_.data() + Format::offset(first, d), norms_.data() + first);
    };
    // A call that was cancelled meanwhile is so at its next step as well.
    (void)threads::parallel_for((n + run - 1) / run, set.threads_for(n * d), some);
}

template <class Format>
SharedClass<Format>* SharedPanels::packed(Once<Format>& once) {
    std::call_once(once.flag, [&] {
        std::vector<index_t> index(size_of(size_));
        for (index_t i = 0; i < size_; ++i) index[size_of(i)] = set_.source(first_ + i);
        once.shared.panels.pack(set_, index.data(), size_);
        if (lends_) once.shared.rows = std::make_unique<OwnRows<typename Format::Value>>(size_);
    });
    return &once.shared;
}

template <>
SharedClass<NumberFormat<float>>* SharedPanels::get() {
    return packed(numbers_);
}
template <>
SharedClass<FixedFormat<float>>* SharedPanels::get() {
    return packed(fixed_);
}
template <>
SharedClass<NumberFormat<double>>* SharedPanels::get() {
    return nullptr;
}

template <class Format>
PanelRows<Format>::PanelRows(const PointSet& points) : RowSource<Value>(points.size(), 0), points_(points) {
    index_.resize(size_of(points.size()));
    for (index_t i = 0; i < points.size(); ++i) index_[size_of(i)] = points.source(i);
    SharedClass<Format>* shared[2] = {nullptr, nullptr};
    for (int part = 0; part < 2; ++part) {
        if (points.panels(part) != nullptr) shared[part] = points.panels(part)->get<Format>();
        if (shared[part] != nullptr) shared_rows_[part] = shared[part]->rows.get();
    }
    if (shared[0] != nullptr)
        lay_out(shared[0]->panels, shared[1]->panels);
    else
        pack();
}

template <class Format>
void PanelRows<Format>::pack() {
    own_.pack(points_, index_.data(), this->size_);
    lay_out(own_, none_);
}

template <class Format>
void PanelRows<Format>::lay_out(const Panels<Format>& first, const Panels<Format>& second) {
    const index_t width = Format::panel_width();
    part_[0] = &first;
    part_[1] = &second;
    this->stride_ = round_up(first.size() + round_up(second.size(), width), width);
}

template <class Format>
void PanelRows<Format>::keep(const index_t* kept, index_t n) {
    for (index_t j = 0; j < n; ++j) index_[size_of(j)] = index_[size_of(kept[j])];
    index_.resize(size_of(n));
    this->size_ = n;
    shared_rows_[0] = shared_rows_[1] = nullptr;
    pack();
}

template <class Format>
void PanelRows<Format>::make_block(index_t rows) {
    const index_t padded = round_up(round_up(rows, Format::block_rows()), Format::panel_width());
    make_room(block_, Format::offset(padded, std::max<index_t>(points_.features(), 1)));
    make_room(block_norms_, size_of(padded));
    std::fill(block_norms_.data(), block_norms_.data() + padded, Value(0));
}

/// Packs points from `place` on, where a group of rows begins.
template <class Format>
void PanelRows<Format>::pack_block(const index_t* which, index_t m, index_t place, int n_threads) {
    const index_t d = points_.features();
    block_index_.resize(size_of(m));
    for (index_t r = 0; r < m; ++r) {
        block_index_[size_of(r)] = index_[size_of(which[r])];
        block_norms_[size_of(place + r)] = norm(which[r]);
    }
    const index_t run = 4 * Format::block_rows();
    (void)threads::parallel_for(
        (m + run - 1) / run, m * d < packed_alone ? 1 : n_threads, [&](index_t chunk, int) {
            const index_t first = chunk * run;
            Format::pack(points_, block_index_.data() + first, std::min(run, m - first), PackedAs::block,
                         block_.data() + Format::offset(place + first, d), nullptr);
        });
}

template <class Format>
PackedRows<Format> PanelRows<Format>::block_rows(index_t place, index_t m) const {
    return {block_.data() + Format::offset(place, points_.features()), block_norms_.data() + place, m};
}

/// Rows by what they lack.
template <class Format>
void PanelRows<Format>::sort(const index_t* which, index_t m, Value* const* out) {
    for (Rows* rows : {&whole_, &known_[0], &known_[1]}) {
        rows->which.clear();
        for (std::vector<Value*>& to : rows->out) to.clear();
    }
    for (index_t r = 0; r < m; ++r) {
        const int part = part_of(which[r]);
        const bool known =
            shared_rows_[part] != nullptr && shared_rows_[part]->find(within(which[r])) != nullptr;
        Rows& rows = known ? known_[part] : whole_;
        rows.which.push_back(which[r]);
        rows.out[0].push_back(out[r]);
        rows.out[1].push_back(out[r] + part_[0]->size());
    }
}

/// Values at columns [first, last) of a part.
template <class Format>
void PanelRows<Format>::compute(int part, index_t first, index_t last) const {
    for (const Rows* rows : {&whole_, &known_[0], &known_[1]})
        if (rows->wanted[part] && rows->size() > 0)
            kernel_rows(points_, block_rows(rows->place, rows->size()), part_[part]->columns(), first, last,
                        rows->out[part].data());
}

template <class Format>
void PanelRows<Format>::borrow() {
    for (int part = 0; part < 2; ++part)
        for (std::size_t r = 0; r < known_[part].which.size(); ++r)
            std::copy_n(shared_rows_[part]->find(within(known_[part].which[r])), part_[part]->size(),
                        known_[part].out[part][r]);
}

/// Returns how many values nobody else has computed.
template <class Format>
index_t PanelRows<Format>::lend() {
    index_t values = 0;
    for (std::size_t r = 0; r < whole_.which.size(); ++r) {
        const int part = part_of(whole_.which[r]);
        OwnRows<Value>* rows = shared_rows_[part];
        if (rows == nullptr || rows->lend(within(whole_.which[r]), whole_.out[part][r]))
            values += part_[part]->size();
        values += part_[1 - part]->size();
    }
    return values;
}

template <class Format>
Status PanelRows<Format>::rows(const index_t* which, index_t m, Value* const* out, int n_threads) {
    const index_t d = points_.features(), width = Format::panel_width();
    const Panels<Format>&a = *part_[0], &b = *part_[1];
    sort(which, m, out);
    make_block(m + 3 * Format::block_rows());
    index_t place = 0;
    for (Rows* rows : {&whole_, &known_[0], &known_[1]}) {
        rows->place = place;
        pack_block(rows->which.data(), rows->size(), place, n_threads);
        place += round_up(rows->size(), Format::block_rows());
    }
    const auto panel_bytes =
        static_cast<index_t>(sizeof(Number) * Format::offset(width, std::max<index_t>(d, 1)));
    const index_t panels = this->stride_ / width;
    const index_t columns =
        std::clamp<index_t>(panels / least_runs, 1, std::max<index_t>(1, run_bytes / panel_bytes)) * width;
    // A panel that the first part does not fill reaches into the columns of the second, so these come after.
    const index_t whole = a.size() / width * width;
    const index_t of_first = (whole + columns - 1) / columns;
    const index_t of_second = std::max<index_t>(1, (b.size() + columns - 1) / columns);
    const auto some = [&](index_t chunk, int) {
        const index_t first = chunk * columns, next = first - of_first * columns;
        if (chunk < of_first) return compute(0, first, std::min(whole, first + columns));
        if (chunk == of_first) compute(0, whole, a.size());
        compute(1, next, std::min(b.size(), next + columns));
    };
    const index_t borrowed = known_[0].size() * a.size() + known_[1].size() * b.size();
    const double work = static_cast<double>((m * this->stride_ - borrowed) * (d + 16));
    const Status status =
        threads::parallel_for(of_first + of_second, work < serial_work ? 1 : n_threads, some);
    if (status != Status::ok) return status;
    borrow();
    const index_t values = known_[0].size() * b.size() + known_[1].size() * a.size() + lend();
    points_.count(m, values);
    return Status::ok;
}

template <class Format>
bool PanelRows<Format>::computes_blocks() const {
    return points_.features() <= computed_features;
}

template <class Format>
Status PanelRows<Format>::block(const index_t* which, index_t m, Value* const* out, int n_threads,
                                const std::function<void(index_t, index_t)>& then) {
    const index_t d = points_.features();
    points_.count(0, m * m);
    make_block(m);
    pack_block(which, m, 0, 1);
    make_room(block_panels_, Format::offset(round_up(m, Format::panel_width()), std::max<index_t>(d, 1)));
    Format::pack(points_, block_index_.data(), m, PackedAs::panels, block_panels_.data(), nullptr);
    const PackedColumns<Format> columns = {block_panels_.data(), block_norms_.data()};
    const index_t run = 4 * Format::block_rows();
    const double work = static_cast<double>(m * m) * static_cast<double>(d + 16);
    return threads::parallel_for(
        (m + run - 1) / run, work < serial_work ? 1 : n_threads, [&](index_t chunk, int) {
            const index_t first = chunk * run, last = std::min(m, first + run);
            kernel_rows(points_, block_rows(first, last - first), columns, 0, m, out + first);
            then(first, last);
        });
}

template class PanelRows<NumberFormat<float>>;
template class PanelRows<NumberFormat<double>>;
template class PanelRows<FixedFormat<float>>;

std::unique_ptr<RowSource<float>> float_rows(const PointSet& points) {
    if (points.fixed().usable()) return std::make_unique<PanelRows<FixedFormat<float>>>(points);
    return std::make_unique<PanelRows<NumberFormat<float>>>(points);
}

FloatError float_error(const PointSet& points) {
    const KernelFunction& f = points.function();
    const FloatError useless = {HUGE_VAL, HUGE_VAL};
    if (points.points().is_sparse || f.kind == Kernel::precomputed) return useless;
    constexpr double u = 0x1p-24;
    const double longest = points.longest();
    double gamma = number_error(points.features());
    if (points.fixed().usable())
        gamma = points.fixed().error(pairwise::few_digits, longest, u) / longest + 8.0 * u;
    if (gamma > 0.01) return useless;
    // Beyond these, products of floats overflow or lose digits to subnormal numbers.
    const double base = std::abs(f.gamma) * longest + std::abs(f.coef0);
    if (!(longest < 1e30) || !(points.largest() < 1e30) || !(base < 1e30)) return useless;
    if (longest > 0 && longest < 1e-25) return useless;
    switch (f.kind) {
        case Kernel::linear:
            return {gamma * longest, 0.0};
        case Kernel::poly:
            return {std::expm1(2.0 * f.degree * gamma) * points.largest(), 0.0};
        case Kernel::sigmoid:
            return {gamma * base + 8.0 * u, 0.0};
        default:
            // Below exp(-87) a value is 0.
            return {2e-38, std::expm1(std::abs(f.gamma) * 4.0 * gamma * longest) + 8.0 * u};
    }
}

}  // namespace mlqa::svm
