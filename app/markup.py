"""Words to safe HTML: the only place that makes ``Markup``.

Two walls stand between what a person typed and a page: the dialect has no raw HTML (`app/calc/dialect.py`), and what it
makes still passes an explicit allow-list (nh3). Pictures are made by our own code and are checked all the same.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from html import escape

import nh3
from markupsafe import Markup

from app.calc.dialect import clean, parse
from app.calc.differences import Segment

MAX_UNITS = 100_000
"""A text's longest length in UTF-16 units, as the editor counts; what lies beyond is not shown."""

_TAGS = {"p", "br", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "ul", "ol", "li", "blockquote", "a", "span"}
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
_REL = "noopener noreferrer nofollow"

_SVG_TAGS = frozenset(
    [
        "svg",
        "g",
        "defs",
        "title",
        "desc",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "clipPath",
        "linearGradient",
        "radialGradient",
        "stop",
        "pattern",
        "marker",
        "use",
    ]
)
_SVG_NAMESPACE = "{http://www.w3.org/2000/svg}"
_SVG_REFUSED = re.compile(r"url\(\s*['\"]?(?!#)|javascript:|expression\(|@import", re.IGNORECASE)


def render(text: str, *, heading_offset: int = 1) -> Markup:
    """The HTML of a Markdown `text` in our dialect, safe to put into a page.

    `heading_offset` moves the text's own two heading levels below the page's: with 1, the default, ``#`` becomes
    ``h2``; levels end at ``h6``. Links go to http, https and mailto only, name the host they lead to, and tell it
    nothing about us. Beyond `MAX_UNITS` the text is cut and ends in an ellipsis.
    """
    root = parse(_capped(text))
    for element in root.iter():
        if element.tag in ("h1", "h2"):
            element.tag = f"h{max(1, min(6, int(element.tag[1]) + heading_offset))}"
        elif element.tag == "a":
            _show_host(element)
    html = escape(root.text or "") + "".join(ET.tostring(child, encoding="unicode", method="html") for child in root)
    return Markup(
        nh3.clean(
            html,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            allowed_classes={"span": {"link-host"}},
            url_schemes={"http", "https", "mailto"},
            link_rel=_REL,
            strip_comments=True,
        )
    )


def picture(svg: str) -> Markup:
    """An SVG picture made by `app/calc/charts.py`, to stand in a page.

    Raises:
        ValueError: it holds anything but shapes and words: a script, a handler, an address outside itself, a style
            attribute (which the page's policy would refuse), a document type.
    """
    if "<!" in svg or "<?" in svg.lstrip()[2:]:
        raise ValueError("a picture has no document type, comment or instruction")
    body = re.sub(r"\A\s*<\?xml[^>]*\?>", "", svg).strip()
    try:
        root = ET.fromstring(body)  # noqa: S314 - without a document type no entity can expand
    except ET.ParseError as fault:
        raise ValueError("not an SVG picture") from fault
    if root.tag.removeprefix(_SVG_NAMESPACE) != "svg":
        raise ValueError("not an SVG picture")
    for element in root.iter():
        _check_shape(element)
    return Markup(body)


def qr(svg: str, label: str) -> Markup:
    """A QR code as an SVG picture, named `label` for people who do not see it.

    Raises:
        ValueError: as `picture`.
    """
    body = str(picture(svg))
    named = body.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)
    return picture(named)


def redline(segments: Iterable[Segment], *, added: str = "added", removed: str = "removed") -> Markup:
    """A difference with its additions and removals marked, also for those who hear the page.

    `added` and `removed` are the words, in the reader's language, that are read out before a marked passage.
    """
    html = []
    for segment in segments:
        words = escape(clean(segment.text)).replace("\n", "<br>")
        if segment.kind == "same":
            html.append(words)
        else:
            tag, said = ("ins", added) if segment.kind == "added" else ("del", removed)
            html.append(f'<{tag}><span class="visually-hidden">[{escape(said)}: </span>{words}')
            html.append(f'<span class="visually-hidden">]</span></{tag}>')
    return Markup("".join(html))


def _capped(text: str) -> str:
    if len(text) <= MAX_UNITS // 2 or len(text.encode("utf-16-le", "surrogatepass")) <= 2 * MAX_UNITS:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * MAX_UNITS].decode("utf-16-le", "ignore") + "…"


def _show_host(link: ET.Element) -> None:
    """Add the host a link leads to where its words do not show it: a link must not look like another."""
    address = link.get("href", "")
    host = address.split("://", 1)[1] if "://" in address else ""
    host = re.split(r"[/?#]", host, maxsplit=1)[0].lower()
    if host and not address.lower().startswith("mailto:") and host not in "".join(link.itertext()).lower():
        ET.SubElement(link, "span", {"class": "link-host"}).text = f" ({host})"


def _check_shape(element: ET.Element) -> None:
    tag = element.tag.removeprefix(_SVG_NAMESPACE)
    if tag not in _SVG_TAGS:
        raise ValueError(f"a picture may not hold <{tag}>")
    for name, value in element.attrib.items():
        plain = name.rpartition("}")[2].lower()
        if plain.startswith("on") or plain in ("style", "src"):
            raise ValueError(f"a picture may not hold {plain}")
        if plain == "href" and not value.startswith("#"):
            raise ValueError("a picture may not lead out of itself")
        if _SVG_REFUSED.search(value):
            raise ValueError(f"a picture may not hold this {plain}")
