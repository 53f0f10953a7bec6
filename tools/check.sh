#!/usr/bin/env bash
# What CI runs. Each check says one line, and shows its output only when it fails; the tests come last. All checks are
# run even when one fails, so that one run shows everything there is to mend.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=()
output=$(mktemp)
trap 'rm -f "$output"' EXIT

check() {
    local name=$1 before=$SECONDS
    shift
    if "$@" >"$output" 2>&1 </dev/null; then
        echo "ok    $name ($((SECONDS - before)) s)"
    else
        echo "FAIL  $name"
        sed 's/^/      /' "$output"
        failed+=("$name")
    fi
}

tools/bootstrap.sh test || exit 1
tools/system.sh || exit 1
tools/node.sh frontend tests/node || exit 1

check "ruff" "$bin/ruff" check --quiet .
check "ruff format" "$bin/ruff" format --quiet --check .
check "mypy" "$bin/mypy" --no-error-summary
check "import rule" "$bin/lint-imports" --no-cache
check "templates" "$bin/djlint" --quiet --lint templates
check "types of scripts" "$bin/node" frontend/node_modules/.bin/tsc --project tsconfig.json
check "vendored scripts are what frontend/ builds" tools/vendor.sh
# Among the tests: migrations from empty, down, up and against the models; lock files; docs against the code.
echo "tests"
tools/test.sh || failed+=("tests")

if [ ${#failed[@]} -gt 0 ]; then
    (IFS=,; echo "Failed: ${failed[*]}" >&2)
    exit 1
fi
