"""What concerns one person: told on pages at once, by mail together and seldom, never during a session of the group.

Any use case may ``tell``; ``write`` is for the worker. What is read on a page is not mailed.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, NamedTuple

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from app import jobs, mail
from app.calc import moments
from app.calc import notifications as calc
from app.errors import NotFound
from app.policy import GUESTS_WELCOME, RULES, Actor, Can, require
from app.secrets import Keys
from app.services.since import MOST, since
from app.uow import Database, UnitOfWork
from models.accounts import Person
from models.groups import Group, Membership, Role
from models.homework import WAITS, Homework, HomeworkShare
from models.items import Item, Status
from models.meetings import Meeting
from models.notifications import Kind, MailChoice, MailMode, Notification
from models.polls import Action

LONGEST = 500
#: How many a page lists, the newest first; how many a mail does, the oldest first.
LISTED, MAILED = 100, 30
#: The modes in which what concerns somebody is mailed.
MAILING = (MailMode.CONCERNS, MailMode.DIGEST)
#: How soon it is looked again whether a session is over.
LOOKED_AGAIN = timedelta(minutes=2)
#: A session that has been paused for so long keeps no mail waiting: nobody ended it.
NOBODY_ENDED = timedelta(hours=2)

#: The two lists of mails one can leave: what concerns me, or all, session mails too.
List = Literal["news", "all"]


@dataclass(frozen=True)
class Line:
    """One notification as it is read: ``words`` follow ``by``; ``link`` leads straight to what they are about."""

    notification: Notification
    group: Group
    by: str
    link: str


@dataclass(frozen=True)
class Choice:
    """What a person has chosen for one of their groups."""

    group: Group
    mode: MailMode


class Stop(NamedTuple):
    """What a link that stops mails stands for."""

    what: List
    group: Group
    person_id: int


#: Who is told of anything.
_HAS_A_PLACE = (Membership.removed_at.is_(None), Membership.role != Role.GUEST)
#: Of whom homework is asked: nobody who has left, whose role is another now, or whose account is closed.
DOES_HOMEWORK = (
    Membership.removed_at.is_(None), Membership.role.in_(RULES[Can.HOMEWORK_DO]), Person.disabled_at.is_(None)
)  # fmt: skip


# --- telling ---


def tell(
    uow: UnitOfWork, person_id: int | None, kind: Kind, *, group_id: int, words: str, by: Actor | None = None,
    item_id: int | None = None, path: str | None = None, key: str | None = None, at: datetime | None = None,
) -> None:  # fmt: skip
    """Tell a person of something that concerns them, in the use case's own transaction.

    ``words`` follow the name of ``by`` ("answered you on C1.2: …") and name nobody themselves; ``path`` leads from the
    group's first page to the place, by default the item's page. The same ``key`` tells once. Whoever did it, has no
    place in the group or is a guest is not told, without an error: the caller need not ask first.
    """
    if person_id is None or (by is not None and by.person_id == person_id):
        return
    place = select(Membership.id).where(
        Membership.group_id == group_id, Membership.person_id == person_id, *_HAS_A_PLACE
    )
    if uow.session.execute(place).first() is None or (key is not None and _is_told(uow.session, key)):
        return
    uow.session.add(
        Notification(
            group_id=group_id, person_id=person_id, kind=kind, item_id=item_id, words=" ".join(words.split())[:LONGEST],
            path=path if path is not None else f"blueprint/items/{item_id}" if item_id is not None else "",
            by_id=by.person_id if by is not None else None, key=key, at=at or uow.now,
        )
    )  # fmt: skip
    uow.flush()


def take_back(uow: UnitOfWork, *, group_id: int, path: str) -> bool:
    """Tell nobody any more of what stood at a place of the group that is gone; what was mailed stays mailed.

    Answers whether anybody has read of it, or was mailed (or will not be).
    """
    there = Notification.group_id == group_id, Notification.path == path
    known = select(Notification.id).where(
        *there, Notification.read_at.is_not(None) | Notification.settled_at.is_not(None)
    )
    told = uow.session.execute(known.limit(1)).first() is not None
    uow.session.execute(delete(Notification).where(*there))
    return told


def settle(uow: UnitOfWork, *keys: str) -> bool:
    """Mail nothing of what was told under these keys; pages show it still. Whether any of it was to be mailed yet."""
    waits = select(Notification.id).where(
        Notification.key.in_(keys), Notification.settled_at.is_(None), Notification.read_at.is_(None)
    )
    found = uow.session.execute(waits).scalars().all()
    uow.session.execute(update(Notification).where(Notification.id.in_(found)).values(settled_at=uow.now))
    return bool(found)


def settle_all(uow: UnitOfWork, person_id: int, *, group_id: int, kinds: Collection[Kind] = tuple(Kind)) -> None:
    """Mail nothing of what a person was told so far in a group, of these kinds; pages show it still."""
    waits = update(Notification).where(
        Notification.group_id == group_id, Notification.person_id == person_id, Notification.settled_at.is_(None),
        Notification.kind.in_(kinds),
    )  # fmt: skip
    uow.session.execute(waits.values(settled_at=uow.now))


def forget(uow: UnitOfWork, *keys: str) -> None:
    """Take what was told under these keys for never told, read and mailed or not, so that it can be told again."""
    uow.session.execute(delete(Notification).where(Notification.key.in_(keys)))


def drop(uow: UnitOfWork, *, group_id: int, path: str, person_id: int | None = None, kind: Kind | None = None) -> bool:
    """Tell nobody, or not this person in this kind, of what is no longer so at a place, unless they have read of it or
    were mailed (or will not be): that stays. Answers whether there was such news."""
    waits = delete(Notification).where(
        Notification.group_id == group_id, Notification.path == path, Notification.read_at.is_(None),
        Notification.settled_at.is_(None),
    )  # fmt: skip
    if person_id is not None:
        waits = waits.where(Notification.person_id == person_id)
    if kind is not None:
        waits = waits.where(Notification.kind == kind)
    return uow.session.execute(waits.returning(Notification.id)).first() is not None


def _is_told(session: Session, key: str) -> bool:
    return session.execute(select(Notification.id).where(Notification.key == key)).first() is not None


def given_key(homework: Homework, person_id: int) -> str:
    """Under which a person is told that homework is theirs."""
    return f"homework-{homework.id}-{person_id}"


def moved_key(homework: Homework, person_id: int) -> str:
    """Under which they are told of the day it is due now: what was said of another one before is forgotten."""
    return f"homework-{homework.id}-{person_id}-day"


def reminder_key(homework: Homework, person_id: int) -> str:
    """Under which they are reminded of that day."""
    return f"due-homework-{homework.id}-{homework.due_on}-{person_id}"


def action_reminder_key(action: Action) -> str:
    """Under which the owner of an action is reminded of its day."""
    return f"due-action-{action.id}-{action.due_on}-{action.owner_id}"


# --- reading ---


def mine(uow: UnitOfWork, actor: Actor) -> list[Line]:
    """What concerns the actor in the groups they are in, the newest first."""
    query = _lines(actor.person_id or 0).order_by(Notification.at.desc(), Notification.id.desc()).limit(LISTED)
    return [_line(uow, row, group, by) for row, group, by in uow.session.execute(query)]


def unread(session: Session, actor: Actor) -> int:
    """How much of it the actor has not read."""
    query = _lines(actor.person_id or 0).where(Notification.read_at.is_(None)).subquery()
    return session.execute(select(func.count()).select_from(query)).scalar_one()


def _lines(person_id: int) -> Select[Notification, Group, str]:
    by = aliased(Person)
    return (
        select(Notification, Group, by.name)
        .join(Group, Group.id == Notification.group_id)
        .join(
            Membership,
            (Membership.group_id == Notification.group_id) & (Membership.person_id == Notification.person_id),
        )
        .outerjoin(by, by.id == Notification.by_id)
        .where(Notification.person_id == person_id, Membership.removed_at.is_(None))
    )


def _line(uow: UnitOfWork, row: Notification, group: Group, by: str | None) -> Line:
    return Line(row, group, by or "", f"{uow.settings.base_url}/g/{group.slug}/{row.path}")


def read(
    uow: UnitOfWork, actor: Actor, *, until_id: int | None = None, notification_id: int | None = None,
    seen_at: datetime | None = None,
) -> None:  # fmt: skip
    """Take one notification, or all up to one, for read. Raises NotFound for another's.

    ``seen_at`` is when the page that showed them was made: SQLite gives the numbers of deleted rows again.
    """
    statement = update(Notification).where(
        Notification.person_id == (actor.person_id or 0), Notification.read_at.is_(None)
    )
    if notification_id is not None:
        row = uow.session.get(Notification, notification_id)
        if row is None or row.person_id != actor.person_id:
            raise NotFound()
        statement = statement.where(Notification.id == notification_id)
    elif until_id is not None:
        statement = statement.where(Notification.id <= until_id)
    if seen_at is not None:
        statement = statement.where(Notification.at <= seen_at)
    uow.session.execute(statement.values(read_at=uow.now).execution_options(synchronize_session=False))


def waits_on_item(session: Session, actor: Actor, item_id: int) -> bool:
    """Whether something that concerns the actor on an item is unread."""
    query = select(Notification.id).where(
        Notification.person_id == (actor.person_id or 0), Notification.read_at.is_(None),
        Notification.item_id == item_id,
    )  # fmt: skip
    return session.execute(query.limit(1)).first() is not None


def read_on_item(uow: UnitOfWork, actor: Actor, *, item_id: int, kinds: Collection[Kind] = tuple(Kind)) -> None:
    """Who looks at an item has read what concerned them there; who does what was asked, only that."""
    uow.session.execute(
        update(Notification)
        .where(
            Notification.person_id == (actor.person_id or 0), Notification.read_at.is_(None),
            Notification.item_id == item_id, Notification.kind.in_(kinds),
        )
        .values(read_at=uow.now)
    )  # fmt: skip


def read_told(uow: UnitOfWork, *keys: str) -> None:
    """What was told under these keys has been read."""
    told = update(Notification).where(Notification.key.in_(keys), Notification.read_at.is_(None))
    uow.session.execute(told.values(read_at=uow.now))


# --- choosing ---


def choices(uow: UnitOfWork, actor: Actor) -> list[Choice]:
    """What the actor has chosen for each of their groups, by name."""
    rows = uow.session.execute(
        select(Group, MailChoice.mode)
        .join(Membership, Membership.group_id == Group.id)
        .outerjoin(MailChoice, (MailChoice.group_id == Group.id) & (MailChoice.person_id == Membership.person_id))
        .where(
            Membership.person_id == (actor.person_id or 0), Membership.removed_at.is_(None),
            Membership.role != Role.GUEST,
        ).order_by(Group.name)
    )  # fmt: skip
    return [Choice(group, mode or MailMode.DIGEST) for group, mode in rows]


def choose(uow: UnitOfWork, actor: Actor, *, group_id: int, mode: MailMode) -> None:
    """Say what a group may mail to the actor. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.GROUP_READ)
    _choose(uow, group_id, actor.person_id or 0, mode)


