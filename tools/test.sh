#!/usr/bin/env bash
# Everything that the tests need, then pytest with the arguments given.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/bootstrap.sh test
tools/system.sh
tools/node.sh frontend tests/node
# Each of a dozen processes would compile all modules and tests anew: a quarter of the time.
unset PYTHONDONTWRITEBYTECODE
exec .venv/bin/python -m pytest --numprocesses 2 --dist worksteal "$@"
