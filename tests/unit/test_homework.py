"""What homework comes back as."""

from __future__ import annotations

from datetime import date

import pytest

from app.calc.homework import Outcome, is_overdue, outcome


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ([], Outcome.NOBODY),
        ([None], Outcome.NOBODY),
        ([None, None], Outcome.NOBODY),
        ([True], Outcome.READY),
        ([True, True], Outcome.READY),
        ([True, None], Outcome.PARTLY),
        ([None, True, None], Outcome.PARTLY),
        ([False], Outcome.NOT_READY),
        ([True, False], Outcome.NOT_READY),
        ([None, False, True], Outcome.NOT_READY),
    ],
)
def test_outcome(replies: list[bool | None], expected: Outcome) -> None:
    assert outcome(replies) is expected


def test_it_is_overdue_the_day_after_unless_it_is_ready() -> None:
    due = date(2026, 3, 10)
    assert not is_overdue(Outcome.NOBODY, due, due)
    assert is_overdue(Outcome.NOBODY, due, date(2026, 3, 11))
    assert is_overdue(Outcome.PARTLY, due, date(2026, 3, 11))
    assert not is_overdue(Outcome.READY, due, date(2026, 3, 11))
