"""What the administrator of the server may do: create groups and accounts, disable accounts. They see no content."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, select

from app import jobs
from app.errors import Invalid, NotFound
from app.mail import KINDS, compose, send
from app.policy import Actor, require_administrator
from app.services import accounts, groups, signing_in
from app.services.activity import note
from app.uow import UnitOfWork
from models.accounts import Person, Purpose
from models.groups import Group, Membership, Role


@dataclass(frozen=True)
class GroupLine:
    """A group as its administrator sees it: its name and how many people, nothing of its content."""

    slug: str
    name: str
    people: int


def list_groups(uow: UnitOfWork, actor: Actor) -> list[GroupLine]:
    """All groups of the server by name; guests of a session are not counted."""
    require_administrator(actor)
    rows = (
        select(Group.slug, Group.name, func.count(Membership.id))
        .outerjoin(
            Membership,
            and_(Membership.group_id == Group.id, Membership.removed_at.is_(None), Membership.role != Role.GUEST),
        )
        .where(Group.practises_for_id.is_(None))
        .group_by(Group.id)
        .order_by(Group.name)
    )
    return [GroupLine(slug, name, people) for slug, name, people in uow.session.execute(rows)]


def list_people(uow: UnitOfWork, actor: Actor) -> list[Person]:
    """All accounts of the server by name; guests and erased people are not among them."""
    require_administrator(actor)
    rows = select(Person).where(Person.email.is_not(None), Person.erased_at.is_(None)).order_by(Person.name)
    return list(uow.session.execute(rows).scalars())


def trouble_with_mails(uow: UnitOfWork, actor: Actor) -> jobs.Trouble | None:
    """Mails that could not be sent, or None where all were."""
    require_administrator(actor)
    return jobs.trouble(uow, KINDS)


def welcome(uow: UnitOfWork, actor: Actor, person: Person) -> str:
    """A one-time link with which a new person sets their password; it works for a week."""
    require_administrator(actor)
    token, _code = signing_in.issue(uow, person, Purpose.WELCOME)
    return f"{uow.settings.base_url}/welcome/{token}"


def open_group(
    uow: UnitOfWork, actor: Actor, *, slug: str, name: str, facilitator: str, facilitator_name: str = ""
) -> Group:
    """A new group with its first facilitator, who gets an account and a mail where there was none.

    The facilitator's name is for a new account; without one it is what stands before the @ of the address.

    Raises Invalid, Conflict; then nothing was created.
    """
    require_administrator(actor)
    person = accounts.find_person(uow.session, facilitator)
    if person is None:
        called = accounts.check_name(facilitator_name or facilitator.partition("@")[0], field="facilitator_name")
        person = accounts.create_person(uow, actor, email=facilitator, name=called)
        link = welcome(uow, actor, person)
        send(uow, compose("welcome", person.email or "", name=person.name, group=name, link=link))
    group = groups.create_group(uow, actor, slug=slug, name=name)
    groups.seat_person(
        uow, actor, group_id=group.id, person=person, role=Role.FACILITATOR, constituency=groups.TEMPLATE[0][0]
    )
    return group


def set_disabled(uow: UnitOfWork, actor: Actor, *, person_id: int, disabled: bool) -> Person:
    """Close or open an account, at once, on pages and sockets. Raises Invalid for one's own."""
    require_administrator(actor)
    person = uow.session.get(Person, person_id)
    if person is None or person.erased_at is not None or person.email is None:
        raise NotFound()
    if disabled and person.id == actor.person_id:
        raise Invalid("You cannot disable your own account.")
    person.disabled_at = uow.now if disabled else None
    if disabled:
        signing_in.end_sign_ins(uow, person.id)
    note(uow, actor, f"{'disabled' if disabled else 'enabled'} the account of {person.name}", group_id=None)
    return person
