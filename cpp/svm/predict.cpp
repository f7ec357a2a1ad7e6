#include "svm/predict.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/threads.hpp"
#include "pairwise/tiles.kernel.hpp"
#include "svm/predict.kernel.hpp"

namespace mlqa::svm {
namespace {

/// From this many classes on, machines are summed a block at a time.
constexpr index_t block_classes = 5;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

index_t round_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

}  // namespace

Predictor::Predictor(const Machines& machines) : machines_(machines), width_(rows_kernels().panel_width) {
    const RowsKernels& kernels = rows_kernels();
    const index_t n = machines.size(), d = machines.support.features();
    pack_coefficients();
    if (machines.function.kind == Kernel::precomputed) return;
    norms_ = arena::Buffer<double>(at(round_up(n, kernels.block_rows)), 0.0);
    if (machines.support.is_sparse) {
        kernels.sparse_norms(&machines.support.sparse, nullptr, n, norms_.data());
        return;
    }
    if (machines.function.kind == Kernel::rbf && n > 0) choose_centre(machines.support, nullptr, n, centre_);
    packed_ = arena::Buffer<double>(at(round_up(n, kernels.block_rows)) * at(std::max<index_t>(d, 1)));
    const MatrixView<const double>& x = machines.support.dense;
    tiles_kernels().f64.pack_f64(x.data, x.row_stride, x.col_stride, nullptr, n, d, centre_.data(),
                                 kernels.block_rows, packed_.data());
    kernels.norms(packed_.data(), kernels.block_rows, n, d, norms_.data());
}

/// Rows of the coefficients one after the other, and block-packed for each class where there are many.
void Predictor::pack_coefficients() {
    const index_t k = machines_.classes, n = machines_.size();
    coef_ = arena::Buffer<double>(at((k - 1) * n));
    for (index_t r = 0; r < k - 1; ++r)
        for (index_t s = 0; s < n; ++s) coef_[at(r * n + s)] = machines_.coef(r, s);
    if (k < block_classes) return;
    const int block = predict_kernels().block_rows;
    const index_t machines = round_up(k - 1, block);
    packed_coef_ = arena::Buffer<double>(at(machines * n));
    for (index_t c = 0; c < k; ++c)
        tiles_kernels().f64.pack_f64(coef_.data() + machines_.start[c], n, 1, nullptr, k - 1,
                                     machines_.start[c + 1] - machines_.start[c], nullptr, block,
                                     packed_coef_.data() + machines * machines_.start[c]);
}

void Predictor::pack_points(const Points& x, index_t first, index_t n, Scratch& scratch) const {
    const index_t d = x.features();
    if (scratch.norms.size() == 0) scratch.norms = arena::Buffer<double>(at(width_), 0.0);
    index_t which[64];
    std::iota(which, which + n, first);
    std::fill(scratch.norms.begin(), scratch.norms.end(), 0.0);
    if (x.is_sparse) {
        if (scratch.slot.size() == 0) scratch.slot = arena::Buffer<std::int32_t>(at(d), 0);
        rows_kernels().sparse_norms(&x.sparse, which, n, scratch.norms.data());
        return;
    }
    if (scratch.panel.size() == 0)
        scratch.panel = arena::Buffer<double>(at(width_ * std::max<index_t>(d, 1)));
    tiles_kernels().f64.pack_f64(x.dense.data, x.dense.row_stride, x.dense.col_stride, which, n, d,
                                 centre_.data(), width_, scratch.panel.data());
    rows_kernels().norms(scratch.panel.data(), width_, n, d, scratch.norms.data());
}

void Predictor::values(const Points& x, index_t first, index_t n, Scratch& scratch) const {
    const RowsKernels& kernels = rows_kernels();
    const index_t support = machines_.size(), d = x.features();
    if (scratch.values.size() == 0) scratch.values = arena::Buffer<double>(at(support) * at(width_), 0.0);
    double* out = scratch.values.data();
    if (machines_.function.kind == Kernel::precomputed) {
        for (index_t s = 0; s < support; ++s)
            for (index_t j = 0; j < n; ++j) out[s * width_ + j] = x.dense(first + j, machines_.column[s]);
        return;
    }
    pack_points(x, first, n, scratch);
    if (!x.is_sparse) {
        kernels.panel(&machines_.function, packed_.data(), norms_.data(), support, scratch.panel.data(),
                      scratch.norms.data(), d, out);
        return;
    }
    index_t which[64];
    std::iota(which, which + n, first);
    const index_t slots = spread(x.sparse, which, n, width_, scratch.slot.data(), scratch.panel);
    const SparseBlock block = {scratch.panel.data(), scratch.norms.data(), scratch.slot.data(), slots, n};
    kernels.sparse_panel(&machines_.function, &block, &machines_.support.sparse, norms_.data(), out);
    clear_slots(x.sparse, which, n, scratch.slot.data());
}

void Predictor::machine(index_t a, index_t b, const Scratch& scratch, double* out) const {
    const index_t* start = machines_.start;
    const index_t n = machines_.size();
    const double* values = scratch.values.data();
    predict_kernels().machine(coef_.data() + (b - 1) * n + start[a], values + start[a] * width_,
                              start[a + 1] - start[a], coef_.data() + a * n + start[b],
                              values + start[b] * width_, start[b + 1] - start[b],
                              machines_.intercept[machines_.pair(a, b)], out);
}

void Predictor::all_machines(Scratch& scratch, double* out) const {
    const index_t k = machines_.classes;
    if (k < block_classes) {
        for (index_t a = 0; a < k; ++a)
            for (index_t b = a + 1; b < k; ++b) machine(a, b, scratch, out + machines_.pair(a, b) * width_);
        return;
    }
    const index_t machines = round_up(k - 1, predict_kernels().block_rows);
    if (scratch.sums.size() == 0) scratch.sums = arena::Buffer<double>(at(k * (k - 1) * width_));
    const auto sums = [&](index_t c, index_t r) { return scratch.sums.data() + (c * (k - 1) + r) * width_; };
    for (index_t c = 0; c < k; ++c) {
        const index_t first = machines_.start[c];
        predict_kernels().class_sums(packed_coef_.data() + machines * first, k - 1,
                                     scratch.values.data() + first * width_, machines_.start[c + 1] - first,
                                     sums(c, 0));
    }
    for (index_t a = 0; a < k; ++a)
        for (index_t b = a + 1; b < k; ++b) {
            const double* of_a = sums(a, b - 1);
            const double* of_b = sums(b, a);
            const index_t pair = machines_.pair(a, b);
            for (index_t j = 0; j < width_; ++j)
                out[pair * width_ + j] = (of_a[j] + of_b[j]) + machines_.intercept[pair];
        }
}

Status vote(const Machines& machines, const Points& x, int n_threads, double* decision, index_t* label) {
    const Predictor predictor(machines);
    const index_t n = x.count(), k = machines.classes, pairs = machines.pairs(),
                  width = predictor.panel_width();
    struct Worker {
        Predictor::Scratch scratch;
        std::vector<double> decided;
        std::vector<index_t> votes;
    };
    std::vector<Worker> workers(at(n_threads));
    const double work = static_cast<double>(n) * static_cast<double>(machines.size() * (x.features() + 16));
    return threads::parallel_for(
        (n + width - 1) / width, work < serial_work ? 1 : n_threads, [&](index_t chunk, int w) {
            Worker& worker = workers[at(w)];
            worker.decided.resize(at(pairs * width));
            const index_t first = chunk * width, m = std::min(width, n - first);
            predictor.values(x, first, m, worker.scratch);
            predictor.all_machines(worker.scratch, worker.decided.data());
            for (index_t j = 0; j < m; ++j) {
                worker.votes.assign(at(k), 0);
                index_t pair = 0;
                for (index_t a = 0; a < k; ++a)
                    for (index_t b = a + 1; b < k; ++b, ++pair) {
                        const double value = worker.decided[at(pair * width + j)];
                        if (decision != nullptr) decision[(first + j) * pairs + pair] = value;
                        ++worker.votes[at(value > 0 ? a : b)];
                    }
                if (label != nullptr)
                    label[first + j] =
                        std::max_element(worker.votes.begin(), worker.votes.end()) - worker.votes.begin();
            }
        });
}

}  // namespace mlqa::svm
