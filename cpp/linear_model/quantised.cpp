#include "linear_model/quantised.hpp"

#include <algorithm>
#include <new>

#include "core/threads.hpp"

namespace mlqa::linear_model {
namespace {

constexpr index_t narrowest = 16;  ///< floats in 4 vectors of the narrowest instruction set
constexpr index_t chunk_entries = 1 << 18;
constexpr index_t parallel_entries = 1 << 17;  ///< before threads pay

index_t columns_a_chunk(index_t n) {
    return std::max<index_t>(1, chunk_entries / std::max<index_t>(1, n));
}

}  // namespace

Status Quantised::build(const Design& design) {
    const index_t n = design.samples(), p = design.features(), chunk = columns_a_chunk(n);
    if (n > INT64_MAX / p) throw std::bad_alloc();
    entries_ = arena::Buffer<std::int8_t>(static_cast<std::size_t>(n * p));
    columns_.resize(static_cast<std::size_t>(p));
    const Status status = threads::parallel_for(
        (p + chunk - 1) / chunk, n * p > parallel_entries ? design.threads() : 1, [&](index_t number, int) {
            const index_t end = std::min(p, (number + 1) * chunk);
            for (index_t j = number * chunk; j < end; ++j)
                columns_[static_cast<std::size_t>(j)] = design.quantise(j, entries_.data() + j * n);
        });
    if (status != Status::ok) columns_.clear();
    residual_ = arena::Buffer<float>(static_cast<std::size_t>(n));
    return status;
}

Status Quantised::products(const Design& design, const std::vector<index_t>& features, const double* r,
                           double r_norm, double* values, double* errors) {
    const index_t n = design.samples(), count = static_cast<index_t>(features.size()),
                  chunk = columns_a_chunk(n);
    for (index_t i = 0; i < n; ++i) residual_[static_cast<std::size_t>(i)] = static_cast<float>(r[i]);
    const double gamma = (static_cast<double>(n) / narrowest + 12) * 0x1p-24;
    const auto dot = screening_kernels().quantised_dot;
    return threads::parallel_for(
        (count + chunk - 1) / chunk, n * count > parallel_entries ? design.threads() : 1,
        [&](index_t number, int) {
            const index_t end = std::min(count, (number + 1) * chunk);
            for (index_t i = number * chunk; i < end; ++i) {
                const index_t j = features[static_cast<std::size_t>(i)];
                const Quantisation& column = columns_[static_cast<std::size_t>(j)];
                values[i] =
                    column.scale * static_cast<double>(dot(entries_.data() + j * n, residual_.data(), n));
                errors[i] = (column.error / design.norm_bound(j) + gamma) * r_norm * (1 + 0x1p-20);
            }
        });
}

}  // namespace mlqa::linear_model
