"""Actions: what somebody will do by a date, kept in view until it is done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.calc import moments
from app.errors import Invalid, NotFound
from app.events import MeetingChanged
from app.policy import Actor, Can, access, require
from app.services import notifications
from app.services.activity import note
from app.services.meetings import access_meeting, record
from app.uow import UnitOfWork
from models.activity import Activity
from models.groups import Group, Membership, Role
from models.items import Item
from models.meetings import Meeting
from models.polls import Action

LONGEST = 1_000


@dataclass(frozen=True)
class ActionLine:
    """One line of the action log."""

    action: Action
    owner: str
    meeting_number: int | None
    item_reference: str
    overdue: bool


def add_action(
    uow: UnitOfWork, actor: Actor, *, group_id: int, what: str, owner_id: int | None = None, due_on: date | None = None,
    meeting_id: int | None = None, item_id: int | None = None,
) -> Action:  # fmt: skip
    """Note something to be done; owner and date may follow later, and no date lies before the group's today.

    Raises NotFound, Forbidden, Invalid.
    """
    require(uow.session, actor, group_id, Can.ACTION_WRITE)
    if meeting_id is not None:
        access_meeting(uow.session, actor, meeting_id, Can.MEETING_READ, group_id=group_id)
    uow.lock(Group, group_id)
    last = uow.session.execute(select(func.max(Action.number)).where(Action.group_id == group_id)).scalar()
    action = Action(
        group_id=group_id, number=(last or 0) + 1, meeting_id=meeting_id, what="", created_at=uow.now,
        created_by_id=actor.person_id,
    )  # fmt: skip
    _fill(uow, action, what=what, owner_id=owner_id, due_on=due_on, item_id=item_id)
    uow.session.add(action)
    uow.flush()
    _tell(uow, actor, action, f"noted action {action.number}: {action.what}")
    return action


def edit_action(
    uow: UnitOfWork, actor: Actor, *, action_id: int, group_id: int, what: str, owner_id: int | None,
    due_on: date | None,
) -> Action:  # fmt: skip
    """Change an action's words, owner or date; a date that is over stays, but is not chosen anew.

    Raises NotFound, Forbidden, Invalid.
    """
    action = access_action(uow, actor, action_id, group_id=group_id)
    reminder = notifications.action_reminder_key(action)
    _fill(uow, action, what=what, owner_id=owner_id, due_on=due_on, item_id=action.item_id)
    if notifications.action_reminder_key(action) != reminder:
        notifications.forget(uow, reminder)
    _tell(uow, actor, action, f"changed action {action.number}")
    return action


def set_done(uow: UnitOfWork, actor: Actor, *, action_id: int, group_id: int, done: bool) -> Action:
    """Say that an action is done, or that it is not after all. Raises NotFound, Forbidden."""
    action = access_action(uow, actor, action_id, group_id=group_id)
    if done == (action.done_at is not None):
        return action
    action.done_at = uow.now if done else None
    if done:
        notifications.forget(uow, notifications.action_reminder_key(action))
    _tell(uow, actor, action, f"{'finished' if done else 'reopened'} action {action.number}")
    return action


def access_action(uow: UnitOfWork, actor: Actor, action_id: int, *, group_id: int) -> Action:
    """An action and the right to change it, held. Raises NotFound, Forbidden."""
    action = access(uow.session, actor, Action, action_id, Can.ACTION_WRITE)
    if action.group_id != group_id:
        raise NotFound()
    return uow.lock(Action, action.id)


def _fill(
    uow: UnitOfWork, action: Action, *, what: str, owner_id: int | None, due_on: date | None, item_id: int | None
) -> None:
    what = " ".join(what.split())
    fields = {}
    if not 1 <= len(what) <= LONGEST or "\0" in what:
        fields["what"] = "Write what is to be done"
    if owner_id is not None and owner_id not in {each for each, _ in owners(uow, action.group_id)}:
        fields["owner_id"] = "Choose somebody of the group"
    if due_on is not None and not 2000 <= due_on.year <= 2200:
        fields["due_on"] = "Enter a date like 3 12 2026"
    elif due_on is not None and due_on != action.due_on and due_on < _today(uow, action.group_id):
        fields["due_on"] = "That day is over: choose today or a later day"
    if item_id is not None:
        item = uow.session.get(Item, item_id)
        if item is None or item.group_id != action.group_id:
            fields["item_id"] = "Choose from the list"
    if fields:
        raise Invalid("The action cannot be noted yet.", fields=fields)
    action.what, action.owner_id, action.due_on, action.item_id = what, owner_id, due_on, item_id


def _today(uow: UnitOfWork, group_id: int) -> date:
    return moments.local_day(uow.now, uow.session.get_one(Group, group_id).time_zone)


def _tell(uow: UnitOfWork, actor: Actor, action: Action, sentence: str) -> None:
    note(uow, actor, sentence, group_id=action.group_id, item_id=action.item_id, meeting_id=action.meeting_id)
    if action.meeting_id is None:
        return
    meeting = uow.session.get_one(Meeting, action.meeting_id)
    record(uow, actor, meeting, "action", action=action.id)
    uow.emit(MeetingChanged(action.group_id, meeting.id))


def owners(uow: UnitOfWork, group_id: int) -> list[tuple[int, str]]:
    """Who may own an action: the group's own people, by name."""
    query = (
        select(Membership)
        .where(Membership.group_id == group_id, Membership.removed_at.is_(None), Membership.role != Role.GUEST)
        .options(joinedload(Membership.person))
    )
    found = [(row.person_id, row.person.name) for row in uow.session.execute(query).scalars()]
    return sorted(found, key=lambda pair: pair[1].lower())


