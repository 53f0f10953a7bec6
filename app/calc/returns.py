"""A Word document that went out and comes back: which words of which item somebody would rather read.

What goes out carries a bookmark on every paragraph that is not itself words to be changed: on the reference in an
item's heading, on the line under it, on labels, on lines that only inform. Bookmarks outlive Word and LibreOffice, even
when a heading is moved or its words are written anew. Where they are gone, the reference in the heading, the label, and
at last the likeness of the words tell what is what. A bookmark is no authority: it names an item and a version of its
text, nothing more, and whoever brings the document back may do with that what they may do anyway.
"""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from app.calc.changes import BadChangeError, ChangeSet, from_units, to_units
from app.calc.differences import change_between
from app.calc.paragraphs import Paragraph, Words, fold, paragraphs, rewritten, tidy, unfolded
from app.calc.suggestions import touches
from app.calc.wordreading import Line, WordFile, lines

FIELDS = ("title", "text", "why", "summary")
LABELS = {"why": "Why", "summary": "In plain words"}
#: The headings above items.
PRINCIPLES, ELEMENTS = "Principles", "Core elements"
#: The heading above what the defined terms mean, which stands before them.
DEFINITIONS = "Definitions"
#: How the grey line under an item's heading begins.
KIND_WORDS = ("Principle", "Core element", "Criterion", "Specification")
#: Labels of what only informs.
EVIDENCE, DECISIONS, SUGGESTIONS, COMMENTS = "Evidence", "Decisions", "Suggested words", "Comments"
FIXED_LABELS = {EVIDENCE.lower(), DECISIONS.lower(), SUGGESTIONS.lower(), COMMENTS.lower()}
#: What stands for an author who gave no name (LibreOffice), or whose name was taken out (Word).
NOBODY = {"unknown author", "unbekannter autor", "author"}
#: A text of the blueprint never has more letters.
LONGEST = 100_000
#: More people than this who tracked changes are taken together.
MOST_AUTHORS = 8
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

_TEXT = re.compile(r"c_([A-Z][0-9]{1,6}(?:_[0-9]{1,6}){0,3})_(title|text|why|summary)_([0-9]{1,9})_([0-9a-f]{6})")
_LINE = re.compile(r"c_line_[0-9]{1,6}_([0-9a-f]{6})")
_FIXED = re.compile(r"c_fixed_[0-9]{1,6}_([0-9]{1,5})")
_PAGE = re.compile(r" · page [0-9]*$")
_REFERENCE = re.compile(r"\s*([A-Z][0-9]{1,6}(?:\.[0-9]{1,6}){0,3})(?![0-9])(?!\.[0-9])")

What = Literal[
    "comment", "new", "paragraph", "table", "deleted", "no title", "reference", "line", "lines gone", "moved",
    "picture", "footnote", "struck", "label", "marked", "equation", "hidden", "symbol", "margin",
    "too long",
]  # fmt: skip
Place = tuple[str, str]


class Text(NamedTuple):
    """One text as it went out: its version and its words."""

    version: int
    words: str


@dataclass(frozen=True)
class Item:
    """An item that the document may speak of, with its texts by field; `expected` if it must be in it."""

    reference: str
    texts: Mapping[str, Text]
    expected: bool = True


@dataclass(frozen=True)
class Proposal:
    """Words that somebody would rather read.

    `authors` are those whose tracked changes these are, an empty name for changes that were not tracked. `mixed` if
    several people's changes of one text could not be told apart and stand in one proposal.
    """

    reference: str
    field: str
    version: int
    before: str
    after: str
    authors: tuple[str, ...]
    mixed: bool = False


@dataclass(frozen=True)
class Loose:
    """What can be no suggestion: `what` it is, the item it stands in or after, its words in full, who wrote it.

    `resolved` is a comment that was marked as resolved in Word.
    """

    what: What
    reference: str
    text: str
    author: str = ""
    on: str = ""
    field: str = ""
    resolved: bool = False


@dataclass(frozen=True)
class Returned:
    """All that a document says. `marked` is False when its bookmarks were gone and likeness had to do."""

    proposals: list[Proposal]
    loose: list[Loose]
    found: int
    marked: bool


