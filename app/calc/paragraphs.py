"""A text in our dialect as word processors keep one: paragraphs one after another, each of one kind, with formed words.

`paragraphs` reads a text, `markdown` writes one. A word processor knows less of structure than the dialect (a list in a
quote, a quote in a quote, two bullet lists that touch), so a text that comes back is not written anew: `rewritten`
changes the old text only where its paragraphs differ, and what a word processor does by itself (typographic quotes,
hard spaces, another way to write the same letter or address) is no difference.
"""

import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import quote

from app.calc.changes import BadChangeError, from_units, to_units
from app.calc.dialect import clean, parse
from app.calc.differences import change_between, difference

Kind = Literal["plain", "heading", "subheading", "bullet", "number", "quote"]

MAX_LEVEL = 8
"""Word has nine levels of lists; what is nested deeper stands on the last."""

MOST_MARKS = 32
"""So much of a letter with its marks is put in order (as in Unicode's stream-safe format): the time for it grows by
squares."""

_SPACES = re.compile(r"[ \t\r\f\v]+")
_LIST_KINDS = ("bullet", "number")
_INLINE_MARKS = re.compile(r"([\\*_\[\]])")
_OTHERS_MARKS = re.compile(r"(?<!\\)([<`|~&])")
_LINE_MARK = re.compile(r"(?m)^([-+#>~`<=])")
_LAST_MARK = re.compile(r"(?<= )(#+)$")
#: A line that in a list would be a point without words.
_LONE_MARK = re.compile(r"^([0-9]{0,9})([-+*.)])$")
_LINE_NUMBER = re.compile(r"(?m)^([0-9]{1,9})([.)])")


