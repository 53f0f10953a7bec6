"""Defined terms in texts: where a text uses one, in whole words, in any case, the longest term first.

A term is found by its name and by its other forms. A space in it stands for any white space, an apostrophe for a curly
one too. What is found nowhere overlaps.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from app.calc.plain import plain

_POSSESSIVE = re.compile(r"(?<=\w)(?:'s|(?<=s)')$", re.IGNORECASE)
_EMPHASIS = re.compile(r"[*_\\]")
#: Longer texts are read anew each time, so that the memory held stays small.
KEPT_LENGTH = 20_000
#: What a space of a term stands for: not the end of a paragraph.
_SPACE = r"(?:[^\S\n]|\n(?!\n))+"


@dataclass(frozen=True)
class Term:
    """A word with one meaning: ``forms`` are other ways to write it, ``definition`` is Markdown."""

    id: int
    name: str
    forms: tuple[str, ...]
    definition: str

    @property
    def words(self) -> tuple[str, ...]:
        """Its name and its other forms."""
        return (self.name, *self.forms)

    @property
    def meaning(self) -> str:
        """The definition as it is read, without marks."""
        return _plain(self.definition)


class Use(NamedTuple):
    """A term in a text: from ``start`` to ``end``, in characters."""

    start: int
    end: int
    term: Term


def tidy(words: str) -> str:
    """A name without needless white space, with straight apostrophes."""
    return " ".join(words.replace("’", "'").split())


def bare(words: str) -> str:
    """A name without the possessive, which is found wherever the name is."""
    return _POSSESSIVE.sub("", tidy(words))


def fold(words: str) -> str:
    """A name as it is compared with another."""
    return bare(words).casefold()


class Glossary:
    """Terms, ready to be looked for. Two of the same terms are equal, and as quick to compare as a short text."""

    def __init__(self, terms: Iterable[Term] = ()) -> None:
        self.terms: Sequence[Term] = tuple(terms)
        self.stamp = ""
        self._by_group: list[Term] = []
        self._pattern: re.Pattern[str] | None = None
        if self.terms:
            content = [[term.id, *term.words, term.definition] for term in self.terms]
            self.stamp = hashlib.sha256(json.dumps(content).encode("utf-8", "surrogatepass")).hexdigest()[:16]
            ways = sorted(
                ((bare(each), term) for term in self.terms for each in term.words),
                key=lambda pair: (pair[0][:1].lower(), -len(pair[0])),
            )
            self._by_group = [term for _, term in ways]
            self._pattern = _pattern(tuple(words for words, _ in ways))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Glossary) and self.stamp == other.stamp

    def __hash__(self) -> int:
        return hash(self.stamp)

    def __bool__(self) -> bool:
        return bool(self.terms)

    def uses(self, text: str) -> Iterator[Use]:
        """Every use of a term in a text as it is read, in order."""
        if self._pattern is not None:
            for match in self._pattern.finditer(text):
                yield Use(match.start(), match.end(), self._by_group[(match.lastindex or 1) - 1])

    def used_in(self, texts: Iterable[str]) -> set[int]:
        """The ids of the terms that some Markdown texts use."""
        found: set[int] = set()
        if self.terms:
            for text in texts:
                found |= (_used if len(text) <= KEPT_LENGTH else _used.__wrapped__)(self, text)
        return found

    def needed_by(self, texts: Iterable[str]) -> list[Term]:
        """The terms that some Markdown texts use, and those that their definitions use, as they stand in order."""
        wanted = self.used_in(texts)
        by_id = {term.id: term for term in self.terms}
        waiting = set(wanted)
        while waiting:
            more = self.used_in(by_id[each].definition for each in waiting) - wanted
            wanted |= more
            waiting = more
        return [term for term in self.terms if term.id in wanted]

    def definitions_in(self, texts: Iterable[str]) -> dict[str, str]:
        """What the terms that some Markdown texts need mean: name to definition."""
        return {term.name: term.definition for term in self.needed_by(texts)}


@lru_cache(maxsize=8192)
def _used(glossary: Glossary, text: str) -> frozenset[int]:
    """The ids of the terms that a Markdown text uses: asked of every agreed item whenever a page shows it."""
    # Reading Markdown is dear: most texts use no term, and are seen not to without it.
    if next(glossary.uses(_EMPHASIS.sub("", text)), None) is None:
        return frozenset()
    return frozenset(use.term.id for use in glossary.uses(_plain(text)))


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return plain(text)


@lru_cache(maxsize=64)
def _pattern(ways: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all ways to write terms, a group for each.

    They come by their first letter, the longest of each first: most words of a text begin with none of them, and are
    passed over at once.
    """
    by_letter: dict[str, list[str]] = {}
    for words in ways:
        by_letter.setdefault(words[0].lower(), []).append("(" + _SPACE.join(map(_spelt, words.split(" "))) + ")")
    said = (f"(?={_spelt(letter)})(?:{'|'.join(some)})" for letter, some in by_letter.items())
    return re.compile(rf"(?<!\w)(?:{'|'.join(said)})(?!\w)", re.IGNORECASE)


def _spelt(word: str) -> str:
    return re.escape(word).replace("'", "['’]")
