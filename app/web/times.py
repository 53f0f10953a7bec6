"""Moments as people read them: in the group's time zone, and the zone said where a deadline could be misread."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import Flask, g
from flask_babel import gettext as _

from app.calc import moments
from app.services.panel import ENGLISH
from app.web.languages import spoken
from models.groups import Group


def local(at: datetime) -> datetime:
    """The moment on the clocks of the group that is being looked at; UTC outside a group."""
    group = g.get("group")
    return at.astimezone(ZoneInfo(group.time_zone) if group else UTC)


def moment(at: datetime, *, zone: bool = False) -> str:
    """Such as "28 November 2026, 14:05"; with ``zone`` also "London time"."""
    text = _written(at, "%-d %B %Y, %H:%M", "d MMMM y, HH:mm")
    return f"{text} ({place()})" if zone else text


def moment_of(at: datetime, group: Group) -> str:
    """As ``moment``, on the clocks of a group that is not the one looked at."""
    return f"{moments.local(at, group.time_zone):%-d %B %Y, %H:%M}"


def day(at: datetime) -> str:
    """Such as "28 November 2026"."""
    return _written(at, "%-d %B %Y", "d MMMM y")


def _written(at: datetime, english: str, pattern: str) -> str:
    """A moment in English by strftime's ``english``, which is quick, and in other languages by CLDR's ``pattern``."""
    here = local(at)
    return f"{here:{english}}" if spoken() == ENGLISH else format_datetime(here, pattern, locale=spoken())


def place() -> str:
    """What the zone is called, such as "London time"."""
    group = g.get("group")
    if group is None:
        return "UTC"
    words: str = _("%(place)s time", place=moments.city(group.time_zone, locale=spoken()))
    return words


def in_words(at: datetime) -> str:
    """Such as "Saturday 28 November 2026 at 14:05 (GMT)", as an appointment is written."""
    return moments.in_words(at, g.group.time_zone)


def clock(at: datetime, *, since: datetime | None = None) -> str:
    """Such as "14:05"; with the name of its time where the clocks are put on or back between ``since`` and then."""
    return moments.clock_time(at, g.group.time_zone, since=since)


def on_day(at: date | datetime) -> str:
    """Such as "28 November 2026", of a day or of a moment."""
    return moments.day_in_words(moments.local_day(at, g.group.time_zone) if isinstance(at, datetime) else at)


def install(app: Flask) -> None:
    """Make all of these, but the zone alone, filters of the templates."""
    app.jinja_env.filters.update(
        moment=moment, moment_of=moment_of, day=day, in_words=in_words, clock=clock, on_day=on_day
    )
