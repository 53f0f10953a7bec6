"""What a part of a Word document says without its form: comments, notes and pictures; and each letter of the rest.

The letters of a run are read here alone, so that a note says a sign or a break as the body does.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from app.calc.dialect import clean
from app.calc.symbols import PRIVATE, of_font, strange, written
from app.calc.wordpackages import Package
from app.calc.wordstyles import ON, PLAIN, Fonts, own_fonts

#: What stands for a break or a hyphen among the letters of a run.
BREAKS = {"w-br": "\n", "w-cr": "\n", "w-tab": " ", "w-ptab": " ", "w-noBreakHyphen": "‑", "w-softHyphen": ""}
_TWICE = "mc-AlternateContent"
_PICTURES = {"w-drawing", "w-pict", "w-object", _TWICE}
_EQUATIONS = {"m-oMath", "m-oMathPara"}
#: What of a paragraph or run is not its words.
_BESIDE_WORDS = {"w-pPr", "w-rPr", "w-rt"}
_SCRIPTS = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]+")


class Strange(NamedTuple):
    """Letters that their font draws as signs which we do not know: the font, what they are, and where they stand."""

    font: str
    typed: str
    at: int


class Letters(NamedTuple):
    """What a w-t says, the font of all its letters but those of a keyboard, and the first strange ones in it."""

    said: str
    font: str = ""
    strange: Strange | None = None


def plain(element: ET.Element) -> str:
    """Everything an element says, a line for each paragraph; one within another is a line of its own."""
    lines: list[list[str]] = []
    _gather(element, lines, [])
    return clean("\n".join(map("".join, lines))).strip()


def notes(package: Package, named: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """What the footnotes and endnotes say, by their tag and id; `named` are the parts that the document links to.

    Raises Unreadable for a part that cannot be read.
    """
    found = {}
    for part, tag in (("footnotes", "w-footnote"), ("endnotes", "w-endnote")):
        tree = package.tree(named[part]) if part in named else None
        for each in tree.findall(tag) if tree is not None else ():
            found[tag, each.get("w-id", "")] = plain(each)
    return found


def thing_of(element: ET.Element) -> str | None:
    """What an element is that is not words, with the words in it (“picture: …”, “equation: …”); None where it may be.

    A picture may be a text box or a watermark, whose words Word keeps twice for programs of different age.
    """
    if element.tag in _EQUATIONS:
        return f"equation: {clean(''.join(sign.text or '' for sign in element.iter('m-t')))}"
    if element.tag not in _PICTURES:
        return None
    choice = element.find("mc-Choice")
    boxes = list(_boxes(choice)) if choice is not None else []
    boxes = boxes or list(_boxes(element))
    drawn = dict.fromkeys(clean(each.get("string", "")) for each in element.iter("x-textpath"))  # a watermark's
    words = "\n".join(filter(None, (*map(plain, boxes), *drawn)))
    return f"picture: {words}" if words else "picture"


def letters(text: ET.Element, fonts: Fonts) -> Letters:
    """What a w-t says in fonts."""
    # Where the file breaks a line among them, both word processors show a space.
    said = (text.text or "").replace("\n", " ")
    if not any(fonts):
        return Letters(said)
    typed: list[Strange] = []

    def read(some: re.Match[str]) -> str:
        font = fonts.near if some[0].isascii() else fonts.far
        if not typed and (found := strange(font, some[0])) is not None:
            typed.append(Strange(font, found[0], some.start() + found.start()))
        return written(font, some[0])

    said = _SCRIPTS.sub(read, said)
    return Letters(said, fonts.far, typed[0] if typed else None)


def sign_of(symbol: ET.Element) -> str | None:
    """The letter of a sign that Word takes from a font by its number (w-sym); None where we do not know it."""
    return _sign(symbol.get("w-font", ""), symbol.get("w-char", ""))


def kept_twice(element: ET.Element) -> str | None:
    """The letters that Word keeps twice, for itself by their numbers (w16se:symEx) and for older programs, as it does
    with some emoji; None for anything else, and where neither can be read."""
    signs = element.findall("mc-Choice/x-symEx") if element.tag == _TWICE else []
    if not signs:
        return None
    said = [clean(_sign(each.get("x-font", ""), each.get("x-char", "")) or "") for each in signs]
    older = (each for tag in ("w-t", "w-delText") for each in element.iterfind(f"mc-Fallback/{tag}"))
    return "".join(said if all(said) else (letters(each, PLAIN).said for each in older)) or None


def is_prompt(element: ET.Element) -> bool:
    """Whether an element is a box to be filled in that shows what is asked for: nobody wrote these words."""
    shows = element.find("w-sdtPr/w-showingPlcHdr") if element.tag == "w-sdt" else None
    return shows is not None and shows.get("w-val") in ON


def _sign(font: str, code: str) -> str | None:
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    if number in PRIVATE:
        return of_font(font, number - PRIVATE.start) or None
    if 0 < number < 0x100 and (known := of_font(font, number)):
        return known
    if 0 < number < 0x100 and strange(font, chr(number)):
        return None
    return chr(number) if 0 < number < 0x110000 else None


def ends_page(element: ET.Element) -> bool:
    """Whether a break is one of page or column."""
    return element.get("w-type") in ("page", "column")


def break_of(element: ET.Element) -> str:
    """What stands for an element of BREAKS; for a break of page or column a space."""
    return " " if ends_page(element) else BREAKS[element.tag]


def _boxes(parent: ET.Element) -> Iterator[ET.Element]:
    """The text boxes in an element, not those within others: they are told with them."""
    for each in parent:
        if each.tag == "w-txbxContent":
            yield each
        else:
            yield from _boxes(each)


def _gather(parent: Iterable[ET.Element], lines: list[list[str]], own: list[str]) -> None:
    """Put the words of `parent` into the line `own`, those of paragraphs within it into lines after that."""
    for each in parent:
        if is_prompt(each):
            continue
        if each.tag == "w-p":
            lines.append([])
            _gather(each, lines, lines[-1])
        elif each.tag == "w-r":
            _gather_run(each, lines, own)
        elif each.tag not in _BESIDE_WORDS:
            _gather(each, lines, own)


def _gather_run(run: ET.Element, lines: list[list[str]], own: list[str]) -> None:
    """Put what a run says into the line `own`, as the words of the body are read."""
    fonts = own_fonts(run.find("w-rPr")) or PLAIN
    for each in run:
        if each.tag == "w-t":
            own.append(letters(each, fonts).said)
        elif each.tag == "w-sym":
            own.append(sign_of(each) or "")
        elif each.tag in BREAKS:
            own.append(break_of(each))
        elif (twice := kept_twice(each)) is not None:
            own.append(twice)
        elif each.tag not in _BESIDE_WORDS:
            _gather([each], lines, own)
