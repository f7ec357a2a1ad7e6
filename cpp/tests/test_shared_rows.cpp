// Rows that machines lend each other (svm/own_rows.hpp) have the bits of rows computed alone, and each value
// is counted once.
#include <algorithm>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "svm/row_source.hpp"
#include "tests/check.hpp"
#include "tests/cloud.hpp"
#include "tests/levels.hpp"

namespace {

using mlqa::index_t;
using mlqa::svm::Kernel;
using mlqa::svm::KernelFunction;
using mlqa::svm::PointSet;
using mlqa::svm::SharedPanels;
using mlqa::tests::at;
using mlqa::tests::Cloud;

/// Three classes, none a multiple of a panel or of a block of rows.
constexpr index_t start[] = {0, 53, 124, 165};
constexpr index_t features = 7;

Cloud points() {
    // NOLINTNEXTLINE(bugprone-random-generator-seed): the same points each time
    std::mt19937_64 random(3);
    std::normal_distribution<double> normal;
    return mlqa::tests::cloud_of(start[3], features, [&] { return normal(random); });
}

using Values = std::vector<std::vector<float>>;

/// Rows of some points of a machine, a few at a time.
Values rows_of(const PointSet& set, index_t step) {
    const std::unique_ptr<mlqa::svm::RowSource<float>> source = mlqa::svm::float_rows(set);
    std::vector<index_t> which;
    for (index_t i = 0; i < set.size(); i += 3) which.push_back(set.size() - 1 - i);
    Values values(which.size(), std::vector<float>(at(source->stride())));
    std::vector<float*> out;
    for (std::vector<float>& row : values) out.push_back(row.data());
    const auto all = static_cast<index_t>(which.size());
    for (index_t first = 0; first < all; first += step)
        CHECK(source->rows(which.data() + first, std::min(step, all - first), out.data() + first, 1) ==
              mlqa::Status::ok);
    for (std::vector<float>& row : values) row.resize(at(set.size()));
    return values;
}

struct Classes {
    Classes(const Cloud& cloud, const KernelFunction& function, bool lends) {
        given.dense = cloud.view();
        given.work = &work;
        all = std::make_unique<PointSet>(given, nullptr, nullptr, cloud.n, function, 1);
        all->choose_fixed();
        for (int c = 0; c < 3; ++c)
            panels.push_back(std::make_unique<SharedPanels>(*all, start[c], start[c + 1] - start[c], lends));
    }

    Values machine(int a, int b, index_t step) const {
        std::vector<index_t> index;
        for (const int c : {a, b})
            for (index_t i = start[c]; i < start[c + 1]; ++i) index.push_back(i);
        const auto part = [&](int c) {
            return mlqa::svm::Part{start[c], start[c + 1] - start[c], panels[at(c)].get()};
        };
        const PointSet set(*all, part(a), part(b), index.data());
        return rows_of(set, step);
    }

    mlqa::svm::Work work;
    mlqa::svm::Points given;
    std::unique_ptr<PointSet> all;
    std::vector<std::unique_ptr<SharedPanels>> panels;  ///< a class
};

constexpr int machines[][2] = {{0, 1}, {0, 2}, {1, 2}};

TEST(lent_rows_have_the_bits_of_their_own) {
    const Cloud cloud = points();
    on_every_level([&] {
        for (const KernelFunction& f :
             {KernelFunction{Kernel::linear, 3, 1.0, 0.0}, KernelFunction{Kernel::poly, 3, 0.2, 1.0},
              KernelFunction{Kernel::rbf, 3, 0.1, 0.0}}) {
            const Classes alone(cloud, f, false), together(cloud, f, true);
            for (const auto& m : machines)
                CHECK(alone.machine(m[0], m[1], 24) == together.machine(m[0], m[1], 24));
            CHECK(together.work.rows == alone.work.rows);
            CHECK(together.work.values < alone.work.values);
        }
    });
}

TEST(machines_at_work_together_count_each_value_once) {
    const Cloud cloud = points();
    const KernelFunction f{Kernel::rbf, 3, 0.1, 0.0};
    const Classes in_turn(cloud, f, true), together(cloud, f, true), alone(cloud, f, false);
    for (const auto& m : machines) in_turn.machine(m[0], m[1], 5);
    Values found[3];
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 3; ++i)
        threads.emplace_back([&, i] { found[i] = together.machine(machines[i][0], machines[i][1], 5); });
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == alone.machine(machines[i][0], machines[i][1], 5));
    // Classes whose rows are wanted twice: the second time without their own points.
    CHECK(in_turn.work.values < alone.work.values);
    CHECK(in_turn.work.values == together.work.values);
}

}  // namespace
