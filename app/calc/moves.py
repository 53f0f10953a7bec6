"""Sentences that stand elsewhere in another text: which they are, and what else leads from the one to the other.

A sentence moved where it is taken out at one place and put in at another. It is known again by its words, of which it
has some (a few words stand in many places), and shorter ones beside it go along. So known, its places are one choice
(`app/calc/choices.py`), also where a sign in it became another: by halves it would stand there twice, or nowhere. It is
*said* to have moved (`told`) only where it is the same to the sign, with its look and where its links lead.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from typing import NamedTuple

from app.calc.differences import Segment
from app.calc.inlines import Span
from app.calc.plain import Run
from app.calc.redlines import compared

#: Of so many words a sentence is known again where it stands now; fewer stand in many places.
MOVED_WORDS = 4
#: What ends a sentence, or a part of one, where a space or the line's end follows; and what does wherever it stands.
_SPACED, _WIDE = ".!?;:؟؛۔।", "。！？；"
_CLOSING, _MARKS = r"""\"'”’»)」』）""", r"*_\]"
_END = re.compile(rf"\n|([{_SPACED}{_WIDE}]+[{_CLOSING}]*)[{_CLOSING}{_MARKS}]*")
#: Ends that say no more than where a sentence stands: the last point of a list has another than those before it.
_MEANS_NOTHING = {"", ".", ";", ":", "。", "；"}
_IDLE = re.compile(r"\s*(?:[.;:](?=\s|$)|[。；])?\s*")
_WORD, _FIRST = re.compile(r"\w+"), re.compile(r"[^\s•*_\[]")
#: Scripts without spaces between words, of which two letters count as one.
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
#: Where a link leads in Markdown: no words of its sentence.
_ADDRESS = re.compile(r"\]\((?:[^()\s]|\([^()\s]*\))*\)")
#: A line of which nothing is left but the mark of a point, and such a mark.
_BARE, _POINT = re.compile(r"(?:\d{1,9}\.|•)?"), re.compile(r"( *)(?:(\d{1,9})\.|•) ")
_NO_POINT = 1_000


class Sentence(NamedTuple):
    """Where a sentence stands, without and with what ends it, its words, and how much of it which changes hold."""

    start: int
    end: int
    until: int
    words: tuple[str, ...]
    share: float
    changes: range

    @property
    def known(self) -> bool:
        """Whether it has words enough to be known again."""
        letters = sum(len(UNSPACED.findall(word)) for word in self.words)
        return len(self.words) + letters // 2 >= MOVED_WORDS


class Move(NamedTuple):
    """A sentence where it is taken out of the text before and put into the one after, and which of all it is there."""

    at: int
    to: int
    gone: Sentence
    come: Sentence


def moves(before: str, after: str, changes: Sequence[tuple[Span, Span]]) -> list[Move]:
    """The sentences that moved, in the order of the text before; `changes` say what became what, in order."""
    gone = list(_held(before, [old for old, _new in changes]))
    come = list(_held(after, [new for _old, new in changes]))
    ours, theirs = _known(gone), _known(come)
    pairs = {
        at: to
        for words in ours.keys() & theirs.keys()
        for at, to in zip(ours[words], theirs[words], strict=False)
        if _is_move(gone[at], come[to])
    }
    taken = set(pairs.values())
    for one, other in sorted(pairs.items()):
        for step in (1, -1):  # what stands beside it in both texts goes along
            at, to = one + step, other + step
            while 0 <= at < len(gone) and 0 <= to < len(come) and at not in pairs and to not in taken:
                if gone[at].words != come[to].words or not _is_move(gone[at], come[to]):
                    break
                pairs[at] = to
                taken.add(to)
                at, to = at + step, to + step
    return [Move(at, to, gone[at], come[to]) for at, to in sorted(pairs.items())]