def named(author: str, edited_by: str) -> str:
    """An author as a document names them; where a program wrote a word for nobody, who is said to have edited it."""
    return edited_by if fold(author).lower() in NOBODY else author


def bare(words: str) -> str:
    """A label or heading as it is compared: in small letters, without needless spaces and its colon."""
    return " ".join(fold(words).split()).rstrip(":").lower()


# --- bookmarks ---


def _check(words: str) -> str:
    alike = " ".join(fold(words).split())
    return hashlib.sha256(alike.encode()).hexdigest()[:6]


def text_mark(reference: str, name: str, version: int, line: str) -> str:
    """The bookmark of a text: on the reference in its heading for a title, else on the line above the text."""
    return f"c_{reference.replace('.', '_')}_{name}_{version}_{_check(line)}"


class Marks:
    """Bookmarks for lines that only inform, each with a number of its own."""

    def __init__(self) -> None:
        self._last = 0

    def line(self, words: str) -> str:
        """For a line with these words; a table's row is its cells joined by " | "."""
        self._last += 1
        return f"c_line_{self._last}_{_check(words)}"

    def fixed(self, count: int) -> str:
        """For the label above so many lines that only inform."""
        self._last += 1
        return f"c_fixed_{self._last}_{count}"


def versions_of(file: WordFile) -> dict[Place, int]:
    """Which version of which text the document was made from, as its bookmarks say."""
    found: dict[Place, int] = {}
    for block in file.blocks:
        for name in block.begins:
            if (mark := _TEXT.match(name)) is not None:
                found.setdefault(_place(mark), int(mark[3]))
    return found


# --- finding the texts again ---


