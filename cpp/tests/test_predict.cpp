// A model whose double panels are packed by the first call that asks for them.
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include "core/cancel.hpp"
#include "svm/predict.hpp"
#include "tests/check.hpp"

namespace {

using mlqa::index_t;
using mlqa::Status;
using mlqa::svm::Kernel;
using mlqa::svm::Machines;
using mlqa::svm::Predictor;
using mlqa::svm::Queries;

constexpr index_t n = 1300, d = 500;

class Stop : public mlqa::cancel::Hook {
public:
    bool should_stop() override { return true; }
    void progress(std::int64_t, std::int64_t, double) override {}
};

TEST(a_cancelled_call_leaves_nothing_half_packed) {
    std::vector<double> x(static_cast<std::size_t>(n * d)), coef(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(0.37 * static_cast<double>(i));
    for (std::size_t s = 0; s < coef.size(); ++s) coef[s] = s % 2 == 0 ? 1.0 : -0.5;
    const index_t start[3] = {0, n / 2, n};
    const double intercept = 0.25;
    Machines machines;
    machines.support.dense = {x.data(), n, d, d, 1};
    machines.function = {Kernel::rbf, 3, 0.01, 0.0};
    machines.classes = 2;
    machines.start = start;
    machines.coef = coef.data();
    machines.intercept = &intercept;
    Queries queries;
    queries.dense = {x.data(), 50, d, d, 1};
    std::vector<double> want(50), got(50);
    // Alive as long as the other, which would get its memory.
    const Predictor undisturbed(machines, 1), predictor(machines, 1);
    CHECK(undisturbed.decisions(queries, 1, want.data()) == Status::ok);
    {
        Stop stop;
        const mlqa::cancel::Scope scope(stop);
        std::this_thread::sleep_for(std::chrono::milliseconds(2 * mlqa::cancel::poll_interval_ms));
        CHECK(predictor.decisions(queries, 1, got.data()) == Status::cancelled);
    }
    CHECK(predictor.decisions(queries, 1, got.data()) == Status::ok);
    CHECK(got == want);
}

}  // namespace
