"""Sheets: which lines of a Word document that comes back are which text of which item.

The bookmarks say it (see wordmarks.py). Where they are gone, the reference in the heading, the label, and at last the
likeness of the words tell what is what.
"""

import re
from bisect import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from app.calc.paragraphs import Paragraph, Words, fold, paragraphs
from app.calc.wordmarks import (
    DEFINITIONS,
    ELEMENTS,
    FIELDS,
    FIXED,
    FIXED_LABELS,
    KIND_WORDS,
    LABELS,
    LINE,
    PRINCIPLES,
    TEXT,
    Place,
    bare,
    check,
    number_of,
    place_of,
)
from app.calc.wordreading import WordFile
from app.calc.wordstates import Line, lines

_ALIKE = 0.7
_SPLIT_ALIKE = 0.5
#: So many letters of two texts tell whether they are alike, so many paragraphs where one ends.
_COMPARED = 400
#: A line of more letters is no label, whatever stands around its words.
_LONGEST_LABEL = 200
#: So many letters as they stand have as many as are compared, with their marks and what is unseen between them.
_LOOKED_AT = 4 * _COMPARED
_MOST_DIVIDED = 40
_MOST_LIKENED = 10_000
_REFERENCE = re.compile(r"\s*([A-Z][0-9]{1,6}(?:\.[0-9]{1,6}){0,3})(?![0-9])(?!\.[0-9])")

What = Literal[
    "comment", "new", "paragraph", "table", "deleted", "no title", "reference", "line", "lines gone", "moved",
    "picture", "footnote", "struck", "label", "marked", "equation", "hidden", "symbol", "margin",
    "too long",
]  # fmt: skip


class Text(NamedTuple):
    """One text as it went out: its version and its words."""

    version: int
    words: str


@dataclass(frozen=True)
class Item:
    """An item that the document may speak of, with its texts by field.

    `sent` if it went out in it, `surely` if that is known, and `missed` if it is told where it is not there any more.
    What did not go out cannot come back: a heading is that of such an item only where a bookmark says so.
    """

    reference: str
    texts: Mapping[str, Text]
    sent: bool = True
    surely: bool = True
    missed: bool = True


@dataclass(frozen=True)
class Loose:
    """What can be no suggestion: `what` it is, the item it stands in or after, its words in full, who wrote it.

    `resolved` is a comment that was marked as resolved in Word. Of a line that only informs `check` are the digits by
    which the words it went out with are known, and `was` those words, as far as they can be found.
    """

    what: What
    reference: str
    text: str
    author: str = ""
    on: str = ""
    field: str = ""
    resolved: bool = False
    check: str = ""
    was: str = ""


def versions_of(file: WordFile) -> dict[Place, int]:
    """Which version of which text the document was made from, as its bookmarks say."""
    found: dict[Place, int] = {}
    for block in file.blocks:
        for name in block.begins:
            if (mark := TEXT.match(name)) is not None:
                found.setdefault(place_of(mark), int(mark[3]))
    return found


def informing(file: WordFile) -> dict[str, str]:
    """The lines of a document as it goes out that only inform, by the digits with which they are marked."""
    found = {}
    for line in lines(file, lambda _: True):
        for name in line.begins:
            if (mark := LINE.match(name)) is not None:
                found[mark[2]] = line.paragraph.text.strip()
            elif (mark := TEXT.match(name)) is not None and mark[2] != "title":
                found[mark[4]] = line.paragraph.text.strip()
    return found