def told(before: Sequence[Run], after: Sequence[Run]) -> tuple[list[str], list[Segment]]:
    """What moved from one text to another and stayed the same to the sign; and what else leads from one to the other.

    The latter as `redlines.compared` gives it, of the texts without what moved; no number of a point, and no end of a
    sentence, is in it only because of that. Nothing where nothing else changed.
    """
    segments = compared(before, after)
    old, new = _Text(before), _Text(after)
    same = [each for each in moves(old.words, new.words, _changes(segments)) if _is_same(old, new, each)]
    passages = [some for some in _together(same) if any(each.gone.known for each in some)]
    if not passages:
        return [], segments
    left = old.without([each.gone for some in passages for each in some])
    right = new.without(sorted(each.come for some in passages for each in some))
    rest = [] if left == right else list(_without_ends(compared(left, right)))  # comparing costs more than all else
    return [_as_read(old, new, some) for some in passages], rest


# --- which sentences moved ---


def _known(some: Sequence[Sentence]) -> dict[tuple[str, ...], list[int]]:
    """The numbers of those that can be known again, by their words; first those of which most changes."""
    found: dict[tuple[str, ...], list[int]] = {}
    for at in sorted(range(len(some)), key=lambda at: -some[at].share):
        if some[at].known:
            found.setdefault(some[at].words, []).append(at)
    return found


def _is_move(gone: Sentence, come: Sentence) -> bool:
    """What it has in common with the sentences around it may stay, but of one that stays only its edge may change; and
    what is replaced at one place did not move."""
    return gone.share + come.share > 1 and gone.changes != come.changes


def _held(text: str, places: Sequence[Span]) -> Iterator[Sentence]:
    """All sentences of a text, and how much of each the places hold; those that they touch, with their words."""
    shown, at = _ADDRESS.sub(lambda found: "]" + " " * (len(found[0]) - 1), text), 0
    for start, end, until in _sentences(shown):
        while at < len(places) and places[at][1] <= start:
            at += 1
        last, held = at, 0
        while last < len(places) and places[last][0] < end:
            held += min(places[last][1], end) - max(places[last][0], start)
            last += 1
        words = tuple(_WORD.findall(shown[start:end].casefold())) if held else ()
        yield Sentence(start, end, until, words, held / (end - start), range(at, last))


def _sentences(text: str) -> Iterator[tuple[int, int, int]]:
    """Where sentences, or parts of them, begin and end, and where what ends them does; a point's number is none."""
    at = line = 0
    for last, until in _ends(text):
        first = _FIRST.search(text, at, last)
        is_number = at == line and text[last:until] == "." and text[at:last].lstrip("\n •").isdigit()
        if first is not None and not is_number and _WORD.search(text, first.start(), last):
            yield first.start(), last, until
        at = until
        if text[until : until + 1] == "\n":
            line = until


def _ends(text: str) -> Iterator[Span]:
    """Where what ends sentences, lines and the text begins and ends."""
    for found in _END.finditer(text):
        following = text[found.end() : found.end() + 1]
        if found[0] == "\n":
            yield found.start(), found.start()
        elif found[0][0] in _WIDE or not following or following.isspace():
            yield found.span(1)
    yield len(text), len(text)


# --- what moved as it is told, and the rest ---


