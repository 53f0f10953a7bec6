"""Word files from words in our dialect, with what Word calls them: real headings, lists, tables and links.

A `WordDocument` is filled from top to bottom and turned into bytes. What people typed is only ever text: control
characters are taken out (Word cannot store them, NUL included), fields and templates stay the words they are, and
nothing points out of the file but links to http, https and mailto addresses. The file's properties name no person.
"""

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from app.calc.dialect import clean, parse
from app.calc.differences import Segment

MAX_HEADING = 9
_FIXED_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_BULLETS = ("List Bullet", "List Bullet 2", "List Bullet 3")
_NUMBERS = ("List Number", "List Number 2", "List Number 3")
_SPACES = re.compile(r"[ \t\n]+")


class WordDocument:
    """A Word document being written.

    `title` and `subject` become the file's properties, `language` (a tag such as "en-GB") that of its words; `day` is
    the date in the properties, without the time of day (a fixed one if none is given, so that the same content gives
    the same file). `landscape` turns the pages for wide tables.
    """

    def __init__(
        self,
        title: str,
        *,
        subject: str = "",
        language: str = "en-GB",
        day: datetime | None = None,
        landscape: bool = False,
    ) -> None:
        self._document: Document = docx.Document()
        _set_properties(self._document, plain(title), plain(subject), language, day or _FIXED_DAY)
        section = self._document.sections[0]
        width, height = (Cm(29.7), Cm(21.0)) if landscape else (Cm(21.0), Cm(29.7))
        section.page_width, section.page_height = width, height
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        section.left_margin = section.right_margin = Cm(2.2)

    def heading(self, words: str, *, level: int = 1) -> None:
        """A heading in Word's own style; level 0 is the document's title, below it 1 to 9."""
        self._document.add_heading(plain(words), max(0, min(MAX_HEADING, level)))

    def paragraph(self, words: str, *, style: str | None = None) -> None:
        """A paragraph of plain words, in one of Word's built-in styles, such as "Intense Quote", if named."""
        self._document.add_paragraph(plain(words), style)

    def markdown(self, text: str, *, heading_offset: int = 1) -> None:
        """A Markdown text; its own headings begin `heading_offset` levels below Word's first."""
        self._blocks(parse(text), heading_offset=heading_offset)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table whose first row is marked as its header and repeats on every page.

        Raises:
            ValueError: a row is not as long as the header, or the header is empty.
        """
        if not header or any(len(row) != len(header) for row in rows):
            raise ValueError("every row of a table has as many cells as its header")
        table = self._document.add_table(rows=1, cols=len(header), style="Table Grid")
        properties = table.rows[0]._tr.get_or_add_trPr()  # noqa: SLF001 - python-docx has no public way to a header row
        properties.append(_element("w:cantSplit"))
        properties.append(_element("w:tblHeader"))
        for cell, words in zip(table.rows[0].cells, header, strict=True):
            _fill_cell(cell, words, bold=True)
        for row in rows:
            for cell, words in zip(table.add_row().cells, row, strict=True):
                _fill_cell(cell, words)

    def difference(self, segments: Sequence[Segment]) -> None:
        """A paragraph with additions underlined and removals struck through, both in a colour as well."""
        paragraph = self._document.add_paragraph()
        for segment in segments:
            run = paragraph.add_run(plain(segment.text))
            if segment.kind == "added":
                run.font.underline = True
                run.font.color.rgb = RGBColor(0x00, 0x5A, 0x30)
            elif segment.kind == "removed":
                run.font.strike = True
                run.font.color.rgb = RGBColor(0xB1, 0x0E, 0x1E)

    def picture(self, png: bytes, *, description: str, width_cm: float = 16.0) -> None:
        """A picture from PNG bytes, with the description that those who do not see it are read."""
        shape = self._document.add_picture(io.BytesIO(png), width=Cm(width_cm))
        shape._inline.docPr.set("descr", plain(description))  # noqa: SLF001 - python-docx has no public alternative text

    def to_bytes(self) -> bytes:
        """The .docx file."""
        out = io.BytesIO()
        self._document.save(out)
        return _undated(out.getvalue())

    def _blocks(self, parent: ET.Element, *, heading_offset: int, level: int = 0, quoted: bool = False) -> None:
        for block in parent:
            if block.tag in ("h1", "h2"):
                depth = max(1, min(MAX_HEADING, int(block.tag[1]) + heading_offset))
                self._inlines(self._document.add_heading("", depth), block)
            elif block.tag in ("ul", "ol"):
                self._list(block, heading_offset=heading_offset, level=level, quoted=quoted)
            elif block.tag == "blockquote":
                self._blocks(block, heading_offset=heading_offset, level=level, quoted=True)
            else:
                paragraph = self._document.add_paragraph(style="Quote" if quoted else None)
                if level:
                    paragraph.paragraph_format.left_indent = Cm(0.63 * (level + 1))
                self._inlines(paragraph, block)

    def _list(self, block: ET.Element, *, heading_offset: int, level: int, quoted: bool) -> None:
        styles = _BULLETS if block.tag == "ul" else _NUMBERS
        style = styles[min(level, len(styles) - 1)]
        number = self._numbering(style, int(block.get("start", "1"))) if block.tag == "ol" else None
        for item in block:
            paragraph = self._document.add_paragraph(style=style)
            if number is not None:
                _number(paragraph, number)
            if level >= len(styles):
                paragraph.paragraph_format.left_indent = Cm(0.63 * (level + 1))
            rest = ET.Element("div")
            if len(item) and item[0].tag == "p" and not (item.text or "").strip():
                self._inlines(paragraph, item[0])
                rest.extend(item[1:])
            else:
                self._inlines(paragraph, item)
                rest.extend(child for child in item if child.tag in ("h1", "h2", "p", "ul", "ol", "blockquote"))
            self._blocks(rest, heading_offset=heading_offset, level=level + 1, quoted=quoted)

    def _numbering(self, style: str, start: int) -> int:
        """A numbering of its own for one list, so that each begins at `start` and none goes on from the last."""
        numbering = self._document.part.numbering_part.element
        style_number = self._document.styles[style].element.pPr.numPr.numId.val
        abstract = next(num for num in numbering.num_lst if num.numId == style_number).abstractNumId.val
        num = numbering.add_num(abstract)
        num.add_lvlOverride(ilvl=0).add_startOverride(start)
        return int(num.numId)

    def _inlines(self, paragraph: Paragraph, element: ET.Element, *, bold: bool = False, italic: bool = False) -> None:
        _add_words(paragraph, element.text, bold=bold, italic=italic)
        for child in element:
            if child.tag == "br":
                paragraph.add_run().add_break()
            elif child.tag == "a":
                self._link(paragraph, child, bold=bold, italic=italic)
            elif child.tag in ("strong", "em"):
                self._inlines(paragraph, child, bold=bold or child.tag == "strong", italic=italic or child.tag == "em")
            else:
                continue
            _add_words(paragraph, child.tail, bold=bold, italic=italic)

    def _link(self, paragraph: Paragraph, link: ET.Element, *, bold: bool, italic: bool) -> None:
        first = len(paragraph.runs)
        self._inlines(paragraph, link, bold=bold, italic=italic)
        runs = paragraph.runs[first:]
        hyperlink = _element("w:hyperlink")
        address = link.get("href", "")
        hyperlink.set(qn("r:id"), paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
        for run in runs:
            run.font.underline = True
            run.font.color.rgb = RGBColor(0x00, 0x5E, 0xB8)
            hyperlink.append(run._r)  # noqa: SLF001 - python-docx reads hyperlinks but has no public way to make one
        paragraph._p.append(hyperlink)  # noqa: SLF001 - as above


def plain(text: str) -> str:
    """`text` without what a Word file cannot hold."""
    return clean(text)


def _element(tag: str, **values: str) -> BaseOxmlElement:
    element = OxmlElement(tag)
    for name, value in values.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _set_properties(document: Document, title: str, subject: str, language: str, day: datetime) -> None:
    """Say what the file is and nothing about who made it, with what, or at what hour."""
    properties = document.core_properties
    properties.title, properties.subject, properties.language = title[:255], subject[:255], language
    properties.author = properties.last_modified_by = properties.comments = properties.keywords = ""
    properties.revision = 1
    properties.created = properties.modified = day.replace(hour=0, minute=0, second=0, microsecond=0)
    for lang in document.styles.element.iter(qn("w:lang")):
        lang.set(qn("w:val"), language)


def _fill_cell(cell: _Cell, words: str, *, bold: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(2)
    run = paragraph.add_run(plain(words))
    run.bold = bold or None
    run.font.size = Pt(9)


def _number(paragraph: Paragraph, number: int) -> None:
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()  # noqa: SLF001 - no public way to number a paragraph
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = number


def _add_words(paragraph: Paragraph, words: str | None, *, bold: bool, italic: bool) -> None:
    if words:
        run = paragraph.add_run(_SPACES.sub(" ", words))
        run.bold, run.italic = bold or None, italic or None


def _undated(package: bytes) -> bytes:
    """The same zip file without the moment at which each part was written."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as parts, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as undated:
        for name in parts.namelist():
            undated.writestr(zipfile.ZipInfo(name), parts.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()
