"""A text as it is read: its words without the marks of Markdown, for differences and one-line excerpts."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from app.calc.dialect import parse

_LISTS = {"ul", "ol"}


def plain(text: str) -> str:
    """The words of a Markdown `text` in our dialect: paragraphs apart by an empty line, points with their bullet.

    Two texts that differ in emphasis only are equal here.
    """
    return "\n\n".join(block for block in _blocks(parse(text), "") if block.strip())


def _blocks(parent: ET.Element, indent: str) -> Iterator[str]:
    if parent.text and parent.text.strip():
        yield indent + parent.text.strip()
    for element in parent:
        if element.tag in _LISTS:
            yield "\n".join(_points(element, indent))
        elif element.tag == "blockquote":
            yield from (f"{indent}“{block.strip()}”" for block in _blocks(element, ""))
        else:
            yield indent + _words(element)


def _points(points: ET.Element, indent: str) -> Iterator[str]:
    number = int(points.get("start", "1"))
    for at, point in enumerate(points):
        mark = "•" if points.tag == "ul" else f"{number + at}."
        first = [_lead(point)]
        for inner in point:
            if inner.tag in _LISTS:
                first.extend(_points(inner, indent + "  "))
            elif inner.tag in {"p", "blockquote"}:
                first.append(_words(inner))
        lines = [line for line in first if line.strip()]
        yield f"{indent}{mark} {lines[0] if lines else ''}"
        yield from lines[1:]


def _lead(point: ET.Element) -> str:
    """The words of a point that stand before any block in it."""
    words = point.text or ""
    for inner in point:
        if inner.tag in {*_LISTS, "p", "blockquote"}:
            break
        words += _words(inner) + (inner.tail or "")
    return words.strip()


def _words(element: ET.Element) -> str:
    if element.tag == "br":
        return "\n"
    words = element.text or ""
    for inner in element:
        words += _words(inner) + (inner.tail or "")
    return words
