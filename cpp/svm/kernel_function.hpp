// The kernel functions of support vector machines (LIBSVM's definitions; C.-C. Chang and C.-J. Lin, "LIBSVM:
// a library for support vector machines", ACM TIST 2(3):27, 2011, section 2):
//
//     linear       <x, z>
//     poly         (gamma <x, z> + coef0)^degree
//     rbf          exp(-gamma |x - z|^2),   |x - z|^2 = |x|^2 + |z|^2 - 2 <x, z>, at least 0
//     sigmoid      tanh(gamma <x, z> + coef0)
//     precomputed  the value is given
#pragma once

namespace mlqa::svm {

enum class Kernel : int { linear = 0, poly = 1, rbf = 2, sigmoid = 3, precomputed = 4 };

struct KernelFunction {
    Kernel kind = Kernel::rbf;
    int degree = 3;
    double gamma = 1.0;
    double coef0 = 0.0;
};

}  // namespace mlqa::svm