def _choose(uow: UnitOfWork, group_id: int, person_id: int, mode: MailMode) -> None:
    row = _choice(uow, group_id, person_id)
    if row.mode not in MAILING:  # what gathered while nothing was wanted does not come all at once
        settle_all(uow, person_id, group_id=group_id)
    row.mode = mode


def _choice(uow: UnitOfWork, group_id: int, person_id: int) -> MailChoice:
    row = uow.session.get(MailChoice, (group_id, person_id))
    if row is None:
        row = MailChoice(group_id=group_id, person_id=person_id, mode=MailMode.DIGEST)
        uow.session.add(row)
        uow.flush()
    return row


def lead_on(uow: UnitOfWork, old: str, *, item_id: int, path: str) -> None:
    """Have what was told of the words at the path ``old`` lead to a path of another item."""
    moved = update(Notification).where(Notification.path == old)
    uow.session.execute(moved.values(item_id=item_id, path=path))


def lead_keys_on(uow: UnitOfWork, keys: Collection[str], *, item_id: int, path: str) -> None:
    """As ``lead_on``, for what was told under these keys."""
    moved = update(Notification).where(Notification.key.in_(keys))
    uow.session.execute(moved.values(item_id=item_id, path=path))


# --- stopping, without signing in ---


def stop_token(keys: Keys, what: List, group_id: int, person_id: int) -> str:
    """The last part of a link that stops a person's mails of a group: good for that and nothing else, for ever."""
    return f"{what}-{group_id}-{person_id}-{keys.derive('stop', what, group_id, person_id)}"


