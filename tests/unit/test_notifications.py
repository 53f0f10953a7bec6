"""When mails about what concerns somebody go out: together, seldom, in the morning by the group's clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from app.calc.notifications import is_due, last_time

LONDON = "Europe/London"


def utc(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_seven_in_the_morning_is_seven_on_the_groups_clocks() -> None:
    assert last_time(time(7), utc(28, 12), LONDON) == utc(28, 7)
    assert last_time(time(7), utc(29, 12), LONDON) == utc(29, 6), "summer time has begun that night"
    assert last_time(time(7), utc(29, 5, 59), LONDON) == utc(28, 7)
    assert last_time(time(7), utc(28, 12), "America/New_York") == utc(28, 11)


def test_each_thing_waits_for_what_may_follow_it() -> None:
    def due(minutes: float, *, anywhere: datetime | None = None) -> bool:
        now = utc(2, 9) + timedelta(minutes=minutes)
        return is_due(daily=False, oldest=utc(2, 9), here=None, anywhere=anywhere, now=now, zone=LONDON)

    assert not due(9)
    assert due(10)
    assert not due(59, anywhere=utc(2, 9))
    assert due(60, anywhere=utc(2, 9))


@pytest.mark.parametrize(
    ("oldest", "here", "now", "expected"),
    [
        (utc(2, 9), None, utc(2, 23), False),
        (utc(2, 9), None, utc(3, 6, 59), False),
        (utc(2, 9), None, utc(3, 7), True),
        (utc(2, 9), None, utc(3, 15), True),  # the worker was away at seven
        (utc(2, 9), utc(2, 7), utc(3, 7), True),
        (utc(3, 7, 1), utc(3, 7), utc(3, 20), False),  # once a day
        (utc(3, 6, 59), utc(3, 7), utc(3, 20), False),
    ],
)
def test_the_digest_comes_once_a_day(
    oldest: datetime, here: datetime | None, now: datetime, expected: bool
) -> None:  # fmt: skip
    assert is_due(daily=True, oldest=oldest, here=here, anywhere=here, now=now, zone=LONDON) is expected


def test_two_digests_of_one_person_come_an_hour_apart() -> None:
    for now, expected in ((utc(3, 7, 30), False), (utc(3, 8), True)):
        assert is_due(daily=True, oldest=utc(2, 9), here=None, anywhere=utc(3, 7), now=now, zone=LONDON) is expected
