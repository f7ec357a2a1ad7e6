#include "bindings/arguments.hpp"

#include "bindings/channels.hpp"
#include "bindings/memory.hpp"

namespace mlqa::bindings {

std::string text_of(py::handle value) {
    return py::repr(value).cast<std::string>();
}

std::string type_name(py::handle value) {
    return py::type::handle_of(value).attr("__name__").cast<std::string>();
}

std::string shape_text(const py::array& a) {
    return text_of(a.attr("shape"));
}

namespace {

bool is_native(const py::array& a) {
    return py::isinstance<py::array_t<float>>(a) || py::isinstance<py::array_t<double>>(a);
}

}  // namespace

py::array floating(py::handle value, const char* name, const py::object& dtype) {
    if (py::isinstance<py::array>(value)) {
        auto a = py::reinterpret_borrow<py::array>(value);
        if (is_native(a)) return a;
        if (a.dtype().kind() == 'c') throw py::type_error(std::string(name) + " must not be complex");
    } else if (value.is_none() || py::hasattr(value, "toarray")) {
        throw py::type_error(std::string(name) + " must be a dense array, got " +
                             (value.is_none() ? std::string("None") : "a sparse " + type_name(value)));
    }
    const py::module_ numpy = py::module_::import("numpy");
    const py::array plain = numpy.attr("asarray")(value);
    if (plain.dtype().kind() == 'c') throw py::type_error(std::string(name) + " must not be complex");
    const bool single = plain.dtype().kind() == 'f' && plain.itemsize() == sizeof(float);
    const py::object wanted = dtype.is_none() ? py::str(single ? "f4" : "f8") : dtype;
    return numpy.attr("asarray")(value, wanted);
}

void same_dtype(const py::array& a, const py::array& input, const char* name) {
    if (a.itemsize() != input.itemsize())
        throw py::type_error("mixed dtype: " + std::string(name) + " must have input's dtype " +
                             py::str(input.dtype()).cast<std::string>() + ", got " +
                             py::str(a.dtype()).cast<std::string>());
}

void same_shape(const py::array& a, const py::array& input, const char* name) {
    bool same = a.ndim() == input.ndim();
    for (py::ssize_t axis = 0; same && axis < a.ndim(); ++axis) same = a.shape(axis) == input.shape(axis);
    if (!same)
        throw py::value_error(std::string(name) + " must have input's shape " + shape_text(input) + ", got " +
                              shape_text(a));
}

py::array like_input(py::handle value, const py::array& input, const char* name) {
    py::array a = floating(value, name, input.dtype());
    same_dtype(a, input, name);
    same_shape(a, input, name);
    return a;
}

py::array per_channel(py::handle value, const py::array& input, const char* name) {
    py::array a = floating(value, name, input.dtype());
    same_dtype(a, input, name);
    if (a.ndim() != 1)
        throw py::value_error(std::string(name) + " must have one dimension, got shape " + shape_text(a));
    if (a.size() != input.shape(1))
        throw py::value_error(std::string(name) + " should contain " + std::to_string(input.shape(1)) +
                              " elements not " + std::to_string(a.size()));
    return a;
}

void writeable(py::handle value, const char* name) {
    if (!py::isinstance<py::array>(value))
        throw py::type_error(std::string(name) + " is written in place: it must be a NumPy array, got " +
                             type_name(value));
    const auto a = py::reinterpret_borrow<py::array>(value);
    if (!is_native(a))
        throw py::type_error(std::string(name) +
                             " is written in place: it must have dtype float32 or float64, got " +
                             py::str(a.dtype()).cast<std::string>());
    if (!a.writeable())
        throw py::value_error(std::string(name) + " is written in place and must not be read-only");
}

double number(py::handle value, const char* name) {
    const double x = PyFloat_AsDouble(value.ptr());
    if (x == -1.0 && PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        throw py::type_error("batch_norm(): argument '" + std::string(name) + "' must be float, not " +
                             type_name(value));
    }
    return x;
}

bool flag(py::handle value, const char* name) {
    if (value.ptr() == Py_True || value.ptr() == Py_False) return value.ptr() == Py_True;
    if (py::isinstance(value, py::module_::import("numpy").attr("bool_"))) return value.cast<bool>();
    throw py::type_error("batch_norm(): argument '" + std::string(name) + "' must be bool, not " +
                         type_name(value));
}

void refuse_overlap(const py::array& a, const char* a_name, py::handle other, const char* name,
                    bool exact_allowed) {
    if (!py::isinstance<py::array>(other)) return;
    const auto b = py::reinterpret_borrow<py::array>(other);
    if (exact_allowed && same_elements(a, b)) return;
    if (share_memory(a, b))
        throw py::value_error(std::string(a_name) + " must not overlap " + name +
                              (exact_allowed ? " except by being the same array" : ""));
}

void no_overlap_in_itself(const py::array& out) {
    for (py::ssize_t axis = 0; axis < out.ndim(); ++axis)
        if (out.strides(axis) == 0 && out.shape(axis) > 1)
            throw py::value_error("out must not hold several elements at one place");
}

py::array walkable(const py::array& a) {
    if (addressable(a)) return a;
    py::array copy = empty_array(a.dtype(), {a.size()});
    copy_into(copy, a);
    return copy;
}

}  // namespace mlqa::bindings
