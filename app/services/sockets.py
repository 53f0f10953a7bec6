"""What the live gateway asks of the database: whom a connection stands for, what it may watch, who is shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from app.errors import DomainError
from app.policy import GUESTS_WELCOME, VISITOR, Actor, Can, standing
from app.services import accounts, items, meetings
from app.uow import UnitOfWork
from models.accounts import AccessToken, Person, SignIn
from models.groups import Constituency, Membership, Role
from models.meetings import Attendance, Meeting

#: Topics whose number is a group's id, and what it takes to watch them.
GROUP_TOPICS = {
    "group": Can.GROUP_READ,
    "items": Can.ITEM_READ,
    "here": Can.ITEM_READ,
    "people": Can.PEOPLE_READ,
    "evidence": Can.EVIDENCE_READ,
    "glossary": Can.ITEM_READ,
    "meetings": Can.MEETING_READ,
    "versions": Can.VERSION_READ,
    "validation": Can.ROUND_READ,
}


@dataclass(frozen=True)
class Holder:
    """Whom a connection was opened for: by a sign-in, or by a personal token."""

    person_id: int
    sign_in_id: int | None = None
    access_token_id: int | None = None


@dataclass(frozen=True)
class Stamp:
    """How a person is shown to others in a group: the server's word, never the browser's."""

    id: int
    name: str
    initials: str
    tag: str
    constituency: str


def holder_of_cookie(uow: UnitOfWork, cookie: str | None) -> Holder | None:
    """The holder of a browser's sign-in cookie; None once it is over."""
    actor = accounts.actor_of_cookie(uow.session, uow.keys, cookie, uow.now)
    return None if actor.person_id is None else Holder(actor.person_id, sign_in_id=actor.sign_in_id)


def holder_of_token(uow: UnitOfWork, token: str) -> Holder | None:
    """The holder of a personal access token; None when it is revoked, unknown, or a token of another kind."""
    actor = accounts.actor_of_access_token(uow.session, uow.keys, token)
    return None if actor.person_id is None else Holder(actor.person_id, access_token_id=actor.access_token_id)


def actor_of(uow: UnitOfWork, holder: Holder | None) -> Actor:
    """Who a connection stands for at this moment; a visitor once its sign-in or token is over."""
    if holder is None:
        return VISITOR
    if holder.sign_in_id is not None:
        return accounts.actor_of_sign_in(uow.session, holder.sign_in_id, uow.now)
    return accounts.actor_of_access_token_id(uow.session, holder.access_token_id or 0)


def still_good(uow: UnitOfWork, holders: Collection[Holder]) -> set[Holder]:
    """Which holders are still signed in, in two queries for all."""
    sign_ins = [holder.sign_in_id for holder in holders if holder.sign_in_id is not None]
    tokens = [holder.access_token_id for holder in holders if holder.access_token_id is not None]
    able = (Person.disabled_at.is_(None), Person.erased_at.is_(None))
    good_sign_ins = select(SignIn.id).join(Person, Person.id == SignIn.person_id)
    good_sign_ins = good_sign_ins.where(
        SignIn.id.in_(sign_ins), SignIn.revoked_at.is_(None), SignIn.expires_at > uow.now, *able
    )
    good_tokens = select(AccessToken.id).join(Person, Person.id == AccessToken.person_id)
    good_tokens = good_tokens.where(AccessToken.id.in_(tokens), AccessToken.revoked_at.is_(None), *able)
    by_sign_in = set(uow.session.execute(good_sign_ins).scalars()) if sign_ins else set()
    by_token = set(uow.session.execute(good_tokens).scalars()) if tokens else set()
    return {holder for holder in holders if holder.sign_in_id in by_sign_in or holder.access_token_id in by_token}


def outside(uow: UnitOfWork, places: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Which people (person and group) may not read the texts of that group, now."""
    found = set()
    for person_id, group_id in places:
        place = standing(uow.session, Actor(person_id=person_id), group_id)
        if place is None or not place.may(Can.TEXT_READ):
            found.add((person_id, group_id))
    return found


def may_watch(uow: UnitOfWork, actor: Actor, topic: str) -> bool:
    """Whether hints about a topic such as "items-12" may reach the actor; never raises."""
    noun, _, number = topic.rpartition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 10) or str(int(number)) != number:
        return False
    id_ = int(number)
    if noun in GROUP_TOPICS:
        found = standing(uow.session, actor, id_)
        return found is not None and found.may(GROUP_TOPICS[noun])
    try:
        if noun == "item":
            items.access_item(uow.session, actor, id_, Can.ITEM_READ)
            return True
        return noun == "meeting" and meetings.may_watch(uow.session, actor, id_)
    except DomainError:
        return False


def guests_gone(uow: UnitOfWork, meeting_id: int) -> set[int]:
    """The persons who were guests of a session and may be there no more: it is over, or they were refused."""
    rows = uow.session.execute(
        select(Membership.person_id)
        .join(Meeting, Meeting.id == Membership.meeting_id)
        .outerjoin(Attendance, (Attendance.meeting_id == Meeting.id) & (Attendance.person_id == Membership.person_id))
        .where(
            Meeting.id == meeting_id,
            Membership.role == Role.GUEST,
            Meeting.state.not_in(GUESTS_WELCOME)
            | Attendance.refused_at.is_not(None)
            | Membership.removed_at.is_not(None),
        )
    )
    return set(rows.scalars())


def stamp(uow: UnitOfWork, actor: Actor, group_id: int) -> Stamp:
    """How the actor is shown in a group."""
    found = standing(uow.session, actor, group_id)
    constituency = uow.session.get(Constituency, found.constituency_id) if found and found.constituency_id else None
    return Stamp(
        actor.person_id or 0,
        actor.name,
        accounts.initials(actor.name),
        constituency.tag if constituency else "",
        constituency.name if constituency else "",
    )
