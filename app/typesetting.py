"""PDF from a template and data, and pictures drawn as PNG, by typst in a process of its own, within limits.

What people wrote goes in as data and is never read as code; the process sees no file of ours, no setting and no network
address, and has so much time and memory. It is this very module, run by `python -m app.typesetting`.
"""

from __future__ import annotations

import base64
import json
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.calc.signs import is_mark, spelled

SECONDS = 40
MEMORY = 3 * 1024**3
#: So many are set at a time; who comes meanwhile waits for a while.
_PLACES = threading.BoundedSemaphore(2)
_PATIENCE = 20.0
DATA = Path(__file__).parent / "data"
#: Dots to the inch at which pictures are drawn: 1,556 across the width of a page.
DOTS = 200


class NotSet(Exception):
    """No PDF came of it: too much, too slow, or too many at once; the sentence says what to do instead."""


def pdf(data: dict[str, Any], *, day: datetime, template: str = "blueprint") -> bytes:
    """A tagged PDF of the data that a template takes, dated ``day``; PDF/UA-1.

    What the fonts have no sign for is said in words. ``template`` is the name of one of app/data. Raises NotSet.
    """
    made = _run({"data": data, "day": day.date().isoformat(), "template": template})
    if not made.startswith(b"%PDF"):
        raise NotSet("This could not be set as a PDF. Download it as Word and save that as PDF.")
    return made


def pictures(drawings: Sequence[str]) -> list[bytes]:
    """SVG pictures of ours drawn as PNG, in order. Raises NotSet."""
    if not drawings:
        return []
    made = json.loads(_run({"data": {"pictures": list(drawings)}, "template": "pictures"}))
    return [base64.b64decode(each) for each in made]


def _run(asked: dict[str, Any]) -> bytes:
    if not _PLACES.acquire(timeout=_PATIENCE):
        raise NotSet("Several documents are being made just now. Try again in a minute.")
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "app.typesetting"],
            input=json.dumps(asked).encode(), capture_output=True, timeout=SECONDS, check=False, env={},
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise NotSet("This is too long to be set as a PDF here. Download it as Word and save that as PDF.") from late
    finally:
        _PLACES.release()
    if done.returncode != 0:
        raise NotSet("This could not be set as a PDF. Download it as Word and save that as PDF.")
    return done.stdout


def main() -> None:
    """Read what is asked from standard input, write the PDF, or the pictures as JSON, to standard output."""
    import typst  # noqa: PLC0415 - large; only this process needs it

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    asked = json.load(sys.stdin)
    template = (DATA / f"{asked['template']}.typ").read_bytes()
    inputs = {"data": json.dumps(asked["data"])}
    if asked["template"] == "pictures":
        drawn: object = typst.compile(
            template, format="png", ppi=DOTS, sys_inputs=inputs
        )  # a list where there are several
        pages: list[bytes] = drawn if isinstance(drawn, list) else [drawn]  # type: ignore[list-item]  # else the one page
        sys.stdout.write(json.dumps([base64.b64encode(each).decode() for each in pages]))
        return
    if missing := _missing(json.dumps(asked["data"], ensure_ascii=False)):
        inputs = {"data": json.dumps(_mapped(asked["data"], lambda text: spelled(text, missing)))}
    day = int(datetime.fromisoformat(asked["day"]).replace(tzinfo=UTC).timestamp())
    # The standard for readers who hear a page refuses what no font here can show; tagged it is all the same.
    standards: tuple[list[typst.PDFStandard], ...] = (["ua-1"], [])
    for at, each in enumerate(standards):
        try:
            made = typst.compile(
                (DATA / "common.typ").read_bytes() + template, format="pdf", pdf_standards=each, timestamp=day,
                sys_inputs=inputs,
            )  # fmt: skip
        except typst.TypstError:
            if at + 1 == len(standards):
                raise
        else:
            break
    sys.stdout.buffer.write(made)


#: Signs that the fonts which come along have; only for others it is asked.
_HELD = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180)))) | set("\n‑–—‘’‚“”„•…′″€™←→−≤≥≠≈")
#: A mark is asked about beside so many of the signs that it follows.
_BESIDE = 20
#: Which of some signs are as large as one that no font has, an empty box: alone; between stops, since marks of Chinese
#: are narrower at the ends of a line; or with the stop before it, which a skin tone takes along. Marks are measured
#: beside what they follow only, since alone most are set on a box: as a box after it, or as one that takes it along.
_PROBE = b"""
#set text(
  font: "Libertinus Serif", size: 100pt, top-edge: "bounds", bottom-edge: "bounds", cjk-latin-spacing: none,
)
#let box = "\\u{10FFFD}"
#context [#metadata(
  json(bytes(sys.inputs.data)).filter(((sign, before)) => if before.len() == 0 {
    let between = measure("." + sign + ".")
    measure(sign) == measure(box) or between in (measure("." + box + "."), measure(box + box + "."))
  } else {
    before.all(each => measure("." + each + sign + ".") in (
      measure("." + each + box + "."), measure("." + box + box + "."),
    ))
  }).map(asked => asked.first())
) <missing>]
"""


def _missing(text: str) -> set[str]:
    """The signs of a text that no font has, ours or one that is installed here.

    A mark is one of them where it cannot be set beside any of the signs that it follows, of those that can be set.
    """
    missing = _boxes([(sign, []) for sign in sorted(set(text) - _HELD) if not is_mark(sign)])
    follows: dict[str, dict[str, None]] = {}
    before = ""
    for sign in text:
        if not is_mark(sign):
            before = sign
        elif sign not in _HELD and before and before not in missing:
            follows.setdefault(sign, {})[before] = None
    return missing | _boxes([(mark, list(signs)[:_BESIDE]) for mark, signs in follows.items()])


def _boxes(asked: list[tuple[str, list[str]]]) -> set[str]:
    """Which of some signs are set as a box, each beside those that it follows, if any are given."""
    import typst  # noqa: PLC0415 - large; only this process needs it

    if not asked:
        return set()
    return set(
        json.loads(typst.query(_PROBE, "<missing>", field="value", one=True, sys_inputs={"data": json.dumps(asked)}))
    )


def _mapped(data: Any, change: Callable[[str], str]) -> Any:
    """Data with its words changed; addresses and drawings are none."""
    if isinstance(data, str):
        return change(data)
    if isinstance(data, list):
        return [_mapped(each, change) for each in data]
    if isinstance(data, dict):
        return {name: each if name in ("link", "svg") else _mapped(each, change) for name, each in data.items()}
    return data


if __name__ == "__main__":
    main()
