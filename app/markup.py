"""Words to safe HTML: the only place that makes ``Markup``.

Two walls stand between what a person typed and a page: the dialect has no raw HTML (`app/calc/dialect.py`), and what it
makes still passes an explicit allow-list (nh3). Pictures are made by our own code and are checked all the same.
"""

import re
import xml.etree.ElementTree as ET
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from itertools import groupby

import nh3
from markupsafe import Markup

from app.calc.anchors import Anchor, letters
from app.calc.changes import units_length
from app.calc.dialect import clean, parse
from app.calc.differences import Segment
from app.calc.glossary import Glossary, Use
from app.calc.redlines import FORM_WORDS, address, said

MAX_UNITS = 100_000
"""A text's longest length in UTF-16 units, as the editor counts; what lies beyond is not shown."""

_TAGS = {"p", "br", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "ul", "ol", "li", "blockquote", "a", "span"}
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
_REL = "noopener noreferrer nofollow"

#: HTML as this module makes it, cut into tags, entities and single letters.
_TAG_OR_WORDS = re.compile(r"""<(?:[^<>"]|"[^"]*")*>|&[#a-zA-Z0-9]+;|[^<&]|[<&]""")

#: HTML as this module makes it, cut into tags and what stands between them.
_TAG_OR_RUN = re.compile(r"""<(?:[^<>"]|"[^"]*")*>|[^<]+""")
#: Tags that do not part words, those in whose words no term is marked, and how a note behind commented words begins.
_INLINE = {"strong", "em", "a", "span", "mark"}
_UNMARKED = {"a", "h1", "h2", "h3", "h4", "h5", "h6"}
_NOTE = '<a class="commented__note"'

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


def redline(
    segments: Iterable[Segment],
    *,
    added: str = "added",
    removed: str = "removed",
    forms: Mapping[str, str] = FORM_WORDS,
) -> Markup:
    """A difference with its additions and removals marked, also for those who hear the page, and in words what of the
    rest looks otherwise now.

    `added` and `removed` are the words, in the reader's language, that are read out before a marked passage, `forms`
    those for how words look (`app/calc/redlines.py`).
    """
    html = []
    for kind, some in groupby(segments, lambda each: each.kind if each.was is None else each):
        passage = list(some)
        words = "".join(_in_form(segment) for segment in passage)
        if isinstance(kind, Segment):
            note = escape(said(kind, forms))
            html.append(f'<span class="reformed">{words}<span class="reformed__note"> [{note}]</span></span>')
        elif kind == "same":
            html.append(words)
        else:
            tag, what = ("ins", added) if kind == "added" else ("del", removed)
            looks = dict.fromkeys(look for segment in passage if (look := said(segment, forms)))
            what = ", ".join([what, *looks])
            html.append(f'<{tag}><span class="visually-hidden">[{escape(what)}: </span>{words}')
            html.append(f'<span class="visually-hidden">]</span></{tag}>')
    return Markup("".join(html))


def _in_form(segment: Segment) -> str:
    words = escape(clean(segment.text)).replace("\n", "<br>")
    for tag, has in (("em", segment.form.italic), ("strong", segment.form.bold)):
        words = f"<{tag}>{words}</{tag}>" if has else words
    if segment.kind == "added" and segment.form.link:
        words += f'<span class="reformed__note" aria-hidden="true"> ({escape(address(segment.form))})</span>'
    return words


@dataclass(frozen=True)
class Mark:
    """Words of a text that something is about: `number` stands behind them, `label` says what is there, `key` makes
    the addresses."""

    key: str
    number: int
    label: str
    anchor: Anchor


def marked(html: Markup, text: str, marks: Sequence[Mark]) -> Markup:
    """`html`, the rendered Markdown `text`, with the words of each mark marked, and behind them a link to "#talk-KEY".

    The link has the id "words-KEY" and shows the mark's number. Where page and text do not agree letter
    by letter (an entity written out, say), nothing is marked: a wrong place would be worse than none.
    """
    pieces = _pieces(html)
    units = _shown_letters(pieces, text)
    if units is None:
        return html
    spans = [(bisect_left(units, mark.anchor.start), bisect_left(units, mark.anchor.end), mark) for mark in marks]
    return Markup("".join(_with_marks(pieces, [span for span in spans if span[0] < span[1]])))


@dataclass(frozen=True)
class Shade:
    """A stretch of a text in units, the class of its look, and what is said of it."""

    start: int
    end: int
    look: str
    title: str


def shaded(html: Markup, text: str, shades: Sequence[Shade], *, markdown: bool = True) -> Markup:
    """`html`, the rendered Markdown `text`, with each letter in the look of its shade; shades do not overlap.

    One that is no `markdown` is shown as it is written, as a title is. Where page and text do not agree letter by
    letter nothing is shaded, as with `marked`.
    """
    pieces = _pieces(html)
    units = _shown_letters(pieces, text, markdown=markdown)
    if units is None or not shades:
        return html
    starts = [shade.start for shade in shades]
    out: list[str] = []
    now, at = -1, 0
    for shown, part in pieces:
        number = now
        if not shown:
            number = -1
        elif unescape(part).isalnum():
            place = bisect_right(starts, units[at]) - 1
            number = place if place >= 0 and units[at] < shades[place].end else -1
            at += 1
        if number != now:
            out.append("</span>" if now >= 0 else "")
            if number >= 0:
                shade = shades[number]
                out.append(f'<span class="{escape(shade.look)}" title="{escape(shade.title)}">')
            now = number
        out.append(part)
    out.append("</span>" if now >= 0 else "")
    return Markup("".join(out))


