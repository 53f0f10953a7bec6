"""The run sheet: its stages planned, started, timed and undone. Only the server's clock counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.errors import Conflict, Invalid, NotFound
from app.jobs import enqueue
from app.policy import Actor, Can
from app.secrets import new_code, new_nonce
from app.services import attendance, homework, polls
from app.services.activity import note
from app.services.meetings import (
    BEFORE,
    MOVED_ON,
    OPEN,
    clean_title,
    current_stage,
    hold_controls,
    hold_meeting,
    next_stage,
    record,
    stages_of,
)  # fmt: skip
from app.services.minutes import draft
from app.uow import UnitOfWork
from models.items import Item
from models.meetings import Meeting, MeetingEvent, MeetingState, Stage, StageKind
from models.polls import Poll

UNDO_LASTS = timedelta(seconds=30)
#: A session in which nothing has happened for this long beyond its plan pauses itself.
IDLE = timedelta(minutes=45)


# --- the plan ---


def add_stage(
    uow: UnitOfWork, actor: Actor, *, meeting_id: int, title: str, kind: StageKind, minutes: int,
    item_id: int | None = None, purpose: str = "",
) -> Stage:  # fmt: skip
    """A new last stage. Raises NotFound, Forbidden, Invalid, Conflict once the session is over."""
    meeting = _plan(uow, actor, meeting_id)
    stages = stages_of(uow.session, meeting_id)
    if len(stages) >= 40:
        raise Invalid("A run sheet holds at most 40 stages.", fields={"title": "A run sheet holds at most 40 stages"})
    stage = Stage(meeting_id=meeting_id, position=len(stages), title="", kind=kind, planned_minutes=1)
    uow.session.add(stage)
    _fill(uow, meeting, stage, title=title, kind=kind, minutes=minutes, item_id=item_id, purpose=purpose)
    _changed_plan(uow, actor, meeting)
    return stage


def edit_stage(
    uow: UnitOfWork, actor: Actor, *, meeting_id: int, stage_id: int, title: str, kind: StageKind, minutes: int,
    item_id: int | None = None, purpose: str = "",
) -> Stage:  # fmt: skip
    """Change a stage that has not ended. Raises NotFound, Forbidden, Invalid, Conflict."""
    meeting = _plan(uow, actor, meeting_id)
    stage = _waiting(uow, meeting, stage_id)
    _fill(uow, meeting, stage, title=title, kind=kind, minutes=minutes, item_id=item_id, purpose=purpose)
    _changed_plan(uow, actor, meeting)
    return stage


def move_stage(uow: UnitOfWork, actor: Actor, *, meeting_id: int, stage_id: int, by: int) -> bool:
    """Exchange a stage with its neighbour above (-1) or below (1); False at the end of what may still move."""
    meeting = _plan(uow, actor, meeting_id)
    stage = _waiting(uow, meeting, stage_id)
    stages = stages_of(uow.session, meeting.id)
    place = stages.index(stage)
    other = place + (1 if by > 0 else -1)
    if not 0 <= other < len(stages) or stages[other].started_at is not None:
        return False
    stages[place], stages[other] = stages[other], stages[place]
    for position, each in enumerate(stages):
        each.position = position
    _changed_plan(uow, actor, meeting)
    return True


def remove_stage(uow: UnitOfWork, actor: Actor, *, meeting_id: int, stage_id: int) -> None:
    """Take a stage that has not begun off the run sheet. Raises Conflict for the last one."""
    meeting = _plan(uow, actor, meeting_id)
    stage = _waiting(uow, meeting, stage_id)
    stages = stages_of(uow.session, meeting.id)
    if len(stages) == 1:
        raise Conflict("A session needs at least one stage.")
    uow.session.delete(stage)
    for position, each in enumerate(one for one in stages if one is not stage):
        each.position = position
    _changed_plan(uow, actor, meeting)


def _plan(uow: UnitOfWork, actor: Actor, meeting_id: int) -> Meeting:
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if meeting.state not in (*BEFORE, *OPEN):
        raise Conflict("This session is over: its run sheet can no longer change.")
    return meeting


def _waiting(uow: UnitOfWork, meeting: Meeting, stage_id: int) -> Stage:
    stage = uow.session.get(Stage, stage_id)
    if stage is None or stage.meeting_id != meeting.id:
        raise NotFound()
    if stage.started_at is not None:
        raise Conflict("This stage has begun: it can no longer change.")
    return stage


def _fill(
    uow: UnitOfWork, meeting: Meeting, stage: Stage, *, title: str, kind: StageKind, minutes: int, item_id: int | None,
    purpose: str,
) -> None:  # fmt: skip
    if not 1 <= minutes <= 600:
        raise Invalid("Minutes must be a whole number from 1 to 600.", fields={"minutes": "Enter 1 to 600 minutes"})
    if item_id is not None:
        item = uow.session.get(Item, item_id)
        if item is None or item.group_id != meeting.group_id:
            raise Invalid("Choose an item of this blueprint.", fields={"item_id": "Choose from the list"})
    purpose = " ".join(purpose.split())
    if len(purpose) > 300:
        raise Invalid("The purpose is too long.", fields={"purpose": "At most 300 characters"})
    stage.title, stage.kind, stage.planned_minutes = clean_title(title), kind, minutes
    stage.item_id, stage.purpose = item_id, purpose
    uow.flush()


def _changed_plan(uow: UnitOfWork, actor: Actor, meeting: Meeting) -> None:
    # The next stage may be another one now: a button that names the old one must not start it.
    meeting.revision += 1
    sentence = f"changed the run sheet of session {meeting.number}"
    note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id, audience="facilitators")
    record(uow, actor, meeting, "plan")


# --- running it ---


def elapsed(stage: Stage, now: datetime, paused_at: datetime | None) -> int:
    """Seconds a stage has taken, without pauses, by the server's clock."""
    if stage.started_at is None:
        return 0
    until = stage.ended_at or paused_at or now
    return max(0, int((until - stage.started_at).total_seconds()) - stage.paused_seconds)


