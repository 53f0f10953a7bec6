#!/usr/bin/env bash
# Programs that only the tests need. Installs the missing ones with apt where that is permitted (as root, or by a sudo
# that asks for no password) and says so; else says exactly what to install and fails.
# `tools/system.sh browser` looks for Chromium alone, `tools/system.sh office` for LibreOffice, which is large and which
# only the long tests need.
set -euo pipefail
missing=()
any() { compgen -G "$1" >/dev/null; }
wants() { [ -z "${only:-}" ] || [ "$only" = "$1" ]; }
only=${1:-}

if wants browser; then
    [ -x /usr/bin/chromium-headless-shell ] || [ -x /usr/bin/chromium ] || missing+=(chromium-headless-shell)
    any '/usr/share/fonts/truetype/liberation*/*' || missing+=(fonts-liberation)
fi
if wants postgres; then any '/usr/lib/postgresql/*/bin/postgres' || missing+=(postgresql); fi
if wants strace; then command -v strace >/dev/null || missing+=(strace); fi
if wants redis; then command -v redis-server >/dev/null || missing+=(redis-server); fi
if [ "$only" = office ]; then
    command -v soffice >/dev/null || missing+=(libreoffice-writer-nogui)
    /usr/bin/python3 -c 'import uno' 2>/dev/null || missing+=(python3-uno)
fi
if [ ${#missing[@]} = 0 ]; then exit; fi

if ! command -v apt-get >/dev/null; then
    echo "The tests need these programs (Debian's package names): ${missing[*]}. Please install them." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        echo "The tests need programs that are missing. Please run: sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
fi
echo "Installing what the tests need: ${missing[*]} (apt-get; the servers among them are not started)" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# RUNLEVEL=1: the tests start servers of their own, so the packages' services stay off where that is respected.
install=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends install)
if ! { "${as_root[@]}" apt-get -qq update && "${as_root[@]}" "${install[@]}" "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    echo "apt-get could not install: ${missing[*]}" >&2
    exit 1
fi
