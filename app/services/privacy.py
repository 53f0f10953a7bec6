"""Data protection: a person's own copy of their data, erasure, and what is deleted by itself after a time."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from app.errors import Invalid, NotFound
from app.events import MembershipEnded, PeopleChanged
from app.jobs import MAX_ATTEMPTS
from app.policy import Actor
from app.services import accounts, comments, homework, identities, signing_in
from app.services.activity import note
from app.uow import UnitOfWork
from models.accounts import AccessToken, OneTimeToken, Person, SignIn
from models.activity import Activity
from models.calendars import CalendarFeed
from models.comments import Comment
from models.documents import TextChange
from models.glossary import TermWording
from models.groups import Group, Invitation, Membership, Role
from models.homework import Homework, HomeworkShare
from models.jobs import Job
from models.meetings import Attendance, Meeting
from models.notifications import MailChoice, Notification
from models.polls import Action, Ballot, CorrectionConfirmation, Poll
from models.practice import Tour
from models.returns import ReturnedDocument
from models.suggestions import Suggestion
from models.validation import Expert, Round
from models.visits import Visit

#: Mails that were sent carry addresses and links: their rows go sooner than the rest.
MAILS_KEPT = timedelta(days=30)
#: What concerned somebody is told on the page of its place for good; the list of it is not kept for ever.
NOTIFICATIONS_KEPT = timedelta(days=120)


def _me(uow: UnitOfWork, actor: Actor) -> Person:
    person = uow.session.get(Person, actor.person_id or 0)
    if person is None:
        raise NotFound()
    return person


def export_mine(uow: UnitOfWork, actor: Actor) -> dict[str, Any]:
    """Everything kept about the actor, as plain JSON values: account, places, what they wrote, voted and did."""
    person, session = _me(uow, actor), uow.session
    groups_ = {row.id: row.slug for row in session.execute(select(Group)).scalars()}
    memberships = session.execute(select(Membership).where(Membership.person_id == person.id)).scalars()
    changes = session.execute(
        select(TextChange).where(TextChange.author_id == person.id).order_by(TextChange.document_id, TextChange.version)
    ).scalars()
    ballots = session.execute(
        select(Ballot, Poll).join(Poll, Poll.id == Ballot.poll_id).where(Ballot.person_id == person.id)
    )
    attended = session.execute(
        select(Attendance, Meeting)
        .join(Meeting, Meeting.id == Attendance.meeting_id)
        .where(Attendance.person_id == person.id)
    )
    activity = session.execute(select(Activity).where(Activity.person_id == person.id).order_by(Activity.id)).scalars()
    actions = session.execute(select(Action).where(Action.owner_id == person.id)).scalars()
    feed = session.get(CalendarFeed, person.id)
    return {
        "account": {"name": person.name, "email": person.email, "since": person.created_at.isoformat()},
        "sign_ins": [
            {"device": row.device, "from": row.created_at.isoformat(), "last_seen": row.last_seen_at.isoformat()}
            for row in signing_in.my_sign_ins(uow, actor)
        ],
        "groups": [
            {"group": groups_[row.group_id], "role": row.role.value, "joined": row.joined_at.isoformat()}
            for row in memberships
        ],
        "visits": [
            {"group": groups_[row.group_id], "last": row.seen_at.isoformat(),
             "read_until": row.read_until.isoformat() if row.read_until else None}
            for row in session.execute(select(Visit).where(Visit.person_id == person.id)).scalars()
        ],
        "practice": [
            {"group": groups_[row.group_id], "since": row.begun_at.isoformat() if row.begun_at else None,
             "answer": row.choice, "reason": row.reason}
            for row in session.execute(select(Tour).where(Tour.person_id == person.id)).scalars()
        ],
        "text_changes": [
            {"document": row.document_id, "version": row.version, "at": row.at.isoformat(), "changes": row.changes}
            for row in changes
        ],
        "suggestions": [
            {"document": row.document_id, "at": row.made_at.isoformat(), "changes": row.changes, "reason": row.reason,
             "state": row.state.value, "answer": row.answer}
            for row in session.execute(
                select(Suggestion).where(Suggestion.author_id == person.id).order_by(Suggestion.id)
            ).scalars()
        ],
        "comments": [
            {"at": row.made_at.isoformat(), "words": row.words}
            for row in session.execute(
                select(Comment).where(Comment.author_id == person.id).order_by(Comment.id)
            ).scalars()
        ],
        "definitions": [
            {
                "term": row.name, "at": row.at.isoformat(), "also": row.forms, "definition": row.definition,
                "reason": row.reason,
            }
            for row in session.execute(
                select(TermWording).where(TermWording.by_id == person.id).order_by(TermWording.id)
            ).scalars()
        ],
        "homework": [
            {"asked": homework.asked, "due": homework.due_on.isoformat(), "ready": share.ready, "words": share.words,
             "replied": share.replied_at.isoformat() if share.replied_at else None}
            for share, homework in session.execute(
                select(HomeworkShare, Homework).join(Homework, Homework.id == HomeworkShare.homework_id)
                .where(HomeworkShare.person_id == person.id).order_by(Homework.id)
            )
        ],
        "notifications": [
            {"at": row.at.isoformat(), "words": row.words, "read": row.read_at.isoformat() if row.read_at else None}
            for row in session.execute(
                select(Notification).where(Notification.person_id == person.id).order_by(Notification.id)
            ).scalars()
        ],
        "calendar_address_since": feed.made_at.isoformat() if feed is not None else None,
        "mail": [
            {"group": groups_[row.group_id], "wants": row.mode.value}
            for row in session.execute(select(MailChoice).where(MailChoice.person_id == person.id)).scalars()
        ],
        "returned_documents": [
            {"file": row.file_name, "at": row.brought_at.isoformat(), "edited_by": row.edited_by}
            for row in session.execute(
                select(ReturnedDocument).where(ReturnedDocument.brought_by_id == person.id)
            ).scalars()
        ],
        "votes": [
            {"question": poll.question, "choice": ballot.choice.value, "reason": ballot.reason, "words": ballot.words,
             "at": ballot.cast_at.isoformat()}
            for ballot, poll in ballots
        ],
        "sessions": [
            {"session": meeting.title, "organisation": row.organisation,
             "arrived": row.arrived_at.isoformat() if row.arrived_at else None}
            for row, meeting in attended
        ],
        "actions": [{"what": row.what, "due": row.due_on.isoformat() if row.due_on else None} for row in actions],
        "activity": [{"at": row.at.isoformat(), "what": row.sentence} for row in activity],
    }  # fmt: skip


@dataclass(frozen=True)
class Remains:
    """What erasure cannot take out, because it is part of the group's record."""

    text_changes: int
    comments: int
    named_votes: int
    confirmations: int
    sessions: int


