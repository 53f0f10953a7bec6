"""Defined terms in texts: where a text uses one, in whole words, in any case, the longest term first.

A term is found by its name and by its other forms. A space in it stands for any white space within a paragraph, an
apostrophe for a curly one too. What is found nowhere overlaps. Words are looked up in a tree of the terms' words: a
text costs what it is long, however many terms there are and however they begin.
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
#: What texts and terms are compared by: words, and signs one by one.
_TOKEN = re.compile(r"\w+|[^\w\s]")


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
        self._ways = _Ways()
        self._but: Term | None = None
        if self.terms:
            content = [[term.id, *term.words, term.definition] for term in self.terms]
            self.stamp = hashlib.sha256(json.dumps(content).encode("utf-8", "surrogatepass")).hexdigest()[:16]
            for term in self.terms:
                for each in term.words:
                    self._ways.add(bare(each), term)

    def without(self, term: Term) -> Glossary:
        """The same but one of its terms, for that term's own definition."""
        found = Glossary()
        found.terms = [each for each in self.terms if each is not term]
        found.stamp = f"{self.stamp} without {term.id}" if found.terms else ""
        found._ways, found._but = self._ways, term
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Glossary) and self.stamp == other.stamp

    def __hash__(self) -> int:
        return hash(self.stamp)

    def __bool__(self) -> bool:
        return bool(self.terms)

    def uses(self, text: str) -> Iterator[Use]:
        """Every use of a term in a text as it is read, in order."""
        if self.terms:
            yield from self._ways.found_in(text, self._but)

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


class _Ways:
    """What may come next of the ways to write terms, and the term that is written by what has come."""

    __slots__ = ("next", "term")

    def __init__(self) -> None:
        #: By the next word or sign, in small letters, behind a space where one parts it from the last.
        self.next: dict[str, _Ways] = {}
        self.term: Term | None = None

    def add(self, words: str, term: Term) -> None:
        """A way to write a term, without needless white space."""
        node, end = self, 0
        for match in _TOKEN.finditer(words):
            key = _folded(match.group())
            node = node.next.setdefault(f" {key}" if match.start() > end else key, _Ways())
            end = match.end()
        if node is not self and node.term is None:
            node.term = term

    def found_in(self, text: str, but: Term | None) -> Iterator[Use]:
        """Where a text has whole words that are one of these, the longest at each place; ``but`` as if it were none."""
        tokens = list(_TOKEN.finditer(text))
        at = 0
        while at < len(tokens):
            node = self.next.get(_folded(tokens[at].group()))
            best = self._longest(text, tokens, at, node, but) if node is not None else None
            if best is None:
                at += 1
            else:
                last, term = best
                yield Use(tokens[at].start(), tokens[last].end(), term)
                at = last + 1

    def _longest(
        self, text: str, tokens: Sequence[re.Match[str]], at: int, node: _Ways | None, but: Term | None
    ) -> tuple[int, Term] | None:
        if _is_word(text, tokens[at].start() - 1) and not _is_word(text, tokens[at].start()):
            return None  # a sign right behind a word begins nothing
        best = None
        while node is not None:
            end = tokens[at].end()
            # A word ends where its letters do; a sign right before a word ends nothing.
            term, ends = node.term, _is_word(text, end - 1) or not _is_word(text, end)
            if term is not None and term is not but and ends:
                best = at, term
            at += 1
            if at == len(tokens):
                break
            gap, key = text[end : tokens[at].start()], _folded(tokens[at].group())
            node = node.next.get(f" {key}" if gap else key) if "\n\n" not in gap else None
        return best


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and (text[at].isalnum() or text[at] == "_")


def _folded(words: str) -> str:
    return "'" if words == "’" else words.casefold()
