#include "pairwise/tiles.kernel.hpp"

#include "pairwise/tiles.hpp"

namespace mlqa {
namespace {

using pairwise::Tile;

/// Writes a tile into a row-major matrix.
template <class T>
struct Store {
    T* g;
    index_t ldg;
    index_t first;

    template <int R>
    MLQA_INLINE void operator()(const Tile<T, R>& tile) const {
        constexpr int w = simd::lanes<T>;
        for (int r = 0; r < tile.rows; ++r) {
            T* out = g + (tile.row + r) * ldg + (tile.column - first);
            for (int v = 0; v < 2; ++v) {
                const int left = tile.columns - v * w;
                if (left >= w)
                    simd::store(out + v * w, tile.dot[r][v]);
                else if (left > 0)
                    simd::store_partial(out + v * w, tile.dot[r][v], left);
            }
        }
    }
};

template <class T, class S>
void pack(const S* x, index_t row_stride, index_t col_stride, const index_t* index, index_t rows, index_t d,
          const double* centre, int width, T* packed) {
    pairwise::pack<T, S>(x, row_stride, col_stride, index, rows, d, centre, width, packed);
}

template <class T>
void product(const T* a, index_t a_rows, const T* panels, index_t first, index_t last, index_t d, T* g,
             index_t ldg) {
    Store<T> store{g, ldg, first};
    pairwise::product<T>(a, a_rows, panels, first, last, d, store);
}

}  // namespace

const TilesKernels MLQA_KERNELS(tiles) = {
    {pairwise::panel_width<float>, pairwise::block_rows, pack<float, float>, pack<float, double>,
     product<float>},
    {pairwise::panel_width<double>, pairwise::block_rows, pack<double, float>, pack<double, double>,
     product<double>},
};

}  // namespace mlqa
