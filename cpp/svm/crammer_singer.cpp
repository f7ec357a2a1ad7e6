#include "svm/crammer_singer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "svm/linear_classes.kernel.hpp"
#include "svm/shuffle.hpp"

namespace mlqa::svm {
namespace {

constexpr double unit = std::numeric_limits<double>::epsilon() / 2;

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

class CrammerSingerMachine final : public LinearMachine {
public:
    CrammerSingerMachine(const RowSet& rows, const LinearProblem& problem, const LinearSettings& settings)
        : LinearMachine(rows, settings),
          classes_(problem.classes),
          width_((problem.classes + 7) / 8 * 8),
          shuffle_(settings.seed, 0),
          w_(at((rows.features() + 1) * width_), 0.0),
          alpha_(at(rows.rows() * width_), 0.0),
          room_(at(2 * width_), 0.0),
          cost_(at(rows.rows())),
          violation_(at(rows.rows())),
          order_(at(rows.rows())) {
        for (index_t i = 0; i < rows.rows(); ++i) {
            cost_[at(i)] = problem.cost[i] * problem.factor[problem.label[i]];
            if (cost_[at(i)] > 0.0) order_[at(count_++)] = i;
        }
        state_ = {w_.data(), alpha_.data(), problem.label, cost_.data(),         rows.norms(),
                  classes_,  width_,        room_.data(),  room_.data() + width_};
        active_ = count_;
        begin_pass();
    }

    bool advance(int) override {
        if (passes == 0 && limited()) return finish();
        const index_t last = std::min(active_, position_ + slice());
        linear_classes_kernels().descend(&rows_.view(), &state_, order_.data(), position_, last,
                                         violation_.data());
        position_ = last;
        if (position_ < active_) return settings_.late() && limited() && finish();
        ++passes;
        return end_pass() || limited() ? finish() : (begin_pass(), false);
    }

private:
    /// Samples that take some milliseconds.
    index_t slice() const { return 4'000'000 / ((rows_.entries() / rows_.rows() + 8) * width_) + 1; }

    void begin_pass() {
        shuffle_(order_.data(), active_);
        position_ = 0;
    }

    /// True once no sample of a whole pass violates optimality by more than tol. Otherwise the samples that
    /// do are swept until they hardly do, before all are looked at again.
    bool end_pass() {
        constexpr int most_sweeps = 10;
        double worst = 0.0;
        for (index_t k = 0; k < active_; ++k) worst = std::max(worst, violation_[at(k)]);
        const bool all = active_ == count_;
        if (all) {
            if (worst <= settings_.tol) return true;
            sweeps_ = 0;
            keep_moving(0.01 * settings_.tol);
            return false;
        }
        if (worst <= 0.5 * settings_.tol || ++sweeps_ >= most_sweeps) active_ = count_;
        return false;
    }

    void keep_moving(double least) {
        index_t kept = 0;
        for (index_t k = 0; k < active_; ++k)
            if (violation_[at(k)] > least) std::swap(order_[at(k)], order_[at(kept++)]);
        active_ = kept;
    }

    /// Weights and certificate of the coefficients.
    bool finish() {
        std::fill(w_.begin(), w_.end(), 0.0);
        for (const index_t* i = order_.data(); i != order_.data() + count_; ++i)
            linear_classes_kernels().add(&rows_.view(), &state_, *i, alpha_.data() + *i * width_);
        certify();
        weights = arena::Buffer<double>(at(classes_ * rows_.length()), 0.0);
        for (index_t j = 0; j <= rows_.features(); ++j)
            for (index_t m = 0; m < classes_; ++m)
                weights[at(m * rows_.length() + j)] = w_[at(j * width_ + m)];
        return true;
    }

    void certify() {
        double squares = 0.0, loss = 0.0, linear = 0.0, spread = 0.0;
        for (const double w : w_) squares += w * w;
        arena::Buffer<double> z(at(width_));
        for (const index_t* p = order_.data(); p != order_.data() + count_; ++p) {
            const index_t i = *p, own = state_.label[i];
            linear_classes_kernels().values(&rows_.view(), &state_, i, z.data());
            double worst = z[at(own)];
            for (index_t m = 0; m < classes_; ++m) {
                if (m == own) continue;
                worst = std::max(worst, z[at(m)] + 1.0);
                linear += alpha_[at(i * width_ + m)];
            }
            loss += cost_[at(i)] * (worst - z[at(own)]);
            spread += cost_[at(i)] * std::sqrt(rows_.norms()[i]);
        }
        objective = 0.5 * squares + loss;
        // Sums over n samples and d features; |alpha_i| <= 2 C_i.
        const auto terms = static_cast<double>(rows_.rows() + rows_.length() * classes_ + 16);
        const double rounding =
            4.0 * unit * terms * (squares + loss + std::abs(linear) + 2.0 * spread * std::sqrt(squares));
        gap = std::max(squares + loss + linear, 0.0) + rounding;
    }

    index_t classes_, width_;
    Shuffler shuffle_;
    arena::Buffer<double> w_, alpha_, room_, cost_, violation_;
    arena::Buffer<index_t> order_;
    index_t count_ = 0, active_ = 0, position_ = 0;
    int sweeps_ = 0;
    ClassState state_{};
};

}  // namespace

std::unique_ptr<LinearMachine> crammer_singer_machine(const RowSet& rows, const LinearProblem& problem,
                                                      const LinearSettings& settings) {
    return std::make_unique<CrammerSingerMachine>(rows, problem, settings);
}

}  // namespace mlqa::svm
