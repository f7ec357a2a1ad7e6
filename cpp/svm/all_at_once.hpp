// One machine of all classes at once, with kernels and without a constant: decision functions
// f_m(x) = sum_i beta_im k(x_i, x), one a class, and the class of a point is that of the largest. With
// e_im = 1 for m != y_i, 0 for m = y_i, they minimise 1/2 sum_m |w_m|^2 and
//
//     Crammer-Singer   sum_i C_i max_m (e_im + f_m(x_i) - f_y(x_i)),
//     Weston-Watkins   sum_i C_i sum_{m != y} max(0, 1 + f_m(x_i) - f_y(x_i)),
//
// y being y_i (K. Crammer and Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector
// machines", JMLR 2:265-292, 2001, without their eta; J. Weston and C. Watkins, "Support vector machines for
// multi-class pattern recognition", ESANN 1999, who ask for a margin of 2, as C.-W. Hsu and
// C.-J. Lin do (IEEE Trans. Neural Networks 13:415-425, 2002, section III): with their C half of it here
// gives half of their f). The dual of both minimises
//
//     1/2 sum_m beta_m' K beta_m + sum_im e_im beta_im    over  sum_m beta_im = 0,
//
//     Crammer-Singer   beta_im <= C_i for m = y, else <= 0,
//     Weston-Watkins   -C_i <= beta_im <= 0 for m != y.
//
// Its slopes are G_im = f_m(x_i) + e_im; violations are those of svm/all_at_once.kernel.hpp. Primal less dual
// objective is a sum of terms that are not negative,
//
//     Crammer-Singer   sum_i sum_m eta_im (max_r G_ir - G_im),   eta_im = C_i [m = y] - beta_im,
//     Weston-Watkins   sum_i sum_{m != y} C_i max(0, s_im) + beta_im s_im,   s_im = G_im - G_iy,
//
// widened by what the rounding of G, of errors of at most E, can take from it: 2 C_i E a point, or a pair of
// point and class; and by 2 |sum_m beta_im| max_m |G_im|.
//
// As smo.hpp does for two classes, rounds take a working set of points, those that violate most and half of
// the set before; have their rows of kernel values, float where the points are dense; solve the set by itself
// in double, point after point exactly (class_step.hpp), down to a tenth of the violation; and add the rows
// to the slopes of the classes whose coefficients changed, some six of a point. Numbers of all points lie
// class after class, so that every pass is one over whole vectors.
//
// Stopping is as there: slopes are summed anew in double, kernel values included, for the support and for
// every point that the bound on the error of float does not leave on its side of the margin,
// G_iy > G_im + 2 E for all m: beta_i = 0 is then optimal for the exact slopes as well, and the point has no
// part in violation and gap. Where float does not lead to the tolerance, rows are double. Sums of float
// values begin in float as well (all_at_once.kernel.hpp): as much again for each class that changed would
// else go into making them double.
//
// Of 15000 points in 16 features and 26 classes with 7347 support vectors, rows and slopes take over a
// third of the time each, the slopes in double a seventh; steps inside of working sets take 4 %.
#pragma once

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/all_at_once.kernel.hpp"
#include "svm/rows.hpp"
#include "svm/smo.hpp"

namespace mlqa::svm {

struct ClassProblem {
    Points points;
    KernelFunction function;
    ClassLoss loss = ClassLoss::crammer_singer;
    index_t classes = 0;
    index_t size = 0;
    const index_t* index = nullptr;  ///< the points of the machine, best sorted by class
    const index_t* label = nullptr;  ///< the class of each
    const double* bound = nullptr;   ///< C_i
    /// Coefficients to begin with, classes x size, or nullptr: they are made to fit the bounds.
    const double* initial = nullptr;
};

struct ClassOutcome {
    arena::Buffer<double> beta;  ///< classes x size
    index_t steps = 0;           ///< of one point each
    double violation = 0.0;
    double gap = 0.0;
    double objective = 0.0;  ///< of the dual, as a maximum
    Status status = Status::ok;
};

/// Status::cancelled leaves `outcome` unusable; outcome.status says how the machine ended. Kernel values that
/// are not finite give an objective that is no number. Progress is reported as in ovo.hpp.
Status all_at_once(const ClassProblem& problem, const Settings& settings, ClassOutcome& outcome);

}  // namespace mlqa::svm
