"""Sessions: planned, announced, found and told of. The interface says session; the code says meeting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.calc import moments
from app.calc.calendars import Entry, calendar_file
from app.errors import Conflict, Invalid, NotFound
from app.events import MeetingChanged
from app.policy import Actor, Can, Standing, allowed, require, standing
from app.services import notifications
from app.services.activity import note
from app.uow import UnitOfWork
from models.accounts import Person
from models.activity import Activity
from models.groups import Group, Role
from models.homework import Homework
from models.meetings import Attendance, Meeting, MeetingEvent, MeetingState, Stage, StageKind
from models.polls import Action, Decision

SERIES = Path(__file__).resolve().parent.parent / "data" / "series.yaml"
#: States before the doors open: the plan may still change freely.
BEFORE = (MeetingState.DRAFT, MeetingState.ANNOUNCED)
#: States in which people are in the room.
OPEN = (MeetingState.LOBBY, MeetingState.RUNNING, MeetingState.CLOSING)
#: A new session without a template begins with these stages.
PLAIN = (
    ("Welcome and actions since last time", StageKind.OPENING, 15),
    ("Discussion", StageKind.DISCUSS, 60),
    ("Decisions and actions", StageKind.CLOSE, 15),
)
LONGEST_TITLE, LONGEST_REASON = 200, 300
MOVED_ON = "The session had already moved on when you pressed that. Here is where it is now."
#: The code of a refusal of what was typed upon a plan that is no longer so.
OUTDATED = "outdated"


@dataclass(frozen=True)
class StagePlan:
    """One stage of a template."""

    title: str
    kind: StageKind
    minutes: int
    method: str


@dataclass(frozen=True)
class MeetingPlan:
    """One session of a template."""

    title: str
    aims: list[str]
    outputs: list[str]
    stages: list[StagePlan]

    @property
    def minutes(self) -> int:
        """How long it is planned to last."""
        return sum(stage.minutes for stage in self.stages)


@dataclass(frozen=True)
class MeetingLine:
    """One session in the list: what is planned, and what came of it."""

    id: int
    number: int
    title: str
    starts_at: datetime
    place: str
    state: MeetingState
    minutes: int
    decisions: int
    actions: int
    cancelled: bool

    def is_to_come(self, now: datetime, zone: str) -> bool:
        """Whether it is still to be held: not cancelled, and planned for today or a later day of the group's clocks."""
        is_planned = self.state in BEFORE and not self.cancelled
        return is_planned and moments.local_day(self.starts_at, zone) >= moments.local_day(now, zone)


@dataclass(frozen=True)
class Told:
    """What the group knows of a session: as it is planned, and of a cancelled one as it was when it was cancelled."""

    title: str
    starts_at: datetime
    place: str
    minutes: int
    #: Of a cancelled one, at which revision that was told: what is planned since is nothing to a calendar.
    revision: int | None = None

    @property
    def ends_at(self) -> datetime:
        """When it is planned to end."""
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Plan:
    """What a form holds of a session's plan: the day and time are those of the group's clocks."""

    title: str
    day: date
    at: time
    place: str
    aims: Sequence[str]


@lru_cache(maxsize=1)
def series_template() -> tuple[MeetingPlan, ...]:
    """The six monthly sessions that every group may start from."""
    found: list[dict[str, Any]] = yaml.safe_load(SERIES.read_text(encoding="utf-8"))
    return tuple(
        MeetingPlan(
            each["title"],
            each["aims"],
            each["outputs"],
            [StagePlan(title, StageKind(kind), minutes, method) for title, kind, minutes, method in each["stages"]],
        )
        for each in found
    )


# --- reaching one ---


def access_meeting(
    session: Session, actor: Actor, meeting_id: int, can: Can, *, group_id: int | None = None
) -> tuple[Meeting, Standing]:
    """A session and what the actor is in its group, if they may do ``can`` there; a guest only in their own session.

    With ``group_id``, a session of another group is not found either. Raises NotFound, Forbidden.
    """
    meeting = session.get(Meeting, meeting_id)
    if meeting is None or (group_id is not None and meeting.group_id != group_id):
        raise NotFound()
    found = require(session, actor, meeting.group_id, can)
    if found.role is Role.GUEST and found.meeting_id != meeting.id:
        raise NotFound()
    hidden = meeting.state is MeetingState.DRAFT and meeting.cancelled_at is None
    if hidden and not (actor.is_system or allowed(found.role, Can.MEETING_RUN)):
        raise NotFound()
    return meeting, found