@dataclass
class Sheet:
    """One state of the document: the paragraphs of each text, titles, the order of items, and what is loose.

    `numbers` are those of the headings, in the order in which they went out; `whole` if nothing that was numbered is
    gone. `where` says of each block, by its id, in which text it stands, or instead of a field what else there is.
    """

    texts: dict[Place, list[Paragraph]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    whole: bool = False
    loose: list[Loose] = field(default_factory=list)
    where: dict[int, Place] = field(default_factory=dict)


class Sorter:
    """Reads the lines of one state from top to bottom and puts each where it belongs."""

    def __init__(self, file: WordFile, items: Mapping[str, Item], last: int = 0) -> None:
        self.items = items
        self.last = last
        self.has_marks = bool(versions_of(file))
        self.marked: set[Place] = set()
        self.sheet = Sheet()
        self.reference = ""
        self.at: str = "front"  # or a field, "fixed", "new", "definitions"
        self.noted = True  # whether the grey line under the last heading has been seen
        self.grey: dict[str, bool] = {}  # whether that of an item stands, where its mark does not tell
        self.unmarked: dict[str, str] = {}  # titles to be found by their words, as they are compared
        self.likened = self.parted = 0  # how many comparisons have been made, about
        self.titles_at: dict[str, int] = {}
        self.new: list[tuple[int, list[str]]] = []  # where new headings stand among what is loose, with their lines
        self.below: dict[int, str] = {}  # the words under each line

    def sort(self, some: Sequence[Line]) -> Sheet:
        # Only marks that stand in this state count: those of words moved away with tracking on do not.
        self.marked = {
            place_of(mark) for line in some for name in line.begins if (mark := TEXT.match(name)) is not None
        }
        headed = {found[1] for line in some if line.block.heading and (found := _REFERENCE.match(line.paragraph.text))}
        self.unmarked = {
            reference: _compared(" ".join(item.texts["title"].words.split()))
            for reference, item in self.items.items()
            if item.sent and reference not in headed
            if "title" in item.texts and (reference, "title") not in self.marked
        }
        if not self.has_marks:
            self._find_titles(some)
        filled = [line for line in some if line.paragraph.text.strip()]
        self.below = {id(line.block): after.paragraph.text for line, after in pairwise(filled)}
        for line in some:
            headings = len(self.sheet.order)
            self._line(line)
            place = self.reference, self.at if len(self.sheet.order) == headings else "title"
            self.sheet.where |= dict.fromkeys(map(id, line.blocks), place)
        for at, words in self.new:
            self.sheet.loose[at] = replace(self.sheet.loose[at], text="\n".join(words))
        self._part()
        self._divide()
        self._lines_gone(some)
        return self.sheet

    def _find_titles(self, some: Sequence[Line]) -> None:
        """Where each title stands when no mark tells: not in a list of contents, nor in a sentence that begins so."""
        best: dict[str, tuple[bool, bool, float, int]] = {}
        filled = [line for line in some if line.paragraph.text.strip()]
        for at, line in enumerate(filled):
            text = line.paragraph.text
            found = _REFERENCE.match(text)
            item = self._named(found)
            if item is None or "title" not in item.texts or line.block.row:
                continue
            alike = _alike(text, f"{item.reference} {item.texts['title'].words}")
            if alike < _SPLIT_ALIKE:
                continue
            noted = at + 1 < len(filled) and _is_note(filled[at + 1])
            score = (bool(line.block.heading), noted, alike, at)
            if score > best.get(item.reference, (False, False, 0.0, -1)):
                best[item.reference] = score
                self.titles_at[item.reference] = id(line.block)

    def _named(self, found: re.Match[str] | None) -> Item | None:
        """The item of the reference that a line begins with, if it may be its title as it came back; else None."""
        item = self.items.get(found[1]) if found is not None else None
        if found is None or item is None or not item.sent:
            return None
        own = item.texts.get("title", Text(0, "")).words
        return item if item.surely or alike(own, found.string[found.end() :]) else None

    def _line(self, line: Line) -> None:
        for name, at in line.begins.items():
            if (mark := TEXT.match(name)) is not None and self._begin(mark, line, at):
                return
        for name, at in line.begins.items():
            if FIXED.match(name):
                self._begin_fixed(line, at)
                return
            if (known := LINE.match(name)) is not None:
                self._inform(known, line, at)
                return
        if line.paragraph.text.strip() and not self._known_by_words(line):
            self._put(line)

    def _begin_fixed(self, line: Line, at: int) -> None:
        """The label above lines that only inform; words joined with it belong to the text above, or are told."""
        label = bare(self._run_on(line, at).paragraph.text)
        if label not in {*FIXED_LABELS, DEFINITIONS.lower()}:
            self._lose("line", line)
        self.at = "fixed"

    def _inform(self, known: re.Match[str], line: Line, at: int) -> None:
        """A line that only informs; the heading of a part ends the text above."""
        line = self._run_on(line, at)
        if line.block.heading or self.at in FIELDS:  # a part begins, or what stood above has ended
            self.at = "front"
        if known[2] != check(line.paragraph.text):
            self._lose("line", line, digits=known[2])

    def _run_on(self, line: Line, at: int) -> Line:
        """The line from the letter `at` on, when what stands before it ran on from the text above."""
        if not line.paragraph.text[:at].strip() or self.at not in FIELDS or line.block.row:
            return line
        before, rest = _cut(line.paragraph, at)
        self._text(before)
        return line._replace(paragraph=rest)

    def _begin(self, mark: re.Match[str], line: Line, at: int) -> bool:
        """Begin the text whose bookmark stands before the letter `at` of this line."""
        reference, name = place_of(mark)
        if reference not in self.items or self._has(reference, name):
            return False
        if name == "title":
            if mark[5]:
                self.sheet.numbers[reference] = int(mark[5])
            self._begin_title(reference, line, at)
            return True
        line = self._run_on(line, at)
        self._go_to(reference, name)
        self.noted = True
        if mark[4] != check(line.paragraph.text):
            label = LABELS.get(name, "")
            if label and fold(line.paragraph.text).lower().startswith(label.lower()):
                self._add_rest(line, len(label))
            elif line.paragraph.text.strip():
                self._lose("line", line, digits=mark[4])
            elif name == "text":
                self.grey[reference] = False
        return True

    def _begin_title(self, reference: str, line: Line, at: int) -> None:
        text = line.paragraph.text
        here = _REFERENCE.match(text, at)
        if at and here is not None and here[1] == reference and self._ran_on(text[:at]):
            text = self._run_on(line, at).paragraph.text
        elif at and here is not None and here[1] == reference and text[:at].strip():
            text = f"{reference} {text[:at].strip()} {text[here.end() :].strip()}"  # written before the reference
        found = _REFERENCE.match(text)
        if found is None or found[1] != reference:
            self._lose("reference", line, reference)
        self._title(reference, text)

    def _ran_on(self, words: str) -> bool:
        """Whether words before a heading are the end of the text above it, which ran into it."""
        base = self.items[self.reference].texts.get(self.at) if self.reference else None
        last = paragraphs(base.words)[-1:] if base is not None and self.at in FIELDS else []
        return any(_alike(each.text, words) >= _ALIKE for each in last)

    def _has(self, reference: str, name: str) -> bool:
        return reference in self.sheet.titles if name == "title" else (reference, name) in self.sheet.texts and (
            name != "text" or self.reference != reference
        )  # fmt: skip

    def _title(self, reference: str, text: str) -> None:
        found = _REFERENCE.match(text)
        own = self.items[reference].texts.get("title", Text(0, "")).words
        changed = found is not None and not own.startswith(found[1])
        words = text[found.end() :] if found is not None and (changed or found[1] == reference) else text
        self.sheet.titles[reference] = " ".join(words.split())
        self.sheet.order.append(reference)
        self.unmarked.pop(reference, None)
        self._go_to(reference, "text")
        self.noted = False

    def _go_to(self, reference: str, name: str) -> None:
        self.reference, self.at = reference, name
        self.sheet.texts.setdefault((reference, name), [])

    def _add_rest(self, line: Line, start: int) -> None:
        """Words that ran into a label stand first in its text."""
        _, rest = _cut(line.paragraph, start)
        found = tuple(
            each._replace(text=each.text.lstrip(": ") if not at else each.text) for at, each in enumerate(rest.words)
        )
        self._text(Paragraph("plain", found))

    def _text(self, paragraph: Paragraph) -> None:
        self.sheet.texts.setdefault((self.reference, self.at), []).append(paragraph)

    def _known_by_words(self, line: Line) -> bool:
        """What a line without a bookmark is, as its words and style tell."""
        text, style = line.paragraph.text, line.block.style
        said = bare(text) if line.block.heading or len(text) <= _LONGEST_LABEL else ""
        if not self.has_marks and said in (PRINCIPLES.lower(), ELEMENTS.lower()):
            self.at = "front"
            return True
        if not self.has_marks and not self.reference and said == DEFINITIONS.lower():
            self.at = "definitions"
            return True
        if not self.has_marks and (found := _REFERENCE.match(text)) and self._is_title_by_words(found[1], line):
            self._title(found[1], text)
            return True
        if line.block.heading in (1, 2, 3, 4):
            return self._heading(line, said)
        if not self.reference:
            return False
        if style == "label" or not self.has_marks or _all_bold(line.paragraph):
            for name, label in LABELS.items():
                if said == label.lower() and (self.reference, name) not in self.marked:
                    if self.at == "new" and not self._is_above(name, line):
                        return False
                    if (self.reference, name) in self.sheet.texts:  # that of an item whose heading is gone
                        self.at = "between"
                        return False
                    self._go_to(self.reference, name)
                    return True
            if said in FIXED_LABELS and (style == "label" or not self.has_marks):
                self.at = "fixed"
                return True
        is_note = not self.noted and self.at == "text" and _is_note(line)
        self.noted = True
        if is_note:
            self.grey[self.reference] = True
        return is_note

    def _is_above(self, name: str, line: Line) -> bool:
        """Whether a label under a heading that nobody knows is still one of the item above: its words are those."""
        base = self.items[self.reference].texts.get(name)
        own = paragraphs(base.words)[:1] if base is not None else []
        return any(_alike(each.text, self.below.get(id(line.block), "")) >= _ALIKE for each in own)

    def _is_title_by_words(self, reference: str, line: Line) -> bool:
        return reference not in self.sheet.titles and self.titles_at.get(reference) == id(line.block)

    def _heading(self, line: Line, said: str) -> bool:
        """A heading without a bookmark: an item by its reference or its words, one of a text, or a new one."""
        text = line.paragraph.text
        found = _REFERENCE.match(text)
        if (
            found
            and self._named(found) is not None
            and not self._has(found[1], "title")
            and (found[1], "title") not in self.marked
            and self.titles_at.get(found[1], id(line.block)) == id(line.block)
        ):
            self._title(found[1], text)
            return True
        if self.reference and self.at in FIELDS:
            base = self.items[self.reference].texts.get(self.at)
            if base and said and said in _sayings(base.words):
                self._text(Paragraph("heading", line.paragraph.words))
                return True
        if likely := self._likely(text):
            self._title(likely, text)
            return True
        if self.has_marks or self.reference:
            self.new.append((len(self.sheet.loose), [line.paragraph.text.strip()]))
            self._lose("new", line)
            self.at = "new"
        return True

    def _likely(self, text: str) -> str:
        """The item whose title a heading is by its words; "" for none.

        To compare is dear: of a document with very many headings that are nobody's, the last are not compared.
        """
        said = _compared(text)
        best, score = next((each for each, title in self.unmarked.items() if title == said), ""), _ALIKE
        if best:
            return best
        for reference, title in self.unmarked.items():
            most = 2 * min(len(title), len(said)) / (len(title) + len(said) or 1)
            if most < score or self.likened >= _MOST_LIKENED:
                continue
            self.likened += 1
            if (found := _likeness(title, said)) > score or (found == score and not best):
                best, score = reference, found
        return best

    def _put(self, line: Line) -> None:
        """A line that begins nothing goes to where we are."""
        if self.at in FIELDS and not line.block.row:
            self._text(line.paragraph)
        elif self.at == "new":
            self.new[-1][1].append(line.paragraph.text)
        elif line.paragraph.text.strip(" |"):
            self._lose("table" if line.block.row else "paragraph", line)

    def _lose(self, what: What, line: Line, reference: str = "", *, digits: str = "") -> None:
        words = line.paragraph.text.strip()
        author = ", ".join(dict.fromkeys(line.who))
        self.sheet.loose.append(Loose(what, reference or self.reference, words, author, check=digits))

    def _lines_gone(self, some: Sequence[Line]) -> None:
        """Tell of lines that only inform and are gone: their numbers are missing between two that stand.

        Not where an item's heading is gone between the two, which is told: what stood under it went with it. Nor where
        the marks of most headings were lost on the way, for then others were too.
        """
        marked = [reference for reference in self.sheet.titles if (reference, "title") in self.marked]
        if 2 * len(marked) <= len(self.sheet.titles):
            return
        grey = {reference: self.grey.get(reference, (reference, "text") in self.marked) for reference in marked}
        gone = Counter(reference for reference, stands in grey.items() if not stands)
        rank = {reference: at for at, reference in enumerate(self.items, 1)}
        stands = self.sheet.numbers or self.sheet.titles  # headings have had numbers since November 2026
        lost = [rank[each] for each, item in self.items.items() if item.sent and each not in stands]
        found = {1: ""} | {
            number: self.sheet.where[id(line.block)][0]
            for line in some for name in line.begins
            if (number := number_of(name)) is not None and (number <= self.last or not self.last)
        }  # fmt: skip
        last = self.last or max(found)
        headed = all(reference in self.sheet.titles for reference, name in self.marked if name == "title")
        self.sheet.whole = headed and len(found) == self.last
        gaps = [(one, after) for one, after in pairwise([*sorted(found), last + 1]) if after > one + 1]
        # Which of the lost headings may have stood in each gap, by the order of today; the group may have moved some.
        spans = [(rank.get(found[one], 0), rank.get(found.get(after, ""), len(rank) + 1)) for one, after in gaps]
        within = [range(bisect(lost, first), bisect(lost, end)) for first, end in spans]
        placed = len({at for those in within for at in those}) == len(lost)
        for (number, after), (first, end), those in zip(gaps, spans, within, strict=True):
            within_one = first == end and (placed or first + 1 not in lost)
            if within_one or (placed and first < end and not those) or not lost:
                gone[found[number]] += after - number - 1
        self.sheet.loose += [Loose("lines gone", reference, str(count)) for reference, count in gone.items()]

    def _part(self) -> None:
        """The text of an item whose heading is gone has run into the text above it: find it by its likeness."""
        known = list(self.items)
        for at, reference in enumerate(known):
            base = self.items[reference].texts.get("text")
            place = reference, "text"
            if reference in self.sheet.titles or base is None or not base.words or self.sheet.texts.get(place):
                continue
            if not self.items[reference].sent:
                continue
            above = next((each for each in reversed(known[:at]) if each in self.sheet.titles), "")
            last = next((name for name in reversed(FIELDS[1:]) if self.sheet.texts.get((above, name))), "")
            if self.parted > _MOST_LIKENED:
                return
            if last and (found := self._tail(above, last, base.words)) is not None:
                self.sheet.texts[place] = found

    def _divide(self) -> None:
        """Texts whose label is gone have run into the one before: find where they begin by their likeness."""
        for reference in self.sheet.order:
            for above, name in (("why", "summary"), ("text", "summary"), ("text", "why")):
                base = self.items[reference].texts.get(name)
                if base is None or not base.words or (reference, name) in self.sheet.texts:
                    continue
                if self.sheet.texts.get((reference, above)) and (found := self._tail(reference, above, base.words)):
                    self.sheet.texts[reference, name] = found
                    self.sheet.loose.append(Loose("label", reference, LABELS[name]))

    def _tail(self, reference: str, above: str, words: str) -> list[Paragraph] | None:
        """Take the paragraphs that are the text `words` off the end of another; None when there are none."""
        have = self.sheet.texts[reference, above]
        base = self.items[reference].texts.get(above)
        self.parted += min(len(have), _MOST_DIVIDED) * (2 + (len(words) + len(base.words if base else "")) // _COMPARED)
        at = _divided(have, words, base.words if base is not None else "")
        if at is None:
            return None
        self.sheet.texts[reference, above] = have[:at]
        return have[at:]


def _cut(paragraph: Paragraph, at: int) -> tuple[Paragraph, Paragraph]:
    """A paragraph in two, before and from the letter `at` on."""
    before: list[Words] = []
    after: list[Words] = []
    for each in paragraph.words:
        before.append(each._replace(text=each.text[: max(0, at)]))
        after.append(each._replace(text=each.text[max(0, at) :]))
        at -= len(each.text)
    first, second = (tuple(each for each in some if each.text) for some in (before, after))
    return replace(paragraph, words=first), Paragraph("plain", second)


def _is_note(line: Line) -> bool:
    """Whether a line is the grey one under a heading."""
    first, dot, _ = line.paragraph.text.partition(" · ")
    return line.block.style == "note" or (bool(dot) and first.strip() in KIND_WORDS)


def _all_bold(paragraph: Paragraph) -> bool:
    return all(each.bold for each in paragraph.words if each.text.strip())


@lru_cache(maxsize=64)
def _sayings(words: str) -> frozenset[str]:
    """What the paragraphs of a text say, as headings are compared; every heading under it asks."""
    return frozenset(fold(each.text).lower() for each in paragraphs(words))


def alike(one: str, other: str) -> bool:
    """Whether two titles or texts are so alike that one may be the other changed."""
    return _alike(one, other) >= _SPLIT_ALIKE


def _alike(one: str, other: str) -> float:
    return _likeness(_compared(one), _compared(other))


def _compared(text: str) -> str:
    return fold(text[:_LOOKED_AT]).lower()[:_COMPARED]


@lru_cache(maxsize=8_192)  # each author's state of the document asks the same
def _likeness(one: str, other: str) -> float:
    return 1.0 if one == other else SequenceMatcher(None, one, other, autojunk=False).ratio()


def _divided(have: Sequence[Paragraph], words: str, above: str) -> int | None:
    """The place in `have` from which on its paragraphs are the text `words` and not that of `above`, if there is one.

    Every paragraph is asked which of both it is more like: a text and its plain summary often are much alike.
    """
    own, others = ([each.text for each in paragraphs(each_text)] for each_text in (words, above))
    some = have[-_MOST_DIVIDED:]
    mine = [max((_alike(each.text, one) for one in own[:_MOST_DIVIDED]), default=0.0) for each in some]
    theirs = [max((_alike(each.text, one) for one in others[-_MOST_DIVIDED:]), default=0.0) for each in some]
    wanted = " ".join(own)
    best, score = None, 0.0
    for at in range(len(some)):
        here, there = sum(mine[at:]), sum(theirs[at:])
        if here < there or (here == there and len(have) <= len(others)):
            continue
        alike = _alike(" ".join(each.text for each in some[at:]), wanted)
        if alike >= _SPLIT_ALIKE and alike > score:
            best, score = len(have) - len(some) + at, alike
    return best
