#include <algorithm>
#include <cmath>

#include "core/threads.hpp"
#include "svm/linear_machine.hpp"

namespace mlqa::svm {
namespace {

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

double dot(const arena::Buffer<double>& a, const arena::Buffer<double>& b) {
    double s[4] = {0, 0, 0, 0};  // the sizes are multiples of 8
    for (std::size_t j = 0; j < a.size(); j += 4)
        for (std::size_t k = 0; k < 4; ++k) s[k] += a[j + k] * b[j + k];
    return (s[0] + s[1]) + (s[2] + s[3]);
}

void add(double factor, const arena::Buffer<double>& x, arena::Buffer<double>& y) {
    for (std::size_t j = 0; j < x.size(); ++j) y[j] += factor * x[j];
}

/// Newton's method on the squared loss, which is quadratic piece by piece (O. L. Mangasarian, "A finite
/// Newton method for classification", Optimization Methods and Software 17:913-929, 2002; S. S. Keerthi and
/// D. DeCoste, "A modified finite Newton method for fast solution of large scale linear SVMs", JMLR
/// 6:341-361, 2005): the step by conjugate gradients, preconditioned by the diagonal; its length from an
/// exact line search, which needs no pass over the rows.
class PrimalMachine final : public LinearMachine {
public:
    PrimalMachine(const RowSet& rows, const LinearProblem& problem, const LinearSettings& settings,
                  index_t output)
        : LinearMachine(rows, settings), task_(problem, output) {
        weights = arena::Buffer<double>(at(rows.length()), 0.0);
        for (arena::Buffer<double>* v : {&gradient_, &step_, &residual_, &direction_, &curved_, &diagonal_})
            *v = arena::Buffer<double>(at(rows.length()), 0.0);
        for (arena::Buffer<double>* v : {&z_, &q_, &force_, &bend_})
            *v = arena::Buffer<double>(at(task_.padded), 0.0);
    }

    bool advance(int n_threads) override {
        switch (next_) {
            case Next::gradient:
                return differentiate(n_threads);
            case Next::curve:
                conjugate(n_threads);
                return false;
            default:
                move(n_threads);
                return false;
        }
    }

private:
    enum class Next { gradient, curve, move };

    /// Gradient w - X'(2 C e); done where it is small against the first one.
    bool differentiate(int n_threads) {
        linear_kernels().forces(z_.data(), task_.low.data(), task_.high.data(), task_.cost.data(),
                                task_.padded, force_.data(), bend_.data());
        rows_.combine(force_.data(), gradient_.data(), n_threads);
        for (std::size_t j = 0; j < gradient_.size(); ++j) gradient_[j] = weights[j] - gradient_[j];
        const double norm = std::sqrt(dot(gradient_, gradient_));
        if (passes == 0) first_norm_ = norm;
        const bool small = norm <= settings_.tol * task_.smaller_share * first_norm_;
        // No descent was left: the gradient is rounding error.
        const bool stuck = !small && stuck_;
        if (small || stuck || limited()) {
            if (stuck) status = Status::not_converged;
            // The look that finds the end is one of the steps, as it is in the other solvers.
            if (small) passes = std::min(passes + 1, settings_.max_iter);
            certify_l2(rows_, task_, 2, weights.data(), force_.data(), n_threads, *this);
            return true;
        }
        rows_.squares(bend_.data(), diagonal_.data(), n_threads);
        for (double& d : diagonal_) d += 1.0;
        // Coarse far from the minimum, fine near it.
        const double forcing = std::min(0.1, std::sqrt(norm / first_norm_));
        start_conjugate(forcing);
        return false;
    }

    void start_conjugate(double forcing) {
        std::fill(step_.begin(), step_.end(), 0.0);
        for (std::size_t j = 0; j < residual_.size(); ++j) {
            residual_[j] = -gradient_[j];
            direction_[j] = residual_[j] / diagonal_[j];
        }
        product_ = dot(residual_, direction_);
        target_ = forcing * forcing * product_;
        inner_ = 0;
        next_ = Next::curve;
    }

    /// One step of conjugate gradients on (1 + X' bend X) step = -gradient.
    void conjugate(int n_threads) {
        rows_.curve(bend_.data(), direction_.data(), curved_.data(), n_threads);
        add(1.0, direction_, curved_);
        const double length = product_ / dot(direction_, curved_);
        add(length, direction_, step_);
        add(-length, curved_, residual_);
        double product = 0.0;
        for (std::size_t j = 0; j < residual_.size(); ++j)
            product += residual_[j] * residual_[j] / diagonal_[j];
        if (product <= target_ || ++inner_ >= rows_.features() + 1) {
            next_ = Next::move;
            return;
        }
        const double share = product / product_;
        for (std::size_t j = 0; j < direction_.size(); ++j)
            direction_[j] = residual_[j] / diagonal_[j] + share * direction_[j];
        product_ = product;
    }

    void move(int n_threads) {
        rows_.products(step_.data(), q_.data(), n_threads);
        const double t = line_search();
        stuck_ = !(t > 0.0);
        if (!stuck_) {
            add(t, step_, weights);
            add(t, q_, z_);
        }
        ++passes;
        next_ = Next::gradient;
    }

    /// The zero of the derivative along the step, which rises piece by piece: Newton's method between bounds.
    double line_search() const {
        constexpr int most = 40;
        const double across = dot(weights, step_), along = dot(step_, step_);
        double low = 0.0, high = 0.0, t = 1.0, start = dot(gradient_, step_);
        if (!(start < 0.0)) return 0.0;
        for (int k = 0; k < most; ++k) {
            double first = 0.0, second = 0.0;
            linear_kernels().slope(z_.data(), q_.data(), t, task_.low.data(), task_.high.data(),
                                   task_.cost.data(), task_.padded, &first, &second);
            first += across + t * along;
            second += along;
            if (std::abs(first) <= 1e-3 * -start) return t;
            (first < 0.0 ? low : high) = t;
            t -= first / second;
            if (t <= low || (high > 0.0 && t >= high)) t = high > 0.0 ? 0.5 * (low + high) : 2.0 * low;
        }
        return low;
    }

    LinearTask task_;
    arena::Buffer<double> gradient_, step_, residual_, direction_, curved_, diagonal_;
    arena::Buffer<double> z_, q_, force_, bend_;
    Next next_ = Next::gradient;
    double first_norm_ = 0.0, product_ = 0.0, target_ = 0.0;
    index_t inner_ = 0;
    bool stuck_ = false;
};

}  // namespace

std::unique_ptr<LinearMachine> primal_machine(const RowSet& rows, const LinearProblem& problem,
                                              const LinearSettings& settings, index_t output) {
    return std::make_unique<PrimalMachine>(rows, problem, settings, output);
}

}  // namespace mlqa::svm