def hold_meeting(uow: UnitOfWork, actor: Actor, meeting_id: int, can: Can) -> tuple[Meeting, Standing]:
    """As access_meeting, and the row is held against other writers until the end of the transaction."""
    access_meeting(uow.session, actor, meeting_id, can)
    meeting = uow.lock(Meeting, meeting_id)
    return meeting, require(uow.session, actor, meeting.group_id, can)


def may_watch(session: Session, actor: Actor, meeting_id: int) -> bool:
    """Whether hints about a session may reach the actor: people who may read or attend it, guests of this one only."""
    meeting = session.get(Meeting, meeting_id)
    found = standing(session, actor, meeting.group_id) if meeting is not None else None
    if found is None or (found.role is Role.GUEST and found.meeting_id != meeting_id):
        return False
    return allowed(found.role, Can.MEETING_READ) or allowed(found.role, Can.MEETING_ATTEND)


def hold_controls(uow: UnitOfWork, actor: Actor, meeting_id: int, *, revision: int | None = None) -> Meeting:
    """The session, held, for the facilitator who has control of it and whose page is up to date.

    Raises Conflict when another facilitator has control, or when the session has moved on since ``revision``.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if meeting.controller_id != actor.person_id and not actor.is_system:
        holder = uow.session.get(Person, meeting.controller_id) if meeting.controller_id else None
        name = holder.name if holder else "Nobody"
        raise Conflict(f"{name} has control of this session. Take control first.", code="not_in_control")
    must_be_as_seen(meeting, revision)
    return meeting


def must_be_as_seen(meeting: Meeting, revision: int | None) -> None:
    """Who presses on an older page reads first what has become of a session. Raises Conflict."""
    if revision is not None and revision != meeting.revision:
        raise Conflict(MOVED_ON, code="moved_on")


def record(uow: UnitOfWork, actor: Actor, meeting: Meeting, kind: str, **detail: Any) -> MeetingEvent:
    """Write what happened in a session, on the server's clock, and tell everyone there."""
    event = MeetingEvent(meeting_id=meeting.id, at=uow.now, kind=kind, person_id=actor.person_id, detail=detail)
    uow.session.add(event)
    uow.emit(MeetingChanged(meeting.group_id, meeting.id))
    return event


# --- reading ---


