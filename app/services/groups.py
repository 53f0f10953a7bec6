"""Design groups: their people, roles, constituencies and blocs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.errors import Conflict, Invalid, NotFound
from app.events import PeopleChanged
from app.policy import Actor, Can, Standing, require, require_administrator
from app.services.activity import note
from app.uow import UnitOfWork
from models.accounts import Person
from models.groups import Bloc, Constituency, Group, Membership, Role

#: Constituencies a new group starts with, as (constituency, two-letter tag, bloc); each group may edit its list.
TEMPLATE: Sequence[tuple[str, str, str]] = (
    ("Commissioner", "CO", "Commissioning"),
    ("Acute provider", "AP", "Providing"),
    ("Community provider", "CP", "Providing"),
    ("Social care", "SC", "Providing"),
    ("Contracting and finance", "CF", "Legal, contracting, industry and research"),
    ("Legal", "LE", "Legal, contracting, industry and research"),
    ("Industry", "IN", "Legal, contracting, industry and research"),
    ("Research", "RE", "Legal, contracting, industry and research"),
    ("Patients and carers", "PC", "Public and voluntary"),
    ("Voluntary sector", "VS", "Public and voluntary"),
)


def access_group(
    session: Session, actor: Actor, slug: str, can: Can, *, practice: bool = False
) -> tuple[Group, Standing]:
    """The group at an address and what the actor is in it; a practice ground only where ``practice`` says so.

    Raises NotFound, Forbidden.
    """
    known = select(Group).where(Group.slug == slug).options(joinedload(Group.practises_for))
    group = session.execute(known).scalar_one_or_none()
    if group is None or (group.practises_for_id is not None and not practice):
        raise NotFound()
    return group, require(session, actor, group.id, can)


def create_group(uow: UnitOfWork, actor: Actor, *, slug: str, name: str, time_zone: str = "Europe/London") -> Group:
    """A new group with the template's constituencies and blocs, and no people yet.

    Raises Invalid for a slug that is not lower-case letters, digits and hyphens, Conflict for a taken one.
    """
    require_administrator(actor)
    name = " ".join(name.split())
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?", slug):
        raise Invalid("The short name may hold lower-case letters, digits and hyphens, at most 60.")
    if not 1 <= len(name) <= 200:
        raise Invalid("A group needs a name of at most 200 characters.")
    if uow.session.execute(select(Group.id).where(Group.slug == slug)).first() is not None:
        raise Conflict(f"There is already a group called {slug}.")
    group = Group(slug=slug, name=name, time_zone=time_zone, created_at=uow.now)
    uow.session.add(group)
    uow.flush()
    blocs: dict[str, Bloc] = {}
    for position, (constituency, tag, bloc) in enumerate(TEMPLATE):
        if bloc not in blocs:
            blocs[bloc] = Bloc(group_id=group.id, name=bloc, position=len(blocs))
            uow.session.add(blocs[bloc])
            uow.flush()
        uow.session.add(
            Constituency(
                group_id=group.id,
                bloc_id=blocs[bloc].id,
                name=constituency,
                tag=tag,
                position=position,
                changed_at=uow.now,
            )
        )
    uow.flush()
    note(uow, actor, "created the group", group_id=group.id)
    return group


def find_constituency(session: Session, group_id: int, name: str) -> Constituency:
    """A group's constituency by its name. Raises Invalid when there is none."""
    found = session.execute(
        select(Constituency).where(
            Constituency.group_id == group_id, Constituency.name == name, Constituency.retired_at.is_(None)
        )
    ).scalar_one_or_none()
    if found is None:
        raise Invalid("Choose whom this person speaks for.", fields={"constituency": "Choose from the list"})
    return found


def add_member(
    uow: UnitOfWork,
    actor: Actor,
    *,
    group_id: int,
    person: Person,
    role: Role,
    constituency: str | None,
    organisation: str = "",
    title: str = "",
) -> Membership:
    """Put a person into a group, or back into it. Raises Invalid, Forbidden, NotFound."""
    require(uow.session, actor, group_id, Can.PEOPLE_MANAGE)
    return seat_person(
        uow, actor, group_id=group_id, person=person, role=role, constituency=constituency,
        organisation=organisation, title=title,
    )  # fmt: skip


