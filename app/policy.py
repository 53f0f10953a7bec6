"""Who may do what: one table, loaded fresh for every request and every message."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from app.errors import Forbidden, NotFound
from models.base import Base
from models.groups import Group, Membership, Role
from models.meetings import Attendance, Meeting, MeetingState

T = TypeVar("T", bound=Base)


@dataclass(frozen=True)
class Actor:
    """Who acts. ``person_id`` None is a visitor; ``is_system`` is the command line and the worker.

    ``sign_in_id`` or ``access_token_id`` is what they came with, ``seen_at`` when that was last noted as in use.
    Never kept: every request and every socket message loads it again.
    """

    person_id: int | None = None
    name: str = ""
    email: str | None = None
    is_administrator: bool = False
    sign_in_id: int | None = None
    is_system: bool = False
    access_token_id: int | None = None
    seen_at: datetime | None = field(default=None, compare=False)


VISITOR = Actor()
SYSTEM = Actor(name="Concordat", is_system=True)


@dataclass(frozen=True)
class Standing:
    """What an actor is in one group; ``practises`` where that is only the practice ground of theirs."""

    group_id: int
    role: Role
    membership_id: int | None = None
    constituency_id: int | None = None
    meeting_id: int | None = None
    practises: bool = False

    def may(self, can: Can) -> bool:
        """Whether the table lets the actor do a thing here."""
        return allowed(self.role, can, practises=self.practises)


class Can(StrEnum):
    """Everything the product lets anyone do, as noun.verb."""

    GROUP_READ = "group.read"
    GROUP_EDIT = "group.edit"
    PEOPLE_READ = "people.read"
    PEOPLE_MANAGE = "people.manage"
    ITEM_READ = "item.read"
    ITEM_WRITE = "item.write"
    ITEM_SETTLE = "item.settle"
    TERM_WRITE = "term.write"
    TEXT_READ = "text.read"
    TEXT_WRITE = "text.write"
    TEXT_SUGGEST = "text.suggest"
    COMMENT_READ = "comment.read"
    COMMENT_WRITE = "comment.write"
    EVIDENCE_READ = "evidence.read"
    EVIDENCE_WRITE = "evidence.write"
    MEETING_READ = "meeting.read"
    MEETING_RUN = "meeting.run"
    MEETING_ATTEND = "meeting.attend"
    POLL_VOTE = "poll.vote"
    DECISION_READ = "decision.read"
    DECISION_RECORD = "decision.record"
    DECISION_CORRECT = "decision.correct"
    ACTION_WRITE = "action.write"
    HOMEWORK_GIVE = "homework.give"
    HOMEWORK_DO = "homework.do"
    SOUNDING_READ = "sounding.read"
    SOUNDING_SCORE = "sounding.score"
    SOUNDING_RUN = "sounding.run"
    VERSION_READ = "version.read"
    VERSION_FREEZE = "version.freeze"
    ROUND_READ = "round.read"
    ROUND_MANAGE = "round.manage"
    ROUND_RATE = "round.rate"
    RESULTS_READ = "results.read"
    REMARK_RELEASE = "remark.release"
    BUNDLE_RELEASE = "bundle.release"
    REMARK_CODE = "remark.code"
    DISPOSITION_READ = "disposition.read"
    DISPOSITION_WRITE = "disposition.write"
    CONSULTATION_READ = "consultation.read"
    CONSULTATION_WRITE = "consultation.write"
    ACTIVITY_READ = "activity.read"


_FACILITATOR = frozenset({Role.FACILITATOR})
_WRITERS = frozenset({Role.FACILITATOR, Role.MEMBER})
_READERS = frozenset({Role.FACILITATOR, Role.MEMBER, Role.OBSERVER, Role.PANEL_MANAGER})
_ROOM = frozenset({Role.FACILITATOR, Role.MEMBER, Role.OBSERVER, Role.GUEST})
_PANEL = frozenset({Role.PANEL_MANAGER})

#: Roles that may do a thing. ROUND_RATE belongs to an expert's seat and to no role.
RULES: dict[Can, frozenset[Role]] = {
    Can.GROUP_READ: _READERS,
    Can.GROUP_EDIT: _FACILITATOR,
    Can.PEOPLE_READ: _READERS,
    Can.PEOPLE_MANAGE: _FACILITATOR,
    Can.ITEM_READ: _READERS | {Role.GUEST},
    Can.ITEM_WRITE: _WRITERS,
    Can.ITEM_SETTLE: _FACILITATOR,
    Can.TERM_WRITE: _WRITERS,
    Can.TEXT_READ: _READERS | {Role.GUEST},
    Can.TEXT_WRITE: _WRITERS | {Role.GUEST},
    Can.TEXT_SUGGEST: _WRITERS,
    Can.COMMENT_READ: _READERS,
    Can.COMMENT_WRITE: _WRITERS | {Role.OBSERVER},
    Can.EVIDENCE_READ: _READERS,
    Can.EVIDENCE_WRITE: _WRITERS,
    Can.MEETING_READ: _READERS,
    Can.MEETING_RUN: _FACILITATOR,
    Can.MEETING_ATTEND: _ROOM,
    Can.POLL_VOTE: _WRITERS | {Role.GUEST},
    Can.DECISION_READ: _READERS,
    Can.DECISION_RECORD: _FACILITATOR,
    Can.DECISION_CORRECT: _WRITERS,
    Can.ACTION_WRITE: _WRITERS,
    Can.HOMEWORK_GIVE: _FACILITATOR,
    Can.HOMEWORK_DO: _WRITERS,
    Can.SOUNDING_READ: _READERS,
    Can.SOUNDING_SCORE: _WRITERS,
    Can.SOUNDING_RUN: _FACILITATOR,
    Can.VERSION_READ: _READERS,
    Can.VERSION_FREEZE: _FACILITATOR,
    Can.ROUND_READ: _READERS,
    Can.ROUND_MANAGE: _PANEL,
    Can.ROUND_RATE: frozenset(),
    Can.RESULTS_READ: _READERS,
    Can.REMARK_RELEASE: _PANEL,
    Can.BUNDLE_RELEASE: _PANEL,
    Can.REMARK_CODE: _WRITERS | _PANEL,
    Can.DISPOSITION_READ: _READERS,
    Can.DISPOSITION_WRITE: _FACILITATOR,
    Can.CONSULTATION_READ: _READERS,
    Can.CONSULTATION_WRITE: _PANEL | _FACILITATOR,
    Can.ACTIVITY_READ: _READERS,
}

#: All that can be done where a group practises: words and what is said of them, and nothing that counts.
PRACTISED = frozenset(
    {
        Can.GROUP_READ, Can.ITEM_READ, Can.ITEM_WRITE, Can.ITEM_SETTLE, Can.TEXT_READ, Can.TEXT_WRITE,
        Can.TEXT_SUGGEST, Can.COMMENT_READ, Can.COMMENT_WRITE, Can.ACTIVITY_READ,
    }
)  # fmt: skip

#: States of a session in which a guest's rights hold.
GUESTS_WELCOME = (MeetingState.LOBBY, MeetingState.RUNNING, MeetingState.CLOSING)


#: Somebody's place in a group, or in the group that practises there; built once, as it is asked for all the time.
_PLACE = (
    select(Membership, Group.practises_for_id)
    .join(Group, Group.home_id == Membership.group_id)
    .where(
        Group.id == bindparam("group"), Membership.person_id == bindparam("person"), Membership.removed_at.is_(None),
        or_(Group.practises_for_id.is_(None), Membership.role != Role.GUEST),
    )
)  # fmt: skip


def standing(session: Session, actor: Actor, group_id: int) -> Standing | None:
    """The actor's place in a group now, or None; a guest's only once confirmed and while the session is open.

    In a practice ground it is the place in the group that practises there; guests have none.
    """
    if actor.is_system:
        return Standing(group_id, Role.FACILITATOR)
    if actor.person_id is None:
        return None
    found = session.execute(_PLACE, {"group": group_id, "person": actor.person_id}).one_or_none()
    if found is None:
        return None
    membership, practised = found
    if membership.role is Role.GUEST and not _guest_is_in(session, membership):
        return None
    return Standing(
        group_id, membership.role, membership.id, membership.constituency_id, membership.meeting_id,
        practises=practised is not None,
    )  # fmt: skip


def _guest_is_in(session: Session, membership: Membership) -> bool:
    found = session.execute(
        select(Attendance.id)
        .join(Meeting, Meeting.id == Attendance.meeting_id)
        .where(
            Meeting.id == membership.meeting_id,
            Meeting.state.in_(GUESTS_WELCOME),
            Attendance.person_id == membership.person_id,
            Attendance.confirmed_by_id.is_not(None),
            Attendance.refused_at.is_(None),
        )
    ).first()
    return found is not None


def allowed(role: Role, can: Can, *, practises: bool = False) -> bool:
    """Whether the table lets a role do a thing; a practice ground narrows it, and objects may narrow it further."""
    return role in RULES[can] and (not practises or can in PRACTISED)


def require(session: Session, actor: Actor, group_id: int, can: Can) -> Standing:
    """The actor's standing if they may do ``can`` in the group.

    Raises NotFound for people outside the group, and for what a practice ground does not have; Forbidden for members
    whose role does not allow it.
    """
    found = standing(session, actor, group_id)
    if found is None or (found.practises and can not in PRACTISED):
        raise NotFound()
    if not actor.is_system and not found.may(can):
        raise Forbidden("Your role in this group does not allow that.")
    return found


def require_administrator(actor: Actor) -> None:
    """Raises NotFound unless the actor runs the server."""
    if not (actor.is_administrator or actor.is_system):
        raise NotFound()


def access(session: Session, actor: Actor, model: type[T], id_: int, can: Can) -> T:
    """Load a group's object and check the right to it together: the only way ``access_<noun>`` reaches a row.

    Raises NotFound when there is none or it is foreign, Forbidden when the role does not allow ``can``.
    """
    row = session.get(model, id_)
    if row is None:
        raise NotFound()
    group_id: int = row.group_id  # type: ignore[attr-defined]  # every noun of a group carries it
    require(session, actor, group_id, can)
    return row
