#include "svm/machine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlqa::svm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;

index_t filled(index_t n) {
    const index_t lanes = working_set_kernels().lanes;
    return (n + lanes - 1) / lanes * lanes;
}

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

}  // namespace

State::State(const Task& task, bool two_runs)
    : size_(task.size()),
      run_(two_runs ? task.first : task.size()),
      length_{filled(run_), filled(size_ - run_)} {
    const std::size_t n = at(length());
    f = arena::Buffer<double>(n, 0.0);
    beta = arena::Buffer<double>(n, 0.0);
    lower = arena::Buffer<double>(n, 0.0);
    upper = arena::Buffer<double>(n, 0.0);
    up = arena::Buffer<double>(n, infinity);
    low = arena::Buffer<double>(n, -infinity);
    diagonal = arena::Buffer<double>(n, 0.0);
    y = arena::Buffer<double>(n, 0.0);
    for (index_t i = 0; i < size_; ++i) {
        const std::size_t p = at(place(i));
        const bool positive = i < task.first;
        y[p] = positive ? 1.0 : -1.0;
        if (positive)
            upper[p] = task.bound_first[i];
        else
            lower[p] = -task.bound_second[i - task.first];
        mark(place(i));
    }
    reset_gradient();
}

void State::mark(index_t place_of) {
    const std::size_t p = at(place_of);
    up[p] = beta[p] < upper[p] ? 0.0 : infinity;
    low[p] = beta[p] > lower[p] ? 0.0 : -infinity;
}

double State::violation() const {
    double least = 0, largest = 0;
    working_set_kernels().violation(f.data(), up.data(), low.data(), length(), &least, &largest);
    return largest - least;
}

void State::reset_gradient() {
    for (index_t p = 0; p < length(); ++p) f[at(p)] = -y[at(p)];
}

double State::weight() const {
    double sum = 0;
    for (const double b : beta) sum += std::abs(b);
    return sum;
}

double State::rounding(double largest) const {
    const auto terms =
        static_cast<double>(std::count_if(beta.begin(), beta.end(), [](double b) { return b != 0; }));
    return 1.01 * unit_roundoff * (terms + 2.0) * (weight() * largest + 1.0);
}

void State::certify(double error, Outcome& outcome) const {
    double free_sum = 0, least = infinity, largest = -infinity, total = 0;
    index_t free = 0;
    for (index_t i = 0; i < size_; ++i) {
        const std::size_t p = at(place(i));
        const bool rises = beta[p]<upper[p], falls = beta[p]> lower[p];
        if (rises && falls) {
            free_sum += f[p];
            ++free;
        } else if (rises) {
            least = std::min(least, f[p]);
        } else if (falls) {
            largest = std::max(largest, f[p]);
        }
        total += beta[p];
    }
    const double rho = free > 0 ? free_sum / static_cast<double>(free) : (least + largest) / 2;
    double objective = 0, gap = std::abs(rho * total), bounds = 0;
    for (index_t i = 0; i < size_; ++i) {
        const std::size_t p = at(place(i));
        const double slack = y[p] * (f[p] - rho), alpha = std::abs(beta[p]);
        const double c = y[p] > 0 ? upper[p] : -lower[p];
        objective += 0.5 * beta[p] * (y[p] - f[p]);
        if (slack > 0) gap += alpha * slack;
        if (slack < 0) gap -= (c - alpha) * slack;
        bounds += c;
    }
    outcome.rho = rho;
    outcome.objective = objective;
    outcome.violation = std::max(violation(), 0.0);
    outcome.gap = gap + bounds * error;
    outcome.beta = arena::Buffer<double>(at(size_));
    for (index_t i = 0; i < size_; ++i) outcome.beta[at(i)] = beta[at(place(i))];
}

}  // namespace mlqa::svm
