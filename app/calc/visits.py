"""When somebody was in a group, and how far what is new there has been shown to them.

A **visit** ends with half an hour without a request. The **mark** is the moment until which everything counts as read.
It moves by itself only when a later visit begins, only if the one before was more than a glance, and only as far as the
list of what is new was on the screen in it: nothing is taken for read that was never shown.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

#: A visit is over after so long without a request.
PAUSE = timedelta(minutes=30)
#: What a visit is, is written at most this often; one that never got so far was a glance.
NOTED_EVERY = timedelta(minutes=3)


class Visit(NamedTuple):
    """One person's last visit to one group.

    ``shown`` is when the list of what is new was last on the screen in it, ``mark`` until when all is read (None for
    somebody who is new), ``before`` where the mark stood before it last moved.
    """

    begun: datetime
    seen: datetime
    shown: datetime | None = None
    mark: datetime | None = None
    before: datetime | None = None


def noted(known: Visit | None, now: datetime, *, shows: bool, asked: datetime | None = None) -> Visit | None:
    """What is to be written after a request that ``shows`` the list or does not; None where nothing is.

    ``asked`` is when something began to wait for the list to be shown: the first time after that is written at once.
    """
    shown = now if shows else None
    if known is None:
        return Visit(now, now, shown)
    if now - known.seen >= PAUSE:
        return Visit(now, now, shown, *_settled(known))
    waits = known.shown is None or now - known.shown >= NOTED_EVERY or (asked is not None and known.shown < asked)
    if now - known.seen >= NOTED_EVERY or (shows and waits):
        return known._replace(seen=now, shown=shown or known.shown)
    return None


def _settled(known: Visit) -> tuple[datetime | None, datetime | None]:
    """The mark after a visit is over, and where it stood before."""
    glance = known.seen - known.begun < NOTED_EVERY
    if glance or known.shown is None or (known.mark is not None and known.shown <= known.mark):
        return known.mark, known.before
    return known.shown, known.mark


def all_read(known: Visit, until: datetime) -> Visit:
    """The visit after its person said that they have read everything until a moment; an older page says nothing new."""
    return known if known.mark is not None and until <= known.mark else known._replace(mark=until, before=known.mark)


def taken_back(known: Visit) -> Visit:
    """The visit with the mark where it stood before it last moved, if it ever did."""
    return known if known.before is None else known._replace(mark=known.before, before=None)
