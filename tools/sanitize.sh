#!/bin/bash
# Builds with a sanitizer, and runs the C++ tests and the Python tests marked `sanitize` under it.
#
#     tools/sanitize.sh address|thread [arguments for pytest]
#
# "address" is AddressSanitizer and UndefinedBehaviorSanitizer together. Everything goes into
# build/sanitize-*. PYTHON names the interpreter; SITE, if set, a folder of packages to use (the test and
# build requirements) instead of installing them. Needs GCC.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
kind=${1:?address or thread}
shift
case $kind in
    address)
        flags=address,undefined
        libraries="libasan.so libubsan.so"
        ;;
    thread)
        flags=thread
        libraries="libtsan.so"
        set -- -k "not polars" "$@" # its threads do not live under this sanitizer
        ;;
    *)
        echo "unknown sanitizer: $kind" >&2
        exit 2
        ;;
esac
export CXX=${CXX:-g++}
export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:die_after_fork=0:suppressions=$PWD/tools/tsan.supp
build=$PWD/build/sanitize-$kind
venv=$build/venv
mkdir -p "$build"

"${PYTHON:-python3}" -m venv "$venv"
options=(-C "build-dir=$build/cpp" -C cmake.build-type=Release -C install.strip=false
    -C "cmake.define.MLQA_SANITIZE=$flags" -C cmake.define.MLQA_TESTS=ON
    -C cmake.define.CMAKE_CXX_FLAGS_RELEASE=-O0) # kernels are at -O3 as always
if [ -n "${SITE:-}" ]; then
    echo "$SITE" >"$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/site.pth"
    export PATH=$SITE/../../../bin:$PATH
    options+=(--no-build-isolation --no-deps)
    options+=(-C "cmake.define.pybind11_DIR=$("$venv/bin/python" -m pybind11 --cmakedir)")
fi
"$venv/bin/python" -m pip install -q --force-reinstall "${options[@]}" '.[test]'
[ -n "${SITE:-}" ] || "$venv/bin/pip" install -q cmake
export PATH=$venv/bin:$PATH
ctest --test-dir "$build/cpp" --output-on-failure

preload=""
for library in $libraries libstdc++.so.6; do
    preload="$preload $("$CXX" -print-file-name=$library)"
done
# One thread a BLAS: what is looked for is in this project. A report goes past pytest to the terminal.
OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=2 PYTHONMALLOC=malloc LD_PRELOAD="${preload# }" \
    "$venv/bin/python" -m pytest -q --capture=sys -m sanitize -o timeout=600 -p no:cacheprovider "$@"
