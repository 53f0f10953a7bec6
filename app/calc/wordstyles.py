"""How the words and paragraphs of a Word document stand by what it says of them and by its styles and lists.

`Styles` answers for a paragraph (its style, heading and list) and for a run (bold, italic, hidden, struck, raised);
`Table` says how the cells of a table let their words look.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from app.calc.paragraphs import MAX_LEVEL, Kind
from app.calc.wordpackages import LONGEST_NAME

#: What Word writes for yes.
ON = {None, "1", "true", "on"}
LISTED = re.compile(r"list (bullet|number|continue)(?: (\d))?$")
_HEADING = re.compile(r"heading (\d)$")
_Said = TypeVar("_Said")
#: The fonts a run names for the letters of a keyboard and for others.
_NEAR_FAR = ("w-ascii", "w-hAnsi")
#: Which parts a table takes over from its style, as each table says it: by name, or by a digit of one number.
_TAKES = {
    "w-firstRow": 0x20, "w-lastRow": 0x40, "w-firstColumn": 0x80, "w-lastColumn": 0x100, "w-noHBand": 0x200,
    "w-noVBand": 0x400,
}  # fmt: skip


class Numbering(NamedTuple):
    """The place of a point: lists with one `abstract` count on from each other, but where one `restarts`."""

    abstract: str
    number: str
    kind: Kind
    level: int
    start: int
    restarts: int | None


class Shape(NamedTuple):
    """How a paragraph stands: the name of its style in small letters, its heading level there or 0, its list."""

    style: str = ""
    heading: int = 0
    numbering: Numbering | None = None


class Look(NamedTuple):
    """What of the look of words matters beside bold and italic, None where it is not said."""

    hidden: bool | None
    struck: bool | None
    raised: str | None


UNSAID = Look(None, None, None)


class Fonts(NamedTuple):
    """The fonts of the letters of a keyboard, and of others; empty where none is named."""

    near: str
    far: str


PLAIN = Fonts("", "")


class Table:
    """How a table lets the words in its cells look, by its style and the parts of that which it takes over."""

    def __init__(self, named: "_Named", properties: ET.Element | None) -> None:
        style, look = (properties.find(tag) if properties is not None else None for tag in ("w-tblStyle", "w-tblLook"))
        self._named = named
        self._style = style.get("w-val") if style is not None else named.usual_table
        self._takes = {tag for tag, digit in _TAKES.items() if _takes(look, tag, digit)}
        said = (_bands(properties), named.bands(self._style), (1, 1))
        #: How many rows, and columns, are a band: one where nothing is said, 0 where there are none.
        self._high, self._wide = (_first(each) or 0 for each in zip(*said, strict=True))

    def cell(self, row: int, rows: int, column: int, columns: int) -> Look:
        """How words look in a cell, counted from 0, of so many rows and, in its row, columns."""
        return self._named.table_look(self._style, tuple(self._parts(row, rows, column, columns)))

    def _parts(self, row: int, rows: int, column: int, columns: int) -> Iterator[str]:
        """The parts that a cell belongs to, the one that has the last word first."""
        top, left = (at == 0 and f"w-first{name}" in self._takes for at, name in ((row, "Row"), (column, "Column")))
        end = row == rows - 1 and "w-lastRow" in self._takes
        right = column == columns - 1 and "w-lastColumn" in self._takes
        if (top or end) and (left or right):
            yield f"{'n' if top else 's'}{'w' if left else 'e'}Cell"
        yield from (name for name, here in (("firstCol", left), ("lastCol", right)) if here)
        yield from (name for name, here in (("firstRow", top), ("lastRow", end)) if here)
        if self._high and "w-noHBand" not in self._takes and not (top or end):
            yield f"band{(row - ('w-firstRow' in self._takes)) // self._high % 2 + 1}Horz"
        if self._wide and "w-noVBand" not in self._takes and not (left or right):
            yield f"band{(column - ('w-firstColumn' in self._takes)) // self._wide % 2 + 1}Vert"
        yield "wholeTable"


class Styles:
    """The styles and lists of a document: how its paragraphs and words stand."""

    def __init__(self, styles: ET.Element | None, numbering: ET.Element | None) -> None:
        self._named = _Named(styles)
        self._lists = _Lists(numbering)

    def of_words(self, properties: ET.Element | None) -> str | None:
        """The style of a paragraph's words."""
        named = properties.find("w-pStyle") if properties is not None else None
        return named.get("w-val") if named is not None else self._named.usual

    def shape(self, properties: ET.Element | None) -> Shape:
        """How a paragraph stands by its own properties and its style."""
        style = properties.find("w-pStyle") if properties is not None else None
        named = style.get("w-val") if style is not None else None
        name, heading = self._named.name(named), self._named.heading(named)
        if not heading and name in ("", "normal", "body text"):
            heading = _level(properties) or 0
        return Shape(name, heading, self._number(properties, named, name))

    def outlined(self, properties: ET.Element | None) -> int:
        """The level of a paragraph in the outline of the document, from 1, by itself or its style; 0 if it has none."""
        own = _level(properties)
        return self._named.outlined(self.of_words(properties)) if own is None else own

    def form(self, made: ET.Element) -> tuple[bool, bool]:
        """Whether a run is bold, italic."""
        style = made.find("w-rStyle")
        bold, italic = self._named.forms(style.get("w-val")) if style is not None else (False, False)
        own_bold, own_italic = _switch(made, "w-b"), _switch(made, "w-i")
        return bold if own_bold is None else own_bold, italic if own_italic is None else own_italic

    def look(self, made: ET.Element | None, paragraph: str | None, cell: Look = UNSAID) -> Look:
        """How words look by what their run says, else by its style, that of their paragraph or table, or all words.

        What any of these hides or strikes is hidden or struck: words that Word may show are rather listed than offered.
        """
        style = made.find("w-rStyle") if made is not None else None
        own = _own_look(made)
        named = self._named.look(style.get("w-val")) if style is not None else UNSAID
        others = (named, self._named.look(paragraph), cell, self._named.all_words)
        return Look(
            own.hidden if own.hidden is not None else any(each.hidden for each in others),
            own.struck if own.struck is not None else any(each.struck for each in others),
            _first(each.raised for each in (own, *others)),
        )

    def fonts(self, made: ET.Element | None, paragraph: str | None) -> Fonts:
        """The fonts of words by what their run says, else by its style, that of their paragraph, or all words."""
        own = own_fonts(made)
        if own is not None:
            return own
        style = made.find("w-rStyle") if made is not None else None
        named = self._named.fonts(style.get("w-val")) if style is not None else None
        return named or self._named.fonts(paragraph) or self._named.all_fonts

    def table(self, table: ET.Element) -> "Table":
        """How a table lets the words in its cells look."""
        return Table(self._named, table.find("w-tblPr"))

    def _number(self, properties: ET.Element | None, named: str | None, style: str) -> Numbering | None:
        own = _place(properties.find("w-numPr")) if properties is not None else None
        by_style = self._named.number(named)
        found = own or by_style
        if found is None:
            return None
        number, depth = found
        if number is None and by_style is not None:
            number, _ = by_style
        if own is None and (listed := LISTED.search(style)) and listed[2]:
            return self._of_style(number, max(depth, int(listed[2]) - 1))
        return self._lists.look_up(number or "", depth)

    def _of_style(self, number: str | None, depth: int) -> Numbering | None:
        """The list of a style that stands for one level of its own, whose numbering knows no other."""
        found = self._lists.look_up(number or "", 0)
        return found and found._replace(level=min(depth, MAX_LEVEL))


