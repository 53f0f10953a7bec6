#!/usr/bin/env bash
# Everything that the tests need, then pytest with the arguments given.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/bootstrap.sh test
tools/system.sh
tools/node.sh frontend tests/node
exec .venv/bin/python -m pytest --numprocesses 2 --dist worksteal "$@"
