"""Moments as people read them: in the group's time zone, and the zone said where a deadline could be misread."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Flask, g


def local(at: datetime) -> datetime:
    """The moment on the clocks of the group that is being looked at; UTC outside a group."""
    group = g.get("group")
    return at.astimezone(ZoneInfo(group.time_zone) if group else UTC)


def moment(at: datetime, *, zone: bool = False) -> str:
    """Such as "28 November 2026, 14:05"; with ``zone`` also "London time"."""
    text = f"{local(at):%-d %B %Y, %H:%M}"
    return f"{text} ({place()})" if zone else text


def day(at: datetime) -> str:
    """Such as "28 November 2026"."""
    return f"{local(at):%-d %B %Y}"


def place() -> str:
    """What the zone is called, such as "London time"."""
    group = g.get("group")
    return f"{group.time_zone.rpartition('/')[2].replace('_', ' ')} time" if group else "UTC"


def install(app: Flask) -> None:
    """Make ``moment`` and ``day`` filters of all templates."""
    app.jinja_env.filters.update(moment=moment, day=day)
