#!/bin/bash
# clang-tidy over cpp/, with the checks of .clang-tidy; files given as arguments, or all that are compiled.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python3}
cmake -G Ninja -S . -B build/tidy -DCMAKE_BUILD_TYPE=Release -DMLQA_TESTS=ON \
    -Dpybind11_DIR="$("$python" -m pybind11 --cmakedir)" -DPython_EXECUTABLE="$(command -v "$python")" >/dev/null
if [ $# -eq 0 ]; then
    mapfile -t all < <(find cpp -name '*.cpp' | grep -v fuzz_ | sort)
    set -- "${all[@]}"
fi
# A kernel is compiled once per level; its last level stands for all.
"$python" - <<'PY'
import json, pathlib
path = pathlib.Path("build/tidy/compile_commands.json")
commands = {entry["file"]: entry for entry in json.loads(path.read_text())}
path.write_text(json.dumps(list(commands.values())))
PY
check() { # the files to be read from standard input; arguments for clang-tidy
    xargs -r -P "$(nproc)" -n 1 clang-tidy -p build/tidy --quiet \
        --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-psabi "$@"
}
printf '%s\n' "$@" | sed '/\.kernel\.cpp$/d' | check
# Loops over vectors that are unrolled by templates keep the path-sensitive analyser busy for many minutes;
# the sanitizers, which run every instruction set, are what watches a kernel's memory.
printf '%s\n' "$@" | sed -n '/\.kernel\.cpp$/p' | check '--checks=-clang-analyzer-*'
