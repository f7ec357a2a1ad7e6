#include "nn/batch_norm.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/arena.hpp"
#include "nn/two_pass.hpp"

namespace mlqa::nn {
namespace {

constexpr index_t stream_bytes = 24 << 20;  ///< larger results bypass the caches
constexpr index_t shift_rows = 8;           ///< values that the first shift is the mean of, in rows
constexpr index_t shift_values = 16;        ///< and in planes
constexpr index_t widest_line = 256;        ///< channels; above, a row fills vectors well enough
constexpr index_t line_columns = 64;        ///< at least, where lines are made of several rows

const BatchNormTable<float>& table(float) {
    return batch_norm_kernels().f32;
}
const BatchNormTable<double>& table(double) {
    return batch_norm_kernels().f64;
}

index_t padded(index_t n) {
    return (n + mask_word - 1) / mask_word * mask_word;
}

/// A line of several rows is one plane of the tile.
template <class R>
R in_lines(R run, const BatchNormShape& shape) {
    run.plane_stride *= shape.rows_per_line;
    return run;
}

template <class T>
Run<T> mask_run(T* mask, const BatchNormShape& shape) {
    if (shape.form == Form::rows) return {mask, padded(shape.rows_per_line * shape.channels) / mask_word, 0};
    const index_t words = padded(shape.length) / mask_word;
    return {mask, words * shape.channels, words};
}

/// Vectors of a large result that all start at multiples of 64 bytes may bypass the caches.
template <class T>
bool may_stream(const BatchNormShape& shape, const Run<T>& y, const void* input, const void* residual) {
    const auto aligned = [](index_t bytes) { return bytes % 64 == 0; };
    const index_t bytes = static_cast<index_t>(sizeof(T));
    return shape.size() * bytes >= stream_bytes && y.data != input && y.data != residual &&
           aligned(static_cast<index_t>(reinterpret_cast<std::uintptr_t>(y.data))) &&
           aligned(y.plane_stride * bytes) && (shape.form == Form::rows || aligned(y.channel_stride * bytes));
}

/// The coefficients of all channels, in lines repeated for each row.
template <class T>
class Coefficients {
public:
    Coefficients(const BatchNormShape& shape, int arrays)
        : channels_(shape.channels),
          repeats_(shape.rows_per_line),
          size_(padded(shape.channels * shape.rows_per_line)),
          values_(static_cast<std::size_t>(size_ * arrays)) {
        for (int a = 0; a < arrays; ++a)  // the padding is read, and its results thrown away
            std::fill(array(a) + channels_ * repeats_, array(a) + size_, T{0});
    }

