#include "pairwise/kmeans_frame.hpp"

#include <algorithm>

#include "core/threads.hpp"
#include "pairwise/kmeans.kernel.hpp"

namespace mlqa::pairwise {
namespace {

using arena::Buffer;

constexpr index_t chunk_rows = 1024;

const KmeansTable<float>& table(float) {
    return kmeans_kernels().f32;
}
const KmeansTable<double>& table(double) {
    return kmeans_kernels().f64;
}

}  // namespace

template <class S>
Status kmeans_frame(const KnnRows<S>& rows, const KnnRows<S>& centres, int n_threads, Frame& frame,
                    double& variance) {
    const index_t d = rows.d, chunks = rounded_up(rows.rows, chunk_rows) / chunk_rows;
    frame.centre = centre_of(rows);
    const Buffer<double> sum(static_cast<std::size_t>(chunks * d), 0.0);
    const Buffer<double> square(static_cast<std::size_t>(chunks), 0.0), largest(square.size(), 0.0);
    const Status status = threads::parallel_for(chunks, n_threads, [&](index_t chunk, int) {
        const index_t first = chunk * chunk_rows, last = std::min(rows.rows, first + chunk_rows);
        table(S{}).moments(part(rows, first, last), frame.centre.data(), sum.data() + chunk * d,
                           square.data() + chunk, largest.data() + chunk);
    });
    if (status != Status::ok) return status;
    const double n = static_cast<double>(rows.rows);
    double extent = 0, squares = 0;
    for (index_t c = 0; c < chunks; ++c) {
        extent = std::max(extent, largest.data()[c]);
        squares += square.data()[c];
    }
    variance = squares / n;
    for (index_t j = 0; j < d; ++j) {
        double total = 0;
        for (index_t c = 0; c < chunks; ++c) total += sum.data()[c * d + j];
        variance -= total / n * (total / n);
    }
    variance = std::max(variance, 0.0) / static_cast<double>(d);
    Buffer<double> unused(static_cast<std::size_t>(d), 0.0);
    table(S{}).moments(centres, frame.centre.data(), unused.data(), square.data(), &extent);
    set_scale(extent, d, frame);
    return status;
}

template Status kmeans_frame<float>(const KnnRows<float>&, const KnnRows<float>&, int, Frame&, double&);
template Status kmeans_frame<double>(const KnnRows<double>&, const KnnRows<double>&, int, Frame&, double&);

}  // namespace mlqa::pairwise