class Words(NamedTuple):
    """A stretch of words in one form; a line break in it is a newline."""

    text: str
    bold: bool = False
    italic: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph, heading or point.

    `level` is how deep a point stands; a plain paragraph of level 1 goes on within a point of level 0. `first` is the
    number with which a list begins here, None where it goes on.
    """

    kind: Kind
    words: tuple[Words, ...]
    level: int = 0
    first: int | None = None

    @property
    def text(self) -> str:
        """The words without their form."""
        return "".join(each.text for each in self.words)


def paragraphs(text: str) -> list[Paragraph]:
    """The paragraphs that `text`, in our dialect, shows; empty ones are none."""
    return tidy(_flat(parse(text), level=0, quoted=False))


def tidy(some: Iterable[Paragraph]) -> list[Paragraph]:
    """The same paragraphs in their only form: no idle spaces, no form on spaces, no level without one above it."""
    found: list[Paragraph] = []
    deepest = -1  # of the points that stand open
    for each in some:
        words = _tidy_words(each.words)
        if not any(part.text.strip() for part in words):
            continue
        level = max(0, min(each.level, MAX_LEVEL, deepest + 1))
        if each.kind in _LIST_KINDS:
            deepest = level
        elif each.kind == "plain":
            deepest = level - 1
        else:
            level, deepest = 0, -1
        first = each.first if each.kind == "number" else None
        found.append(Paragraph(each.kind, words, level, first))
    return _numbered(found)


def markdown(some: Sequence[Paragraph]) -> str:
    """A text in our dialect that shows these paragraphs (as `tidy` leaves them).

    Form that the dialect cannot show where it stands, such as a bold letter inside a word beside a bracket, is left
    out; no word ever is.
    """
    writer = _Writer()
    for each in some:
        writer.add(each)
    return writer.text()


def markdown_for_others(text: str, *, under: int) -> str:
    """A text in our dialect as any other reader of Markdown shows it, its headings below level `under`.

    What is but a word in the dialect (HTML, code, tables, rules) is one there too.
    """
    writer = _ForOthers(under)
    for each in paragraphs(text):
        writer.add(each)
    return writer.text()


def words_for_others(words: str) -> str:
    """Words without form as any reader of Markdown shows them within a line, a title for instance."""
    return _standard((Words(" ".join(words.split())),))


def rewritten(old: str, new: Sequence[Paragraph]) -> str:
    """The text `old` changed into one that shows the paragraphs `new`, and only where they differ.

    `old` itself when they do not, or only by what word processors do on their own.
    """
    before, given = paragraphs(old), tidy(new)
    if given == before:
        return old
    wanted = unfolded(before, given)
    if wanted == before:
        return old
    if not wanted:
        return ""
    plain_before, plain_after = markdown(before), markdown(wanted)
    if plain_before == old:
        return plain_after
    shown = paragraphs(plain_after)
    try:
        edit = change_between(plain_before, plain_after).map(change_between(plain_before, old))
        carried = from_units(edit.apply(to_units(old)))
    except BadChangeError:
        return plain_after
    return carried if paragraphs(carried) == shown else plain_after


# --- reading ---


def _flat(parent: ET.Element, *, level: int, quoted: bool) -> Iterator[Paragraph]:
    for block in parent:
        if block.tag in ("h1", "h2"):
            yield Paragraph("heading" if block.tag == "h1" else "subheading", tuple(_words(block)))
        elif block.tag in ("ul", "ol"):
            yield from _points(block, level=level, quoted=quoted)
        elif block.tag == "blockquote":
            yield from _flat(block, level=level, quoted=True)
        elif quoted and not level:
            yield Paragraph("quote", tuple(_words(block)))
        else:
            yield Paragraph("plain", tuple(_words(block)), level)


def _points(block: ET.Element, *, level: int, quoted: bool) -> Iterator[Paragraph]:
    kind: Kind = "bullet" if block.tag == "ul" else "number"
    first = int(block.get("start", "1")) if kind == "number" else None
    for item in block:
        rest = ET.Element("div")
        if len(item) and item[0].tag == "p" and not (item.text or "").strip():
            lead, rest[:] = item[0], item[1:]
        else:
            lead = item
            rest[:] = [child for child in item if child.tag in ("h1", "h2", "p", "ul", "ol", "blockquote")]
        point = Paragraph(kind, tuple(_words(lead)), level, first)
        if point.text.strip():
            first = None
        yield point
        yield from _flat(rest, level=level + 1, quoted=quoted)


def _words(element: ET.Element, form: Words = Words("")) -> Iterator[Words]:  # noqa: B008 - it is immutable
    if element.text:
        yield form._replace(text=element.text.replace("\n", " "))
    for child in element:
        if child.tag == "br":
            yield form._replace(text="\n")
        elif child.tag == "a":
            yield from _words(child, form._replace(link=child.get("href", "")))
        elif child.tag in ("strong", "em"):
            bold, italic = form.bold or child.tag == "strong", form.italic or child.tag == "em"
            yield from _words(child, form._replace(bold=bold, italic=italic))
        else:
            continue
        if child.tail:
            yield form._replace(text=child.tail.replace("\n", " "))


def _tidy_words(words: Iterable[Words]) -> tuple[Words, ...]:
    """Idle spaces and empty lines out, spaces between two forms without form, neighbours of one form together."""
    letters: list[tuple[str, Words]] = []
    for each in words:
        form = each._replace(text="")
        if form.link and (_address(each.text) == _address(form.link) or not _may_be_linked(form.link)):
            form = form._replace(link="")  # an address that a word processor made a link of, or that nobody may follow
        for letter in _SPACES.sub(" ", clean(each.text)):
            if letter == " " and (not letters or letters[-1][0] in " \n"):
                continue
            if letter == "\n":
                while letters and letters[-1][0] == " ":
                    letters.pop()
                if not letters or letters[-1][0] == "\n":
                    continue
            letters.append((letter, form))
    while letters and letters[-1][0] in " \n":
        letters.pop()
    following = _following_forms(letters)
    found: list[tuple[Words, list[str]]] = []
    for at, (letter, own) in enumerate(letters):
        form = own
        if letter.isspace():
            # A space has the form that both its neighbours share.
            before, after = letters[at - 1][1], following[at]
            form = Words(
                "", before.bold and after.bold, before.italic and after.italic,
                before.link if before.link == after.link else "",
            )  # fmt: skip
            letters[at] = (letter, form)
        if not found or found[-1][0] != form:
            found.append((form, []))
        found[-1][1].append(letter)
    return tuple(form._replace(text="".join(each)) for form, each in found)


@lru_cache(maxsize=256)
def _may_be_linked(address: str) -> bool:
    """Whether the dialect makes a link of an address."""
    return parse(f"[a]({_target(address)})").find(".//a") is not None


def _following_forms(letters: Sequence[tuple[str, Words]]) -> list[Words]:
    """For each letter the form of the first one after it that is no space; none where only spaces follow."""
    found: list[Words] = []
    form = Words("")
    for letter, own in reversed(letters):
        found.append(form)
        if not letter.isspace():
            form = own
    return found[::-1]


def _numbered(found: list[Paragraph]) -> list[Paragraph]:
    """A number that has no point of its own list before it begins one; it counts on where none is given."""
    last: dict[int, tuple[Kind, int]] = {}
    out = []
    for each in found:
        if each.kind not in _LIST_KINDS:
            floor = each.level if each.kind == "plain" else 0
            last = {level: kept for level, kept in last.items() if level < floor}
            out.append(each)
            continue
        last = {level: kept for level, kept in last.items() if level <= each.level}
        begun = last.get(each.level)
        goes_on = begun is not None and begun[0] == each.kind
        if each.kind == "number":
            first = each.first if each.first is not None or goes_on else 1
            number = first if first is not None else (begun[1] + 1 if begun else 1)
            out.append(replace(each, first=first))
        else:
            number = 0
            out.append(each)
        last[each.level] = (each.kind, number)
    return out


# --- writing ---


class _Writer:
    """Lines of Markdown, and the lists that stand open in them as (kind, width of the mark, delimiter, last number)."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.open: list[tuple[Kind, int, str, int]] = []
        self.before: Paragraph | None = None

    def text(self) -> str:
        return "\n".join(self.lines)

    def inline(self, words: tuple[Words, ...], *, one_line: bool) -> str:
        """The words with their marks."""
        return _inline(words, one_line=one_line)

    def level(self, own: int) -> int:
        """How many signs a heading has."""
        return own

    def add(self, each: Paragraph) -> None:
        if each.kind in _LIST_KINDS:
            self._point(each)
        else:
            self._block(each)
        self.before = each

    def _block(self, each: Paragraph) -> None:
        words = self.inline(each.words, one_line=each.kind in ("heading", "subheading"))
        if each.kind == "quote":
            if self.before is not None:
                self.lines.append(">" if self.before.kind == "quote" else "")
            self.open.clear()
            self.lines += [f"> {line}" for line in words.split("\n")]
            return
        if self.lines:
            self.lines.append("")
        if each.kind in ("heading", "subheading"):
            self.open.clear()
            self.lines.append(f"{'#' * self.level(1 if each.kind == 'heading' else 2)} {words}")
            return
        del self.open[each.level :]
        indent = " " * sum(width for _, width, _, _ in self.open)
        self.lines += [indent + line for line in words.split("\n")]

    def _point(self, each: Paragraph) -> None:
        after = self.before
        if after is not None:
            goes_on = after.kind in _LIST_KINDS or after.level > each.level
            turns = after.kind != each.kind and after.level == each.level
            if not goes_on or turns or each.first not in (None, 1):
                self.lines.append("")
        del self.open[each.level + 1 :]
        last = self.open[each.level] if len(self.open) > each.level else None
        mark, entry = _mark(each, last)
        del self.open[each.level :]
        indent = " " * sum(width for _, width, _, _ in self.open)
        self.open.append(entry)
        first, *rest = self.inline(each.words, one_line=False).split("\n")
        self.lines.append(f"{indent}{mark}{first}")
        self.lines += [" " * (len(indent) + len(mark)) + _LONE_MARK.sub(r"\1\\\2", line) for line in rest]


