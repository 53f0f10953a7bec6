"""Moving pushed changes over what was logged since their base, as the browser does it: one logged change at a time.

`x.map(a).map(b)` can differ from `x.map(a.compose(b))`. CodeMirror's stock functions batch differently on the two sides
and then part for good; taking one entry after another on both sides, they never do.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from app.calc.changes import BadChangeError, ChangeSet, TooFarBehindError

MAX_REBASE_STEPS: Final = 20_000
"""Pushed changes times logged ones."""

MAX_REBASE_WORK: Final = 100_000
"""Sections looked at where changes overlap: a bound on the time, whatever a stranger pushes."""


class Logged(NamedTuple):
    """A change that has its place in the log."""

    client: str
    seq: int
    changes: ChangeSet


class _Moving:
    """A pushed change on its way forward. Shifts are summed up and worked in only when they must be."""

    __slots__ = ("changes", "delta", "end", "lead", "start", "tail")

    def __init__(self, changes: ChangeSet) -> None:
        self.become(changes)

    def become(self, changes: ChangeSet) -> None:
        self.changes = changes
        self.start, self.end, self.delta = changes.start, changes.end, changes.delta
        self.lead = self.tail = 0

    def settled(self) -> ChangeSet:
        if self.lead or self.tail:
            self.changes = self.changes.shifted(self.lead, self.tail)
            self.lead = self.tail = 0
        return self.changes


def must_chain(changes: Sequence[ChangeSet], length: int) -> None:
    """Raise BadChangeError unless the first change fits a text of `length` units and each next one the outcome."""
    for number, change in enumerate(changes):
        if change.length != length:
            raise BadChangeError(f"change {number + 1} is made for {change.length} units, not {length}")
        length = change.new_length


def rebase(
    pushed: Sequence[ChangeSet], over: Sequence[Logged], *, client: str, first_seq: int
) -> tuple[int, list[ChangeSet]]:
    """Move pushed changes, which follow each other, over what was logged after their base; one at a time.

    `over` is that part of the log in order. An entry of the same client is the head of the push sent before, and
    drops it. Returns the sequence number of the first change that is new, and the new changes, made for the text after
    `over`. Mapping over one entry after another is what the browser does too; composing the entries first can differ.

    Raises TooFarBehindError when that would be too much work, BadChangeError when an entry of this client is not the
    head of what is pushed, or when the changes do not fit the text before `over`.
    """
    if len(pushed) * len(over) > MAX_REBASE_STEPS:
        raise TooFarBehindError(f"{len(pushed)} changes over {len(over)}")
    if over:
        must_chain(pushed, over[0].changes.length)
    waiting = deque(_Moving(changes) for changes in pushed)
    work = 0
    # What is all logged already need not be moved to be dropped.
    all_logged = sum(entry.client == client for entry in over) >= len(waiting)
    for entry in over:
        if entry.client == client and waiting:
            if entry.seq != first_seq:
                raise BadChangeError(f"change {entry.seq} of this client is logged where {first_seq} was pushed")
            waiting.popleft()
            first_seq += 1
            continue
        if all_logged:
            continue
        work += _step(waiting, entry.changes)
        if work > MAX_REBASE_WORK:
            raise TooFarBehindError("too much to work through")
    return first_seq, [moving.settled() for moving in waiting]


def _step(waiting: Iterable[_Moving], logged: ChangeSet) -> int:
    """Move each waiting change over one logged change, and that over them; how many sections had to be looked at."""
    work = 0
    start, end, delta, lead, tail = logged.start, logged.end, logged.delta, 0, 0
    for moving in waiting:
        if end < moving.start:
            moving.start += delta
            moving.end += delta
            moving.lead += delta
            tail += moving.delta
        elif moving.end < start:
            moving.tail += delta
            start += moving.delta
            end += moving.delta
            lead += moving.delta
        else:
            mine = moving.settled()
            if lead or tail:
                logged = logged.shifted(lead, tail)
                lead = tail = 0
            work += len(mine.parts) + len(logged.parts)
            moving.become(mine.map(logged))
            logged = logged.map(mine, before=True)
            start, end, delta = logged.start, logged.end, logged.delta
    return work