def remains(uow: UnitOfWork, actor: Actor) -> Remains:
    """What will stay, under "Former member N", if the actor has their data erased."""
    person = _me(uow, actor)

    def count(column: Any) -> int:
        return uow.session.execute(select(func.count()).where(column == person.id)).scalar_one()

    return Remains(
        text_changes=count(TextChange.author_id),
        comments=count(Comment.author_id),
        named_votes=count(Ballot.person_id),
        confirmations=count(CorrectionConfirmation.person_id),
        sessions=count(Attendance.person_id),
    )


def rename_me(uow: UnitOfWork, actor: Actor, *, name: str) -> None:
    """Change the actor's own name, also where lines about people hold it, so that erasing finds all of it later.

    Raises Invalid for an empty name or one of more than 120 characters.
    """
    person = _me(uow, actor)
    former, new = person.name, accounts.check_name(name)
    if new == former:
        return
    group_ids = (
        uow.session.execute(select(Membership.group_id).where(Membership.person_id == person.id)).scalars().all()
    )
    _say_anew(uow, former, new, group_ids, about_people=True)
    comments.rename(uow, person.id, former, new)
    person.name = new
    note(uow, actor, "changed their name", group_id=None)
    for group_id in group_ids:
        uow.emit(PeopleChanged(group_id))


def erase_me(uow: UnitOfWork, actor: Actor) -> str:
    """Erase the actor's account: name, address and sign-ins go; text and decisions stay under the name returned.

    Raises Invalid while they are the only facilitator of a group, or the server's only administrator.
    """
    person = _me(uow, actor)
    mine = select(Membership).where(Membership.person_id == person.id)
    memberships = list(uow.session.execute(mine).scalars())
    # Held before it is asked who else facilitates: two who leave at the same moment must not both be told "somebody".
    groups = {group.id: group for group in uow.lock_all(Group, [row.group_id for row in memberships])}
    _not_the_last(uow, person)
    former = "Former member"
    for membership in memberships:
        group = groups[membership.group_id]
        group.former_members += 1
        former = f"Former member {group.former_members}"
        membership.removed_at = membership.removed_at or uow.now
        membership.organisation = membership.title = ""
        note(uow, Actor(person_id=person.id), "had their personal data erased", group_id=group.id)
        uow.emit(MembershipEnded(group.id, person.id))
        uow.emit(PeopleChanged(group.id))
    if person.email:
        uow.session.execute(delete(Invitation).where(Invitation.email == person.email))
    _scrub_activity(uow, person, [row.group_id for row in memberships], former)
    comments.rename(uow, person.id, person.name, former)
    signing_in.end_sign_ins(uow, person.id)
    uow.session.execute(delete(ReturnedDocument).where(ReturnedDocument.brought_by_id == person.id))
    for table in (SignIn, OneTimeToken, AccessToken, CalendarFeed, Visit, Tour, Notification, MailChoice):
        uow.session.execute(delete(table).where(table.person_id == person.id))
    uow.session.execute(update(Attendance).where(Attendance.person_id == person.id).values(organisation=""))
    homework.leave(uow, actor, person.id)
    uow.session.execute(update(HomeworkShare).where(HomeworkShare.person_id == person.id).values(words=""))
    person.name, person.email, person.password_hash = former, None, None
    person.is_administrator = False
    person.erased_at = uow.now
    return former