class _Text:
    """Words with their form, of which stretches are read and taken out."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self._starts = list(accumulate((len(run.text) for run in runs), initial=0))
        self.words = "".join(run.text for run in runs)

    def part(self, start: int, end: int) -> Iterator[Run]:
        """A stretch of it."""
        number = bisect_right(self._starts, start) - 1
        while start < end:
            begins, until = self._starts[number], min(end, self._starts[number + 1])
            if start < until:
                yield self._runs[number]._replace(text=self._runs[number].text[start - begins : until - begins])
            start, number = until, number + 1

    def point(self, sentence: Sentence) -> str:
        """The mark of the point that a sentence is by itself, any number as 1; "" where it is none."""
        begins = self.words.rfind("\n", 0, sentence.start) + 1
        found = _POINT.match(self.words, begins)
        rest = self.words[sentence.until :].partition("\n")[0]
        if found is None or found.end() != sentence.start or rest.strip():
            return ""
        return "1." if found[2] else "•"

    def signs(self, start: int, end: int) -> list[Run]:
        """The signs of a stretch, each with its form; spaces look like nothing."""
        return [
            Run(sign) if sign.isspace() else Run(sign, run.form) for run in self.part(start, end) for sign in run.text
        ]

    def without(self, some: Sequence[Sentence]) -> list[Run]:
        """All but some sentences, in order; lines of which nothing is left go, and the points after them have the
        numbers that they have without them."""
        left: list[Run] = []
        went: dict[int, int] = {}  # how many points of each list that goes on, by how far it is set in
        was_empty, start, at = True, 0, 0
        for line in self.words.split("\n"):
            end, first, cut, kept = start + len(line), at, start, list[Run]()
            point = _POINT.match(line)
            number = point[2] if point else None
            depth = len(point[1]) if point else _NO_POINT if line else -1  # what is no point goes on in one
            went = {each: count for each, count in went.items() if each < depth or (each == depth and number)}
            if point and number and depth in went:
                kept.append(Run(f"{point[1]}{int(number) - went[depth]}. "))
                cut += point.end()
            while at < len(some) and some[at].start <= end:
                kept += self.part(cut, some[at].start)
                cut = some[at].until
                while self.words[cut : cut + 1] == " ":
                    cut += 1
                at += 1
            kept += self.part(cut, end)
            if at > first and _BARE.fullmatch("".join(run.text for run in kept).strip()):
                if number:
                    went[depth] = went.get(depth, 0) + 1
            elif line or not was_empty:
                left += [*kept, Run("\n")]
                was_empty = not line
            start = end + 1
        return left


def _changes(segments: Sequence[Segment]) -> list[tuple[Span, Span]]:
    """Where the places that changed stand in both texts."""
    found, old, new = [], 0, 0
    for stays, some in groupby(segments, lambda each: each.kind == "same"):
        run = list(some)
        removed, added = (sum(len(each.text) for each in run if each.kind != kind) for kind in ("added", "removed"))
        if not stays:
            found.append(((old, old + removed), (new, new + added)))
        old, new = old + removed, new + added
    return found


def _is_same(old: _Text, new: _Text, move: Move) -> bool:
    """Whether nothing of it became another: no sign, no look, no address."""
    gone, come = move.gone, move.come
    ends = {old.words[gone.end : gone.until], new.words[come.end : come.until]}
    if len(ends) > 1 and not ends <= _MEANS_NOTHING:
        return False
    if old.point(gone) != new.point(come):
        return False
    return old.signs(gone.start, gone.end) == new.signs(come.start, come.end)


def _together(some: Iterable[Move]) -> list[list[Move]]:
    """What stands one after the other in both texts moved as one."""
    found: list[list[Move]] = []
    for each in some:
        if found and (each.at, each.to) == (found[-1][-1].at + 1, found[-1][-1].to + 1):
            found[-1].append(each)
        else:
            found.append([each])
    return found


def _as_read(old: _Text, new: _Text, some: Sequence[Move]) -> str:
    """The words of what moved, with what ends them unless that is another elsewhere."""
    words, at = "", some[0].gone.start
    for each in some:
        between = old.words[at : each.gone.start]
        words += " " if "\n" in between else between  # without the marks of points
        ended, ends = old.words[each.gone.end : each.gone.until], new.words[each.come.end : each.come.until]
        words += old.words[each.gone.start : each.gone.end]
        words += ended if ended == ends else "" if ended and ends else ended + ends
        at = each.gone.until
    return words


def _without_ends(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Segments in which no end of a sentence, and no space, changes by itself."""
    for stays, some in groupby(segments, lambda each: each.kind == "same"):
        if stays:
            yield from some
            continue
        run = list(some)
        removed, added = ("".join(each.text for each in run if each.kind == kind) for kind in ("removed", "added"))
        idle = 0
        if _idle(removed) == len(removed) and _idle(added) == len(added):
            idle = len(removed) + len(added)
        elif not (removed and added):
            idle = _idle(removed + added)
        for each in run:
            if idle < len(each.text):
                yield replace(each, text=each.text[idle:])
            idle = max(0, idle - len(each.text))


def _idle(words: str) -> int:
    """How many signs they begin with that only say that a sentence has ended."""
    found = _IDLE.match(words)
    return found.end() if found is not None else 0
