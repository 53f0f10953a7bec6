#!/usr/bin/env bash
# Builds the vendored scripts again, elsewhere, and compares: what pages load must be what frontend/ says it is.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/frontend" "$work/static/vendor"
for part in frontend/*; do
    case $part in
        */node_modules) ln -s "$PWD/$part" "$work/frontend/node_modules" ;;
        *) cp -r "$part" "$work/frontend/" ;;
    esac
done
(cd "$work/frontend" && node build.mjs >/dev/null)
for built in "$work"/static/vendor/*; do
    if ! cmp -s "$built" "static/vendor/${built##*/}"; then
        echo "static/vendor/${built##*/} differs from what frontend/ builds. Run: (cd frontend && npm ci && npm run build)"
        exit 1
    fi
done
