#include <algorithm>
#include <limits>

#include "svm/linear_face.hpp"
#include "svm/linear_machine.hpp"
#include "svm/shuffle.hpp"

namespace mlqa::svm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Passes over coordinates before the first step on the face, and fewest between two.
constexpr index_t first_passes = 10, fewest_passes = 2;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

/// Coordinate descent on the dual, in a new random order every pass, with shrinking.
class DualMachine final : public LinearMachine {
public:
    DualMachine(const RowSet& rows, const LinearProblem& problem, const LinearSettings& settings,
                index_t output)
        : LinearMachine(rows, settings),
          task_(problem, output),
          squared_(problem.squared),
          values_(problem.classes == 0),
          shuffle_(settings.seed, output),
          samples_(at(task_.rows)),
          order_(at(task_.rows)),
          face_(rows, samples_.data()) {
        weights = arena::Buffer<double>(at(rows.length()), 0.0);
        for (index_t i = 0; i < task_.rows; ++i) {
            const double cost = task_.cost[at(i)];
            const double ridge = squared_ && cost > 0.0 ? 0.5 / cost : 0.0;
            samples_[at(i)] = {0.0,   task_.low[at(i)],        task_.high[at(i)], squared_ ? infinity : cost,
                               ridge, rows.norms()[i] + ridge, {0.0, 0.0}};
            if (cost > 0.0) order_[at(count_++)] = i;
        }
        pass_.order = order_.data();
        face_cost_ = first_passes * count_;
        activate_all();
        begin_pass();
    }

    bool advance(int n_threads) override {
        if (passes == 0 && limited()) return finish(n_threads);
        if (on_face_) return step_on_face(n_threads);
        linear_kernels().descend(&rows_.view(), weights.data(), samples_.data(), &pass_, slice());
        if (pass_.position < pass_.active) return settings_.late() && limited() && finish(n_threads);
        ++passes;
        if (end_pass() || limited()) return finish(n_threads);
        visits_ += pass_.active;
        on_face_ = ++passes_since_ >= fewest_passes && visits_ >= face_cost_ &&
                   face_.begin(weights.data(), order_.data(), pass_.active, n_threads);
        if (!on_face_) begin_pass();
        return false;
    }

private:
    /// Coordinates that take some milliseconds.
    index_t slice() const { return 4'000'000 / (rows_.entries() / task_.rows + 50) + 16; }

    bool step_on_face(int n_threads) {
        if (!face_.iterate(n_threads) && !settings_.late()) return false;
        face_.apply(weights.data(), n_threads);
        on_face_ = false;
        // As much work on the face as off it: whichever helps more costs twice itself, at most.
        face_cost_ = face_.products() * face_.size();
        visits_ = 0;
        passes_since_ = 0;
        begin_pass();
        return false;
    }

    void activate_all() {
        pass_.active = count_;
        pass_.above = infinity;
        pass_.below = -infinity;
    }

    void begin_pass() {
        shuffle_(order_.data(), pass_.active);
        pass_.position = 0;
        pass_.largest = -infinity;
        pass_.least = infinity;
        pass_.sum = 0.0;
    }

    /// Classes: the largest violation is at most tol. Values: their sum is, relative to the first pass's.
    bool small() {
        if (!values_) return !(pass_.largest - pass_.least > settings_.tol);
        if (passes == 1) first_sum_ = pass_.sum;
        return pass_.sum <= settings_.tol * first_sum_;
    }

    bool end_pass() {
        if (small()) {
            if (pass_.active == count_) return true;
            activate_all();
            return false;
        }
        const double largest = values_ ? std::max(pass_.largest, -pass_.least) : pass_.largest;
        const double least = values_ ? -largest : pass_.least;
        pass_.above = largest > 0.0 ? largest : infinity;
        pass_.below = least < 0.0 ? least : -infinity;
        return false;
    }

    bool finish(int n_threads) {
        arena::Buffer<double> beta(at(task_.rows));
        for (index_t i = 0; i < task_.rows; ++i) beta[at(i)] = samples_[at(i)].beta;
        rows_.combine(beta.data(), weights.data(), n_threads);
        certify_l2(rows_, task_, squared_ ? 2 : 1, weights.data(), beta.data(), n_threads, *this);
        return true;
    }

    LinearTask task_;
    bool squared_, values_;
    Shuffler shuffle_;
    arena::Buffer<DualSample> samples_;
    arena::Buffer<index_t> order_;  ///< rows that cost something
    index_t count_ = 0;
    DualPass pass_{};
    double first_sum_ = 0.0;
    FaceStep face_;
    bool on_face_ = false;
    index_t visits_ = 0, face_cost_ = 0, passes_since_ = 0;  ///< in coordinates
};

}  // namespace

std::unique_ptr<LinearMachine> dual_machine(const RowSet& rows, const LinearProblem& problem,
                                            const LinearSettings& settings, index_t output) {
    return std::make_unique<DualMachine>(rows, problem, settings, output);
}

}  // namespace mlqa::svm
