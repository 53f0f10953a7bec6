"""A person's calendar at an address of its own: sessions of their groups with the join link, and what is due of them.

The address opens without a sign-in, since calendar programs have none. It is derived, personal, and can be revoked.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.calc.calendars import Entry, calendar_file
from app.errors import NotFound
from app.policy import Actor, Can, allowed
from app.secrets import new_nonce
from app.services import actions, homework, meetings, memberships
from app.services.accounts import actor_of_person
from app.uow import UnitOfWork
from models.calendars import CalendarFeed
from models.documents import Document, Field
from models.groups import Group
from models.homework import Homework
from models.items import Item
from models.meetings import Meeting, MeetingState


def address(uow: UnitOfWork, actor: Actor) -> str:
    """The actor's address, empty while they have none."""
    row = uow.session.get(CalendarFeed, actor.person_id or 0)
    return f"{uow.settings.base_url}/calendar/{_token(uow, row)}.ics" if row is not None else ""


def make(uow: UnitOfWork, actor: Actor) -> None:
    """Give the actor an address, or another one: the one before stops. Raises NotFound for visitors."""
    if actor.person_id is None:
        raise NotFound()
    row = uow.session.get(CalendarFeed, actor.person_id)
    if row is None:
        row = CalendarFeed(person_id=actor.person_id)
        uow.session.add(row)
    row.nonce, row.made_at = new_nonce(), uow.now


def revoke(uow: UnitOfWork, actor: Actor) -> None:
    """Take the actor's address away, if there is one."""
    row = uow.session.get(CalendarFeed, actor.person_id or 0)
    if row is not None:
        uow.session.delete(row)


def feed(uow: UnitOfWork, token: str) -> bytes:
    """The calendar at an address, as it is now; what its owner may not read any more is not in it.

    Raises NotFound for an address that is revoked, unknown, or of a closed account.
    """
    actor = _owner(uow, token)
    entries: list[Entry] = []
    for row in memberships.my_groups(uow, actor):
        if allowed(row.role, Can.MEETING_READ):
            entries += _sessions(uow, row.group)
            entries += _due(uow, actor, row.group)
    return calendar_file(entries, name="Concordat")


def _token(uow: UnitOfWork, row: CalendarFeed) -> str:
    return f"{row.person_id}-{uow.keys.derive('calendar', row.person_id, row.nonce)}"


def _owner(uow: UnitOfWork, token: str) -> Actor:
    number = token.partition("-")[0]
    known = number.isascii() and number.isdigit() and len(number) < 10
    row = uow.session.get(CalendarFeed, int(number)) if known else None
    if row is not None and hmac.compare_digest(_token(uow, row).encode(), token.encode()):
        actor = actor_of_person(uow.session, row.person_id)
        if actor.person_id is not None:
            return actor
    raise NotFound("This calendar address is not in use. Its owner finds the present one under My calendar.")


def _sessions(uow: UnitOfWork, group: Group) -> list[Entry]:
    """All sessions people were told of, those that were held and those that were cancelled too."""
    told = (Meeting.state != MeetingState.DRAFT) | Meeting.cancelled_at.is_not(None)
    query = select(Meeting).where(Meeting.group_id == group.id, told).order_by(Meeting.starts_at)
    return meetings.entries(uow, group, list(uow.session.execute(query).scalars()))


def _due(uow: UnitOfWork, actor: Actor, group: Group) -> list[Entry]:
    """What waits for the actor of homework and actions, as whole days."""
    base = f"{uow.settings.base_url}/g/{group.slug}"
    waits = homework.mine(uow, actor, group_id=group.id)[0]
    changed = _changed(uow, [line.homework for line in waits])
    given = [
        Entry(
            uid=meetings.uid(uow, "homework", line.homework.id), changed=changed[line.homework.id],
            sequence=int((changed[line.homework.id] - line.homework.given_at).total_seconds()),
            title=f"Homework due: {line.reference} {line.title} ({group.name})", begins=line.homework.due_on,
            about=line.homework.asked, link=f"{base}/blueprint/items/{line.homework.item_id}",
        )
        for line in waits
    ]  # fmt: skip
    mine = actions.mine(uow, actor, group_id=group.id)
    edited = actions.last_changed(uow.session, [line.action for line in mine])
    noted = [
        Entry(
            uid=meetings.uid(uow, "action", line.action.id), changed=edited[line.action.id],
            sequence=int((edited[line.action.id] - line.action.created_at).total_seconds()),
            title=f"Action due: {line.action.what} ({group.name})", begins=line.action.due_on,
            link=f"{base}/sessions/actions",
        )
        for line in mine
        if line.action.due_on is not None
    ]  # fmt: skip
    return [*given, *noted]


def _changed(uow: UnitOfWork, given: Sequence[Homework]) -> dict[int, datetime]:
    """When what is said of homework last changed: its day, its item's title, or which item it is of since a merge.

    A merge, and its taking back, moves the "last changed" of the item that has the homework then: it never goes back.
    """
    rows = uow.session.execute(
        select(Item.id, Item.changed_at, Document.changed_at)
        .join(Document, (Document.item_id == Item.id) & (Document.field == Field.TITLE))
        .where(Item.id.in_([each.item_id for each in given]))
    )  # fmt: skip
    items = {id_: max(moments) for id_, *moments in rows}
    return {each.id: max(each.given_at, each.changed_at or each.given_at, items[each.item_id]) for each in given}
