#include "svm/linear_l1.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "svm/shuffle.hpp"

namespace mlqa::svm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double unit = std::numeric_limits<double>::epsilon() / 2;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

class L1Machine final : public LinearMachine {
public:
    L1Machine(const RowSet& rows, const ColumnSet& columns, const LinearProblem& problem,
              const LinearSettings& settings, index_t output)
        : LinearMachine(rows, settings),
          columns_(columns),
          task_(problem, output),
          shuffle_(settings.seed, output),
          order_(at(columns.columns())),
          steepest_(at(columns.columns())) {
        weights = arena::Buffer<double>(at(rows.length()), 0.0);
        for (arena::Buffer<double>* v : {&z_, &force_, &bend_})
            *v = arena::Buffer<double>(at(task_.padded), 0.0);
        for (index_t j = 0; j < columns.columns(); ++j) {
            order_[at(j)] = j;
            steepest_[at(j)] = 2.0 * columns.squares(j, task_.cost.data());
        }
        if (rows.sparse()) {
            slopes_ = arena::Buffer<RowSlopes>(at(task_.rows));
            places_ = arena::Buffer<RowPlace>(at(task_.rows));
        }
        state_ = {weights.data(),    z_.data(),         force_.data(),  bend_.data(),   task_.low.data(),
                  task_.high.data(), task_.cost.data(), slopes_.data(), places_.data(), steepest_.data()};
        measure();
        pass_.order = order_.data();
        activate_all();
        begin_pass();
    }

    bool advance(int n_threads) override {
        if (passes == 0 && limited()) return finish(n_threads);
        linear_columns_kernels().descend(&columns_.view(), &state_, &pass_, slice());
        if (pass_.position < pass_.active) return settings_.late() && limited() && finish(n_threads);
        ++passes;
        return end_pass() || limited() ? finish(n_threads) : (begin_pass(), false);
    }

private:
    /// Features that take some milliseconds.
    index_t slice() const { return 2'000'000 / (2 * rows_.entries() / columns_.columns() + 50) + 1; }

    void activate_all() {
        pass_.active = columns_.columns();
        pass_.above = infinity;
    }

    void begin_pass() {
        shuffle_(order_.data(), pass_.active);
        pass_.position = 0;
        pass_.largest = 0.0;
        pass_.sum = 0.0;
    }

    /// The sum of the violations against that of the first pass; true once it is small over all features.
    bool end_pass() {
        if (passes == 1) first_sum_ = pass_.sum;
        if (pass_.sum <= settings_.tol * task_.smaller_share * first_sum_) {
            if (pass_.active == columns_.columns()) return true;
            activate_all();
            return false;
        }
        pass_.above = pass_.largest / static_cast<double>(task_.rows);
        return false;
    }

    /// Forces and bends of z.
    void measure() {
        linear_kernels().forces(z_.data(), task_.low.data(), task_.high.data(), task_.cost.data(),
                                task_.padded, force_.data(), bend_.data());
        for (index_t i = 0; i < static_cast<index_t>(places_.size()); ++i) {
            slopes_[at(i)] = {force_[at(i)], bend_[at(i)]};
            places_[at(i)] = {z_[at(i)], task_.low[at(i)], task_.high[at(i)], task_.cost[at(i)]};
        }
    }

    bool finish(int n_threads) {
        rows_.products(weights.data(), z_.data(), n_threads);
        measure();
        certify();
        return true;
    }

    void certify() {
        double penalty = 0.0, steepest = 0.0;
        for (index_t j = 0; j < columns_.columns(); ++j) {
            penalty += std::abs(weights[at(j)]);
            steepest =
                std::max(steepest, std::abs(linear_columns_kernels().gradient(&columns_.view(), &state_, j)));
        }
        double loss = 0.0, linear = 0.0, quadratic = 0.0, spread = 0.0;
        for (index_t i = 0; i < task_.rows; ++i) {
            const double b = force_[at(i)];
            if (b == 0.0) continue;
            const double c = task_.cost[at(i)], half = b * b / (4.0 * c);
            loss += half;  // C e^2
            linear += b * (b > 0.0 ? task_.low[at(i)] : task_.high[at(i)]);
            quadratic += half;
            spread += std::abs(b) * std::sqrt(rows_.norms()[i]);
        }
        // Rounded up: sums over n rows, and decision values as sums over d features.
        const double n = static_cast<double>(task_.rows + 8), d = static_cast<double>(rows_.length() + 8);
        steepest += n * unit * spread;
        double scale = steepest > 1.0 ? 1.0 / steepest : 1.0;
        if (quadratic > 0.0) scale = std::min(scale, linear / (2.0 * quadratic));
        const double dual = scale * linear - scale * scale * quadratic;
        objective = penalty + loss;
        const double terms = n + d;
        const double rounding = 4.0 * unit * terms * (objective + std::abs(linear) + spread * penalty);
        gap = std::max(objective - dual, 0.0) + rounding;
    }

