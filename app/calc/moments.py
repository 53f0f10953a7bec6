"""Days and times in words, in a group's own time zone, and the days of a monthly series."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_timezone_location

LOCALE = "en_GB"


def in_words(moment: datetime, zone: str, *, locale: str = LOCALE) -> str:
    """A moment as people write it, with the zone: "Thursday 3 December 2026 at 14:00 (GMT)"."""
    return format_datetime(moment, "EEEE d MMMM y 'at' HH:mm (z)", tzinfo=ZoneInfo(zone), locale=locale)


def clock_time(moment: datetime, zone: str, *, since: datetime | None = None, locale: str = LOCALE) -> str:
    """The time of day of a moment: "14:05"; "02:00 (GMT)" where the clocks showed another time ``since``."""
    changed = since is not None and local(since, zone).utcoffset() != local(moment, zone).utcoffset()
    return format_datetime(moment, "HH:mm (z)" if changed else "HH:mm", tzinfo=ZoneInfo(zone), locale=locale)


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


def is_skipped(day: date, at: time, zone: str) -> bool:
    """Whether the clocks of a zone never show a time on a day, since they are put on then."""
    return local(moment(day, at, zone), zone).replace(tzinfo=None) != datetime.combine(day, at)


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
