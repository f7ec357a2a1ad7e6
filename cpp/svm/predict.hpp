// Prediction with one-vs-one machines: groups of points meet all support vectors, and the kernel values of a
// group become decision values while they are in cache. No kernel matrix is kept.
//
//     f_ab(x) = sum_{s in a} coef[b - 1][s] k(x_s, x) + sum_{s in b} coef[a][s] k(x_s, x) + intercept_ab
//
// for classes a < b; class a has the vote if f_ab(x) > 0, else b; of several classes with most votes the
// first is predicted (LIBSVM's rule).
//
// Decision values are in double: kernel values as in svm/rows.hpp, sums as in svm/decide.kernel.hpp. A value
// has the same bits from any group and for any number of threads, and whether it is asked for by the vote or
// by the graph.
//
// Classes are those of the decision values in double. They are found from values in float where
// svm/screen.hpp leaves no doubt, and points with a doubt are computed again in double: 0.1 to 5 % of them.
// For five and more classes a likely winner is asked first: if it wins against all others it is the answer,
// after 2 n + (k - 2) n_a multiplications for n support vectors, n_a of them in the winner's class, instead
// of (k - 1) n.
//
// One machine (regression, one class) is a pair of classes whose second has no support vectors. Machines that
// each have a coefficient for every support vector (a code book's, all classes at once) are sums over one
// class: outputs().
#pragma once

#include <mutex>
#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/decide.kernel.hpp"
#include "svm/rows.hpp"
#include "svm/screen.hpp"

namespace mlqa::svm {

/// A fitted model, as the caller holds it.
struct Machines {
    Points support;                   ///< support vectors, sorted by class; unused for a precomputed kernel
    const index_t* column = nullptr;  ///< precomputed: columns of the support vectors in the points' matrix
    KernelFunction function;
    index_t classes = 0;
    const index_t* start = nullptr;  ///< classes + 1 offsets
    const double* coef = nullptr;    ///< (classes - 1) x support vectors, row-major
    const double* intercept = nullptr;

    index_t size() const { return start[classes]; }
    index_t pairs() const { return classes * (classes - 1) / 2; }
};

/// Points to predict: dense rows of doubles or floats, or sparse rows.
struct Queries {
    MatrixView<const double> dense;
    MatrixView<const float> narrow;
    SparseView<double> sparse;
    enum class Kind { dense, narrow, sparse } kind = Kind::dense;

    index_t count() const {
        if (kind == Kind::sparse) return sparse.outer;
        return kind == Kind::narrow ? narrow.rows : dense.rows;
    }
    index_t features() const {
        if (kind == Kind::sparse) return sparse.inner;
        return kind == Kind::narrow ? narrow.cols : dense.cols;
    }
};

/// Support vectors packed, coefficients and what bounds them, in one precision.
template <class T>
struct PackedMachines {
    arena::Buffer<T> panels, norms, coef, intercept, reach;
    arena::Buffer<double> centre;
    MachineView<T> view;
};

/// A model ready to predict: the arrays of `machines` must outlive it. Safe to use from several threads.
class Predictor {
public:
    Predictor(const Machines& machines, int n_threads);

    const Machines& machines() const { return machines_; }
    /// Classes of the points by vote.
    Status classes(const Queries& x, int n_threads, index_t* label) const;
    /// Decision values, points x pairs, row-major.
    Status decisions(const Queries& x, int n_threads, double* out) const;
    /// out[i rows + r] = sum_s coef[r n + s] k(x_s, x_i) + intercept[r], over all n support vectors.
    Status outputs(const Queries& x, const double* coef, const double* intercept, index_t rows, int n_threads,
                   double* out) const;
    /// Decision values in float as doubles, and the bounds of their distance from decisions(): for tests.
    Status screened(const Queries& x, double* value, double* bound) const;
    /// Whether classes are looked for in float first.
    bool screens(const Queries& x) const;

private:
    friend class Graph;  // svm/dag.hpp
    template <class T>
    struct Worker;
    struct Group {
        const index_t* index;
        index_t count;
    };
    template <class T>
    Status pack(PackedMachines<T>& packed, const arena::Buffer<double>& norms, int n_threads) const;
    template <class T>
    Status prepare(int n_threads) const;
    template <class T>
    void take(const Queries& x, const Group& group, Worker<T>& worker) const;
    template <class T>
    void values_of(index_t count, index_t first, index_t last, Worker<T>& worker) const;
    template <class T>
    Status values(const Queries& x, const Group& group, Worker<T>& worker) const;
    Status fill(const Queries& x, const Group& group, Worker<float>& worker) const;
    Status fill(const Queries& x, const Group& group, Worker<double>& worker) const;
    template <class T>
    index_t decide(const T* values, T error, Worker<T>& worker) const;
    template <class T>
    const PackedMachines<T>& packed() const {
        if constexpr (sizeof(T) == sizeof(float))
            return single_;
        else
            return double_;
    }
    float error(const Worker<float>& worker, index_t j) const;
    double error(const Worker<double>&, index_t) const { return 0.0; }
    template <class T>
    Status label_points(const Queries& x, const std::vector<index_t>* chosen, int n_threads,
                        index_t* label) const;
    template <class T>
    void decide_all(const Group& group, Worker<T>& worker, T* out) const;
    template <class T>
    index_t group_size() const;
    template <class T, class Work>
    Status by_groups(const Queries& x, const std::vector<index_t>* chosen, int n_threads, Work&& work) const;

    Machines machines_;
    PackedMachines<float> single_;
    mutable PackedMachines<double> double_;  ///< packed once somebody asks for doubles
    mutable bool double_packed_ = false;
    mutable std::mutex packing_;
    arena::Buffer<double> double_norms_, support_norms_;
    Screen screen_;
    index_t stride_ = 0;
};

}  // namespace mlqa::svm
