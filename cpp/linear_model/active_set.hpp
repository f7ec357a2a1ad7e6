// The exact solution among the features of a Gram matrix, by an active set: on a support of known signs w
// solves
//
//     gram_SS w_S = c_S - lambda_S sign_S,
//
// with a Cholesky factor that is kept from one penalty to the next. Where a sign would turn, the step goes as
// far as the first crossing, and that feature leaves; once there is none, features whose gradient exceeds
// their penalty join, all at once, or one at a time after a round that moved nothing (M. Osborne, B.
// Presnell, B. Turlach, "A new approach to variable selection in least squares problems", IMA J. Numer. Anal.
// 20, 2000, section 3).
//
// It gives up where a feature that should join depends on the support, and where rounds do not end:
// coordinate descent with steps that move dependent columns (cholesky.hpp) takes over from where it is. It
// knows no ridge (the factor would change with every penalty) and no bounds but 0.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "linear_model/factor.hpp"
#include "linear_model/gram.hpp"
#include "linear_model/guard.hpp"
#include "linear_model/penalty.hpp"

namespace mlqa::linear_model {

class ActiveSet {
public:
    enum class Outcome { solved, gave_up, stopped };
    static constexpr double rounding = 1e-9;  ///< a gradient exceeds its penalty by more than this share

    ActiveSet(const Penalty& penalty, const double* correlations)
        : penalty_(penalty), correlations_(correlations) {}

    /// Reads and writes w of the features that are in `gram`. `rounds` counts the looks at all gradients, at
    /// most `max_rounds`. Stopped: by the guard, whose answer is then in `status`.
    Outcome solve(const Gram& gram, Guard& guard, std::int64_t max_rounds, double* w, std::int64_t& rounds,
                  Status& status);

    /// Where w is not zero, at most, after a solution.
    const std::vector<index_t>& support() const { return support_; }

private:
    bool take(const Gram& gram, const double* w);
    bool join(const Gram& gram, index_t position, double sign);
    void leave(index_t place, double* w);
    Status settle(Guard& guard, double* w, bool& moved);
    bool step(double* w, bool& moved);
    void find_gradients(const Gram& gram, const double* w);
    void find_violators(const Gram& gram);

    const Penalty& penalty_;
    const double* correlations_;
    Factor factor_;
    std::vector<index_t> support_;    ///< features, in the order of the factor
    std::vector<index_t> positions_;  ///< theirs in the Gram matrix
    std::vector<double> signs_;       ///< theirs
    std::vector<char> inside_;        ///< by position
    std::vector<index_t> violators_;  ///< positions
    arena::Buffer<double> gradients_, target_, products_;
};

}  // namespace mlqa::linear_model
