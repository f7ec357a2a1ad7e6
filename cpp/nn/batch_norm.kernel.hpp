// Passes of batch normalisation over planes or rows; see batch_norm.hpp for the mathematics.
//
// A tile is a part of the tensors. In the form of planes it holds `planes` x `channels` runs of `length`
// elements, each of one channel; in the form of rows it holds `planes` rows of `length` elements, each of
// another channel (`channels` is then not used). Runs and rows have unit stride.
#pragma once

#include <cstdint>

#include "core/isa.hpp"
#include "nn/activation.hpp"

namespace mlqa::nn {

enum class Form : int { planes = 0, rows };

/// Elements to a word of the bit mask; coefficients and sums of rows are padded to a multiple of it.
constexpr std::int64_t mask_word = 16;

/// Where a tensor's element is: data[plane * plane_stride + channel * channel_stride + i].
template <class T>
struct Run {
    T* data;
    std::int64_t plane_stride;
    std::int64_t channel_stride;
};

template <class T>
struct BatchNormTile {
    std::int64_t planes;
    std::int64_t channels;
    std::int64_t length;
    Run<const T> x;
    Run<const T> dy;          ///< backward
    Run<const T> residual;    ///< data may be null
    Run<T> y;                 ///< forward
    Run<T> dx;                ///< backward
    Run<T> dresidual;         ///< backward; data may be null
    Run<std::uint16_t> mask;  ///< one bit an element, a word for each 16 of a run; data may be null
    /// One a channel (planes) or a column (rows): z = scale (x - shift) + offset.
    const T* scale;
    const T* shift;
    const T* offset;
    /// dx = dz_factor dz + x_factor (x - shift) + constant.
    const T* dz_factor;
    const T* x_factor;
    const T* constant;
    bool constant_statistics;  ///< backward: dx = dz_factor dz, whatever x is
    bool stream;               ///< results go past the caches; their runs are aligned to 64 bytes
};

/// Doubles that the sums of one channel take in the form of planes: two sums, 16 lanes each, to be added up.
constexpr std::int64_t plane_sum_lanes = 16;

template <class T>
struct BatchNormTable {
    using Tile = BatchNormTile<T>;
    using Sums = void (*)(const Tile* tile, double* sums);
    using Pass = void (*)(const Tile* tile);

    /// Adds sum(x - shift) and sum((x - shift)^2) to `sums`. Planes: for channel c the lanes of the first at
    /// sums[32 c], of the second at sums[32 c + 16]. Rows: for column j at sums[j] and sums[padded + j].
    Sums sums[2];
    /// Adds sum(dz) and sum(dz (x - shift)), in the same places; dz = activation'(z) dy.
    Sums backward_sums[2][4][2];
    /// y = activation(z [+ residual]), and the mask where its data is not null. [form][activation][residual]
    Pass forward[2][4][2];
    /// dx, and dresidual = dz where its data is not null. [form][activation][residual]: with a residual the
    /// sign of z comes from the mask, for elu from the residual itself.
    Pass backward[2][4][2];
};

struct BatchNormKernels {
    BatchNormTable<float> f32;
    BatchNormTable<double> f64;
};

MLQA_DECLARE_KERNELS(BatchNormKernels, batch_norm)

}  // namespace mlqa::nn
