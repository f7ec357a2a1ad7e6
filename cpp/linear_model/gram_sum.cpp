#include "linear_model/gram_sum.hpp"

#include <algorithm>

#include "core/threads.hpp"

namespace mlqa::linear_model {
namespace {

constexpr index_t depth = 128;        ///< rows of a block: the panels of some hundred columns fit L2
constexpr index_t strip_rows = 12;    ///< of the triangle, the unit of threads; whole tiles on every level
constexpr index_t shared_blocks = 8;  ///< packed together where threads share them
constexpr index_t parallel_products = 1 << 18;  ///< multiply-adds before threads pay

index_t pieces(index_t size, index_t piece) {
    return (size + piece - 1) / piece;
}

}  // namespace

GramSum::GramSum(index_t count, index_t first, int n_threads)
    : first_(first / strip_rows * strip_rows),
      last_(pieces(count, gram_kernels().block) * gram_kernels().block),
      panels_(pieces(last_, gram_kernels().width)),
      stride_(panels_ * gram_kernels().width),
      n_threads_(n_threads),
      blocks_(n_threads > 1 ? shared_blocks : 1),
      packed_(static_cast<std::size_t>(blocks_ * depth * stride_)),
      sum_(static_cast<std::size_t>(last_ * stride_), 0.0) {}

double GramSum::error(index_t n) {
    return 1.01 * static_cast<double>(2 * depth + n / depth + 8) * 0x1p-53;
}

void GramSum::clear() {
    std::fill_n(sum_.data(), sum_.size(), 0.0);
}

/// Where columns lie in runs, a panel is read over all rows; where rows do, a block over all columns.
template <class T>
Status GramSum::pack(const GramColumns<T>& from, index_t begin, index_t end) {
    const index_t blocks = pieces(end - begin, depth), stride = depth * gram_kernels().width;
    const auto pack = [&](index_t block, index_t first_panel, index_t last_panel) {
        const index_t first = begin + block * depth;
        gram_packing<T>().pack(&from, first_panel, last_panel, stride, first, std::min(depth, end - first),
                               packed_.data() + block * panels_ * stride);
    };
    const bool large = (end - begin) * stride_ > parallel_products / 8;
    const int threads = large ? n_threads_ : 1;
    if (from.row_stride != 1)
        return threads::parallel_for(blocks, threads, [&](index_t block, int) { pack(block, 0, panels_); });
    return threads::parallel_for(panels_, threads, [&](index_t panel, int) {
        for (index_t block = 0; block < blocks; ++block) pack(block, panel, panel + 1);
    });
}

template <class T>
Status GramSum::add(const GramColumns<T>& from, index_t begin, index_t end) {
    const index_t strips = pieces(last_ - first_, strip_rows), stride = depth * gram_kernels().width;
    for (index_t now = begin; now < end; now += blocks_ * depth) {
        const index_t rows = std::min(end - now, blocks_ * depth);
        Status status = pack(from, now, now + rows);
        if (status != Status::ok) return status;
        const bool large = (last_ - first_) * stride_ > parallel_products / rows;
        status = threads::parallel_for(strips, large ? n_threads_ : 1, [&](index_t strip, int) {
            const index_t first = first_ + strip * strip_rows;
            for (index_t row = 0; row < rows; row += depth)
                gram_kernels().add(packed_.data() + row * stride_, stride, std::min(depth, rows - row), first,
                                   std::min(last_, first + strip_rows), sum_.data(), stride_);
        });
        if (status != Status::ok) return status;
    }
    return Status::ok;
}

template Status GramSum::add(const GramColumns<float>&, index_t, index_t);
template Status GramSum::add(const GramColumns<double>&, index_t, index_t);

}  // namespace mlqa::linear_model
