"""The Markdown our texts are written in, as an extension of the ``markdown`` package.

The dialect is what the toolbar offers: paragraphs, a line break per newline, two heading levels, bold, italic, bullet
and numbered lists (nested by two spaces, allowed to follow a paragraph at once), quotes and links. Raw HTML, images,
code, rules, tables and references are words like any other. Stock Python-Markdown reads lists unlike the editor, so
`DialectExtension` replaces its block and inline readers with ours, which follow the editor's parser (@lezer/markdown)
rule by rule where the two could be seen to differ; `tests/unit/test_markup.py` holds one against the other.

`parse` gives the tree that pages and Word files are both made from: a ``div`` of ``h1 h2 p ul ol li blockquote``
with ``strong em a br`` inside. An ``a`` always carries an ``href`` that `safe_url` accepts.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import markdown
from markdown.blockprocessors import BlockProcessor
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markdown.util import Registry

from app.calc.inlines import Marks, Span, fill, marks

MAX_DEPTH = 32
"""Lists and quotes nested deeper than this stay plain words; a tree of any depth could exhaust the stack."""

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_RULE = re.compile(r"([-*_])(?: *\1){2,} *$")
_FENCE = re.compile(r"`{3,}[^`]*$|~{3,}")
_ORDERED = re.compile(r"([0-9]{1,9})([.)])(?= |$)")
_HEADING = re.compile(r"(#{1,6})(?= |$)")
# Where an HTML block could begin, the editor's parser ends the paragraph although HTML itself is off.
_HTML_START = re.compile(
    r"<(?:(?:script|pre|style|textarea)(?:[\s>]|$)|!--|\?|![a-z]|!\[CDATA\[|/?(?:address|article|aside|base|basefont|"
    r"blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|"
    r"form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|"
    r"option|p|param|section|source|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?:\s|/?>|$))",
    re.IGNORECASE,
)


def clean(text: str) -> str:
    """`text` with one kind of line end, and without control characters, bidirectional overrides and half characters."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


@dataclass(slots=True)
class _Context:
    """An open block: the document, a quote, a list (`mark` is its bullet) or an item (`width` is its indent)."""

    kind: str
    element: ET.Element
    width: int = 0
    mark: str = ""
    blank_first: bool = False