def stop_link(uow: UnitOfWork, what: List, group_id: int, person_id: int) -> str:
    """The whole link."""
    return f"{uow.settings.base_url}/stop/{stop_token(uow.keys, what, group_id, person_id)}"


def read_stop(uow: UnitOfWork, token: str) -> Stop:
    """What a link would stop, without doing it. Raises NotFound for any but one of ours."""
    parts = token.split("-", 3)
    numbers = [int(part) for part in parts[1:3] if part.isascii() and part.isdigit() and len(part) < 10]
    if len(parts) == 4 and len(numbers) == 2:
        for what in ("news", "all"):
            expected = stop_token(uow.keys, what, *numbers)
            if hmac.compare_digest(expected.encode(), token.encode()):
                group = uow.session.get(Group, numbers[0])
                if group is not None and uow.session.get(Person, numbers[1]) is not None:
                    return Stop(what, group, numbers[1])
    raise NotFound("This link is not complete. Take the whole link from the mail, or sign in and choose there.")


def stop(uow: UnitOfWork, token: str) -> Stop:
    """Mail no more to the person of a link: no news, or nothing at all. Raises NotFound."""
    found = read_stop(uow, token)
    row = _choice(uow, found.group.id, found.person_id)
    if found.what == "all":
        row.mode = MailMode.NONE
    elif row.mode in MAILING:
        row.mode = MailMode.SESSIONS
    # Who wants no mail at all is not told that some would come.
    return found._replace(what="all") if row.mode is MailMode.NONE else found


