"""Words as they are searched for: without accents, capitals and punctuation, and marked where they stand in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

#: The longest beginning of a word that counts, and the most words of one question.
LONGEST_WORD = 60
MOST_WORDS = 8
#: About how long an excerpt is, and how many matches of a long text are looked at to choose it.
EXCERPT = 180
LOOKED_AT = 200

_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_TOKEN = re.compile(r"[^\W_]+")
#: Letters that no accent is taken from, and yet are typed without.
_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "ħ": "h"})
#: What Markdown puts around words: marks of emphasis, and of lines; and a link's address.
_MARKS = re.compile(r"(?<=\])\([^()\s]*\)|[*_`\[\]\\]+|^[ >]*(?:#{1,6} |[-*+] )|^ *>[ >]*", re.MULTILINE)
#: Signs that say something, as points and quotes do not: these, and those of mathematics, money and the like.
_SAYING, _SIGNS = frozenset("%‰&@#§"), {"Sm", "Sc", "So"}


class Piece(NamedTuple):
    """Some of a text; ``found`` where it is a word that was searched for."""

    text: str
    found: bool


def words(text: str) -> list[str]:
    """The words of a text in order, folded: two texts that differ in accents, capitals or punctuation have the same."""
    return [token[:LONGEST_WORD] for token in _TOKEN.findall(_fold(text))]


def asked_for(question: str) -> tuple[str, ...]:
    """The words that a question asks for, each once, in the order typed."""
    return tuple(dict.fromkeys(words(question)))[:MOST_WORDS]


def not_searched(question: str) -> tuple[str, ...]:
    """The signs of a question that say something and are not searched for, each once: all of one without words."""
    alone = not asked_for(question)
    signs = (sign for sign in question if alone or sign in _SAYING or unicodedata.category(sign) in _SIGNS)
    return tuple(dict.fromkeys(sign for sign in signs if sign.isprintable() and not sign.isspace()))[:MOST_WORDS]


def matches(texts: Iterable[str], wanted: Sequence[str]) -> bool:
    """Whether each word wanted begins a word of the texts."""
    known = {word for text in texts for word in words(text)}
    return bool(wanted) and all(any(word.startswith(each) for word in known) for each in wanted)


def marked(text: str, wanted: Sequence[str]) -> list[Piece]:
    """The text in pieces, with the words that begin as one wanted apart."""
    pieces, at = [], 0
    for match in _WORD.finditer(text):
        if _which(match[0], tuple(wanted)) is not None:
            pieces += [Piece(text[at : match.start()], False), Piece(match[0], True)]
            at = match.end()
    pieces.append(Piece(text[at:], False))
    return [piece for piece in pieces if piece.text]


def excerpt(text: str, wanted: Sequence[str]) -> list[Piece]:
    """The part of a Markdown text in which most of the words wanted stand near each other, in pieces, on one line.

    Empty where none of them stands in it.
    """
    wanted = tuple(wanted)
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        which = _which(match[0], wanted)
        if which is not None:
            found.append((match.start(), which))
            if len(found) >= LOOKED_AT:
                break
    if not found:
        return []
    best, most = found[0][0], 0
    for place, (start, _which_one) in enumerate(found):
        near = {which for at, which in found[place : place + 20] if at - start < EXCERPT - 40}
        if len(near) > most:
            best, most = start, len(near)
    begin, end = _window(text, best)
    cut = " ".join(_MARKS.sub("", text[begin:end]).split())
    return marked(f"{'… ' if begin else ''}{cut}{' …' if end < len(text) else ''}", wanted)


def _window(text: str, at: int) -> tuple[int, int]:
    """Whole words around a place, beginning with its sentence where that is near."""
    begin = max(0, at - 60)
    if begin:
        sentence = max(text.rfind(mark, begin, at) for mark in (". ", "\n"))
        begin = sentence + 1 if sentence >= 0 else text.find(" ", begin, at) + 1 or at
    end = begin + EXCERPT
    if end >= len(text):
        return begin, len(text)
    return begin, max(text.rfind(" ", at + 1, end), text.find(" ", at, at + LONGEST_WORD), at + 1)


@lru_cache(maxsize=20_000)
def _which(word: str, wanted: tuple[str, ...]) -> int | None:
    """Which of the words wanted begins a word, or what it is made of once folded."""
    parts = words(word)
    for number, each in enumerate(wanted):
        if any(part.startswith(each) for part in parts):
            return number
    return None


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Marks go first: to put thousands of them in order, which normalising does, takes the square of their number.
    plain = _without_accents(unicodedata.normalize("NFKD", _without_accents(text)))
    return unicodedata.normalize("NFKD", plain.casefold()).translate(_PLAIN)


def _without_accents(text: str) -> str:
    return "".join(sign for sign in text if not unicodedata.combining(sign))
