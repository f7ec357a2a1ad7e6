// Columns in 8 bits (linear_model/quantised.hpp): no product errs by more than its bound, and some by a good
// part of it.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "linear_model/quantised.hpp"
#include "tests/check.hpp"
#include "tests/cloud.hpp"
#include "tests/levels.hpp"

namespace {

using mlqa::index_t;
using mlqa::linear_model::Design;
using mlqa::linear_model::Quantised;
using mlqa::tests::at;
using mlqa::tests::Cloud;
using mlqa::tests::cloud_of;

/// Features of `samples` entries each.
std::vector<Cloud> hard_columns(index_t features, index_t samples) {
    // NOLINTNEXTLINE(bugprone-random-generator-seed): the same columns each time
    std::mt19937_64 random(7);
    std::normal_distribution<double> normal;
    std::vector<Cloud> all = {
        cloud_of(features, samples, [&] { return normal(random); }),
        cloud_of(features, samples, [&] { return random() % 2 == 0 ? 1.0 : -1.0; }),
        cloud_of(features, samples, [&] { return 1e-150 * normal(random); }),
        cloud_of(features, samples, [] { return 0.0; }),
        // Half a step from a whole number of steps, all on one side of it.
        cloud_of(features, samples, [&] { return (static_cast<double>(random() % 120) + 0.499) / 127; }),
    };
    all.push_back(all[0]);
    for (index_t j = 0; j < features; ++j) {
        all[4](j, 0) = 1.0;
        all.back()(j, j % samples) = 1e4;
    }
    return all;
}

template <class T>
std::vector<T> stored(const Cloud& columns) {
    return {columns.x.begin(), columns.x.end()};
}

/// The largest error as a share of its bound.
template <class T>
double largest_share(const Cloud& columns, const std::vector<double>& r) {
    const std::vector<T> x = stored<T>(columns);
    const index_t n = columns.d, p = columns.n;
    const std::unique_ptr<Design> design =
        mlqa::linear_model::dense_design(mlqa::MatrixView<const T>{x.data(), n, p, 1, n}, {});
    Quantised quantised;
    CHECK(quantised.build(*design) == mlqa::Status::ok);
    std::vector<index_t> features(at(p));
    std::iota(features.begin(), features.end(), 0);
    std::vector<double> values(at(p)), errors(at(p));
    double squares = 0, share = 0;
    for (const double v : r) squares += v * v;
    CHECK(quantised.products(*design, features, r.data(), std::sqrt(squares) * (1 + 0x1p-40), values.data(),
                             errors.data()) == mlqa::Status::ok);
    for (index_t j = 0; j < p; ++j) {
        if (design->squared_norm(j) == 0) continue;
        long double exact = 0;
        for (index_t i = 0; i < n; ++i)
            exact += static_cast<long double>(x[at(j * n + i)]) * static_cast<long double>(r[at(i)]);
        const auto error = static_cast<double>(std::abs(values[at(j)] - exact));
        share = std::max(share, error / (errors[at(j)] * design->norm_bound(j)));
    }
    return share;
}

TEST(no_product_errs_by_more_than_its_bound) {
    on_every_level([] {
        // NOLINTNEXTLINE(bugprone-random-generator-seed): the same residuals each time
        std::mt19937_64 random(5);
        std::normal_distribution<double> normal;
        for (const index_t n : {1, 2, 7, 16, 63, 64, 65, 300})
            for (const Cloud& columns : hard_columns(20, n)) {
                std::vector<double> r(at(n));
                for (double& v : r) v = normal(random);
                CHECK(largest_share<double>(columns, r) <= 1.0);
                CHECK(largest_share<float>(columns, r) <= 1.0);
                // Along what rounding took away.
                for (index_t i = 0; i < n; ++i) {
                    const double steps = columns(3, i) * 127 / std::max(columns.largest(), 1e-300);
                    r[at(i)] = steps - std::round(steps) + 1e-3;
                }
                CHECK(largest_share<double>(columns, r) <= 1.0);
            }
    });
}

TEST(a_good_part_of_the_bound_is_attained) {
    on_every_level([] {
        const Cloud columns = hard_columns(20, 300)[4];
        CHECK(largest_share<double>(columns, std::vector<double>(300, 1.0)) > 0.8);
    });
}

}  // namespace
