#include "svm/class_tiles.hpp"

#include <algorithm>
#include <numeric>

namespace mlqa::svm {
namespace {

/// Most points of a class, and of a run: two runs' values are to stay in L2.
constexpr index_t class_points = 160, run_points = 256;
/// Times that a machine may begin to work again, and the work of a tile, steps times points, after which what
/// is open is left to the caller.
constexpr int most_advances = 3;
constexpr double most_work = 1e7;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

index_t panel_width() {
    return rows_kernels().panel_width;
}

}  // namespace

ClassTiles::Window::Window(const Settings& settings) {
    for (int m = 0; m < pair_steps_kernels().sets; ++m) machines.emplace_back(settings);
}

bool ClassTiles::takes(index_t size) {
    return size <= class_points;
}

ClassTiles::ClassTiles(const Problem& problem, const Settings& settings, const PointSet& points,
                       const ClassPoints& classes)
    : problem_(problem), settings_(settings), points_(points), classes_(classes) {
    find_runs();
    const auto runs = static_cast<index_t>(runs_.size());
    for (index_t r = 0; r < runs; ++r)
        for (index_t s = r; s < runs; ++s) tiles_.push_back({r, s});
    for (int w = 0; w < settings.n_threads; ++w) windows_.emplace_back(settings);
}

void ClassTiles::find_runs() {
    index_t begin = 0;
    const auto close = [&](index_t end) {
        if (begin == end) return;
        runs_.push_back({begin, end});
        const Columns of = columns(runs_.back());
        half_ = std::max(half_, (of.last - of.first + panel_width() - 1) / panel_width() * panel_width());
        begin = end;
    };
    for (index_t c = 0; c < problem_.classes; ++c) {
        if (!takes(problem_.size(c))) {
            close(c);
            begin = c + 1;
        } else if (problem_.start[c + 1] - problem_.start[begin] > run_points) {
            close(c);
        }
    }
    close(problem_.classes);
}

ClassTiles::Columns ClassTiles::columns(const Run& run) const {
    return {problem_.start[run.begin] / panel_width() * panel_width(), problem_.start[run.end]};
}

/// Rows of points [first, last), whose place in the window is `shift` further on than among the points, over
/// these columns, which are `shift` further on as well.
void ClassTiles::values(Window& window, index_t first, index_t last, const Columns& columns, index_t shift,
                        Block& block) const {
    window.which.resize(at(last - first));
    std::iota(window.which.begin(), window.which.end(), first);
    points_.pack(window.which.data(), last - first, block);
    window.out.clear();
    for (index_t i = first; i < last; ++i)
        window.out.push_back(window.values.data() + (i + shift) * 2 * half_ + shift);
    points_.count(last - first, (last - first) * (columns.last - columns.first));
    points_.rows(block, columns.first, columns.last, window.out.data());
}

void ClassTiles::fill(Window& window, const Tile& tile) const {
    const index_t stride = 2 * half_;
    if (window.values.size() == 0) {
        window.values = arena::Buffer<double>(at(stride * stride + State::filling()), 0.0);
        window.diagonal = arena::Buffer<double>(at(stride), 0.0);
    }
    const Run &a = runs_[at(tile.first)], &b = runs_[at(tile.second)];
    const Columns of_a = columns(a), of_b = columns(b);
    if (window.held != tile.first) {
        window.held = tile.first;
        values(window, problem_.start[a.begin], of_a.last, of_a, -of_a.first, window.rows);
        std::copy(points_.diagonal() + of_a.first, points_.diagonal() + of_a.last, window.diagonal.data());
    }
    if (tile.first == tile.second) return;
    const index_t shift = half_ - of_b.first;
    for (index_t c = b.begin; c < b.end; ++c) {
        const Columns own = columns({c, c + 1});
        values(window, problem_.start[c], own.last, own, shift, window.class_rows);
    }
    std::copy(points_.diagonal() + of_b.first, points_.diagonal() + of_b.last,
              window.diagonal.data() + half_);
    window.out.clear();
    const index_t first = problem_.start[a.begin] - of_a.first, n = of_a.last - problem_.start[a.begin];
    for (index_t i = first; i < first + n; ++i)
        window.out.push_back(window.values.data() + i * stride + shift);
    points_.count(0, n * (of_b.last - of_b.first));
    points_.rows(window.rows, of_b.first, of_b.last, window.out.data());
    rows_kernels().mirror(window.values.data(), stride, first, n, half_, half_ + of_b.last - of_b.first);
}

/// The machines of a window that have not ended.
void ClassTiles::advance(Window& window, bool in_turn) const {
    window.sets.clear();
    for (std::size_t m = 0; m < window.ended.size(); ++m) {
        if (window.ended[m] != 0) continue;
        if (in_turn)
            window.sets.push_back(window.machines[m].set());
        else
            window.ended[m] = window.machines[m].advance(1) ? 1 : 0;
    }
    if (window.sets.empty()) return;
    window.reports.resize(window.sets.size());
    pair_steps_kernels().solve(window.sets.data(), static_cast<int>(window.sets.size()), settings_.tol,
                               window.reports.data());
    const StepReport* report = window.reports.data();
    for (std::size_t m = 0; m < window.ended.size(); ++m)
        if (window.ended[m] == 0) window.ended[m] = window.machines[m].reached(*report++) ? 1 : 0;
}

/// Some machines; returns the work that they took.
double ClassTiles::solve(Window& window, const std::vector<Pair>& pairs, const Tile& tile, int worker,
                         const Done& done) const {
    const KernelMatrix matrix = {window.values.data(), 2 * half_, window.diagonal.data(), points_.largest()};
    const index_t shift = -columns(runs_[at(tile.first)]).first;
    const index_t b_shift = tile.first == tile.second ? shift : half_ - columns(runs_[at(tile.second)]).first;
    const bool in_turn = problem_.nu <= 0;
    for (std::size_t m = 0; m < pairs.size(); ++m) {
        const auto [a, b] = pairs[m];
        window.machines[m].restart(window.variables.task(problem_, a, b), matrix, problem_.start[a] + shift,
                                   problem_.start[b] + b_shift, in_turn);
    }
    window.ended.assign(pairs.size(), 0);
    for (int i = 0; i < most_advances; ++i) advance(window, in_turn);
    double work = 0;
    for (std::size_t m = 0; m < pairs.size(); ++m) {
        Outcome& outcome = window.machines[m].outcome;
        work += static_cast<double>(outcome.steps) *
                static_cast<double>(problem_.size(pairs[m].a) + problem_.size(pairs[m].b) + 64);
        done(pairs[m], window.ended[m] != 0 ? &outcome : nullptr, worker);
    }
    return work;
}

void ClassTiles::train(index_t number, int worker, const Done& done) {
    const Tile& tile = tiles_[at(number)];
    Window& window = windows_[at(worker)];
    fill(window, tile);
    const Run &of_a = runs_[at(tile.first)], &of_b = runs_[at(tile.second)];
    double work = 0;
    std::vector<Pair>& next = window.pairs;
    next.clear();
    for (index_t a = of_a.begin; a < of_a.end; ++a)
        for (index_t b = std::max(a + 1, of_b.begin); b < of_b.end; ++b) {
            if (work >= most_work || classes_.far(a, b)) {
                done({a, b}, nullptr, worker);
                continue;
            }
            next.push_back({a, b});
            if (next.size() < window.machines.size()) continue;
            work += solve(window, next, tile, worker, done);
            next.clear();
        }
    if (!next.empty()) solve(window, next, tile, worker, done);
}

}  // namespace mlqa::svm