def list_meetings(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[MeetingLine]:
    """All sessions of a group by number; drafts for facilitators only. Raises NotFound, Forbidden."""
    found = require(uow.session, actor, group_id, Can.MEETING_READ)
    query = select(Meeting).where(Meeting.group_id == group_id)
    if not allowed(found.role, Can.MEETING_RUN):
        query = query.where((Meeting.state != MeetingState.DRAFT) | Meeting.cancelled_at.is_not(None))
    decisions, actions = _counts(uow.session, Decision, group_id), _counts(uow.session, Action, group_id)
    rows = uow.session.execute(query).scalars().all()
    known = as_told(uow.session, rows)
    lines = [
        MeetingLine(
            row.id, row.number, known[row.id].title, known[row.id].starts_at, known[row.id].place, row.state,
            known[row.id].minutes, decisions.get(row.id, 0), actions.get(row.id, 0), row.cancelled_at is not None,
        )
        for row in rows
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (line.starts_at, line.number))


def _counts(session: Session, model: type[Decision | Action], group_id: int) -> dict[int, int]:
    query = (
        select(model.meeting_id, func.count())
        .where(model.group_id == group_id, model.meeting_id.is_not(None))
        .group_by(model.meeting_id)
    )
    return {meeting_id: count for meeting_id, count in session.execute(query) if meeting_id is not None}


def as_told(session: Session, some: Sequence[Meeting]) -> dict[int, Told]:
    """What the group knows of some sessions, by their id.

    A cancelled one is planned anew while nobody is told of it: until it is announced it stays, for everybody and in
    their calendars, on the day that was cancelled.
    """
    ids = [each.id for each in some]
    lasts = select(Stage.meeting_id, func.sum(Stage.planned_minutes)).where(Stage.meeting_id.in_(ids))
    minutes = {id_: int(sum_) for id_, sum_ in session.execute(lasts.group_by(Stage.meeting_id))}
    called_off = (
        select(MeetingEvent.meeting_id, MeetingEvent.detail).join(Meeting, Meeting.id == MeetingEvent.meeting_id)
        .where(Meeting.id.in_(ids), MeetingEvent.kind == "cancelled", MeetingEvent.at == Meeting.cancelled_at)
    )  # fmt: skip
    # Those cancelled before this was kept are shown as they are planned now.
    kept = {id_: plan for id_, detail in session.execute(called_off) if (plan := detail.get("plan"))}
    return {
        each.id: Told(**{**kept[each.id], "starts_at": datetime.fromisoformat(kept[each.id]["starts_at"])})
        if each.id in kept
        else Told(each.title, each.starts_at, each.place, minutes.get(each.id, 0))
        for each in some
    }


def stages_of(session: Session, meeting_id: int) -> list[Stage]:
    """The run sheet in its order."""
    query = select(Stage).where(Stage.meeting_id == meeting_id).order_by(Stage.position, Stage.id)
    return list(session.execute(query).scalars())


def current_stage(stages: Sequence[Stage]) -> Stage | None:
    """The stage that has started and not ended."""
    return next((stage for stage in stages if stage.started_at is not None and stage.ended_at is None), None)


def next_stage(stages: Sequence[Stage]) -> Stage | None:
    """The first stage behind the running one that has not been: what was left out on the way is not offered again."""
    running = current_stage(stages)
    behind = stages[stages.index(running) + 1 :] if running is not None else stages
    return next((stage for stage in behind if stage.started_at is None), None)


def next_meeting(session: Session, meeting: Meeting) -> Meeting | None:
    """The session that follows in the group's calendar, if it is planned and told of."""
    return session.execute(
        select(Meeting)
        .where(
            Meeting.group_id == meeting.group_id,
            Meeting.starts_at > meeting.starts_at,
            Meeting.state.in_((MeetingState.ANNOUNCED, *OPEN)),
        )
        .order_by(Meeting.starts_at)
        .limit(1)
    ).scalar_one_or_none()


# --- in calendars ---


def uid(uow: UnitOfWork, noun: str, id_: int) -> str:
    """What a calendar knows an entry by, for ever."""
    return f"{noun}-{id_}@{urlsplit(uow.settings.base_url).hostname}"


def entries(uow: UnitOfWork, group: Group, meetings: Sequence[Meeting]) -> list[Entry]:
    """Sessions of a group as entries for calendars, with their join link; the caller has asked for the right."""
    ids = [meeting.id for meeting in meetings]
    told = as_told(uow.session, meetings)
    noted = select(Activity.meeting_id, func.max(Activity.at)).where(Activity.meeting_id.in_(ids))
    changed = {id_: at for id_, at in uow.session.execute(noted.group_by(Activity.meeting_id))}  # noqa: C416  # rows
    return [
        Entry(
            uid=uid(uow, "session", each.id), title=f"{group.name}: {told[each.id].title}",
            begins=told[each.id].starts_at, minutes=told[each.id].minutes,
            changed=each.cancelled_at or max(changed.get(each.id, each.created_at), each.created_at),
            sequence=told[each.id].revision or each.revision, place=told[each.id].place, link=_link(uow, group, each),
            cancelled=each.cancelled_at is not None, about=_about(each), invites="" if each.cancelled_at else "Join:",
        )
        for each in meetings
    ]  # fmt: skip


def _link(uow: UnitOfWork, group: Group, meeting: Meeting) -> str:
    return f"{uow.settings.base_url}/g/{group.slug}/sessions/{meeting.id}"


def _about(meeting: Meeting) -> str:
    if meeting.cancelled_at is not None:
        return f"Cancelled: {meeting.cancelled_because}"
    aims = "\n".join(f"- {aim}" for aim in meeting.aims)
    return f"Session {meeting.number}" + (f"\n{aims}" if aims else "")


# --- planning ---


def plan_series(
    uow: UnitOfWork, actor: Actor, *, group_id: int, first: date, at: time, place: str = "", count: int | None = None
) -> list[Meeting]:
    """The template's sessions (the first ``count``), a month apart from ``first`` at ``at`` in the group's zone.

    They are drafts until announced. Raises NotFound, Forbidden, Invalid (also for a time the clocks leave out).
    """
    group = _group(uow, actor, group_id)
    plans = series_template()[:count]
    if not plans:
        raise Invalid("Choose at least one session.", fields={"count": "Choose at least one session"})
    days = moments.monthly(first, len(plans))
    made = [
        _add(uow, group, plan, _begins(day, at, group.time_zone), place) for plan, day in zip(plans, days, strict=True)
    ]
    note(uow, actor, f"planned {len(made)} sessions from {moments.day_in_words(first)}", group_id=group_id)
    return made


def plan_meeting(
    uow: UnitOfWork, actor: Actor, *, group_id: int, title: str, day: date, at: time, place: str = ""
) -> Meeting:
    """One session with a plain run sheet, as a draft. Raises NotFound, Forbidden, Invalid."""
    group = _group(uow, actor, group_id)
    stages = [StagePlan(name, kind, minutes, "") for name, kind, minutes in PLAIN]
    plan = MeetingPlan(clean_title(title), [], [], stages)
    meeting = _add(uow, group, plan, _begins(day, at, group.time_zone), place)
    note(uow, actor, f"planned session {meeting.number}", group_id=group_id, meeting_id=meeting.id)
    return meeting


def _group(uow: UnitOfWork, actor: Actor, group_id: int) -> Group:
    require(uow.session, actor, group_id, Can.MEETING_RUN)
    return uow.lock(Group, group_id)


def _begins(day: date, at: time, zone: str) -> datetime:
    """When a session planned so begins. Raises Invalid for a time that the clocks leave out on that day."""
    if moments.is_skipped(day, at, zone):
        gone = f"there is no {at:%H:%M} on {moments.day_in_words(day)}"
        sentence = f"The clocks go forward that day: {gone}. Choose another time."
        raise Invalid(sentence, fields={"at": sentence})
    return moments.moment(day, at, zone)


def _add(uow: UnitOfWork, group: Group, plan: MeetingPlan, starts_at: datetime, place: str) -> Meeting:
    last = uow.session.execute(select(func.max(Meeting.number)).where(Meeting.group_id == group.id)).scalar()
    meeting = Meeting(
        group_id=group.id, number=(last or 0) + 1, title=plan.title, aims=list(plan.aims), outputs=list(plan.outputs),
        place=clean_place(place), starts_at=starts_at, state=MeetingState.DRAFT, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(meeting)
    uow.flush()
    uow.session.add_all(
        Stage(
            meeting_id=meeting.id, position=position, title=stage.title, kind=stage.kind,
            planned_minutes=stage.minutes, method=stage.method,
        )
        for position, stage in enumerate(plan.stages)
    )  # fmt: skip
    uow.flush()
    uow.emit(MeetingChanged(group.id, meeting.id))
    return meeting


def edit_meeting(
    uow: UnitOfWork,
    actor: Actor,
    *,
    meeting_id: int,
    title: str,
    day: date,
    at: time,
    place: str,
    aims: Sequence[str],
    was: Plan | None = None,
) -> Meeting:
    """Change a session's title, time, place and aims; people who were told of it are told where or when it is now.

    ``was`` is the plan that the writer's form was made from: what they left as it was stays as it is now, and what
    they changed that somebody else has changed since is refused at its field. Raises Invalid (also for a day that has
    passed, where people would be told of it), Conflict once it has closed, and with the code OUTDATED for such fields.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if meeting.state not in (*BEFORE, *OPEN):
        raise Conflict("This session is over: its plan can no longer change.")
    group = uow.session.get_one(Group, meeting.group_id)
    known, known_aims = (meeting.title, meeting.place, meeting.starts_at), meeting.aims
    plan = Plan(title, day, at, place, aims)
    if was is not None:
        plan = _upon(was, meeting, plan, group.time_zone)
    starts_at = _begins(plan.day, plan.at, group.time_zone)
    is_told = meeting.state is MeetingState.ANNOUNCED and starts_at != meeting.starts_at
    if is_told and plan.day < moments.local_day(uow.now, group.time_zone):
        # Everybody is mailed: a slip of the pen in the year must not reach them.
        sentence = f"{moments.day_in_words(plan.day)} has passed: choose a day from today on."
        raise Invalid(sentence, fields={"day": sentence})
    meeting.title, meeting.place = clean_title(plan.title), clean_place(plan.place)
    meeting.starts_at = starts_at
    meeting.aims = _clean_aims(plan.aims)
    note(uow, actor, f"changed the plan of session {meeting.number}", group_id=meeting.group_id, meeting_id=meeting.id)
    is_other = known != (meeting.title, meeting.place, meeting.starts_at) or known_aims != meeting.aims
    if is_other:
        meeting.revision += 1  # calendars that hold it must see that it changed
        if meeting.state is MeetingState.ANNOUNCED and known[1:] != (meeting.place, meeting.starts_at):
            _write(uow, group, meeting, "session_moved", before=moments.in_words(known[2], group.time_zone))
    uow.emit(MeetingChanged(meeting.group_id, meeting.id))
    return meeting


def _upon(was: Plan, meeting: Meeting, typed: Plan, zone: str) -> Plan:
    """What was typed upon one plan, for a session whose plan may be another by now. Raises Conflict."""
    local = moments.local(meeting.starts_at, zone)
    now = Plan(meeting.title, local.date(), local.time().replace(second=0, microsecond=0), meeting.place, meeting.aims)
    aims, empty = " · ".join(meeting.aims), "It is empty now."
    stands = {
        "title": f"The title was changed meanwhile. It is now: {meeting.title}",
        "when": f"The session was moved meanwhile. It is now on {moments.in_words(meeting.starts_at, zone)}.",
        "place": f"The place was changed meanwhile. {f'It is now: {meeting.place}' if meeting.place else empty}",
        "aims": f"What it is for was changed meanwhile. {f'It is now: {aims}' if aims else empty}",
    }
    before, here, mine = _parts(was), _parts(now), _parts(typed)
    changed = [part for part in stands if mine[part] != before[part]]
    fields = {
        "at" if part == "when" and typed.day == was.day else "day" if part == "when" else part: stands[part]
        for part in changed
        if here[part] not in (before[part], mine[part])
    }
    if fields:
        raise Conflict(
            "Nothing is saved yet: somebody changed the plan while this page was open. Each marked field says how it "
            "stands now; saving again puts what you typed in its place.", code=OUTDATED, fields=fields,
        )  # fmt: skip
    upon = {part: typed if part in changed else now for part in stands}
    when = upon["when"]
    return Plan(upon["title"].title, when.day, when.at, upon["place"].place, upon["aims"].aims)


def _parts(plan: Plan) -> dict[str, object]:
    """What of a plan is changed as one: who changes the time of a day that is another by now means another moment."""
    return {
        "title": " ".join(plan.title.split()), "when": (plan.day, plan.at), "place": " ".join(plan.place.split()),
        "aims": _clean_aims(plan.aims),
    }  # fmt: skip


def remove_meeting(uow: UnitOfWork, actor: Actor, *, meeting_id: int) -> None:
    """Throw away a draft that nobody has been told of. Raises Conflict for any other session."""
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if meeting.state is not MeetingState.DRAFT or meeting.cancelled_at is not None:
        raise Conflict("Only a draft can be thrown away: people have been told of this session.")
    # In the order in which whoever closes a session holds it: one by one they could wait for each other for good.
    uow.lock_all(Homework, uow.session.execute(select(Homework.id).where(Homework.meeting_id == meeting.id)).scalars())
    for part in (Stage, MeetingEvent, Attendance):
        uow.session.execute(delete(part).where(part.meeting_id == meeting.id))
    for kept in (Activity, Action, Homework):
        uow.session.execute(update(kept).where(kept.meeting_id == meeting.id).values(meeting_id=None))
    note(uow, actor, f"threw away the draft of session {meeting.number}", group_id=meeting.group_id)
    uow.session.delete(meeting)
    uow.emit(MeetingChanged(meeting.group_id, meeting_id))


def announce(uow: UnitOfWork, actor: Actor, *, meeting_id: int, revision: int | None = None) -> int:
    """Tell the group of a session: one mail to each person of it with an address. Returns how many were written.

    Raises Conflict where it was told already, or has moved on since ``revision``; Invalid where its day has passed.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if meeting.state is not MeetingState.DRAFT:
        raise Conflict("The group has been told of this session already.")
    must_be_as_seen(meeting, revision)
    group = uow.session.get_one(Group, meeting.group_id)
    day = moments.local_day(meeting.starts_at, group.time_zone)
    if day < moments.local_day(uow.now, group.time_zone):
        raise Invalid(f"{moments.day_in_words(day)} has passed: change the plan before you announce this session.")
    meeting.state = MeetingState.ANNOUNCED
    meeting.revision += 1
    meeting.cancelled_at, meeting.cancelled_because = None, None
    note(uow, actor, f"announced session {meeting.number}", group_id=group.id, meeting_id=meeting.id)
    told = _write(uow, group, meeting, "session_announced")
    record(uow, actor, meeting, "announced", told=told)
    return told


def cancel(uow: UnitOfWork, actor: Actor, *, meeting_id: int, reason: str, revision: int | None = None) -> int:
    """Cancel a session that people were told of, and tell them, and why. Returns how many mails were written.

    It becomes a draft again that everyone sees as cancelled, on its day; it can be planned and announced anew. Raises
    Invalid without a reason, Conflict for one that was not announced, has begun, or has moved on since ``revision``.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if meeting.state is not MeetingState.ANNOUNCED:
        raise Conflict("Only a session that was announced and has not begun can be cancelled.")
    must_be_as_seen(meeting, revision)
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= LONGEST_REASON or "\0" in reason:
        sentence = f"Say why in a sentence, in at most {LONGEST_REASON} characters"
        raise Invalid(sentence, fields={"reason": sentence})
    known = as_told(uow.session, [meeting])[meeting.id]
    meeting.state, meeting.cancelled_at, meeting.cancelled_because = MeetingState.DRAFT, uow.now, reason
    meeting.revision += 1
    sentence = f"cancelled session {meeting.number}: {reason}"
    note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id)
    told = _write(uow, uow.session.get_one(Group, meeting.group_id), meeting, "session_cancelled", reason=reason)
    plan = asdict(known) | {"starts_at": known.starts_at.isoformat(), "revision": meeting.revision}
    record(uow, actor, meeting, "cancelled", told=told, plan=plan)
    return told


def _write(uow: UnitOfWork, group: Group, meeting: Meeting, template: str, **more: Any) -> int:
    """One mail about a session, with its calendar entry, to everyone in the group who wants such; how many."""
    uow.flush()
    return notifications.write_to_group(
        uow, group, template, key=f"session-{meeting.id}-{template}-{meeting.revision}", number=meeting.number,
        title=meeting.title, when=moments.in_words(meeting.starts_at, group.time_zone), place=meeting.place,
        aims=meeting.aims, link=_link(uow, group, meeting),
        calendar=calendar_file(entries(uow, group, [meeting])).decode(), **more,
    )  # fmt: skip


def save_notes(uow: UnitOfWork, actor: Actor, *, meeting_id: int, notes: str, before: str) -> None:
    """Keep the facilitator's notes; ``before`` is what they were when the writer's page was made.

    Raises Conflict when another facilitator has changed them since, so that nobody's notes are overwritten.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if meeting.state is MeetingState.APPROVED:
        raise Conflict("The minutes are approved: notes are no longer kept.")
    notes = notes.replace("\r\n", "\n")
    if "\0" in notes or len(notes) > 20_000:
        raise Invalid("These notes are too long to keep.", fields={"notes": "At most 20,000 characters"})
    if meeting.notes != before.replace("\r\n", "\n") and meeting.notes != notes:
        raise Conflict("Another facilitator has changed the notes: theirs stand first now, then yours.")
    meeting.notes = notes


def zone_of(session: Session, meeting: Meeting) -> str:
    """The time zone of a session's group."""
    return session.get_one(Group, meeting.group_id).time_zone


def clean_title(title: str) -> str:
    """A title in one line. Raises Invalid."""
    title = " ".join(title.split())
    if not 1 <= len(title) <= LONGEST_TITLE or "\0" in title:
        sentence = f"Enter a title of at most {LONGEST_TITLE} characters"
        raise Invalid(sentence, fields={"title": sentence})
    return title


def clean_place(place: str) -> str:
    """A place in one line. Raises Invalid."""
    place = " ".join(place.split())
    if len(place) > 300 or "\0" in place:
        raise Invalid("The place is too long.", fields={"place": "At most 300 characters"})
    return place


def _clean_aims(aims: Sequence[str]) -> list[str]:
    return [" ".join(aim.split())[:300] for aim in aims if aim.strip()][:12]
