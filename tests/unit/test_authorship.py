"""Who wrote what: runs kept up to date change by change say what the whole log says."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc import authorship
from app.calc.authorship import Run, Span
from app.calc.changes import BadChangeError, ChangeSet, Units, replace


def test_every_word_has_its_author() -> None:
    log = [
        (replace(0, 0, 0, Units("hello world")), 1),
        (replace(11, 5, 6, Units(", my ")), 2),
        (replace(15, 0, 1, Units("")), 3),
    ]
    runs = authorship.replay(log)
    assert authorship.spans(runs) == [Span(0, 4, 1), Span(4, 9, 2), Span(9, 14, 1)]
    assert authorship.from_json(authorship.to_json(runs)) == runs
    with pytest.raises(BadChangeError):
        authorship.after(runs, replace(3, 0, 0, Units("x")), 1)


@st.composite
def logs(draw: st.DrawFn) -> list[tuple[ChangeSet, int]]:
    """Changes in several places at once, by several people, that follow each other."""
    log, length = [], 0
    for _ in range(draw(st.integers(1, 12))):
        parts: list[tuple[int, str | None]] = []
        left = length
        while left or not parts:
            covered = draw(st.integers(0, left))
            insert = draw(st.none() | st.sampled_from(["", "a", "bc", "def"]))
            if (covered, insert) in {(0, None), (0, "")} or (not covered and not insert):
                insert = "x"
            left -= covered
            parts.append((covered, insert))
        change = ChangeSet(tuple(parts))
        log.append((change, draw(st.integers(0, 3))))
        length = change.new_length
    return log


@given(logs())
def test_runs_say_what_a_letter_by_letter_account_says(log: list[tuple[ChangeSet, int]]) -> None:
    letters: list[int] = []
    for change, author in log:
        now, at = [], 0
        for covered, insert in change.parts:
            now += letters[at : at + covered] if insert is None else [author] * len(insert)
            at += covered
        letters = now
    runs = authorship.replay(log)
    assert [run.author for run in runs for _ in range(run.units)] == letters
    assert all(one.author != two.author for one, two in itertools.pairwise(runs)), "neighbours are joined"
    assert all(run.units > 0 for run in runs)
    assert Run(0, 1) not in authorship.from_json(authorship.to_json(runs))


@given(st.integers(0, 9), logs())
def test_a_walk_says_what_the_runs_say_and_what_was_taken(begun: int, log: list[tuple[ChangeSet, int]]) -> None:
    first = replace(0, 0, 0, Units("." * begun))
    runs, walk = authorship.after([], first, 0), authorship.Walk(begun)
    for change, author in log:
        grown = ChangeSet((*change.parts, (begun, None)))
        before = [run.author for run in runs for _ in range(run.units)]
        gone, at = [], 0
        for covered, insert in grown.parts:
            gone += before[at : at + covered] if insert is not None else []
            at += covered
        assert walk.take(grown.parts) == Counter(gone)
        walk.put(grown.parts, author)
        runs = authorship.after(runs, grown, author)
        assert [run.author for run in walk.runs for _ in range(run.units)] == [
            run.author for run in runs for _ in range(run.units)
        ]
