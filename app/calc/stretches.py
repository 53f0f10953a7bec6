"""Gathering a log of changes into what people call moments: stretches of one person's writing.

Two people who type at the same time make one stretch each, however long they go on without a pause. Words that one
wrote and another took away meanwhile would stand at the end of neither. A stretch therefore ends right before a change
that takes away words of it, so that they stand where it ends; where others took a few letters only, it stays a
**state** of the stretch that follows, and where its author took a few, as one does in writing, it is nothing of its
own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.calc.authorship import Run, Walk
from app.calc.changes import Part

PAUSE: Final = timedelta(minutes=5)
#: So many units taken from a stretch make a line of their own, taken by others, or a state, taken by its author.
A_FEW: Final = 20
#: Of a text in more pieces than this all stretches get a state: going on would cost more than it tells.
MOST_RUNS: Final = 512
#: Of more states than twice as many a stretch keeps the newest: nobody looks through them one by one.
MOST_STATES: Final = 500


class Entry(NamedTuple):
    """A change in the log of several texts: when, of which, and by whom (0: nobody known).

    ``part`` parts stretches where it changes. What is ``aside`` belongs to no stretch. Changes with one ``act`` are
    done as a whole: a stretch of their own, before which all others end.
    """

    at: datetime
    text: str
    author: int
    part: int
    aside: bool
    act: str
    parts: Sequence[Part]


class State(NamedTuple):
    """How the texts stood in the middle of a stretch: after which change of the log, and who took words of it away."""

    last: int
    by: int


@dataclass
class Stretch:
    """What one person changed: the ``first`` and ``last`` change of it as places in the log, how many, of which texts.

    ``others`` and ``own`` are how many units others and its author took from it, ``carried`` how many others took from
    those it takes up, ``by`` who did so first, others before
    the author. The end of one that is ``kept`` is a state at least.
    """

    author: int
    first: int
    last: int
    act: str = ""
    changes: int = 0
    texts: set[str] = field(default_factory=set)
    states: list[State] = field(default_factory=list)
    by: int = 0
    carried: int = 0
    others: int = 0
    own: int = 0
    kept: bool = False

    def add(self, place: int, text: str) -> None:
        """One more change."""
        self.last = place
        self.changes += 1
        self.texts.add(text)

    def lose(self, units: int, by: int) -> None:
        """Note that somebody took words of it."""
        if self.by in (0, self.author):
            self.by = by
        if by == self.author:
            self.own += units
        else:
            self.others += units

    def taken_up_by(self, later: "Stretch") -> bool:
        """Whether its author's next stretch takes it up, since too little was taken from it for a line of its own."""
        if self.carried + self.others >= A_FEW:
            return False
        if self.others or self.own >= A_FEW or self.kept:
            self.states.append(State(self.last, self.by))
            del self.states[: -2 * MOST_STATES]
        later.states = self.states
        later.first = self.first
        later.changes += self.changes
        later.texts |= self.texts
        later.carried = self.carried + self.others
        return True


@dataclass
class _Sitting:
    """One person's stretches without a pause between them, the last of them (its ``number``) still open.

    ``lost`` waits for its author to write on: until then what was taken stands where the last one ends.
    """

    part: int
    ended: datetime
    stretches: list[Stretch] = field(default_factory=list)
    number: int = 0
    lost: list[tuple[int, int, int]] = field(default_factory=list)


def gather(log: Iterable[Entry]) -> list[Stretch]:
    """The stretches of a log, in the order in which they end; its changes stand in the order they were made in."""
    gathering = _Gathering()
    for place, entry in enumerate(log):
        gathering.add(place, entry)
    return gathering.done()


class _Gathering:
    def __init__(self) -> None:
        self._sittings: list[_Sitting] = []
        self._acts: list[Stretch] = []
        self._open: dict[int, _Sitting] = {}
        #: Stretches by number, from 1, with their sittings; and whose words stand where, by those numbers.
        self._numbered: list[tuple[Stretch, _Sitting]] = []
        self._walks: dict[str, Walk] = {}
        self._latest: datetime | None = None

    def add(self, place: int, entry: Entry) -> None:
        """Go on by one change."""
        if self._latest is not None and entry.at - self._latest > PAUSE:
            self._part()
        self._latest = entry.at
        if entry.act:
            self._do(place, entry)
            return
        walk = self._walks.get(entry.text)
        if walk is None:
            begun = sum(covered for covered, _ in entry.parts)
            walk = self._walks[entry.text] = Walk([Run(begun, 0)] if begun else [])
        for number, units in walk.take(entry.parts).items():
            if number:
                self._numbered[number - 1][1].lost.append((number, units, entry.author))
        walk.put(entry.parts, 0 if entry.aside else self._write(place, entry))
        if len(walk) > MOST_RUNS:
            del self._walks[entry.text]
            for sitting in self._open.values():
                sitting.stretches[-1].kept = True

    def done(self) -> list[Stretch]:
        """All of them."""
        found = list(self._acts)
        for sitting in self._sittings:
            before: Stretch | None = None
            for stretch in sitting.stretches:
                if before is not None and not before.taken_up_by(stretch):
                    found.append(before)
                before = stretch
            found += [before] if before is not None else []
        return sorted(found, key=lambda stretch: stretch.last)

    def _part(self) -> None:
        """End all stretches: what was written so far stands where one of them ends."""
        self._open.clear()
        self._walks.clear()

    def _do(self, place: int, entry: Entry) -> None:
        if not self._acts or self._acts[-1].act != entry.act:
            self._acts.append(Stretch(entry.author, place, place, entry.act))
        self._acts[-1].add(place, entry.text)
        self._part()

    def _write(self, place: int, entry: Entry) -> int:
        """The number of the stretch that a change belongs to."""
        sitting = self._open.get(entry.author)
        if sitting is None or entry.at - sitting.ended > PAUSE or sitting.part != entry.part:
            sitting = self._open[entry.author] = _Sitting(entry.part, entry.at)
            self._sittings.append(sitting)
        begin = not sitting.stretches or sitting.stretches[-1].kept
        for number, units, by in sitting.lost:
            self._numbered[number - 1][0].lose(units, by)
            begin = begin or number == sitting.number
        sitting.lost.clear()
        if begin:
            sitting.stretches.append(Stretch(entry.author, place, place))
            self._numbered.append((sitting.stretches[-1], sitting))
            sitting.number = len(self._numbered)
        sitting.stretches[-1].add(place, entry.text)
        sitting.ended = entry.at
        return sitting.number
