"""How the words and paragraphs of a Word document stand by what it says of them and by its styles and lists.

`Styles` answers for a paragraph (its style, heading and list) and for a run (bold, italic, hidden, struck, raised).
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from app.calc.paragraphs import MAX_LEVEL, Kind
from app.calc.wordpackages import LONGEST_NAME

#: What Word writes for yes.
ON = {None, "1", "true", "on"}
LISTED = re.compile(r"list (bullet|number|continue)(?: (\d))?$")
_HEADING = re.compile(r"heading (\d)$")
_Said = TypeVar("_Said")


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


_UNSAID = Look(None, None, None)


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
        outline = properties.find("w-outlineLvl") if properties is not None else None
        if outline is not None and not heading and name in ("", "normal", "body text"):
            heading = (_whole(outline.get("w-val")) + 1) % 10
        return Shape(name, heading, self._number(properties, named, name))

    def form(self, made: ET.Element) -> tuple[bool, bool]:
        """Whether a run is bold, italic."""
        style = made.find("w-rStyle")
        bold, italic = self._named.forms(style.get("w-val")) if style is not None else (False, False)
        own_bold, own_italic = _switch(made, "w-b"), _switch(made, "w-i")
        return bold if own_bold is None else own_bold, italic if own_italic is None else own_italic

    def look(self, made: ET.Element | None, paragraph: str | None) -> Look:
        """How words look by what their run says, else by its style or that of their paragraph.

        What either style hides or strikes is hidden or struck: words that Word may show are rather listed than offered.
        """
        style = made.find("w-rStyle") if made is not None else None
        own = _own_look(made)
        named = self._named.look(style.get("w-val")) if style is not None else _UNSAID
        around = self._named.look(paragraph)
        return Look(
            own.hidden if own.hidden is not None else named.hidden or around.hidden,
            own.struck if own.struck is not None else named.struck or around.struck,
            _first((own.raised, named.raised, around.raised)),
        )

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
    """What a style says itself; `number` is its list and the level in it."""

    name: str
    based_on: str
    number: tuple[str | None, int] | None
    bold: bool | None
    italic: bool | None
    look: Look


class _Named:
    """What styles are called, which heading they are, and how they form words.

    Each is read once, for thousands of paragraphs ask.
    """

    def __init__(self, tree: ET.Element | None) -> None:
        some = list(tree.iter("w-style")) if tree is not None else []
        self._found = {each.get("w-styleId", ""): self._read(each) for each in some}
        self._looks: dict[str, Look] = {}
        #: The style of paragraphs that name none.
        self.usual = next((each.get("w-styleId") for each in some if _is_usual(each)), None)

    def _read(self, style: ET.Element) -> _Style:
        name, based, made = style.find("w-name"), style.find("w-basedOn"), style.find("w-rPr")
        called = name.get("w-val", "") if name is not None else style.get("w-styleId", "")
        return _Style(
            called[:LONGEST_NAME].lower(), based.get("w-val", "") if based is not None else "",
            _place(style.find("w-pPr/w-numPr")), _switch(made, "w-b"), _switch(made, "w-i"),
            _own_look(made),
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
            if each.name == "title":
                return 0
        return 0

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
            said = [each.look for each in self.chain(style)]
            found = self._looks[style or ""] = Look(
                _first(each.hidden for each in said), _first(each.struck for each in said),
                _first(each.raised for each in said),
            )  # fmt: skip
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
        return _UNSAID
    line, lines = _switch(made, "w-strike"), _switch(made, "w-dstrike")
    raised, position = made.find("w-vertAlign"), made.find("w-position")
    by_hand = (position.get("w-val") or "").strip() if position is not None else ""
    how = None if by_hand in ("", "0") else "subscript" if by_hand.startswith("-") else "superscript"
    return Look(
        _switch(made, "w-vanish"), None if line is None and lines is None else bool(line or lines),
        raised.get("w-val") if raised is not None else how,
    )  # fmt: skip


def _first(some: Iterable[_Said | None]) -> _Said | None:
    return next((each for each in some if each is not None), None)


def _is_usual(style: ET.Element) -> bool:
    """Whether it is the style of paragraphs that name none."""
    return style.get("w-type") == "paragraph" and style.get("w-default", "0") in ON


def _switch(made: ET.Element | None, tag: str) -> bool | None:
    found = made.find(tag) if made is not None else None
    return None if found is None else found.get("w-val") in ON


def _place(numbered: ET.Element | None) -> tuple[str | None, int] | None:
    """The list that a w-numPr names, None where it names none, and the level in it."""
    if numbered is None:
        return None
    number = numbered.find("w-numId")
    return number.get("w-val", "") if number is not None else None, _value(numbered, "w-ilvl", 0)


def _whole(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else 0


def _value(parent: ET.Element, tag: str, otherwise: int) -> int:
    found = parent.find(tag)
    return otherwise if found is None else _whole(found.get("w-val"))
