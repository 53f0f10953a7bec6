"""The group's first page: what is on now, what is new and waits for me, how far the blueprint is, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.policy import Actor, Can, allowed, require
from app.services import actions, decisions, documents, homework, meetings, practice, soundings, visits
from app.services.activity import Line, list_activity
from app.services.rounds import counting
from app.services.since import Since, since
from app.uow import UnitOfWork
from models.dispositions import Disposition
from models.documents import Field
from models.groups import Group
from models.items import Item, Kind, Status
from models.meetings import MeetingState
from models.validation import Remark, Round, RoundState
from models.versions import Version

#: The order in which progress is told.
STATUSES = (
    Status.AGREED,
    Status.RESERVATIONS,
    Status.PROPOSED,
    Status.DRAFT,
    Status.IDEA,
    Status.PARKED,
)


@dataclass(frozen=True)
class Progress:
    """How many principles, criteria and specifications stand at each status, withdrawn ones left out, and in all."""

    counts: list[tuple[Status, int]]
    total: int

    @property
    def settled(self) -> int:
        """Agreed, with or without reservations."""
        return sum(count for status, count in self.counts if status in {Status.AGREED, Status.RESERVATIONS})


@dataclass(frozen=True)
class Changed:
    """An item whose words have changed since they were decided."""

    item_id: int
    reference: str
    title: str
    decision_id: int
    decision_number: int


@dataclass(frozen=True)
class Heard:
    """Comments of a closed round's experts that wait for the reader: to be released, or to be answered."""

    round: Round
    count: int


@dataclass(frozen=True)
class Overview:
    """What the page shows. ``since`` is None for somebody who is new; ``before`` is where their mark stood earlier."""

    now: datetime
    since: Since | None
    before: datetime | None
    held: int
    decisions: int
    live: meetings.MeetingLine | None
    coming: meetings.MeetingLine | None
    progress: Progress
    my_homework: list[homework.HomeworkLine]
    my_ready: list[homework.HomeworkLine]
    my_actions: list[actions.ActionLine]
    my_soundings: list[soundings.Waiting]
    changed: list[Changed]
    version: Version | None
    round: Round | None
    to_release: list[Heard]
    to_answer: list[Heard]
    activity: list[Line]
    practice: practice.Way | None


def look(uow: UnitOfWork, actor: Actor, *, group_id: int) -> Overview:
    """Everything for the overview in a handful of queries. Raises NotFound, Forbidden."""
    standing = require(uow.session, actor, group_id, Can.GROUP_READ)
    session = uow.session
    planned = meetings.list_meetings(uow, actor, group_id=group_id) if allowed(standing.role, Can.MEETING_READ) else []
    live = next((each for each in planned if each.state in meetings.OPEN), None)
    zone = session.get_one(Group, group_id).time_zone
    to_come = (each for each in planned if each.state is MeetingState.ANNOUNCED and each.is_to_come(uow.now, zone))
    coming = next(to_come, None)
    waiting, ready = homework.mine(uow, actor, group_id=group_id)
    visit = visits.present(uow, actor, group_id)
    return Overview(
        now=uow.now,
        since=since(uow, actor, group_id=group_id, moment=visit.mark) if visit.mark is not None else None,
        before=visit.before,
        held=sum(each.state in (MeetingState.CLOSED, MeetingState.APPROVED) for each in planned),
        decisions=sum(each.decisions for each in planned),
        live=live,
        coming=coming,
        progress=_progress(session, group_id),
        my_homework=waiting,
        my_ready=ready,
        my_actions=actions.mine(uow, actor, group_id=group_id),
        my_soundings=soundings.waiting(uow, actor, group_id=group_id),
        changed=_changed(session, group_id),
        version=session.execute(
            select(Version).where(Version.group_id == group_id).order_by(Version.number.desc()).limit(1)
        ).scalar_one_or_none(),
        round=_round(session, group_id),
        to_release=_heard(session, group_id, Remark.released.is_(None)) if standing.may(Can.REMARK_RELEASE) else [],
        to_answer=_heard(session, group_id, Remark.released.is_not(None), Disposition.remark_id.is_(None))
        if standing.may(Can.DISPOSITION_WRITE)
        else [],
        activity=list_activity(uow, actor, group_id=group_id, limit=12),
        practice=practice.offer(session, actor, standing),
    )


def _progress(session: Session, group_id: int) -> Progress:
    rows = session.execute(
        select(Item.status, func.count())
        .where(Item.group_id == group_id, Item.kind.in_((Kind.CRITERION, Kind.SPECIFICATION, Kind.PRINCIPLE)))
        .group_by(Item.status)
    )
    found = {status: count for status, count in rows}  # noqa: C416  # rows, not pairs
    counts = [(status, found.get(status, 0)) for status in STATUSES]
    return Progress(counts, sum(count for _status, count in counts))


def _changed(session: Session, group_id: int) -> list[Changed]:
    found = session.execute(
        select(Item.id, Item.reference).where(
            Item.group_id == group_id, Item.status.in_((Status.AGREED, Status.RESERVATIONS))
        )
    ).all()
    references = {item_id: reference for item_id, reference in found}  # noqa: C416  # rows, not pairs
    standings = decisions.standings(session, group_id, references)
    changed = {item_id: decision for item_id, (decision, state) in standings.items() if state == "changed"}
    texts = documents.documents_of(session, changed)
    return [
        Changed(item_id, references[item_id], texts[item_id][Field.TITLE].text, decision.id, decision.number)
        for item_id, decision in changed.items()
    ]


def _heard(session: Session, group_id: int, *wanted: ColumnElement[bool]) -> list[Heard]:
    """Comments in closed rounds for which all of ``wanted`` holds, by experts who count; the last round first."""
    rows = session.execute(
        select(Round, Remark.expert_id)
        .join(Remark, Remark.round_id == Round.id)
        .outerjoin(Disposition, Disposition.remark_id == Remark.id)
        .where(Round.group_id == group_id, Round.state == RoundState.CLOSED, Remark.withheld_at.is_(None), *wanted)
        .order_by(Round.number.desc())
    ).all()
    experts: dict[Round, list[int]] = {}
    for round_, expert_id in rows:
        experts.setdefault(round_, []).append(expert_id)
    found = []
    for round_, spoke in experts.items():
        counted = counting(session, round_.id)
        found.append(Heard(round_, sum(each in counted for each in spoke)))
    return [each for each in found if each.count]


def _round(session: Session, group_id: int) -> Round | None:
    return session.execute(
        select(Round)
        .where(Round.group_id == group_id, Round.state != RoundState.DRAFT)
        .order_by(Round.state != RoundState.OPEN, Round.id.desc())
        .limit(1)
    ).scalar_one_or_none()
