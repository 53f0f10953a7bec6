"""Who wrote which words of a live text, kept up to date change by change.

Authors are positive ids; 0 is nobody, and below 0 is a suggestion with which the words were accepted, by its id: they
are its author's, and it says more of them. The text is a row of **runs**, each so many units by one author; a change
costs what there are runs, not what there is text, and reading them costs no log.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
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


#: A change of more parts is followed by going through all runs once.
MANY = 250
#: So many runs behind a place are moved in about the time of a step.
MOVED = 2_000


class Walk:
    """Whose words stand where, for a reader who goes through a long log and asks what each change takes away.

    Unlike with ``after``, a change costs little more than what lies between it and the one before it, and of that it
    goes past many runs in one step. Authors are any whole numbers.
    """

    __slots__ = ("_at", "_authors", "_number", "_units", "steps")

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._units: list[int] = []
        self._authors: list[int] = []
        for units, author in runs:
            self._units.append(units)
            self._authors.append(author)
        #: The place one stands at, and the number of the run that begins there.
        self._at = self._number = 0
        #: How much work it was, in millionths of a second or so.
        self.steps = 0

    @property
    def runs(self) -> list[Run]:
        """As `after` answers them, though the neighbours where one stands may be by one author."""
        return list(map(Run, self._units, self._authors))

    def __len__(self) -> int:
        return len(self._units)

    def take(self, parts: Iterable[Part]) -> dict[int, int]:
        """Take out what a change, given by its parts, replaces: how many units of whom. `put` must follow."""
        taken: dict[int, int] = {}
        at = 0
        parts = list(parts)
        if len(parts) > MANY:
            return self._anew(parts, None)
        for covered, insert in parts:
            self.steps += 1
            if insert is None:
                at += covered
            elif covered:
                self._to(at)
                self.steps += len(self._units) // MOVED
                first, left = self._number, covered
                while left:
                    if self._number == len(self._units):
                        raise BadChangeError(f"takes out what is not there, at {at} units")
                    units, author = self._units[self._number], self._authors[self._number]
                    if units > left:
                        self._units[self._number] -= left
                        units = left
                    else:
                        self._number += 1
                    taken[author] = taken.get(author, 0) + units
                    left -= units
                del self._units[first : self._number], self._authors[first : self._number]
                self._number = first
        return taken

    def put(self, parts: Iterable[Part], author: int) -> None:
        """Put in what a change puts in, as words of ``author``."""
        at = 0
        parts = list(parts)
        if len(parts) > MANY:
            self._anew(parts, author)
            return
        for covered, insert in parts:
            if insert is None:
                at += covered
            elif insert:
                self._to(at)
                self.steps += len(self._units) // MOVED
                if self._number and self._authors[self._number - 1] == author:
                    self._units[self._number - 1] += len(insert)
                else:
                    self._units.insert(self._number, len(insert))
                    self._authors.insert(self._number, author)
                    self._number += 1
                at += len(insert)
                self._at = at

    def go(self, change: ChangeSet, author: int) -> None:
        """Go on by a change of somebody's. Raises BadChangeError for one that reaches beyond the text."""
        self.take(change.parts)
        self.put(change.parts, author)

    def _anew(self, parts: Iterable[Part], author: int | None) -> dict[int, int]:
        """What `put` does for an author, or `take` for none, by going through all runs once: where a change has many
        places, to move those behind each of them would cost more."""
        taken: dict[int, int] = {}
        out: list[Run] = []
        runs, left, whose = iter(self.runs), 0, 0
        self.steps += len(self._units) // 2
        for covered, insert in parts:
            self.steps += 2
            if author is not None and insert is not None:
                _add(out, len(insert), author)
                continue
            rest = covered
            while rest:
                if not left:
                    left, whose = next(runs, (0, 0))
                    if not left:
                        raise BadChangeError("reaches beyond the end of the text")
                took = min(left, rest)
                if insert is None:
                    _add(out, took, whose)
                else:
                    taken[whose] = taken.get(whose, 0) + took
                left -= took
                rest -= took
        self._units, self._authors = ([run[each] for run in out] for each in (0, 1))
        self._at = self._number = 0
        return taken

    def _to(self, at: int) -> None:
        """Stand at a place, with a run that begins there."""
        if at == self._at:
            return
        here = self._number
        if 0 < here < len(self._units) and self._authors[here - 1] == self._authors[here]:
            self._at -= self._units[here - 1]
            self._units[here - 1] += self._units.pop(here)
            self._authors.pop(here)
            self._number -= 1
        many = 8  # what is looked for is near as a rule
        while self._at < at:
            some = self._units[self._number : self._number + many]
            if not some:
                raise BadChangeError(f"beyond the end of the text, at {at} units")
            self._pass(some, at - self._at, 1)
            many = min(4 * many, 1024)
        while self._at > at:
            self._pass(self._units[max(0, self._number - many) : self._number][::-1], self._at - at, -1)
            many = min(4 * many, 1024)

    def _pass(self, some: list[int], units: int, way: int) -> None:
        """Go past the next runs on a way, by their units; of what is not gone past whole, ``units`` in all, a part."""
        self.steps += 1 + len(some) // 256
        whole = sum(some)
        if whole <= units:
            self._number += way * len(some)
            self._at += way * whole
            return
        ends = list(accumulate(some))
        past = bisect_right(ends, units)
        here = units - (ends[past - 1] if past else 0)
        self._number += way * past
        self._at += way * units
        if here:
            number = self._number if way > 0 else self._number - 1
            first, second = (here, some[past] - here)[::way]
            self._units[number : number + 1] = first, second
            self._authors.insert(number, self._authors[number])
            self._number = number + 1


