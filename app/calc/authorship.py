"""Who wrote which words of a live text, from its log of changes."""

from array import array
from itertools import groupby
from typing import NamedTuple

from app.calc.changes import BadChangeError, ChangeSet


class Span(NamedTuple):
    """A stretch of text written by one person: from `start` to `end` in units."""

    start: int
    end: int
    author: int


class Blame:
    """Who wrote each unit of a text, kept up to date change by change. Authors are positive ids; 0 is nobody."""

    def __init__(self, length: int = 0, author: int = 0) -> None:
        self._authors = array("q", [author]) * length

    def add(self, changes: ChangeSet, author: int) -> None:
        """Take in the next change of the log. Raises BadChangeError where its length differs."""
        authors = self._authors
        if len(authors) != changes.length:
            raise BadChangeError(f"made for a text of {changes.length} units, not {len(authors)}")
        position = 0
        for covered, insert in changes.parts:
            if insert is None:
                position += covered
            else:
                authors[position : position + covered] = array("q", [author]) * len(insert)
                position += len(insert)

    def spans(self) -> list[Span]:
        """The text's stretches in order, neighbours of one author joined."""
        spans: list[Span] = []
        position = 0
        for author, units in groupby(self._authors):
            end = position + sum(1 for _ in units)
            spans.append(Span(position, end, author))
            position = end
        return spans
