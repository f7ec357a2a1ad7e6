#include "pairwise/knn_sparse.kernel.hpp"

#include "core/simd.hpp"

namespace mlqa {
namespace {

using simd::f32;

constexpr int w = simd::lanes<float>;
constexpr int vectors = 4;  ///< of a panel: as many sums grow side by side
constexpr int width = vectors * w;
constexpr index_t slice_floats = 8192;  ///< of a panel, to stay in the first cache
static_assert(sparse_group % width == 0, "groups are made of whole panels");

void fill(const SparsePacked& rows, index_t first, index_t last, index_t slots, float* panel) {
    for (index_t i = 0; i < slots * width; ++i) panel[i] = 0.0f;
    for (index_t r = first; r < last; ++r)
        for (index_t e = rows.begin[r]; e < rows.middle[r]; ++e)
            panel[static_cast<index_t>(rows.id[e]) * width + (r - first)] = rows.value[e];
}

/// dot[0 .. width) += entries [e, end) of a query times their rows of the panel.
MLQA_INLINE void add_panel(const SparsePacked& rows, index_t e, index_t end, const float* panel, float* dot) {
    f32 sum[vectors], more[vectors] = {};
    for (int v = 0; v < vectors; ++v) sum[v] = simd::load(dot + v * w);
    // Two chains of sums: one alone would wait for itself.
    for (; e + 2 <= end; e += 2) {
        const float* even = panel + static_cast<index_t>(rows.id[e]) * width;
        const float* odd = panel + static_cast<index_t>(rows.id[e + 1]) * width;
        const f32 x = simd::broadcast(rows.value[e]), y = simd::broadcast(rows.value[e + 1]);
        for (int v = 0; v < vectors; ++v) sum[v] = simd::fma(x, simd::load(even + v * w), sum[v]);
        for (int v = 0; v < vectors; ++v) more[v] = simd::fma(y, simd::load(odd + v * w), more[v]);
    }
    if (e < end) {
        const float* last = panel + static_cast<index_t>(rows.id[e]) * width;
        const f32 x = simd::broadcast(rows.value[e]);
        for (int v = 0; v < vectors; ++v) sum[v] = simd::fma(x, simd::load(last + v * w), sum[v]);
    }
    for (int v = 0; v < vectors; ++v) simd::store(dot + v * w, sum[v] + more[v]);
}

void frequent(const SparsePacked& rows, const index_t* query, index_t queries, const SparseBlock& block,
              float* dot, index_t stride) {
    const index_t groups = (block.rows + width - 1) / width;
    index_t at[sparse_queries], end[sparse_queries];
    for (index_t q = 0; q < queries; ++q) {
        at[q] = rows.begin[query[q]];
        for (index_t i = 0; i < groups * width; ++i) dot[q * stride + i] = 0.0f;
    }
    for (index_t slot = 0; slot < block.slots;) {
        slot += slice_floats / width;
        for (index_t q = 0; q < queries; ++q) {
            end[q] = at[q];
            while (end[q] < rows.middle[query[q]] && rows.id[end[q]] < slot) ++end[q];
        }
        for (index_t g = 0; g < groups; ++g)
            for (index_t q = 0; q < queries; ++q)
                if (at[q] < end[q])
                    add_panel(rows, at[q], end[q], block.panels + g * block.slots * width,
                              dot + q * stride + g * width);
        for (index_t q = 0; q < queries; ++q) at[q] = end[q];
    }
}

void rare(const SparsePacked& rows, index_t query, const SparseBlock& block, float* dot) {
    for (index_t e = rows.middle[query]; e < rows.begin[query + 1]; ++e) {
        const float x = rows.value[e];
        const std::int32_t* offsets = block.offsets + rows.id[e];
        const Posting* last = block.postings + offsets[1];
        for (const Posting* p = block.postings + offsets[0]; p != last; ++p) dot[p->row] += x * p->value;
    }
}

/// Takes in row j; false: there was no place.
MLQA_INLINE bool take(index_t j, float g, SparseCandidates& candidates) {
    if (!(g <= candidates.limit) || j == candidates.own) return true;
    if (candidates.count == candidates.capacity) return false;
    candidates.value[candidates.count] = g;
    candidates.row[candidates.count++] = static_cast<std::int32_t>(j);
    return true;
}

index_t screen(const SparseBlock& block, const float* dot, index_t from, SparseCandidates& candidates) {
    const f32 limit = simd::broadcast(candidates.limit);
    // A run that was left half way is looked at again from its start; rows before `from` are in already.
    for (index_t j = from / width * width; j < block.rows; j += width) {
        f32 g[vectors];
        for (int v = 0; v < vectors; ++v)
            g[v] = simd::load(block.low + j + v * w) - simd::load(dot + j + v * w);
        const f32 least = simd::min(simd::min(g[0], g[1]), simd::min(g[2], g[3]));
        if (simd::bits(least <= limit) == 0) continue;
        for (int v = 0; v < vectors; ++v) {
            float lane[w];
            simd::store(lane, g[v]);
            for (std::uint32_t passed = simd::bits(g[v] <= limit); passed != 0; passed &= passed - 1) {
                const int c = __builtin_ctz(passed);
                const index_t row = j + v * w + c;
                if (row >= from && !take(block.first + row, lane[c], candidates)) return row;
            }
        }
    }
    return block.rows;
}

}  // namespace

const KnnSparseTable MLQA_KERNELS(knn_sparse) = {width, fill, frequent, rare, screen};

}  // namespace mlqa
