"""PDF from a template and data, set by typst in a process of its own, within limits of time and memory.

What people wrote goes in as data and is never read as code; the process sees no file of ours, no setting and no network
address. It is this very module, run by `python -m app.typesetting`.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SECONDS = 40
MEMORY = 3 * 1024**3
#: So many are set at a time; who comes meanwhile waits for a while.
_PLACES = threading.BoundedSemaphore(2)
_PATIENCE = 20.0
TEMPLATE = Path(__file__).parent / "data" / "blueprint.typ"


class NotSet(Exception):
    """No PDF came of it: too much, too slow, or too many at once; the sentence says what to do instead."""


def pdf(data: dict[str, Any], *, day: datetime) -> bytes:
    """A tagged PDF of the data a blueprint's template takes, dated ``day``; PDF/UA-1 where the fonts have every sign.

    Raises NotSet.
    """
    asked = json.dumps({"data": data, "day": day.date().isoformat()})
    if not _PLACES.acquire(timeout=_PATIENCE):
        raise NotSet("Several PDFs are being made just now. Try again in a minute.")
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "app.typesetting"],
            input=asked.encode(), capture_output=True, timeout=SECONDS, check=False, env={},
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise NotSet("This is too long to be set as a PDF here. Download it as Word and save that as PDF.") from late
    finally:
        _PLACES.release()
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF"):
        raise NotSet("This could not be set as a PDF. Download it as Word and save that as PDF.")
    return done.stdout


def main() -> None:
    """Read data from standard input, write the PDF to standard output."""
    import typst  # noqa: PLC0415 - large; only this process needs it

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    asked = json.load(sys.stdin)
    day = int(datetime.fromisoformat(asked["day"]).replace(tzinfo=UTC).timestamp())
    # The standard for readers who hear a page refuses a sign that no font here has; tagged it is all the same.
    standards: tuple[list[typst.PDFStandard], ...] = (["ua-1"], [])
    for at, each in enumerate(standards):
        try:
            made = typst.compile(
                TEMPLATE.read_bytes(), format="pdf", pdf_standards=each, timestamp=day,
                sys_inputs={"data": json.dumps(asked["data"])},
            )  # fmt: skip
        except typst.TypstError:
            if at + 1 == len(standards):
                raise
        else:
            break
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
