"""What happened in words: one line per use case, and the list that people read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.policy import Actor, Can, require
from app.uow import UnitOfWork
from models.accounts import Person
from models.activity import Activity
from models.groups import Role

#: Who may read a line, narrower than the group.
AUDIENCES = {
    "group": frozenset(Role),
    "facilitators": frozenset({Role.FACILITATOR}),
    "panel": frozenset({Role.PANEL_MANAGER}),
}


@dataclass(frozen=True)
class Line:
    """One line of activity as shown: who, what, when."""

    id: int
    at: datetime
    name: str
    sentence: str
    item_id: int | None
    meeting_id: int | None


def note(
    uow: UnitOfWork,
    actor: Actor,
    sentence: str,
    *,
    group_id: int | None,
    item_id: int | None = None,
    meeting_id: int | None = None,
    audience: str = "group",
) -> None:
    """Write one line such as "moved C3.2 to agreed", in the use case's own transaction."""
    uow.session.add(
        Activity(
            group_id=group_id,
            person_id=actor.person_id,
            item_id=item_id,
            meeting_id=meeting_id,
            audience=audience,
            sentence=sentence,
            at=uow.now,
        )
    )


def who_did(session: Session, item_ids: Collection[int], at: datetime) -> tuple[int, str] | None:
    """Who did what a line about one of these items says of that very moment, by id and name; None where none does.

    What a session did is nobody's own.
    """
    query = (
        select(Person.id, Person.name)
        .join(Activity, Activity.person_id == Person.id)
        .where(
            Activity.item_id.in_(item_ids),
            Activity.meeting_id.is_(None),
            Activity.at == at,
            Activity.audience == "group",
        )
        .order_by(Activity.id.desc())
        .limit(1)
    )
    found = session.execute(query).first()
    return None if found is None else (found.id, found.name)


def list_activity(
    uow: UnitOfWork,
    actor: Actor,
    *,
    group_id: int,
    before_id: int | None = None,
    item_id: int | None = None,
    limit: int = 50,
) -> list[Line]:
    """The latest lines the actor may read, newest first, at most ``limit`` (1 to 200)."""
    standing = require(uow.session, actor, group_id, Can.ACTIVITY_READ)
    audiences = [name for name, roles in AUDIENCES.items() if standing.role in roles]
    query = (
        select(Activity, Person.name)
        .outerjoin(Person, Person.id == Activity.person_id)
        .where(Activity.group_id == group_id, Activity.audience.in_(audiences))
        .order_by(Activity.id.desc())
        .limit(max(1, min(limit, 200)))
    )
    if before_id is not None:
        query = query.where(Activity.id < before_id)
    if item_id is not None:
        query = query.where(Activity.item_id == item_id)
    return [
        Line(row.id, row.at, name or "Concordat", row.sentence, row.item_id, row.meeting_id)
        for row, name in uow.session.execute(query)
    ]
