#include <pybind11/typing.h>

#include <cmath>
#include <string>
#include <utility>

#include "bindings/areas.hpp"
#include "bindings/arguments.hpp"
#include "bindings/call.hpp"
#include "bindings/channels.hpp"
#include "bindings/memory.hpp"
#include "nn/batch_norm.hpp"

namespace mlqa::bindings {
namespace {

using nn::Activation;

constexpr const char* activation_names[] = {"none", "relu", "leaky_relu", "elu"};
constexpr int statistics_rows = 4;

Activation activation_of(py::handle value) {
    if (value.is_none()) return Activation::none;
    if (py::isinstance<py::str>(value)) {
        const auto name = value.cast<std::string>();
        for (int a = 1; a < 4; ++a)
            if (name == activation_names[a]) return static_cast<Activation>(a);
    }
    throw py::value_error("activation must be None, 'relu', 'leaky_relu' or 'elu', got " + text_of(value));
}

nn::BatchNormOptions options_of(py::handle training, py::handle momentum, py::handle eps,
                                py::handle activation) {
    nn::BatchNormOptions o;
    o.training = flag(training, "training");
    o.momentum = number(momentum, "momentum");
    o.eps = number(eps, "eps");
    o.activation = activation_of(activation);
    if (!std::isfinite(o.momentum))
        throw py::value_error("momentum must be finite, got " + text_of(momentum));
    if (!std::isfinite(o.eps)) throw py::value_error("eps must be finite, got " + text_of(eps));
    if (o.training && o.eps <= 0.0)
        throw py::value_error("batch_norm eps must be positive during training, but got " + text_of(eps));
    if (o.eps < 0.0) throw py::value_error("batch_norm eps must be non-negative, but got " + text_of(eps));
    return o;
}

py::array input_of(py::handle value, const nn::BatchNormOptions& options) {
    py::array x = floating(value, "input");
    if (x.ndim() < 2)
        throw py::value_error("expected input with at least 2 dimensions (got " + std::to_string(x.ndim()) +
                              "D input)");
    if (options.training && x.size() == x.shape(1) && x.size() > 0)
        throw py::value_error("Expected more than 1 value per channel when training, got input size " +
                              shape_text(x));
    return x;
}

// ---- Forward

struct ForwardObjects {
    py::object input, running_mean, running_var, weight, bias, residual, out;
};

void check_running(const ForwardObjects& given, const py::array& x, bool training) {
    const bool no_mean = given.running_mean.is_none(), no_var = given.running_var.is_none();
    if (no_mean && !training) throw py::value_error("running_mean must be defined in evaluation mode");
    if (no_var && !training) throw py::value_error("running_var must be defined in evaluation mode");
    if (no_mean != no_var)
        throw py::value_error("running_mean and running_var must either both be None or neither be None");
    if (no_mean) return;
    if (training) {
        writeable(given.running_mean, "running_mean");
        writeable(given.running_var, "running_var");
    }
    const py::array mean = per_channel(given.running_mean, x, "running_mean");
    const py::array var = per_channel(given.running_var, x, "running_var");
    if (!training) return;
    refuse_overlap(mean, "running_mean", var, "running_var", false);
    for (const auto& [value, name] : {std::pair(&mean, "running_mean"), std::pair(&var, "running_var")}) {
        refuse_overlap(*value, name, x, "input", false);
        refuse_overlap(*value, name, given.residual, "residual", false);
        refuse_overlap(*value, name, given.weight, "weight", false);
        refuse_overlap(*value, name, given.bias, "bias", false);
    }
}

void check_out(const ForwardObjects& given, const py::array& x, Activation activation, bool keeps) {
    if (given.out.is_none()) return;
    writeable(given.out, "out");
    const py::array out = like_input(given.out, x, "out");
    no_overlap_in_itself(out);
    if (keeps && same_elements(out, x))
        throw py::value_error("out must not be input: batch_norm_backward needs the input; use batch_norm");
    if (keeps && activation == Activation::elu && py::isinstance<py::array>(given.residual) &&
        same_elements(out, py::reinterpret_borrow<py::array>(given.residual)))
        throw py::value_error("out must not be residual: the gradient of elu needs the residual");
    refuse_overlap(out, "out", x, "input", true);
    refuse_overlap(out, "out", given.residual, "residual", true);
    refuse_overlap(out, "out", given.weight, "weight", false);
    refuse_overlap(out, "out", given.bias, "bias", false);
    refuse_overlap(out, "out", given.running_mean, "running_mean", false);
    refuse_overlap(out, "out", given.running_var, "running_var", false);
}

template <class T>
VectorView<T> view(const py::array& a) {
    if (!a.ptr() || a.is_none()) return {};
    return {static_cast<T*>(const_cast<void*>(a.data())), a.size(), a.strides(0) / a.itemsize()};
}

nn::BatchNormStatistics statistics_view(const py::array& statistics) {
    auto* rows = static_cast<double*>(const_cast<void*>(statistics.data()));
    const py::ssize_t c = statistics.shape(1);
    return {rows, rows + c, rows + 2 * c, rows + 3 * c};
}

py::array optional_channels(const py::object& value, const py::array& x, const char* name) {
    if (value.is_none()) return py::reinterpret_borrow<py::array>(py::none());
    return walkable(per_channel(value, x, name));
}

/// What a forward pass made, and what the backward pass is to have of it.
struct ForwardResult {
    py::array y, x, statistics;
    py::object residual, mask;
    Layout layout;
};

bool needs_mask(Activation activation) {
    return activation == Activation::relu || activation == Activation::leaky_relu;
}

template <class T>
ForwardResult run_forward(const ForwardObjects& given, const py::array& input,
                          const nn::BatchNormOptions& options, bool keeps) {
    const ChannelLayout layout = ChannelLayout::of(input);
    ForwardResult result;
    result.layout = layout.layout;
    result.x = layout.fitted(input);
    result.statistics = empty<double>({statistics_rows, input.shape(1)});
    const py::array weight = optional_channels(given.weight, input, "weight");
    const py::array bias = optional_channels(given.bias, input, "bias");
    const py::array mean = optional_channels(given.running_mean, input, "running_mean");
    const py::array var = optional_channels(given.running_var, input, "running_var");

    nn::BatchNormForward<T> tensors{};
    tensors.x = layout.run<const T>(result.x);
    result.residual = py::none();
    if (!given.residual.is_none()) {
        const py::array residual = layout.fitted(like_input(given.residual, input, "residual"));
        tensors.residual = layout.run<const T>(residual);
        result.residual = residual;
    }
    result.y =
        !given.out.is_none() && layout.fits(given.out) ? py::array(given.out) : layout.empty_like(input);
    tensors.y = layout.run<T>(result.y);
    result.mask = py::none();
    if (keeps && !given.residual.is_none() && needs_mask(options.activation)) {
        auto mask = empty<std::uint16_t>({layout.shape.mask_words()});
        tensors.mask = mask.mutable_data();
        result.mask = std::move(mask);
    }
    tensors.running_mean = view<T>(mean);
    tensors.running_var = view<T>(var);
    tensors.weight = view<const T>(weight);
    tensors.bias = view<const T>(bias);
    const nn::BatchNormStatistics statistics = statistics_view(result.statistics);
    if (input.size() > 0)
        native_call([&] { return nn::batch_norm_forward(layout.shape, tensors, options, statistics); });
    if (!given.out.is_none() && result.y.ptr() != given.out.ptr()) {
        copy_into(given.out, result.y);
        result.y = given.out;
    }
    if (options.training && !mean.is_none() && input.size() > 0) {
        if (mean.ptr() != given.running_mean.ptr()) copy_into(given.running_mean, mean);
        if (var.ptr() != given.running_var.ptr()) copy_into(given.running_var, var);
    }
    return result;
}

using AnyTuple = py::typing::Tuple<py::object, py::ellipsis>;

/// y, and with `keeps` the fields of a BatchNormContext (else None).
AnyTuple forward(py::object input, py::object running_mean, py::object running_var, py::object weight,
                 py::object bias, const py::object& training, const py::object& momentum,
                 const py::object& eps, const py::object& activation, py::object residual, py::object out,
                 bool keeps, int n_jobs) {
    nn::BatchNormOptions options = options_of(training, momentum, eps, activation);
    options.n_jobs = n_jobs;
    const py::array x = input_of(input, options);
    const ForwardObjects given{std::move(input),  std::move(running_mean), std::move(running_var),
                               std::move(weight), std::move(bias),         std::move(residual),
                               std::move(out)};
    check_running(given, x, options.training);
    check_out(given, x, options.activation, keeps);
    ForwardResult r = x.itemsize() == sizeof(float) ? run_forward<float>(given, x, options, keeps)
                                                    : run_forward<double>(given, x, options, keeps);
    if (!keeps) return AnyTuple(py::make_tuple(r.y, py::none()));
    const bool keeps_residual = options.activation == Activation::elu && !given.residual.is_none();
    return py::make_tuple(
        r.y, py::make_tuple(r.x, keeps_residual ? r.residual : py::object(py::none()), r.statistics, r.mask,
                            activation, options.training, !given.weight.is_none(), !given.bias.is_none(),
                            !given.residual.is_none(), static_cast<int>(r.layout)));
}

// ---- Backward

/// A BatchNormContext, checked as far as memory safety needs: it may come from a file.
struct Context {
    py::array x, statistics;
    py::object residual, mask;
    nn::BatchNormOptions options;
    bool has_weight, has_bias, has_residual;
    ChannelLayout layout;
};

Context context_of(const py::tuple& ctx) {
    if (ctx.size() != 10) throw py::type_error("ctx must be what batch_norm_forward returned");
    const py::array x = floating(ctx[0], "ctx.input");
    if (x.ndim() < 2) throw py::value_error("ctx.input must have at least 2 dimensions");
    nn::BatchNormOptions options;
    options.activation = activation_of(ctx[4]);
    options.training = flag(ctx[5], "ctx.training");
    Context c{x,
              floating(ctx[2], "ctx.statistics"),
              ctx[1],
              ctx[3],
              options,
              flag(ctx[6], "ctx.has_weight"),
              flag(ctx[7], "ctx.has_bias"),
              flag(ctx[8], "ctx.has_residual"),
              ChannelLayout::named(x, ctx[9].cast<int>())};
    const py::array& s = c.statistics;
    if (s.itemsize() != sizeof(double) || s.ndim() != 2 || s.shape(0) != statistics_rows ||
        s.shape(1) != x.shape(1) || (s.flags() & py::array::c_style) == 0 || !addressable(s))
        throw py::value_error("ctx.statistics must be a contiguous float64 array of shape (4, channels)");
    if (c.has_residual && needs_mask(options.activation) &&
        (!py::isinstance<py::array_t<std::uint16_t>>(c.mask) ||
         py::array(c.mask).size() != c.layout.shape.mask_words() ||
         (py::array(c.mask).flags() & py::array::c_style) == 0))
        throw py::value_error("ctx.mask must be the mask that batch_norm_forward made");
    if (c.has_residual && options.activation == Activation::elu)
        c.residual = c.layout.fitted(like_input(c.residual, x, "ctx.residual"));
    c.x = c.layout.fitted(x);
    return c;
}

template <class T>
py::tuple run_backward(const py::array& dy, const Context& ctx) {
    const ChannelLayout& layout = ctx.layout;
    const py::ssize_t channels = ctx.x.shape(1);
    const py::array fitted = layout.fitted(dy);
    const py::array dx = layout.empty_like(ctx.x);
    auto dweight = empty<T>({channels}), dbias = empty<T>({channels});
    py::object dresidual = py::none();
    nn::BatchNormBackward<T> tensors{};
    tensors.x = layout.run<const T>(ctx.x);
    tensors.dy = layout.run<const T>(fitted);
    tensors.dx = layout.run<T>(dx);
    tensors.has_residual = ctx.has_residual;
    tensors.dweight = dweight.mutable_data();
    tensors.dbias = dbias.mutable_data();
    if (ctx.has_residual) {
        dresidual = layout.empty_like(ctx.x);
        tensors.dresidual = layout.run<T>(dresidual);
        if (ctx.options.activation == Activation::elu) tensors.residual = layout.run<const T>(ctx.residual);
        if (needs_mask(ctx.options.activation))
            tensors.mask = static_cast<const std::uint16_t*>(py::array(ctx.mask).data());
    }
    const nn::BatchNormStatistics statistics = statistics_view(ctx.statistics);
    if (dy.size() > 0) {
        native_call([&] { return nn::batch_norm_backward(layout.shape, tensors, ctx.options, statistics); });
    } else {
        for (py::ssize_t c = 0; c < channels; ++c) tensors.dweight[c] = tensors.dbias[c] = T{0};
    }
    const py::object none = py::none();
    return py::make_tuple(dx, ctx.has_weight ? py::object(dweight) : none,
                          ctx.has_bias ? py::object(dbias) : none, dresidual);
}

AnyTuple backward(const py::object& dy, const AnyTuple& ctx, int n_jobs) {
    Context context = context_of(ctx);
    context.options.n_jobs = n_jobs;
    const py::array gradient = like_input(dy, context.x, "dy");
    return context.x.itemsize() == sizeof(float) ? run_backward<float>(gradient, context)
                                                 : run_backward<double>(gradient, context);
}

}  // namespace

void bind_nn(py::module_& module) {
    py::module_ m = module.def_submodule("nn", "Training primitives.");
    m.def("batch_norm_forward", &forward, py::arg("input"), py::arg("running_mean"), py::arg("running_var"),
          py::arg("weight"), py::arg("bias"), py::arg("training"), py::arg("momentum"), py::arg("eps"),
          py::arg("activation"), py::arg("residual"), py::arg("out"), py::arg("keeps"), py::arg("n_jobs") = 0,
          "The normalised array, and what the backward pass needs or None.");
    m.def("batch_norm_backward", &backward, py::arg("dy"), py::arg("ctx"), py::arg("n_jobs") = 0,
          "Gradients of the input, the weight, the bias and the residual.");
}

}  // namespace mlqa::bindings
