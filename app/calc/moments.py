"""Days and times in words, in a group's own time zone, and the days of a monthly series."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, get_timezone_location

LOCALE = "en_GB"


def in_words(moment: datetime, zone: str, *, locale: str = LOCALE) -> str:
    """A moment as people write it, with the zone: "Thursday 3 December 2026 at 14:00 (GMT)"."""
    return format_datetime(moment, "EEEE d MMMM y 'at' HH:mm (z)", tzinfo=ZoneInfo(zone), locale=locale)


def clock_time(moment: datetime, zone: str, *, locale: str = LOCALE) -> str:
    """The time of day of a moment: "14:05"."""
    return format_time(moment, "HH:mm", tzinfo=ZoneInfo(zone), locale=locale)


def day_in_words(day: date, *, locale: str = LOCALE) -> str:
    """A day: "3 December 2026"."""
    return format_date(day, "d MMMM y", locale=locale)


def city(zone: str, *, locale: str = LOCALE) -> str:
    """The place a zone is named after: "London", in Dutch "Londen"."""
    return get_timezone_location(zone, locale=locale, return_city=True)


def local_day(moment: datetime, zone: str) -> date:
    """The day a moment falls on in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def moment(day: date, at: time, zone: str) -> datetime:
    """The moment, in UTC, of a day and a time on the clocks of a zone."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def monthly(first: date, count: int) -> list[date]:
    """``count`` days a month apart on one weekday: the second Thursday stays the second, a fifth becomes the last."""
    place = (first.day - 1) // 7
    days = []
    for step in range(count):
        months = first.month - 1 + step
        year, month = first.year + months // 12, months % 12 + 1
        begin = date(year, month, 1)
        day = 1 + (first.weekday() - begin.weekday()) % 7 + 7 * place
        after = date(year + month // 12, month % 12 + 1, 1)
        length = (after - begin).days
        days.append(date(year, month, day if day <= length else day - 7))
    return days


def local(moment: datetime, zone: str) -> datetime:
    """A moment on the clocks of a zone."""
    return moment.astimezone(ZoneInfo(zone))