class _ForOthers(_Writer):
    """Writes what any reader of Markdown shows alike."""

    def __init__(self, under: int) -> None:
        super().__init__()
        self._under = under

    def inline(self, words: tuple[Words, ...], *, one_line: bool) -> str:
        shown = _standard(words)
        return shown.replace("\n", " ") if one_line else shown.replace("\n", "  \n")

    def level(self, own: int) -> int:
        return min(6, self._under + own)


def _standard(words: tuple[Words, ...]) -> str:
    """Words with every sign escaped that could be a mark to any reader; form that would not read back is left out."""
    bare = _escaped("".join(each.text for each in words))
    ways = (_marked(each, escape=True, italic="*") for each in (words, _inside(words)))
    marked = next((way for way in ways if _read_back(way, heading=False) == words), bare)
    return _OTHERS_MARKS.sub(r"\\\1", marked)


def _mark(each: Paragraph, last: tuple[Kind, int, str, int] | None) -> tuple[str, tuple[Kind, int, str, int]]:
    if each.kind == "bullet":
        return "- ", ("bullet", 2, "-", 0)
    follows = last is not None and last[0] == "number"
    delimiter, number = (last[2], last[3] + 1) if last is not None and follows else (".", 1)
    if each.first is not None:
        delimiter, number = (")" if follows and delimiter == "." else "."), each.first
    mark = f"{number}{delimiter} "
    return mark, ("number", len(mark), delimiter, number)


