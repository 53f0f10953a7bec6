"""Gathering a log into moments: no word that somebody else took away is out of reach, and there is no storm of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.calc.changes import Units, replace
from app.calc.stretches import A_FEW, MOST_RUNS, MOST_STATES, PAUSE, Entry, gather

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def entry(seconds: float, author: int, length: int, start: int, end: int, words: str, text: str = "text") -> Entry:
    return Entry(
        NOON + timedelta(seconds=seconds), text, author, 0, False, "", replace(length, start, end, Units(words)).parts
    )  # fmt: skip


@given(st.data())
def test_every_letter_that_another_took_away_stands_where_a_stretch_or_a_state_ends(data: st.DataObject) -> None:
    letters: list[tuple[int, int]] = []  # who wrote each, and its number
    log, states, taken, now = [], [], set(), 0.0
    for number in range(data.draw(st.integers(1, 30))):
        author = data.draw(st.integers(1, 3))
        now += data.draw(st.sampled_from([0, 1, 200, PAUSE.total_seconds() + 1]))
        start = data.draw(st.integers(0, len(letters)))
        end = data.draw(st.integers(start, len(letters)))
        count = data.draw(st.integers(0 if end > start else 1, 12))
        made = entry(now, author, len(letters), start, end, "x" * count)
        aside, act = data.draw(
            st.sampled_from([(False, ""), (False, ""), (False, ""), (True, ""), (False, "restored")])
        )
        log.append(made._replace(aside=aside, act=act and f"{act}{number}"))
        taken |= {letter for letter in letters[start:end] if letter[0] not in (0, author)}
        letters[start:end] = [(0 if aside else author, 100 * number + each) for each in range(count)]
        states.append(set(letters))
    found = gather(log)
    ends = [at for stretch in found for at in (stretch.last, *(state.last for state in stretch.states))]
    assert taken <= set().union(*(states[at] for at in ends)) if ends else not taken
    assert sum(stretch.changes for stretch in found) == sum(not each.aside for each in log)
    for each in found:
        if each.act:
            assert each.first == 0 or log[each.first - 1].aside or each.first - 1 in ends, "what stood before it"


def test_a_text_in_too_many_pieces_ends_what_is_written_in_it() -> None:
    """Reading on costs the same however the pieces lie, and still no word is out of reach."""
    log, length = [entry(0, 1, 0, 0, 0, "." * 2_000)._replace(aside=True)], 2_000
    for number in range(MOST_RUNS):
        log.append(entry(1, 1 + number % 2, length, 3 * number, 3 * number, "x"))
        length += 1
    log.append(entry(2, 3, length, 0, length, ""))
    log += [entry(3, 1, 0, 0, 0, "y"), entry(4, 2, 1, 0, 0, "z")]
    assert [(each.author, len(each.states)) for each in gather(log)] == [(1, 1), (2, 1), (3, 0), (1, 0), (2, 0)]


def test_letters_taken_by_others_add_up_to_a_line_of_their_own() -> None:
    log, length = [entry(0, 1, 0, 0, 0, "a" * 40)], 40
    for second in range(A_FEW):
        log += [entry(second, 2, length, 0, 1, ""), entry(second, 1, length - 1, length - 1, length - 1, "b")]
    found = gather(log)
    assert [(each.author, each.changes, len(each.states)) for each in found] == [(1, 1, 0), (2, 20, 0), (1, 20, 0)]


def test_what_one_mends_oneself_is_no_state_though_another_took_a_letter_before() -> None:
    log, length = [entry(0, 1, 0, 0, 0, "Hello world"), entry(1, 2, 11, 0, 1, "")], 10
    for number in range(50):
        log.append(entry(2 + 2 * number, 1, length, length, length, "some worde"))
        log.append(entry(3 + 2 * number, 1, length + 10, length + 9, length + 10, ""))
        length += 9
    (mine,) = [each for each in gather(log) if each.author == 1]
    assert (mine.changes, [state.by for state in mine.states]) == (101, [2])
    for _ in range(2 * MOST_STATES + 9):  # a passage written and taken out again, over and over
        log.append(entry(200, 1, length, 0, 0, "x" * A_FEW))
        log.append(entry(200, 1, length + A_FEW, 0, A_FEW, ""))
    (mine,) = [each for each in gather(log) if each.author == 1]
    assert len(mine.states) == 2 * MOST_STATES
