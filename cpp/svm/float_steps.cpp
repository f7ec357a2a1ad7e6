#include "svm/float_steps.hpp"

#include <algorithm>
#include <cmath>

namespace mlqa::svm {
namespace {

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

void narrow(const arena::Buffer<double>& from, arena::Buffer<float>& to) {
    std::transform(from.begin(), from.end(), to.begin(), [](double v) { return static_cast<float>(v); });
}

}  // namespace

FloatSteps::FloatSteps(const State& state, const index_t column[2], index_t points)
    : column_{column[0], column[1]},
      f_(at(state.length())),
      up_(at(state.length())),
      low_(at(state.length())),
      diagonal_(at(state.length())),
      first_f_(at(state.length())),
      first_beta_(at(state.length())) {
    for (int g = 0; g < 2; ++g)
        for (index_t t = 0; t < state.lengths()[g]; ++t)
            column_of_.push_back(std::min(column_[g] + t, points - 1));
    narrow(state.diagonal, diagonal_);
}

void FloatSteps::begin(const State& state) {
    narrow(state.f, f_);
    narrow(state.up, up_);
    narrow(state.low, low_);
    std::copy(state.f.begin(), state.f.end(), first_f_.begin());
    std::copy(state.beta.begin(), state.beta.end(), first_beta_.begin());
    under_way_ = true;
}

StepReport FloatSteps::steps(State& state, RowStore& store, double tolerance, index_t most) {
    const Variables<float> variables = {{column_[0], column_[1]},
                                        {state.lengths()[0], state.lengths()[1]},
                                        f_.data(),
                                        state.beta.data(),
                                        state.lower.data(),
                                        state.upper.data(),
                                        up_.data(),
                                        low_.data(),
                                        diagonal_.data(),
                                        state.epsilon(),
                                        state.grouped()};
    StepReport report{};
    store.solve(variables, column_of_.data(), tolerance, most, report);
    return report;
}

void FloatSteps::show(State& state) const {
    std::copy(f_.begin(), f_.end(), state.f.begin());
    std::copy(up_.begin(), up_.end(), state.up.begin());
    std::copy(low_.begin(), low_.end(), state.low.begin());
}

template <class Weight>
Status FloatSteps::add(const State& state, RowStore& store, Weight weight, double* sum, int n_threads) {
    std::vector<index_t> columns;
    std::vector<double> weights;
    for (index_t p = 0; p < state.length(); ++p) {
        if (weight(p) == 0.0) continue;
        columns.push_back(column_of_[at(p)]);
        weights.push_back(weight(p));
    }
    if (columns.empty()) return Status::ok;
    const Status status = store.fetch(columns.data(), static_cast<index_t>(columns.size()), n_threads);
    if (status != Status::ok) return status;
    for (int g = 0; g < 2; sum += state.lengths()[g++]) {
        const Status added =
            store.add(weights.data(), nullptr, column_[g], state.lengths()[g], sum, nullptr, n_threads);
        if (added != Status::ok) return added;
    }
    return Status::ok;
}

Status FloatSteps::finish(State& state, RowStore& store, int n_threads) {
    under_way_ = false;
    for (index_t i = 0; i < state.size(); ++i) state.mark(state.place(i));
    std::copy(first_f_.begin(), first_f_.end(), state.f.begin());
    std::fill(state.spread.begin(), state.spread.end(), 0.0);
    const auto change = [&](index_t p) { return state.beta[at(p)] - first_beta_[at(p)]; };
    const auto weight = [&](index_t p) { return std::abs(state.beta[at(p)]); };
    const Status status = add(state, store, change, state.f.data(), n_threads);
    if (status != Status::ok) return status;
    return add(state, store, weight, state.spread.data(), n_threads);
}

}  // namespace mlqa::svm
