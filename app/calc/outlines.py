"""The outline of somebody's Word document: its headings with what stands under each, as a blueprint could hold them."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from app.calc.moves import UNSPACED
from app.calc.paragraphs import Paragraph, markdown, tidy
from app.calc.wordmarks import DEFINITIONS, ELEMENTS, FIXED_LABELS, LABELS, PRINCIPLES, bare
from app.calc.wordpackages import Unreadable
from app.calc.wordreading import WordFile
from app.calc.wordstates import Line, lines, stands_out

Guess = Literal["principle", "element", "criterion", "specification", "words", "none"]

_BY_DEPTH: tuple[Guess, ...] = ("element", "criterion", "specification")
_NUMBER = re.compile(
    r"\s*(?:[A-Z]?[0-9]{1,4}(?:\.[0-9]{1,4}){1,5}[.)]?|[A-Z]?[0-9]{1,4}[.)]|[PECS][0-9]{1,4}|[A-Z]\)|\(?[a-z]\))\s+(?=\S)"
)
#: A number or letter that is one of the heading's only where others count on from it.
_COUNTED = re.compile(r"\s*([0-9]{1,2}|[A-Z](?=\.))\.?\s+(?=\S)")
_DOTTED = re.compile(r"\s*([0-9]{1,3}(?:\.[0-9]{1,3}){0,4})[.)]?\s+\S")
_LONGEST_BOLD = 15
#: How sentences and their parts end, in scripts that have signs of their own too; a question may be a heading.
_ENDS = (*".;:,", *"؛۔،।", *"。；：，、")
#: Of all lines together. Five books of it would take a minute, and the form that adds the items holds no more.
MOST_LETTERS = 600_000
#: So many letters of words struck through tell which these are.
_LONGEST_STRUCK = 200
INFORMS = "informs"


@dataclass
class Heading:
    """One heading: how deep it stands (from 0), what it could be, its words and the texts under it.

    `struck` are words in these that somebody struck through by hand, `raised` those raised or lowered: they come in as
    words in the line.
    """

    depth: int
    guess: Guess
    title: str
    text: str = ""
    why: str = ""
    summary: str = ""
    struck: str = ""
    raised: str = ""


@dataclass
class Outline:
    """All headings in order, and the words that stand under none."""

    headings: list[Heading] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def outline(file: WordFile) -> Outline:
    """What a document's headings would be as items, all tracked changes made.

    Headings are known by the names of their styles or by their level in the document's outline; where it has none,
    short lines in bold or with a number of their own are taken for such. Raises Unreadable
    with a sentence for a document of more than MOST_LETTERS.
    """
    some = [line for line in lines(file, lambda _: True) if line.paragraph.text.strip()]
    if sum(len(line.paragraph.text) for line in some) > MOST_LETTERS:
        raise Unreadable(f"It has more than {MOST_LETTERS:,} letters. Divide it, and bring the parts in turn.")
    outlined = _outlined(some)
    levels = [line.block.heading or outlined.get((line.block.style, line.block.outlined), 0) for line in some]
    if not any(levels):
        levels = [_looks_like(line) for line in some]
    ranks = {level: at for at, level in enumerate(sorted({level for level in levels if level}))}
    found = Outline()
    counted = _counted(line.paragraph.text for line, level in zip(some, levels, strict=True) if level)
    gathered: list[Paragraph] = []
    texts: dict[str, str] = {}
    name = "text"

    def finish() -> None:
        nonlocal gathered
        words = markdown(tidy(gathered))
        gathered = []
        if found.headings:
            texts[name] = "\n\n".join(each for each in (texts.get(name, ""), words) if each)
            heading = found.headings[-1]
            heading.text, heading.why, heading.summary = (texts.get(each, "") for each in ("text", "why", "summary"))
        elif words:
            found.left_out.append(words)

    for line, level in zip(some, levels, strict=True):
        label = _label(line)
        if level:
            finish()
            texts, name = {}, "text"
            title = _title(line.paragraph.text, counted)
            found.headings.append(Heading(ranks[level], "none", title))
        elif label and found.headings:
            finish()
            name = label
        elif line.block.row or name == INFORMS:
            found.left_out.append(line.paragraph.text.strip())
            continue
        elif line.block.style == "note" and not gathered and name == "text":  # the grey line of an export
            continue
        else:
            gathered.append(line.paragraph)
        if found.headings:
            _look_closely(found.headings[-1], line)
    finish()
    found.left_out += _beside(file)
    _guess(found.headings)
    return found


def _look_closely(heading: Heading, line: Line) -> None:
    """Keep with a heading which of the words that come in with it look otherwise in Word than they read here."""
    for block in line.blocks:
        for looks, words in stands_out(block):
            if looks == "struck":
                short = words if len(words) <= _LONGEST_STRUCK else f"{words[:_LONGEST_STRUCK]} …"
                heading.struck = "; ".join(filter(None, (heading.struck, f"“{short}”")))
            elif looks == "raised":
                heading.raised = "; ".join(filter(None, (heading.raised, words)))


def _outlined(some: Iterable[Line]) -> dict[tuple[str, int], int]:
    """The level of the headings in a style that no name tells, by it and its level in the outline of the document.

    Templates of law firms give a level to the styles of whole clauses too: those in which most lines are sentences are
    styles of no headings.
    """
    sentences: dict[tuple[str, int], list[bool]] = {}
    for line in some:
        if line.block.outlined:
            sentences.setdefault((line.block.style, line.block.outlined), []).append(_is_sentence(line.paragraph.text))
    return {each: each[1] for each, said in sentences.items() if 2 * sum(said) <= len(said)}


def _is_sentence(text: str) -> bool:
    """Whether a line is too long for a heading that nothing else tells, or ends like a sentence."""
    words = len(text.split()) + len(UNSPACED.findall(text)) // 2
    return words > _LONGEST_BOLD or text.rstrip().endswith(_ENDS)


def _looks_like(line: Line) -> int:
    """The level of a heading that is none in Word: its number says it, or it is short and bold."""
    text, words = line.paragraph.text, line.paragraph.words
    if line.block.row or _is_sentence(text):
        return 0
    dotted = _DOTTED.match(text)
    if dotted is not None:
        return dotted[1].count(".") + 1
    return int(all(each.bold for each in words if each.text.strip()))


def _label(line: Line) -> str:
    """Which text begins under a line that is a label, or INFORMS for one of our own that only informs."""
    said = bare(line.paragraph.text)
    if line.block.style == "label" and said in FIXED_LABELS:
        return INFORMS
    return next((name for name, label in LABELS.items() if label.lower() == said), "")


def _counted(titles: Iterable[str]) -> set[str]:
    """The bare numbers and letters that headings count with: those with one beside them."""
    found = {each[1] for title in titles if (each := _COUNTED.match(title)) is not None}
    places = {each: int(each) if each.isdigit() else ord(each) for each in found}
    return {each for each, at in places.items() if {at - 1, at + 1} & set(places.values())}


def _title(text: str, counted: Collection[str]) -> str:
    """A heading's words without its number."""
    own = _COUNTED.match(text)
    if own is not None and own[1] in counted:
        return " ".join(text[own.end() :].split())
    return " ".join(_NUMBER.sub("", text, count=1).split())


def _beside(file: WordFile) -> Iterator[str]:
    """Comments, notes, equations and text boxes, of which no item can be made."""
    for block in file.blocks:
        for thing in block.things:
            what, _, words = thing.partition(": ")
            yield f"{what.capitalize()}: {words}" if words else what.capitalize()
    for comment in file.comments:
        yield f"Comment by {comment.author or 'somebody'}: {comment.text}"


def _guess(headings: Iterable[Heading]) -> None:
    """What each could be: by how deep it stands, below headings that only gather others."""
    gathers: Heading | None = None
    for each in headings:
        title = each.title.lower()
        if title in (PRINCIPLES.lower(), ELEMENTS.lower()):
            gathers, each.guess = each, "none"
            continue
        if title == DEFINITIONS.lower() and not each.text:  # a table of an export stands under it
            continue
        if gathers is not None and each.depth <= gathers.depth:
            gathers = None
        depth = each.depth - (gathers.depth + 1 if gathers is not None else 0)
        if gathers is not None and gathers.title.lower() == PRINCIPLES.lower():
            each.guess = "principle" if depth == 0 else "words"
        else:
            each.guess = _BY_DEPTH[depth] if depth < len(_BY_DEPTH) else "words"