class _Style(NamedTuple):
    """What a style says itself; `number` is its list and the level in it, `outlined` as `_level` says it."""

    name: str
    based_on: str
    number: tuple[str | None, int] | None
    outlined: int | None
    bold: bool | None
    italic: bool | None
    look: Look
    fonts: Fonts | None
    parts: dict[str, Look]
    bands: tuple[int | None, int | None]


class _Named:
    """What styles are called, which heading they are, and how they form words.

    Each is read once, for thousands of paragraphs ask.
    """

    def __init__(self, tree: ET.Element | None) -> None:
        some = list(tree.iter("w-style")) if tree is not None else []
        self._found = {each.get("w-styleId", ""): self._read(each) for each in some}
        self._looks: dict[str, Look] = {}
        self._fonts: dict[str, Fonts | None] = {}
        self._cells: dict[tuple[str, tuple[str, ...]], Look] = {}
        #: The styles of paragraphs and of tables that name none, and how words look that no style says more of.
        self.usual, self.usual_table = (_usual(some, kind) for kind in ("paragraph", "table"))
        all_words = tree.find("w-docDefaults/w-rPrDefault/w-rPr") if tree is not None else None
        self.all_words, self.all_fonts = _own_look(all_words), own_fonts(all_words) or PLAIN

    def _read(self, style: ET.Element) -> _Style:
        name, based, made = style.find("w-name"), style.find("w-basedOn"), style.find("w-rPr")
        called = name.get("w-val", "") if name is not None else style.get("w-styleId", "")
        return _Style(
            called[:LONGEST_NAME].lower(), based.get("w-val", "") if based is not None else "",
            _place(style.find("w-pPr/w-numPr")), _level(style.find("w-pPr")), _switch(made, "w-b"),
            _switch(made, "w-i"), _own_look(made), own_fonts(made),
            {part.get("w-type", ""): _own_look(part.find("w-rPr")) for part in style.findall("w-tblStylePr")},
            _bands(style.find("w-tblPr")),
        )  # fmt: skip

    def name(self, style: str | None) -> str:
        found = self._found.get(style or "")
        return found.name if found is not None else (style or "")[:LONGEST_NAME].lower()

    def chain(self, style: str | None) -> Iterator[_Style]:
        """The style and those it rests on."""
        for _ in range(12):
            found = self._found.get(style or "")
            if found is None:
                return
            yield found
            style = found.based_on

    def heading(self, style: str | None) -> int:
        for each in self.chain(style):
            found = _HEADING.search(each.name)
            if found:
                return int(found[1])
            if each.name == "title" or each.outlined == 0:  # such as “TOC Heading”, which rests on a heading
                return 0
        return 0

    def outlined(self, style: str | None) -> int:
        return _first(each.outlined for each in self.chain(style)) or 0

    def number(self, style: str | None) -> tuple[str | None, int] | None:
        return next((each.number for each in self.chain(style) if each.number is not None), None)

    def forms(self, style: str | None) -> tuple[bool, bool]:
        """Whether a style of letters is bold, italic."""
        bold = italic = None
        for each in self.chain(style):
            bold = bold if bold is not None else each.bold
            italic = italic if italic is not None else each.italic
        return bool(bold), bool(italic)

    def look(self, style: str | None) -> Look:
        """How words in a style look: what the style says, or else the nearest that it rests on."""
        found = self._looks.get(style or "")
        if found is None:
            found = self._looks[style or ""] = _nearest([each.look for each in self.chain(style)])
        return found

    def fonts(self, style: str | None) -> Fonts | None:
        """The fonts that a style names, or else the nearest that it rests on."""
        if (style or "") not in self._fonts:
            self._fonts[style or ""] = _first(each.fonts for each in self.chain(style))
        return self._fonts[style or ""]

    def bands(self, style: str | None) -> tuple[int | None, int | None]:
        """How many rows, and columns, a band of a table has by its style, or else the nearest that it rests on."""
        rows, columns = zip(*((None, None), *(each.bands for each in self.chain(style))), strict=True)
        return _first(rows), _first(columns)

    def table_look(self, style: str | None, parts: tuple[str, ...]) -> Look:
        """How words look in some parts of a table of a style, the one that has the last word first."""
        found = self._cells.get((style or "", parts))
        if found is None:
            said = list(self.chain(style))
            narrow = [each.parts[part] for part in parts for each in said if part in each.parts]
            found = self._cells[style or "", parts] = _nearest([*narrow, *(each.look for each in said)])
        return found