def _inline(words: tuple[Words, ...], *, one_line: bool) -> str:
    """The words with their marks: the lightest way that reads back as the same."""
    if one_line:
        words = tuple(each._replace(text=each.text.replace("\n", " ")) for each in words)
    bare = "".join(each.text for each in words)
    for less in (words, tuple(each._replace(italic=False) for each in words)):
        shown = _tidy_words(less)
        for source in _ways(shown):
            if _read_back(source, heading=one_line) == shown:
                return source
    for source in (bare, _escaped(bare)):
        if _read_back(source, heading=one_line) == (Words(bare),):
            return source
    return _escaped(bare)


def _read_back(source: str, *, heading: bool) -> tuple[Words, ...] | None:
    """What `source` shows where a paragraph, or a heading, is to stand; None when it shows anything else."""
    back = list(_flat(parse(f"# {source}" if heading else source), level=0, quoted=False))
    if len(back) != 1 or back[0].kind != ("heading" if heading else "plain"):
        return None
    return _tidy_words(back[0].words)


def _ways(words: tuple[Words, ...]) -> Iterator[str]:
    whole = "".join(each.text for each in words)
    formed = any(each.bold or each.italic or each.link for each in words)
    if not formed:
        yield whole
    else:
        yield _marked(words, escape=False, italic="*")
    yield _marked(words, escape=True, italic="*")
    if formed:
        yield _marked(words, escape=True, italic="_")
        inner = _inside(words)
        yield _marked(inner, escape=True, italic="*")
        # A space between two words of a form has it whether it is marked or not.
        for each in (words, inner):
            yield _marked(_without_form_on_spaces(each), escape=True, italic="*")


def _inside(words: tuple[Words, ...]) -> tuple[Words, ...]:
    """Form taken off the punctuation at its edges, where the dialect could not show it."""
    out: list[Words] = []
    for each in words:
        core = each.text.strip("".join(set(each.text) - {c for c in each.text if c.isalnum()}))
        if not (each.bold or each.italic) or not core or core == each.text:
            out.append(each)
            continue
        at = each.text.index(core)
        bare = each._replace(bold=False, italic=False)
        out += [bare._replace(text=each.text[:at]), each._replace(text=core)]
        out.append(bare._replace(text=each.text[at + len(core) :]))
    return tuple(each for each in out if each.text)


def _without_form_on_spaces(words: tuple[Words, ...]) -> tuple[Words, ...]:
    return tuple(Words(each.text) if each.text.isspace() else each for each in words)


