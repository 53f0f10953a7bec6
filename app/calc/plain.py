"""A text as it is read: its words without the marks of Markdown, for differences and one-line excerpts."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.calc.dialect import parse

_LISTS = {"ul", "ol"}
_HEADINGS = {"h1": 1, "h2": 2}


class Form(NamedTuple):
    """How words look: `heading` is the level of the heading they are in, 0 in none; `link` an address."""

    bold: bool = False
    italic: bool = False
    heading: int = 0
    link: str = ""


#: No form at all.
PLAIN = Form()


class Run(NamedTuple):
    """Words of one form."""

    text: str
    form: Form = PLAIN


def plain(text: str) -> str:
    """The words of a Markdown `text` in our dialect: paragraphs apart by an empty line, points with their bullet.

    Two texts that differ in emphasis only are equal here.
    """
    return "".join(run.text for run in formed(text))


def formed(text: str) -> list[Run]:
    """The same words with their form."""
    blocks = (block for block in _blocks(parse(text), "") if _shows(block))
    return [run for block in _joined(blocks, "\n\n") for run in block if run.text]


_Runs = list[Run]


def _blocks(parent: ET.Element, indent: str) -> Iterator[_Runs]:
    if parent.text and parent.text.strip():
        yield [Run(indent + parent.text.strip())]
    for element in parent:
        if element.tag in _LISTS:
            yield [run for line in _joined(_points(element, indent), "\n") for run in line]
        elif element.tag == "blockquote":
            yield from ([Run(f"{indent}“"), *_stripped(block), Run("”")] for block in _blocks(element, ""))
        else:
            yield [Run(indent), *_words(element, Form(heading=_HEADINGS.get(element.tag, 0)))]


def _points(points: ET.Element, indent: str) -> Iterator[_Runs]:
    number = int(points.get("start", "1"))
    for at, point in enumerate(points):
        mark = "•" if points.tag == "ul" else f"{number + at}."
        first = [_lead(point)]
        for inner in point:
            if inner.tag in _LISTS:
                first.extend(_points(inner, indent + "  "))
            elif inner.tag in {"p", "blockquote"}:
                first.append(list(_words(inner)))
        lines = [line for line in first if _shows(line)]
        yield [Run(f"{indent}{mark} "), *(lines[0] if lines else [])]
        yield from lines[1:]


def _lead(point: ET.Element) -> _Runs:
    """The words of a point that stand before any block in it."""
    words = [Run(point.text or "")]
    for inner in point:
        if inner.tag in {*_LISTS, "p", "blockquote"}:
            break
        words += [*_words(inner), Run(inner.tail or "")]
    return _stripped(words)


def _words(element: ET.Element, form: Form = PLAIN) -> Iterator[Run]:
    if element.tag == "br":
        yield Run("\n", form)
        return
    if element.tag in ("strong", "em"):
        form = form._replace(bold=form.bold or element.tag == "strong", italic=form.italic or element.tag == "em")
    elif element.tag == "a":
        form = form._replace(link=element.get("href", ""))
    yield Run(element.text or "", form)
    for inner in element:
        yield from _words(inner, form)
        yield Run(inner.tail or "", form)


def _shows(line: _Runs) -> bool:
    return any(run.text.strip() for run in line)


def _stripped(line: _Runs) -> _Runs:
    """A line without spaces at its two ends."""
    line = [run for run in line if run.text]
    while line and not line[0].text.strip():
        del line[0]
    while line and not line[-1].text.strip():
        del line[-1]
    if line:
        line[0] = line[0]._replace(text=line[0].text.lstrip())
        line[-1] = line[-1]._replace(text=line[-1].text.rstrip())
    return line


def _joined(lines: Iterable[_Runs], between: str) -> Iterator[_Runs]:
    for at, line in enumerate(lines):
        yield [Run(between), *line] if at else line