def is_stopped(uow: UnitOfWork, found: Stop) -> Stop | None:
    """What a link has come to where its mails are stopped already, as `stop` answers; None where they still come."""
    row = uow.session.get(MailChoice, (found.group.id, found.person_id))
    mode = row.mode if row is not None else MailMode.DIGEST
    if mode is MailMode.NONE:
        return found._replace(what="all")
    return found if found.what == "news" and mode not in MAILING else None


# --- mailing ---


def in_session(session: Session, group_id: int, now: datetime) -> bool:
    """Whether people of a group are together in a session, so that no mail may disturb them."""
    query = select(Meeting.paused_at).where(Meeting.group_id == group_id, Meeting.state.in_(GUESTS_WELCOME))
    return any(paused is None or now - paused < NOBODY_ENDED for paused in session.execute(query).scalars())


def write_to_group(uow: UnitOfWork, group: Group, template: str, *, key: str, **values: Any) -> int:
    """One mail about a session to each person of a group who wants such; how many. It waits while a session runs."""
    rows = uow.session.execute(
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .outerjoin(MailChoice, (MailChoice.group_id == group.id) & (MailChoice.person_id == Person.id))
        .where(
            Membership.group_id == group.id, *_HAS_A_PLACE,
            Person.email.is_not(None), Person.disabled_at.is_(None), Person.erased_at.is_(None),
            func.coalesce(MailChoice.mode, MailMode.DIGEST.value) != MailMode.NONE,
        ).order_by(Person.id)
    ).scalars().all()  # fmt: skip
    for person in rows:
        link = stop_link(uow, "all", group.id, person.id)
        letter = mail.compose(
            template, person.email or "", name=person.name, group=group.name, stop=link, unsubscribe=link, **values
        )
        mail.send(uow, letter, key=f"{key}-{person.id}", group_id=group.id, member_id=person.id)
    return len(rows)


def look(database: Database) -> Iterator[partial[None]]:
    """For the worker: what is to be reminded of and mailed now, each apart."""
    with database.reading() as uow:
        reminders = _reminders(uow)
        letters = [(group_id, person_id) for group_id, person_id, _zone in _due(uow)]
    if reminders:
        yield partial(remind, database)
    for group_id, person_id in letters:
        yield partial(write, database, group_id, person_id)


def remind(database: Database) -> None:
    """Tell people, the day before, of homework and actions of theirs that are due."""
    with database.writing() as uow:
        for each in _reminders(uow):
            tell(uow, **each)


def _reminders(uow: UnitOfWork) -> list[dict[str, Any]]:
    """What ``tell`` is to be called with, for everything that is due tomorrow and was not told yet."""
    found = [each for each in (*_homework_due(uow), *_actions_due(uow)) if each is not None]
    keys = [each["key"] for each in found]
    told = set(uow.session.execute(select(Notification.key).where(Notification.key.in_(keys))).scalars())
    return [each for each in found if each["key"] not in told]