def open_doors(uow: UnitOfWork, actor: Actor, *, meeting_id: int, revision: int) -> Meeting:
    """Open the waiting room: a six-digit code, an address for the projector; whoever opened is here and has control.

    Raises NotFound, Forbidden, Conflict.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if revision != meeting.revision or meeting.state not in BEFORE:
        raise Conflict(MOVED_ON)
    if meeting.cancelled_at is not None:
        raise Conflict("This session is cancelled. Announce it anew first.")
    meeting.state = MeetingState.LOBBY
    meeting.revision += 1
    meeting.controller_id = actor.person_id
    meeting.join_code = _free_code(uow)
    meeting.projector_nonce = new_nonce()
    meeting.opened_at = uow.now
    note(uow, actor, f"opened session {meeting.number}", group_id=meeting.group_id, meeting_id=meeting.id)
    record(uow, actor, meeting, "opened")
    if actor.person_id is not None:
        uow.flush()
        attendance.arrive(uow, actor, meeting_id=meeting.id)
    _watch_over(uow, meeting)
    return meeting


def _free_code(uow: UnitOfWork) -> str:
    while True:
        code = new_code()
        if uow.session.execute(select(Meeting.id).where(Meeting.join_code == code)).first() is None:
            return code


def new_projector_address(uow: UnitOfWork, actor: Actor, *, meeting_id: int) -> Meeting:
    """Revoke the projector's address and make another. Raises Conflict when the session is not open."""
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if meeting.state not in OPEN:
        raise Conflict("The projector has an address only while the session is open.")
    meeting.projector_nonce, meeting.projector_seen_at = new_nonce(), None
    sentence = f"gave session {meeting.number} a new projector address"
    note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id, audience="facilitators")
    record(uow, actor, meeting, "projector")
    return meeting


def advance(uow: UnitOfWork, actor: Actor, *, meeting_id: int, revision: int, stage_id: int | None = None) -> Meeting:
    """Go to the next stage, or from the last one to the wrap-up. Starting a decision on an item opens its vote.

    With ``stage_id`` go to that one, ahead or back; one that has been goes on where it ended, and asks nothing anew.
    ``revision`` is that of the page whose button was pressed. Raises Conflict when the session has moved on since, when
    another facilitator has control, or when a vote is still open; NotFound for a stage of elsewhere.
    """
    meeting = hold_controls(uow, actor, meeting_id, revision=revision)
    may_go = (MeetingState.LOBBY, MeetingState.RUNNING) if stage_id is None else OPEN
    if meeting.state not in may_go:
        raise Conflict("There is no further stage.")
    if polls.open_poll_in(uow.session, meeting.id) is not None:
        raise Conflict("A vote is still open. Close it first.", code="vote_open")
    stages = stages_of(uow.session, meeting.id)
    before = current_stage(stages)
    after = next_stage(stages) if stage_id is None else next((one for one in stages if one.id == stage_id), None)
    if after is None and stage_id is not None:
        raise NotFound()
    if after is not None and after is before:
        raise Conflict(f"{after.title} is running already.")
    detail = {
        "from": before.id if before else None, "to": after.id if after else None, "state": meeting.state.value,
        "item": meeting.current_item_id, "paused_seconds": before.paused_seconds if before else 0,
        "was_paused": meeting.paused_at is not None, "poll": None, "been": _been(after),
    }  # fmt: skip
    _end_pause(uow, meeting, before)
    if before is not None:
        before.ended_at = uow.now
    meeting.revision += 1
    if after is None:
        meeting.state = MeetingState.CLOSING
    else:
        meeting.state = MeetingState.RUNNING
        is_new = after.started_at is None
        if after.ended_at is None:
            after.started_at, after.paused_seconds = uow.now, 0
        else:
            after.paused_seconds += int((uow.now - after.ended_at).total_seconds())
        after.ended_at = None
        meeting.current_item_id = after.item_id or meeting.current_item_id
        decides = is_new and after.kind is StageKind.DECIDE and after.item_id is not None
        if decides and after.item_id is not None and polls.somebody_votes(uow.session, meeting):
            detail["poll"] = polls.open_in(uow, actor, meeting, after.item_id).id
    record(uow, actor, meeting, "stage", **detail)
    what = f"{'went back to' if detail['been'] else 'started'} {after.title}" if after else "began the wrap-up"
    sentence = f"{what} in session {meeting.number}"
    note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id)
    return meeting