def list_actions(uow: UnitOfWork, actor: Actor, *, group_id: int, meeting_id: int | None = None) -> list[ActionLine]:
    """The action log: open ones first, those without a date last, then what is done. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.MEETING_READ)
    return lines_of(uow, group_id, meeting_id=meeting_id)


def mine(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[ActionLine]:
    """The actor's own actions that are not done, in the same order. Raises NotFound, Forbidden."""
    lines = list_actions(uow, actor, group_id=group_id)
    return [line for line in lines if line.action.owner_id == actor.person_id and line.action.done_at is None]


def last_changed(session: Session, some: Collection[Action]) -> dict[int, datetime]:
    """When each of a group's actions was last changed, finished or opened again, as its lines of activity say."""
    named = {
        (each.group_id, f"{what} action {each.number}"): each.id
        for each in some
        for what in ("changed", "finished", "reopened")
    }
    rows = session.execute(
        select(Activity.group_id, Activity.sentence, func.max(Activity.at))
        .where(
            Activity.group_id.in_({each.group_id for each in some}),
            Activity.sentence.in_([sentence for _group, sentence in named]),
        )
        .group_by(Activity.group_id, Activity.sentence)
    )
    found = {each.id: each.created_at for each in some}
    for group_id, sentence, at in rows:
        if (id_ := named.get((group_id or 0, sentence))) is not None:
            found[id_] = max(found[id_], at)
    return found


def lines_of(uow: UnitOfWork, group_id: int, *, meeting_id: int | None = None) -> list[ActionLine]:
    """As list_actions, for callers that have asked for the right."""
    query = (
        select(Action, Meeting.number, Item.reference)
        .outerjoin(Meeting, Meeting.id == Action.meeting_id)
        .outerjoin(Item, Item.id == Action.item_id)
        .where(Action.group_id == group_id)
        .options(joinedload(Action.owner))
    )
    if meeting_id is not None:
        query = query.where(Action.meeting_id == meeting_id)
    today = _today(uow, group_id)
    found = [
        ActionLine(
            action, action.owner.name if action.owner else "", number, reference or "",
            action.done_at is None and action.due_on is not None and action.due_on < today,
        )
        for action, number, reference in uow.session.execute(query)
    ]  # fmt: skip
    return sorted(
        found, key=lambda line: (line.action.done_at is not None, line.action.due_on or date.max, line.action.number)
    )
