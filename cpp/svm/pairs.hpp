// The machines of every two of k classes, (0, 1), (0, 2), ..., (k-2, k-1), by number.
#pragma once

#include "core/array.hpp"

namespace mlqa::svm {

struct Pair {
    index_t a, b;
};

constexpr index_t pairs_of(index_t classes) {
    return classes * (classes - 1) / 2;
}

/// a < b.
constexpr index_t pair_number(index_t a, index_t b, index_t classes) {
    return a * classes - a * (a + 1) / 2 + b - a - 1;
}

}  // namespace mlqa::svm
