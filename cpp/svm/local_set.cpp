#include "svm/local_set.hpp"

#include <algorithm>
#include <cmath>

namespace mlqa::svm {
namespace {

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// As Variables of double ask.
index_t filled(index_t n) {
    const index_t lanes = 4 * working_set_kernels().lanes;
    return (n + lanes - 1) / lanes * lanes;
}

}  // namespace

void LocalSet::make_room(index_t places) {
    if (places <= room_) return;
    room_ = places;
    k_ = arena::Buffer<double>(at(places) * at(places), 0.0);
    for (arena::Buffer<double>* a : {&f_, &beta_, &lower_, &upper_, &up_, &low_, &diagonal_})
        *a = arena::Buffer<double>(at(places), 0.0);
}

void LocalSet::take_variables(const State& state, const std::vector<index_t>& set) {
    std::fill(up_.begin(), up_.end(), HUGE_VAL);
    std::fill(low_.begin(), low_.end(), -HUGE_VAL);
    for (std::size_t r = 0; r < set.size(); ++r) {
        const std::size_t i = at(set[r]), p = at(local_[r]);
        f_[p] = state.f[i];
        beta_[p] = state.beta[i];
        lower_[p] = state.lower[i];
        upper_[p] = state.upper[i];
        up_[p] = state.up[i];
        low_[p] = state.low[i];
        diagonal_[p] = state.diagonal[i];
    }
}

Status LocalSet::take(const State& state, RowStore& store, const std::vector<index_t>& set, int n_threads) {
    const auto m = static_cast<index_t>(set.size());
    const index_t boundary = state.lengths()[0];
    index_t of_first = m;
    if (state.grouped())
        of_first = std::count_if(set.begin(), set.end(), [=](index_t p) { return p < boundary; });
    length_[0] = filled(of_first);
    length_[1] = filled(m - of_first);
    epsilon_ = state.epsilon();
    grouped_ = state.grouped();
    const index_t stride = length_[0] + length_[1];
    local_.resize(at(m));
    for (index_t r = 0; r < m; ++r) local_[at(r)] = r < of_first ? r : length_[0] + r - of_first;
    make_room(stride);
    take_variables(state, set);
    rows_.resize(at(stride));
    for (index_t p = 0; p < stride; ++p) rows_[at(p)] = k_.data() + p * stride;
    return store.block(local_.data(), stride, k_.data(), n_threads);
}

StepReport LocalSet::solve(double tolerance, double share, index_t most) {
    const Variables<double> variables = {{0, length_[0]},  {length_[0], length_[1]},
                                         f_.data(),        beta_.data(),
                                         lower_.data(),    upper_.data(),
                                         up_.data(),       low_.data(),
                                         diagonal_.data(), epsilon_,
                                         grouped_};
    const WorkingSet<double> block = {variables, rows_.data()};
    StepReport report{};
    working_set_kernels().solve(&block, tolerance, share, most, &report);
    return report;
}

}  // namespace mlqa::svm