def _been(stage: Stage | None) -> dict[str, Any] | None:
    """When a stage was held before, as an event keeps it; None where it has not been."""
    if stage is None or stage.started_at is None or stage.ended_at is None:
        return None
    return {
        "started_at": stage.started_at.isoformat(), "ended_at": stage.ended_at.isoformat(),
        "paused_seconds": stage.paused_seconds,
    }  # fmt: skip


def last_change(uow: UnitOfWork, meeting: Meeting) -> MeetingEvent | None:
    """The stage change that may still be taken back, or None."""
    event = uow.session.execute(
        select(MeetingEvent)
        .where(MeetingEvent.meeting_id == meeting.id, MeetingEvent.kind.in_(("stage", "undo")))
        .order_by(MeetingEvent.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    if event is None or event.kind != "stage" or uow.now - event.at > UNDO_LASTS:
        return None
    return event


def undo(uow: UnitOfWork, actor: Actor, *, meeting_id: int, revision: int) -> Meeting:
    """Take back the last change of stage within 30 seconds: the stage before goes on as if it had never ended.

    A vote that the change opened is withdrawn with it. Raises Conflict when it is too late or something was decided.
    """
    meeting = hold_controls(uow, actor, meeting_id, revision=revision)
    event = last_change(uow, meeting)
    if event is None:
        raise Conflict("A change of stage can be taken back for 30 seconds only.", code="too_late")
    detail = event.detail
    poll = uow.session.get(Poll, detail["poll"]) if detail["poll"] else None
    if poll is not None and poll.closed_at is not None:
        raise Conflict("The vote that this stage opened has closed, so the change stays.")
    asked = polls.open_poll_in(uow.session, meeting.id)
    if asked is not None and asked is not poll:
        raise Conflict("A vote has been opened since. Close or withdraw it first.", code="vote_open")
    if poll is not None and poll.cancelled_at is None:
        polls.withdraw(uow, actor, meeting, poll)
    stages = {stage.id: stage for stage in stages_of(uow.session, meeting.id)}
    after, before = stages.get(detail["to"] or 0), stages.get(detail["from"] or 0)
    been = detail.get("been")
    if after is not None and been:
        after.started_at = datetime.fromisoformat(been["started_at"])
        after.ended_at = datetime.fromisoformat(been["ended_at"])
        after.paused_seconds = been["paused_seconds"]
    elif after is not None:
        after.started_at, after.paused_seconds = None, 0
    meeting.paused_at = None
    if before is not None:
        before.ended_at = None
        before.paused_seconds = detail["paused_seconds"]
        meeting.paused_at = event.at if detail["was_paused"] else None
    meeting.state = MeetingState(detail["state"])
    meeting.current_item_id = detail["item"]
    meeting.revision += 1
    record(uow, actor, meeting, "undo")
    sentence = f"took back the change of stage in session {meeting.number}"
    note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id)
    return meeting


def pause(uow: UnitOfWork, actor: Actor, *, meeting_id: int, on: bool) -> Meeting:
    """Stop the clock of the running stage, or let it go on. Pressing twice changes nothing the second time."""
    meeting = hold_controls(uow, actor, meeting_id)
    if meeting.state is not MeetingState.RUNNING:
        raise Conflict("Only a running session can be paused.")
    if on == (meeting.paused_at is not None):
        return meeting
    if on:
        meeting.paused_at = uow.now
    else:
        _end_pause(uow, meeting, current_stage(stages_of(uow.session, meeting.id)))
        _look_again(uow, meeting, uow.now + IDLE)
    record(uow, actor, meeting, "paused" if on else "resumed")
    return meeting


def _end_pause(uow: UnitOfWork, meeting: Meeting, stage: Stage | None) -> None:
    if meeting.paused_at is not None and stage is not None:
        stage.paused_seconds += int((uow.now - meeting.paused_at).total_seconds())
    meeting.paused_at = None


def add_minute(uow: UnitOfWork, actor: Actor, *, meeting_id: int, minutes: int = 1) -> Meeting:
    """Give the running stage more time."""
    meeting = hold_controls(uow, actor, meeting_id)
    stage = current_stage(stages_of(uow.session, meeting.id))
    if stage is None:
        raise Conflict("No stage is running.")
    stage.extra_minutes = min(600, stage.extra_minutes + max(1, min(minutes, 30)))
    record(uow, actor, meeting, "minute", stage=stage.id, minutes=minutes)
    return meeting


def take_control(uow: UnitOfWork, actor: Actor, *, meeting_id: int) -> Meeting:
    """Become the facilitator whose buttons run the session, and be here. It never happens by itself."""
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if meeting.state not in OPEN:
        raise Conflict("There is nothing to control: the session is not open.")
    if meeting.controller_id == actor.person_id:
        return meeting
    meeting.controller_id = actor.person_id
    record(uow, actor, meeting, "control")
    if actor.person_id is not None:
        attendance.arrive(uow, actor, meeting_id=meeting.id)
    sentence = f"took control of session {meeting.number}"
    note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id)
    return meeting


