"""Who wrote what: runs kept up to date change by change say what the whole log says."""

from __future__ import annotations

import itertools
import string
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc import authorship
from app.calc.authorship import Run, Span
from app.calc.changes import BadChangeError, ChangeSet, Units, replace
from app.services.documents import MOST_REPLAYED, MOST_STEPS


def replay(log: Iterable[tuple[ChangeSet, int]]) -> list[Run]:
    """The runs after each change of a log in turn."""
    runs: list[Run] = []
    for change, author in log:
        runs = authorship.after(runs, change, author)
    return runs


def test_every_word_has_its_author() -> None:
    log = [
        (replace(0, 0, 0, Units("hello world")), 1),
        (replace(11, 5, 6, Units(", my ")), 2),
        (replace(15, 0, 1, Units("")), 3),
    ]
    runs = replay(log)
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
    runs = replay(log)
    assert [run.author for run in runs for _ in range(run.units)] == letters
    assert authorship.after_all([], log) == runs
    assert all(one.author != two.author for one, two in itertools.pairwise(runs)), "neighbours are joined"
    assert all(run.units > 0 for run in runs)
    assert Run(0, 1) not in authorship.from_json(authorship.to_json(runs))


def test_people_at_both_ends_of_many_runs_cost_little_and_a_log_that_costs_too_much_is_left() -> None:
    row = [(replace(at, at, at, Units("x")), at % 2) for at in range(2_000)]
    ends = [(replace(at, at % 2 * at, at % 2 * at, Units("y")), 2 + at % 2) for at in range(2_000, 2_400)]
    log = [*row, *ends]
    assert authorship.replay_within(log, 20_000) == replay(log)
    assert authorship.replay_within(log, 5_000) is None
    with pytest.raises(BadChangeError):
        authorship.after_all([], [*row, (replace(9_000, 8_000, 8_000, Units("x")), 1)])
    with pytest.raises(BadChangeError):
        authorship.after_all([], [*row, (replace(9_000, 0, 8_000, Units("")), 1)])


def test_a_log_of_as_many_changes_as_are_replayed_is_told_wherever_they_stand() -> None:
    """Each at the other end of a text whose runs are as many as such a log can make."""
    half = MOST_REPLAYED // 2
    row = [(replace(at, at, at, Units("x")), at % 2) for at in range(half)]
    ends = [(replace(at, at % 2 * at, at % 2 * at, Units("y")), at % 4) for at in range(half, MOST_REPLAYED)]
    runs = authorship.replay_within([*row, *ends], MOST_STEPS)
    assert runs is not None
    assert sum(run.units for run in runs) == MOST_REPLAYED


@given(st.integers(0, 9), logs())
def test_a_walk_says_what_the_runs_say_and_what_was_taken(begun: int, log: list[tuple[ChangeSet, int]]) -> None:
    first = replace(0, 0, 0, Units("." * begun))
    runs = authorship.after([], first, 0)
    walk = authorship.Walk(runs)
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


@given(logs(), st.data(), st.integers(1, 4), st.integers(1, 3))
def test_a_change_by_several_is_one_for_each_of_them(
    log: list[tuple[ChangeSet, int]], data: st.DataObject, most_units: int, most_places: int
) -> None:
    *before, (change, _) = log
    old, whole = replay(before), Units(string.ascii_letters * 9)[: change.length]
    put = "".join(insert for _, insert in change.parts if insert)
    letters = data.draw(st.lists(st.integers(-2, 3), min_size=len(put), max_size=len(put)))
    turns = authorship.by_author(
        change, [Run(1, letter) for letter in letters], 9, most_units=most_units, most_places=most_places
    )
    now, runs = Units(whole), old
    for author, one in turns:
        assert one.inserted <= most_units
        assert sum(insert is not None for _, insert in one.parts) <= most_places
        now, runs = one.apply(now), authorship.after(runs, one, author)
    assert now == change.apply(whole)
    wanted, rest, at = [], iter(letters), 0
    each = [run.author for run in old for _ in range(run.units)]
    gone = []
    for covered, insert in change.parts:
        wanted += each[at : at + covered] if insert is None else [next(rest) for _ in insert]
        gone += [] if insert is None else each[at : at + covered]
        at += covered
    assert [run.author for run in runs for _ in range(run.units)] == wanted
    assert [run.author for run in authorship.taken(old, change) for _ in range(run.units)] == gone
    whole_turns = authorship.by_author(
        change, [Run(1, letter) for letter in letters], 9, most_units=10**6, most_places=10**6
    )
    only_out = any(insert == "" for _, insert in change.parts)
    assert len(whole_turns) <= len(set(letters)) + only_out
