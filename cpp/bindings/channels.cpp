#include "bindings/channels.hpp"

#include <algorithm>
#include <string>

#include "bindings/memory.hpp"

namespace mlqa::bindings {
namespace {

/// The common stride in bytes of the axes walked as one, or nothing if they cannot be. The axes are that of
/// space and, where asked for, that of the batch.
std::optional<py::ssize_t> collapsed(const py::array& a, bool with_batch) {
    std::optional<py::ssize_t> stride;
    py::ssize_t next = 0;
    for (py::ssize_t axis = a.ndim() - 1; axis >= 0; --axis) {
        if (axis == 1 || (axis == 0 && !with_batch) || a.shape(axis) == 1) continue;
        if (stride && a.strides(axis) != next) return std::nullopt;
        if (!stride) stride = a.strides(axis);
        next = a.strides(axis) * a.shape(axis);
    }
    return stride ? stride : std::optional<py::ssize_t>(a.itemsize());
}

index_t space(const py::array& a) {
    index_t n = 1;
    for (py::ssize_t axis = 2; axis < a.ndim(); ++axis) n *= a.shape(axis);
    return n;
}

/// The distance of rows in bytes, if the channels of a row lie side by side.
std::optional<py::ssize_t> row_stride(const py::array& a) {
    if (a.shape(1) > 1 && a.strides(1) != a.itemsize()) return std::nullopt;
    if (a.shape(0) * space(a) == 1) return a.shape(1) * a.itemsize();
    return collapsed(a, true);
}

bool dense_rows(const py::array& a) {
    return row_stride(a) == std::optional<py::ssize_t>(a.shape(1) * a.itemsize());
}

ChannelLayout made(const py::array& x, Layout layout) {
    nn::BatchNormShape shape;
    const index_t batch = x.shape(0), length = space(x);
    shape.channels = x.shape(1);
    shape.form = layout == Layout::rows || layout == Layout::lines ? nn::Form::rows : nn::Form::planes;
    switch (layout) {
        case Layout::slabs:
            shape.outer = 1;
            shape.length = batch * length;
            break;
        case Layout::planes:
            shape.outer = batch;
            shape.length = length;
            break;
        default:
            shape.outer = batch * length;
            shape.rows_per_line = nn::batch_norm_rows_per_line(shape.channels, layout == Layout::lines);
    }
    return {layout, shape};
}

Layout rows_or_lines(const py::array& x, bool dense) {
    return nn::batch_norm_rows_per_line(x.shape(1), dense) > 1 ? Layout::lines : Layout::rows;
}

/// From strides alone, not from alignment: a misaligned array is copied, but summed in the same order.
Layout layout_of(const py::array& x) {
    const bool one_channel = x.shape(1) == 1;
    const bool slabs = collapsed(x, true) == std::optional<py::ssize_t>(x.itemsize());
    if (slabs && one_channel) return Layout::slabs;
    if (row_stride(x)) return rows_or_lines(x, dense_rows(x));
    if (slabs || one_channel) return Layout::slabs;
    return space(x) > 1 ? Layout::planes : rows_or_lines(x, true);
}

struct Extent {
    std::uintptr_t low;
    std::uintptr_t high;
};

Extent extent(const py::array& a) {
    auto low = reinterpret_cast<std::uintptr_t>(a.data());
    std::uintptr_t high = low + static_cast<std::uintptr_t>(a.itemsize());
    for (py::ssize_t axis = 0; axis < a.ndim(); ++axis) {
        const py::ssize_t span = (a.shape(axis) - 1) * a.strides(axis);
        (span < 0 ? low : high) += static_cast<std::uintptr_t>(span);
    }
    return {low, high};
}

}  // namespace

ChannelLayout ChannelLayout::of(const py::array& x) {
    return made(x, layout_of(x));
}

ChannelLayout ChannelLayout::named(const py::array& x, int layout) {
    if (layout < static_cast<int>(Layout::slabs) || layout > static_cast<int>(Layout::planes))
        throw py::value_error("ctx.layout must be a value that batch_norm_forward gave, got " +
                              std::to_string(layout));
    return made(x, static_cast<Layout>(layout));
}

std::optional<ChannelLayout::Strides> ChannelLayout::strides(const py::array& a) const {
    if (!addressable(a)) return std::nullopt;
    const py::ssize_t item = a.itemsize();
    const std::optional<py::ssize_t> unit = item;
    switch (layout) {
        case Layout::slabs:
            if (collapsed(a, true) != unit) return std::nullopt;
            return Strides{0, a.strides(1) / item};
        case Layout::planes:
            if (collapsed(a, false) != unit) return std::nullopt;
            return Strides{a.strides(0) / item, a.strides(1) / item};
        case Layout::lines:
            if (!dense_rows(a)) return std::nullopt;
            return Strides{a.shape(1), 1};
        default:
            if (const auto stride = row_stride(a)) return Strides{*stride / item, 1};
            return std::nullopt;
    }
}

py::array ChannelLayout::empty_like(const py::array& a) const {
    const auto dims = static_cast<int>(a.ndim());
    std::vector<int> axes;
    if (layout == Layout::slabs && a.shape(1) > 1) axes.push_back(1);
    axes.push_back(0);
    if (layout == Layout::planes || (layout == Layout::slabs && a.shape(1) == 1)) axes.push_back(1);
    for (int axis = 2; axis < dims; ++axis) axes.push_back(axis);
    if (layout == Layout::rows || layout == Layout::lines) axes.push_back(1);
    const std::vector<py::ssize_t> sizes(a.shape(), a.shape() + dims);
    if (std::is_sorted(axes.begin(), axes.end())) return empty_array(a.dtype(), sizes);
    return empty_in_order(a.dtype(), sizes, axes);
}

py::array ChannelLayout::fitted(const py::array& a) const {
    if (fits(a)) return a;
    py::array copy = empty_like(a);
    copy_into(copy, a);
    return copy;
}

bool addressable(const py::array& a) {
    if ((a.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) return false;
    for (py::ssize_t axis = 0; axis < a.ndim(); ++axis)
        if (a.strides(axis) % a.itemsize() != 0) return false;
    return true;
}

bool share_memory(const py::array& a, const py::array& b) {
    if (a.size() == 0 || b.size() == 0) return false;
    const Extent p = extent(a), q = extent(b);
    if (p.high <= q.low || q.high <= p.low) return false;
    return py::module_::import("numpy").attr("shares_memory")(a, b).cast<bool>();
}

bool same_elements(const py::array& a, const py::array& b) {
    if (a.data() != b.data() || a.ndim() != b.ndim()) return false;
    for (py::ssize_t axis = 0; axis < a.ndim(); ++axis)
        if (a.shape(axis) != b.shape(axis) || (a.shape(axis) > 1 && a.strides(axis) != b.strides(axis)))
            return false;
    return true;
}

}  // namespace mlqa::bindings
