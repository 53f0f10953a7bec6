"""What changed between two texts, word by word, as a person would mark it.

`difference` anchors on passages that occur once in both texts (patience difference), in order (longest increasing
subsequence), and compares what lies between the anchors by the longest common subsequence of words. Its work is
bounded: a stretch too large to compare and without anchors is shown as replaced, and so is every further one once the
comparison has cost enough. Two texts of 100 kB take a fraction of a second, whatever they hold (docs/performance.md).
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from app.calc.changes import ChangeSet, Part, to_units
from app.calc.plain import PLAIN, Form

Kind = Literal["same", "added", "removed"]

MAX_CELLS = 40_000
"""The largest product of two stretches' lengths, in words, that is compared word by word."""

MAX_COST = 700_000
"""What a whole comparison may cost, in products of two words. An edited text of 100 kB costs 400,000."""

WORD_COST = 3
"""What a word costs that is looked at in search of anchors, in the same coin."""

_WORDS = re.compile(r"\n+|[^\w\s]|\w+(?:['’-]\w+)*|[^\S\n]+")
_BIG = 3


@dataclass(frozen=True, slots=True)
class Segment:
    """A passage that stayed, was added or was removed.

    The `same` and `removed` segments together are the old text, `same` and `added` the new one, character by character.
    `form` is that of its words where they were compared with their form (`redlines.redline`), and `was` the one they
    had before, if they stayed and look otherwise now.
    """

    kind: Kind
    text: str
    form: Form = PLAIN
    was: Form | None = None


def difference(old: str, new: str) -> list[Segment]:
    """The segments that lead from `old` to `new`; a removal stands before the addition that replaces it.

    No segment is empty and no two neighbours are of one kind. Single small words left standing inside a changed
    passage are marked with it: a redline in confetti cannot be read.
    """
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    changes: list[tuple[Kind, list[str]]] = []
    for kind, words in _compare(before, after):
        if not words:
            continue
        if changes and changes[-1][0] == kind:
            changes[-1][1].extend(words)
        else:
            changes.append((kind, list(words)))
    return _whole_lines(list(_readable(changes)))


def change_between(old: str, new: str) -> ChangeSet:
    """The change from ``old`` to ``new``, word by word: what stays keeps its authors.

    Raises BadChangeError on half a character.
    """
    parts: list[Part] = []
    for segment in difference(old, new):
        words = to_units(segment.text)
        if segment.kind == "same":
            parts.append((len(words), None))
        elif segment.kind == "removed":
            parts.append((len(words), ""))
        elif parts and parts[-1][1] is not None:
            parts[-1] = (parts[-1][0], parts[-1][1] + words)
        else:
            parts.append((0, words))
    return ChangeSet(tuple(parts))


def _compare(before: list[str], after: list[str]) -> Iterator[tuple[Kind, Sequence[str]]]:
    """Yield equal and changed stretches in order, without recursion: a stack holds what is still to be compared."""
    waiting: list[tuple[int, int, int, int]] = [(0, len(before), 0, len(after))]
    left = MAX_COST
    while waiting:
        start, end, start2, end2 = waiting.pop()
        head = _shared(before[start:end], after[start2:end2])
        yield "same", before[start : start + head]
        start, start2 = start + head, start2 + head
        tail = _shared(before[start:end][::-1], after[start2:end2][::-1])
        if tail:
            waiting.append((end - tail, end, end2 - tail, end2))
            end, end2 = end - tail, end2 - tail
        if start == end or start2 == end2:
            yield "removed", before[start:end]
            yield "added", after[start2:end2]
            continue
        anchors = _anchors(before[start:end], after[start2:end2]) if left > 0 else []
        left -= WORD_COST * (end - start + end2 - start2)
        cells = (end - start) * (end2 - start2)
        if anchors:
            waiting += _between(anchors, start, end, start2, end2)
        elif cells <= min(left, MAX_CELLS):
            left -= cells
            yield from _common(before[start:end], after[start2:end2])
        else:
            yield "removed", before[start:end]
            yield "added", after[start2:end2]


def _between(
    anchors: list[tuple[int, int]], start: int, end: int, start2: int, end2: int
) -> list[tuple[int, int, int, int]]:
    """The stretches that begin at each anchor and reach to the next, last one first, as a stack wants them."""
    places = [(start, start2), *((start + a, start2 + b) for a, b in anchors), (end, end2)]
    pieces = [(a, c, b, d) for (a, b), (c, d) in pairwise(places)]
    return [piece for piece in reversed(pieces) if piece[0] < piece[1] or piece[2] < piece[3]]


