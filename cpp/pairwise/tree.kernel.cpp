#include "pairwise/tree.kernel.hpp"

#include <cstdint>

#include "core/simd.hpp"

namespace mlqa {
namespace {

using simd::f64;
using simd::i64;

constexpr int w = simd::lanes<double>;
constexpr index_t nobody = INT64_MAX;
constexpr double infinity = __builtin_inf();
static_assert(tree_leaf <= 32 && tree_leaf % w == 0 && tree_fan % w == 0, "whole vectors, masks of 32 bits");

MLQA_INLINE i64 broadcast(index_t value) {
    return i64{} + value;
}

/// D of pairwise/knn.hpp from the squares of d differences; terms that are not there are zeros.
template <int d>
MLQA_INLINE f64 added_up(const f64 (&square)[d]) {
    const auto pair = [&](int j) {
        if (j + 4 < d) return square[j] + square[j + 4];
        return square[j];
    };
    f64 even = pair(0);
    if constexpr (d > 2) even = even + pair(2);
    if constexpr (d == 1) return even;
    f64 odd = d > 1 ? pair(d > 1 ? 1 : 0) : f64{};
    if constexpr (d > 3) odd = odd + pair(3);
    return even + odd;
}

/// At most D of any row and query of boxes [low, high] and [to_low, to_high]: what D does to differences,
/// done to gaps that are not larger.
template <int d, class Gap>
MLQA_INLINE f64 gap_distance(Gap gap) {
    f64 square[d];
#pragma GCC unroll 8
    for (int j = 0; j < d; ++j) {
        const f64 g = gap(j);
        square[j] = g * g;
    }
    return added_up<d>(square);
}
MLQA_INLINE f64 gap_between(f64 low, f64 high, f64 to_low, f64 to_high) {
    return simd::max(simd::max(low - to_high, to_low - high), f64{});
}

/// Lanes where something at this distance, whose least position is `least`, precedes what is given.
MLQA_INLINE std::uint32_t preceding(f64 distance, i64 least, f64 reach, i64 rank) {
    return simd::bits((i64)(distance < reach) | ((i64)(distance == reach) & (i64)(least < rank)));
}

// ---- The nearest of a query

/// `places` nearest, in registers. What is put in finds its place without a branch.
template <int places>
struct FewNearest {
    static constexpr int n = places / w;
    f64 distance[n];
    i64 position[n];

    MLQA_INLINE FewNearest(TreeGroup& group, int i) {
        for (int v = 0; v < n; ++v) {
            distance[v] = simd::load(group.distance + i * places + v * w);
            position[v] = simd::load(group.position + i * places + v * w);
        }
    }

    MLQA_INLINE void meet(double its_distance, index_t its_position) {
        const f64 new_distance = simd::broadcast(its_distance);
        const i64 new_position = broadcast(its_position);
        i64 precedes[n];
        for (int v = 0; v < n; ++v)
            precedes[v] = (i64)(distance[v] < new_distance) |
                          ((i64)(distance[v] == new_distance) & (i64)(position[v] < new_position));
        for (int v = n - 1; v >= 0; --v) {
            const int u = v > 0 ? v - 1 : 0;
            const i64 follows = simd::shift_in(v > 0 ? precedes[u] : broadcast(-1), precedes[v]);
            const f64 next_distance = simd::shift_in(distance[u], distance[v]);
            const i64 next_position = simd::shift_in(position[u], position[v]);
            distance[v] =
                simd::select(precedes[v], distance[v], simd::select(follows, new_distance, next_distance));
            position[v] =
                simd::select(precedes[v], position[v], simd::select(follows, new_position, next_position));
        }
    }

    MLQA_INLINE void keep(TreeGroup& group, int i) const {
        for (int v = 0; v < n; ++v) {
            simd::store(group.distance + i * places + v * w, distance[v]);
            simd::store(group.position + i * places + v * w, position[v]);
        }
    }
};

/// Any number, in memory.
struct ManyNearest {
    double* distance;
    index_t* position;
    index_t k;

    MLQA_INLINE ManyNearest(TreeGroup& group, int i)
        : distance(group.distance + i * group.k), position(group.position + i * group.k), k(group.k) {}

