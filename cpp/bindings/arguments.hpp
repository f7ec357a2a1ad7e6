// Arguments of the functions of nn, checked: errors name the argument, its value and what is allowed.
#pragma once

#include <pybind11/numpy.h>

#include <string>

namespace mlqa::bindings {

namespace py = pybind11;

std::string text_of(py::handle value);
std::string type_name(py::handle value);
std::string shape_text(const py::array& a);

/// Anything NumPy can make numbers of, as a native float32 or float64 array. Arrays of these types are taken
/// as they are, everything else becomes `dtype`, or where that is None float64.
py::array floating(py::handle value, const char* name, const py::object& dtype = py::none());

void same_dtype(const py::array& a, const py::array& input, const char* name);
void same_shape(const py::array& a, const py::array& input, const char* name);
/// An array of the input's shape and dtype.
py::array like_input(py::handle value, const py::array& input, const char* name);
/// An array of one value a channel (axis 1 of the input).
py::array per_channel(py::handle value, const py::array& input, const char* name);

/// Refuses what cannot be written in place.
void writeable(py::handle value, const char* name);
void no_overlap_in_itself(const py::array& out);
/// Refuses arrays that share memory, unless they are one and the same where that is allowed.
void refuse_overlap(const py::array& a, const char* a_name, py::handle other, const char* name,
                    bool exact_allowed);

double number(py::handle value, const char* name);
bool flag(py::handle value, const char* name);

/// The array itself where a typed pointer can walk it, else a copy.
py::array walkable(const py::array& a);

}  // namespace mlqa::bindings