def _scrub_activity(uow: UnitOfWork, person: Person, group_ids: Collection[int], former: str) -> None:
    """Take the name and address out of sentences others left about the person, in their groups and of the server."""
    for words in filter(None, (person.email, person.name)):
        _say_anew(uow, words, former, group_ids)


def _say_anew(
    uow: UnitOfWork, words: str, instead: str, group_ids: Collection[int], *, about_people: bool = False
) -> None:
    """Write something else for a name in sentences; ``about_people`` leaves those about items and sessions alone.

    Only whole words: who is called Lee takes nothing out of "Leeds".
    """
    whole = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")
    near = or_(Activity.group_id.in_(group_ids), Activity.group_id.is_(None))
    rows = select(Activity).where(near, Activity.sentence.contains(words, autoescape=True))
    if about_people:
        rows = rows.where(Activity.item_id.is_(None), Activity.meeting_id.is_(None))
    for row in uow.session.execute(rows).scalars():
        row.sentence = whole.sub(lambda _: instead, row.sentence)


def _not_the_last(uow: UnitOfWork, person: Person) -> None:
    mine = select(Membership.group_id).where(
        Membership.person_id == person.id, Membership.role == Role.FACILITATOR, Membership.removed_at.is_(None)
    )
    for group_id in uow.session.execute(mine).scalars().all():
        others = select(Membership.id).where(
            Membership.group_id == group_id,
            Membership.role == Role.FACILITATOR,
            Membership.removed_at.is_(None),
            Membership.person_id != person.id,
        )
        if uow.session.execute(others).first() is None:
            raise Invalid("You are the only facilitator of a group. Make somebody else facilitator first.")
    others = select(Person.id).where(
        Person.is_administrator, Person.disabled_at.is_(None), Person.erased_at.is_(None), Person.id != person.id
    )
    if person.is_administrator and uow.session.execute(others).first() is None:
        raise Invalid("You are the only administrator of this server. Make somebody else administrator first.")


def sweep(uow: UnitOfWork) -> dict[str, int]:
    """Delete what has served its time; counts by kind.

    That is: old sign-ins and tokens, answered invitations, old notifications, finished mails, Word documents that were
    brought back, and the names of experts whose panel's last round closed long ago.
    """
    before = uow.now - timedelta(days=uow.settings.retention_days)
    statements = {
        "sign_ins": delete(SignIn).where((SignIn.expires_at < before) | (SignIn.revoked_at < before)),
        "one_time_tokens": delete(OneTimeToken).where(OneTimeToken.expires_at < before),
        "access_tokens": delete(AccessToken).where(AccessToken.revoked_at < before),
        "invitations": delete(Invitation).where(
            (Invitation.accepted_at < before) | (Invitation.revoked_at < before) | (Invitation.expires_at < before)
        ),
        "notifications": delete(Notification).where(Notification.at < uow.now - NOTIFICATIONS_KEPT),
        "returned_documents": delete(ReturnedDocument).where(ReturnedDocument.brought_at < before),
        "mails": delete(Job).where(
            or_(
                Job.done_at < uow.now - MAILS_KEPT,
                Job.failed_at < uow.now - MAILS_KEPT,
                # lost with the worker that tried it for the last time
                (Job.attempts >= MAX_ATTEMPTS) & (Job.claimed_at < uow.now - MAILS_KEPT),
            )
        ),
    }
    gone = {
        kind: uow.session.execute(statement.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]  # DELETE counts
        for kind, statement in statements.items()
    }
    return {**gone, "expert_identities": identities.forget(uow, _experts_before(uow, before))}


def _experts_before(uow: UnitOfWork, before: datetime) -> list[int]:
    """Experts of panels whose rounds have all been closed since before a moment."""
    over = (
        select(Round.panel_id)
        .group_by(Round.panel_id)
        .having(func.count() == func.count(Round.closed_at), func.max(Round.closed_at) < before)
    )
    return list(uow.session.execute(select(Expert.id).where(Expert.panel_id.in_(over))).scalars())