def show_item(uow: UnitOfWork, actor: Actor, *, meeting_id: int, item_id: int | None) -> Meeting:
    """Choose the item that everyone in the room sees; None shows none.

    Raises Invalid for a foreign item, Conflict while a vote is open: what people look at is what they vote on.
    """
    meeting = hold_controls(uow, actor, meeting_id)
    if polls.open_poll_in(uow.session, meeting.id) is not None:
        raise Conflict("A vote is open. Close or withdraw it before you turn to another item.", code="vote_open")
    if item_id is not None:
        item = uow.session.get(Item, item_id)
        if item is None or item.group_id != meeting.group_id:
            raise Invalid("Choose an item of this blueprint.", fields={"item_id": "Choose from the list"})
    meeting.current_item_id = item_id
    record(uow, actor, meeting, "item", item=item_id)
    return meeting


def close(uow: UnitOfWork, actor: Actor, *, meeting_id: int, revision: int) -> Meeting:
    """End the session: codes and guests' rights end with it, and the minutes are drafted from what happened.

    Raises Conflict when the session has moved on, a vote is open, or another facilitator has control.
    """
    meeting = hold_controls(uow, actor, meeting_id, revision=revision)
    if meeting.state not in OPEN:
        raise Conflict("This session is not open.")
    if polls.open_poll_in(uow.session, meeting.id) is not None:
        raise Conflict("A vote is still open. Close it first.", code="vote_open")
    homework.come_back(uow, meeting)
    stage = current_stage(stages_of(uow.session, meeting.id))
    _end_pause(uow, meeting, stage)
    if stage is not None:
        stage.ended_at = uow.now
    meeting.state = MeetingState.CLOSED
    meeting.revision += 1
    meeting.closed_at, meeting.join_code, meeting.controller_id = uow.now, None, None
    record(uow, actor, meeting, "closed")
    draft(uow, meeting)
    note(uow, actor, f"closed session {meeting.number}", group_id=meeting.group_id, meeting_id=meeting.id)
    return meeting


# --- a session nobody ends ---


def _watch_over(uow: UnitOfWork, meeting: Meeting) -> None:
    planned = sum(stage.planned_minutes for stage in stages_of(uow.session, meeting.id))
    _look_again(uow, meeting, uow.now + timedelta(minutes=planned) + IDLE)


def _look_again(uow: UnitOfWork, meeting: Meeting, at: datetime) -> None:
    enqueue(uow, "meeting_idle", {"meeting_id": meeting.id}, run_at=at, group_id=meeting.group_id)


def pause_if_idle(uow: UnitOfWork, actor: Actor, *, meeting_id: int) -> bool:
    """Pause a session in which nothing has happened for 45 minutes and draft its minutes; else look again later.

    For the worker. Returns whether it was paused now.
    """
    meeting = uow.session.get(Meeting, meeting_id)
    if meeting is None or meeting.state not in OPEN or not actor.is_system:
        return False
    meeting = uow.lock(Meeting, meeting_id)
    last = uow.session.execute(
        select(MeetingEvent.at).where(MeetingEvent.meeting_id == meeting_id).order_by(MeetingEvent.id.desc()).limit(1)
    ).scalar()
    again = (last or uow.now) + IDLE
    if again > uow.now:
        _look_again(uow, meeting, again)
        return False
    if meeting.paused_at is None:
        meeting.paused_at = last
    draft(uow, meeting)
    record(uow, actor, meeting, "idle")
    sentence = f"paused session {meeting.number}, in which nothing had happened for a while, and drafted its minutes"
    note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id)
    return True
