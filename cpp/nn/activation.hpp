// Activations after a normalisation, with PyTorch's default parameters.
#pragma once

namespace mlqa::nn {

enum class Activation : int { none = 0, relu, leaky_relu, elu };

constexpr double leaky_relu_slope = 0.01;
constexpr double elu_alpha = 1.0;

}  // namespace mlqa::nn
