// Products in fixed point (pairwise/fixed.hpp): their digits, the bound on their error, and that the tiles of
// a processor and their model give the same bits.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "pairwise/fixed.hpp"
#include "pairwise/fixed.kernel.hpp"
#include "pairwise/products.hpp"
#include "svm/panel_formats.hpp"
#include "svm/sums.hpp"
#include "tests/check.hpp"
#include "tests/cloud.hpp"
#include "tests/levels.hpp"

namespace {

using mlqa::fixed_kernels;
using mlqa::index_t;
using mlqa::pairwise::few_digits;
using mlqa::pairwise::fixed_digit;
using mlqa::pairwise::FixedPoint;
using mlqa::pairwise::many_digits;
using mlqa::pairwise::Products;
using mlqa::svm::fixed_products;
using mlqa::svm::Kernel;
using mlqa::svm::KernelFunction;
using mlqa::svm::Numbers;
using mlqa::tests::at;
using mlqa::tests::Cloud;
using mlqa::tests::cloud_of;

/// Runs the test with the model at every level, then with the tiles of a processor that has them.
template <class Body>
void with_all_products(Body body) {
    mlqa::pairwise::use_products(Products::model);
    on_every_level(body);
    mlqa::pairwise::use_products(Products::tiles);
    if (mlqa::isa::tiles_granted()) body();
    mlqa::pairwise::use_products(Products::by_shape);
}

struct Packed {
    std::vector<std::int8_t> bytes;
    std::vector<double> squares;
};

Packed packed(const Cloud& rows, const FixedPoint& fixed, int digits, bool as_columns) {
    Packed p{
        std::vector<std::int8_t>(mlqa::pairwise::fixed_offset((rows.n + 31) / 32 * 32, rows.d, digits), 99),
        std::vector<double>(at(rows.n))};
    fixed_kernels().pack(rows.x.data(), rows.d, 1, nullptr, rows.n, rows.d, nullptr, fixed.factor(digits),
                         digits, as_columns, p.bytes.data(), p.squares.data());
    return p;
}

constexpr KernelFunction linear = {Kernel::linear, 3, 1.0, 0.0};

/// The products of all rows of `rows` with each other, from few digits.
std::vector<float> few_products(const Cloud& rows, const FixedPoint& fixed) {
    const index_t stride = (rows.n + 31) / 32 * 32;
    std::vector<float> out(at(rows.n * stride)), norms(at(stride), 0.0F), values;
    std::vector<float*> to;
    to.reserve(at(rows.n));
    for (index_t i = 0; i < rows.n; ++i) to.push_back(out.data() + i * stride);
    const Packed a = packed(rows, fixed, few_digits, false), b = packed(rows, fixed, few_digits, true);
    fixed_products().rows(&linear, a.bytes.data(), norms.data(), rows.n, b.bytes.data(), norms.data(), 0,
                          rows.n, rows.d, fixed.unit(), to.data());
    for (const float* row : to) values.insert(values.end(), row, row + rows.n);
    return values;
}

/// The model takes its time: many digits are looked at in some columns, in every panel and at its ends.
bool looked_at(index_t column, index_t n, int digits) {
    return digits == few_digits || column % 8 == 0 || column + 1 == n || column == 31;
}

/// The same from many digits: sums with a weight on one row; 0 in columns that are not looked at.
std::vector<double> many_products(const Cloud& rows, const FixedPoint& fixed) {
    const index_t stride = (rows.n + 31) / 32 * 32, lanes = mlqa::panels_kernels().lanes;
    const Packed a = packed(rows, fixed, many_digits, false), b = packed(rows, fixed, many_digits, true);
    const std::vector<double> norms(at(stride), 0.0);
    std::vector<double> values(at(rows.n * rows.n));
    for (index_t j = 0; j < rows.n; ++j) {
        if (!looked_at(j, rows.n, many_digits)) continue;
        std::vector<double> weight(at(stride), 0.0), partial(at(rows.n * lanes), 0.0);
        weight[at(j)] = 1.0;
        fixed_products().sums(&linear, a.bytes.data(), norms.data(), rows.n, b.bytes.data(), norms.data(),
                              weight.data(), rows.n, rows.d, fixed.unit(), partial.data());
        for (index_t i = 0; i < rows.n; ++i)
            for (index_t l = 0; l < lanes; ++l) values[at(i * rows.n + j)] += partial[at(i * lanes + l)];
    }
    return values;
}

/// The largest error as a share of the bound.
template <class T>
double largest_share(const Cloud& rows, const FixedPoint& fixed, const std::vector<T>& products, int digits) {
    const double u = sizeof(T) == 4 ? 0x1p-24 : 0x1p-53;
    const double bound = fixed.error(digits, rows.longest(), u);
    double share = 0;
    for (index_t i = 0; i < rows.n; ++i)
        for (index_t j = 0; j < rows.n; ++j) {
            if (!looked_at(j, rows.n, digits)) continue;
            long double exact = 0;
            for (index_t k = 0; k < rows.d; ++k)
                exact += static_cast<long double>(rows(i, k)) * static_cast<long double>(rows(j, k));
            const auto error = static_cast<double>(std::abs(products[at(i * rows.n + j)] - exact));
            share = std::max(share, error / bound);
        }
    return share;
}

std::vector<Cloud> hard_rows(index_t n, index_t d) {
    // NOLINTNEXTLINE(bugprone-random-generator-seed): the same rows each time
    std::mt19937_64 random(11);
    std::normal_distribution<double> normal;
    std::vector<Cloud> all = {
        cloud_of(n, d, [&] { return normal(random); }),
        cloud_of(n, d, [&] { return random() % 2 == 0 ? 1.0 : -1.0; }),
        cloud_of(n, d, [&] { return std::abs(normal(random)); }),
        cloud_of(n, d, [&] { return std::round(50.0 * normal(random)); }),
        cloud_of(n, d, [&] { return normal(random) < 1.0 ? 0.0 : normal(random); }),
        cloud_of(n, d, [&] { return 1e14 * normal(random); }),
        cloud_of(n, d, [&] { return 1e-14 * normal(random); }),
    };
    all.push_back(all[0]);
    all.back()(n / 2, d / 2) = 1e6;
    return all;
}

TEST(digits_are_those_of_the_rounded_value) {
    on_every_level([] {
        for (const index_t d : {1, 63, 64, 65, 130})
            for (const Cloud& rows : hard_rows(37, d))
                for (const int digits : {few_digits, many_digits}) {
                    const FixedPoint fixed = mlqa::pairwise::fixed_point(rows.largest(), d);
                    const Packed a = packed(rows, fixed, digits, false),
                                 b = packed(rows, fixed, digits, true);
                    const index_t chunks = mlqa::pairwise::fixed_chunks(d);
                    for (index_t i = 0; i < 64; ++i)
                        for (index_t k = 0; k < chunks * 64; ++k) {
                            const index_t chunk = (i / 16 * chunks + k / 64) * digits * fixed_digit;
                            const index_t row = i % 16, feature = k % 64;
                            double sum = 0;
                            for (int s = 0; s < digits; ++s) {
                                const index_t tile = chunk + s * fixed_digit;
                                const std::int8_t column =
                                    b.bytes[at(tile + feature / 4 * 64 + 4 * row + feature % 4)];
                                // Of rows, groups of 16 are whole; of columns, panels of 32.
                                if (i < 48) CHECK(column == a.bytes[at(tile + 64 * row + feature)]);
                                sum = 256 * sum + column;
                            }
                            const bool there = i < rows.n && k < d;
                            const double exact = there ? rows(i, k) * fixed.factor(digits) : 0.0;
                            CHECK(std::abs(sum - exact) <= 0.5625);
                        }
                    for (index_t i = 0; i < rows.n; ++i)
                        CHECK(std::abs(a.squares[at(i)] - rows.square(i)) <= 1e-12 * rows.square(i));
                }
    });
}

TEST(no_product_errs_by_more_than_the_bound) {
    with_all_products([] {
        for (const index_t d : {1, 64, 65})
            for (const Cloud& rows : hard_rows(19, d)) {
                const FixedPoint fixed = mlqa::pairwise::fixed_point(rows.largest(), d);
                CHECK(largest_share(rows, fixed, few_products(rows, fixed), few_digits) <= 1.0);
                CHECK(largest_share(rows, fixed, many_products(rows, fixed), many_digits) <= 1.0);
            }
    });
}

/// Values whose digits are all -128 but for the first, and that are half a unit from where they are rounded
/// to: what is left out and what is rounded away have the same sign everywhere.
TEST(a_quarter_of_the_bound_is_attained) {
    with_all_products([] {
        for (const int digits : {few_digits, many_digits}) {
            Cloud rows = cloud_of(2, 300, [] { return 0.0; });
            const FixedPoint fixed = mlqa::pairwise::fixed_point(1.0, rows.d);
            double value = 1;
            for (int s = 1; s < digits; ++s) value = 256 * value - 128;
            for (double& v : rows.x) v = (value - 0.499) / fixed.factor(digits);
            rows(1, 0) = 1.0;
            const double share = digits == few_digits
                                     ? largest_share(rows, fixed, few_products(rows, fixed), digits)
                                     : largest_share(rows, fixed, many_products(rows, fixed), digits);
            CHECK(share >= 0.25);
            CHECK(share <= 1.0);
        }
    });
}

TEST(products_have_the_same_bits_everywhere) {
    for (const index_t d : {5, 130})
        for (const Cloud& rows : hard_rows(d == 5 ? 35 : 17, d)) {
            const FixedPoint fixed = mlqa::pairwise::fixed_point(rows.largest(), d);
            Cloud turned = rows;
            for (index_t i = 0; i < rows.n; ++i)
                std::reverse(turned.x.begin() + i * d, turned.x.begin() + (i + 1) * d);
            std::vector<float> few;
            std::vector<double> many;
            with_all_products([&] {
                if (few.empty()) {
                    few = few_products(rows, fixed);
                    many = many_products(rows, fixed);
                }
                CHECK(few == few_products(turned, fixed));
                CHECK(many == many_products(turned, fixed));
            });
            for (index_t i = 0; i < rows.n; ++i)
                for (index_t j = 0; j < i; ++j) {
                    CHECK(few[at(i * rows.n + j)] == few[at(j * rows.n + i)]);
                    if (looked_at(i, rows.n, many_digits) && looked_at(j, rows.n, many_digits))
                        CHECK(many[at(i * rows.n + j)] == many[at(j * rows.n + i)]);
                }
        }
}

/// What rounding may add to a sum of so many terms.
double rounding_of(const std::vector<double>& weight, double largest) {
    double sum = 0;
    for (const double w : weight) sum += std::abs(w);
    return 4e-16 * static_cast<double>(weight.size()) * sum * largest;
}

TEST(sums_are_those_of_doubles) {
    with_all_products([] {
        constexpr index_t n = 170, d = 66;
        // NOLINTNEXTLINE(bugprone-random-generator-seed): the same rows each time
        std::mt19937_64 random(5);
        std::normal_distribution<double> normal;
        const Cloud rows = cloud_of(n, d, [&] { return normal(random); });
        mlqa::svm::Points points;
        points.dense = rows.view();
        for (const KernelFunction& f :
             {linear, KernelFunction{Kernel::poly, 3, 0.01, 1.0}, KernelFunction{Kernel::rbf, 3, 0.004, 0.0},
              KernelFunction{Kernel::sigmoid, 3, 0.01, -0.5}}) {
            mlqa::svm::PointSet set(points, nullptr, nullptr, n, f, 2);
            set.choose_fixed();
            CHECK(set.fixed().usable());
            for (const index_t m : {1, 33, 170}) {
                std::vector<index_t> chosen, asked;
                std::vector<double> weight;
                for (index_t s = 0; s < m; ++s) {
                    chosen.push_back((s * 7) % n);
                    weight.push_back(normal(random));
                }
                for (index_t q = 0; q < n; q += 3) asked.push_back(n - 1 - q);
                std::vector<double> sum[2], mutual[2];
                for (const Numbers numbers : {Numbers::doubles, Numbers::fixed}) {
                    std::vector<double>& of = sum[numbers == Numbers::fixed ? 1 : 0];
                    std::vector<double>& between = mutual[numbers == Numbers::fixed ? 1 : 0];
                    of.resize(asked.size());
                    between.resize(chosen.size());
                    CHECK(mlqa::svm::kernel_sums(set, asked.data(), static_cast<index_t>(asked.size()),
                                                 chosen.data(), weight.data(), m, numbers, of.data(),
                                                 2) == mlqa::Status::ok);
                    CHECK(mlqa::svm::mutual_kernel_sums(set, chosen.data(), weight.data(), m, numbers,
                                                        between.data(), 2) == mlqa::Status::ok);
                }
                double total = 0;
                for (const double w : weight) total += std::abs(w);
                const double bound = mlqa::svm::fixed_error(set) * total + rounding_of(weight, set.largest());
                for (std::size_t q = 0; q < asked.size(); ++q)
                    CHECK(std::abs(sum[0][q] - sum[1][q]) <= bound);
                for (std::size_t s = 0; s < chosen.size(); ++s)
                    CHECK(std::abs(mutual[0][s] - mutual[1][s]) <= bound);
            }
        }
    });
}

TEST(single_large_values_are_left_to_float) {
    mlqa::pairwise::use_products(Products::model);
    // NOLINTNEXTLINE(bugprone-random-generator-seed): the same rows each time
    std::mt19937_64 random(5);
    std::normal_distribution<double> normal;
    Cloud rows = cloud_of(40, 100, [&] { return normal(random); });
    mlqa::svm::Points points;
    points.dense = rows.view();
    const auto usable = [&] {
        mlqa::svm::PointSet set(points, nullptr, nullptr, rows.n, {Kernel::rbf, 3, 0.01, 0.0}, 1);
        set.choose_fixed();
        return set.fixed().usable();
    };
    CHECK(usable());
    rows(3, 3) = 1e4;
    CHECK(!usable());
    std::fill(rows.x.begin(), rows.x.end(), 0.0);
    CHECK(!usable());
    mlqa::pairwise::use_products(Products::by_shape);
}

TEST(parts_far_smaller_than_the_whole_are_left_to_float) {
    using mlqa::svm::Part;
    using mlqa::svm::PointSet;
    mlqa::pairwise::use_products(Products::model);
    // NOLINTNEXTLINE(bugprone-random-generator-seed): the same rows each time
    std::mt19937_64 random(5);
    std::normal_distribution<double> normal;
    constexpr index_t n = 90, d = 100, part = 30;
    Cloud rows = cloud_of(n, d, [&] { return normal(random); });
    std::for_each(rows.x.begin() + 2 * part * d, rows.x.end(), [](double& v) { v *= 1e4; });
    mlqa::svm::Points points;
    points.dense = rows.view();
    const KernelFunction rbf = {Kernel::rbf, 3, 1e-10, 0.0};
    PointSet whole(points, nullptr, nullptr, n, rbf, 1);
    whole.choose_fixed();
    CHECK(whole.fixed().usable());
    std::vector<index_t> small(at(2 * part)), mixed(at(2 * part));
    std::iota(small.begin(), small.end(), 0);
    std::iota(mixed.begin(), mixed.end(), part);
    const PointSet of_small(whole, Part{0, part, nullptr}, Part{part, part, nullptr}, small.data());
    const PointSet of_mixed(whole, Part{part, part, nullptr}, Part{2 * part, part, nullptr}, mixed.data());
    CHECK(!of_small.fixed().usable());
    CHECK(of_mixed.fixed().usable());
    mlqa::pairwise::use_products(Products::by_shape);
}

}  // namespace
