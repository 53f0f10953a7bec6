"""Entries for people's calendars as an iCalendar file (RFC 5545); moments travel in UTC, so no zone can be misread."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Event

#: How often a program that follows an address is asked to look again.
LOOK_AGAIN = timedelta(hours=1)
#: Characters that text in such a file must not hold; line breaks and tabs it may.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Entry:
    """One entry: ``begins`` is a moment, for ``minutes``, or a whole day.

    ``invites`` stands before the link in the description. ``uid`` stays the same for ever; ``sequence`` grows with
    every change, and ``changed`` is when the last one was.
    """

    uid: str
    title: str
    begins: datetime | date
    changed: datetime
    link: str
    minutes: int = 0
    sequence: int = 0
    place: str = ""
    about: str = ""
    invites: str = ""
    cancelled: bool = False


def calendar_file(entries: Iterable[Entry], *, name: str = "") -> bytes:
    """The file, whole; with a ``name`` it is one that programs follow by its address."""
    made = Calendar()
    made.add("prodid", "-//Concordat//Sessions//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    if name:
        made.add("x-wr-calname", _text(name))
        made.add("refresh-interval", LOOK_AGAIN, parameters={"value": "DURATION"})
        made.add("x-published-ttl", f"PT{int(LOOK_AGAIN.total_seconds() // 3600)}H")
    for entry in entries:
        made.add_component(_event(entry))
    file: bytes = made.to_ical()
    return file


def _event(entry: Entry) -> Event:
    made = Event()
    made.add("uid", entry.uid)
    made.add("dtstamp", entry.changed.astimezone(UTC))
    made.add("last-modified", entry.changed.astimezone(UTC))
    made.add("sequence", entry.sequence)
    made.add("summary", _text(entry.title))
    if isinstance(entry.begins, datetime):
        begins = entry.begins.astimezone(UTC)
        made.add("dtstart", begins)
        made.add("dtend", begins + timedelta(minutes=entry.minutes))
    else:  # a whole day, in which one is not taken
        made.add("dtstart", entry.begins)
        made.add("dtend", entry.begins + timedelta(days=1))
        made.add("transp", "TRANSPARENT")
    made.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    if entry.place:
        made.add("location", _text(entry.place))
    made.add("description", _text("\n\n".join(filter(None, (entry.about, f"{entry.invites} {entry.link}".strip())))))
    made.add("url", entry.link)
    return made


def _text(words: str) -> str:
    return _CONTROL.sub(" ", words)
