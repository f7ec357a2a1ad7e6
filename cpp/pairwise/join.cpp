#include "pairwise/join.hpp"

#include "core/threads.hpp"
#include "pairwise/grouped.hpp"

namespace mlqa::pairwise {
namespace {

constexpr index_t wanted_blocks = 16;

/// The power of two that is not below the number of blocks.
index_t rounds_of(index_t blocks) {
    index_t n = 1;
    while (n < blocks) n *= 2;
    return n;
}

/// The lower block of a pair in a round: the numbers whose highest bit of `round` is 0, in order.
index_t first_of_pair(index_t pair, index_t round) {
    index_t bit = 1;
    while (2 * bit <= round) bit *= 2;
    return pair / bit * 2 * bit + pair % bit;
}

/// All pairs of blocks.
template <class S>
Status meet_all(const GroupedSearch<S>& search, int n_threads) {
    const GroupsTable<S>& kernels = groups_table(search.set);
    const index_t blocks = search.set.blocks, rounds = rounds_of(blocks);
    Status status = threads::parallel_for(blocks, n_threads, [&](index_t block, int) {
        kernels.boxes(search.set, block);
        kernels.within(search, block);
    });
    for (index_t round = 1; status == Status::ok && round < rounds; ++round)
        status = threads::parallel_for(rounds / 2, n_threads, [&](index_t pair, int) {
            const index_t a = first_of_pair(pair, round), b = a ^ round;
            if (b < blocks) kernels.between(search, a, b);
        });
    return status;
}

}  // namespace

template <class S>
Status join(const KnnRows<S>& rows, index_t k, const Frame& frame, int n_threads, index_t* position,
            double* squared_distance) {
    Grouped<S> grouped;
    Status status = grouped.group(rows, frame, wanted_blocks, n_threads);
    if (status != Status::ok) return status;
    const GroupedLists<S> lists(grouped, grouped, nullptr, k);
    status = meet_all(lists.search(), n_threads);
    if (status != Status::ok) return status;
    return threads::parallel_for(grouped.set().blocks, n_threads, [&](index_t block, int) {
        groups_table(grouped.set()).finish(lists.search(), block, position, squared_distance);
    });
}

template Status join<float>(const KnnRows<float>&, index_t, const Frame&, int, index_t*, double*);
template Status join<double>(const KnnRows<double>&, index_t, const Frame&, int, index_t*, double*);

}  // namespace mlqa::pairwise
