// Batch normalisation, forward and backward (S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating Deep
// Network Training by Reducing Internal Covariate Shift", ICML 2015, Algorithm 1 and the gradients of
// section 3).
//
// For each channel, over its m elements (batch and space):
//     mean = sum(x) / m,  variance = sum((x - mean)^2) / m            (training; else the running statistics)
//     z = weight (x - mean) / sqrt(variance + eps) + bias [+ residual],  y = activation(z)
//     running = (1 - momentum) running + momentum (mean; m / (m - 1) variance)
// and backward, with dz = activation'(z) dy, r = 1 / sqrt(variance + eps), h = (x - mean) r:
//     dbias = sum(dz),  dweight = sum(dz h),  dresidual = dz,
//     dx = weight r (dz - dbias / m - h dweight / m)                   (training; else weight r dz)
//
// Layouts: `planes` (channels x runs of contiguous space: NCHW, and columns of a Fortran-ordered matrix) and
// `rows` (contiguous channels: NHWC, (N, C)). Any strides between runs.
//
// Accuracy: sums are taken about a shift K close to the mean, in lanes of T that go to double after at most
// 8 rows or 64 additions a lane; mean = K + sum(x - K) / m in double. The error of the sum of squares is of
// the order of u (1 + (mean - K)^2 / variance) with u the rounding unit of T: where (mean - K)^2 > 8
// variance, the sums are taken once more about the mean found. x - T(mean) is exact or rounded once, what
// T(mean) lacks is carried in the offset. Tested: largest error / largest reference <= 1e-6 in float32, also
// at a mean of 1e4 with a standard deviation of 1e-2, and <= 1e-12 in float64; relative to the terms where
// those of a result cancel. Deviations from the mean above 1e17 in float32 (1e150 in float64) overflow the
// variance.
//
// Cost: planes whose channel stays in the cache are read from memory once, else twice, written once. The
// second walk goes backwards, so that it starts on what the first one left in the cache. Large aligned
// results bypass the cache. ReLU's mask is recomputed from x; with a residual it is kept, one bit an element.
#pragma once

#include <cstdint>

#include "core/array.hpp"
#include "core/status.hpp"
#include "nn/batch_norm.kernel.hpp"

namespace mlqa::nn {

/// The form of the tensors and their sizes. Planes: `outer` planes of `channels` runs of `length`. Rows:
/// `outer` rows of `channels`; length is 1.
struct BatchNormShape {
    Form form = Form::rows;
    index_t outer = 0;
    index_t channels = 0;
    index_t length = 1;
    /// Rows that are walked as one long row; above 1 only where the rows of all tensors follow each other
    /// without a gap.
    index_t rows_per_line = 1;

    index_t count() const { return outer * length; }  ///< elements of a channel
    index_t size() const { return count() * channels; }
    index_t mask_words() const;
};

/// Lines of several rows fill vectors where channels are few or no multiple of 16; `dense`: rows without
/// gaps.
index_t batch_norm_rows_per_line(index_t channels, bool dense);

struct BatchNormOptions {
    Activation activation = Activation::none;
    bool training = false;
    double momentum = 0.1;
    double eps = 1e-5;
    int n_jobs = 0;
};

/// What the backward pass needs of each channel, `channels` doubles each.
struct BatchNormStatistics {
    double* mean;
    double* inverse_deviation;  ///< 1 / sqrt(variance + eps)
    double* weight;
    double* bias;
};

template <class T>
struct BatchNormForward {
    Run<const T> x;
    Run<const T> residual;       ///< data may be null
    Run<T> y;                    ///< may be x or the residual themselves
    std::uint16_t* mask;         ///< null or mask_words(); used with a residual and relu or leaky_relu
    VectorView<T> running_mean;  ///< data may be null in training
    VectorView<T> running_var;
    VectorView<const T> weight;  ///< data may be null: 1
    VectorView<const T> bias;    ///< data may be null: 0
};

template <class T>
struct BatchNormBackward {
    Run<const T> x;
    Run<const T> dy;
    Run<const T> residual;      ///< with a residual and elu
    const std::uint16_t* mask;  ///< with a residual and relu or leaky_relu
    bool has_residual;
    Run<T> dx;
    Run<T> dresidual;  ///< data may be null
    T* dweight;
    T* dbias;
};

/// Fills `statistics`; updates the running statistics last, and only if nothing was cancelled.
template <class T>
Status batch_norm_forward(const BatchNormShape& shape, const BatchNormForward<T>& tensors,
                          const BatchNormOptions& options, const BatchNormStatistics& statistics);

template <class T>
Status batch_norm_backward(const BatchNormShape& shape, const BatchNormBackward<T>& tensors,
                           const BatchNormOptions& options, const BatchNormStatistics& statistics);

}  // namespace mlqa::nn