def defined(html: Markup, glossary: Glossary | None, address: str) -> Markup:
    """`html`, made of Markdown by `render` and perhaps marked since, with the first use of each defined term a link.

    It leads to "#term-ID" of the page at `address` (none: of the same page) and holds what the term means, for those
    who point at it or hear it. No term is marked in links and headings, nor where a tag cuts it.
    """
    if not glossary:
        return html
    parts = _TAG_OR_RUN.findall(html)
    said, places, allowed = "", dict[int, int](), dict[int, bool]()
    inside: list[str] = []
    for number, part in enumerate(parts):
        if part.startswith("</"):
            said += "" if inside.pop() in _INLINE else "\n\n"
        elif part.startswith("<"):
            name = re.split(r"[\s>]", part[1:], maxsplit=1)[0]
            said += "\n" if name == "br" else "" if name in _INLINE else "\n\n"
            if name != "br":
                inside.append("span" if part.startswith(_NOTE) else name)
        elif "span" not in inside:  # what stands there is no word of the text
            places[len(said)], allowed[number] = number, _UNMARKED.isdisjoint(inside)
            said += unescape(part)
    starts = list(places)
    made: dict[int, list[tuple[int, int, str]]] = {}
    seen: set[int] = set()
    for use in glossary.uses(said):
        place = bisect_right(starts, use.start) - 1
        number, begin = places[starts[place]], starts[place]
        end = begin + len(unescape(parts[number]))
        if use.term.id not in seen and allowed[number] and use.end <= end:
            seen.add(use.term.id)
            made.setdefault(number, []).append((use.start - begin, use.end - begin, _term(use, said, address)))
    for number, links in made.items():
        run, at, out = unescape(parts[number]), 0, ""
        for first, last, link in links:
            out += escape(run[at:first], quote=False) + link
            at = last
        parts[number] = out + escape(run[at:], quote=False)
    return Markup("".join(parts)) if made else html


def _term(use: Use, said: str, address: str) -> str:
    meaning, words = escape(use.term.meaning), escape(said[use.start : use.end], quote=False)
    name = escape(use.term.name)
    return (
        f'<a class="term" href="{escape(address)}#term-{use.term.id}" data-term="{name}" title="{meaning}">{words}</a>'
    )


def _shown_letters(pieces: Iterable[tuple[bool, str]], text: str, *, markdown: bool = True) -> Sequence[int] | None:
    """Where the letters of a page stand in its text, in units; None where the two do not agree."""
    places = letters(text, markdown=markdown)
    shown = [sign for is_shown, words in pieces if is_shown for sign in unescape(words) if sign.isalnum()]
    return _in_units(text, places) if shown == [text[at] for at in places] else None


def _in_units(text: str, places: Sequence[int]) -> Sequence[int]:
    """Indexes into a text, ascending, as UTF-16 units."""
    if text.isascii():
        return places
    found, at, units = [], 0, 0
    for place in places:
        units += units_length(text[at:place])
        at = place
        found.append(units)
    return found


def _pieces(html: str) -> list[tuple[bool, str]]:
    """The parts of well-formed HTML as (whether words of the text, part); words go letter by letter or by entity."""
    pieces = []
    hidden = 0
    for part in _TAG_OR_WORDS.findall(html):
        if part.startswith("<"):
            if part.startswith("<span"):
                hidden += 1
            elif part == "</span>":
                hidden -= 1
            pieces.append((False, part))
        else:
            pieces.append((not hidden, part))
    return pieces


def _with_marks(pieces: list[tuple[bool, str]], spans: list[tuple[int, int, Mark]]) -> Iterator[str]:
    at, links, waiting, opened = 0, 0, list[str](), False
    for shown, part in pieces:
        if not shown:
            if opened:
                yield "</mark>"
                opened = False
            links += part.startswith("<a ") - (part == "</a>")
            yield part
            if not links:
                yield from waiting
                waiting.clear()
            continue
        is_letter = unescape(part).isalnum()
        inside = any(first <= at < last if is_letter else first < at < last for first, last, _ in spans)
        if inside != opened:
            yield '<mark class="commented">' if inside else "</mark>"
            opened = inside
        yield part
        if not is_letter:
            continue
        at += 1
        over = [mark for _, last, mark in spans if last == at]
        if over and opened:
            yield "</mark>"
            opened = False
        notes = [_note(mark) for mark in over]
        if links:
            waiting += notes
        else:
            yield from notes
    if opened:
        yield "</mark>"


def _note(mark: Mark) -> str:
    key, label = escape(mark.key), escape(mark.label)
    return (
        f'{_NOTE} id="words-{key}" href="#talk-{key}" title="{label}">'
        f'<span class="visually-hidden">{label}</span><span aria-hidden="true">{mark.number}</span></a>'
    )


def naming(words: str, names: Iterable[str]) -> Markup:
    """Plain `words` with their line breaks, and "@" and one of the `names` set apart."""
    html = escape(clean(words)).replace("\n", "<br>")
    longest_first = sorted(map(escape, names), key=len, reverse=True)
    if longest_first:
        named = re.compile(rf"(?<!\w)@(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
        html = named.sub(lambda match: f'<strong class="named">{match[0]}</strong>', html)
    return Markup(html)


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
