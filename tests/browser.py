"""Which browser the tests and `make screens` drive, how it is started, and which pages are of one kind."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

#: Debian's, the one without windows where it is installed, which is lighter; Playwright never fetches one of its own.
CHROMIUM = next(
    (path for path in ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium") if Path(path).exists()),
    "/usr/bin/chromium-headless-shell",
)

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

#: Following these ends the visit, leaves the pages, or downloads.
NOT_FOLLOWED = re.compile(
    r"/(sign-out|static|api|healthz|readyz)\b|\.(json|csv|docx|md|pdf|svg|ics|txt)\b|/download\b|[?&]format="
)


def kind_of(url: str) -> str:
    """The address without what differs between pages of one kind: numbers, references, names of groups, secrets."""
    path = re.sub(r"/[A-Z]*\d+(\.\d+)*(?=/|$)", "/N", urlsplit(url).path)
    path = re.sub(r"/g/[^/]+", "/g/GROUP", path)
    return re.sub(r"/[\w-]{22,}(?=/|$)", "/SECRET", path)
