"""Changes to a live text: parse, apply, map, compose, invert. `rebase.py` and `authorship.py` build on it.

The browser edits with CodeMirror 6; what it sends is the JSON of a ChangeSet, `[retain, [deleted, "line", …], …]`, with
lengths in UTF-16 units. This module reads that JSON strictly and gives the results that `@codemirror/state` (MIT)
gives for the same operations, to the unit and to the section: both sides rebase on their own and must agree for ever.
A differential test holds it against the original.

Python counts code points, JavaScript UTF-16 units. Texts are therefore handled here as **units**: a `str` in which a
character beyond U+FFFF stands as its two surrogates, so that every index is the browser's index. `to_units` and
`from_units` convert at the edges; for a text without such characters they return it as it is.

Every function is pure. What a stranger may send is refused with a `ChangeError`, whose `code` is the word of the wire.
"""

import json
import re
from typing import ClassVar, Final, NewType

Units = NewType("Units", str)
"""A text in which one item is one UTF-16 unit."""

Part = tuple[int, str | None]
"""A section of a change: how many units it covers, and what replaces them (None: they are kept)."""

MAX_TEXT_UNITS: Final = 100_000
MAX_SOURCE_CHARACTERS: Final = 65_536
MAX_PARTS: Final = 10_000

_HIGH = re.compile("[\ud800-\udbff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
# What no line may hold: control characters other than tab, line breaks, half characters, and two code points that
# XML (and so Word) cannot carry.
_FORBIDDEN = re.compile("[\x00-\x08\x0a-\x1f\ud800-\udfff\ufffe\uffff]")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class ChangeError(ValueError):
    """A change cannot be accepted; `code` is the word the socket answers with."""

    code: ClassVar[str] = "bad"


class BadChangeError(ChangeError):
    """Not a ChangeSet in canonical form, or one that does not fit the text."""


class TooLargeError(ChangeError):
    """Well formed, but beyond a limit of size."""

    code = "limit"


class TooFarBehindError(ChangeError):
    """Moving the change forward would take more work than a push may cost; pull and push again."""

    code = "behind"


def to_units(text: str) -> Units:
    """The text with every character beyond U+FFFF written as two surrogates. Raises BadChangeError on half of one."""
    if text.isascii():
        return Units(text)
    if _SURROGATE.search(text):
        raise BadChangeError("half a character")
    return Units(_ASTRAL.sub(_split, text))


def from_units(units: Units) -> str:
    """The inverse of `to_units`. Raises UnicodeDecodeError, a ValueError, on half of a character."""
    if units.isascii() or not _SURROGATE.search(units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def units_length(text: str) -> int:
    """How many UTF-16 units an ordinary text has."""
    return len(text) if text.isascii() else len(text) + len(_ASTRAL.findall(text))


def _split(match: re.Match[str]) -> str:
    code = ord(match[0]) - 0x10000
    return chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


class ChangeSet:
    """A change of one text of exactly `length` units into one of `new_length` units. Immutable.

    `start` and `end` enclose everything it changes, as positions in the text before it; a change that changes nothing
    has `start` beyond the text and `end` -1, so that it lies on both sides of any other.
    """

    __slots__ = ("delta", "end", "length", "new_length", "parts", "start")

    parts: tuple[Part, ...]
    length: int
    new_length: int
    delta: int
    start: int
    end: int

    def __init__(self, parts: tuple[Part, ...]) -> None:
        """From parts in canonical form; `parse`, `replace` and the operations below give no others."""
        length = delta = 0
        start = end = -1
        for covered, insert in parts:
            if insert is not None:
                if start < 0:
                    start = length
                end = length + covered
                delta += len(insert) - covered
            length += covered
        self.parts = parts
        self.length = length
        self.delta = delta
        self.new_length = length + delta
        self.start = start if start >= 0 else length + 1
        self.end = end

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChangeSet) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __repr__(self) -> str:
        return f"ChangeSet({self.to_json()})"

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return self.end < 0

    @property
    def inserted(self) -> int:
        """How many units it inserts."""
        return sum(len(insert) for _, insert in self.parts if insert)

    def to_json(self) -> str:
        """The JSON that CodeMirror's `ChangeSet.fromJSON` reads."""
        out: list[int | list[int | str]] = []
        for covered, insert in self.parts:
            if insert is None:
                out.append(covered)
            elif insert:
                out.append([covered, *from_units(Units(insert)).split("\n")])
            else:
                out.append([covered])
        return _encode(out)

    def apply(self, text: Units) -> Units:
        """The text after the change. Raises BadChangeError where lengths differ or half a character would be left."""
        if len(text) != self.length:
            raise BadChangeError(f"made for a text of {self.length} units, not {len(text)}")
        if not text.isascii():
            self._must_not_cut(text)
        out: list[str] = []
        position = 0
        for covered, insert in self.parts:
            end = position + covered
            if insert is None:
                out.append(text[position:end])
            elif insert:
                out.append(insert)
            position = end
        return Units("".join(out))

    def _must_not_cut(self, text: Units) -> None:
        position = 0
        for covered, insert in self.parts:
            end = position + covered
            if insert is not None:
                for edge in (position, end):
                    if 0 < edge < self.length and _PAIR.match(text, edge - 1):
                        raise BadChangeError("cuts a character in two")
            position = end

    def invert(self, text: Units) -> "ChangeSet":
        """The change that undoes this one, given the text before it."""
        if len(text) != self.length:
            raise BadChangeError(f"made for a text of {self.length} units, not {len(text)}")
        parts: list[Part] = []
        position = 0
        for covered, insert in self.parts:
            parts.append((covered, None) if insert is None else (len(insert), text[position : position + covered]))
            position += covered
        return ChangeSet(tuple(parts))

    def map(self, other: "ChangeSet", *, before: bool = False) -> "ChangeSet":
        """This change as it reads after `other`, where both were made for the same text.

        Where both insert at one place, `before` says that this one's words come first. Raises BadChangeError when the
        lengths differ.
        """
        if self.length != other.length:
            raise BadChangeError("changes of different texts")
        if other.empty:
            return self
        if other.end < self.start:
            return self.shifted(other.delta, 0)
        if self.end < other.start:
            return self.shifted(0, other.delta)
        return _map(self, other, before)

    def shifted(self, lead: int, tail: int) -> "ChangeSet":
        """The change with as many more (or fewer) kept units before all it changes, and after it."""
        if self.end < 0:
            length = self.length + lead + tail
            return ChangeSet(((length, None),) if length else ())
        parts = list(self.parts)
        if lead:
            parts[0] = (parts[0][0] + lead, None)
        if tail:
            parts[-1] = (parts[-1][0] + tail, None)
        return ChangeSet(tuple(parts))

    def compose(self, other: "ChangeSet") -> "ChangeSet":
        """One change that does this and then `other`. Raises BadChangeError when `other` does not fit the outcome."""
        if self.new_length != other.length:
            raise BadChangeError("changes that do not follow each other")
        if self.empty:
            return other
        return self if other.empty else _compose(self, other)

    def map_position(self, position: int, side: int = -1) -> int:
        """Where a position of the text before lies after; `side` -1 stays left of words inserted there, 1 right."""
        before = after = 0
        for covered, insert in self.parts:
            end = before + covered
            if insert is None:
                if end > position:
                    return after + position - before
                after += covered
            else:
                if end > position or (end == position and side < 0 and not covered):
                    return after if position == before or side < 0 else after + len(insert)
                after += len(insert)
            before = end
        if position > before:
            raise BadChangeError(f"position {position} of a text of {before} units")
        return after

    def map_range(self, start: int, end: int) -> tuple[int, int]:
        """Where a marked range lies after; words inserted at its edges stay outside, a deleted range becomes empty."""
        if start == end:
            where = self.map_position(start)
            return where, where
        left = self.map_position(start, 1)
        return left, max(left, self.map_position(end, -1))


def parse(source: object) -> ChangeSet:
    """Read the JSON of a ChangeSet as a browser sends it.

    Accepts canonical form only: no empty section, no two neighbours that could be one. Raises TooLargeError beyond the
    limits of size, BadChangeError for anything else that is not such a ChangeSet; never anything but these two,
    whatever the input, and in a few milliseconds.
    """
    if not isinstance(source, str):
        raise BadChangeError("changes are a JSON text")
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise TooLargeError(f"a change of more than {MAX_SOURCE_CHARACTERS} characters")
    try:
        items = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise BadChangeError("not JSON") from error
    if type(items) is not list:
        raise BadChangeError("not a list")
    if len(items) > MAX_PARTS:
        raise TooLargeError(f"a change of more than {MAX_PARTS} sections")
    parts: list[Part] = []
    previous: Part | None = None
    for item in items:
        part = _part(item)
        if previous is not None and _could_be_one(previous, part):
            raise BadChangeError("not in canonical form")
        parts.append(part)
        previous = part
    changes = ChangeSet(tuple(parts))
    if changes.length > MAX_TEXT_UNITS:
        raise BadChangeError("made for a text longer than any")
    if changes.new_length > MAX_TEXT_UNITS:
        raise TooLargeError(f"a text of more than {MAX_TEXT_UNITS} units")
    return changes


def recall(source: str) -> ChangeSet:
    """Read a change of our own log, or one kept with a suggestion: it was looked at when it came in.

    There is no limit of size: moved over others, a change may have become larger than any that may be sent.
    """
    return ChangeSet(tuple(recall_parts(source)))


def recall_parts(source: str) -> list[Part]:
    """As ``recall``, for whoever goes through many and needs the parts alone, in a third of the time."""
    parts: list[Part] = []
    for item in json.loads(source):
        if type(item) is int:
            parts.append((item, None))
        else:
            insert = "\n".join(item[1:])
            parts.append((item[0], insert if insert.isascii() else _ASTRAL.sub(_split, insert)))
    return parts


def _part(item: object) -> Part:
    if type(item) is int:
        if item <= 0:
            raise BadChangeError("an empty section")
        return item, None
    if type(item) is not list or not item:
        raise BadChangeError("a section is a number or a list")
    covered = item[0]
    if type(covered) is not int or covered < 0:
        raise BadChangeError("a length is a whole number")
    if len(item) == 1:
        if not covered:
            raise BadChangeError("an empty section")
        return covered, ""
    for line in item[1:]:
        if type(line) is not str:
            raise BadChangeError("a line is a text")
        if not line.isprintable() and _FORBIDDEN.search(line):
            raise BadChangeError("a character that a line cannot hold")
    insert = "\n".join(item[1:])
    if not insert:
        raise BadChangeError("not in canonical form")
    return covered, insert if insert.isascii() else _ASTRAL.sub(_split, insert)


def _could_be_one(left: Part, right: Part) -> bool:
    if left[1] is None or right[1] is None:
        return left[1] is right[1]
    return (not left[1] and not right[1]) or (not left[0] and not right[0])


def replace(length: int, start: int, end: int, insert: Units) -> ChangeSet:
    """The change of a text of `length` units that puts `insert` in place of what stands from `start` to `end`."""
    if not 0 <= start <= end <= length:
        raise BadChangeError(f"from {start} to {end} of a text of {length} units")
    parts: list[Part] = []
    add_part(parts, start, None)
    add_part(parts, end - start, insert)
    add_part(parts, length - end, None)
    return ChangeSet(tuple(parts))


def difference(old: Units, new: Units) -> ChangeSet:
    """The smallest single replacement that turns `old` into `new`, never cutting a character in two."""
    start = _common(old, new, min(len(old), len(new)))
    if start and _HIGH.match(old, start - 1):
        start -= 1
    tail = _common_tail(old, new, min(len(old), len(new)) - start)
    if tail and "\udc00" <= old[len(old) - tail] <= "\udfff":
        tail -= 1
    return replace(len(old), start, len(old) - tail, Units(new[start : len(new) - tail]))


def _common(left: str, right: str, most: int) -> int:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_tail(left: str, right: str, most: int) -> int:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if left[len(left) - middle :] == right[len(right) - middle :]:
            low = middle
        else:
            high = middle - 1
    return low


def add_part(parts: list[Part], covered: int, insert: str | None, *, join: bool = False) -> None:
    """Append a section, or let the last one take it up where canonical form (or `join`) wants that."""
    if not covered and not insert:
        return
    if parts:
        last, before = parts[-1]
        if insert is None or before is None:
            if insert is before:
                parts[-1] = (last + covered, None)
                return
        elif join or (not insert and not before) or (not covered and not last):
            parts[-1] = (last + covered, before + insert)
            return
    parts.append((covered, insert))


class _Walk:
    """Goes through the sections of a change in pieces. `insert` is None for kept units; `off` is how far into it."""

    __slots__ = ("covered", "done", "index", "insert", "off", "parts", "room")

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts
        self.index = -1
        self.done = False
        self.next()

    def next(self) -> None:
        self.index += 1
        self.off = 0
        if self.index < len(self.parts):
            self.covered, self.insert = self.parts[self.index]
            # What the section takes of the text after it.
            self.room = self.covered if self.insert is None else len(self.insert)
        else:
            self.done, self.covered, self.insert, self.room = True, 0, None, 0

    def forward(self, units: int) -> None:
        """Go on by units of the text before."""
        if units == self.covered:
            self.next()
        else:
            self.covered -= units
            self.off += units

    def forward_after(self, units: int) -> None:
        """Go on by units of the text after."""
        if units == self.room:
            self.next()
        else:
            self.room -= units
            self.off += units
            if self.insert is None:
                self.covered -= units


def _map(self: ChangeSet, other: ChangeSet, before: bool) -> ChangeSet:
    out: list[Part] = []
    a, b = _Walk(self.parts), _Walk(other.parts)
    placed = -1  # the section of a whose words are already in place, while its deletions are still worked through
    while not (a.done and b.done):
        if a.insert is None and b.insert is None:
            step = min(a.covered, b.covered)
            add_part(out, step, None)
            a.forward(step)
            b.forward(step)
        elif b.insert is not None and (
            a.insert is None
            or placed == a.index
            or (a.off == 0 and (b.covered < a.covered or (b.covered == a.covered and not before)))
        ):
            placed = _pass_over(out, a, b, placed)
        else:
            placed = _carry(out, a, b, placed)
    return ChangeSet(tuple(out))


def _pass_over(out: list[Part], a: _Walk, b: _Walk, placed: int) -> int:
    """Keep what a section of b put in; what it deleted takes with it a's deletions there, but never a's words."""
    left = b.covered
    add_part(out, len(b.insert or ""), None)
    while left:
        step = min(a.covered, left)
        if a.insert is not None and placed < a.index and a.covered <= step:
            add_part(out, 0, a.insert)
            placed = a.index
        a.forward(step)
        left -= step
    b.next()
    return placed


def _carry(out: list[Part], a: _Walk, b: _Walk, placed: int) -> int:
    """Take over a's section as far as the next words of b inside it, less what b deleted already."""
    covered, left = 0, a.covered
    while left:
        if b.insert is None:
            step = min(left, b.covered)
            covered += step
            left -= step
            b.forward(step)
        elif not b.insert and b.covered < left:
            left -= b.covered
            b.next()
        else:
            break
    add_part(out, covered, a.insert if placed < a.index else "")
    placed = a.index
    a.forward(a.covered - left)
    return placed


def _compose(self: ChangeSet, other: ChangeSet) -> ChangeSet:
    out: list[Part] = []
    a, b = _Walk(self.parts), _Walk(other.parts)
    join = False  # whether the next piece belongs to a replacement that has begun
    while not (a.done and b.done):
        if a.insert == "":
            add_part(out, a.covered, "", join=join)
            a.next()
        elif not b.covered and not b.done:
            add_part(out, 0, b.insert, join=join)
            b.next()
        else:
            step = min(a.room, b.covered)
            size = len(out)
            if a.insert is None:
                add_part(out, step, None if b.insert is None else "" if b.off else b.insert, join=join)
            elif b.insert is None:
                add_part(out, 0 if a.off else a.covered, a.insert[a.off : a.off + step], join=join)
            else:
                add_part(out, 0 if a.off else a.covered, "" if b.off else b.insert, join=join)
            unfinished = (a.insert is not None and a.room > step) or (b.insert is not None and b.covered > step)
            join = unfinished and (join or len(out) > size)
            a.forward_after(step)
            b.forward(step)
    return ChangeSet(tuple(out))
