// Nearest neighbours against the definition of pairwise/knn.hpp: any shape, any finite data, any level, any
// of the ways to find them.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/isa.hpp"
#include "pairwise/cross.hpp"
#include "pairwise/join.hpp"
#include "pairwise/knn.hpp"
#include "pairwise/packed.hpp"
#include "tests/fuzz.hpp"

namespace {

using mlqa::index_t;

template <class S>
double distance(const S* x, const S* y, index_t d) {
    double s[8] = {};
    for (index_t j = 0; j < d; ++j) {
        const double difference = static_cast<double>(x[j]) - static_cast<double>(y[j]);
        s[j % 8] += difference * difference;
    }
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/// Few distinct values give ties; others are any bits that are finite.
template <class S>
std::vector<S> numbers(mlqa::tests::Input& input, index_t count, bool grid) {
    std::vector<S> x(static_cast<std::size_t>(count));
    for (S& value : x) {
        if (grid) {
            value = static_cast<S>(input.between(-3, 3));
        } else {
            value = input.take<S>();
            if (!std::isfinite(value) || std::abs(value) > S(1e18)) value = S(0);
        }
    }
    return x;
}

struct Result {
    std::vector<index_t> position;
    std::vector<double> squared;
};

/// Holds a result to the distances of all pairs.
template <class S>
void check_result(const mlqa::pairwise::KnnProblem<S>& problem, const Result& result) {
    const mlqa::KnnRows<S>& rows = problem.base;
    for (index_t i = 0; i < rows.rows; ++i) {
        std::vector<std::pair<double, index_t>> all;
        for (index_t j = 0; j < rows.rows; ++j)
            if (problem.self == nullptr || j != i)
                all.emplace_back(distance(rows.row(i), rows.row(j), rows.d), j);
        std::sort(all.begin(), all.end());
        for (index_t r = 0; r < problem.k; ++r) {
            const auto at = static_cast<std::size_t>(i * problem.k + r);
            FUZZ_CHECK(result.squared[at] == all[static_cast<std::size_t>(r)].first);
            FUZZ_CHECK(result.position[at] == all[static_cast<std::size_t>(r)].second);
        }
    }
}

template <class S>
void check(mlqa::tests::Input input) {
    namespace pairwise = mlqa::pairwise;
    const index_t n = input.between(2, 80), d = input.between(1, 40), row = d + input.between(0, 3);
    const bool grid = input.between(0, 1) == 0, leave_out = input.between(0, 1) == 0;
    const index_t k = std::min<index_t>(input.between(1, 12), leave_out ? n - 1 : n);
    const auto x = numbers<S>(input, n * row, grid);
    const mlqa::KnnRows<S> rows{x.data(), row, nullptr, n, d};
    std::vector<index_t> self(static_cast<std::size_t>(n));
    for (index_t i = 0; i < n; ++i) self[static_cast<std::size_t>(i)] = i;
    const pairwise::KnnProblem<S> problem{rows, rows, leave_out ? self.data() : nullptr, k};
    const auto run = [&](auto&& search) {
        Result result{std::vector<index_t>(static_cast<std::size_t>(n * k)),
                      std::vector<double>(static_cast<std::size_t>(n * k))};
        FUZZ_CHECK(search(result.position.data(), result.squared.data()) == mlqa::Status::ok);
        check_result(problem, result);
    };
    run([&](index_t* at, double* to) { return pairwise::knn(problem, 2, at, to); });
    pairwise::Frame frame;
    FUZZ_CHECK(pairwise::frame_of(rows, rows, true, 1, frame) == mlqa::Status::ok);
    if (!frame.valid) return;
    run([&](index_t* at, double* to) { return pairwise::cross(problem, frame, 2, at, to); });
    if (leave_out) run([&](index_t* at, double* to) { return pairwise::join(rows, k, frame, 2, at, to); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using mlqa::isa::Level;
    for (const Level level : {Level::baseline, Level::v2, Level::v3, Level::v4, Level::v4_amx}) {
        if (!mlqa::isa::set_current(level)) continue;
        check<float>({data, size});
        check<double>({data, size});
    }
    return 0;
}
