#include "pairwise/packed.hpp"

#include <cmath>

#include "core/threads.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t centre_rows = 256;  ///< rows whose mean is the centre
constexpr index_t pack_rows = 1024;   ///< rows packed by one chunk; a multiple of every panel's width
constexpr index_t screened_features = 1 << 20;
constexpr double largest_scale = 0x1p400;

const KnnTable<float>& table(float) {
    return knn_kernels().f32;
}
const KnnTable<double>& table(double) {
    return knn_kernels().f64;
}

}  // namespace

template <class S>
Buffer<double> centre_of(const KnnRows<S>& rows) {
    Buffer<double> centre(static_cast<std::size_t>(std::max<index_t>(rows.d, 1)), 0.0);
    const index_t sampled = std::min(rows.rows, centre_rows);
    for (index_t i = 0; i < sampled; ++i) {
        const S* x = rows.row(i * rows.rows / sampled);
        for (index_t j = 0; j < rows.d; ++j) centre.data()[j] += static_cast<double>(x[j]);
    }
    for (double& c : centre) c /= static_cast<double>(sampled);
    return centre;
}

void set_scale(double extent, index_t d, Frame& frame) {
    if (d > screened_features || d == 0) return;
    if (!(extent >= 1 / largest_scale && extent <= largest_scale)) return;
    int exponent = 0;
    std::frexp(extent, &exponent);
    frame.scale = std::ldexp(1.0, -exponent);
    frame.valid = true;
}

namespace {

/// max |x - centre| over all rows; NaN where there is one.
template <class S>
Status extent_of(const KnnRows<S>& rows, const double* centre, int n_threads, double& extent) {
    const index_t chunks = rounded_up(rows.rows, pack_rows) / pack_rows;
    const Buffer<double> parts = buffer<double>(chunks);
    const Status status = threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        const index_t first = chunk * pack_rows, last = std::min(rows.rows, first + pack_rows);
        parts.data()[chunk] = table(S{}).extent(part(rows, first, last), centre);
    });
    if (status != Status::ok) return status;
    for (index_t c = 0; c < chunks; ++c)
        if (!(parts.data()[c] <= extent)) extent = std::isnan(extent) ? extent : parts.data()[c];
    return Status::ok;
}

}  // namespace

template <class S>
Status frame_of(const KnnRows<S>& base, const KnnRows<S>& queries, bool within, int n_threads, Frame& frame) {
    if (base.d > screened_features || base.d == 0) return Status::ok;
    frame.centre = centre_of(base);
    double extent = 0;
    Status status = extent_of(base, frame.centre.data(), n_threads, extent);
    if (status == Status::ok && !within) status = extent_of(queries, frame.centre.data(), n_threads, extent);
    if (status != Status::ok) return status;
    set_scale(extent, base.d, frame);
    return Status::ok;
}

template <class S>
Status pack_rows_of(const KnnRows<S>& base, index_t padding, const Packed& packed, int n_threads) {
    const index_t padded = rounded_up(base.rows, padding);
    const index_t chunks = rounded_up(padded, pack_rows) / pack_rows;
    return threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        const index_t first = chunk * pack_rows;
        table(S{}).pack(base, first, std::min(padded, first + pack_rows), packed.out);
    });
}

template Buffer<double> centre_of<float>(const KnnRows<float>&);
template Buffer<double> centre_of<double>(const KnnRows<double>&);
template Status frame_of<float>(const KnnRows<float>&, const KnnRows<float>&, bool, int, Frame&);
template Status frame_of<double>(const KnnRows<double>&, const KnnRows<double>&, bool, int, Frame&);
template Status pack_rows_of<float>(const KnnRows<float>&, index_t, const Packed&, int);
template Status pack_rows_of<double>(const KnnRows<double>&, index_t, const Packed&, int);

}  // namespace mlqa::pairwise