def _homework_due(uow: UnitOfWork) -> Iterator[dict[str, Any] | None]:
    soon = uow.now.date() + timedelta(days=2)
    rows = uow.session.execute(
        select(Homework, HomeworkShare.person_id, Item.reference, Group.time_zone)
        .join(HomeworkShare, HomeworkShare.homework_id == Homework.id)
        .join(Item, Item.id == Homework.item_id)
        .join(Group, Group.id == Homework.group_id)
        .join(Membership, (Membership.group_id == Group.id) & (Membership.person_id == HomeworkShare.person_id))
        .join(Person, Person.id == Membership.person_id)
        .where(*DOES_HOMEWORK, Homework.due_on.between(uow.now.date(), soon), WAITS, Item.status != Status.WITHDRAWN)
    )
    found = rows.all()
    # When each was told last that it is theirs, or due on that day: who was told so today is not reminded as well.
    known = {
        key: (homework.id, person_id)
        for homework, person_id, *_ in found
        for key in (given_key(homework, person_id), moved_key(homework, person_id))
    }
    told: dict[tuple[int, int], datetime] = {}
    for key, at in uow.session.execute(select(Notification.key, Notification.at).where(Notification.key.in_(known))):
        whose = known[key or ""]
        told[whose] = max(at, told.get(whose, at))
    for homework, person_id, reference, zone in found:
        from_ = _reminded_from(uow.now, homework.due_on, zone)
        last = told.get((homework.id, person_id), homework.given_at)
        yield None if from_ is None or max(last, homework.given_at) >= from_ else {
            "person_id": person_id, "kind": Kind.DUE, "group_id": homework.group_id, "item_id": homework.item_id,
            "path": f"blueprint/items/{homework.item_id}#homework", "at": from_,
            "words": f"Your homework on {reference} is due tomorrow: {homework.asked}",
            "key": reminder_key(homework, person_id),
        }  # fmt: skip


def _actions_due(uow: UnitOfWork) -> Iterator[dict[str, Any] | None]:
    soon = uow.now.date() + timedelta(days=2)
    rows = uow.session.execute(
        select(Action, Group.time_zone).join(Group, Group.id == Action.group_id)
        .join(Membership, (Membership.group_id == Group.id) & (Membership.person_id == Action.owner_id))
        .where(*_HAS_A_PLACE, Action.due_on.between(uow.now.date(), soon), Action.done_at.is_(None))
    )  # fmt: skip
    for action, zone in rows:
        from_ = _reminded_from(uow.now, action.due_on, zone) if action.due_on is not None else None
        yield None if from_ is None or action.created_at >= from_ else {
            "person_id": action.owner_id, "kind": Kind.DUE, "group_id": action.group_id, "path": "sessions/actions",
            "words": f"Your action {action.number} is due tomorrow: {action.what}", "at": from_,
            "key": action_reminder_key(action),
        }  # fmt: skip


def _reminded_from(now: datetime, due_on: Any, zone: str) -> datetime | None:
    """Since when a reminder of what is due on a day counts, if it is the day before that now."""
    today = moments.local_day(now, zone)
    from_ = moments.moment(today, calc.REMINDED_FROM, zone)
    return from_ if due_on == today + timedelta(days=1) and now >= from_ else None


def _due(uow: UnitOfWork, *, group_id: int | None = None, person_id: int | None = None) -> list[tuple[int, int, str]]:
    """Of whom something waits that is to be mailed now: (group, person, the group's zone)."""
    last = aliased(MailChoice)
    lately = select(func.max(last.mailed_at)).where(last.person_id == Notification.person_id).scalar_subquery()
    query = (
        select(
            Notification.group_id, Notification.person_id, Group.time_zone, MailChoice.mode, MailChoice.mailed_at,
            func.min(Notification.at), lately,
        )
        .join(Group, Group.id == Notification.group_id)
        .join(Person, Person.id == Notification.person_id)
        .join(Membership, (Membership.group_id == Group.id) & (Membership.person_id == Person.id))
        .outerjoin(MailChoice, (MailChoice.group_id == Group.id) & (MailChoice.person_id == Person.id))
        .where(
            Notification.settled_at.is_(None), Notification.read_at.is_(None), Membership.removed_at.is_(None),
            Person.email.is_not(None), Person.disabled_at.is_(None), Person.erased_at.is_(None),
            func.coalesce(MailChoice.mode, MailMode.DIGEST.value).in_(MAILING),
        )
        .group_by(
            Notification.group_id, Notification.person_id, Group.time_zone, MailChoice.mode, MailChoice.mailed_at
        )
        .order_by(func.min(Notification.at))
    )  # fmt: skip
    if group_id is not None:
        query = query.where(Notification.group_id == group_id, Notification.person_id == person_id)
    rows = uow.session.execute(query).all()
    busy = {one for one in {row[0] for row in rows} if in_session(uow.session, one, uow.now)}
    return [
        (group, person, zone)
        for group, person, zone, mode, here, oldest, anywhere in rows
        if group not in busy
        and calc.is_due(
            daily=mode is not MailMode.CONCERNS, oldest=oldest, here=here, anywhere=anywhere, now=uow.now, zone=zone
        )
    ]  # fmt: skip


