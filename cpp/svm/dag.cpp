#include "svm/dag.hpp"

#include <algorithm>
#include <vector>

#include "core/threads.hpp"

namespace mlqa::svm {
namespace {

/// The classes [first, last] that are still on a point's list.
struct List {
    index_t first, last;
    index_t asked;
};

/// Every point of a panel one step further; those at the same node share its machine.
void step(const Predictor& predictor, const Predictor::Scratch& scratch, List* lists, index_t n,
          double* out) {
    bool moved[64] = {};
    for (index_t j = 0; j < n; ++j) {
        if (moved[j]) continue;
        const index_t a = lists[j].first, b = lists[j].last;
        predictor.machine(a, b, scratch, out);
        for (index_t i = j; i < n; ++i) {
            if (moved[i] || lists[i].first != a || lists[i].last != b) continue;
            moved[i] = true;
            ++lists[i].asked;
            if (out[i] > 0)
                --lists[i].last;
            else
                ++lists[i].first;
        }
    }
}

}  // namespace

Status walk(const Machines& machines, const Points& x, int n_threads, index_t* label, index_t* asked) {
    const Predictor predictor(machines);
    const index_t n = x.count(), width = predictor.panel_width();
    std::vector<Predictor::Scratch> scratch(static_cast<std::size_t>(n_threads));
    const double work = static_cast<double>(n) * static_cast<double>(machines.size() * (x.features() + 16));
    return threads::parallel_for((n + width - 1) / width, work < serial_work ? 1 : n_threads,
                                 [&](index_t chunk, int w) {
                                     Predictor::Scratch& own = scratch[static_cast<std::size_t>(w)];
                                     const index_t first = chunk * width, m = std::min(width, n - first);
                                     predictor.values(x, first, m, own);
                                     List lists[64];
                                     double out[64];
                                     std::fill(lists, lists + m, List{0, machines.classes - 1, 0});
                                     for (index_t level = 0; level < machines.classes - 1; ++level)
                                         step(predictor, own, lists, m, out);
                                     for (index_t j = 0; j < m; ++j) {
                                         label[first + j] = lists[j].first;
                                         asked[first + j] = lists[j].asked;
                                     }
                                 });
}

}  // namespace mlqa::svm
