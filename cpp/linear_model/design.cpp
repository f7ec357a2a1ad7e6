#include "linear_model/design.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/cancel.hpp"
#include "core/threads.hpp"
#include "linear_model/columns.kernel.hpp"

namespace mlqa::linear_model {
namespace {

constexpr index_t parallel_work = 1 << 16;  ///< values read before threads pay
constexpr index_t chunk_work = 1 << 18;     ///< values a chunk: some tenths of a millisecond

}  // namespace

Design::Design(index_t n, index_t p, int n_threads)
    : n_(n),
      p_(p),
      n_threads_(n_threads),
      means_(static_cast<std::size_t>(p), 0.0),
      squared_norms_(static_cast<std::size_t>(p), 0.0),
      norm_bounds_(static_cast<std::size_t>(p), 0.0) {}

double Design::sum_error() const {
    // columns.kernel.hpp: a dot product adds n / 8 terms in each of at least 8 partial sums; `cross` adds
    // half of a block of 512 rows in each of at least 2, and then the blocks. gram.kernel.hpp: blocks of 128
    // rows, and then these. Implicit centring adds a few operations.
    const auto n = static_cast<double>(n_);
    return 1.01 * (n / 8 + 2 * std::min(n, 128.0) + 16) * 0x1p-53;
}

Status Design::correlations(const index_t* features, index_t count, const double* r, double* out) const {
    const double begin = start(r);
    const double cost = column_cost() + 16;
    index_t chunk = static_cast<index_t>(static_cast<double>(chunk_work) / cost) + 1;
    const bool large = cost * static_cast<double>(count) > static_cast<double>(parallel_work);
    return threads::parallel_for((count + chunk - 1) / chunk, large ? n_threads_ : 1,
                                 [&](index_t number, int) {
                                     const index_t last = (number + 1) * chunk;
                                     for (index_t i = number * chunk; i < last && i < count; ++i)
                                         out[i] = dot(features[i], r, begin);
                                 });
}

Status correlations_with_target(const Design& design, const double* y, double* correlations) {
    std::vector<index_t> all(static_cast<std::size_t>(design.features()));
    std::iota(all.begin(), all.end(), index_t{0});
    return design.correlations(all.data(), design.features(), y, correlations);
}

Target target_of(const Design& design, const double* y, const double* correlations) {
    return {y, correlations, column_kernels<double>().squared_norm(y, design.samples())};
}

void Design::dots(index_t j, const double* r, index_t targets, const double* starts, double* out) const {
    for (index_t t = 0; t < targets; ++t) out[t] = dot(j, r + t * n_, starts[t]);
}

void Design::add_each(index_t j, const double* a, double* r, index_t targets, double* offsets) const {
    for (index_t t = 0; t < targets; ++t) add(j, a[t], r + t * n_, offsets + t);
}

Status Design::products(const index_t* features, index_t count, const double* r, index_t targets,
                        double* out) const {
    arena::Buffer<double> column(static_cast<std::size_t>(count));
    for (index_t t = 0; t < targets; ++t) {
        const Status status = correlations(features, count, r + t * n_, column.data());
        if (status != Status::ok) return status;
        for (index_t i = 0; i < count; ++i) out[i * targets + t] = column[static_cast<std::size_t>(i)];
    }
    return Status::ok;
}

Status Design::add_products(const index_t* features, index_t count, const double* w, index_t targets,
                            double* r) const {
    const bool large =
        column_cost() * static_cast<double>(count * targets) > static_cast<double>(parallel_work);
    return threads::parallel_for(targets, large ? n_threads_ : 1, [&](index_t t, int) {
        double offset = 0;
        for (index_t i = 0; i < count; ++i) {
            if (cancel::poll()) return Status::cancelled;
            add(features[i], w[i * targets + t], r + t * n_, &offset);
        }
        settle(r + t * n_, offset);
        return Status::ok;
    });
}

}  // namespace mlqa::linear_model