    const ColumnSet& columns_;
    LinearTask task_;
    Shuffler shuffle_;
    arena::Buffer<index_t> order_;
    arena::Buffer<double> steepest_, z_, force_, bend_;
    arena::Buffer<RowSlopes> slopes_;
    arena::Buffer<RowPlace> places_;
    ColumnState state_{};
    ColumnPass pass_{};
    double first_sum_ = 0.0;
};

}  // namespace

ColumnSet::ColumnSet(const RowSet& rows)
    : rows_(rows.rows()), columns_(rows.features() + (rows.constant() != 0.0 ? 1 : 0)) {
    if (rows.sparse())
        transpose_sparse(rows);
    else
        transpose_dense(rows);
}

void ColumnSet::transpose_dense(const RowSet& rows) {
    constexpr index_t block = 32;
    const index_t stride = (rows_ + 7) / 8 * 8;
    values_ = arena::Buffer<double>(at(columns_) * at(stride), 0.0);
    const LinearRows& from = rows.view();
    for (index_t first = 0; first < rows_; first += block)
        for (index_t j = 0; j < columns_; ++j)
            for (index_t i = first; i < std::min(rows_, first + block); ++i)
                values_[at(j * stride + i)] = from.values[i * from.stride + j];
    view_ = {values_.data(), nullptr, nullptr, stride};
}

void ColumnSet::transpose_sparse(const RowSet& rows) {
    const LinearRows& from = rows.view();
    const index_t first = from.offsets[0], stored = from.offsets[rows_] - first;
    const bool constant = columns_ > rows.features();
    const index_t entries = stored + (constant ? rows_ : 0);
    offsets_ = arena::Buffer<index_t>(at(columns_ + 2), index_t{0});
    values_ = arena::Buffer<double>(at(entries));
    indices_ = arena::Buffer<std::int32_t>(at(entries));
    // Shifted by one, so that filling a column moves its start to the start of the next.
    for (index_t e = first; e < first + stored; ++e) ++offsets_[at(from.indices[e] + 2)];
    if (constant) offsets_[at(columns_ + 1)] = rows_;
    for (index_t j = 1; j <= columns_ + 1; ++j) offsets_[at(j)] += offsets_[at(j - 1)];
    const auto put = [&](index_t j, index_t i, double value) {
        const auto to = at(offsets_[at(j + 1)]++);
        values_[to] = value;
        indices_[to] = static_cast<std::int32_t>(i);
    };
    for (index_t i = 0; i < rows_; ++i) {
        for (index_t e = from.offsets[i]; e < from.offsets[i + 1]; ++e)
            put(from.indices[e], i, from.values[e]);
        if (constant) put(columns_ - 1, i, from.constant);
    }
    view_ = {values_.data(), indices_.data(), offsets_.data(), 0};
}

double ColumnSet::squares(index_t j, const double* c) const {
    double sum = 0.0;
    if (view_.indices == nullptr) {
        const double* x = view_.values + j * view_.stride;
        for (index_t i = 0; i < rows_; ++i) sum += c[i] * x[i] * x[i];
        return sum;
    }
    for (index_t e = view_.offsets[j]; e < view_.offsets[j + 1]; ++e)
        sum += c[view_.indices[e]] * view_.values[e] * view_.values[e];
    return sum;
}

std::unique_ptr<LinearMachine> l1_machine(const RowSet& rows, const ColumnSet& columns,
                                          const LinearProblem& problem, const LinearSettings& settings,
                                          index_t output) {
    return std::make_unique<L1Machine>(rows, columns, problem, settings, output);
}

}  // namespace mlqa::svm
