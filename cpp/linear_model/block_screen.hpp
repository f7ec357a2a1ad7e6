// Gradients, certificates and safe bounds of several targets at once,
//
//     min_W P(W) = 1/2 ||Y - X W||^2 + sum_j lambda_j ||w_j|| + ridge_j / 2 ||w_j||^2
//
// (Frobenius norms; w_j the row of a feature). Everything is as in screening.hpp with vectors g_j = X_j'R -
// ridge_j w_j in the place of numbers: the point s R, s = 1 / max(1, max_j ||g_j|| / lambda_j), is dual
// feasible,
//
//     gap(W) = P(W) - s <Y, R> + s^2/2 (||R||^2 + sum ridge_j ||w_j||^2) >= P(W) - min P,
//
// feature j is zero in the solution if s ||g_j|| + sqrt(||x_j||^2 + ridge_j) sqrt(2 gap) < lambda_j
// (E. Ndiaye, O. Fercoq, A. Gramfort, J. Salmon, "Gap safe screening rules for sparsity enforcing
// penalties", JMLR 18, 2017, section 4.2), and a gradient is not computed anew while ||X_j'R_then|| +
// ||x_j|| ||R_now - R_then|| <= factor_j threshold. `bound` adds what rounding may hide; sums of vectors are
// bounded as those of their entries, by Minkowski's inequality with the same factors.
#pragma once

#include <vector>

#include "linear_model/block_descent.hpp"
#include "linear_model/gram.hpp"
#include "linear_model/projection.hpp"
#include "linear_model/screening.hpp"

namespace mlqa::linear_model {

class BlockScreen {
public:
    /// gram: gradients and gap from the complete Gram matrix instead of the columns, or nullptr.
    BlockScreen(const Design& design, const Penalty& penalty, const Targets& targets, const Gram* gram);

    /// Before the first evaluation.
    Status prepare() { return projection_.prepare(); }

    /// The certificate of w (features x targets, zero but on the support) at the penalty's lambda and ridge.
    /// Gradients above factor_j threshold, threshold <= lambda, are exact afterwards. Cancelled calls leave
    /// no valid state.
    Status evaluate(const double* w, const std::vector<index_t>& support, double threshold,
                    Certificate& certificate);

    /// Last exact value of ||g_j|| / factor_j; infinite for a free feature that is not at its minimiser.
    double magnitude(index_t j) const;
    /// Features whose magnitude is above lambda, outside of the working set, that the certificate, if there
    /// is one, does not exclude.
    void violators(double lambda, const std::vector<char>& in_working, const Certificate* certificate,
                   std::vector<index_t>& found);
    /// Gap-safe: j is certainly zero at this lambda.
    bool excluded(index_t j, const Certificate& certificate) const;

private:
    struct Sums;
    Status evaluate_columns(const double* w, const std::vector<index_t>& support, double threshold,
                            Sums& sums);
    Status evaluate_gram(const double* w, const std::vector<index_t>& support, Sums& sums);
    void take(index_t j, const double* gradient, const double* w);
    const std::vector<index_t>& above(double threshold, bool with_drift);
    double drift(index_t j) const;
    double slip(double margin);
    void certify(const Sums& sums, const double* w, Certificate& certificate);

    const Design& design_;
    const Penalty& penalty_;
    const Targets& targets_;
    Projection projection_;
    const Gram* gram_;
    arena::Buffer<double> norms_;    ///< ||X_j'R||
    arena::Buffer<double> pulls_;    ///< ||g_j||
    arena::Buffer<double> origins_;  ///< error of norms_ when it was computed, less `travel_` then; / ||x_j||
    arena::Buffer<double> residual_, next_, products_, free_, column_;
    std::vector<char> usable_;  ///< not excluded, not constant
    std::vector<index_t> features_, due_, above_, shrunk_;
    arena::Buffer<index_t> found_;
    double travel_ = 0;  ///< length of the path that R has gone
};

}  // namespace mlqa::linear_model
