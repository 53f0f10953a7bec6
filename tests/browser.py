"""Which browser the tests and `make screens` drive, and how it is started."""

from __future__ import annotations

#: Debian's; Playwright never fetches one of its own.
CHROMIUM = "/usr/bin/chromium"

#: No sandbox, since CI runs as root; and nothing that calls home from a machine that may be cut off.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