def _marked(words: tuple[Words, ...], *, escape: bool, italic: str) -> str:
    """Marks that open and close in order: what lasts longest opens first."""
    out: list[str] = []
    open_: list[str] = []

    def wanted(each: Words) -> set[str]:
        forms = {name for name, on in (("b", each.bold), ("i", each.italic)) if on}
        return forms | ({each.link} if each.link else set())

    def close(name: str) -> str:
        return {"b": "**", "i": italic}.get(name) or f"]({_target(name)})"

    for at, each in enumerate(words):
        wants = wanted(each)
        keep = 0
        while keep < len(open_) and open_[keep] in wants:
            keep += 1
        while len(open_) > keep:
            out.append(close(open_.pop()))
        more = [name for name in wants if name not in open_]

        def lasts(name: str, at: int = at) -> int:
            end = at
            while end < len(words) and name in wanted(words[end]):
                end += 1
            return end

        for name in sorted(more, key=lambda name: (-lasts(name), len(name) == 1, name)):
            out.append({"b": "**", "i": italic}.get(name) or "[")
            open_.append(name)
        out.append(_INLINE_MARKS.sub(r"\\\1", each.text) if escape else each.text)
    while open_:
        out.append(close(open_.pop()))
    text = "".join(out)
    return _line_heads(text) if escape else text


def _target(url: str) -> str:
    return re.sub(r"([\\()])", r"\\\1", url)


def _escaped(text: str) -> str:
    return _line_heads(_INLINE_MARKS.sub(r"\\\1", text))


def _line_heads(text: str) -> str:
    return _LAST_MARK.sub(r"\\\1", _LINE_NUMBER.sub(r"\1\\\2", _LINE_MARK.sub(r"\\\1", text)))


# --- what a word processor does on its own ---


class _Cell(NamedTuple):
    """One letter as compared, and what stands for it in the text."""

    folded: str
    text: str
    form: Words


_ALIKE = re.compile(
    "(?P<alone>(?<!\\S)(?:-{1,3}|–|—)(?!\\S))|(?P<dash>--+|—)|(?P<dots>\\.\\.\\.|…)"
    "|(?P<mark>\\((?:c|C|r|R|tm|TM)\\)|[©®™])"
    "|(?P<part>(?<![0-9/])(?:1/2|1/4|3/4)(?![0-9/])|[½¼¾])|(?P<arrow>-->|→|==>|<--|←)"
    "|(?P<other>\\S(?:[\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20f0]+)|[\\s\\S])"
)
_ONE = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "‟": '"',
    "″": '"', "«": '"', "»": '"', "\u00a0": " ", "\u202f": " ", "\u2007": " ", "\u2009": " ", "\u2002": " ",
    "\u2003": " ", "‐": "-", "‑": "-", "µ": "μ",
    "1/2": "½", "1/4": "¼", "3/4": "¾", "(c)": "©", "(r)": "®", "(tm)": "™", "-->": "→", "==>": "→", "<--": "←",
    "...": "…",
}  # fmt: skip
_UNSEEN = "\u00ad\u200b\u2060\u200e\u200f"


def fold(text: str) -> str:
    """`text` as it is compared: two texts that differ by a word processor's own doing are equal."""
    return "".join(folded for folded, _ in _folded(text)).strip()


def _folded(text: str) -> Iterator[tuple[str, str]]:
    """The letters of `text` as (what is compared, what stands there)."""
    for found in _ALIKE.finditer(text):
        part = found[0]
        if found["alone"]:  # between spaces a hyphen becomes a dash, elsewhere it does not
            yield "‒", part
        elif found["dash"]:
            yield "–", part
        elif len(part) == 1 and part in _UNSEEN:
            yield "", part
        else:
            yield _ONE.get(part.lower(), _composed(part)), part


def _composed(cluster: str) -> str:
    """One letter and its marks in the one way of writing them; of more marks than any letter has, the first."""
    return unicodedata.normalize("NFC", cluster[:MOST_MARKS]) + cluster[MOST_MARKS:]


