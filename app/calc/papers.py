"""A paper to hand out, block by block: headings, words, tables, pictures; as a Word file, and as data for a PDF.

Tables are as wide as the page (16.6 cm) unless they say otherwise. Every picture has a description; its table twin
stands beside it in the paper for those who do not see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.calc.dialect import clean
from app.calc.documents import WordDocument
from app.calc.paragraphs import Paragraph, paragraphs

PAGE_CM = 16.6
#: A longer address stops Typst, which makes the PDF.
LONGEST_LINK = 2_000
#: A run of letters that no line can hold may be broken after each piece; a fingerprint of 64 stays whole.
_LONG, _PIECE = re.compile(r"\S{70,}"), 20


@dataclass(frozen=True)
class Heading:
    """A heading, level 1 to 4."""

    level: int
    words: str


@dataclass(frozen=True)
class Line:
    """A paragraph of plain words; ``tone`` is plain, label, note or quote."""

    words: str
    tone: str = "plain"


@dataclass(frozen=True)
class Prose:
    """A text in our dialect, as people wrote it."""

    text: str


@dataclass(frozen=True)
class Points:
    """Lines one under another, each a point."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table with a header; ``widths`` are shares of the page, one for each column."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float] = ()


@dataclass(frozen=True)
class Picture:
    """A picture as SVG, with the words that those who do not see it are read."""

    svg: str
    description: str


Block = Heading | Line | Prose | Points | Table | Picture


@dataclass(frozen=True)
class Paper:
    """What is handed out: ``front`` stands under the title, ``footer`` at the foot of each page."""

    title: str
    subject: str
    front: Sequence[str]
    footer: str
    blocks: Sequence[Block]

    @property
    def pictures(self) -> list[Picture]:
        """All pictures, in order."""
        return [each for each in self.blocks if isinstance(each, Picture)]


def word_bytes(paper: Paper, drawn: Sequence[bytes], *, day: datetime) -> bytes:
    """The paper as a Word file; ``drawn`` holds its pictures as PNG, in order.

    Raises:
        ValueError: there are more or fewer pictures than the paper has.
    """
    if len(drawn) != len(paper.pictures):
        raise ValueError("a paper's Word file takes each of its pictures, drawn")
    file, pictures = WordDocument(paper.title, subject=paper.subject, day=day), iter(drawn)
    file.footer(paper.footer)
    file.heading(paper.title, level=0)
    for line in paper.front:
        file.paragraph(line)
    for each in paper.blocks:
        match each:
            case Heading(level, words):
                file.heading(words, level=level)
            case Line(words, "label"):
                file.label(words)
            case Line(words, "note"):
                file.note(words)
            case Line(words, tone):
                file.paragraph(words, style="Quote" if tone == "quote" else None)
            case Prose(text):
                file.text(paragraphs(text))
            case Points(lines):
                for line in lines:
                    file.paragraph(line, style="List Bullet")
            case Table(head, rows, widths):
                file.table(head, rows, widths=[share * PAGE_CM for share in widths])
            case Picture(_svg, description):
                file.picture(next(pictures), description=description, width_cm=PAGE_CM)
    return file.to_bytes()


def data_of(paper: Paper) -> dict[str, Any]:
    """The paper as data for the template app/data/paper.typ."""
    return {
        "title": fit(paper.title), "front": [fit(each) for each in paper.front], "footer": fit(paper.footer),
        "blocks": [_data(each) for each in paper.blocks],
    }  # fmt: skip


def fit(words: str) -> str:
    """Words as a page can hold them: without control characters, and with places to break where there is none."""
    words = clean(words.replace("\u2028", "\n").replace("\u2029", "\n"))
    return _LONG.sub(lambda found: "\u200b".join(re.findall(f".{{1,{_PIECE}}}", found[0])), words)


def _data(each: Block) -> dict[str, Any]:
    match each:
        case Heading(level, words):
            return {"kind": "heading", "level": level, "words": fit(words)}
        case Line(words, tone):
            return {"kind": tone, "words": fit(words)}
        case Prose(text):
            return {"kind": "prose", "blocks": blocks(paragraphs(text))}
        case Points(lines):
            return {"kind": "points", "lines": [fit(line) for line in lines]}
        case Table(head, rows, widths):
            cells = [[fit(cell) for cell in row] for row in rows]
            return {"kind": "table", "head": [fit(each) for each in head], "rows": cells, "widths": list(widths)}
        case Picture(svg, description):
            return {"kind": "picture", "svg": svg, "description": description}


def blocks(some: Sequence[Paragraph]) -> list[dict[str, Any]]:
    """Paragraphs one after another as blocks that hold each other: points in lists, lists in points."""
    return list(_blocks(list(some), 0, len(some), 0))


def _blocks(some: list[Paragraph], at: int, end: int, level: int) -> Iterator[dict[str, Any]]:
    while at < end:
        each = some[at]
        if each.kind not in ("bullet", "number"):
            kind = {"heading": "heading", "subheading": "heading", "quote": "quote"}.get(each.kind, "plain")
            yield {"kind": kind, "words": _words(each)}
            at += 1
            continue
        points: list[list[dict[str, Any]]] = []
        first = each.first or 1
        kind = each.kind
        while at < end and some[at].kind == kind and some[at].level == level and (not points or some[at].first is None):
            last = at + 1
            while last < end and _within(some[last], level):
                last += 1
            own = {"kind": "plain", "words": _words(some[at])}
            points.append([own, *_blocks(some, at + 1, last, level + 1)])
            at = last
        if not points:  # deeper than what stands above it: as if it stood there
            some[at] = Paragraph(each.kind, each.words, level, each.first)
            continue
        yield {"kind": "list" if kind == "bullet" else "enum", "first": first, "points": points}


def _within(each: Paragraph, level: int) -> bool:
    return each.kind in ("bullet", "number", "plain") and each.level > level


def _words(each: Paragraph) -> list[dict[str, Any]]:
    """The words of a paragraph; an address that no PDF can hold is left off them."""
    return [
        (part if len(part.link) <= LONGEST_LINK else part._replace(link=""))._replace(text=fit(part.text))._asdict()
        for part in each.words
    ]
