"""Word documents from outside, read without trusting them: paragraphs with what was tracked in them, marks, comments.

`read` takes the bytes of a .docx and gives plain values; how its parts are opened is in wordpackages.py.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, NamedTuple

from app.calc.dialect import clean
from app.calc.paragraphs import Words
from app.calc.symbols import UNREAD, draws_signs
from app.calc.wordlinks import LONGEST, address, of_field, with_place
from app.calc.wordpackages import BROKEN, MAX_PART, NOT_WORD, TOO_BIG, Package, Unreadable
from app.calc.wordplain import (
    BREAKS,
    break_of,
    ends_page,
    is_prompt,
    kept_twice,
    letters,
    notes,
    plain,
    sign_of,
    thing_of,
)
from app.calc.wordstyles import ON, UNSAID, Fonts, Look, Numbering, Shape, Styles

#: A blueprint of a thousand items with all its evidence has fewer paragraphs.
MAX_BLOCKS = 20_000
#: So many letters may be told of a document in all, its comments and notes with it: as many as one part can hold.
#: Whatever way a small file found to have its words told again and again, it ends here.
MAX_LETTERS = MAX_PART
#: So many letters of the words that a comment is pinned to are told; no quote is as long.
MAX_PINNED = 10_000
#: So many letters, and words, say where a sign stands that cannot be read.
BESIDE, FEW = 60, 6

_TOO_LONG = "This document has more paragraphs than can be compared. Save only the pages that changed, and try again."
_SKIPPED = {"mc-Fallback", "w-rt", "w-txbxContent", "w-object"}
Raised = Literal["", "raised", "lowered"]
_PUT_IN = "picture: A whole document was put in here; its words were not read"
_RAISED: dict[str, Raised] = {"superscript": "raised", "subscript": "lowered"}


class Piece(NamedTuple):
    """Words in one form, who put them in or took them out with tracking on, and their form before it was changed.

    `struck`, `marked` and `raised` are words that stay, which somebody struck through, underlined or coloured, or set
    higher or lower than the line, by hand or by a style.
    """

    words: Words
    inserted_by: str | None = None
    deleted_by: str | None = None
    was: tuple[bool, bool] | None = None
    formed_by: str = ""
    struck: bool = False
    marked: bool = False
    raised: Raised = ""


class Comment(NamedTuple):
    """A comment of the document: who wrote what, and the words it is pinned to; block -1 when it is pinned nowhere.

    Of more than MAX_PINNED letters `on` is the first, and an ellipsis.
    """

    author: str
    text: str
    on: str
    block: int
    resolved: bool = False


@dataclass(slots=True)
class Block:
    """One paragraph as it stands in the file, or one row of a table.

    `style` is the name of its style in small letters, `heading` its level there or 0; `was` the same before `shaped_by`
    changed it with tracking on; `outlined` its level in the outline of the document, from 1, or 0. `begins` are the
    bookmarks that start in it, each before the piece of that number. `things` are what is not words.
    """

    style: str = ""
    heading: int = 0
    row: bool = False
    numbering: Numbering | None = None
    was: Shape | None = None
    shaped_by: str = ""
    outlined: int = 0
    begins: dict[str, int] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    mark_inserted_by: str | None = None
    mark_deleted_by: str | None = None
    things: list[str] = field(default_factory=list)


@dataclass(slots=True)
class WordFile:
    """A document as read. `authors` are who tracked changes in it, in the order in which they come.

    `margins` are the paragraphs above and below its pages.
    """

    blocks: list[Block]
    margins: list[Block]
    comments: list[Comment]
    properties: dict[str, str]
    authors: list[str]


def read(data: bytes) -> WordFile:
    """The document in `data`. Raises Unreadable with a sentence for anything that is not a .docx within the limits."""
    package = Package(data)
    main = package.main()
    document = package.tree(main)
    if document is None or document.find("w-body") is None:
        raise Unreadable(NOT_WORD)
    reader = _Reader(package, main)
    body = document.find("w-body")
    reader.body(body if body is not None else document)
    if reader.fields_open:
        raise Unreadable(BROKEN)
    comments = reader.comments()
    return WordFile(reader.blocks, reader.margins(), comments, package.properties(), list(reader.authors))


class _Mode(NamedTuple):
    """Where the reader is: within a tracked insertion or deletion, a link, a paragraph of a style, a cell, a prompt."""

    inserted_by: str | None = None
    deleted_by: str | None = None
    link: str = ""
    style: str | None = None
    cell: Look = UNSAID
    prompt: bool = False


class _Field(NamedTuple):
    """A field that stands open: which part of it is being read, its code, where its words or those around it lead.

    `gone` is what was taken out of its code with tracking on: all of it where the field went with its words.
    """

    part: Literal["code", "result"]
    code: str
    link: str
    gone: str = ""


class _Reader:
    """Walks the document and keeps its blocks."""

    def __init__(self, package: Package, main: str) -> None:
        self.blocks: list[Block] = []
        self.authors: dict[str, None] = {}
        self._package = package
        links = package.links(main)
        named = {kind: target for _, kind, target in links}
        self._addresses = {id_: address(target) for id_, kind, target in links if kind == "hyperlink"}
        self._styles = Styles(package.tree(named.get("styles", "")), package.tree(named.get("numbering", "")))
        self._comments_part = named.get("comments", "")
        self._resolutions_part = named.get("commentsExtended", "")
        self._margin_parts = list(dict.fromkeys(part for _, kind, part in links if kind in ("header", "footer")))
        self._notes = notes(package, named)
        self._notes_told: set[tuple[str, str]] = set()
        self._said: list[str] = []  # what comments can be pinned to
        self._pinned: dict[str, list[range]] = {}
        self._pinning: dict[str, int] = {}
        self._pinned_at: dict[str, int] = {}
        self._fields: list[_Field] = []
        self._waiting: list[str] = []
        self._large: Block | None = None
        self._letters = 0

    def _told(self, *some: str) -> None:
        """Count what is about to be told."""
        self._letters += sum(map(len, some))
        if self._letters > MAX_LETTERS:
            raise Unreadable(TOO_BIG)

    def _add(self, block: Block) -> None:
        self.blocks.append(block)
        if len(self.blocks) > MAX_BLOCKS:
            raise Unreadable(_TOO_LONG)

    @property
    def fields_open(self) -> bool:
        """Whether a field began that never ends: its words could not be told from those after it."""
        return bool(self._fields)

    def margins(self) -> list[Block]:
        """The paragraphs above and below the pages; to be asked when the body has been read."""
        body, self.blocks, pinned = self.blocks, [], dict(self._pinned_at)
        for part in self._margin_parts:
            tree = self._package.tree(part)
            if tree is not None:
                self._fields.clear()
                self.body(tree)
        found, self.blocks, self._pinned_at = self.blocks, body, pinned
        return found

    def body(self, parent: ET.Element, mode: _Mode = _Mode()) -> None:  # noqa: B008 - it is immutable
        for each in parent:
            if each.tag == "w-p":
                self._paragraph(each, mode)
            elif each.tag == "w-tbl":
                self._table(each, mode)
            elif each.tag in ("w-bookmarkStart", "w-commentRangeStart", "w-commentRangeEnd"):
                self._pending(each)
            elif each.tag == "w-altChunk":
                self._keep_last(_PUT_IN)
            elif each.tag not in ("w-sectPr", *_SKIPPED):
                self.body(each, self._mode(each, mode))

    def _pending(self, mark: ET.Element) -> None:
        """A mark that stands between paragraphs belongs to the next."""
        if mark.tag == "w-bookmarkStart":
            self._waiting.append(mark.get("w-name", ""))
        elif mark.tag == "w-commentRangeStart":
            self._pin(mark, len(self.blocks))
        else:
            self._unpin(mark.get("w-id", ""))

    def _mode(self, element: ET.Element, mode: _Mode) -> _Mode:
        if element.tag in ("w-ins", "w-moveTo"):
            return mode._replace(inserted_by=self._author(element))
        if element.tag in ("w-del", "w-moveFrom"):
            return mode._replace(deleted_by=self._author(element))
        if element.tag == "w-hyperlink":
            target = self._addresses.get(element.get("r-id", ""))
            if target is None:
                return mode
            return mode._replace(link=with_place(target, element.get("w-anchor", "")))
        return mode._replace(prompt=True) if is_prompt(element) else mode

    def _author(self, element: ET.Element) -> str:
        name = " ".join(clean(element.get("w-author", "")).split())[:120]
        self.authors.setdefault(name)
        return name

    def _table(self, table: ET.Element, around: _Mode) -> None:
        if table.find(".//w-altChunk") is not None:
            self._keep_last(_PUT_IN)
        for row, cells in self._rows(table):
            mode = around
            whole = Block(row=True, style="table", begins=self._take_waiting())
            changed = row.find("w-trPr")
            if changed is not None:
                inserted, deleted = changed.find("w-ins"), changed.find("w-del")
                if inserted is not None:
                    mode = mode._replace(inserted_by=self._author(inserted))
                if deleted is not None:
                    mode = mode._replace(deleted_by=self._author(deleted))
                whole.mark_deleted_by, whole.mark_inserted_by = mode.deleted_by, mode.inserted_by
            self._part("\n")
            for at, (cell, look) in enumerate(cells):
                if at:
                    whole.pieces.append(Piece(Words(" | "), mode.inserted_by, mode.deleted_by))
                    self._part(" | ")
                for number, (paragraph, look_there) in enumerate(self._in_cell(cell, look)):
                    if number:
                        whole.pieces.append(Piece(Words(" "), mode.inserted_by, mode.deleted_by))
                        self._part(" ")
                    style = self._styles.of_words(paragraph.find("w-pPr"))
                    self._runs(paragraph, whole, mode._replace(style=style, cell=look_there))
            self._add(whole)

    def _in_cell(self, parent: ET.Element, look: Look) -> Iterator[tuple[ET.Element, Look]]:
        """The paragraphs of a cell, those of tables within it too, and how their cell lets them look."""
        for each in parent:
            if each.tag == "w-tbl":
                for _, cells in self._rows(each):
                    for cell, look_there in cells:
                        yield from self._in_cell(cell, look_there)
                continue
            if each.tag == "w-p":
                yield each, look  # the words of boxes in it are told with it, as everywhere
            elif each.tag not in _SKIPPED and not is_prompt(each):
                yield from self._in_cell(each, look)

    def _rows(self, table: ET.Element) -> Iterator[tuple[ET.Element, list[tuple[ET.Element, Look]]]]:
        """The rows of a table, each with its cells and how these let their words look."""
        styled, rows = self._styles.table(table), list(_within(table, "w-tr"))
        for at, row in enumerate(rows):
            cells = list(_within(row, "w-tc"))
            yield row, [(cell, styled.cell(at, len(rows), place, len(cells))) for place, cell in enumerate(cells)]

    def _take_waiting(self) -> dict[str, int]:
        waiting, self._waiting = self._waiting, []
        return dict.fromkeys(waiting, 0)

    def _paragraph(self, paragraph: ET.Element, mode: _Mode) -> None:
        properties = paragraph.find("w-pPr")
        block = self._goes_on() or Block()
        for name in self._take_waiting():
            block.begins.setdefault(name, len(block.pieces))
        block.style, block.heading, block.numbering = now = self._styles.shape(properties)
        block.outlined = self._styles.outlined(properties)
        block.mark_inserted_by, block.mark_deleted_by = mode.inserted_by, mode.deleted_by
        if properties is not None:
            changed = properties.find("w-pPrChange")
            before = self._styles.shape(changed.find("w-pPr")) if changed is not None else now
            if changed is not None and before != now:
                block.was, block.shaped_by = before, self._author(changed)
            mark = properties.find("w-rPr")
            for each in mark if mark is not None else ():
                if each.tag in ("w-ins", "w-moveTo"):
                    block.mark_inserted_by = self._author(each)
                elif each.tag in ("w-del", "w-moveFrom"):
                    block.mark_deleted_by = self._author(each)
        if block is not self._large:
            if self.blocks and self.blocks[-1].mark_deleted_by is None:
                self._part("\n")
            self._add(block)
        self._large = block if _is_large(properties) else None
        self._runs(paragraph, block, mode._replace(style=self._styles.of_words(properties)))

    def _goes_on(self) -> Block | None:
        """The letters that stand large before a paragraph, which Word keeps in one of their own."""
        return self._large if self.blocks and self.blocks[-1] is self._large else None

    def _runs(self, parent: ET.Element, block: Block, mode: _Mode) -> None:
        for each in parent:
            tag = each.tag
            if tag == "w-r":
                self._run(each, block, mode)
            elif tag == "w-bookmarkStart":
                block.begins.setdefault(each.get("w-name", ""), len(block.pieces))
            elif tag == "w-commentRangeStart":
                self._pin(each, len(self.blocks) - (not block.row))
            elif tag == "w-commentRangeEnd":
                self._unpin(each.get("w-id", ""))
            elif tag == "w-fldSimple":
                self._runs(each, block, mode._replace(link=of_field(each.get("w-instr", "")) or mode.link))
            elif (thing := thing_of(each)) is not None:
                self._keep(block, thing)
            elif tag not in ("w-pPr", "w-p", *_SKIPPED):
                self._runs(each, block, self._mode(each, mode))

    def _keep(self, block: Block, thing: str) -> None:
        self._told(thing)
        block.things.append(thing)

    def _keep_last(self, thing: str) -> None:
        """Keep what stands between paragraphs with the one before it."""
        if not self.blocks:
            self._add(Block())
        self._keep(self.blocks[-1], thing)

    def _run(self, run: ET.Element, block: Block, mode: _Mode) -> None:
        if mode.prompt:
            return
        made = run.find("w-rPr")
        form, was, by = self._form(made)
        for base in run.findall("w-ruby/w-rubyBase"):
            self._runs(base, block, mode)
        said: list[str] = []
        fonts = self._styles.fonts(made, mode.style)
        for each in run:
            if found := self._content(each, block, said, fonts):
                said.append(found)
        text = "".join(said)
        link = (self._fields[-1].link if self._fields else "") or mode.link
        if self._fields and self._fields[-1].part != "result":
            return
        text = clean(text)
        if not text:
            return
        look = self._styles.look(made, mode.style, mode.cell)
        if look.hidden:
            # Perhaps a note of theirs to themselves: it is nobody's words until somebody makes them so.
            if mode.deleted_by is None:
                self._keep(block, f"hidden: {text.strip()}")
            return
        self._told(text, link)
        stays = mode.deleted_by is None
        block.pieces.append(
            Piece(
                Words(text, *form, link), mode.inserted_by, mode.deleted_by, was, by,
                struck=stays and bool(look.struck), marked=stays and not link and _is_marked(made),
                raised=_RAISED.get(look.raised or "", "") if stays else "",
            )
        )  # fmt: skip
        if stays:
            self._said.append(text)

    def _content(self, each: ET.Element, block: Block, said: list[str], fonts: Fonts) -> str:
        """What one part of a run says after what was `said` in it; fields are followed, what is not words is kept."""
        tag = each.tag
        if tag in ("w-t", "w-delText"):
            return self._text(each, block, said, fonts)
        if tag in BREAKS:
            # A break of page or column parts words, and nothing where none stand before it.
            return break_of(each) if block.pieces or said or not ends_page(each) else ""
        if tag == "w-ruby":
            return ""  # its runs have been read
        if tag == "w-sym":
            return self._symbol(each, block, said)
        if (twice := kept_twice(each)) is not None:
            return twice
        if tag == "w-fldChar":
            self._field(each.get("w-fldCharType"))
        elif tag == "w-instrText" and self._fields:
            field = self._fields[-1]
            self._fields[-1] = field._replace(code=(field.code + (each.text or ""))[:LONGEST])
        elif tag == "w-delInstrText" and self._fields:
            field = self._fields[-1]
            self._fields[-1] = field._replace(gone=(field.gone + (each.text or ""))[:LONGEST])
        elif tag in ("w-footnoteReference", "w-endnoteReference"):
            key = tag.removesuffix("Reference"), each.get("w-id", "")
            if key not in self._notes_told:  # Word refers to each once
                self._notes_told.add(key)
                self._keep(block, f"footnote: {self._notes.get(key, '')}")
        elif tag == "w-commentReference":
            self._pinned_at.setdefault(each.get("w-id", ""), len(self.blocks) - (not block.row))
        elif (thing := thing_of(each)) is not None:
            self._keep(block, thing)
        return ""

    def _text(self, each: ET.Element, block: Block, said: list[str], fonts: Fonts) -> str:
        """The letters of a run: where its font draws signs, what these are."""
        text, font, strange = letters(each, fonts)
        if strange is not None:  # they stay: where the font is not at hand, people read letters
            self._unread(strange.font, block, [*said, text[: strange.at]], strange.typed)
        unread = UNREAD.search(text) if draws_signs(font) else None
        if unread is None:
            return text
        self._unread(font, block, [*said, text[: unread.start()]])
        return UNREAD.sub("", text)

    def _symbol(self, each: ET.Element, block: Block, said: list[str]) -> str:
        """A sign that Word takes from a font by its number."""
        sign = sign_of(each)
        if sign is None:
            self._unread(each.get("w-font", ""), block, said)
        return sign or ""

    def _unread(self, font: str, block: Block, said: Sequence[str], typed: str = "") -> None:
        """Keep that a sign of a font stands here which we do not know, typed with which letters, after which words."""
        stand = [each.words.text for each in block.pieces[-FEW:] if each.deleted_by is None]
        before = "".join(each[-BESIDE:] for each in [*stand, *said[-FEW:]])
        after = " ".join(before[-BESIDE:].split()[-FEW:])
        with_letters = f", typed “{typed[:BESIDE]}”" if typed else ""
        self._keep(block, f"symbol: {clean(font)[:40]}{with_letters}" + (f", after “{after}”" if after else ""))

    def _field(self, step: str | None) -> None:
        if step == "begin":
            self._fields.append(_Field("code", "", self._fields[-1].link if self._fields else ""))
        elif step == "separate" and self._fields and self._fields[-1].part == "code":
            field = self._fields[-1]
            self._fields[-1] = _Field("result", "", of_field(field.code.strip() or field.gone) or field.link)
        elif step == "end" and self._fields:
            self._fields.pop()

    def _form(self, made: ET.Element | None) -> tuple[tuple[bool, bool], tuple[bool, bool] | None, str]:
        """(bold, italic), the same before a tracked change of form, who changed it."""
        if made is None:
            return (False, False), None, ""
        now = self._styles.form(made)
        changed = made.find("w-rPrChange")
        before, by = None, ""
        if changed is not None:
            inner = changed.find("w-rPr")
            before = self._styles.form(inner) if inner is not None else (False, False)
            if before == now:
                before = None
            else:
                by = self._author(changed)
        return now, before, by

    def _part(self, gap: str) -> None:
        """Part what a comment may be pinned to, as the words are parted where they stand."""
        if self._said and not self._said[-1].isspace():
            self._said.append(gap)

    def _pin(self, mark: ET.Element, block: int) -> None:
        id_ = mark.get("w-id", "")
        self._pinning.setdefault(id_, len(self._said))
        self._pinned_at.setdefault(id_, block)

    def _unpin(self, id_: str) -> None:
        begun = self._pinning.pop(id_, len(self._said))
        if begun < len(self._said):
            self._pinned.setdefault(id_, []).append(range(begun, len(self._said)))

    def _pinned_to(self, id_: str) -> str:
        """The words a comment is pinned to, put together only now: very many may be pinned to the same."""
        found: list[str] = []
        left = MAX_PINNED
        for at in chain.from_iterable(self._pinned.get(id_, ())):
            text = self._said[at]
            found.append(text[:left])
            left -= len(text)
            if left < 0:
                return "".join([*found, " …"])
        return "".join(found).strip()

    def comments(self) -> list[Comment]:
        """The comments, in the order of the document."""
        tree = self._package.tree(self._comments_part) if self._comments_part else None
        states = self._package.tree(self._resolutions_part) if self._resolutions_part else None
        done = {
            each.get("x-paraId", "-")
            for each in (states.iter("x-commentEx") if states is not None else ())
            if each.get("x-done") in ON
        } - {"-"}
        for id_ in list(self._pinning):  # those that never end, end with the document
            self._unpin(id_)
        found = []
        for each in tree.findall("w-comment") if tree is not None else ():
            id_ = each.get("w-id", "")
            author = " ".join(clean(each.get("w-author", "")).split())[:120]
            text, on = plain(each), self._pinned_to(id_)
            self._told(text, on)
            resolved = any(line.get("x-paraId", "") in done for line in each.iter("w-p"))
            found.append(Comment(author, text, on, self._pinned_at.get(id_, -1), resolved))
        return sorted(found, key=lambda comment: comment.block)


def _within(parent: ET.Element, tag: str) -> Iterator[ET.Element]:
    """The rows of a table or the cells of a row, also those in content controls; those of tables within are not."""
    for each in parent:
        if each.tag == tag:
            yield each
        elif each.tag not in ("w-tr", "w-tc", "w-tbl", *_SKIPPED):
            yield from _within(each, tag)


def _is_large(properties: ET.Element | None) -> bool:
    """Whether a paragraph is the letters that stand large at the beginning of the next (a drop cap)."""
    frame = properties.find("w-framePr") if properties is not None else None
    return frame is not None and frame.get("w-dropCap", "none") != "none"


def _is_marked(made: ET.Element | None) -> bool:
    """Whether words are underlined or highlighted by hand, which the dialect does not know."""
    if made is None:
        return False
    found = [made.find(tag) for tag in ("w-u", "w-highlight")]
    return any(each is not None and each.get("w-val", "none") != "none" for each in found)