def after_all(runs: Iterable[Run], log: Iterable[tuple[ChangeSet, int]]) -> list[Run]:
    """The runs after changes that follow each other, each with its author. Raises BadChangeError for one that reaches
    beyond its text."""
    walk = Walk(runs)
    for change, author in log:
        walk.go(change, author)
    return joined(walk.runs)


def replay_within(log: Iterable[tuple[ChangeSet, int]], most: int) -> list[Run] | None:
    """The runs of a text from its whole log of changes and authors, in so many steps (``Walk.steps``) at ``most``; None
    where it takes more."""
    walk = Walk()
    for change, author in log:
        walk.go(change, author)
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
    places: list[list[int]] = [[] for _ in turns.authors]
    for at, (_, insert, number) in enumerate(row):
        if insert is not None:
            places[number].append(at)
    lengths = _Lengths([covered for covered, _, _ in row])
    return [(author, _turn(row, places[number], lengths)) for number, author in enumerate(turns.authors)]


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


class _Lengths:
    """Numbers in a row of which one changes now and then, and the sum of those before a place is asked (P. M. Fenwick,
    "A new data structure for cumulative frequency tables", 1994)."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._sums = [0, *numbers]
        for at in range(1, len(self._sums)):
            if (above := at + (at & -at)) < len(self._sums):
                self._sums[above] += self._sums[at]

    def before(self, at: int) -> int:
        """The sum of the numbers before a place."""
        found = 0
        while at:
            found += self._sums[at]
            at &= at - 1
        return found

    def add(self, at: int, more: int) -> None:
        """Let the number at a place be so much more."""
        at += 1
        while at < len(self._sums):
            self._sums[at] += more
            at += at & -at

    @property
    def whole(self) -> int:
        """The sum of all."""
        return self.before(len(self._sums) - 1)


def _turn(row: Sequence[tuple[int, str | None, int]], places: Iterable[int], lengths: _Lengths) -> ChangeSet:
    """One of the changes that a row of parts is dealt out among, upon those before it, by its places in the row; the
    text then has the ``lengths``, and is given those after it."""
    parts: list[Part] = []
    done = 0  # how far the text is behind
    whole = lengths.whole
    grown: list[tuple[int, int]] = []
    for at in places:
        covered, insert, _ = row[at]
        add_part(parts, lengths.before(at) - done, None)
        add_part(parts, covered, insert, join=True)
        done = lengths.before(at) + covered
        grown.append((at, len(insert or "") - covered))
    add_part(parts, whole - done, None)
    for at, more in grown:
        lengths.add(at, more)
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
