"""Days and times in words, in a group's own time zone, and the days of a monthly series."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time

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


def calendar_entry(
    *, uid: str, title: str, begins: datetime, minutes: int, place: str, link: str, stamp: datetime, sequence: int
) -> str:
    """One event as an iCalendar file (RFC 5545) whose description and address carry ``link``."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Concordat//Sessions//EN", "METHOD:PUBLISH", "BEGIN:VEVENT",
        f"UID:{_escaped(uid)}", f"DTSTAMP:{_stamp(stamp)}", f"SEQUENCE:{sequence}", f"DTSTART:{_stamp(begins)}",
        f"DURATION:PT{minutes}M", f"SUMMARY:{_escaped(title)}",
        *([f"LOCATION:{_escaped(place)}"] if place else []),
        f"DESCRIPTION:{_escaped('Join: ' + link)}", f"URL:{link}", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    line = " ".join(text.split())
    for mark in "\\;,":
        line = line.replace(mark, "\\" + mark)
    return line


def _folded(line: str) -> list[str]:
    """A line in pieces of at most 75 octets; all but the first begin with a space."""
    pieces, piece = [], ""
    for character in line:
        if len((piece + character).encode()) > 74:
            pieces.append(piece)
            piece = " "
        piece += character
    return [*pieces, piece]