def write(database: Database, group_id: int, person_id: int) -> None:
    """For the worker: have what waits for a person mailed, all of it in one mail, once however many workers look.

    That it was mailed and the mail itself are one transaction: a worker that dies in between has done neither.
    """
    with database.writing() as uow:
        person = uow.lock(Person, person_id)
        if not _due(uow, group_id=group_id, person_id=person_id):
            return  # another worker was here, or a session has begun
        group = uow.session.get_one(Group, group_id)
        pending = _lines(person_id).where(
            Notification.group_id == group_id, Notification.settled_at.is_(None), Notification.read_at.is_(None)
        )
        rows = uow.session.execute(pending.order_by(Notification.at, Notification.id))
        lines = [_line(uow, row, group, by) for row, group, by in rows]
        if not lines:
            return  # the last of it was read a moment ago
        choice = _choice(uow, group_id, person_id)
        stop_ = stop_link(uow, "news", group_id, person_id)
        letter = mail.compose(
            "news", person.email or "", name=person.name, group=group.name, lines=lines[:MAILED],
            more=max(0, len(lines) - MAILED), daily=choice.mode is MailMode.DIGEST, also=_also(uow, group, choice),
            most=MOST, home=f"{uow.settings.base_url}/g/{group.slug}/", unsubscribe=stop_, stop=stop_,
            choose=f"{uow.settings.base_url}/account/notifications",
        )  # fmt: skip
        mailed = [line.notification.id for line in lines]
        # Without a key: the person is locked, and what is mailed is settled with it. (A number is no key: SQLite gives
        # those of deleted rows again.)
        mail.send(uow, letter, group_id=group_id, member_id=person_id, what="news")
        # Those and no others: somebody may be told of something while this mail is written.
        settled = update(Notification).where(Notification.id.in_(mailed))
        uow.session.execute(settled.values(settled_at=uow.now))
        choice.mailed_at = uow.now


def _also(uow: UnitOfWork, group: Group, choice: MailChoice) -> tuple[int, int] | None:
    """For the digest: how many decisions and changed items there are besides since the last one, or in a day.

    No more than MOST are counted of either.
    """
    if choice.mode is not MailMode.DIGEST:
        return None
    since_ = max(choice.mailed_at or uow.now - timedelta(days=1), uow.now - timedelta(days=7))
    found = since(uow, Actor(person_id=choice.person_id), group_id=group.id, moment=since_)
    return len(found.decided), len(found.reworded)


def is_addressee(uow: UnitOfWork, group_id: int, person_id: int, what: List = "all") -> bool:
    """For the worker, before a patient mail goes out: whether the person is in the group now and still wants such."""
    wanted = func.coalesce(MailChoice.mode, MailMode.DIGEST.value)
    rows = (
        select(Person.id).join(Membership, Membership.person_id == Person.id)
        .outerjoin(MailChoice, (MailChoice.group_id == group_id) & (MailChoice.person_id == Person.id))
        .where(
            Membership.group_id == group_id, *_HAS_A_PLACE,
            Person.id == person_id, Person.disabled_at.is_(None), Person.erased_at.is_(None),
            wanted.in_(MAILING) if what == "news" else wanted != MailMode.NONE,
        )
    )  # fmt: skip
    return uow.session.execute(rows).first() is not None


def wait_for_end(uow: UnitOfWork, group_id: int) -> None:
    """For the worker, before a patient mail goes out: raises ``jobs.Later`` while a session of the group runs."""
    if in_session(uow.session, group_id, uow.now):
        raise jobs.Later(uow.now + LOOKED_AGAIN)