def _cells(some: Sequence[Paragraph]) -> list[list[_Cell]]:
    rows = []
    for each in some:
        row: list[_Cell] = []
        forms = [part._replace(text="") for part in each.words for _ in part.text]
        at = 0
        for folded, text in _folded(each.text):
            form, alike = forms[at], len(set(forms[at : at + len(text)])) == 1
            if not alike:  # never across two forms, of which one would be lost
                row += [_Cell(letter, letter, own) for letter, own in zip(text, forms[at:], strict=False)]
            at += len(text)
            if not alike:
                continue
            if len(folded) == 1:
                row.append(_Cell(folded, text, form))
            elif folded:  # a letter with marks that has no single form: the marks go with it
                row += [_Cell(folded[0], text, form), *(_Cell(mark, "", form) for mark in folded[1:])]
            elif row:
                row[-1] = row[-1]._replace(text=row[-1].text + text)
        rows.append(row)
    return rows


def unfolded(old: Sequence[Paragraph], new: Sequence[Paragraph]) -> list[Paragraph]:
    """The paragraphs `new`, with the letters and addresses of `old` wherever only a machine made them differ."""
    before = [cell for row in _cells(old) for cell in [*row, _Cell("\n\n", "", Words(""))]]
    rows = _cells(new)
    after = [cell for row in rows for cell in [*row, _Cell("\n\n", "", Words(""))]]
    kept: list[_Cell] = []
    at = to = 0
    for segment in difference("".join(cell.folded for cell in before), "".join(cell.folded for cell in after)):
        if segment.kind == "removed":
            at = _past(before, at, segment.text)
        elif segment.kind == "added":
            end = _past(after, to, segment.text)
            kept += after[to:end]
            to = end
        else:
            end = _past(after, to, segment.text)
            until = _past(before, at, segment.text)
            same = end - to == until - at
            for place, cell in enumerate(after[to:end]):
                if same and before[at + place].folded == cell.folded:
                    mine = before[at + place]
                    link = cell.form.link
                    if link and _address(link) == _address(mine.form.link):
                        link = mine.form.link
                    kept.append(cell._replace(text=mine.text, form=cell.form._replace(link=link)))
                else:
                    kept.append(cell)
            to, at = end, until
    return tidy(_joined(new, kept))


def _past(cells: Sequence[_Cell], at: int, text: str) -> int:
    """The place after the cells from `at` on that `text` covers."""
    left = len(text)
    while left > 0 and at < len(cells):
        left -= len(cells[at].folded)
        at += 1
    return at


def _joined(new: Sequence[Paragraph], cells: Iterable[_Cell]) -> Iterator[Paragraph]:
    rows: list[list[Words]] = [[]]
    for cell in cells:
        if cell.folded == "\n\n":
            rows.append([])
        elif cell.text:
            rows[-1].append(cell.form._replace(text=cell.text))
    for each, row in zip(new, rows, strict=False):
        yield replace(each, words=tuple(row))


@lru_cache(maxsize=256)
def _address(url: str) -> str:
    """An address as it is compared: word processors add or drop a closing slash, and write signs as percents or back.

    Those that part an address keep the way they are written; a computer's name is the same in small letters.
    """
    bare = re.sub(r"^(?:https?://|mailto:)", "", url.strip(), flags=re.IGNORECASE)
    host = re.match(r"[^/?#]*", bare)
    rest = re.sub(r"^/(?=[?#])", "", bare[host.end() :]) if host else ""
    name, at, place = (host[0] if host else "").rpartition("@")  # of mail the name before the place is as it is
    bare = name + at + place.lower() + rest
    spelt = quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", bare), safe="#%&+/:;=?", errors="replace")
    return re.sub(r"%([0-9A-Fa-f]{2})", _sign, re.sub(r"(?<!%20)(?:%20)+$", "", spelt)).rstrip("/#")


def _sign(percents: re.Match[str]) -> str:
    """A sign written as percents, as itself where it never parts an address."""
    sign = chr(int(percents[1], 16))
    return sign if sign.isascii() and (sign.isalnum() or sign in "-._~") else percents[0].upper()
