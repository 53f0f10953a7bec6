#!/usr/bin/env bash
# Writes requirements/runtime.txt and requirements/test.txt anew from pyproject.toml: exact versions with hashes, no host
# names. `tools/lock.sh --upgrade` takes the newest versions that pyproject.toml allows; without it only what must change
# changes. The locks hold for every Python from 3.11 on.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/bootstrap.sh runtime
uv=.venv/tools/bin/uv
options=(--quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --no-annotate)
"$uv" pip compile "${options[@]}" "$@" pyproject.toml --output-file requirements/runtime.txt
"$uv" pip compile "${options[@]}" "$@" pyproject.toml --group test --constraints requirements/runtime.txt \
    --output-file requirements/test.txt
if grep -nE '://|index-url|find-links' requirements/*.txt; then
    echo "A lock file names a host; that would break everyone who uses a mirror." >&2
    exit 1
fi
