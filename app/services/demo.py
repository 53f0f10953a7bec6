"""Whom one can enter the demonstration as. Only ever called in demo mode, where everybody is invented."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import select

from app.errors import NotFound
from app.services import accounts, identities
from app.uow import UnitOfWork
from models.accounts import Person
from models.groups import Constituency, Group, Membership, Role
from models.validation import Expert, Round, RoundState, Seat


@dataclass(frozen=True)
class Member:
    """A person of the demonstration; ``role`` is "administrator" and ``group`` empty for the server's own."""

    email: str
    name: str
    role: str
    constituency: str | None
    title: str
    group: str


@dataclass(frozen=True)
class Seated:
    """An expert of a round that is open, with the personal link that was mailed."""

    email: str
    name: str
    scope: str
    country: str
    expertise: list[str]
    round: int
    link: str


def _demo_only(uow: UnitOfWork) -> None:
    if not uow.settings.is_demo:
        raise NotFound()


def people(uow: UnitOfWork) -> list[Member]:
    """Everyone one can enter as: facilitators first, administrators last. Raises NotFound outside demo mode."""
    _demo_only(uow)
    rows = uow.session.execute(
        select(Person, Membership, Group.slug, Constituency.name)
        .join(Membership, Membership.person_id == Person.id)
        .join(Group, Group.id == Membership.group_id)
        .outerjoin(Constituency, Constituency.id == Membership.constituency_id)
        .where(Person.email.is_not(None), Person.disabled_at.is_(None), Membership.removed_at.is_(None))
        .order_by(Group.id, Membership.id)
    ).all()
    order = list(Role)
    found = [
        Member(person.email or "", person.name, membership.role.value, constituency, membership.title, slug)
        for person, membership, slug, constituency in sorted(rows, key=lambda row: order.index(row[1].role))
    ]
    administrators = select(Person).where(Person.is_administrator, Person.disabled_at.is_(None)).order_by(Person.id)
    found += [
        Member(person.email or "", person.name, "administrator", None, "", "")
        for person in uow.session.execute(administrators).scalars()
    ]
    return found


def experts(uow: UnitOfWork) -> list[Seated]:
    """The experts of open rounds, with their links. Raises NotFound outside demo mode."""
    _demo_only(uow)
    rows = uow.session.execute(
        select(Seat, Expert, Round)
        .join(Expert, Expert.id == Seat.expert_id)
        .join(Round, Round.id == Seat.round_id)
        .where(Round.state == RoundState.OPEN, Seat.revoked_at.is_(None))
        .order_by(Seat.id)
    ).all()
    known = identities.identities_of(uow, [expert.id for _seat, expert, _round in rows])
    return [
        Seated(
            email=known[expert.id].email,
            name=known[expert.id].name,
            scope=expert.scope.value,
            country=expert.country,
            expertise=expert.expertise,
            round=round_.id,
            link=f"{uow.settings.base_url}/r/{uow.keys.derive('seat', seat.id, seat.token_nonce)}",
        )
        for seat, expert, round_ in rows
        if expert.id in known
    ]


def enter(uow: UnitOfWork, *, email: str) -> str:
    """A sign-in token for a demo person. Raises NotFound outside demo mode and for unknown or disabled people."""
    _demo_only(uow)
    person = accounts.find_person(uow.session, email)
    if person is None or person.disabled_at is not None:
        raise NotFound()
    return accounts.start_sign_in(uow, person, device="Demonstration")


def as_dicts(rows: list[Member] | list[Seated]) -> list[dict[str, object]]:
    """Rows as plain values for JSON."""
    return [asdict(row) for row in rows]
