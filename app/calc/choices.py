"""What of a suggestion can be taken by itself: its places, those together whose marks belong together.

Two asterisks make words bold only where two more end them, and the mark of a list or a quote says what its line is.
So places that hold, or touch, marks of one pair are one choice; so are pairs whose stretches overlap, and line ends
within them. Whichever choices are taken, each mark then does what it does in the text before or in the one after.
So are the place where a sentence is taken out and the one where it is put in: by halves it would stand there twice, or
nowhere.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

from app.calc.changes import ChangeSet, from_units, to_units
from app.calc.dialect import clean, layout
from app.calc.inlines import Span
from app.calc.moves import moves
from app.calc.suggestions import only, places

_NUMBER = re.compile(r"[0-9]+")
#: Choices of more letters than these in all are one: nobody reads through them.
MAX_LETTERS = 200_000


class Choice(NamedTuple):
    """Some places of a suggestion (their numbers) that are taken together or not at all, and what they change.

    `old` becomes `new`: the words themselves, or, where marks change, so much around them that they can be read.
    """

    places: tuple[int, ...]
    old: str
    new: str

    @property
    def key(self) -> str:
        """What it is known by to whoever has read it: other words, or other places together, have another key."""
        return f"{self.places[0]}-{crc32(repr(tuple(self)).encode()):08x}"


class _Atom(NamedTuple):
    """One place, in characters: where it stands in the text before and in the one after."""

    old: Span
    new: Span


class _Groups:
    """Which places, and marks that stay, belong together: each points to another of its group, the last to itself."""

    def __init__(self) -> None:
        self._above: dict[tuple[str, int], tuple[str, int]] = {}

    def top(self, one: tuple[str, int]) -> tuple[str, int]:
        while (above := self._above.setdefault(one, one)) != one:
            self._above[one] = self._above.setdefault(above, above)
            one = above
        return one

    def join(self, some: Iterable[tuple[str, int]]) -> None:
        tops = [self.top(each) for each in some]
        for each in tops[1:]:
            self._above[self.top(each)] = self.top(tops[0])


@lru_cache(maxsize=64)
def choices(change: ChangeSet, text: str) -> tuple[Choice, ...]:
    """What can be taken of a change of `text`, in order. Kept for the next reader: 100 kB take 0.6 s at worst."""
    atoms, after = _atoms(change, text)
    if clean(text) != text or clean(after) != after:
        return (Choice(tuple(range(len(atoms))), text, after),) if atoms else ()
    finder = _Finder(atoms, text, after)
    found: dict[tuple[str, int], list[int]] = {}
    for number in range(len(atoms)):
        found.setdefault(finder.groups.top(("place", number)), []).append(number)
    made = tuple(finder.choice(numbers) for numbers in found.values())
    # Marks at both ends of a long line can make each of many choices as long as the line.
    if sum(len(each.old) + len(each.new) for each in made) > MAX_LETTERS:
        return (Choice(tuple(range(len(atoms))), text, after),)
    return made


def chosen(change: ChangeSet, text: str, keys: Iterable[str]) -> ChangeSet:
    """The change of `text` with some of its choices alone. Raises KeyError for a key that is none of them any more."""
    some = {each.key: each for each in choices(change, text)}
    return only(change, [place for key in set(keys) for place in some[key].places])


def _atoms(change: ChangeSet, text: str) -> tuple[list[_Atom], str]:
    units = to_units(text)
    made = change.apply(units)
    after = from_units(made)
    before_at, after_at = _characters(len(units), text), _characters(len(made), after)
    found, grown = [], 0
    for place in places(change):
        start = place.start + grown
        grown += len(place.insert) - (place.end - place.start)
        found.append(
            _Atom(
                (before_at(place.start), before_at(place.end)), (after_at(start), after_at(start + len(place.insert)))
            )
        )
    return found, after


def _characters(length: int, text: str) -> Callable[[int], int]:
    """From places in units to places in characters."""
    if length == len(text):
        return lambda at: at
    starts, at = [], 0
    for sign in text:
        starts.append(at)
        at += 2 if ord(sign) > 0xFFFF else 1
    return lambda at: bisect_left(starts, at)


class _Finder:
    """Finds what belongs together, once in each of the two texts."""

    def __init__(self, atoms: Sequence[_Atom], before: str, after: str) -> None:
        self.atoms, self.before, self.after = atoms, before, after
        self.groups = _Groups()
        self.formal: set[int] = set()
        """Places that change marks, or touch them."""
        self.ends: dict[tuple[str, int], tuple[int, int]] = {}
        self.spans: list[tuple[int, int, tuple[str, int]]] = []
        self.lines: list[list[Span]] = []
        self.structural: list[int] = []
        self.numbering: set[int] = set()
        self.prefixed: set[int] = set()
        self._text(self.before, [each.old for each in atoms])
        self._text(self.after, [each.new for each in atoms])
        self._structure()
        self._overlaps()
        self._moves()
        self.kept: dict[tuple[str, int], tuple[int, int]] = {}
        for one, (start, end) in self.ends.items():
            first, last = self.kept.get(self.groups.top(one), (start, end))
            self.kept[self.groups.top(one)] = min(first, start), max(last, end)

    # --- marks within a paragraph ---

    def _text(self, text: str, atoms: Sequence[Span]) -> None:
        known = _Side(atoms, [each.old for each in self.atoms])
        laid = layout(text)
        self.lines.append(laid.lines)
        for block, marks in laid.blocks:
            for pair in marks.pairs:
                nodes = [each for mark in pair for each in self._nodes(known, mark)]
                self.groups.join(nodes)
                self.spans.append((known.in_old(pair[0][0], last=False), known.in_old(pair[1][1], last=True), nodes[0]))
            for mark in marks.alone:
                self.groups.join(self._nodes(known, mark))
            if marks.loose:
                together = [each for mark in marks.loose for each in self._nodes(known, mark)]
                together += [each for pair in marks.pairs for mark in pair for each in self._nodes(known, mark)]
                together += [("place", at) for at in known.touching(block) if self._breaks(at)]
                self.groups.join(together)
        for start, words in laid.lines:
            for at in known.touching((start, words)):
                first, last = atoms[at]
                if first < words and (last > start or first == last):
                    self.prefixed.add(at)

    def _nodes(self, known: "_Side", mark: Span) -> list[tuple[str, int]]:
        """The places that a mark stands in or touches, and the mark itself as far as it stays."""
        touched = known.touching(mark)
        self.formal.update(touched)
        nodes = [("place", at) for at in touched]
        for at in range(*mark):
            if not known.inside(at):
                old = known.in_old(at, last=False)
                nodes.append(("mark", old))
                self.ends[("mark", old)] = old, old + 1
        return nodes

    def _breaks(self, at: int) -> bool:
        old, new = self.atoms[at]
        return "\n" in self.before[slice(*old)] or "\n" in self.after[slice(*new)]

    # --- lines ---

    def _structure(self) -> None:
        """Places that change where lines end or what they are; on one line they belong together, and the numbers of
        points go with the point put in or taken out before them."""
        self.structural = [at for at in range(len(self.atoms)) if at in self.prefixed or self._breaks(at)]
        for at in self.structural:
            old, new = self.atoms[at]
            was, becomes = self.before[slice(*old)], self.after[slice(*new)]
            if was.isdigit() and becomes.isdigit():
                self.numbering.add(at)
        for one, other in pairwise(self.structural):
            if other in self.numbering or self._makes_another_line(one, other):
                self.groups.join([("place", one), ("place", other)])

    def _makes_another_line(self, one: int, other: int) -> bool:
        """Whether two places stand around one line, which becomes a point, for instance, or one of a deeper list."""
        (_, start), (_, now) = self.atoms[one]
        if "\n" in self.before[start : self.atoms[other].old[0]]:
            return False
        was, becomes = _line_mark(self.before, self.lines[0], start), _line_mark(self.after, self.lines[1], now)
        return was != becomes

    def _overlaps(self) -> None:
        """Stretches of form that overlap, and line ends within them, belong together."""
        spans = self.spans + [(*self.atoms[at].old, ("place", at)) for at in self.structural]
        end, held = -1, ("", 0)
        for start, last, node in sorted(spans):
            if start < end:
                self.groups.join([held, node])
            else:
                held = node
            end = max(end, last)

    # --- sentences that stand elsewhere ---

    def _moves(self) -> None:
        """A sentence that is taken out at some places and put in at others is one choice with all of them."""
        after = _Side([each.new for each in self.atoms], [each.old for each in self.atoms])
        for number, move in enumerate(moves(self.before, self.after, self.atoms)):
            places = [("place", at) for each in (move.gone, move.come) for at in each.changes]
            self.groups.join([("sentence", number), *places])
            first, last = after.in_old(move.come.start, last=False), after.in_old(move.come.until, last=True)
            self.ends["sentence", number] = min(first, move.gone.start), max(last, move.gone.until)

    # --- what people read ---

    def choice(self, numbers: Sequence[int]) -> Choice:
        """Some places as one choice, with as much around them as it takes to read them."""
        first, last = self.atoms[numbers[0]].old[0], self.atoms[numbers[-1]].old[1]
        kept = self.kept.get(self.groups.top(("place", numbers[0])), (first, last))
        first, last = min(first, kept[0]), max(last, kept[1])
        if set(numbers) & self.formal or set(numbers) & set(self.structural):
            if set(numbers) & set(self.structural):
                first = self.before.rfind("\n", 0, first) + 1
                last = self.before.find("\n", last) % (len(self.before) + 1)
            while first and not self.before[first - 1].isspace():
                first -= 1
            while last < len(self.before) and not self.before[last].isspace():
                last += 1
        made, at = [], first
        for number in numbers:
            old, new = self.atoms[number]
            made += [self.before[at : old[0]], self.after[slice(*new)]]
            at = old[1]
        made.append(self.before[at:last])
        return Choice(tuple(numbers), self.before[first:last], "".join(made))


def _line_mark(text: str, lines: Sequence[Span], at: int) -> str:
    """What stands before the words of the line at a place; any number is like another."""
    start, words = lines[bisect_right(lines, (at, len(text) + 1)) - 1]
    return _NUMBER.sub("1", text[start:words])


class _Side:
    """Where the places stand in one of the two texts, and how its other characters stand in the text before."""

    def __init__(self, atoms: Sequence[Span], old: Sequence[Span]) -> None:
        self._atoms, self._old = atoms, old
        self._starts, self._ends = [start for start, _ in atoms], [end for _, end in atoms]

    def touching(self, span: Span) -> range:
        """The numbers of the places that a stretch holds, overlaps or touches."""
        return range(bisect_left(self._ends, span[0]), bisect_right(self._starts, span[1]))

    def inside(self, at: int) -> bool:
        """Whether a character is one of a place."""
        number = bisect_right(self._starts, at) - 1
        return number >= 0 and at < self._ends[number]

    def in_old(self, at: int, *, last: bool) -> int:
        """The place in the text before: of what stands within a place, where that begins or (`last`) ends."""
        number = bisect_right(self._starts, at) - 1
        if number < 0:
            return at
        if at < self._ends[number]:
            return self._old[number][1 if last else 0]
        return at - self._ends[number] + self._old[number][1]
