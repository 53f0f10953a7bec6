"""How the mark of what was read moves: never over what was not shown, and not for a glance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.calc.visits import NOTED_EVERY, PAUSE, Visit, all_read, noted, taken_back

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def walk(known: Visit | None, *steps: tuple[float, bool]) -> Visit:
    """The visit after requests at so many minutes, each with the list on the screen or without."""
    for minutes, shows in steps:
        known = noted(known, at(minutes), shows=shows) or known
    assert known is not None
    return known


def test_a_real_visit_moves_the_mark_when_the_next_one_begins() -> None:
    first = walk(None, (0, True), (10, False))
    assert first.mark is None, "nothing moves under the reader's eyes"
    second = walk(first, (60, True))
    assert (second.begun, second.mark) == (at(60), at(0)), "as far as the list was shown, not as far as they stayed"
    third = walk(second, (70, True), (300, False))
    assert (third.mark, third.before) == (at(70), at(0))


def test_a_glance_moves_nothing() -> None:
    known = walk(walk(None, (0, True), (10, True)), (60, True))
    assert known.mark == at(10)
    for later in (200, 400, 600):
        known = walk(known, (later, True), (later + 0.1, True))
    assert known.mark == at(10)


def test_who_never_saw_the_list_has_read_nothing_of_it() -> None:
    known = walk(None, (0, True), (5, False))
    for later in (100, 200, 300):
        known = walk(known, (later, False), (later + 20, False))
    assert known.mark == at(0)


def test_what_is_said_to_be_read_is_read_and_can_be_taken_back() -> None:
    known = all_read(walk(None, (0, True), (10, True), (60, True)), at(61))
    assert (known.mark, known.before) == (at(61), at(10))
    assert all_read(known, at(61)) == known, "pressed twice it does it once"
    assert all_read(known, at(5)) == known, "an older page that is still open makes nothing new again"
    assert taken_back(known).mark == at(10)
    assert taken_back(taken_back(known)).mark == at(10)


@given(st.lists(st.tuples(st.floats(0.01, 600), st.booleans()), min_size=1, max_size=60))
def test_writes_are_rare_and_the_mark_stays_behind_what_was_shown(gaps: list[tuple[float, bool]]) -> None:
    known, now = None, 0.0
    shown: list[datetime] = []
    written: list[datetime] = []
    for gap, shows in gaps:
        now += gap
        after = noted(known, at(now), shows=shows)
        if after is not None:
            written.append(at(now))
            assert known is None or known.mark is None or (after.mark is not None and after.mark >= known.mark)
        known = after or known
        assert known is not None
        assert known.mark is None or known.mark in shown
        if shows:
            shown.append(at(now))
        assert after is not None or at(now) - known.seen < min(PAUSE, NOTED_EVERY)
    for first, third in zip(written, written[2:], strict=False):
        assert third - first >= NOTED_EVERY, "at most one page and one list in that time"