class _Line:
    """A line being read: `base` is the column up to which open blocks have claimed it, `pos` that of its next word."""

    __slots__ = ("base", "depth", "pos", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.base = 0
        self.depth = 1
        self.pos = 0
        self.forward()

    def forward(self) -> None:
        if self.base >= self.pos:
            self.pos = self.skip(self.base)

    def skip(self, column: int) -> int:
        column = min(column, len(self.text))
        return len(self.text) - len(self.text[column:].lstrip(" "))

    def is_blank(self) -> bool:
        return self.pos >= len(self.text)

    @property
    def next(self) -> str:
        return self.text[self.pos : self.pos + 1]

    def claimed(self, context: _Context, stack: list[_Context]) -> bool:
        """Whether this line goes on within `context`, an open block; moves `base` past its mark."""
        if context.kind == "quote":
            if self.next != ">":
                return False
            self.base = self.pos + (2 if self.text[self.pos + 1 : self.pos + 2] == " " else 1)
        elif context.kind == "item":
            if self.is_blank():
                # As the editor's parser counts: a block that is still open is not yet a child.
                children = len(context.element) - (context is not stack[-1])
                if context.blank_first and children == 0:
                    return False
            elif self.pos < self.base + context.width:
                return False
            self.base += context.width
        else:
            return self._within_list(context, stack)
        return True

    def _within_list(self, context: _Context, stack: list[_Context]) -> bool:
        if self.is_blank():
            return True
        if context is not stack[-1] and self.pos >= self.base + stack[self.depth + 1].width:
            return True
        if self.pos >= self.base + 4:
            return False
        size = self.bullet() if context.kind == "ul" else self.ordered()
        if not size or (context.kind == "ul" and _RULE.match(self.text, self.pos)):
            return False
        return self.text[self.pos + size - 1] == context.mark

    def bullet(self) -> int:
        return int(self.next in ("-", "+", "*") and self.text[self.pos + 1 : self.pos + 2] in ("", " "))

    def ordered(self) -> int:
        found = _ORDERED.match(self.text, self.pos)
        return found.end() - self.pos if found else 0

    def ends_paragraph(self, stack: list[_Context]) -> bool:
        """Whether a new block begins here although a paragraph is open."""
        if self.pos >= self.base + 4:
            return False
        if self.next == ">" or _HEADING.match(self.text, self.pos) or _RULE.match(self.text, self.pos):
            return True
        if _FENCE.match(self.text, self.pos) or _HTML_START.match(self.text, self.pos):
            return True
        if self.bullet():
            return self.skip(self.pos + 2) < len(self.text) or any(each.kind == "ul" for each in stack)
        size = self.ordered()
        if not size:
            return False
        first = size == 2 and self.next == "1" and self.skip(self.pos + size) < len(self.text)
        return first or any(each.kind == "ol" for each in stack)


class _Reader:
    """Reads lines into the tree, keeping the stack of open blocks and the open paragraph."""

    def __init__(self, root: ET.Element) -> None:
        self.stack = [_Context("document", root)]
        self.paragraph: list[str] = []
        self.begins: list[tuple[int, int]] = []
        """In which line, and at which column of it, each line of the open paragraph begins."""
        self.blocks: list[tuple[str, list[tuple[int, int]]]] = []
        self.number = 0

    def read(self, text: str) -> None:
        for number, raw in enumerate(text.split("\n")):
            self.number = number
            self._line(_Line(raw.expandtabs(4)))
        self._finish()

    def _line(self, line: _Line) -> None:
        while line.depth < len(self.stack) and line.claimed(self.stack[line.depth], self.stack):
            line.forward()
            line.depth += 1
        if self.paragraph:
            if not line.is_blank() and not line.ends_paragraph(self.stack):
                self._add(line, line.skip(line.base))
                return
            self._finish()
        del self.stack[line.depth :]
        if line.is_blank():
            return
        while len(self.stack) < MAX_DEPTH and self._open(line):
            line.forward()
        if line.is_blank():
            return
        heading = _HEADING.match(line.text, line.pos)
        if heading:
            self._heading(line, line.skip(heading.end() + 1), level=len(heading[1]))
        else:
            self._add(line, line.pos)

    def _open(self, line: _Line) -> bool:
        """Open the quote or item that begins here, if one does."""
        if line.next == ">":
            self._push(_Context("quote", ET.SubElement(self.stack[-1].element, "blockquote")))
            line.base = line.pos + (2 if line.text[line.pos + 1 : line.pos + 2] == " " else 1)
            return True
        bullet = line.bullet()
        size = bullet or line.ordered()
        if not size:
            return False
        kind, mark = "ul" if bullet else "ol", line.text[line.pos + size - 1]
        if self.stack[-1].kind != kind:
            element = ET.SubElement(self.stack[-1].element, kind)
            if kind == "ol" and int(line.text[line.pos : line.pos + size - 1]) != 1:
                element.set("start", str(int(line.text[line.pos : line.pos + size - 1])))
            self._push(_Context(kind, element, mark=mark))
        after = line.pos + size
        words = line.skip(after)
        base = after + 1 if words >= after + 5 or words == len(line.text) else words
        blank_first = base >= len(line.text) if bullet else base == len(line.text)
        item = ET.SubElement(self.stack[-1].element, "li")
        self._push(_Context("item", item, width=base - line.base, blank_first=blank_first))
        line.base = base
        return True

    def _push(self, context: _Context) -> None:
        self.stack.append(context)

    def _add(self, line: _Line, column: int) -> None:
        self.paragraph.append(line.text[column:].strip(" "))
        self.begins.append((self.number, column))

    def _heading(self, line: _Line, column: int, *, level: int) -> None:
        words = line.text[column:].rstrip(" ")
        bare = words.rstrip("#")
        if bare != words and (not bare or bare.endswith(" ")):
            words = bare
        ET.SubElement(self.stack[-1].element, f"h{min(level, 2)}").text = words.strip(" ")
        self.blocks.append((words.strip(" "), [(self.number, column)]))

    def _finish(self) -> None:
        if self.paragraph:
            words = "\n".join(self.paragraph)
            ET.SubElement(self.stack[-1].element, "p").text = words
            self.blocks.append((words, self.begins))
            self.paragraph, self.begins = [], []


class _Blocks(BlockProcessor):
    """Takes the whole text at once: the package's own splitting at blank lines loses what lists depend on."""

    def test(self, parent: ET.Element, block: str) -> bool:
        return True

    def run(self, parent: ET.Element, blocks: list[str]) -> bool:
        text = "\n\n".join(blocks)
        blocks.clear()
        _Reader(parent).read(text)
        return True


class _Inlines(Treeprocessor):
    """Turns the words of headings and paragraphs into text, emphasis, links and line breaks; unwraps plain items."""

    def run(self, root: ET.Element) -> None:
        for element in list(root.iter()):
            if element.tag in ("p", "h1", "h2"):
                words, element.text = element.text or "", None
                fill(element, words)
        for item in list(root.iter("li")):
            if len(item) and item[0].tag == "p" and all(child.tag in ("ul", "ol") for child in item[1:]):
                paragraph = item[0]
                item.remove(paragraph)
                item.text = paragraph.text
                for at, child in enumerate(paragraph):
                    item.insert(at, child)


class DialectExtension(Extension):
    """Leaves nothing of the stock dialect in `md` but its frame, with a block and an inline reader of ours."""

    def extendMarkdown(self, md: markdown.Markdown) -> None:  # noqa: N802 - the package's name for this hook
        md.preprocessors, md.postprocessors = Registry(), Registry()
        md.parser.blockprocessors, md.treeprocessors = Registry(), Registry()
        md.parser.blockprocessors.register(_Blocks(md.parser), "dialect", 100)
        md.treeprocessors.register(_Inlines(md), "dialect", 100)


class Layout(NamedTuple):
    """Where the marks of a text stand in it: for each line where it begins and where its words do (at its end where it
    has none), and for each paragraph or heading its stretch and the marks in it (see `inlines.marks`)."""

    lines: list[Span]
    blocks: list[tuple[Span, Marks]]


def layout(text: str) -> Layout:
    """Where the marks of `text` stand; it has to be as `clean` leaves it."""
    rows = text.split("\n")
    starts = [0, *accumulate(len(row) + 1 for row in rows)]
    reader = _Reader(ET.Element("div"))
    reader.read(text)
    lines = [(start, start + len(row)) for start, row in zip(starts, rows, strict=False)]
    blocks = []
    for words, begins in reader.blocks:
        places: list[int] = []
        for (number, column), line in zip(begins, words.split("\n"), strict=True):
            columns = _columns(rows[number])
            lines[number] = starts[number], starts[number] + columns[column]
            places += [starts[number] + at for at in columns[column : column + len(line) + 1]]

        def there(span: Span, places: list[int] = places) -> Span:
            return places[span[0]], places[span[1] - 1] + 1

        found = marks(words)
        placed = Marks(
            [(there(one), there(other)) for one, other in found.pairs],
            [there(each) for each in found.alone],
            [there(each) for each in found.loose],
        )
        blocks.append(((places[0], places[-1]), placed))
    return Layout(lines, blocks)


def _columns(row: str) -> Sequence[int]:
    """Where each column of a line, its tabs being spaces, stands in it as it is written; its end too."""
    if "\t" not in row:
        return range(len(row) + 1)
    found: list[int] = []
    for at, sign in enumerate(row):
        found += [at] * (4 - len(found) % 4 if sign == "\t" else 1)
    return [*found, len(row)]


def parse(text: str) -> ET.Element:
    """The tree of `text` (see the module); any text has one, and it takes time in proportion to its length."""
    md = markdown.Markdown(extensions=[DialectExtension()])
    root = ET.Element("div")
    md.parser.parseChunk(root, clean(text))
    for treeprocessor in md.treeprocessors:
        treeprocessor.run(root)
    return root
