// What becomes of tiles of products of points: kernel values, kept as rows or summed at once.
//
// Included by kernel sources only.
#pragma once

#include "pairwise/tiles.hpp"
#include "svm/values.hpp"

namespace mlqa::svm {
namespace {

using pairwise::Tile;
using simd::f64;

constexpr int lanes = simd::lanes<double>;

/// The kernel values of one row of a tile.
template <class T, class V>
struct RowValues {
    V value;
    const T* a_norms;
    simd::vec<T> b0, b1;

    MLQA_INLINE RowValues(V v, const T* a, const T* b) : value(v), a_norms(a) {
        b0 = simd::load(b);
        b1 = simd::load(b + simd::lanes<T>);
    }
    template <int R>
    MLQA_INLINE void operator()(const Tile<T, R>& tile, int r, simd::vec<T>& v0, simd::vec<T>& v1) const {
        const simd::vec<T> a = simd::broadcast(a_norms[tile.row + r]);
        v0 = value(tile.dot[r][0], a + b0);
        v1 = value(tile.dot[r][1], a + b1);
    }
};

template <class T, class V>
struct StoreRows {
    V value;
    const T* a_norms;
    const T* b_norms;
    T* const* out;

    template <int R>
    MLQA_INLINE void operator()(const Tile<T, R>& tile) const {
        const RowValues<T, V> values(value, a_norms, b_norms + tile.column);
        for (int r = 0; r < tile.rows; ++r) {
            simd::vec<T> v0, v1;
            values(tile, r, v0, v1);
            T* row = out[tile.row + r] + tile.column;
            simd::store(row, v0);
            simd::store(row + simd::lanes<T>, v1);
        }
    }
};

template <class V>
struct AddSums {
    V value;
    const double* a_norms;
    const double* b_norms;
    const double* weight;
    double* partial;

    template <int R>
    MLQA_INLINE void operator()(const Tile<double, R>& tile) const {
        each_row(tile, [](int, f64, f64) {});
    }

    /// Adds to the sums of the rows and hands the values of each row to `body`.
    template <int R, class Body>
    MLQA_INLINE void each_row(const Tile<double, R>& tile, Body&& body) const {
        const RowValues<double, V> values(value, a_norms, b_norms + tile.column);
        const f64 w0 = simd::load(weight + tile.column), w1 = simd::load(weight + tile.column + lanes);
        for (int r = 0; r < tile.rows; ++r) {
            f64 v0, v1;
            values(tile, r, v0, v1);
            double* sum = partial + (tile.row + r) * lanes;
            simd::store(sum, simd::fma(w1, v1, simd::fma(w0, v0, simd::load(sum))));
            body(r, v0, v1);
        }
    }
};

template <class V>
struct AddMutualSums {
    AddSums<V> add;
    const double* a_weight;
    double* column;

    template <int R>
    MLQA_INLINE void operator()(const Tile<double, R>& tile) const {
        double* out = column + tile.column;
        f64 sum0 = simd::load(out), sum1 = simd::load(out + lanes);
        add.each_row(tile, [&](int r, f64 v0, f64 v1) {
            const f64 w = simd::broadcast(a_weight[tile.row + r]);
            sum0 = simd::fma(w, v0, sum0);
            sum1 = simd::fma(w, v1, sum1);
        });
        simd::store(out, sum0);
        simd::store(out + lanes, sum1);
    }
};

}  // namespace
}  // namespace mlqa::svm