def seat_person(
    uow: UnitOfWork,
    actor: Actor,
    *,
    group_id: int,
    person: Person,
    role: Role,
    constituency: str | None,
    organisation: str = "",
    title: str = "",
) -> Membership:
    """The row behind add_member and accepted invitations: the right was asked when the place was offered."""
    if role is Role.GUEST:
        raise Invalid("Guests come in by a session's code.")
    found = find_constituency(uow.session, group_id, constituency) if constituency else None
    membership = uow.session.execute(
        select(Membership).where(Membership.group_id == group_id, Membership.person_id == person.id)
    ).scalar_one_or_none()
    if membership is None:
        membership = Membership(group_id=group_id, person_id=person.id, role=role, joined_at=uow.now)
        uow.session.add(membership)
    membership.role = role
    membership.meeting_id = None
    membership.removed_at = None
    membership.constituency_id = found.id if found else None
    membership.organisation, membership.title = organisation, title
    uow.flush()
    did = "joined" if actor.person_id == person.id else f"added {person.name}"
    note(uow, actor, f"{did} as {role.value.replace('_', ' ')}", group_id=group_id)
    uow.emit(PeopleChanged(group_id))
    return membership


def constituencies(session: Session, group_id: int) -> list[Constituency]:
    """The constituencies one can speak for now, in their order, with their blocs loaded."""
    rows = (
        select(Constituency)
        .where(Constituency.group_id == group_id, Constituency.retired_at.is_(None))
        .options(joinedload(Constituency.bloc))
        .order_by(Constituency.position)
    )
    return list(session.execute(rows).scalars())


def add_constituency(uow: UnitOfWork, actor: Actor, *, group_id: int, name: str, tag: str, bloc: str) -> Constituency:
    """Add a constituency to one of the group's blocs, which are fixed. Raises Invalid with a sentence per field."""
    require(uow.session, actor, group_id, Can.GROUP_EDIT)
    name, tag = " ".join(name.split()), tag.strip().upper()
    faults = {}
    known = {each.name.lower() for each in constituencies(uow.session, group_id)}
    home = uow.session.execute(select(Bloc).where(Bloc.group_id == group_id, Bloc.name == bloc)).scalar_one_or_none()
    if not 1 <= len(name) <= 80:
        faults["name"] = "Enter a name of at most 80 characters"
    elif name.lower() in known:
        faults["name"] = "This one is on the list already"
    if not re.fullmatch(r"[A-Z]{2}", tag):
        faults["tag"] = "Enter two letters, such as CO"
    if home is None:
        faults["bloc"] = "Choose from the list"
    if faults or home is None:
        raise Invalid("The constituency could not be added.", fields=faults)
    row = uow.session.execute(
        select(Constituency).where(Constituency.group_id == group_id, Constituency.name == name)
    ).scalar_one_or_none()
    if row is None:
        row = Constituency(group_id=group_id, name=name, position=len(known), bloc_id=home.id)
        uow.session.add(row)
    row.tag, row.bloc_id, row.changed_at, row.retired_at = tag, home.id, uow.now, None
    uow.flush()
    note(uow, actor, f"added {name} to the constituencies", group_id=group_id)
    uow.emit(PeopleChanged(group_id))
    return row


def retire_constituency(uow: UnitOfWork, actor: Actor, *, group_id: int, constituency_id: int) -> None:
    """Take a constituency off the list from now on; who speaks for it keeps it until changed. Raises NotFound."""
    require(uow.session, actor, group_id, Can.GROUP_EDIT)
    row = uow.session.get(Constituency, constituency_id)
    if row is None or row.group_id != group_id or row.retired_at is not None:
        raise NotFound()
    row.retired_at = row.changed_at = uow.now
    note(uow, actor, f"took {row.name} off the constituencies", group_id=group_id)
    uow.emit(PeopleChanged(group_id))


def describe_group(uow: UnitOfWork, actor: Actor, *, group_id: int, purpose: str, setting: str) -> None:
    """Say what a group is for and in which setting it works, as its overview shows. Raises Invalid, Forbidden."""
    require(uow.session, actor, group_id, Can.GROUP_EDIT)
    group = uow.lock(Group, group_id)
    purpose, setting = " ".join(purpose.split()), " ".join(setting.split())
    fields = {
        name: "Use at most 1,000 characters"
        for name, words in (("purpose", purpose), ("setting", setting))
        if len(words) > 1_000 or "\0" in words
    }
    if fields:
        raise Invalid("The description was not saved.", fields=fields)
    group.purpose, group.setting = purpose, setting
    note(uow, actor, "described what the group is for", group_id=group_id)
