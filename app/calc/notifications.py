"""When what concerns somebody goes out by mail: together, seldom, and at an hour that wakes nobody."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from app.calc import moments

#: Nobody is written to more often, whatever happens in however many groups.
AT_MOST_EVERY = timedelta(hours=1)
#: The first thing waits so long for what may follow it, and is not mailed at all if it is read on a page meanwhile.
GRACE = timedelta(minutes=10)
#: When the daily digest goes out, on the group's clocks.
DIGEST_AT = time(7)
#: From when on the day before a reminder of what is due counts, so that the digest of that morning holds it.
REMINDED_FROM = time(6)


def last_time(at: time, now: datetime, zone: str) -> datetime:
    """The last moment at which the clocks of a zone showed ``at``."""
    today = moments.local_day(now, zone)
    found = moments.moment(today, at, zone)
    return found if found <= now else moments.moment(today - timedelta(days=1), at, zone)


def is_due(
    *, daily: bool, oldest: datetime, here: datetime | None, anywhere: datetime | None, now: datetime, zone: str
) -> bool:
    """Whether what waits in a group since ``oldest`` is to be mailed now.

    ``here`` is when its person last got such a mail of this group, ``anywhere`` of any group.
    """
    if anywhere is not None and now - anywhere < AT_MOST_EVERY:
        return False
    if not daily:
        return now - oldest >= GRACE
    morning = last_time(DIGEST_AT, now, zone)
    return oldest <= morning and (here is None or here < morning)