class _Lists:
    """What kind of list a number belongs to."""

    def __init__(self, tree: ET.Element | None) -> None:
        self._levels: dict[tuple[str, int], tuple[Kind, int]] = {}
        self._nums: dict[str, str] = {}
        self._starts: dict[tuple[str, int], int] = {}
        if tree is None:
            return
        for abstract in tree.iter("w-abstractNum"):
            for level in abstract.findall("w-lvl"):
                style = level.find("w-numFmt")
                kind: Kind = "bullet" if style is not None and style.get("w-val") in ("bullet", "none") else "number"
                key = abstract.get("w-abstractNumId", ""), _whole(level.get("w-ilvl"))
                self._levels[key] = kind, _value(level, "w-start", 1)
        for num in tree.iter("w-num"):
            number = num.get("w-numId", "")
            abstract_ = num.find("w-abstractNumId")
            self._nums[number] = abstract_.get("w-val", "") if abstract_ is not None else ""
            for override in num.findall("w-lvlOverride"):
                at = _whole(override.get("w-ilvl"))
                start = override.find("w-startOverride")
                if start is not None:
                    self._starts[number, at] = _whole(start.get("w-val"))

    def look_up(self, number: str, level: int) -> "Numbering | None":
        """The list a number belongs to at a level."""
        abstract = self._nums.get(number)
        if number in ("", "0") or abstract is None:
            return None
        kind, start = self._levels.get((abstract, level), ("bullet", 1))
        return Numbering(abstract, number, kind, min(level, MAX_LEVEL), start, self._starts.get((number, level)))


