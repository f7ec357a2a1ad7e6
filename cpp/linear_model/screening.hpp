// Gradients, certificates and safe bounds of the LASSO min_w 1/2 ||y - X w||^2 + lambda ||w||_1.
//
// With r = y - X w, g = X'r and s = lambda / max(lambda, max_j |g_j|) the point s r is dual feasible, and
//
//     gap(w) = 1/2 r'r + lambda ||w||_1 - s y'r + s^2/2 r'r  >=  P(w) - min P
//
// (O. Fercoq, A. Gramfort, J. Salmon, "Mind the duality gap: safer rules for the Lasso", ICML 2015, eq. 5-9).
// `bound` adds what rounding may hide: gamma_n ||x_j|| ||r|| for each g_j, the rounding of r, of the norms
// and of the stored columns; it is a true upper bound of P(w) - min P for the coefficients as returned,
// and of the gap as anybody else computes it from them. (A rounded mean needs no allowance: the residual is
// then that of another intercept, and to the dual point it is a second-order effect.)
//
// A gradient is not computed anew while |g_j| + ||x_j|| ||r_now - r_then|| <= threshold (Cauchy-Schwarz): at
// or below lambda such a feature changes no gap. Gap-safe rule (same paper, eq. 11): feature j is zero in the
// solution if s |g_j| / lambda + ||x_j|| sqrt(2 gap) / lambda < 1.
#pragma once

#include <vector>

#include "linear_model/design.hpp"
#include "linear_model/gram.hpp"

namespace mlqa::linear_model {

struct Certificate {
    double gap = 0;    ///< as computed
    double bound = 0;  ///< gap plus everything that rounding may hide
    double scale = 1;  ///< s
};

/// y (centred, weighted) and what follows from it.
struct Target {
    const double* y;
    const double* correlations;  ///< X'y
    double squared;              ///< y'y
};

class Screen {
public:
    /// gram: gradients and gap from the complete Gram matrix instead of the columns; `gram_error` is the
    /// relative error of its entries.
    Screen(const Design& design, const Target& target, bool positive, const Gram* gram, double gram_error);

    /// The certificate of w (zero but on the support) at lambda; gradients above `threshold` <= lambda are
    /// exact afterwards. Cancelled calls leave no valid state.
    Status evaluate(const double* w, const std::vector<index_t>& support, double lambda, double threshold,
                    Certificate& certificate);

    /// At least |g_j| (g_j itself if coefficients are to be positive).
    double upper(index_t j) const;
    /// Last exact value of |g_j| or g_j.
    double magnitude(index_t j) const;
    /// Gap-safe: j is certainly zero at this lambda.
    bool excluded(index_t j, double lambda, const Certificate& certificate) const;
    /// r of the last evaluation; only without a Gram matrix.
    const arena::Buffer<double>& residual() const { return residual_; }
    /// Computes r = y - X w anew.
    Status compute_residual(const double* w, const std::vector<index_t>& support, double* r) const;

private:
    struct Sums;
    Status evaluate_columns(const double* w, const std::vector<index_t>& support, double threshold,
                            Sums& sums);
    Status evaluate_gram(const double* w, const std::vector<index_t>& support, Sums& sums);
    void certify(const double* w, double lambda, const Sums& sums, Certificate& certificate) const;

    const Design& design_;
    Target target_;
    bool positive_;
    const Gram* gram_;
    double gram_error_;
    arena::Buffer<double> gradients_;
    arena::Buffer<double> stamps_, margins_;  ///< `travel_` at, and error of, each; relative to ||x_j||
    arena::Buffer<double> residual_, next_;
    std::vector<index_t> features_, due_;
    arena::Buffer<double> exact_;
    double travel_ = 0;  ///< length of the path that r has gone
};

}  // namespace mlqa::linear_model
