// Gradients, certificates and safe bounds of
//
//     min_w P(w) = 1/2 ||y - X w||^2 + sum_j lambda_j |w_j| + ridge_j / 2 w_j^2,   low_j <= w_j <= high_j.
//
// With r = y - X w and g_j = x_j'r - ridge_j w_j (the gradient of the LASSO whose X has the rows sqrt(ridge)
// below it, and whose residual has -sqrt(ridge) w) the point s r with s = 1 / max(1, max_j |g_j| / lambda_j)
// is dual feasible, and
//
//     gap(w) = P(w) - s y'r + s^2/2 (r'r + sum ridge_j w_j^2) + sum_j bound_j (s |g_j| - lambda_j)_+
//            >= P(w) - min P
//
// (O. Fercoq, A. Gramfort, J. Salmon, "Mind the duality gap: safer rules for the Lasso", ICML 2015, eq. 5-9;
// with ridge scikit-learn's). The maximum is over features without a bound on the side where g_j points, the
// sum over those with one: the conjugate of their penalty.
//
// Free features Z (lambda_j = 0 without a bound where g_j points) have x_j'theta = 0 at a feasible point: in
// the place of r stands its projection r - Z v with Z'Z v = Z'r, ||Z v|| = `slip`; by Cauchy-Schwarz that
// moves g_j by at most ||x_j|| slip and y'r by at most ||y|| slip, and makes the residual no longer.
//
// `bound` adds what rounding may hide: gamma_n ||x_j|| ||r|| for each g_j, the rounding of r, of the norms
// and of the stored columns; it is a true upper bound of P(w) - min P for the coefficients as returned,
// and of the gap as anybody else computes it from them. (A rounded mean needs no allowance: the residual is
// then that of another intercept, and to the dual point it is a second-order effect.)
//
// A gradient is not computed anew while |g_j| + ||x_j|| ||r_now - r_then|| <= factor_j threshold
// (Cauchy-Schwarz): at or below lambda_j such a feature changes no gap. Gap-safe rule (same paper, eq. 11):
// feature j is zero in the solution if s |g_j| + ||x_j|| sqrt(2 gap) < lambda_j.
#pragma once

#include <vector>

#include "linear_model/design.hpp"
#include "linear_model/gram.hpp"
#include "linear_model/penalty.hpp"
#include "linear_model/projection.hpp"
#include "linear_model/quantised.hpp"

namespace mlqa::linear_model {

struct Certificate {
    double gap = 0;    ///< as computed
    double bound = 0;  ///< gap plus everything that rounding may hide
    double scale = 1;  ///< s
    double slip = 0;   ///< ||Z v||
    double reach = 0;  ///< sum ||x_j|| |w_j|
};

class Screen {
public:
    /// gram: gradients and gap from the complete Gram matrix instead of the columns; `gram_error` is the
    /// relative error of its entries.
    Screen(const Design& design, const Target& target, const Penalty& penalty, const Gram* gram,
           double gram_error);

    /// Before the first evaluation.
    Status prepare() { return projection_.prepare(); }

    /// The certificate of w (zero but on the support) at the penalty's lambda and ridge. The gradients of
    /// features above factor_j threshold, threshold <= lambda, are exact afterwards. Cancelled calls leave no
    /// valid state.
    Status evaluate(const double* w, const std::vector<index_t>& support, double threshold,
                    Certificate& certificate);

    /// Last exact value of |g_j| / factor_j, at most; 0 where w_j may not go that way, infinite for a free
    /// feature that may.
    double magnitude(index_t j) const;
    /// Features whose magnitude is above lambda: those with w_j = 0, outside of the working set, that the
    /// certificate, if there is one, does not exclude.
    void violators(double lambda, const std::vector<char>& in_working, const Certificate* certificate,
                   std::vector<index_t>& found);
    /// Gap-safe: j is certainly zero at this lambda.
    bool excluded(index_t j, const Certificate& certificate) const;
    /// Computes r = y - X w anew.
    Status compute_residual(const double* w, const std::vector<index_t>& support, double* r) const;

private:
    struct Sums;
    double gradient(index_t j) const;
    double slack(index_t j) const;
    Status evaluate_columns(const double* w, const std::vector<index_t>& support, double threshold,
                            Sums& sums);
    Status narrow(double threshold, double r_norm, double margin);
    Status evaluate_gram(const double* w, const std::vector<index_t>& support, Sums& sums);
    double drift(index_t j) const;
    const std::vector<index_t>& above(double threshold, bool with_drift);
    struct Largest {
        double exact = 1, safe = 1;
    };
    Largest largest(double slip, double safe_slip) const;
    double beyond(double scale, double slip, bool with_slack) const;
    void certify(const Sums& sums, Certificate& certificate);

    const Design& design_;
    Target target_;
    const Penalty& penalty_;
    Projection projection_;
    Quantised quantised_;
    const Gram* gram_;
    double gram_error_;
    bool overflows_ = false;           ///< the square of some column: there is no certificate
    const double* w_ = nullptr;        ///< of the last evaluation
    arena::Buffer<double> gradients_;  ///< x_j'r
    arena::Buffer<double> origins_;    ///< its error when it was computed, less `travel_` then; over ||x_j||
    arena::Buffer<double> residual_, next_;
    std::vector<char> usable_;  ///< not excluded, not constant
    std::vector<index_t> features_, due_;
    arena::Buffer<index_t> found_;
    std::vector<index_t> above_;
    arena::Buffer<double> exact_, errors_;
    index_t looked_at_ = 0;  ///< columns that were read so far
    double travel_ = 0;      ///< length of the path that r has gone
};

}  // namespace mlqa::linear_model