def _own_look(made: ET.Element | None) -> Look:
    """What a run or a style says itself of the look of words."""
    if made is None:
        return UNSAID
    line, lines = _switch(made, "w-strike"), _switch(made, "w-dstrike")
    raised, position = made.find("w-vertAlign"), made.find("w-position")
    by_hand = (position.get("w-val") or "").strip() if position is not None else ""
    how = None if by_hand in ("", "0") else "subscript" if by_hand.startswith("-") else "superscript"
    return Look(
        _switch(made, "w-vanish"), None if line is None and lines is None else bool(line or lines),
        raised.get("w-val") if raised is not None else how,
    )  # fmt: skip


def own_fonts(made: ET.Element | None) -> Fonts | None:
    """The fonts that a run or a style names itself; those of a theme, which never draw signs, are empty."""
    fonts = made.find("w-rFonts") if made is not None else None
    if fonts is None or not any(tag in fonts.attrib for tag in (*_NEAR_FAR, "w-asciiTheme", "w-hAnsiTheme")):
        return None
    near, far = (fonts.get(tag, "") for tag in _NEAR_FAR)
    return Fonts(near or far, far or near)


def _bands(properties: ET.Element | None) -> tuple[int | None, int | None]:
    """How many rows, and columns, a band has by a w-tblPr; None where it is not said."""
    row, column = (
        properties.find(f"w-tblStyle{name}BandSize") if properties is not None else None for name in ("Row", "Col")
    )
    return row if row is None else _whole(row.get("w-val")), column if column is None else _whole(column.get("w-val"))


def _first(some: Iterable[_Said | None]) -> _Said | None:
    return next((each for each in some if each is not None), None)


def _nearest(said: Sequence[Look]) -> Look:
    """What is said first of each."""
    return Look(
        _first(each.hidden for each in said), _first(each.struck for each in said), _first(each.raised for each in said)
    )


def _usual(styles: Iterable[ET.Element], kind: str) -> str | None:
    """The style of paragraphs, or tables, that name none."""
    some = (each for each in styles if each.get("w-type") == kind and each.get("w-default", "0") in ON)
    return next((each.get("w-styleId") for each in some), None)


def _takes(look: ET.Element | None, tag: str, digit: int) -> bool:
    """Whether a w-tblLook says a thing, by its name or, as older files do, by a digit of one number."""
    if look is None:
        return False
    if look.get(tag) is not None:
        return look.get(tag) in ON
    number = look.get("w-val", "")
    return bool(re.fullmatch("[0-9A-Fa-f]{1,8}", number)) and bool(int(number, 16) & digit)


def _switch(made: ET.Element | None, tag: str) -> bool | None:
    found = made.find(tag) if made is not None else None
    return None if found is None else found.get("w-val") in ON


def _place(numbered: ET.Element | None) -> tuple[str | None, int] | None:
    """The list that a w-numPr names, None where it names none, and the level in it."""
    if numbered is None:
        return None
    number = numbered.find("w-numId")
    return number.get("w-val", "") if number is not None else None, _value(numbered, "w-ilvl", 0)


def _level(properties: ET.Element | None) -> int | None:
    """The level in the outline of the document, from 1, that a w-pPr says, 0 where it says that there is none."""
    said = properties.find("w-outlineLvl") if properties is not None else None
    return None if said is None else (_whole(said.get("w-val")) + 1) % 10


def _whole(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else 0


def _value(parent: ET.Element, tag: str, otherwise: int) -> int:
    found = parent.find(tag)
    return otherwise if found is None else _whole(found.get("w-val"))
