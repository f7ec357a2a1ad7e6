#!/bin/bash
# Runs every fuzz target for SECONDS under address and undefined-behaviour sanitizers. Needs Clang.
#
#     tools/fuzz.sh SECONDS [target ...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:?seconds for each target}
shift
for clang in "${CLANGXX:-clang++}" clang++-{21..14}; do
    if command -v "$clang" >/dev/null; then break; fi
done
cmake -G Ninja -S . -B build/fuzz -DCMAKE_CXX_COMPILER="$clang" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DMLQA_PYTHON=OFF -DMLQA_TESTS=ON -DMLQA_FUZZ=ON \
    -DMLQA_SANITIZE=fuzzer-no-link,address,undefined >/dev/null
cmake --build build/fuzz
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
[ $# -gt 0 ] || set -- vmath arena knn
for target in "$@"; do
    echo "== $target"
    mkdir -p "build/fuzz/corpus/$target"
    "build/fuzz/cpp/tests/fuzz_$target" -max_total_time="$seconds" -max_len=20000 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/$target-" "build/fuzz/corpus/$target" 2>&1 | tail -n 15
done
