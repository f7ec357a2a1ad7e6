#include "svm/linear_machine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlqa::svm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double unit = std::numeric_limits<double>::epsilon() / 2;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// A sum and that of its magnitudes, by which its rounding error is bounded.
struct Sum {
    double value = 0.0, magnitude = 0.0;
    index_t terms = 0;

    void add(double x) {
        value += x;
        magnitude += std::abs(x);
        ++terms;
    }
    double error() const { return static_cast<double>(terms + 8) * unit * magnitude; }
};

}  // namespace

LinearTask::LinearTask(const LinearProblem& problem, index_t output)
    : rows(problem.count),
      padded((rows + 7) / 8 * 8),
      low(at(padded), -infinity),
      high(at(padded), infinity),
      cost(at(padded), 0.0),
      smaller_share(1.0) {
    const index_t positive = problem.outputs() == 1 ? 1 : output;
    index_t members = 0;
    for (index_t i = 0; i < rows; ++i) {
        cost[at(i)] = problem.cost[i];
        if (problem.classes == 0) {
            low[at(i)] = problem.value[i] - problem.epsilon;
            high[at(i)] = problem.value[i] + problem.epsilon;
            continue;
        }
        const index_t label = problem.label[i];
        // Against the rest, LIBLINEAR weighs the one class and leaves the rest alone.
        if (problem.classes == 2 || label == positive) cost[at(i)] *= problem.factor[label];
        (label == positive ? low : high)[at(i)] = label == positive ? 1.0 : -1.0;
        members += label == positive ? 1 : 0;
    }
    if (problem.classes == 0) return;
    const auto smaller = static_cast<double>(std::max<index_t>(1, std::min(members, rows - members)));
    smaller_share = smaller / static_cast<double>(rows);
}

bool LinearMachine::limited() {
    if (passes >= settings_.max_iter)
        status = Status::not_converged;
    else if (settings_.late())
        status = Status::time_limit;
    return status != Status::ok;
}

void certify_l2(const RowSet& rows, const LinearTask& task, int power, const double* w, const double* beta,
                int n_threads, LinearMachine& machine) {
    const index_t length = rows.length();
    arena::Buffer<double> z(at(task.padded), 0.0), v(at(length), 0.0);
    // A cancelled pass leaves a certificate that nobody sees: the call ends.
    rows.products(w, z.data(), n_threads);
    rows.combine(beta, v.data(), n_threads);
    Sum primal, linear, quadratic;
    double w2 = 0.0, v2 = 0.0;
    for (index_t j = 0; j < length; ++j) {
        w2 += w[j] * w[j];
        v2 += v[at(j)] * v[at(j)];
    }
    primal.add(0.5 * w2);
    quadratic.add(0.5 * v2);
    // Errors of the products: (n + 8) u |x| |w| of each decision value, and of v as a sum over the rows.
    double of_values = 0.0, of_weights = 0.0;
    for (index_t i = 0; i < task.rows; ++i) {
        const double c = task.cost[at(i)], b = beta[i], norm = std::sqrt(rows.norms()[i]);
        const double d = std::max({task.low[at(i)] - z[at(i)], z[at(i)] - task.high[at(i)], 0.0});
        primal.add(power == 1 ? c * d : c * d * d);
        if (d > 0.0) of_values += norm * (power == 1 ? c : 2.0 * c * d);
        if (b == 0.0) continue;
        linear.add(b * (b > 0.0 ? task.low[at(i)] : task.high[at(i)]));
        if (power == 2) quadratic.add(b * b / (4.0 * c));
        of_weights += std::abs(b) * norm;
    }
    const auto numbers = static_cast<double>(length + 8), samples = static_cast<double>(task.rows + 8);
    const double products =
        unit * (numbers * of_values * std::sqrt(w2) + samples * of_weights * std::sqrt(v2));
    const double sums = unit * numbers * (w2 + v2) + primal.error() + linear.error() + quadratic.error();
    // Any share of beta is feasible; the best one tells most where w is far from its best.
    double share = std::max(linear.value, 0.0) / (2.0 * quadratic.value);
    if (!(share <= 1.0)) share = 1.0;
    const double dual = share * (linear.value - share * quadratic.value);
    machine.objective = primal.value;
    machine.gap = std::max(primal.value - dual, 0.0) + products + sums;
}

}  // namespace mlqa::svm
