"""Who wrote which words of a live text, kept up to date change by change.

Authors are positive ids; 0 is nobody. The text is a row of **runs**, each so many units by one author; a change costs
what there are runs, not what there is text, and reading them costs no log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.calc.changes import BadChangeError, ChangeSet, Part

#: So many runs are gone past at most to find what changes put in (a third of a second): people who write by turns at
#: the two ends of a text of many runs would else have each look at it take a minute.
MOST_STEPS = 400_000


class Run(NamedTuple):
    """A stretch of a text by one author: how many UTF-16 units of it, and whose they are."""

    units: int
    author: int


class Span(NamedTuple):
    """A stretch of text written by one person: from `start` to `end` in units."""

    start: int
    end: int
    author: int


def after(runs: Sequence[Run], change: ChangeSet, author: int) -> list[Run]:
    """The runs after a change by `author`. Raises BadChangeError where the lengths differ."""
    if sum(run[0] for run in runs) != change.length:
        raise BadChangeError(f"made for a text of {change.length} units")
    out: list[Run] = []
    at = used = 0  # the run one stands in, and how much of it is behind
    for covered, insert in change.parts:
        if insert:
            _add(out, len(insert), author)
        left = covered
        while left:
            units, writer = runs[at]
            took = min(left, units - used)
            if insert is None:
                _add(out, took, writer)
            left -= took
            used += took
            if used == units:
                at, used = at + 1, 0
                # Whole runs that stay are taken over as they are.
                first = at
                while insert is None and at < len(runs) and runs[at][0] <= left:
                    left -= runs[at][0]
                    at += 1
                if at > first:
                    _add(out, *runs[first])
                    out.extend(runs[first + 1 : at])
    return out


def _add(out: list[Run], units: int, author: int) -> None:
    if out and out[-1][1] == author:
        out[-1] = Run(out[-1][0] + units, author)
    elif units:
        out.append(Run(units, author))


class Walk:
    """Whose words stand where, for a reader who goes through a long log and asks what each change takes away.

    Unlike with ``after``, a change costs what lies between it and the one before it, and not what there are runs.
    Authors are any whole numbers; the text one begins with is by 0.
    """

    __slots__ = ("_at", "_before", "_behind", "steps")

    def __init__(self, units: int) -> None:
        #: The runs on either side of the place one stands at, the next one last; and that place.
        self._before: list[Run] = []
        self._behind = [Run(units, 0)] if units else []
        self._at = 0
        #: How many runs were gone past so far.
        self.steps = 0

    @property
    def runs(self) -> list[Run]:
        """As `after` answers them, though neighbours may be by one author."""
        return [*self._before, *reversed(self._behind)]

    def __len__(self) -> int:
        return len(self._before) + len(self._behind)

    def take(self, parts: Iterable[Part]) -> dict[int, int]:
        """Take out what a change, given by its parts, replaces: how many units of whom. `put` must follow."""
        taken: dict[int, int] = {}
        at = 0
        for covered, insert in parts:
            if insert is None:
                at += covered
            elif covered:
                if at != self._at:
                    self._go(at)
                left = covered
                while left:
                    units, author = self._behind.pop()
                    if units > left:
                        self._behind.append(Run(units - left, author))
                        units = left
                    taken[author] = taken.get(author, 0) + units
                    left -= units
        return taken

    def put(self, parts: Iterable[Part], author: int) -> None:
        """Put in what a change puts in, as words of ``author``."""
        at = 0
        for covered, insert in parts:
            if insert is None:
                at += covered
            elif insert:
                if at != self._at:
                    self._go(at)
                _add(self._before, len(insert), author)
                at += len(insert)
                self._at = at

    def _go(self, at: int) -> None:
        while self._at < at:
            self.steps += 1
            run = self._behind.pop()
            if self._at + run.units > at:
                self._behind.append(Run(self._at + run.units - at, run.author))
                run = Run(at - self._at, run.author)
            _add(self._before, *run)
            self._at += run.units
        while self._at > at:
            self.steps += 1
            run = self._before.pop()
            if self._at - run.units < at:
                self._before.append(Run(run.units - (self._at - at), run.author))
                run = Run(self._at - at, run.author)
            self._behind.append(run)
            self._at -= run.units


def replay(log: Iterable[tuple[ChangeSet, int]]) -> list[Run]:
    """The runs of a text from its whole log of changes and authors: what the kept ones are checked against."""
    runs: list[Run] = []
    for change, author in log:
        runs = after(runs, change, author)
    return runs


def put_in_by(log: Iterable[tuple[Sequence[Part], int]], units: int) -> list[Run] | None:
    """What changes put in and still stands, each by its author, after the first text of so many units, which is by 0.

    A change costs what runs lie between it and the one before it; None where all of them cost more than MOST_STEPS.
    """
    walk = Walk(units)
    for parts, author in log:
        walk.take(parts)
        walk.put(parts, author)
        if walk.steps > MOST_STEPS:
            return None
    return walk.runs


def laid_over(runs: Iterable[Run], over: Iterable[Run]) -> list[Run]:
    """The runs of a text with those of ``over`` in their place, where these are by anybody. Both are of one length."""
    out: list[Run] = []
    below = iter(runs)
    units, author = 0, 0
    for run in over:
        left = run.units
        while left:
            if not units:
                units, author = next(below)
            took = min(left, units)
            _add(out, took, run.author or author)
            left, units = left - took, units - took
    return out


def spans(runs: Iterable[Run]) -> list[Span]:
    """The runs as places in the text."""
    found, at = [], 0
    for run in runs:
        found.append(Span(at, at + run.units, run.author))
        at += run.units
    return found


def to_json(runs: Iterable[Run]) -> str:
    """Runs as they are kept: units and author by turns."""
    return json.dumps([number for run in runs for number in run], separators=(",", ":"))


def from_json(kept: str) -> list[Run]:
    """The inverse of `to_json`."""
    numbers: list[int] = json.loads(kept)
    return [Run(units, author) for units, author in zip(numbers[::2], numbers[1::2], strict=True)]