@dataclass
class _Sheet:
    """One state of the document: the paragraphs of each text, titles, the order of items, and what is loose."""

    texts: dict[Place, list[Paragraph]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    loose: list[Loose] = field(default_factory=list)
    where: dict[int, Place] = field(default_factory=dict)
    who: dict[Place, dict[str, None]] = field(default_factory=dict)


class _Sorter:
    """Reads the lines of one state from top to bottom and puts each where it belongs."""

    def __init__(self, file: WordFile, items: Mapping[str, Item]) -> None:
        self.items = items
        self.has_marks = bool(versions_of(file))
        self.marked: set[Place] = set()
        self.sheet = _Sheet()
        self.reference = ""
        self.at: str = "front"  # or a field, "fixed", "new", "definitions"
        self.expects = 0
        self.noted = True  # whether the grey line under the last heading has been seen
        self.unmarked: dict[str, str] = {}  # titles to be found by their words, as they are compared
        self.likened = self.parted = 0  # how many comparisons have been made, about
        self.titles_at: dict[str, int] = {}
        self.new: list[tuple[int, list[str]]] = []  # where new headings stand among what is loose, with their lines
        self.below: dict[int, str] = {}  # the words under each line

    def sort(self, some: Sequence[Line]) -> _Sheet:
        # Only marks that stand in this state count: those of words moved away with tracking on do not.
        self.marked = {_place(mark) for line in some for name in line.begins if (mark := _TEXT.match(name)) is not None}
        headed = {found[1] for line in some if line.block.heading and (found := _REFERENCE.match(line.paragraph.text))}
        self.unmarked = {
            reference: _compared(" ".join(item.texts["title"].words.split()))
            for reference, item in self.items.items()
            if "title" in item.texts and (reference, "title") not in self.marked and reference not in headed
        }
        if not self.has_marks:
            self._find_titles(some)
        filled = [line for line in some if line.paragraph.text.strip()]
        self.below = {id(line.block): after.paragraph.text for line, after in pairwise(filled)}
        for line in some:
            self._line(line)
            name = "title" if self.reference in self.sheet.order[-1:] and line.block.heading else self.at
            place = self.reference, name if name in FIELDS else "text"
            self.sheet.where[id(line.block)] = place
            self.sheet.who.setdefault(place, {}).update(dict.fromkeys(line.who))
        for at, words in self.new:
            self.sheet.loose[at] = replace(self.sheet.loose[at], text="\n".join(words))
        self._lines_gone()
        self._part()
        self._divide()
        return self.sheet

    def _find_titles(self, some: Sequence[Line]) -> None:
        """Where each title stands when no mark tells: not in a list of contents, nor in a sentence that begins so."""
        best: dict[str, tuple[bool, bool, float, int]] = {}
        filled = [line for line in some if line.paragraph.text.strip()]
        for at, line in enumerate(filled):
            text = line.paragraph.text
            found = _REFERENCE.match(text)
            item = self.items.get(found[1]) if found is not None else None
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

    def _line(self, line: Line) -> None:
        for name, at in line.begins.items():
            if (mark := _TEXT.match(name)) is not None and self._begin(mark, line, at):
                return
        for name, at in line.begins.items():
            if (fixed := _FIXED.match(name)) is not None:
                self._begin_fixed(int(fixed[1]), line, at)
                return
            if (known := _LINE.match(name)) is not None:
                self._inform(known, line, at)
                return
        if line.paragraph.text.strip() and not self._known_by_words(line):
            self._put(line)

    def _begin_fixed(self, count: int, line: Line, at: int) -> None:
        """The label above lines that only inform; words joined with it belong to the text above, or are told."""
        label = bare(self._run_on(line, at).paragraph.text)
        self._lines_gone()
        if label not in {*FIXED_LABELS, DEFINITIONS.lower()}:
            self._lose("line", line)
        self.at, self.expects = "fixed", count

    def _inform(self, known: re.Match[str], line: Line, at: int) -> None:
        """A line that only informs; the heading of a part ends the text above."""
        line = self._run_on(line, at)
        if line.block.heading:  # a part begins: what stood above it has ended
            self._lines_gone()
            self.at = "front"
        elif self.at == "fixed":
            self.expects -= 1
        elif self.at in FIELDS:
            self.at = "front"
        if known[1] != _check(line.paragraph.text):
            self._lose("line", line)

    def _run_on(self, line: Line, at: int) -> Line:
        """The line from the letter `at` on, when what stands before it ran on from the text above."""
        if not line.paragraph.text[:at].strip() or self.at not in FIELDS or line.block.row:
            return line
        before, rest = _cut(line.paragraph, at)
        self._text(before)
        return line._replace(paragraph=rest)

    def _begin(self, mark: re.Match[str], line: Line, at: int) -> bool:
        """Begin the text whose bookmark stands before the letter `at` of this line."""
        reference, name = _place(mark)
        if reference not in self.items or self._has(reference, name):
            return False
        if name == "title":
            self._begin_title(reference, line, at)
            return True
        line = self._run_on(line, at)
        self._go_to(reference, name)
        self.noted = True
        if mark[4] != _check(line.paragraph.text):
            label = LABELS.get(name, "")
            if label and fold(line.paragraph.text).lower().startswith(label.lower()):
                self._add_rest(line, len(label))
            elif line.paragraph.text.strip():
                self._lose("line", line)
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
        self._lines_gone()
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
                        self._lines_gone()
                        self.at = "between"
                        return False
                    self._go_to(self.reference, name)
                    return True
            if said in FIXED_LABELS and (style == "label" or not self.has_marks):
                self._lines_gone()
                self.at = "fixed"
                return True
        is_note = not self.noted and self.at == "text" and _is_note(line)
        self.noted = True
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
            and found[1] in self.items
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
        self._lines_gone()
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
        else:
            self._lose("table" if line.block.row else "paragraph", line)

    def _lose(self, what: What, line: Line, reference: str = "") -> None:
        words = line.paragraph.text.strip()
        author = ", ".join(dict.fromkeys(line.who))
        self.sheet.loose.append(Loose(what, reference or self.reference, words, author))

    def _lines_gone(self) -> None:
        if self.at == "fixed" and self.expects > 0:
            self.sheet.loose.append(Loose("lines gone", self.reference, str(self.expects)))
        self.expects = 0

    def _part(self) -> None:
        """The text of an item whose heading is gone has run into the text above it: find it by its likeness."""
        known = list(self.items)
        for at, reference in enumerate(known):
            base = self.items[reference].texts.get("text")
            place = reference, "text"
            if reference in self.sheet.titles or base is None or not base.words or self.sheet.texts.get(place):
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


def _place(mark: re.Match[str]) -> Place:
    return mark[1].replace("_", "."), mark[2]


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


# --- what differs ---


def match(file: WordFile, items: Iterable[Item]) -> Returned:
    """What the document would have otherwise: proposals in the order of `items`, and all that can be none.

    `items` come in the order in which they went out.
    """
    known = {item.reference: item for item in items}
    sorter = _Sorter(file, known)
    sheet = sorter.sort(lines(file, lambda author: True))
    states = _states(file, known)
    proposals: list[Proposal] = []
    for reference, item in known.items():
        if reference not in sheet.titles and not any(place[0] == reference for place in sheet.texts):
            continue
        for name, base in item.texts.items():
            proposals += _proposals(reference, name, base, sheet, states)
    for (reference, name), found in sheet.texts.items():
        if _too_long(found):
            who = ", ".join(sheet.who.get((reference, name), ()))
            sheet.loose.append(Loose("too long", reference, "\n".join(each.text for each in found), who, field=name))
    for reference, title in sheet.titles.items():
        if len(title) > LONGEST:
            who = ", ".join(sheet.who.get((reference, "title"), ()))
            sheet.loose.append(Loose("too long", reference, title, who, field="title"))
    return Returned(proposals, _all_loose(file, known, sheet), len(sheet.order), sorter.has_marks)


def _states(file: WordFile, known: Mapping[str, Item]) -> dict[str | None, _Sheet]:
    """The document as each of its authors would have it, and, under None, without what was tracked."""
    if not file.authors:
        return {}
    states: dict[str | None, _Sheet] = {None: _Sorter(file, known).sort(lines(file, lambda author: False))}
    if len(file.authors) <= MOST_AUTHORS:
        for name in file.authors:
            states[name] = _Sorter(file, known).sort(lines(file, lambda author, name=name: author == name))  # type: ignore[misc]  # a default binds the name
    return states


def _words_of(sheet: _Sheet, reference: str, name: str, base: str) -> str | None:
    """A text as a state of the document has it, in our dialect; None when nothing can be said of it."""
    if name == "title":
        title = sheet.titles.get(reference)
        return _title(base, title) if title and len(title) <= LONGEST else None
    found = sheet.texts.get((reference, name))
    if found is None:
        return "" if reference in sheet.titles and base else None
    return None if _too_long(found) else _rewritten(base, tuple(found))


def _too_long(found: Sequence[Paragraph]) -> bool:
    """Whether a text is longer than any can be; to compare it all the same would take long and lead to nothing."""
    return sum(len(each.text) for each in found) > LONGEST


@lru_cache(maxsize=64)
def _rewritten(base: str, found: tuple[Paragraph, ...]) -> str:
    """`rewritten`; most authors leave most texts as others have them."""
    return rewritten(base, found)


def _title(base: str, title: str) -> str:
    old, new = (tidy([Paragraph("plain", (Words(each),))]) for each in (base, title))
    kept = unfolded(old, new)
    return base if kept == old else " ".join(each.text for each in kept)


def _proposals(
    reference: str, name: str, base: Text, sheet: _Sheet, states: Mapping[str | None, _Sheet]
) -> Iterator[Proposal]:
    after = _words_of(sheet, reference, name, base.words)
    if after is None or after == base.words:
        return
    versions = {who: _words_of(state, reference, name, base.words) for who, state in states.items()}
    plain = versions.pop(None, after)
    plain = base.words if plain is None else plain
    edits = [("", plain)] if plain != base.words else []
    edits += [
        (who, words) for who, words in versions.items() if words is not None and words != plain and who is not None
    ]
    if states and not versions:  # more people than are told apart
        names = tuple(sheet.who.get((reference, name), ()))
        edits += [(who, after) for who in names if plain != after]
    separate = _separate(base.words, plain, after, edits) if versions else None
    if len(edits) > 1 and separate is not None:
        for (who, _), words in zip(edits, separate, strict=True):
            yield Proposal(reference, name, base.version, base.words, words, (who,))
        return
    names = tuple(who for who, _ in edits) or ("",)
    if versions and not (len(edits) == 1 and edits[0][1] == after):  # somebody changed what another had put in
        names = tuple(dict.fromkeys([*names, *sheet.who.get((reference, name), ())]))
    yield Proposal(reference, name, base.version, base.words, after, names, mixed=len(names) > 1)


def _separate(base: str, plain: str, after: str, edits: Sequence[tuple[str, str]]) -> list[str] | None:
    """Each one's words on their own, if they touch different places and together make the whole."""
    if len(edits) < 2:
        return None
    units = to_units(base)
    try:
        untracked = change_between(base, plain)
        back = untracked.invert(units)
        changes: list[ChangeSet] = []
        for who, words in edits:
            changes.append(change_between(plain, words).map(back) if who else untracked)
        if any(touches(one, other) for at, one in enumerate(changes) for other in changes[at + 1 :]):
            return None
        whole = changes[0]
        for change in changes[1:]:
            whole = whole.compose(change.map(whole))
        if paragraphs(from_units(whole.apply(units))) != paragraphs(after):
            return None
        return [from_units(change.apply(units)) for change in changes]
    except BadChangeError:
        return None


# --- what is loose ---


def _all_loose(file: WordFile, known: Mapping[str, Item], sheet: _Sheet) -> list[Loose]:
    loose = list(sheet.loose)
    for reference, item in known.items():
        title = item.texts["title"].words if "title" in item.texts else ""
        seen = any(place[0] == reference for place in sheet.texts)
        if reference not in sheet.titles and (seen or item.expected):
            loose.append(Loose("no title" if seen else "deleted", reference, title))
        elif reference in sheet.titles and not sheet.titles[reference]:
            loose.append(Loose("no title", reference, title))
    rank = {reference: at for at, reference in enumerate(known)}
    loose += [Loose("moved", each, known[each].texts["title"].words) for each in _moved(sheet.order, rank)]
    return [*_margins(file), *loose, *_beside(file, sheet)]


_THINGS: dict[str, What] = {
    "picture": "picture", "footnote": "footnote", "equation": "equation", "hidden": "hidden", "symbol": "symbol",
}  # fmt: skip


def _margins(file: WordFile) -> Iterator[Loose]:
    """What somebody wrote above or below the pages, each once however many sorts of page have it."""
    said: dict[str, str] = {}
    for line in lines(WordFile(file.margins, [], [], {}, []), lambda _: True):
        text = line.paragraph.text.strip()
        ours = [known[1] for name in line.begins if (known := _LINE.match(name)) is not None]
        if text and _check(_PAGE.sub("", text)) not in ours:
            said.setdefault(text, ", ".join(dict.fromkeys(line.who)))
    yield from (Loose("margin", "", text, author) for text, author in said.items())


def _beside(file: WordFile, sheet: _Sheet) -> Iterator[Loose]:
    """Comments, pictures, notes, and words struck through by hand, with the item they stand in."""
    place: Place = ("", "")
    at: list[Place] = []
    for block in file.blocks:
        place = sheet.where.get(id(block), place)
        at.append(place)
        for thing in block.things:
            what, _, words = thing.partition(": ")
            yield Loose(_THINGS[what], place[0], words)
        informs = block.row or any(_LINE.match(name) for name in block.begins)
        struck = "".join(piece.words.text for piece in block.pieces if piece.struck).strip()
        if struck and not informs:
            yield Loose("struck", place[0], struck)
        marked = "".join(piece.words.text for piece in block.pieces if piece.marked).strip()
        if marked and not informs:
            yield Loose("marked", place[0], marked)
    for comment in file.comments:
        reference, name = at[comment.block] if 0 <= comment.block < len(at) else ("", "")
        yield Loose("comment", reference, comment.text, comment.author, comment.on.strip(), name, comment.resolved)


def _moved(order: Sequence[str], rank: Mapping[str, int]) -> list[str]:
    """Those that do not stand in the longest run that kept its order."""
    tails: list[int] = []
    chain: list[list[str]] = []
    for reference in order:
        place = bisect_left(tails, rank[reference])
        run = [*(chain[place - 1] if place else []), reference]
        tails[place : place + 1] = [rank[reference]]
        chain[place : place + 1] = [run]
    kept = set(chain[-1]) if chain else set()
    return [reference for reference in order if reference not in kept]
