"""Who is in a group: invitations, roles, whom people speak for, and leaving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from app.events import MembershipEnded, PeopleChanged
from app.mail import check_address, compose, send
from app.policy import Actor, Can, allowed, require
from app.secrets import new_token
from app.services import accounts, groups, homework
from app.services.activity import note
from app.uow import UnitOfWork
from models.accounts import Person
from models.groups import Constituency, Group, Invitation, Membership, Role

INVITATION_LASTS = timedelta(days=21)
ROLE_WORDS = {
    Role.FACILITATOR: "facilitator",
    Role.MEMBER: "member",
    Role.OBSERVER: "observer",
    Role.PANEL_MANAGER: "panel manager",
    Role.GUEST: "guest",
}
#: Roles a person can be given; guests come in by a session's code.
GIVEN = (Role.FACILITATOR, Role.MEMBER, Role.OBSERVER, Role.PANEL_MANAGER)


@dataclass(frozen=True)
class Offer:
    """What an invitation that still works offers."""

    group: Group
    email: str
    name: str
    role: Role
    constituency: str | None
    has_account: bool


def members(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[Membership]:
    """The people of a group, by name, with person, constituency and bloc loaded; guests are not among them."""
    require(uow.session, actor, group_id, Can.PEOPLE_READ)
    rows = (
        select(Membership)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.group_id == group_id, Membership.removed_at.is_(None), Membership.role != Role.GUEST)
        .options(joinedload(Membership.person), joinedload(Membership.constituency).joinedload(Constituency.bloc))
        .order_by(Person.name)
    )
    return list(uow.session.execute(rows).scalars())


def my_groups(uow: UnitOfWork, actor: Actor) -> list[Membership]:
    """The actor's memberships with group and constituency loaded, by name of the group."""
    rows = (
        select(Membership)
        .join(Group, Group.id == Membership.group_id)
        .where(
            Membership.person_id == (actor.person_id or 0),
            Membership.removed_at.is_(None),
            Membership.role != Role.GUEST,
        )
        .options(joinedload(Membership.group), joinedload(Membership.constituency))
        .order_by(Group.name)
    )
    return list(uow.session.execute(rows).scalars())


def invite(
    uow: UnitOfWork, actor: Actor, *, group_id: int, email: str, name: str, role: Role, constituency: str | None
) -> Invitation:
    """Invite by mail, with role and constituency. Raises Invalid, Conflict when the person is in the group already."""
    require(uow.session, actor, group_id, Can.PEOPLE_MANAGE)
    address = check_address(email)
    if role not in GIVEN:
        raise Invalid("Choose a role", fields={"role": "Choose a role"})
    if constituency is None and role in {Role.FACILITATOR, Role.MEMBER}:
        sentence = "Choose whom this person speaks for"
        raise Invalid(sentence, fields={"constituency": sentence})
    found = groups.find_constituency(uow.session, group_id, constituency) if constituency else None
    person = accounts.find_person(uow.session, address)
    if person is not None and any(each.person_id == person.id for each in members(uow, actor, group_id=group_id)):
        raise Conflict(
            f"{person.name} is in this group already.", fields={"email": "This person is in the group already"}
        )
    for earlier in open_invitations(uow, actor, group_id=group_id):
        if earlier.email == address:
            earlier.revoked_at = uow.now
    invitation = Invitation(
        group_id=group_id,
        email=address,
        name=" ".join(name.split())[:120],
        role=role,
        constituency_id=found.id if found else None,
        token_hash="",
        invited_by_id=actor.person_id,
        created_at=uow.now,
        expires_at=uow.now + INVITATION_LASTS,
    )
    _mail(uow, actor, invitation)
    uow.session.add(invitation)
    uow.flush()
    note(uow, actor, f"invited {address} as {ROLE_WORDS[role]}", group_id=group_id, audience="facilitators")
    uow.emit(PeopleChanged(group_id))
    return invitation


