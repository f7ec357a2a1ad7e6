#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>

#include "bindings/areas.hpp"
#include "bindings/call.hpp"
#include "bindings/memory.hpp"
#include "core/arena.hpp"
#include "core/finite.hpp"
#include "core/isa.hpp"
#include "core/rng.hpp"
#include "core/threads.hpp"
#include "core/vmath.kernel.hpp"

namespace mlqa::bindings {
namespace {

template <class T>
using Contiguous = py::array_t<T, aligned_rows>;

template <class T>
py::array_t<T> apply(void (*function)(const T*, T*, std::int64_t), const Contiguous<T>& x) {
    auto y = empty<T>({x.size()});
    function(x.data(), y.mutable_data(), x.size());
    return y;
}

/// A core vector function over a one-dimensional array, for the tests of its bounds.
py::object vector_function(const std::string& name, const py::array& x) {
    const VmathKernels& k = vmath_kernels();
    const struct {
        const char* name;
        void (*f32)(const float*, float*, std::int64_t);
        void (*f64)(const double*, double*, std::int64_t);
    } functions[] = {{"exp", k.exp_f32, k.exp_f64},
                     {"exp_negative", k.exp_negative_f32, k.exp_negative_f64},
                     {"expm1", k.expm1_f32, k.expm1_f64},
                     {"log", k.log_f32, k.log_f64},
                     {"tanh", k.tanh_f32, k.tanh_f64}};
    for (const auto& f : functions) {
        if (name != f.name) continue;
        if (py::isinstance<py::array_t<float>>(x)) return apply<float>(f.f32, Contiguous<float>::ensure(x));
        return apply<double>(f.f64, Contiguous<double>::ensure(x));
    }
    throw py::value_error("no vector function is called " + name);
}

py::array_t<std::uint32_t> philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t first,
                                  py::ssize_t n) {
    auto out = empty<std::uint32_t>({n, 4});
    const Philox generator{seed, stream};
    for (py::ssize_t i = 0; i < n; ++i) {
        const Philox::Block block = generator.block(first + static_cast<std::uint64_t>(i));
        for (int w = 0; w < 4; ++w) out.mutable_at(i, w) = block.word[w];
    }
    return out;
}

/// Numbers that a thread looks at at a time.
constexpr index_t looked_at = 1 << 20;

template <class T>
bool finite(const py::array& given, int n_jobs) {
    constexpr auto size = static_cast<py::ssize_t>(sizeof(T));
    const auto x = py::array_t<T, aligned_strides>::ensure(given);
    if (x.ndim() != 2) throw py::value_error("x must have two dimensions");
    for (int axis = 0; axis < 2; ++axis)
        if (x.strides(axis) % size != 0) throw py::value_error("x must not cut its numbers apart");
    const MatrixView<const T> view = {x.data(), x.shape(0), x.shape(1), x.strides(0) / size,
                                      x.strides(1) / size};
    const index_t rows = std::max<index_t>(1, looked_at / std::max<index_t>(1, view.cols));
    const index_t runs = (view.rows + rows - 1) / rows;
    std::atomic<bool> all{true};
    const py::gil_scoped_release released;
    (void)threads::parallel_for(runs, threads::resolve(n_jobs), [&](index_t run, int) {
        const index_t first = run * rows, n = std::min(rows, view.rows - first);
        const MatrixView<const T> part = {view.row(first), n, view.cols, view.row_stride, view.col_stride};
        if (all.load(std::memory_order_relaxed) && !is_finite(part)) all = false;
    });
    return all;
}

/// Whether a matrix holds no NaN and no infinity, which costs one look at its numbers and nothing else.
bool is_finite_matrix(const py::array& x, int n_jobs) {
    if (py::isinstance<py::array_t<float>>(x)) return finite<float>(x, n_jobs);
    if (py::isinstance<py::array_t<double>>(x)) return finite<double>(x, n_jobs);
    throw py::value_error("x must hold float64 or float32");
}

/// A sum over chunks that takes a while: what the tests of threads, interrupts and forks run.
double busy_sum(std::int64_t chunks, std::int64_t length, int n_jobs, py::object progress) {
    arena::Buffer<double> parts(static_cast<std::size_t>(chunks), 0.0);
    native_call(
        [&] {
            return threads::parallel_for(
                chunks, threads::resolve(n_jobs), [&](std::int64_t chunk, int worker) {
                    if (worker == 0) cancel::poll(chunk, chunks, std::nan(""));  // the caller's own chunks
                    double s = 0, x = static_cast<double>(chunk) + 0.5;
                    for (std::int64_t i = 0; i < length; ++i) {
                        x = x * 1.000000119 + 1e-3;
                        s += 1.0 / x;
                    }
                    parts[static_cast<std::size_t>(chunk)] = s;
                });
        },
        std::move(progress));
    double total = 0;
    for (const double part : parts) total += part;
    return total;
}

const char* compiler() {
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

std::vector<std::string> levels() {
    std::vector<std::string> names;
    for (const isa::Level level :
         {isa::Level::baseline, isa::Level::v2, isa::Level::v3, isa::Level::v4, isa::Level::v4_amx})
        if (level <= isa::detected() && !(MLQA_X86 && level == isa::Level::baseline))
            names.emplace_back(isa::name(level));
    return names;
}

void bind_isa(py::module_& m) {
    m.def("isa_levels", &levels, "Instruction sets that this processor supports, best last.");
    m.def("isa_current", [] { return std::string(isa::name(isa::current())); }, "Instruction set in use.");
    m.def(
        "isa_use",
        [](const std::string& name) {
            isa::Level level{};
            if (!isa::parse(name.c_str(), level) || !isa::set_current(level))
                throw py::value_error("instruction set '" + name + "' is unknown or not supported here");
        },
        py::arg("name"), "Use another instruction set from now on; for tests.");
    m.def(
        "isa_warning",
        []() -> py::object {
            const char* text = isa::override_warning();
            return text == nullptr ? py::object(py::none()) : py::object(py::str(text));
        },
        "What was wrong with MLQA_FAST_ISA, or None.");
}

void bind_threads(py::module_& m) {
    m.def("get_num_threads", &threads::limit, "Most threads that n_jobs=None takes.");
    m.def("set_num_threads", &threads::set_limit, py::arg("n"), "Limit n_jobs=None to n threads.");
    m.def("available_threads", &threads::available, "Processors this process may use.");
    m.def("resolve_threads", &threads::resolve, py::arg("n_jobs"),
          "n_jobs (0: None) as a number of threads.");
    m.def("worker_threads", &threads::workers, "Workers alive now; -1 while a region has them.");
    m.def("shutdown_threads", &threads::shutdown, py::call_guard<py::gil_scoped_release>(),
          "Join the idle workers; the next call starts them again.");
    m.def("cancel", &cancel::request_all, "Ask every running native call to stop.");
    m.def("native_calls", &native_calls, "Native calls entered so far; for tests.");
    m.def("busy_sum", &busy_sum, py::arg("chunks"), py::arg("length"), py::arg("n_jobs") = 0,
          py::arg("progress") = py::none(), "Arithmetic that takes a while; for tests.");
}

void bind_memory(py::module_& m) {
    m.def("arena_kept", &arena::kept, "Bytes kept for reuse beyond live arrays.");
    m.def("arena_limit", &arena::limit, "Most bytes that may be kept.");
    m.def("arena_set_limit", &arena::set_limit, py::arg("n_bytes"),
          "Change the most bytes that may be kept.");
    m.def("arena_trim", &arena::trim, "Give what is kept back to the system; the number of bytes.");
    m.def(
        "empty",
        [](const std::vector<py::ssize_t>& shape, const py::dtype& dtype) {
            return empty_array(dtype, shape);
        },
        py::arg("shape"), py::arg("dtype"), "An uninitialised array whose memory comes from the arena.");
}

}  // namespace

void bind_core(py::module_& module) {
    module.attr("__version__") = MLQA_VERSION;
    py::module_ m = module.def_submodule("core", "Instruction sets, threads, memory, vector functions.");
    m.attr("compiler") = compiler();
    bind_isa(m);
    bind_threads(m);
    bind_memory(m);
    m.def("is_finite", &is_finite_matrix, py::arg("x"), py::arg("n_jobs") = 1,
          "Whether a matrix of float64 or float32 holds no NaN and no infinity.");
    m.def("vector_function", &vector_function, py::arg("name"), py::arg("x"),
          "exp, exp_negative, expm1, log or tanh of a one-dimensional float array.");
    m.def("philox", &philox, py::arg("seed"), py::arg("stream"), py::arg("first"), py::arg("n"),
          "Blocks first .. first + n of a Philox4x32-10 stream.");
}

}  // namespace mlqa::bindings
