#!/usr/bin/env bash
# Installs the locked npm packages of the folders named, where their lock file has changed since the last time.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
for folder in "$@"; do
    [ -f "$folder/package-lock.json" ] || continue
    lock=$(cd "$folder" && cat package.json package-lock.json | sha256sum)
    [ "$(cat "$folder/node_modules/.ready" 2>/dev/null)" = "$lock" ] && continue
    echo "Installing the npm packages of $folder …" >&2
    (cd "$folder" && npm ci --silent --no-audit --no-fund --ignore-scripts </dev/null)
    echo "$lock" > "$folder/node_modules/.ready"
done