def _mail(uow: UnitOfWork, actor: Actor, invitation: Invitation) -> None:
    token = new_token()
    invitation.token_hash = uow.keys.hash("invitation", token)
    group = uow.session.get_one(Group, invitation.group_id)
    mail = compose(
        "invitation",
        invitation.email,
        name=invitation.name,
        inviter=actor.name,
        group=group.name,
        role=ROLE_WORDS[invitation.role],
        link=f"{uow.settings.base_url}/invitation/{token}",
        practice=f"{uow.settings.base_url}/g/{group.slug}/practice",
        days=INVITATION_LASTS.days,
    )
    send(uow, mail, group_id=invitation.group_id)


def open_invitations(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[Invitation]:
    """Invitations that wait for an answer, the newest first."""
    require(uow.session, actor, group_id, Can.PEOPLE_MANAGE)
    rows = select(Invitation).where(
        Invitation.group_id == group_id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )
    rows = rows.options(joinedload(Invitation.constituency)).order_by(Invitation.id.desc())
    return list(uow.session.execute(rows).scalars())


def _open(uow: UnitOfWork, actor: Actor, group_id: int, invitation_id: int) -> Invitation:
    require(uow.session, actor, group_id, Can.PEOPLE_MANAGE)
    row = uow.session.get(Invitation, invitation_id)
    if row is None or row.group_id != group_id or row.accepted_at or row.revoked_at:
        raise NotFound()
    return row


def resend(uow: UnitOfWork, actor: Actor, *, group_id: int, invitation_id: int) -> None:
    """Mail an invitation again with a new link; the old link stops working."""
    row = _open(uow, actor, group_id, invitation_id)
    row.expires_at = uow.now + INVITATION_LASTS
    _mail(uow, actor, row)


def revoke_invitation(uow: UnitOfWork, actor: Actor, *, group_id: int, invitation_id: int) -> None:
    """Take an invitation back; its link stops working."""
    row = _open(uow, actor, group_id, invitation_id)
    row.revoked_at = uow.now
    note(uow, actor, f"took back the invitation of {row.email}", group_id=group_id, audience="facilitators")
    uow.emit(PeopleChanged(group_id))


def _by_token(uow: UnitOfWork, token: str, *, hold: bool = False) -> Invitation:
    query = (
        select(Invitation)
        .where(
            Invitation.token_hash == uow.keys.hash("invitation", token),
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > uow.now,
        )
        .options(joinedload(Invitation.constituency))
    )
    if hold:  # for the one who is about to use it up
        query = query.with_for_update(of=Invitation, key_share=True).execution_options(populate_existing=True)
    row = uow.session.execute(query).scalar_one_or_none()
    if row is None:
        raise Gone("This invitation has been used, taken back or has expired. Ask the facilitator for a new one.")
    return row


def offer(uow: UnitOfWork, *, token: str) -> Offer:
    """What an invitation offers, without using it up. Raises Gone."""
    row = _by_token(uow, token)
    return Offer(
        group=uow.session.get_one(Group, row.group_id),
        email=row.email,
        name=row.name,
        role=row.role,
        constituency=row.constituency.name if row.constituency else None,
        has_account=accounts.find_person(uow.session, row.email) is not None,
    )


def accept(uow: UnitOfWork, *, token: str, name: str) -> Person:
    """Use up an invitation: the person gets an account where there was none, and a place in the group.

    Raises Gone, Invalid for a missing name, Forbidden for a disabled account.
    """
    row = _by_token(uow, token, hold=True)
    person = accounts.find_person(uow.session, row.email)
    if person is None:
        person = accounts.add_person(uow, email=row.email, name=name)
    elif person.disabled_at is not None:
        raise Forbidden("This account has been disabled by the administrator of this server.")
    row.accepted_at = uow.now
    actor = Actor(person_id=person.id, name=person.name, email=person.email)
    constituency = row.constituency.name if row.constituency else None
    groups.seat_person(uow, actor, group_id=row.group_id, person=person, role=row.role, constituency=constituency)
    if allowed(row.role, Can.HOMEWORK_DO):
        homework.come(uow, person.id, group_id=row.group_id)
    return person


def _membership(uow: UnitOfWork, group_id: int, membership_id: int) -> Membership:
    row = uow.session.execute(
        select(Membership)
        .where(Membership.id == membership_id, Membership.group_id == group_id, Membership.removed_at.is_(None))
        .options(joinedload(Membership.person), joinedload(Membership.constituency))
    ).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


def change(
    uow: UnitOfWork, actor: Actor, *, group_id: int, membership_id: int, role: Role, constituency: str | None
) -> tuple[Membership, list[homework.HomeworkLine]]:
    """Give a person another role or constituency, at once, open sockets included; the change is dated in the activity.

    Answers the open homework that nobody has now, too. Raises Invalid when it would leave the group without a
    facilitator.
    """
    uow.lock(Group, group_id)
    require(uow.session, actor, group_id, Can.PEOPLE_MANAGE)
    row = _membership(uow, group_id, membership_id)
    if role not in GIVEN or row.role is Role.GUEST:
        raise Invalid("Choose a role", fields={"role": "Choose a role"})
    if row.role is Role.FACILITATOR and role is not Role.FACILITATOR:
        _keep_a_facilitator(uow, group_id, row)
    found = groups.find_constituency(uow.session, group_id, constituency) if constituency else None
    was = row.constituency.name if row.constituency else "nobody"
    if row.role is not role:
        note(uow, actor, f"made {row.person.name} {ROLE_WORDS[role]}", group_id=group_id)
    if (found.id if found else None) != row.constituency_id:
        now = found.name if found else "nobody"
        note(uow, actor, f"noted that {row.person.name} now speaks for {now} (was: {was})", group_id=group_id)
    did = allowed(row.role, Can.HOMEWORK_DO)
    row.role, row.constituency_id = role, found.id if found else None
    orphaned = []
    if did and not allowed(role, Can.HOMEWORK_DO):
        orphaned = homework.leave(uow, actor, row.person_id, group_id=group_id, stays=True)
    elif not did and allowed(role, Can.HOMEWORK_DO):
        homework.come(uow, row.person_id, group_id=group_id)
    uow.emit(PeopleChanged(group_id))
    uow.emit(MembershipEnded(group_id, row.person_id))
    return row, orphaned


def _keep_a_facilitator(uow: UnitOfWork, group_id: int, leaving: Membership) -> None:
    others = select(Membership.id).where(
        Membership.group_id == group_id,
        Membership.role == Role.FACILITATOR,
        Membership.removed_at.is_(None),
        Membership.id != leaving.id,
    )
    if uow.session.execute(others).first() is None:
        sentence = "A group needs a facilitator. Make somebody else facilitator first."
        raise Invalid(sentence, fields={"role": sentence})


def remove(uow: UnitOfWork, actor: Actor, *, group_id: int, membership_id: int) -> list[homework.HomeworkLine]:
    """Take a person out of the group, at once, open sockets included; what they wrote stays. People may leave.

    Answers the open homework that nobody has now. Raises NotFound, Forbidden, Invalid for the last facilitator.
    """
    uow.lock(Group, group_id)
    row = _membership(uow, group_id, membership_id)
    if row.person_id != actor.person_id:
        require(uow.session, actor, group_id, Can.PEOPLE_MANAGE)
    if row.role is Role.FACILITATOR:
        _keep_a_facilitator(uow, group_id, row)
    row.removed_at = uow.now
    orphaned = homework.leave(uow, actor, row.person_id, group_id=group_id)
    words = "left the group" if row.person_id == actor.person_id else f"took {row.person.name} out of the group"
    note(uow, actor, words, group_id=group_id)
    uow.emit(MembershipEnded(group_id, row.person_id))
    uow.emit(PeopleChanged(group_id))
    return orphaned
