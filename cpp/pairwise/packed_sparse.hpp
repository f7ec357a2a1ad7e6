// Sparse rows as the float32 screen of pairwise/knn_sparse.hpp wants them: scaled, ordered by their norms,
// columns told apart into frequent and rare ones.
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "pairwise/knn_sparse.kernel.hpp"

namespace mlqa::pairwise {

struct PackedSparse {
    bool valid = false;  ///< false: the values are outside the screen's range, and nothing below is there
    double scale = 1;
    index_t rows = 0;
    index_t slots = 0;             ///< frequent columns
    index_t rare = 0;              ///< rare columns
    arena::Buffer<index_t> label;  ///< position of each ordered row among the rows given
    arena::Buffer<index_t> begin, middle;
    arena::Buffer<std::int32_t> id;
    arena::Buffer<float> value, low, slack;
    arena::Buffer<double> half, bound;

    SparsePacked view() const { return {begin.data(), middle.data(), id.data(), value.data()}; }
};

/// T is float or double, I std::int32_t or std::int64_t; at least one row.
template <class T, class I>
Status pack_sparse(const SparseView<T, I>& x, int n_threads, PackedSparse& packed);

/// Packed rows, block by block, laid out to be met.
class SparseBlocks {
public:
    explicit SparseBlocks(const PackedSparse& packed);

    /// Floats for the sums of a query: rows of a block, filled to whole groups. One group more, so that the
    /// sums of many queries with the same rows do not lie in the same sets of the caches.
    index_t stride() const { return most_rows_ + sparse_group; }
    /// Lays out the block that starts at row `first`; `next` is where the one after it does.
    Status lay_out(index_t first, int n_threads, index_t& next);
    const SparseBlock& block() const { return block_; }
    index_t entries() const { return entries_; }

private:
    void gather(index_t last);

    const PackedSparse& packed_;
    index_t most_rows_ = 0, entries_ = 0;
    arena::Buffer<float> panels_;
    arena::Buffer<std::int32_t> offsets_;
    arena::Buffer<Posting> postings_;
    SparseBlock block_{};
};

}  // namespace mlqa::pairwise
