"""Anchors: which words of a text something is about, found from words as they are read and carried along with it.

People point at words they read, without the marks of Markdown. A text and its page agree in their letters and digits,
in that order, once marks, list numbers and addresses are left out: an anchor goes from one to the other by counting
those (`letters`), so that bold or a list in between is no obstacle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.calc.changes import ChangeSet, from_units, to_units, units_length

#: What a text holds and its page does not show as words: a link's address and an item's number.
_HIDDEN = re.compile(r"(?<=\])\((?:[^()\s]|\([^()\s]*\))*\)|^[ >]*(?:[-*+] +)?\d{1,9}[.)](?= )", re.MULTILINE)


class Anchor(NamedTuple):
    """A stretch of a text, from `start` to `end` in UTF-16 units; empty where its words are gone."""

    start: int
    end: int

    @property
    def empty(self) -> bool:
        """Whether no word is left of it."""
        return self.start >= self.end


def letters(text: str, *, markdown: bool = True) -> list[int]:
    """Where the letters and digits stand that a reader of a `text` sees, as indexes into it; all of no `markdown`."""
    hidden = bytearray(len(text))
    for match in _HIDDEN.finditer(text) if markdown else ():
        hidden[match.start() : match.end()] = b"\x01" * len(match[0])
    return [at for at, sign in enumerate(text) if sign.isalnum() and not hidden[at]]


def find(text: str, quote: str, occurrence: int | None = None) -> Anchor | None:
    """Where a reader's `quote` stands in a Markdown `text`, or None when it does not.

    `occurrence`, counted from 0, says which where its letters stand there more than once, parts of words included;
    without it the first one of whole words is taken, else the first. Capitals count; spaces and punctuation do not.
    """
    wanted = "".join(quote[at] for at in letters(quote))
    if not wanted:
        return _find_signs(text, quote.strip(), occurrence or 0)
    places = letters(text)
    skeleton = "".join(text[at] for at in places)
    starts = [match.start() for match in re.finditer(f"(?={re.escape(wanted)})", skeleton)]
    spans = [(places[at], places[at + len(wanted) - 1] + 1) for at in starts]
    if not spans:
        return None
    if occurrence is not None and 0 <= occurrence < len(spans):
        start, end = spans[occurrence]
    else:
        start, end = next((span for span in spans if _whole(text, *span)), spans[0])
    tail = re.search(r"[^\w\s]+$", quote.rstrip())
    if tail and text.startswith(tail[0], end):
        end += len(tail[0])
    return Anchor(units_length(text[:start]), units_length(text[:end]))


def _find_signs(text: str, signs: str, occurrence: int) -> Anchor | None:
    """A quote without any letter: a sign or a small picture."""
    starts = [match.start() for match in re.finditer(re.escape(signs), text)] if signs else []
    if not starts:
        return None
    start = starts[min(occurrence, len(starts) - 1)]
    return Anchor(units_length(text[:start]), units_length(text[: start + len(signs)]))


def _whole(text: str, start: int, end: int) -> bool:
    """Whether a stretch begins and ends where words do: "art" is not a part of "part"."""
    return not (text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum())


def carry(anchor: Anchor, over: Iterable[ChangeSet]) -> Anchor:
    """Where it lies after changes made one after the other; words put in at its edges stay outside."""
    start, end = anchor
    for change in over:
        start, end = change.map_range(start, end)
    return Anchor(start, end)


def again(text: str, quote: str, was: Anchor, over: Sequence[ChangeSet]) -> Anchor | None:
    """Where words stand that some of these changes cut out where they ``was``, and that came back, by an undo for
    instance: only where there is no doubt. They stand in the text once, and not since before they were cut."""
    if not quote or text.count(quote) != 1:
        return None
    start = units_length(text[: text.index(quote)])
    found = Anchor(start, start + units_length(quote))
    first, place = 0, was
    for number, change in enumerate(over):
        after = carry(place, [change])
        if place.empty or after.end - after.start < place.end - place.start:
            first = number
            break
        place = after
    return found if _came(found, over[first:]) else None


def _came(place: Anchor, over: Sequence[ChangeSet]) -> bool:
    """Whether what lies at a place after some changes was put there by one of them."""
    start, end = place
    for change in reversed(over):
        before = after = 0
        for covered, insert in change.parts:
            width = covered if insert is None else len(insert)
            if start < after + width:
                if insert is not None or end > after + width:
                    return True
                start, end = start - after + before, end - after + before
                break
            before, after = before + covered, after + width
    return False


def cut(text: str, anchor: Anchor) -> str:
    """The words an anchor lies on. Raises ValueError where it lies outside the text or halves a character."""
    units = to_units(text)
    if not 0 <= anchor.start <= anchor.end <= len(units):
        raise ValueError("an anchor outside the text")
    return from_units(type(units)(units[anchor.start : anchor.end]))


def readable(cut_out: str) -> str:
    """Words cut out of a Markdown text, as they are read: without marks, also those cut in half, in one line."""
    words = re.sub(r"\]\((?:[^()\s]|\([^()\s]*\))*\)?", "", cut_out)
    words = re.sub(r"^[ >]*(?:#{1,6} |[-*+] |>)?", "", words, flags=re.MULTILINE)
    return " ".join(re.sub(r"\*+|(?<!\w)_+|_+(?!\w)|[\[\]]|\\(?=[^\w\s])", "", words).split())
