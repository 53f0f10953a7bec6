"""Every figure of a round's report from the bundle alone: ``python recompute.py`` in the unpacked folder.

Needs Python 3.11 or later and nothing else. It reads ``ratings.csv`` and ``protocol.json``, computes, and compares with
``figures.json``; it prints what differs, and ends with 0 when nothing does.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.calc.ratings import Scale
from app.calc.round_figures import Terms, question_figures, read_terms, withheld_figures

#: A value that is not told: fewer gave a score than the smallest group that is shown.
WITHHELD = "withheld"
#: How the blueprint as a whole is called among the items.
WHOLE = "whole"
CLOSE = 1e-9


def compute(folder: Path) -> dict[str, Any]:
    """All figures of the bundle in ``folder``, in the form of ``figures.json``."""
    protocol = json.loads((folder / "protocol.json").read_text(encoding="utf-8"))
    groups = protocol["groups"]
    terms = read_terms(protocol, groups)
    scales = {each["key"]: Scale(each["lowest"], each["highest"]) for each in protocol["questions"]}
    now: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    before: dict[tuple[str, str], dict[str, str]] = {}
    with (folder / "ratings.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            place = (row["item"], row["dimension"])
            if row["round"] == str(protocol["round"]):
                group = groups[int(row["group"]) - 1] if row["group"] else ""
                now.setdefault(place, {})[row["expert"]] = (row["value"], group)
            else:
                before.setdefault(place, {})[row["expert"]] = row["value"]
    return {
        "items": {
            item: {
                each["key"]: _one(terms, scales[each["key"]], now.get((item, each["key"]), {}),
                                  before.get((item, each["key"])))
                for each in protocol["questions"] if not each["of_whole"]
            }
            for item in protocol["items"]
        },
        "whole": {
            each["key"]: _one(terms, scales[each["key"]], now.get((WHOLE, each["key"]), {}), None)
            for each in protocol["questions"] if each["of_whole"]
        },
    }  # fmt: skip


def _one(
    terms: Terms, scale: Scale, rows: dict[str, tuple[str, str]], earlier: dict[str, str] | None
) -> dict[str, Any]:
    if any(value == WITHHELD for value, _group in rows.values()):
        return withheld_figures(len(rows), terms.minimum_cell)
    return question_figures(
        terms, scale, {code: group for code, (_value, group) in rows.items()},
        {code: _score(value) for code, (value, _group) in rows.items() if value},
        None if earlier is None else {code: _score(value) for code, value in earlier.items() if value},
    )  # fmt: skip


def _score(value: str) -> int | None:
    return None if value == "CJ" else int(value)


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Where two JSON values differ, as sentences."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(set(ours) | set(theirs)):
            yield from differences(ours.get(key), theirs.get(key), f"{path} {key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True), start=1):
            yield from differences(one, other, f"{path} {place}")
    elif isinstance(ours, float) and isinstance(theirs, int | float):
        if abs(ours - theirs) > CLOSE:
            yield f"{path.strip()}: computed {ours}, printed {theirs}"
    elif ours != theirs:
        yield f"{path.strip()}: computed {ours}, printed {theirs}"


def main(folder: Path) -> int:
    """Compute, compare, say so; the exit status."""
    computed = compute(folder)
    printed = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    wrong = list(differences(computed, {name: printed[name] for name in computed}))
    for sentence in wrong:
        sys.stdout.write(f"{sentence}\n")
    count = sum(len(each) for each in computed["items"].values()) + len(computed["whole"])
    sys.stdout.write(f"{count} sets of figures computed, {len(wrong)} differences\n")
    return 1 if wrong else 0
