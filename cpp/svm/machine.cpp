#include "svm/machine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace mlqa::svm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;

index_t filled(index_t n, index_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

/// `size` numbers of this value, in the memory of those before if they were as many.
void reset(arena::Buffer<double>& numbers, std::size_t size, double value) {
    if (numbers.size() < size) numbers = arena::Buffer<double>(size);
    std::fill_n(numbers.data(), size, value);
}

}  // namespace

void State::take(const Task& task, bool two_runs, index_t multiple) {
    size_ = task.size();
    run_ = two_runs ? task.first : task.size();
    length_[0] = filled(run_, multiple);
    length_[1] = filled(size_ - run_, multiple);
    active_ = 0;
    order_.clear();
    epsilon_ = task.epsilon;
    grouped_ = task.grouped;
    std::copy(task.total, task.total + 2, total_);
    largest_linear_ = 0.0;
    const std::size_t n = at(length());
    for (arena::Buffer<double>* array : {&f, &beta, &lower, &upper, &diagonal, &linear, &spread})
        reset(*array, n, 0.0);
    reset(up, n, infinity);
    reset(low, n, -infinity);
    for (index_t i = 0; i < size_; ++i) {
        const std::size_t p = at(place(i));
        linear[p] = task.linear[i];
        lower[p] = task.lower[i];
        upper[p] = task.upper[i];
        if (task.initial != nullptr) beta[p] = task.initial[i];
        largest_linear_ = std::max(largest_linear_, std::abs(linear[p]));
        mark(place(i));
    }
    reset_gradient();
}

index_t State::filling() {
    return 8 * working_set_kernels().lanes;
}

/// Place p becomes what place from[p] was.
void State::reorder(const std::vector<index_t>& from) {
    std::vector<double> before(from.size());
    for (arena::Buffer<double>* array : {&f, &beta, &lower, &upper, &up, &low, &diagonal, &linear, &spread}) {
        std::copy(array->data(), array->data() + from.size(), before.begin());
        for (std::size_t p = 0; p < from.size(); ++p) (*array)[p] = before[at(from[p])];
    }
}

void State::rest(const index_t* kept, index_t n) {
    const index_t were = active();
    std::vector<index_t> from(kept, kept + n);
    for (index_t p = 0, next = 0; p < were; ++p) {
        if (next < n && kept[next] == p)
            ++next;
        else
            from.push_back(p);
    }
    if (order_.empty()) {
        order_.resize(at(size_));
        std::iota(order_.begin(), order_.end(), index_t{0});
    }
    std::vector<index_t> order(order_);
    for (std::size_t p = 0; p < from.size(); ++p) order[p] = order_[at(from[p])];
    order_ = std::move(order);
    reorder(from);
    active_ = n;
}

void State::wake() {
    if (!resting()) return;
    std::vector<index_t> from(at(size_));
    for (index_t p = 0; p < size_; ++p) from[at(order_[at(p)])] = p;
    reorder(from);
    order_.clear();
    active_ = 0;
}

void State::mark(index_t place_of) {
    const std::size_t p = at(place_of);
    up[p] = beta[p] < upper[p] ? (beta[p] < 0 ? -epsilon_ : epsilon_) : infinity;
    low[p] = beta[p] > lower[p] ? (beta[p] > 0 ? epsilon_ : -epsilon_) : -infinity;
}

Variables<double> State::variables(const index_t column[2]) {
    return {{column[0], column[1]},
            {length_[0], length_[1]},
            f.data(),
            beta.data(),
            lower.data(),
            upper.data(),
            up.data(),
            low.data(),
            diagonal.data(),
            epsilon_,
            grouped_};
}

void State::extremes(int g, double& least, double& largest) const {
    const index_t first = group_begin(g);
    working_set_kernels().violation(f.data() + first, up.data() + first, low.data() + first,
                                    group_end(g) - first, &least, &largest);
}

