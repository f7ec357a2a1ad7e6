// The bound on kernel values in float (svm/row_source.hpp): no value errs by more, and some by a fifth of it.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <memory>
#include <random>
#include <vector>

#include "svm/row_source.hpp"
#include "tests/check.hpp"
#include "tests/cloud.hpp"
#include "tests/levels.hpp"

namespace {

using mlqa::index_t;
using mlqa::svm::Kernel;
using mlqa::svm::KernelFunction;
using mlqa::tests::at;
using mlqa::tests::Cloud;
using mlqa::tests::cloud_of;

/// The kernel function of two points, from its formula.
long double definition(const KernelFunction& f, const double* a, const double* b, index_t d) {
    long double dot = 0, distance = 0;
    for (index_t j = 0; j < d; ++j) {
        const long double p = a[j], q = b[j];
        dot += p * q;
        distance += (p - q) * (p - q);
    }
    const long double shifted = f.gamma * dot + f.coef0;
    switch (f.kind) {
        case Kernel::linear:
            return dot;
        case Kernel::poly:
            return std::pow(shifted, f.degree);
        case Kernel::sigmoid:
            return std::tanh(shifted);
        default:
            return std::exp(-f.gamma * distance);
    }
}

/// The largest error of a value as a share of its bound; negative where the bound promises nothing.
double largest_share(const Cloud& cloud, const KernelFunction& f) {
    mlqa::svm::Points points;
    points.dense = cloud.view();
    mlqa::svm::PointSet set(points, nullptr, nullptr, cloud.n, f, 1);
    set.choose_fixed();
    const mlqa::svm::FloatError bound = mlqa::svm::float_error(set);
    if (!bound.finite()) return -1.0;
    const std::unique_ptr<mlqa::svm::RowSource<float>> rows = mlqa::svm::float_rows(set);
    mlqa::svm::RowSource<float>& source = *rows;
    std::vector<index_t> which(at(cloud.n));
    std::vector<std::vector<float>> values(which.size(), std::vector<float>(at(source.stride())));
    std::vector<float*> out(which.size());
    for (std::size_t i = 0; i < which.size(); ++i) {
        which[i] = static_cast<index_t>(i);
        out[i] = values[i].data();
    }
    CHECK(source.rows(which.data(), cloud.n, out.data(), 1) == mlqa::Status::ok);
    double share = 0;
    for (index_t i = 0; i < cloud.n; ++i)
        for (index_t j = 0; j < cloud.n; ++j) {
            const long double exact = definition(f, cloud.row(i), cloud.row(j), cloud.d);
            const auto error = static_cast<double>(std::abs(values[at(i)][at(j)] - exact));
            const double allowed = bound.absolute + bound.relative * static_cast<double>(std::abs(exact));
            CHECK(std::isfinite(error));
            if (error > 0) share = std::max(share, error / allowed);
        }
    return share;
}

std::vector<Cloud> hard_clouds(index_t d) {
    constexpr index_t n = 40;
    // NOLINTNEXTLINE(bugprone-random-generator-seed): the same points each time
    std::mt19937_64 random(7);
    std::normal_distribution<double> normal;
    const auto cloud = [&](const auto& value) { return cloud_of(n, d, value); };
    std::vector<Cloud> all = {
        cloud([&] { return normal(random); }),
        cloud([&] { return normal(random) + 300.0; }),  // centred where distances count
        cloud([&] { return std::abs(normal(random)); }),
        cloud([&] { return std::round(50.0 * normal(random)); }),
        cloud([&] { return 1.0 + 1e-7 * normal(random); }),
        cloud([&] { return normal(random) < 0.5 ? 0.0 : normal(random); }),
        cloud([&] { return normal(random) * std::pow(10.0, std::round(3.0 * normal(random))); }),
        cloud([&] { return 1e12 * normal(random); }),
        cloud([&] { return 1e-12 * normal(random); }),
    };
    // Points and their mirror images, of which some are far longer than the others.
    Cloud mirrored = cloud([&] { return 2.0 + normal(random); });
    for (index_t i = 1; i < n; i += 2)
        for (index_t j = 0; j < d; ++j) mirrored(i, j) = -mirrored(i - 1, j) * (i % 5 == 0 ? 100.0 : 1.0);
    all.push_back(mirrored);
    return all;
}

TEST(no_value_errs_by_more_than_the_bound) {
    on_every_level([] {
        int bounded = 0;
        for (const index_t d : {1, 7, 64, 400})
            for (const Cloud& cloud : hard_clouds(d))
                for (const double gamma : {1e-26, 1e-3, 1.0 / static_cast<double>(d), 10.0})
                    for (const KernelFunction& f : {KernelFunction{Kernel::linear, 3, 1.0, 0.0},
                                                    KernelFunction{Kernel::poly, 3, gamma, 1.0},
                                                    KernelFunction{Kernel::poly, 2, gamma, -0.5},
                                                    KernelFunction{Kernel::rbf, 3, gamma, 0.0},
                                                    KernelFunction{Kernel::sigmoid, 3, gamma, -0.25}}) {
                        const double share = largest_share(cloud, f);
                        CHECK(share <= 1.0);
                        bounded += share >= 0.0 ? 1 : 0;
                    }
        CHECK(bounded > 600);
    });
}

/// x and -x with the squares 1, s, s, ..., s times scale^2, s just below the half of 2^-23: added to 1 they
/// are rounded away one by one, which loses d - 1 of the bound's d + 8 units (of 2 d + 8 without fused
/// multiply-add). With this sign each product and norm of |x - (-x)|^2 loses as much, in the same direction.
Cloud absorbed(index_t d, double scale) {
    Cloud c{2, d, std::vector<double>(at(2 * d))};
    for (index_t j = 0; j < d; ++j) c(0, j) = scale * (j == 0 ? 1.0 : 0.999 * std::exp2(-12));
    for (index_t j = 0; j < d; ++j) c(1, j) = -c(0, j);
    return c;
}

TEST(a_fifth_of_the_bound_is_attained) {
    on_every_level([] {
        for (const double scale : {1.0, 1024.0}) {
            const double gamma = 1.0 / (scale * scale);
            const Cloud cloud = absorbed(1000, scale);
            for (const KernelFunction& f :
                 {KernelFunction{Kernel::linear, 3, 1.0, 0.0}, KernelFunction{Kernel::poly, 3, gamma, 0.0},
                  KernelFunction{Kernel::rbf, 3, gamma, 0.0},
                  KernelFunction{Kernel::rbf, 3, 16.0 * gamma, 0.0},
                  KernelFunction{Kernel::sigmoid, 3, 0.5 * gamma, 0.0}}) {
                const double share = largest_share(cloud, f);
                CHECK(share >= 0.2);
                CHECK(share <= 1.0);
            }
        }
    });
}

}  // namespace