    MLQA_INLINE bool precedes(double its_distance, index_t its_position, index_t n) const {
        return its_distance < distance[n] || (its_distance == distance[n] && its_position < position[n]);
    }
    MLQA_INLINE void meet(double its_distance, index_t its_position) {
        index_t n = k - 1;
        if (!precedes(its_distance, its_position, n)) return;
        for (; n > 0 && precedes(its_distance, its_position, n - 1); --n) {
            distance[n] = distance[n - 1];
            position[n] = position[n - 1];
        }
        distance[n] = its_distance;
        position[n] = its_position;
    }
    MLQA_INLINE void keep(TreeGroup&, int) const {}
};

/// Query i meets those rows of a leaf that pass.
template <class Nearest>
MLQA_INLINE void meet_rows(TreeGroup& group, int i, std::uint32_t passed, const double* distance,
                           const index_t* position) {
    Nearest nearest(group, i);
    const index_t self = group.self[i];
    for (; passed != 0; passed &= passed - 1) {
        const int c = __builtin_ctz(passed);
        if (position[c] != self) nearest.meet(distance[c], position[c]);
    }
    nearest.keep(group, i);
    group.last_distance[i] = group.distance[i * group.places + group.k - 1];
    group.last_position[i] = group.position[i * group.places + group.k - 1];
}

template <int d>
MLQA_INLINE f64 distance_of(const f64 (&x)[d], const double* points, int v) {
    f64 square[d];
#pragma GCC unroll 8
    for (int j = 0; j < d; ++j) {
        const f64 difference = x[j] - simd::load(points + j * tree_leaf + v);
        square[j] = difference * difference;
    }
    return added_up<d>(square);
}

/// Query i meets the rows of a leaf, its own row `own` (or 32) excepted.
template <int d>
MLQA_INLINE bool meet_leaf(TreeGroup& group, int i, const double* points, const index_t* position, int own) {
    f64 x[d];
#pragma GCC unroll 8
    for (int j = 0; j < d; ++j) x[j] = simd::broadcast(group.points[j * tree_leaf + i]);
    const f64 last = simd::broadcast(group.last_distance[i]);
    alignas(simd::bytes) double distance[tree_leaf];
    std::uint64_t passed = 0;
#pragma GCC unroll 16
    for (int v = 0; v < tree_leaf; v += w) {
        const f64 sum = distance_of<d>(x, points, v);
        simd::store(distance + v, sum);
        passed |= static_cast<std::uint64_t>(simd::bits(sum <= last)) << v;
    }
    passed &= ~(std::uint64_t{1} << own);
    if (passed == 0) return false;
    const auto rows = static_cast<std::uint32_t>(passed);
    if (group.places == 8)
        meet_rows<FewNearest<8>>(group, i, rows, distance, position);
    else if (group.places == 16)
        meet_rows<FewNearest<16>>(group, i, rows, distance, position);
    else
        meet_rows<ManyNearest>(group, i, rows, distance, position);
    return true;
}

/// The k-th smallest of `rows` distances in each lane, k at most `places`.
template <int places>
MLQA_INLINE f64 kth_smallest(const f64* distance, index_t rows, index_t k) {
    f64 least[places];
    for (f64& x : least) x = simd::broadcast(infinity);
    for (index_t row = 0; row < rows; ++row) {
        f64 x = distance[row];
#pragma GCC unroll 16
        for (f64& kept : least) {
            const f64 larger = simd::max(kept, x);
            kept = simd::min(kept, x);
            x = larger;
        }
    }
    return least[k - 1];
}

/// Queries that are the rows of a leaf: their k-th distance among these bounds what may still come. Without
/// it, each of the first rows would be put in, most of them to be pushed out again.
template <int d, int places>
void bound_within_leaf(TreeGroup& group) {
    for (int v = 0; v < group.queries; v += w) {
        f64 x[d];
#pragma GCC unroll 8
        for (int j = 0; j < d; ++j) x[j] = simd::load(group.points + j * tree_leaf + v);
        f64 distance[tree_leaf];
        for (index_t row = 0; row < group.queries; ++row) {
            f64 square[d];
#pragma GCC unroll 8
            for (int j = 0; j < d; ++j) {
                const f64 difference = x[j] - simd::broadcast(group.points[j * tree_leaf + row]);
                square[j] = difference * difference;
            }
            distance[row] = added_up<d>(square);
        }
        const int lanes = group.queries - v < w ? static_cast<int>(group.queries - v) : w;
        for (int lane = 0; lane < lanes; ++lane) distance[v + lane][lane] = infinity;
        double kth[w];
        simd::store(kth, kth_smallest<places>(distance, group.queries, group.k));
        for (int lane = 0; lane < lanes; ++lane) group.last_distance[v + lane] = kth[lane];
    }
}

// ---- The tree

void update_reach(TreeGroup& group) {
    double reach = -1;
    index_t rank = 0;
    for (index_t i = 0; i < group.queries; ++i) {
        const double distance = group.last_distance[i];
        const bool above = distance > reach;
        const index_t least = above ? 0 : rank;
        const bool counts = above || distance == reach;
        rank = counts && group.last_position[i] > least ? group.last_position[i] : least;
        reach = above ? distance : reach;
    }
    group.reach = reach;
    group.rank = rank;
}

/// All queries that may have neighbours in a leaf meet its rows.
template <int d>
void visit(const Tree& tree, TreeGroup& group, index_t leaf) {
    const double* box = tree.box + leaf / tree_fan * 2 * d * tree_fan + leaf % tree_fan;
    const i64 least = broadcast(tree.least[leaf]);
    f64 low[d], high[d];
#pragma GCC unroll 8
    for (int j = 0; j < d; ++j) {
        low[j] = simd::broadcast(box[j * tree_fan]);
        high[j] = simd::broadcast(box[(d + j) * tree_fan]);
    }
    std::uint32_t queries = 0;
    for (int v = 0; v < tree_leaf; v += w) {
        const f64 distance = gap_distance<d>([&](int j) {
            const f64 x = simd::load(group.points + j * tree_leaf + v);
            return gap_between(low[j], high[j], x, x);
        });
        queries |= preceding(distance, least, simd::load(group.last_distance + v),
                             simd::load(group.last_position + v))
                   << v;
    }
    const double* points = tree.points + leaf * d * tree_leaf;
    const index_t* position = tree.position + leaf * tree_leaf;
    bool nearer = false;
    for (; queries != 0; queries &= queries - 1)
        nearer |= meet_leaf<d>(group, __builtin_ctz(queries), points, position,
                               leaf == group.own ? __builtin_ctz(queries) : tree_leaf);
    if (nearer) update_reach(group);
}

/// Puts the children of a node that may matter on the waiting list, the nearest last.
template <int d>
void expand(const Tree& tree, TreeGroup& group, const TreeNode& node) {
    const index_t block = tree.first_block[node.level - 1] + node.number;
    const double* box = tree.box + block * 2 * d * tree_fan;
    const index_t* least = tree.least + block * tree_fan;
    double distance[tree_fan];
    std::uint32_t children = 0;
#pragma GCC unroll 4
    for (int v = 0; v < tree_fan; v += w) {
        const f64 far = gap_distance<d>([&](int j) {
            return gap_between(simd::load(box + j * tree_fan + v), simd::load(box + (d + j) * tree_fan + v),
                               simd::broadcast(group.low[j]), simd::broadcast(group.high[j]));
        });
        simd::store(distance + v, far);
        children |= preceding(far, simd::load(least + v), simd::broadcast(group.reach), broadcast(group.rank))
                    << v;
    }
    const int from = group.n_waiting;
    for (; children != 0; children &= children - 1) {
        const int c = __builtin_ctz(children);
        int at = group.n_waiting++;
        for (; at > from; --at) {
            const TreeNode& before = group.waiting[at - 1];
            if (before.distance > distance[c] || (before.distance == distance[c] && before.least > least[c]))
                break;
            group.waiting[at] = before;
        }
        group.waiting[at] = {distance[c], least[c], node.number * tree_fan + c, node.level - 1};
    }
}

template <int d>
void begin(const Tree& tree, TreeGroup& group) {
    for (index_t i = 0; i < group.queries * group.places; ++i) {
        group.distance[i] = infinity;
        group.position[i] = nobody;
    }
    for (int i = 0; i < tree_leaf; ++i) {
        group.last_distance[i] = i < group.queries ? infinity : -1;
        group.last_position[i] = nobody;
    }
    for (int j = 0; j < d; ++j) {
        const double* x = group.points + j * tree_leaf;
        group.low[j] = group.high[j] = x[0];
        for (index_t i = 1; i < group.queries; ++i) {
            group.low[j] = x[i] < group.low[j] ? x[i] : group.low[j];
            group.high[j] = x[i] > group.high[j] ? x[i] : group.high[j];
        }
    }
    group.reach = infinity;
    group.rank = nobody;
    if (group.own >= 0) {
        if (group.places == 8) bound_within_leaf<d, 8>(group);
        if (group.places == 16) bound_within_leaf<d, 16>(group);
        visit<d>(tree, group, group.own);
    }
    group.waiting[0] = {0, 0, 0, tree.levels};
    group.n_waiting = 1;
}

template <int d>
bool search(const Tree& tree, TreeGroup& group, index_t leaves) {
    while (group.n_waiting > 0) {
        const TreeNode node = group.waiting[--group.n_waiting];
        if (node.distance > group.reach || (node.distance == group.reach && node.least >= group.rank))
            continue;
        if (node.level > 0) {
            expand<d>(tree, group, node);
        } else if (node.number != group.own) {
            visit<d>(tree, group, node.number);
            if (--leaves == 0) return false;
        }
    }
    return true;
}

}  // namespace

const TreeKernels MLQA_KERNELS(tree) = {{
    {begin<1>, search<1>},
    {begin<2>, search<2>},
    {begin<3>, search<3>},
    {begin<4>, search<4>},
    {begin<5>, search<5>},
    {begin<6>, search<6>},
    {begin<7>, search<7>},
    {begin<8>, search<8>},
}};

}  // namespace mlqa