double State::violation() const {
    double worst = -infinity;
    for (int g = 0; g < groups(); ++g) {
        double least = 0, largest = 0;
        extremes(g, least, largest);
        const double here = largest - least;
        if (here > worst || std::isnan(here)) worst = here;
    }
    return worst;
}

std::vector<index_t> State::doubtful(const std::vector<char>& known, const std::vector<double>& error) const {
    std::vector<index_t> places;
    for (int g = 0; g < groups(); ++g) {
        const auto first = at(group_begin(g)), last = at(resting() ? size_ : group_end(g));
        double least = infinity, largest = -infinity;
        for (std::size_t p = first; p < last; ++p) {
            least = std::min(least, f[p] + up[p] + error[p]);
            largest = std::max(largest, f[p] + low[p] - error[p]);
        }
        const double top = std::max(least, largest), bottom = std::min(least, largest);
        for (std::size_t p = first; p < last; ++p)
            if (known[p] == 0 && (f[p] + up[p] < top + error[p] || f[p] + low[p] > bottom - error[p]))
                places.push_back(static_cast<index_t>(p));
    }
    return places;
}

void State::reset_gradient() {
    std::copy_n(linear.data(), length(), f.data());
}

bool State::starts_at_zero() const {
    return support() == 0;
}

double State::weight() const {
    double sum = 0;
    for (index_t p = 0; p < length(); ++p) sum += std::abs(beta[at(p)]);
    return sum;
}

index_t State::support() const {
    return std::count_if(beta.data(), beta.data() + length(), [](double b) { return b != 0.0; });
}

double State::rounding(double largest) const {
    const auto terms = static_cast<double>(support());
    return 1.01 * unit_roundoff * (terms + 2.0) * (weight() * largest + largest_linear_);
}

/// The mean slope of the points between two bounds, or the middle of what the others allow.
double State::multiplier(int g) const {
    double free_sum = 0, least = infinity, largest = -infinity;
    index_t free = 0;
    for (index_t p = group_begin(g); p < group_end(g); ++p) {
        if (up[at(p)] == low[at(p)]) {
            free_sum += f[at(p)] + up[at(p)];
            ++free;
            continue;
        }
        least = std::min(least, f[at(p)] + up[at(p)]);
        largest = std::max(largest, f[at(p)] + low[at(p)]);
    }
    if (free > 0) return free_sum / static_cast<double>(free);
    if (least == infinity) return largest == -infinity ? 0.0 : largest;
    return largest == -infinity ? least : (least + largest) / 2;
}

double State::slack(std::size_t p, double rho) const {
    const double g = f[p] - rho, here = epsilon_ * std::abs(beta[p]);
    double most = 0;
    for (const double b : {lower[p], 0.0, upper[p]})
        most = std::max(most, (beta[p] - b) * g + here - epsilon_ * std::abs(b));
    return most;
}

void State::certify(double error, Outcome& outcome) const {
    double objective = 0, gap = 0, widths = 0;
    for (int g = 0; g < groups(); ++g) {
        const double rho = outcome.rho[g] = multiplier(g);
        double total = 0;
        for (index_t t = group_begin(g); t < group_end(g); ++t) {
            const std::size_t p = at(t);
            objective -= 0.5 * beta[p] * (linear[p] + f[p]) + epsilon_ * std::abs(beta[p]);
            gap += slack(p, rho);
            widths += upper[p] - lower[p];
            total += beta[p];
        }
        gap += std::abs(rho * (total - total_[g]));
    }
    if (!grouped_) outcome.rho[1] = outcome.rho[0];
    outcome.objective = objective;
    outcome.violation = std::max(violation(), 0.0);
    outcome.gap = gap + widths * error;
    outcome.error = error;
    if (outcome.beta.size() < at(size_)) outcome.beta = arena::Buffer<double>(at(size_));
    for (index_t i = 0; i < size_; ++i) outcome.beta[at(i)] = beta[at(place(i))];
}

}  // namespace mlqa::svm
