# What .ci/run and .ci/full share: a scratch folder, an interpreter, steps and their counts.
# Sourced with `root` set; everything that is installed or built goes under $work.

export PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
export CTEST_OUTPUT_ON_FAILURE=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
results=$work/results # a line a step: its status, tests passed, failed and skipped, title
: >"$results"

# An interpreter that the package supports: $PYTHON, or the first found, oldest version first.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.11 python3.12 python3.13; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "no Python 3.11 or later found" >&2
    return 1
}

# Another version's interpreter, from the path or from pyenv (whose entries on the path may lead nowhere);
# fails where there is none.
find_version() {
    local candidate
    for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python; do
        if "$candidate" -c '' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# The system packages that are missing, where there is apt to bring them.
need_programs() {
    local missing=() pair
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    done
    ((${#missing[@]})) || return 0
    apt-get update -qq </dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" </dev/null
}

# What is compiled twice from the same source, whatever folder it lies in, is taken from the first time. A
# cache of one's own, if there is one, stays out of it.
use_ccache() {
    need_programs ccache:ccache || return 0
    export CCACHE_DIR=$work/ccache CCACHE_BASEDIR=/ CCACHE_NOHASHDIR=1 CMAKE_CXX_COMPILER_LAUNCHER=ccache
}

# venv NAME [INTERPRETER]: a fresh environment $work/NAME.
venv() {
    "${2:-$python}" -m venv "$work/$1"
}

# step TITLE COMMAND...: runs it, shows its output, goes on after a failure. Where `only` is set, titles that
# do not match this expression are passed over.
step() {
    local title=$1 status=0 start=$SECONDS log=$work/step-$BASHPID.log
    shift
    [[ $title =~ ${only:-} ]] || return 0
    (set -euo pipefail; cd "$root"; "$@") </dev/null >"$log" 2>&1 &
    wait $! || status=$?
    # A step without tests is one check.
    echo "$status $("$python" "$root/.ci/counts.py" "$log" "$status") $title" >>"$results"
    # In one piece: other steps may run beside it.
    {
        flock 9
        printf '\n=== %s\n' "$title"
        cat "$log"
        printf -- '--- %s: %s, %d s\n' "$title" "$( ((status)) && echo FAILED || echo ok)" $((SECONDS - start))
    } 9>"$work/lock"
}

# side_by_side FUNCTION...: the steps of each function in a row, the functions at the same time.
side_by_side() {
    local lane
    for lane in "$@"; do "$lane" & done
    wait
}

# The closing lines; the exit status says whether anything failed.
finish() {
    local status p f s title
    local -i passed=0 failed=0 skipped=0 broken=0
    printf '\n%d min %d s\n' $((SECONDS / 60)) $((SECONDS % 60))
    while read -r status p f s title; do
        passed+=p failed+=f skipped+=s
        if ((status)); then
            broken+=1
            echo "failed: $title"
        fi
    done <"$results"
    skipped+=${unavailable:-0}
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0 && broken == 0))
}
