// Prediction with one-vs-one machines: panels of points meet all support vectors, and the kernel values of a
// panel become decision values while they are in cache. No kernel matrix is kept.
//
//     f_ab(x) = sum_{s in a} coef[b - 1][s] k(x_s, x) + sum_{s in b} coef[a][s] k(x_s, x) + intercept_ab
//
// for classes a < b; class a has the vote if f_ab(x) > 0, else b; of several classes with most votes the
// first is predicted (LIBSVM's rule). Sums are in double, a class after the other, in the order of the
// support vectors: a value has the same bits from any panel and whether it is asked for by the vote or by the
// graph.
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/rows.hpp"

namespace mlqa::svm {

/// A fitted model, as the caller holds it.
struct Machines {
    Points support;                   ///< support vectors, sorted by class; unused for a precomputed kernel
    const index_t* column = nullptr;  ///< precomputed: columns of the support vectors in the points' matrix
    KernelFunction function;
    index_t classes = 0;
    const index_t* start = nullptr;  ///< classes + 1 offsets
    MatrixView<const double> coef;   ///< (classes - 1) x support vectors
    const double* intercept = nullptr;

    index_t size() const { return start[classes]; }
    index_t pairs() const { return classes * (classes - 1) / 2; }
    index_t pair(index_t a, index_t b) const { return a * classes - a * (a + 1) / 2 + (b - a - 1); }
};

/// Kernel values of panels of points with all support vectors.
class Predictor {
public:
    explicit Predictor(const Machines& machines);

    /// What a thread works in.
    struct Scratch {
        arena::Buffer<double> values;  ///< support vectors x panel_width
        arena::Buffer<double> panel, norms, sums;
        arena::Buffer<std::int32_t> slot;
    };
    int panel_width() const { return width_; }
    /// Values of points [first, first + n) of x, n at most panel_width().
    void values(const Points& x, index_t first, index_t n, Scratch& scratch) const;
    /// Machine (a, b), a < b, for a panel whose values are there.
    void machine(index_t a, index_t b, const Scratch& scratch, double* out) const;
    /// All machines: out[pair * panel_width + point].
    void all_machines(Scratch& scratch, double* out) const;
    const Machines& machines() const { return machines_; }

private:
    void pack_points(const Points& x, index_t first, index_t n, Scratch& scratch) const;
    void pack_coefficients();

    const Machines& machines_;
    int width_;
    arena::Buffer<double> centre_, packed_, norms_, coef_;
    arena::Buffer<double> packed_coef_;
};

/// Decision values (points x pairs, row-major) and the classes voted for; either may be nullptr.
Status vote(const Machines& machines, const Points& x, int n_threads, double* decision, index_t* label);

}  // namespace mlqa::svm
