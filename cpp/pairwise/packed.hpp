// Rows as the float32 screen wants them: centred, scaled and packed; formulas in pairwise/knn.hpp.
#pragma once

#include <algorithm>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "pairwise/knn.kernel.hpp"

namespace mlqa::pairwise {

template <class T>
arena::Buffer<T> buffer(index_t size) {
    return arena::Buffer<T>(static_cast<std::size_t>(std::max<index_t>(size, 1)));
}

inline index_t rounded_up(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

/// Rows [first, last) of a set.
template <class S>
KnnRows<S> part(const KnnRows<S>& rows, index_t first, index_t last) {
    KnnRows<S> p = rows;
    p.rows = last - first;
    if (p.index != nullptr)
        p.index += first;
    else
        p.x += first * p.row_stride;
    return p;
}

/// A set of rows, packed.
struct Packed {
    arena::Buffer<float> panels, low, slack;
    KnnPacked out{};

    Packed() = default;
    Packed(index_t rows, index_t d, int width, const double* centre, double scale) {
        const index_t padded = rounded_up(rows, width);
        panels = buffer<float>(padded * d);
        low = buffer<float>(padded);
        slack = buffer<float>(padded);
        out = {centre, scale, width, panels.data(), low.data(), slack.data()};
    }
};

/// Centre and scale of a problem; valid is false where the data is outside the screen's range. `within`: the
/// queries are rows of the base.
struct Frame {
    arena::Buffer<double> centre;
    double scale = 1;
    bool valid = false;
};

/// The mean of up to 256 rows, spread evenly: near enough to make the screen sharp.
template <class S>
arena::Buffer<double> centre_of(const KnnRows<S>& rows);

/// The scale that brings values of at most `extent` into [1/2, 1); valid where the screen can use it.
void set_scale(double extent, index_t d, Frame& frame);

/// S is float or double.
template <class S>
Status frame_of(const KnnRows<S>& base, const KnnRows<S>& queries, bool within, int n_threads, Frame& frame);

/// Packs all rows, filled to a whole group of `padding` rows.
template <class S>
Status pack_rows_of(const KnnRows<S>& rows, index_t padding, const Packed& packed, int n_threads);

}  // namespace mlqa::pairwise
