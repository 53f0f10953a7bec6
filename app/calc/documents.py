"""Word files from words in our dialect, with what Word calls them: real headings, lists, tables and links.

A `WordDocument` is filled from top to bottom and turned into bytes. What people typed is only ever text: control
characters are taken out (Word cannot store them, NUL included), fields and templates stay the words they are, and
nothing points out of the file but links to http, https and mailto addresses. The file's properties name no person.
"""

import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.oxml import serialize_part_xml
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml.ns import nsdecls, qn
from docx.oxml.numbering import CT_Num
from docx.oxml.parser import OxmlElement, parse_xml
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import _Cell
from docx.text.paragraph import Paragraph as DocxParagraph
from docx.text.run import Run

from app.calc.dialect import clean
from app.calc.differences import Segment
from app.calc.paragraphs import MAX_LEVEL, Paragraph, Words, paragraphs
from app.calc.redlines import in_words

MAX_HEADING = 9
#: A line of a table's cell that is an address, in letters that no program stumbles over: it is a link to it, and can be
#: read on paper.
_ADDRESS = re.compile(r"https?://[\w.-]{1,255}(?::[0-9]{1,5})?(?:[/?#][\w./?#:@!$&'()*+,;=%~-]{0,1000})?")
_FIXED_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_BULLETS = ("List Bullet", "List Bullet 2", "List Bullet 3")
_NUMBERS = ("List Number", "List Number 2", "List Number 3")
_LABEL = "Label"
_NOTE = "Note"
_BULLET_SIGNS = ("•", "–", "▪")
_CUSTOM_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_CUSTOM_FORMAT = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"


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
        self._end = section._sectPr  # noqa: SLF001  # what stands last in the body, before which all else is put
        self._bookmarks = self._bullets = self._decimal = 0
        self._last_list: CT_Num | None = None
        self._num_ids: Iterator[int] = iter(())
        self._styles: dict[str, str | None] = {}
        self._open: dict[int, int] = {}

    def heading(self, words: str, *, level: int = 1, reference: str = "", bookmark: str = "") -> DocxParagraph:
        """A heading in Word's own style; level 0 is the document's title, below it 1 to 9.

        The bookmark lies on the reference that stands before the words, so that the words can be written anew.
        """
        level = max(0, min(MAX_HEADING, level))
        paragraph = self._add(f"Heading {level}" if level else "Title")
        if reference:
            paragraph.add_run(plain(reference))
            self._mark(paragraph, bookmark)
        paragraph.add_run(f" {plain(words)}" if reference else plain(words))
        if not reference:
            self._mark(paragraph, bookmark)
        return paragraph

    def label(self, words: str, *, bookmark: str = "") -> None:
        """A small heading that is no heading: what the paragraphs under it are."""
        self._mark(self._add(_LABEL, plain(words)), bookmark)

    def note(self, words: str, *, bookmark: str = "") -> None:
        """A line about what stands above it, in small grey letters."""
        self._mark(self._add(_NOTE, plain(words)), bookmark)

    def footer(self, words: str, *, bookmark: str = "") -> None:
        """Words at the foot of every page, and the page's number."""
        paragraph = self._document.sections[0].footer.paragraphs[0]
        paragraph.add_run(f"{plain(words)} · page ")
        self._mark(paragraph, bookmark)
        number = _element("w:fldSimple", instr=" PAGE ")
        run = _element("w:r")
        text = _element("w:t")
        text.text = "1"
        run.append(text)
        number.append(run)
        paragraph._p.append(number)  # noqa: SLF001 - python-docx has no public way to a field

    def keep(self, values: Mapping[str, str]) -> None:
        """Put properties of one's own into the file, which word processors leave where they are."""
        properties = parse_xml(
            '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" '
            'xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"/>'
        )
        space, types = properties.nsmap[None], properties.nsmap["vt"]
        for number, (name, value) in enumerate(values.items(), 2):
            one = properties.makeelement(
                f"{{{space}}}property", {"fmtid": _CUSTOM_FORMAT, "pid": str(number), "name": name}
            )
            text = one.makeelement(f"{{{types}}}lpwstr")
            text.text = plain(value)[:255]
            one.append(text)
            properties.append(one)
        package = self._document.part.package
        part = Part(PackURI("/docProps/custom.xml"), _CUSTOM_TYPE, serialize_part_xml(properties), package)
        package.relate_to(part, RELATIONSHIP_TYPE.CUSTOM_PROPERTIES)

    def _mark(self, paragraph: DocxParagraph, bookmark: str) -> None:
        """Lay a bookmark on what the paragraph holds so far."""
        if not bookmark:
            return
        self._bookmarks += 1
        number, element = str(self._bookmarks), paragraph._p  # noqa: SLF001 - python-docx does not know bookmarks
        first = next((each for each in element if each.tag != qn("w:pPr")), None)
        begin = _element("w:bookmarkStart", id=number, name=bookmark)
        if first is None:
            element.append(begin)
        else:
            first.addprevious(begin)
        element.append(_element("w:bookmarkEnd", id=number))

    def paragraph(self, words: str, *, style: str | None = None, bookmark: str = "") -> None:
        """A paragraph of plain words, in one of Word's built-in styles, such as "Intense Quote", if named."""
        self._mark(self._add(style, plain(words)), bookmark)

    def markdown(self, text: str, *, heading_offset: int = 1) -> None:
        """A Markdown text; its own headings begin `heading_offset` levels below Word's first."""
        self.text(paragraphs(text), heading_offset=heading_offset)

    def table(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], *, bookmarks: Sequence[str] = (),
        widths: Sequence[float] = (),
    ) -> None:  # fmt: skip
        """A table whose first row is marked as its header and repeats on every page.

        `bookmarks` are one for each row, the header too; `widths` the columns' in centimetres.

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
        marks = iter(bookmarks)
        self._mark(table.rows[0].cells[0].paragraphs[0], next(marks, ""))
        for row in rows:
            cells = table.add_row().cells
            for cell, words in zip(cells, row, strict=True):
                _fill_cell(cell, words)
            self._mark(cells[0].paragraphs[0], next(marks, ""))
        for column, width in zip(table.columns, widths, strict=False):
            column.width = Cm(width)
            for cell in column.cells:
                cell.width = Cm(width)

    def difference(self, segments: Sequence[Segment], *, bookmark: str = "") -> None:
        """A paragraph with additions underlined and removals struck through, both in a colour as well; of words that
        only look otherwise it is said how."""
        paragraph = self._add()
        for segment in segments:
            run = paragraph.add_run(plain(in_words(segment)))
            run.bold, run.italic = segment.form.bold or None, segment.form.italic or None
            if segment.kind == "added":
                run.font.underline = True
                run.font.color.rgb = RGBColor(0x00, 0x5A, 0x30)
            elif segment.kind == "removed":
                run.font.strike = True
                run.font.color.rgb = RGBColor(0xB1, 0x0E, 0x1E)
        self._mark(paragraph, bookmark)

    def picture(self, png: bytes, *, description: str, width_cm: float = 16.0) -> None:
        """A picture from PNG bytes, with the description that those who do not see it are read."""
        shape = self._document.add_picture(io.BytesIO(png), width=Cm(width_cm))
        shape._inline.docPr.set("descr", plain(description))  # noqa: SLF001 - python-docx has no public alternative text

    def to_bytes(self) -> bytes:
        """The .docx file."""
        out = io.BytesIO()
        self._document.save(out)
        return _undated(out.getvalue())

    # --- texts in our dialect ---

    def text(self, some: Sequence[Paragraph], *, heading_offset: int | None = None) -> list[DocxParagraph]:
        """Paragraphs of a text in our dialect, as they stand in the document.

        Its own headings are in Word's heading styles, `heading_offset` levels below the first, or, with None, in styles
        of their own, so that they are not taken for headings of the document.
        """
        made = []
        for each in some:
            made.append(self._begin(each, heading_offset))
            self._fill(made[-1], each.words)
        return made

    def comment(self, on: DocxParagraph | None, words: str, *, author: str, at: datetime) -> None:
        """A comment in the margin, pinned to a paragraph, else to the last one that was written.

        ``at`` is shown as it is given: Word reads the time of a comment as one of its reader's clocks.
        """
        paragraph = on if on is not None and on.runs else self._document.paragraphs[-1]
        if paragraph.runs:
            initials = "".join(part[0] for part in plain(author).split()[:3])
            made = self._document.add_comment(paragraph.runs, plain(words), plain(author), initials)
            made._comment_elm.date = at.replace(tzinfo=UTC)  # noqa: SLF001  # the library dates it by now, and has no other way

    def _begin(self, each: Paragraph, heading_offset: int | None) -> DocxParagraph:
        if each.kind in ("heading", "subheading"):
            own = 1 if each.kind == "heading" else 2
            if heading_offset is None:
                name = "Heading in the words" if own == 1 else "Subheading in the words"
                return self._add(name)
            level = max(1, min(MAX_HEADING, own + heading_offset))
            return self._add(f"Heading {level}")
        if each.kind in ("bullet", "number"):
            names = _BULLETS if each.kind == "bullet" else _NUMBERS
            paragraph = self._add(names[min(each.level, len(names) - 1)])
            _number(paragraph, self._list(each), each.level)
            return paragraph
        if each.kind == "plain" and each.level:
            name = "List Continue" if each.level == 1 else f"List Continue {each.level}"
            return self._add(name, based_on="List Continue")
        return self._add("Quote" if each.kind == "quote" else None)

    def _add(self, style: str | None = None, words: str = "", *, based_on: str = "Normal") -> DocxParagraph:
        """A paragraph at the end, in a style by its name.

        python-docx goes through all styles and all that stands above for each paragraph, which in a long document takes
        longer than all else: each style is looked up once, and the end is known.
        """
        element = _element("w:p")
        self._end.addprevious(element)
        paragraph = DocxParagraph(element, self._document._body)  # noqa: SLF001  # as python-docx does
        if words:
            paragraph.add_run(words)
        if style is not None:
            if style not in self._styles:
                found = self._style(style, based_on=based_on)
                self._styles[style] = found.style_id
            paragraph._p.style = self._styles[style]  # noqa: SLF001 - the public way looks it up
        return paragraph

    def _style(self, name: str, *, based_on: str = "Normal") -> ParagraphStyle:
        """A style of paragraphs by its name, made when the document has none yet."""
        styles = self._document.styles
        if name in styles:
            found = styles[name]
        else:
            found = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            found.base_style = styles[based_on]
            _look(found)
        assert isinstance(found, ParagraphStyle)  # noqa: S101 - every style that is asked for here is one
        return found

    def _list(self, each: Paragraph) -> int:
        """The number of the Word list a point belongs to: one for all bullets, one for each list of numbers."""
        if each.kind == "bullet":
            if not self._bullets:
                self._bullets = self._add_list(_abstract(self._document, "bullet"))
            return self._bullets
        if not self._decimal:
            self._decimal = _abstract(self._document, "decimal")
        if each.first is not None or each.level not in self._open:
            self._open = {level: number for level, number in self._open.items() if level < each.level}
            number = self._add_list(self._decimal, level=each.level, start=each.first or 1)
            self._open[each.level] = number
        return self._open[each.level]

    def _add_list(self, abstract: int, *, level: int = 0, start: int | None = None) -> int:
        """The number of a new list; python-docx would go through all lists for each."""
        if self._last_list is not None:
            num = CT_Num.new(next(self._num_ids), abstract)  # type: ignore[no-untyped-call]  # untyped there
            self._last_list.addnext(num)
        else:
            numbering = self._document.part.numbering_part.element
            num = numbering.add_num(abstract)
            taken = {each.numId for each in numbering.num_lst}
            self._num_ids = (number for number in itertools.count(1) if number not in taken)
        self._last_list = num
        if start is not None:
            num.add_lvlOverride(ilvl=level).add_startOverride(start)
        return int(num.numId)

    def _fill(self, paragraph: DocxParagraph, words: Sequence[Words]) -> None:
        for each in words:
            runs = []
            for at, line in enumerate(plain(each.text).split("\n")):
                if at:
                    runs.append(paragraph.add_run())
                    runs[-1].add_break()
                if line:
                    runs.append(paragraph.add_run(line))
                    runs[-1].bold, runs[-1].italic = each.bold or None, each.italic or None
            if each.link:
                _link(paragraph, each.link, runs)


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
    for at, line in enumerate(plain(words).split("\n")):
        run = paragraph.add_run(line)
        run.bold = bold or None
        run.font.size = Pt(9)
        if at:
            run._r.insert(1, _element("w:br"))  # noqa: SLF001 - before its words, behind its properties
        if _ADDRESS.fullmatch(line):
            _link(paragraph, line, [run])


def _number(paragraph: DocxParagraph, number: int, level: int) -> None:
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()  # noqa: SLF001 - no public way to number a paragraph
    properties.get_or_add_ilvl().val = level
    properties.get_or_add_numId().val = number


def _abstract(document: Document, kind: str) -> int:
    """A new kind of list with all nine levels, so that points can be moved in and out in Word; its number."""
    numbering = document.part.numbering_part.element
    used = [int(each.get(qn("w:abstractNumId"))) for each in numbering.findall(qn("w:abstractNum"))]
    number = max(used, default=0) + 1
    signs = [_BULLET_SIGNS[level % 3] if kind == "bullet" else f"%{level + 1}." for level in range(MAX_LEVEL + 1)]
    levels = "".join(
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>'
        f'<w:lvlText w:val="{sign}"/><w:lvlJc w:val="left"/>'
        f'<w:pPr><w:ind w:left="{360 * (level + 1)}" w:hanging="360"/></w:pPr></w:lvl>'
        for level, sign in enumerate(signs)
    )
    abstract = parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{number}"><w:multiLevelType w:val="hybridMultilevel"/>'
        f"{levels}</w:abstractNum>"
    )
    numbering.insert(len(used), abstract)
    return number


def _look(style: ParagraphStyle) -> None:
    """How the styles look that are ours."""
    form, font = style.paragraph_format, style.font
    if style.name == _LABEL:
        font.bold, font.size, font.color.rgb = True, Pt(9.5), RGBColor(0x00, 0x3D, 0x7A)
        form.space_before, form.space_after, form.keep_with_next = Pt(8), Pt(2), True
    elif style.name == _NOTE:
        font.size, font.color.rgb = Pt(9), RGBColor(0x4C, 0x62, 0x72)
        form.space_after, form.keep_with_next = Pt(4), True
    elif style.name.startswith("List Continue"):
        form.left_indent = Cm(0.635 * int(style.name.rpartition(" ")[2]))
    else:
        font.bold, font.size = True, Pt(12 if style.name.startswith("Heading") else 11)
        form.space_before, form.space_after, form.keep_with_next = Pt(8), Pt(3), True


def _link(paragraph: DocxParagraph, address: str, runs: Sequence[Run]) -> None:
    hyperlink = _element("w:hyperlink")
    hyperlink.set(qn("r:id"), paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    for run in runs:
        run.font.underline = True
        run.font.color.rgb = RGBColor(0x00, 0x5E, 0xB8)
        hyperlink.append(run._r)  # noqa: SLF001 - python-docx reads hyperlinks but has no public way to make one
    paragraph._p.append(hyperlink)  # noqa: SLF001 - as above


def _undated(package: bytes) -> bytes:
    """The same zip file without the moment at which each part was written."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as parts, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as undated:
        for name in parts.namelist():
            undated.writestr(zipfile.ZipInfo(name), parts.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()
