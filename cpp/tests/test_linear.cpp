// The step of linear machines (svm/linear.kernel.hpp) by its definition: where a coordinate goes, what it
// reports, and which coordinates a pass leaves out, which no answer shows: all are looked at in the end.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/arena.hpp"
#include "svm/linear.kernel.hpp"
#include "svm/linear_columns.kernel.hpp"
#include "tests/check.hpp"
#include "tests/levels.hpp"

namespace {

using mlqa::DualPass;
using mlqa::DualSample;
using mlqa::index_t;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// One pass over samples that each have a feature of their own, of value 1: w_i is what sample i sees.
struct Pass {
    std::vector<DualSample> samples;
    std::vector<double> w, after;
    DualPass pass;
    std::vector<index_t> order;

    Pass(std::vector<DualSample> given, std::vector<double> seen, double above, double below)
        : samples(std::move(given)), w(std::move(seen)), after(8, 0.0), pass{} {
        const auto n = static_cast<index_t>(samples.size());
        mlqa::arena::Buffer<double> rows(samples.size() * 8, 0.0);
        for (std::size_t i = 0; i < samples.size(); ++i) {
            rows[i * 8 + i] = 1.0;
            order.push_back(static_cast<index_t>(i));
            after[i] = w[i];
        }
        const mlqa::LinearRows x = {rows.data(), nullptr, nullptr, 8, 7, 0.0};
        pass = {order.data(), 0, n, above, below, -infinity, infinity, 0.0};
        mlqa::linear_kernels().descend(&x, after.data(), samples.data(), &pass, 100);
    }

    bool left_out(index_t i) const {
        return std::find(order.begin() + pass.active, order.end(), i) != order.end();
    }
};

/// Of a class: the value is to be at least 1, beta between 0 and the cap.
DualSample positive(double beta, double cap) {
    return {beta, 1.0, infinity, cap, 0.0, 1.0, {0.0, 0.0}};
}

DualSample value_near_zero(double beta, double cap) {
    return {beta, -0.1, 0.1, cap, 0.0, 1.0, {0.0, 0.0}};
}

TEST(a_sample_at_rest_is_left_out_where_its_slope_is_beyond_the_last_pass) {
    on_every_level([] {
        // At 0 with slopes 0.6 and 0.4 towards larger beta; at the cap 1 with slopes -0.6 and -0.4.
        const Pass p({positive(0, 1), positive(0, 1), positive(1, 1), positive(1, 1)}, {1.6, 1.4, 0.4, 0.6},
                     0.5, -0.5);
        CHECK(p.pass.active == 2);
        CHECK(p.left_out(0) && !p.left_out(1) && p.left_out(2) && !p.left_out(3));
        CHECK(p.after == std::vector<double>({1.6, 1.4, 0.4, 0.6, 0, 0, 0, 0}));
        CHECK(p.pass.sum == 0.0);
    });
}

TEST(a_value_at_rest_has_a_slope_on_either_side) {
    on_every_level([] {
        // Both slopes are 0.1; 0.07 and 0.13; and those of the cap on its two sides, 0.3 beyond.
        const Pass p(
            {value_near_zero(0, 1), value_near_zero(0, 1), value_near_zero(1, 1), value_near_zero(-1, 1)},
            {0.0, 0.03, -0.4, 0.4}, 0.08, -0.2);
        CHECK(p.left_out(0) && !p.left_out(1) && p.left_out(2) && p.left_out(3));
    });
}

TEST(a_step_ends_at_the_minimum_or_at_a_bound) {
    on_every_level([] {
        // To the minimum, 0.5 further; to the cap, 0.2 further; back to 0 from 0.3; across 0 for values.
        const Pass p({positive(0, 1), positive(0.8, 1), positive(0.3, 1), value_near_zero(0.3, 1)},
                     {0.5, 0.5, 2.0, 0.8}, infinity, -infinity);
        const double beta[4] = {0.5, 1.0, 0.0, -0.4}, w[4] = {1.0, 0.7, 1.7, 0.1};
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(std::abs(p.samples[i].beta - beta[i]) < 1e-15);
            CHECK(std::abs(p.after[i] - w[i]) < 1e-15);
        }
        // Slopes of |beta|: -0.5, -0.5, 1, 0.9.
        CHECK(std::abs(p.pass.largest - 1.0) < 1e-15 && std::abs(p.pass.least + 0.5) < 1e-15);
        CHECK(std::abs(p.pass.sum - 2.9) < 1e-15);
    });
}

/// Features of |w|_1, each with a value of its own in one of eight rows that all cost 1.
struct ColumnPass {
    mlqa::arena::Buffer<double> x, w, z, force, bend, low, high, cost, steepest;
    std::vector<index_t> order;
    mlqa::ColumnPass pass{};

    ColumnPass(const std::vector<std::vector<double>>& columns, double above)
        : x(columns.size() * 8),
          w(columns.size(), 0.0),
          z(8, 1.0),
          force(8, 0.0),
          bend(8, 0.0),
          low(8, 1.0),
          high(8, infinity),
          cost(8, 1.0),
          steepest(columns.size(), 0.0) {
        for (std::size_t j = 0; j < columns.size(); ++j) {
            order.push_back(static_cast<index_t>(j));
            for (std::size_t i = 0; i < 8; ++i) {
                x[j * 8 + i] = columns[j][i];
                steepest[j] += 2.0 * columns[j][i] * columns[j][i];
            }
        }
        pass = {order.data(), 0, static_cast<index_t>(columns.size()), above, 0.0, 0.0};
    }

    /// Row i is `distance` below its bound.
    void pull(std::size_t i, double distance) {
        z[i] = 1.0 - distance;
        force[i] = 2.0 * distance;
        bend[i] = 2.0;
    }

    void run() {
        const mlqa::LinearColumns columns = {x.data(), nullptr, nullptr, 8};
        const mlqa::ColumnState state = {w.data(),   z.data(),       force.data(), bend.data(),
                                         low.data(), high.data(),    cost.data(),  nullptr,
                                         nullptr,    steepest.data()};
        mlqa::linear_columns_kernels().descend(&columns, &state, &pass, 100);
    }
};

TEST(a_feature_at_rest_is_left_out_where_both_its_slopes_are_beyond_the_last_pass) {
    on_every_level([] {
        ColumnPass p({{1, 0, 0, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 0, 0, 0}, {0, 0, -1, 0, 0, 0, 0, 0}}, 0.5);
        p.pull(0, 0.2);  // slopes 1 -+ 0.4 on the two sides of 0
        p.pull(1, 0.3);
        p.pull(2, 0.3);
        p.run();
        CHECK(p.pass.active == 2 && p.order[2] == 0);
        CHECK(p.w[0] == 0.0 && p.w[1] == 0.0 && p.w[2] == 0.0 && p.pass.sum == 0.0);
    });
}

TEST(a_step_that_makes_other_rows_lose_is_halved) {
    on_every_level([] {
        // The model knows of row 0 alone, (2 - w)^2 + |w|; two more rows lose w^2 each once w grows.
        ColumnPass p({{1, -1, -1, 0, 0, 0, 0, 0}}, infinity);
        p.pull(0, 2.0);
        p.run();
        CHECK(p.w[0] == 0.75);  // half of (4 - 1) / 2
        CHECK(p.z[0] == -0.25 && p.z[1] == 0.25 && p.force[1] == 1.5 && p.bend[2] == 2.0);
    });
}

}  // namespace
