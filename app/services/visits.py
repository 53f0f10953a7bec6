"""Visits: noted now and then, so that each person finds what is new since they were last in a group."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.calc import visits as calc
from app.errors import Invalid, NotFound
from app.policy import Actor, Can, require
from app.uow import UnitOfWork
from models.visits import Visit


def known(session: Session, actor: Actor, group_id: int) -> calc.Visit | None:
    """The actor's last visit to a group as it was noted; None before the first."""
    row = session.get(Visit, (group_id, actor.person_id or 0))
    return None if row is None else _read(row)


def present(uow: UnitOfWork, actor: Actor, group_id: int) -> calc.Visit:
    """The visit that the actor's request for the list of what is new belongs to, though it is noted only afterwards."""
    before = known(uow.session, actor, group_id)
    after = calc.noted(before, uow.now, shows=True) or before
    assert after is not None  # noqa: S101  # with nothing known there is always something to note
    return after


def is_due(visit: calc.Visit | None, now: datetime, *, shows: bool, asked: datetime | None = None) -> bool:
    """Whether a request has to be noted; see ``note``."""
    return calc.noted(visit, now, shows=shows, asked=asked) is not None


def note(uow: UnitOfWork, actor: Actor, *, group_id: int, shows: bool, asked: datetime | None = None) -> None:
    """Note that the actor is in a group, and whether the list of what is new was shown, for which something may wait
    since it was ``asked``. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.GROUP_READ)
    after = calc.noted(known(uow.session, actor, group_id), uow.now, shows=shows, asked=asked)
    if after is not None:
        _write(uow, actor, group_id, after)


def read_all(uow: UnitOfWork, actor: Actor, *, group_id: int, until: datetime) -> None:
    """Take everything that happened in a group until a moment for read by the actor.

    The moment is that of the page they read, so that what came meanwhile stays new. Raises NotFound, Forbidden, Invalid
    for a moment that lies ahead.
    """
    require(uow.session, actor, group_id, Can.GROUP_READ)
    if until > uow.now:
        raise Invalid("Nobody can have read what has not happened yet.")
    _write(uow, actor, group_id, calc.all_read(_mine(uow, actor, group_id), until))


def take_back(uow: UnitOfWork, actor: Actor, *, group_id: int) -> None:
    """Show again what was new before the actor's mark last moved. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.GROUP_READ)
    _write(uow, actor, group_id, calc.taken_back(_mine(uow, actor, group_id)))


def _mine(uow: UnitOfWork, actor: Actor, group_id: int) -> calc.Visit:
    return known(uow.session, actor, group_id) or calc.Visit(uow.now, uow.now)


def _read(row: Visit) -> calc.Visit:
    return calc.Visit(row.begun_at, row.seen_at, row.shown_at, row.read_until, row.read_before)


def _write(uow: UnitOfWork, actor: Actor, group_id: int, visit: calc.Visit) -> None:
    if actor.person_id is None:
        raise NotFound()
    row = uow.session.get(Visit, (group_id, actor.person_id))
    if row is None:
        row = Visit(group_id=group_id, person_id=actor.person_id)
        uow.session.add(row)
    row.begun_at, row.seen_at, row.shown_at, row.read_until, row.read_before = visit
    uow.flush()
