#include "svm/class_tiles.hpp"

#include <algorithm>
#include <numeric>

namespace mlqa::svm {
namespace {

/// Most points of a class, and of a run: two runs' values are to stay in L2.
constexpr index_t class_points = 160, run_points = 192;
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

void ClassTiles::train(index_t number, int worker, const Done& done) {
    const Tile& tile = tiles_[at(number)];
    Window& window = windows_[at(worker)];
    fill(window, tile);
    const Run &of_a = runs_[at(tile.first)], &of_b = runs_[at(tile.second)];
    const KernelMatrix matrix = {window.values.data(), 2 * half_, window.diagonal.data(), points_.largest()};
    const index_t a_shift = -columns(of_a).first;
    const index_t b_shift = tile.first == tile.second ? a_shift : half_ - columns(of_b).first;
    double work = 0;
    for (index_t a = of_a.begin; a < of_a.end; ++a)
        for (index_t b = std::max(a + 1, of_b.begin); b < of_b.end; ++b) {
            bool ended = false;
            if (work < most_work && !classes_.far(a, b)) {
                window.machine.restart(window.variables.task(problem_, a, b), matrix,
                                       problem_.start[a] + a_shift, problem_.start[b] + b_shift);
                for (int i = 0; i < most_advances && !ended; ++i) ended = window.machine.advance(1);
                work += static_cast<double>(window.machine.outcome.steps) *
                        static_cast<double>(problem_.size(a) + problem_.size(b) + 64);
            }
            done({a, b}, ended ? &window.machine.outcome : nullptr, worker);
        }
}

}  // namespace mlqa::svm
