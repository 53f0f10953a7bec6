"""One state of a Word document: its paragraphs when the tracked changes of some are made, those of others not."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, zip_longest
from typing import Literal, NamedTuple

from app.calc.paragraphs import Paragraph, Words
from app.calc.wordmarks import is_ours
from app.calc.wordreading import BESIDE, FEW, Block, Piece, WordFile
from app.calc.wordstyles import LISTED, Numbering, Shape

_QUOTES = {"quote", "intense quote", "quotations"}
#: The styles of headings inside a text, which are not headings of items.
WORDS_HEADING = "heading in the words"
WORDS_SUBHEADING = "subheading in the words"


class Line(NamedTuple):
    """A paragraph of one state of the document: the blocks that stand in it, and what it says there.

    `block` is the first of them, which it is shaped like. `begins` says of each bookmark before which letter of the
    paragraph it stands. `who` are all who changed it with tracking on, or put in the end of one that parts it from
    words it stood with.
    """

    block: Block
    blocks: tuple[Block, ...]
    begins: dict[str, int]
    paragraph: Paragraph
    who: tuple[str, ...]


def lines(file: WordFile, accepts: Callable[[str], bool]) -> list[Line]:
    """The paragraphs of the document when the tracked changes of those whom `accepts` names are made, others not."""
    found: list[Line] = []
    waiting: list[Block] = []
    counts = _Counts()
    divider = ""
    for block, following in zip_longest(file.blocks, file.blocks[1:]):
        waiting.append(block)
        if not block.row and _runs_on(block, following, accepts):
            continue
        found += _line(waiting, accepts, counts, divider)
        divider = block.mark_inserted_by or "" if any(each.inserted_by is None for each in block.pieces) else ""
        waiting = []
    found += _line(waiting, accepts, counts, divider)
    return found


Looks = Literal["struck", "marked", "raised"]


def stands_out(block: Block) -> Iterator[tuple[Looks, str]]:
    """The words of a paragraph that look otherwise than our dialect can show: struck through, underlined or
    highlighted, and raised or lowered; each sort once, and of the last each place with the words before it."""
    struck = "".join(piece.words.text for piece in block.pieces if piece.struck).strip()
    if struck:
        yield "struck", struck
    marked = "".join(piece.words.text for piece in block.pieces if piece.marked).strip()
    if marked:
        yield "marked", marked
    raised = "; ".join(_raised(block.pieces))
    if raised:
        yield "raised", raised


def _raised(pieces: Iterable[Piece]) -> Iterator[str]:
    """What stands higher or lower than its line, each with the words before it: alone a number says nothing."""
    before = ""
    for raised, some in groupby((each for each in pieces if each.deleted_by is None), lambda each: each.raised):
        words = "".join(each.words.text for each in some)
        if raised and words.strip():
            after = " ".join(before[-BESIDE:].split()[-FEW:])
            yield f"{words.strip()} ({raised}" + (f", after “{after}”)" if after else ")")
        before = words


def _runs_on(block: Block, following: Block | None, accepts: Callable[[str], bool]) -> bool:
    """Whether the end of a paragraph is not there in this state: taken out, or put in by others."""
    if not _is(block.mark_inserted_by, accepts, otherwise=True):
        return not (_structural(block, accepts) and following is not None and _structural(following, accepts))
    return _is(block.mark_deleted_by, accepts) and not _structural(block, accepts)


def _is(author: str | None, accepts: Callable[[str], bool], *, otherwise: bool = False) -> bool:
    return otherwise if author is None else accepts(author)


def _structural(block: Block, accepts: Callable[[str], bool]) -> bool:
    """Whether marks of ours stand in it beside words that stay: such a paragraph is never joined with the next."""
    return any(is_ours(name) for name in block.begins) and bool(_said(block, accepts)[0])


def _said(block: Block, accepts: Callable[[str], bool]) -> tuple[list[Words], dict[str, int]]:
    """What a block says in this state, and before which letter of that each of its bookmarks stands."""
    words: list[Words] = []
    ends = [0]
    for piece in block.pieces:
        ends.append(ends[-1])
        if not _is(piece.inserted_by, accepts, otherwise=True) or _is(piece.deleted_by, accepts):
            continue
        form = piece.words
        if piece.was is not None and not accepts(piece.formed_by):
            form = form._replace(bold=piece.was[0], italic=piece.was[1])
        words.append(form)
        ends[-1] += len(form.text)
    return words, {name: ends[at] for name, at in block.begins.items()}


def _line(blocks: list[Block], accepts: Callable[[str], bool], counts: "_Counts", divider: str) -> Iterator[Line]:
    if not blocks:
        return
    said = [(block, *_said(block, accepts)) for block in blocks]
    standing = [block for block, words, _ in said if any(each.text.strip() for each in words)] or blocks[-1:]
    block = standing[0]
    if block.row and (_is(block.mark_deleted_by, accepts) or not _is(block.mark_inserted_by, accepts, otherwise=True)):
        return
    # A mark lives as long as anything of its paragraph does; that of an emptied paragraph lives if its end stays.
    begins: dict[str, int] = {}
    words: list[Words] = []
    before = 0
    for each, some, places in said:
        if some or each is blocks[-1]:
            begins |= {name: before + at for name, at in places.items()}
        words += some
        before += sum(len(word.text) for word in some)
    shape = Shape(block.style, block.heading, block.numbering)
    if block.was is not None and not accepts(block.shaped_by):
        shape = block.was
    who = (*filter(None, (divider,)), *_who(standing))
    yield Line(block, tuple(standing), begins, counts.paragraph(shape, tuple(words)), who)


def _who(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        for piece in block.pieces:
            yield from (name for name in (piece.inserted_by, piece.deleted_by) if name is not None)
            yield from (piece.formed_by,) if piece.formed_by else ()
        yield from filter(None, (block.shaped_by, block.mark_inserted_by, block.mark_deleted_by))


class _Counts:
    """Where numbered lists have got to."""

    def __init__(self) -> None:
        self._open: dict[int, str] = {}
        self._last: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()

    def paragraph(self, block: Shape, words: tuple[Words, ...]) -> Paragraph:
        """The paragraph that words are in this shape, with its number where a list begins."""
        if not any(each.text.strip() for each in words):
            return Paragraph("plain", words)
        if block.numbering is not None and not block.heading:
            place = block.numbering
            first = None
            if place.kind == "number":
                first = self._first(place)
            else:
                self._open_at(place)
            return Paragraph(place.kind, words, place.level, first)
        listed = LISTED.search(block.style)
        level = int(listed[2] or 1) if listed and listed[1] == "continue" else 0
        self._open = {depth: each for depth, each in self._open.items() if depth < level}
        if block.style in _QUOTES:
            return Paragraph("quote", words)
        if block.style == WORDS_HEADING or block.heading == 5:
            return Paragraph("heading", words)
        if block.style == WORDS_SUBHEADING or block.heading > 5:
            return Paragraph("subheading", words)
        return Paragraph("plain", words, level)

    def _open_at(self, place: Numbering) -> bool:
        """Note that a point stands here; whether it follows one of its own list."""
        follows = self._open.get(place.level) == place.abstract
        self._open = {level: each for level, each in self._open.items() if level < place.level}
        self._open[place.level] = place.abstract
        return follows

    def _first(self, place: Numbering) -> int | None:
        """The number with which a list begins, or goes on after something else; None for a point that just follows."""
        follows = self._open_at(place)
        begins = place.restarts is not None and (place.number, place.level) not in self._begun
        self._begun.add((place.number, place.level))
        last = self._last.get(place.abstract, {})
        number = last[place.level] + 1 if place.level in last else place.start
        if begins:
            number = place.restarts or 0
        above = {level: each for level, each in last.items() if level < place.level}
        self._last[place.abstract] = {**above, place.level: number}
        return None if follows and not begins else number
