"""Who wrote which words of a live text, kept up to date change by change.

Authors are positive ids; 0 is nobody, and below 0 is a suggestion with which the words were accepted, by its id: they
are its author's, and it says more of them. The text is a row of **runs**, each so many units by one author; a change
costs what there are runs, not what there is text, and reading them costs no log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.calc.changes import BadChangeError, ChangeSet, Part, add_part


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
        #: How many runs it has gone past: what it costs where people write at both ends of a text by many.
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
            run = self._behind.pop()
            if self._at + run.units > at:
                self._behind.append(Run(self._at + run.units - at, run.author))
                run = Run(at - self._at, run.author)
            _add(self._before, *run)
            self._at += run.units
            self.steps += 1
        while self._at > at:
            run = self._before.pop()
            if self._at - run.units < at:
                self._before.append(Run(run.units - (self._at - at), run.author))
                run = Run(self._at - at, run.author)
            self._behind.append(run)
            self._at -= run.units
            self.steps += 1


def replay_within(log: Iterable[tuple[ChangeSet, int]], most: int) -> list[Run] | None:
    """The runs of a text from its whole log of changes and authors, in so many steps at ``most``; None where it takes
    more."""
    walk = Walk(0)
    for change, author in log:
        walk.take(change.parts)
        walk.put(change.parts, author)
        if walk.steps > most:
            return None
    return joined(walk.runs)


def taken(runs: Sequence[Run], change: ChangeSet) -> list[Run]:
    """Who wrote what a change takes out of a text of these runs, one place after the other."""
    kept_and_taken = ((covered, "" if insert is None else None) for covered, insert in change.parts if covered)
    return after(runs, ChangeSet(tuple(kept_and_taken)), 0)


def by_author(
    change: ChangeSet, runs: Iterable[Run], by: int, *, most_units: int, most_places: int
) -> list[tuple[int, ChangeSet]]:
    """A change as changes of one author each that follow each other and together do the same.

    ``runs`` say who wrote what it puts in, one place after the other; what it only takes out is taken out ``by``
    somebody. They are as many as there are authors, in however many places, but that none changes more than
    ``most_places`` of them, or puts in more than ``most_units`` where it puts in more than one run.
    """
    turns = _Turns(most_units, most_places)
    row: list[tuple[int, str | None, int]] = []  # as the parts of a change, with the number of the turn that does it
    rest, left, author = iter(runs), 0, 0
    for covered, insert in change.parts:
        if insert is None:
            row.append((covered, None, 0))
            continue
        at, place = 0, len(row)
        while at < len(insert):
            if not left:
                left, author = next(rest)
            piece = insert[at : at + left]
            row.append((0, piece, turns.of(author, len(piece))))
            at, left = at + len(piece), left - len(piece)
        if covered:
            row.insert(place, (covered, "", row[place][2] if at else turns.of(by, 0)))
    return [(author, _turn(row, number)) for number, author in enumerate(turns.authors)]


class _Turns:
    """Deals out what a change does among changes of one author each, by their numbers."""

    def __init__(self, most_units: int, most_places: int) -> None:
        self.authors: list[int] = []
        self._most_units, self._most_places = most_units, most_places
        #: By author: the number of their last change, and the units and places of it.
        self._last: dict[int, tuple[int, int, int]] = {}

    def of(self, author: int, units: int) -> int:
        """The number of the change that puts in these units."""
        number, held, places = self._last.get(author, (-1, 0, 0))
        if number < 0 or held + units > self._most_units or places == self._most_places:
            number, held, places = len(self.authors), 0, 0
            self.authors.append(author)
        self._last[author] = number, held + units, places + 1
        return number


def _turn(row: Iterable[tuple[int, str | None, int]], number: int) -> ChangeSet:
    """One of the changes that a row of parts is dealt out among, upon those before it."""
    parts: list[Part] = []
    for covered, insert, turn in row:
        if insert is None:
            add_part(parts, covered, None)
        elif turn == number:
            add_part(parts, covered, insert, join=True)
        elif insert:
            add_part(parts, len(insert) if turn < number else 0, None)
        else:
            add_part(parts, covered if turn > number else 0, None)
    return ChangeSet(tuple(parts))


def joined(runs: Iterable[Run]) -> list[Run]:
    """The runs with neighbours of one author as one."""
    out: list[Run] = []
    for run in runs:
        _add(out, *run)
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
