// Arrays of (batch, channel, space...) as the kernels of nn take them: which layout an array has, views of
// arrays in that layout, copies of those that have another.
#pragma once

#include <pybind11/numpy.h>

#include <optional>
#include <vector>

#include "nn/batch_norm.hpp"

namespace mlqa::bindings {

namespace py = pybind11;

/// How the channels of an array lie in memory.
enum class Layout : int {
    slabs = 0,  ///< one channel is one run (one channel alone; a Fortran-ordered matrix)
    rows,       ///< channels last
    lines,      ///< channels last, rows without gaps, several of them walked as one
    planes,     ///< runs of space: (N, C, H, W) in C order
};

/// The layout of an array and the sizes that go with it.
struct ChannelLayout {
    Layout layout;
    nn::BatchNormShape shape;

    /// The layout that the array can be walked in as it is, or else the one it is to be copied to.
    static ChannelLayout of(const py::array& x);
    /// A layout that is known by name; throws ValueError if it is none of ours.
    static ChannelLayout named(const py::array& x, int layout);

    bool fits(const py::array& a) const { return strides(a).has_value(); }
    /// The array itself if it fits, else a copy that does.
    py::array fitted(const py::array& a) const;
    /// An uninitialised array of this layout without gaps.
    py::array empty_like(const py::array& a) const;

    /// `T` may be const. The array fits, or is empty: then no stride is ever taken.
    template <class T>
    nn::Run<T> run(const py::array& a) const {
        const Strides s = strides(a).value_or(Strides{0, 0});
        auto* data = static_cast<T*>(const_cast<void*>(a.data()));
        return {data, s.plane, s.channel};
    }

private:
    struct Strides {
        index_t plane;
        index_t channel;
    };
    std::optional<Strides> strides(const py::array& a) const;
};

/// The elements can be reached through a typed pointer: aligned, strides whole elements.
bool addressable(const py::array& a);
/// Some two elements of the arrays share memory; exact, and cheap where the extents are apart.
bool share_memory(const py::array& a, const py::array& b);
/// The same elements at the same places.
bool same_elements(const py::array& a, const py::array& b);

}  // namespace mlqa::bindings