    T* array(int a) const { return values_.data() + a * size_; }
    T get(int a, index_t c) const { return array(a)[c]; }
    void set(int a, index_t c, double value) const {
        for (index_t r = 0; r < repeats_; ++r) array(a)[r * channels_ + c] = static_cast<T>(value);
    }

private:
    index_t channels_, repeats_, size_;
    arena::Buffer<T> values_;
};

enum CoefficientArray : int { scale = 0, shift, offset, dz_factor, x_factor, constant };

template <class T>
void point_to(BatchNormTile<T>& tile, const Coefficients<T>& k, bool with_gradient) {
    tile.scale = k.array(scale);
    tile.shift = k.array(shift);
    tile.offset = k.array(offset);
    if (!with_gradient) return;
    tile.dz_factor = k.array(dz_factor);
    tile.x_factor = k.array(x_factor);
    tile.constant = k.array(constant);
}

/// z = scale (x - shift) + offset, the same bits forward and backward. What T(mean) lacks goes to the offset.
template <class T>
void set_affine(const Coefficients<T>& k, const BatchNormStatistics& s, index_t c) {
    const double factor = s.weight[c] * s.inverse_deviation[c];
    const auto rounded = static_cast<T>(s.mean[c]);
    k.set(scale, c, factor);
    k.set(shift, c, rounded);
    k.set(offset, c, s.bias[c] - (s.mean[c] - static_cast<double>(rounded)) * factor);
}

template <class T>
void set_parameters(const BatchNormForward<T>& t, const BatchNormStatistics& s, index_t channels) {
    for (index_t c = 0; c < channels; ++c) {
        s.weight[c] = t.weight.data == nullptr ? 1.0 : static_cast<double>(t.weight[c]);
        s.bias[c] = t.bias.data == nullptr ? 0.0 : static_cast<double>(t.bias[c]);
    }
}

/// The mean of a channel's first values, so that the deviations summed are small; 0 if it is not finite.
template <class T>
void set_first_shifts(const BatchNormShape& shape, const Run<const T>& x, const Coefficients<T>& k) {
    const bool rows = shape.form == Form::rows;
    const index_t planes =
        std::min(shape.outer, rows ? shift_rows : (shift_values + shape.length - 1) / shape.length);
    const index_t length = rows ? 1 : std::min(shape.length, shift_values);
    const index_t channel_stride = rows ? 1 : x.channel_stride;
    for (index_t c = 0; c < shape.channels; ++c) {
        double sum = 0.0;
        for (index_t p = 0; p < planes; ++p)
            for (index_t i = 0; i < length; ++i)
                sum += static_cast<double>(x.data[p * x.plane_stride + c * channel_stride + i]);
        const double mean = sum / static_cast<double>(planes * length);
        k.set(shift, c, std::isfinite(mean) ? mean : 0.0);
    }
}

// ---- Forward

template <class T>
struct ForwardContext {
    const Coefficients<T>& coefficients;
    const BatchNormStatistics& statistics;
    double* variance;
    double count;
    double eps;
};

/// True where the shift was so far from the mean that the variance lost digits.
template <class T>
bool finish_statistics(void* context, index_t c, double sum, double sum_of_squares, bool again) {
    const auto& f = *static_cast<const ForwardContext<T>*>(context);
    const double distance = sum / f.count;
    double variance = sum_of_squares / f.count - distance * distance;
    if (variance < 0.0) variance = 0.0;  // rounding; NaN stays
    f.statistics.mean[c] = static_cast<double>(f.coefficients.get(shift, c)) + distance;
    f.statistics.inverse_deviation[c] = 1.0 / std::sqrt(variance + f.eps);
    f.variance[c] = variance;
    set_affine(f.coefficients, f.statistics, c);
    return !again && distance * distance > 8.0 * variance;
}

template <class T>
void use_running_statistics(const BatchNormForward<T>& t, const ForwardContext<T>& f, index_t channels) {
    for (index_t c = 0; c < channels; ++c) {
        f.statistics.mean[c] = static_cast<double>(t.running_mean[c]);
        f.statistics.inverse_deviation[c] = 1.0 / std::sqrt(static_cast<double>(t.running_var[c]) + f.eps);
        set_affine(f.coefficients, f.statistics, c);
    }
}

template <class T>
void update(const VectorView<T>& running, const double* batch, double factor, double momentum) {
    if (running.data == nullptr) return;
    for (index_t c = 0; c < running.size; ++c)
        running[c] = static_cast<T>(momentum * (factor * batch[c]) +
                                    (1.0 - momentum) * static_cast<double>(running[c]));
}

// ---- Backward

template <class T>
struct BackwardContext {
    const Coefficients<T>& coefficients;
    const BatchNormStatistics& statistics;
    T* dweight;
    T* dbias;
    double count;
};

template <class T>
bool finish_gradient(void* context, index_t c, double sum, double product, bool) {
    const auto& b = *static_cast<const BackwardContext<T>*>(context);
    const double r = b.statistics.inverse_deviation[c], factor = b.statistics.weight[c] * r;
    const double low = b.statistics.mean[c] - static_cast<double>(b.coefficients.get(shift, c));
    const double dweight = (product - low * sum) * r;
    b.dweight[c] = static_cast<T>(dweight);
    b.dbias[c] = static_cast<T>(sum);
    const double slope = -factor * r * dweight / b.count;
    b.coefficients.set(dz_factor, c, factor);
    b.coefficients.set(x_factor, c, slope);
    b.coefficients.set(constant, c, -factor * sum / b.count - slope * low);
    return false;
}

}  // namespace

index_t BatchNormShape::mask_words() const {
    if (form == Form::planes) return outer * channels * (padded(length) / mask_word);
    return (outer + rows_per_line - 1) / rows_per_line * (padded(rows_per_line * channels) / mask_word);
}

index_t batch_norm_rows_per_line(index_t channels, bool dense) {
    if (!dense || channels < 1 || channels > widest_line) return 1;
    index_t rows = mask_word / std::gcd(mask_word, channels);
    while (rows * channels < line_columns) rows *= 2;
    return rows;
}

template <class T>
Status batch_norm_forward(const BatchNormShape& shape, const BatchNormForward<T>& tensors,
                          const BatchNormOptions& options, const BatchNormStatistics& statistics) {
    const Coefficients<T> coefficients(shape, 3);
    const arena::Buffer<double> variance(static_cast<std::size_t>(shape.channels));
    const auto count = static_cast<double>(shape.count());
    ForwardContext<T> context{coefficients, statistics, variance.data(), count, options.eps};
    set_parameters(tensors, statistics, shape.channels);
    if (options.training)
        set_first_shifts(shape, tensors.x, coefficients);
    else
        use_running_statistics(tensors, context, shape.channels);

    BatchNormTile<T> tile{};
    tile.x = in_lines(tensors.x, shape);
    tile.residual = in_lines(tensors.residual, shape);
    tile.y = in_lines(tensors.y, shape);
    tile.mask = mask_run(tensors.mask, shape);
    tile.stream = may_stream(shape, tile.y, tensors.x.data, tensors.residual.data);
    point_to(tile, coefficients, false);
    const BatchNormTable<T>& kernels = table(T{});
    const int form = static_cast<int>(shape.form), activation = static_cast<int>(options.activation);
    const TwoPassWork<T> work{options.training ? kernels.sums[form] : nullptr,
                              kernels.forward[form][activation][tensors.residual.data != nullptr ? 1 : 0],
                              &context, finish_statistics<T>, options.n_jobs};
    const Status status = two_pass(shape, tile, work);
    if (status != Status::ok || !options.training) return status;
    update(tensors.running_mean, statistics.mean, 1.0, options.momentum);
    update(tensors.running_var, variance.data(), count / (count - 1.0), options.momentum);
    return Status::ok;
}

template <class T>
Status batch_norm_backward(const BatchNormShape& shape, const BatchNormBackward<T>& tensors,
                           const BatchNormOptions& options, const BatchNormStatistics& statistics) {
    const Coefficients<T> coefficients(shape, 6);
    for (index_t c = 0; c < shape.channels; ++c) set_affine(coefficients, statistics, c);
    BackwardContext<T> context{coefficients, statistics, tensors.dweight, tensors.dbias,
                               static_cast<double>(shape.count())};
    BatchNormTile<T> tile{};
    tile.x = in_lines(tensors.x, shape);
    tile.dy = in_lines(tensors.dy, shape);
    tile.residual = in_lines(tensors.residual, shape);
    // The passes of both directions share a tile; the backward pass only reads the mask.
    tile.mask = mask_run(const_cast<std::uint16_t*>(tensors.mask), shape);
    tile.dx = in_lines(tensors.dx, shape);
    tile.dresidual = in_lines(tensors.dresidual, shape);
    tile.stream = may_stream(shape, tile.dx, nullptr, nullptr) &&
                  (tile.dresidual.data == nullptr || may_stream(shape, tile.dresidual, nullptr, nullptr));
    tile.constant_statistics = !options.training;
    point_to(tile, coefficients, true);
    const BatchNormTable<T>& kernels = table(T{});
    const int form = static_cast<int>(shape.form), activation = static_cast<int>(options.activation);
    const int residual = tensors.has_residual ? 1 : 0;
    const TwoPassWork<T> work{kernels.backward_sums[form][activation][residual],
                              kernels.backward[form][activation][residual], &context, finish_gradient<T>,
                              options.n_jobs};
    return two_pass(shape, tile, work);
}

template Status batch_norm_forward(const BatchNormShape&, const BatchNormForward<float>&,
                                   const BatchNormOptions&, const BatchNormStatistics&);
template Status batch_norm_forward(const BatchNormShape&, const BatchNormForward<double>&,
                                   const BatchNormOptions&, const BatchNormStatistics&);
template Status batch_norm_backward(const BatchNormShape&, const BatchNormBackward<float>&,
                                    const BatchNormOptions&, const BatchNormStatistics&);
template Status batch_norm_backward(const BatchNormShape&, const BatchNormBackward<double>&,
                                    const BatchNormOptions&, const BatchNormStatistics&);

}  // namespace mlqa::nn
