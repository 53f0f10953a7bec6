"""Suggested changes to a text: made from the words somebody would rather read, carried along as the text moves on.

A suggestion is a ChangeSet against one version of the text, in as many places as the words differ
(`differences.change_between`). It is carried over later changes one at a time, as pushes are; it comes into conflict
with the first change that touches words it would replace, and then stays where it was, to be shown beside the words of
today. Words it only adds stay beside those they were written for, whatever else is written at that place.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from app.calc.changes import ChangeSet, Part, Units

#: What belongs to the word before it, and to the word after it.
_CLOSING, _OPENING = ".,;:!?)]}’”»…", "([{‘“«"


class Place(NamedTuple):
    """One place that a suggestion changes: units ``start`` to ``end`` of the text before it become ``insert``."""

    start: int
    end: int
    insert: str

    @property
    def goes_on(self) -> bool:
        """Whether it adds words that go on from those before them, and not words that lead to those behind them."""
        if self.start < self.end or not self.insert:
            return False
        first, last = self.insert[0], self.insert[-1]
        return first.isspace() or first in _CLOSING or not (last.isspace() or last in _OPENING)


class Carried(NamedTuple):
    """A suggestion for the text after ``passed`` of the changes it was to be carried over."""

    change: ChangeSet
    passed: int
    conflict: bool


class Fitting(NamedTuple):
    """What of a suggestion still finds its words: the ``numbers`` of those places, and they alone as a change of the
    text of today."""

    numbers: tuple[int, ...]
    change: ChangeSet


def places(change: ChangeSet) -> list[Place]:
    """Where it changes the text, in order."""
    found, at = [], 0
    for covered, insert in change.parts:
        if insert is not None:
            found.append(Place(at, at + covered, insert))
        at += covered
    return found


def only(change: ChangeSet, chosen: Iterable[int]) -> ChangeSet:
    """The change at some of its places alone, by their numbers from 0; numbers it does not have mean nothing."""
    wanted, number = set(chosen), 0
    parts: list[Part] = []
    for covered, insert in change.parts:
        kept = insert
        if insert is not None:
            kept = insert if number in wanted else None
            number += 1
        if kept is None and covered and parts and parts[-1][1] is None:
            parts[-1] = (parts[-1][0] + covered, None)
        elif kept is not None or covered:
            parts.append((covered, kept))
    return ChangeSet(tuple(parts))


def touches(change: ChangeSet, other: ChangeSet) -> bool:
    """Whether two changes of one text change the same words, so that neither can simply follow the other.

    Writing at one place, at the edge of words that are replaced, or beside them, is no such case.
    """
    if change.end < other.start or other.end < change.start:
        return False
    mine, theirs = places(change), places(other)
    at = 0
    for place in mine:
        while at < len(theirs) and theirs[at].end < place.start:
            at += 1
        for each in theirs[at:]:
            if each.start > place.end:
                break
            if max(place.start, each.start) < min(place.end, each.end):
                return True
            inside = place.start < each.start == each.end < place.end
            if inside or each.start < place.start == place.end < each.end:
                return True
    return False


def competes(change: ChangeSet, other: ChangeSet) -> bool:
    """Whether two suggestions for one text cannot both be taken as they are: they change the same words, or add words
    at the same place, of which one would then go on from the other's."""
    mine = {place.start for place in places(change) if place.start == place.end}
    theirs = {place.start for place in places(other) if place.start == place.end}
    return not mine.isdisjoint(theirs) or touches(change, other)


def meets(change: ChangeSet, other: ChangeSet) -> bool:
    """Whether one of two changes of a text changes the words of the other, or writes right beside them."""
    if change.end < other.start or other.end < change.start:
        return False
    mine, at = places(change), 0
    for place in places(other):
        while at < len(mine) and mine[at].end < place.start:
            at += 1
        if at < len(mine) and mine[at].start <= place.end:
            return True
    return False


class Back(NamedTuple):
    """What takes a change back today, and what was written since as it would have been ``without`` that change, each
    with whether it was another suggestion, which was accepted."""

    change: ChangeSet
    without: list[tuple[ChangeSet, bool]]


def back_over(back: ChangeSet, over: Iterable[tuple[ChangeSet, bool]]) -> Back | None:
    """Move what takes a change back over later changes of its text; None where one changes the words that it put in, or
    where it took some out, or goes on from them."""
    without = []
    for later, accepted in over:
        if meets(back, later):
            return None
        without.append((later.map(back), accepted))
        back = back.map(later)
    return Back(back, without)


def twice(change: ChangeSet, text: Units) -> int:
    """At how many places the words that a change of a text puts in stand right beside it already, but for blanks, and
    not as a part of another word."""
    found = 0
    for place in places(change):
        words, reach = place.insert.strip(), len(place.insert) + 2
        before = text[max(0, place.start - reach) : place.start].rstrip()
        behind = text[place.end : place.end + reach].lstrip()
        ends = before.endswith(words) and not (before[: -len(words)][-1:].isalnum() and words[:1].isalnum())
        begins = behind.startswith(words) and not (behind[len(words) :][:1].isalnum() and words[-1:].isalnum())
        found += bool(words) and (ends or begins)
    return found


def _moved(change: ChangeSet, later: ChangeSet) -> ChangeSet:
    """A suggestion moved over one change that does not touch its words."""
    if change.end < later.start or later.end < change.start:
        return change.map(later)
    mine = places(change)
    written = {place.start for place in places(later) if place.insert}
    on = [number for number, place in enumerate(mine) if place.goes_on and place.start in written]
    if not on:
        return change.map(later)
    rest = only(change, set(range(len(mine))) - set(on)).map(later)
    return rest.compose(only(change, on).map(later, before=True).map(rest, before=True))


def carry(change: ChangeSet, over: Iterable[ChangeSet]) -> Carried:
    """Move a suggestion over later changes of its text, as far as its words are still there.

    ``over`` follow each other, the first made for the text the suggestion was made for. Carried to the end, the change
    fits the text after them.
    """
    return carry_beside(change, ((later, False) for later in over))


def carry_beside(change: ChangeSet, over: Iterable[tuple[ChangeSet, bool]]) -> Carried:
    """Like ``carry``; with those later changes that are so marked it is in conflict where it ``competes`` with them."""
    passed = 0
    for later, is_rival in over:
        if (competes if is_rival else touches)(change, later):
            return Carried(change, passed, True)
        change = _moved(change, later)
        passed += 1
    return Carried(change, passed, False)


def fitting(change: ChangeSet, together: Iterable[Collection[int]], over: Iterable[ChangeSet]) -> Fitting | None:
    """What still finds its words of a suggestion that is in conflict with the first of the later changes ``over`` which
    it was to be carried, or None where nothing does. All of it may, once its words have come back.

    ``together`` are its places (their numbers) that are taken together or not at all: each is in one of them.
    """
    whole, later = places(change), change
    belongs = {number: some for some in together for number in some}
    numbers = list(range(len(whole)))
    for at, each in enumerate(over):
        # The first may be another suggestion that was accepted: words added at the same place compete with it.
        met_by = touches if at else competes
        if met_by(later, each):
            met = [number for place, number in enumerate(numbers) if met_by(only(later, [place]), each)]
            lost = {other for number in met for other in belongs[number]}
            kept = [place for place, number in enumerate(numbers) if number not in lost]
            later, numbers = only(later, kept), [numbers[place] for place in kept]
        if not numbers:
            return None
        later = _moved(later, each)
        # Places that have come together cannot be told apart any more.
        if [place.insert for place in places(later)] != [whole[number].insert for number in numbers]:
            return None
    return Fitting(tuple(numbers), later)