def _shared(before: Iterable[str], after: Iterable[str]) -> int:
    """How many words two stretches have in common where they begin."""
    count = 0
    for word, other in zip(before, after, strict=False):
        if word != other:
            break
        count += 1
    return count


def _anchors(before: list[str], after: list[str]) -> list[tuple[int, int]]:
    """Places where both texts have a passage that occurs once in each, in an order common to both.

    Single words serve when there are any, else runs of four: repetitive texts still have those.
    """
    for size in (1, 4):
        ours, theirs = _once(before, size), _once(after, size)
        pairs = [(at, theirs[words]) for words, at in ours.items() if words in theirs]
        if pairs:
            return _increasing(sorted(pairs))
    return []


def _once(words: list[str], size: int) -> dict[tuple[str, ...], int]:
    runs = list(zip(*(words[at:] for at in range(size)), strict=False))
    counts = Counter(runs)
    return {run: at for at, run in enumerate(runs) if counts[run] == 1 and not all(word.isspace() for word in run)}


def _increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of `pairs`, sorted by their first place, in which the second places rise too."""
    tails: list[int] = []
    holders: list[int] = []
    previous: list[int] = []
    for index, (_, place) in enumerate(pairs):
        rank = bisect_left(tails, place)
        if rank == len(tails):
            tails.append(place)
            holders.append(index)
        else:
            tails[rank] = place
            holders[rank] = index
        previous.append(holders[rank - 1] if rank else -1)
    chain: list[tuple[int, int]] = []
    index = holders[-1] if holders else -1
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]


def _common(before: list[str], after: list[str]) -> Iterator[tuple[Kind, Sequence[str]]]:
    """Compare two short stretches by the longest common subsequence, weighing words by what they carry."""
    rows, columns = len(before), len(after)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows - 1, -1, -1):
        here, below, word = best[row], best[row + 1], before[row]
        weight = 1 if word.isspace() else 2 + len(word)
        for column in range(columns - 1, -1, -1):
            skip, right = below[column], here[column + 1]
            if right > skip:  # noqa: PLR1730  # max() takes twice as long, and this is what comparing costs
                skip = right
            here[column] = max(skip, below[column + 1] + weight) if word == after[column] else skip
    row = column = 0
    while row < rows and column < columns:
        if before[row] == after[column] and best[row][column] > max(best[row + 1][column], best[row][column + 1]):
            yield "same", before[row : row + 1]
            row, column = row + 1, column + 1
        elif best[row + 1][column] >= best[row][column + 1]:
            yield "removed", before[row : row + 1]
            row += 1
        else:
            yield "added", after[column : column + 1]
            column += 1
    yield "removed", before[row:]
    yield "added", after[column:]


def _readable(changes: list[tuple[Kind, list[str]]]) -> Iterator[Segment]:
    """Gather each changed passage into one removal and one addition."""
    removed: list[str] = []
    added: list[str] = []
    for at, (kind, words) in enumerate(changes):
        if kind == "removed":
            removed += words
        elif kind == "added":
            added += words
        elif (removed or added) and at + 1 < len(changes) and _is_small(words):
            removed += words
            added += words
        else:
            yield from _change(removed, added)
            removed, added = [], []
            yield Segment("same", "".join(words))
    yield from _change(removed, added)


def _whole_lines(segments: list[Segment]) -> list[Segment]:
    """Move a lone addition or removal back to the beginning of its line where that says the same.

    A point taken out of a list then goes with its own bullet and not with the next one's, and of two paragraphs that
    begin alike the one goes that went.
    """
    out = list(segments)
    for at in range(1, len(out) - 1):
        before, change, after = out[at - 1 : at + 2]
        if change.kind == "same" or before.kind != "same" or after.kind != "same":
            continue
        begun = before.text.rpartition("\n")[2]
        begins = begun != before.text or at == 1  # what stands between two changes may begin within its line
        if begun and begins and change.text.endswith("\n" + begun):
            out[at - 1] = Segment("same", before.text.removesuffix(begun))
            out[at] = Segment(change.kind, begun + change.text.removesuffix(begun))
            out[at + 1] = Segment("same", begun + after.text)
    return [each for each in out if each.text]


def _change(removed: list[str], added: list[str]) -> Iterator[Segment]:
    if removed:
        yield Segment("removed", "".join(removed))
    if added:
        yield Segment("added", "".join(added))


def _is_small(words: list[str]) -> bool:
    """Whether a passage between two changes is too slight to stand alone: no line end, at most one short word."""
    carried = [word for word in words if not word.isspace()]
    return not any("\n" in word for word in words) and len(carried) <= 1 and all(len(word) <= _BIG for word in carried)
