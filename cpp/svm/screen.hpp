// How far decision values in float may be from those in double.
//
// With u = 2^-24, N = |x|^2 for a point (about the centre that both it and the support vectors are shifted
// by), Z the largest |z|^2, and t roundings a term (1, or 2 without fused multiply-add), every kernel value
// is off by at most e_K:
//
//     rbf      The exponent -gamma D, D = |x|^2 + |z|^2 - 2 <x, z>, is off by at most
//              gamma ((t d + 5) u (|x|^2 + |z|^2) + u D): features are rounded once, products summed in order
//              (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, eq. 3.5), norms rounded from
//              double, and gamma is rounded with each; the power itself adds 4 u of the value. As |z|^2 <= 2
//              |x|^2 + 2 D, the exponent is off by
//              at most theta + kappa gamma D with theta = 3 gamma (t d + 5) u N, kappa = (2 (t d + 5) + 1) u,
//              and since s exp(-s) <= 1 / e,
//                  e_K = 1.15 (theta + 0.37 kappa) + 5 u    for theta, kappa <= 1 / 64 .
//              Support vectors far from the point have small values, and so no part in the bound.
//     poly     the base is at most M = gamma sqrt(N Z) + |coef0| and off by (t d + 7) u M; p multiplications
//              add one rounding each:  e_K = 1.15 p (t d + 9) u M^p    for p (t d + 9) u <= 1 / 64 .
//     linear   poly with gamma = 1, coef0 = 0, p = 1
//     sigmoid  e_K = (t d + 7) u M + 5 u, for tanh rises nowhere steeper than 1
//
// A decision value is a sum of coef_s k_s over at most m vectors of terms, whose lanes are added up: it is
// off by at most the sum of |coef_s| times
//
//     e = e_K + (t m + 12) u (K + e_K),    K the largest kernel value (1, or M^p) .
//
// The same formulas with 2^-53 bound the rounding of the value in double, about the origin where that is what
// it was computed about. Below the normal range of float every operation may lose 2^-126 (a library may have
// set flush-to-zero): d 2^-122 (1 + N + Z) is added to the products, 2^-90 to e, and 2^-60 to every decision
// value. Where a step of this does not hold, the bound is infinite.
#pragma once

#include "core/array.hpp"
#include "svm/kernel_function.hpp"

namespace mlqa::svm {

class Screen {
public:
    Screen() = default;
    /// `norm` and `square` are the largest |z|^2 about the centre and about what double values are computed
    /// about, `terms` the vectors in the longest sum of a class.
    Screen(const KernelFunction& function, index_t d, index_t terms, int roundings, double norm,
           double square);
    /// e for a point with these squared norms, rounded up; infinity where values in float mean nothing.
    float error(double norm, double square) const;

private:
    struct Kernel {
        double error, largest;
    };
    Kernel kernel(double u, double x, double z) const;

    KernelFunction function_;
    double d_ = 0, terms_ = 0, norm_ = 0, square_ = 0;
    bool usable_ = false;
};

}  // namespace mlqa::svm
