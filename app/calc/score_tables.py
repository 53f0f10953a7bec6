"""Ratings as anyone may bring them to `concordat score`: a CSV in long form, read whole or refused line by line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from app.calc.ratings import Scale

COLUMNS = ("round", "expert", "item", "dimension", "value")
#: How "cannot judge" is written; we write the first.
CANNOT_JUDGE = ("CJ", "NA")
MOST_FAULTS = 20

#: What each expert answered on one item: a score, or None for "cannot judge"; who is missing did not answer.
Answers = dict[str, int | None]


class TableError(ValueError):
    """A table that cannot be scored. `faults` are sentences, most of them with the number of a line."""

    def __init__(self, faults: list[str], more: int = 0) -> None:
        super().__init__("; ".join(faults))
        self.faults = [*faults, f"and {more} more"] if more else faults


@dataclass
class RatingTable:
    """Ratings by (round, dimension) and item.

    `asked` holds who has a row of any kind in a round and dimension: those are eligible for each of its items. `groups`
    is the value of the column asked for, by expert; who gave none is not in it.
    """

    scale: Scale
    answers: dict[tuple[str, str], dict[str, Answers]] = field(default_factory=dict)
    asked: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)

    @property
    def rounds(self) -> list[str]:
        """The rounds in order: by number where they have one."""
        return sorted({round_ for round_, _dimension in self.asked}, key=natural)

    @property
    def dimensions(self) -> list[str]:
        """The dimensions in order."""
        return sorted({dimension for _round, dimension in self.asked}, key=natural)

    def items(self, round_: str, dimension: str) -> list[str]:
        """The items of a round and dimension in order."""
        return sorted(self.answers.get((round_, dimension), ()), key=natural)


@cache
def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """What to sort names by, so that C1.2 comes before C1.10."""
    parts = re.split(r"(\d+)", name)
    return (
        *((1, int(part), "") if part.isdecimal() else (0, 0, part.casefold()) for part in parts if part),
        (2, 0, name),
    )


def read(text: str, scale: Scale, by: str | None = None) -> RatingTable:
    """The ratings of a CSV with the columns round, expert, item, dimension, value and any about the expert.

    Commas, semicolons or tabs; an empty value is missing, `CJ` or `NA` is "cannot judge". Raises TableError, and
    nothing is read, for a column that is missing or named twice, and for rows that are malformed, off the scale,
    given twice, or that put one expert into two groups of the column `by`.
    """
    lines = _lines(text)
    _at, head = next(lines, (0, []))
    names = [cell.strip().lower() for cell in head]
    wanted = [*COLUMNS, *([by.strip().lower()] if by else [])]
    faults = [f"line 1: there is no column {name}" for name in wanted if name not in names]
    faults += [f"line 1: the column {name} is named twice" for name in wanted if names.count(name) > 1]
    if faults:
        raise TableError(faults if head else ["the file is empty: its first line names the columns"])
    reader = _Reader(scale, [names.index(name) for name in wanted], len(names))
    for line, row in lines:
        reader.take(line, row)
    if reader.faults:
        raise TableError(reader.faults[:MOST_FAULTS], max(0, len(reader.faults) - MOST_FAULTS))
    if not reader.cells:
        raise TableError(["there is no rating under the names of the columns"])
    return reader.table()


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the number of the line they end on; those with nothing in them are left out."""
    if "\0" in text:
        raise TableError(["this is not a text: it holds bytes of value 0"])
    first = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter, strict=True)
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield rows.line_num, row
    except csv.Error as error:
        raise TableError([f"line {rows.line_num}: {error}"]) from None


class _Reader:
    """Puts rows together, and keeps a sentence for each that cannot be used."""

    def __init__(self, scale: Scale, places: list[int], width: int) -> None:
        self.scale = scale
        self.places = places
        self.width = width
        self.faults: list[str] = []
        #: By round, dimension and item, what each expert gave: a score, None for "cannot judge", or "" for nothing.
        self.cells: dict[tuple[str, str, str], dict[str, int | str | None]] = {}
        self.groups: dict[str, str] = {}
        self.values: dict[str, int | str | None] = {"": ""}

    def take(self, line: int, row: list[str]) -> None:
        """Take one row, or note why not."""
        if len(row) != self.width:
            self.faults.append(f"line {line}: {len(row)} cells under {self.width} names of columns")
            return
        round_, expert, item, dimension, typed, *group = [row[place].strip() for place in self.places]
        if not (round_ and expert and item and dimension):
            named = zip(COLUMNS, (round_, expert, item, dimension), strict=False)
            self.faults.append(f"line {line}: no {' and no '.join(name for name, cell in named if not cell)}")
            return
        try:
            value = self.values[typed]
        except KeyError:
            value = self.values[typed] = self._value(typed)
        if isinstance(value, str) and value:
            self.faults.append(f"line {line}: {value}")
            return
        given = self.cells.setdefault((round_, dimension, item), {})
        if expert in given:
            self.faults.append(f"line {line}: expert {expert} has {item} on {dimension} in round {round_} already")
            return
        given[expert] = value
        if group and group[0] and self.groups.setdefault(expert, group[0]) != group[0]:
            self.faults.append(f"line {line}: expert {expert} is {group[0]} here and {self.groups[expert]} before")

    def table(self) -> RatingTable:
        """What was read."""
        made = RatingTable(self.scale, groups=self.groups)
        for (round_, dimension, item), given in self.cells.items():
            made.asked.setdefault((round_, dimension), set()).update(given)
            scores = {expert: value for expert, value in given.items() if not isinstance(value, str)}
            made.answers.setdefault((round_, dimension), {})[item] = scores
        return made

    def _value(self, typed: str) -> int | str | None:
        """A score, None for "cannot judge", or a sentence on what is wrong with it."""
        if typed.upper() in CANNOT_JUDGE:
            return None
        if not re.fullmatch(r"[+-]?\d{1,6}(\.0{1,6})?", typed, re.ASCII):
            return f"{typed[:40]!r} is no whole number (empty is missing, CJ is “cannot judge”)"
        score, scale = int(float(typed)), self.scale
        return score if scale.lo <= score <= scale.hi else f"{score} is not on the scale {scale.name}"
