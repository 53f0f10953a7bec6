"""Writing SVG safely: every value escaped, no script, no style; plain strings that a shell may wrap as markup."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from html import escape

INK = "#212b32"
QUIET = "#4c6272"
GRID = "#d8dde0"
FONT = "Inter, Arial, sans-serif"
CHARACTER = 0.56  # mean width of a character as a share of the font size, in the fonts we ship

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Text escaped for element content and attributes alike, without the characters XML forbids."""
    return escape(_NOT_XML.sub("", text), quote=True)


def number(value: float) -> str:
    """A coordinate or figure without needless digits."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def tag(name: str, content: str | None = None, **attributes: str | float | None) -> str:
    """An element; underscores in attribute names become hyphens, `class_` is class, None leaves one out.

    `content` must be markup already: build it with `tag` or `clean`.
    """
    parts = [name]
    for key, value in attributes.items():
        if value is not None:
            shown = clean(value) if isinstance(value, str) else number(value)
            parts.append(f'{key.rstrip("_").replace("_", "-")}="{shown}"')
    head = " ".join(parts)
    return f"<{head}/>" if content is None else f"<{head}>{content}</{name}>"


def label(
    text: str, x: float, y: float, *, size: float = 13, fill: str = INK, anchor: str = "start", bold: bool = False
) -> str:
    """One line of text at its baseline."""
    return tag(
        "text",
        clean(text),
        x=x,
        y=y,
        font_size=size,
        fill=fill,
        text_anchor=None if anchor == "start" else anchor,
        font_weight="600" if bold else None,
    )


def line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = GRID, width: float = 1) -> str:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width)


def rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    """A filled rectangle."""
    return tag("rect", x=x, y=y, width=max(width, 0.0), height=height, fill=fill)


def circle(x: float, y: float, radius: float, *, fill: str, stroke: str) -> str:
    """A circle with an outline."""
    return tag("circle", cx=x, cy=y, r=radius, fill=fill, stroke=stroke, stroke_width=2)


def wrap(text: str, width: float, size: float = 13, most: int = 3) -> list[str]:
    """Lines of `text` that fit `width` pixels, at most `most`, the last with an ellipsis where words were left out."""
    room = max(4, int(width / (size * CHARACTER)))
    lines = textwrap.wrap(" ".join(text.split()), room, max_lines=most, placeholder=" …", break_on_hyphens=False)
    return lines or [""]


def document(
    key: str, title: str, description: str, width: float, height: float, parts: Sequence[str], kind: str
) -> str:
    """A whole picture: role img, named by its title and described by its desc; scales with its box.

    `key` makes the ids unique on a page; `kind` is the layout, also the class `chart-KIND`.
    """
    ident = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-") or "chart"
    ident = f"chart-{ident}-{kind}"
    head = [
        tag("title", clean(title), id=f"{ident}-title"),
        tag("desc", clean(description), id=f"{ident}-desc"),
    ]
    return tag(
        "svg",
        "".join([*head, *parts]),
        xmlns="http://www.w3.org/2000/svg",
        class_=f"chart chart-{kind}",
        role="img",
        aria_labelledby=f"{ident}-title {ident}-desc",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        font_family=FONT,
    )
