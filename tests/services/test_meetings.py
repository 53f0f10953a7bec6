"""Sessions: planned, opened, run on the server's clock, undone, closed; and two facilitators at one button."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.policy import SYSTEM
from app.services import attendance, hands, items, meetings, minutes, polls, rooms, stages
from app.uow import Database
from app.worker import Worker
from models.items import Item, Kind, Status
from models.jobs import Job
from models.meetings import HandKind, Meeting, MeetingState
from models.polls import Poll
from tests.conftest import SetClock
from tests.rooms import Hall, build_hall


@pytest.fixture
def hall(database: Database) -> Hall:
    return build_hall(database)


def test_a_series_is_planned_a_month_apart_on_the_same_weekday(hall: Hall) -> None:
    with hall.database.writing() as uow:
        made = meetings.plan_series(
            uow, hall.who["Fay"], group_id=hall.group_id, first=date(2026, 3, 12), at=time(14), place="Town hall"
        )
        assert [meeting.number for meeting in made] == [2, 3, 4, 5, 6, 7]
        assert made[0].starts_at.isoformat() == "2026-03-12T14:00:00+00:00"
        assert made[1].starts_at.isoformat() == "2026-04-09T13:00:00+00:00", "summer time, same hour on the wall"
        sheets = [sum(stage.planned_minutes for stage in meetings.stages_of(uow.session, each.id)) for each in made]
        assert sheets == [150] * 6
    with hall.database.reading() as uow, pytest.raises(NotFound):
        meetings.access_meeting(uow.session, hall.who["Ana"], made[0].id, meetings.Can.MEETING_READ)
    with hall.database.writing() as uow, pytest.raises(Forbidden):
        meetings.plan_series(uow, hall.who["Ana"], group_id=hall.group_id, first=date(2026, 3, 12), at=time(14))


def as_planned(hall: Hall) -> meetings.Plan:
    """What a form that is opened now is made from."""
    meeting = hall.meeting()
    return meetings.Plan(
        meeting.title, meeting.starts_at.date(), meeting.starts_at.time(), meeting.place, list(meeting.aims)
    )


def save_plan(hall: Hall, by: str, was: meetings.Plan | None, **changed: Any) -> None:
    typed = replace(was or as_planned(hall), **changed)
    with hall.database.writing() as uow:
        meetings.edit_meeting(
            uow, hall.who[by], meeting_id=hall.meeting_id, title=typed.title, day=typed.day, at=typed.at,
            place=typed.place, aims=typed.aims, was=was,
        )  # fmt: skip


def told_of_days(hall: Hall) -> list[str]:
    """The subjects of Ana's mails, in their order."""
    with hall.database.reading() as uow:
        jobs = uow.session.execute(select(Job).where(Job.kind == "patient_mail").order_by(Job.id)).scalars()
        mails = [job.payload["mail"] for job in jobs]
    return [mail["subject"] for mail in mails if mail["to"] == "ana@example.org"]


def test_a_plan_saved_from_an_older_page_changes_only_what_was_changed_there(hall: Hall) -> None:
    with hall.database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
    older = as_planned(hall)
    save_plan(hall, "Sam", older, day=date(2026, 3, 9), title="Partners")
    save_plan(hall, "Fay", older, aims=["Agree the words", " "], place=" Hall  ")
    now = hall.meeting()
    assert (now.title, now.starts_at.date(), now.place, now.aims) == (
        "Partners", date(2026, 3, 9), "Hall", ["Agree the words"],
    )  # fmt: skip
    assert len(told_of_days(hall)) == 2, "announced, and moved once"
    save_plan(hall, "Fay", older, day=date(2026, 3, 9), at=time(9))
    assert len(told_of_days(hall)) == 2, "two who move it to the same day move it once"


@pytest.mark.parametrize(
    ("by_sam", "by_fay", "field", "stands"),
    [
        ({"day": date(2026, 3, 9)}, {"day": date(2026, 3, 16)}, "day", "Monday 9 March 2026 at 09:00 (GMT)."),
        ({"day": date(2026, 3, 9)}, {"at": time(10)}, "at", "Monday 9 March 2026 at 09:00 (GMT)."),
        ({"at": time(8)}, {"day": date(2026, 3, 9)}, "day", "Monday 2 March 2026 at 08:00 (GMT)."),
        ({"title": "Partners"}, {"title": "Together"}, "title", "It is now: Partners"),
        ({"place": ""}, {"place": "Library"}, "place", "It is empty now."),
        ({"aims": ["Agree", "Meet"]}, {"aims": ["Talk"]}, "aims", "It is now: Agree · Meet"),
    ],
)  # fmt: skip
def test_what_two_change_at_once_is_refused_at_its_field(
    hall: Hall, by_sam: dict[str, Any], by_fay: dict[str, Any], field: str, stands: str
) -> None:
    with hall.database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
    older = as_planned(hall)
    save_plan(hall, "Sam", older, **by_sam)
    mailed = told_of_days(hall)
    with pytest.raises(Conflict) as refused:
        save_plan(hall, "Fay", older, **by_fay)
    assert refused.value.code == meetings.OUTDATED
    assert list(refused.value.fields) == [field]
    assert refused.value.fields[field].endswith(stands)
    assert told_of_days(hall) == mailed
    save_plan(hall, "Fay", as_planned(hall), **by_fay)
    assert replace(as_planned(hall), **by_fay) == as_planned(hall), "who has read how it stands now may"


def test_nothing_is_announced_or_cancelled_from_an_older_page(hall: Hall) -> None:
    fay, of = hall.who["Fay"], {"meeting_id": hall.meeting_id}

    def press(act: Callable[..., object], revision: int, **more: str) -> None:
        with hall.database.writing() as uow:
            act(uow, fay, **of, revision=revision, **more)

    draft = hall.meeting().revision
    press(meetings.announce, draft)
    announced = hall.meeting().revision
    press(meetings.cancel, announced, reason="Snow")
    with pytest.raises(Conflict, match="had already moved on"):
        press(meetings.announce, draft)
    assert hall.meeting().cancelled_at is not None
    seen = hall.meeting().revision
    save_plan(hall, "Sam", None, day=date(2026, 4, 6))
    with pytest.raises(Conflict, match="had already moved on"):
        press(meetings.announce, seen)  # a day that whoever presses has not seen
    press(meetings.announce, hall.meeting().revision)
    with pytest.raises(Conflict, match="had already moved on"):
        press(meetings.cancel, announced, reason="Snow")
    assert hall.meeting().cancelled_at is None
    assert len(told_of_days(hall)) == 3, "announced, cancelled, announced anew"


def test_a_day_that_has_passed_is_announced_to_nobody(hall: Hall, clock: SetClock) -> None:
    clock.advance(hours=14)  # that evening still, when it should have begun in the morning
    with hall.database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
        meetings.cancel(uow, hall.who["Fay"], meeting_id=hall.meeting_id, reason="Snow")
    clock.advance(hours=1)
    with hall.database.writing() as uow, pytest.raises(Invalid, match="2 March 2026 has passed: change the plan"):
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
    assert len(told_of_days(hall)) == 2
    assert hall.meeting().cancelled_at is not None


def test_the_run_sheet_keeps_planned_and_actual_minutes_and_the_projected_end(hall: Hall, clock: SetClock) -> None:
    hall.open("Ana")
    hall.advance()
    clock.advance(minutes=10)
    with hall.database.writing() as uow:
        stages.pause(uow, hall.who["Fay"], meeting_id=hall.meeting_id, on=True)
    clock.advance(minutes=7)
    with hall.database.writing() as uow:
        stages.pause(uow, hall.who["Fay"], meeting_id=hall.meeting_id, on=False)
        stages.add_minute(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
    clock.advance(minutes=2)
    with hall.database.reading() as uow:
        room = rooms.read_console(uow, hall.who["Fay"], meeting_id=hall.meeting_id, group_id=hall.group_id).room
    assert room.clock is not None
    assert (room.clock.left, room.now and room.now.actual, room.now and room.now.planned) == (4 * 60, 12, 16)
    assert room.ends_at == clock.now + timedelta(minutes=4 + 20 + 15)
    hall.advance()
    with hall.database.reading() as uow:
        room = rooms.read_console(uow, hall.who["Fay"], meeting_id=hall.meeting_id, group_id=hall.group_id).room
    assert [(line.state, line.actual) for line in room.stages] == [("done", 12), ("now", 0), ("next", None)]


def test_a_change_of_stage_can_be_taken_back_for_thirty_seconds(hall: Hall, clock: SetClock) -> None:
    hall.open("Ana")
    hall.advance()
    clock.advance(minutes=15)
    changed = hall.advance()
    with hall.database.reading() as uow:
        assert uow.session.execute(select(Poll)).scalar_one().cancelled_at is None, "the decide stage opened its vote"
    clock.advance(seconds=20)
    with hall.database.writing() as uow:
        back = stages.undo(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=changed.revision)
    with hall.database.reading() as uow:
        room = rooms.read_console(uow, hall.who["Fay"], meeting_id=hall.meeting_id, group_id=hall.group_id).room
        assert uow.session.execute(select(Poll)).scalar_one().cancelled_at is not None
    assert [(line.state, line.actual) for line in room.stages] == [("now", 16), ("next", None), ("next", None)]
    again = hall.advance()
    clock.advance(seconds=31)
    with hall.database.writing() as uow, pytest.raises(Conflict, match="30 seconds"):
        stages.undo(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=again.revision)
    assert back.state is MeetingState.RUNNING


def test_any_stage_can_be_gone_to_and_one_that_has_been_goes_on(hall: Hall, clock: SetClock) -> None:
    hall.open("Ana")
    hall.advance()
    first, second, third = shown(hall).stages

    def go(stage_id: int) -> Meeting:
        with hall.database.writing() as uow:
            return stages.advance(
                uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision, stage_id=stage_id
            )

    clock.advance(minutes=5)
    go(third.id)  # ahead: the decision on the way is left out
    assert [line.state for line in shown(hall).stages] == ["done", "next", "now"]
    assert shown(hall).after is None
    with pytest.raises(Conflict, match="is running already"):
        go(third.id)
    with pytest.raises(NotFound):
        go(third.id + 99)
    clock.advance(minutes=7)
    back = go(first.id)
    assert [(line.state, line.actual) for line in shown(hall).stages] == [("now", 5), ("next", None), ("done", 7)]
    assert shown(hall).after == second
    clock.advance(seconds=20)
    with hall.database.writing() as uow:
        stages.undo(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=back.revision)
    assert [(line.state, line.actual) for line in shown(hall).stages] == [("done", 5), ("next", None), ("now", 8)]
    assert hall.advance().state is MeetingState.CLOSING
    go(second.id)  # from the wrap-up back to what was left out, which asks its question
    assert hall.meeting().state is MeetingState.RUNNING
    with hall.database.writing() as uow:
        poll = uow.session.execute(select(Poll)).scalar_one()
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll.id)
    go(first.id)
    go(second.id)
    with hall.database.reading() as uow:
        assert uow.session.execute(select(Poll.id)).scalars().all() == [poll.id], (
            "what has been asked is not asked anew"
        )


def shown(hall: Hall) -> rooms.Room:
    with hall.database.reading() as uow:
        return rooms.read_console(uow, hall.who["Fay"], meeting_id=hall.meeting_id, group_id=hall.group_id).room


def test_a_vote_that_was_asked_since_holds_the_stage(hall: Hall) -> None:
    hall.open("Ana")
    hall.advance()
    with hall.database.writing() as uow:
        polls.open_poll(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)
    revision = hall.meeting().revision
    with hall.database.writing() as uow, pytest.raises(Conflict, match="Close or withdraw"):
        stages.undo(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=revision)
    with pytest.raises(Conflict, match="vote is still open"):
        hall.advance()


def test_control_is_taken_and_never_handed_over_by_itself(hall: Hall) -> None:
    hall.open("Sam")
    with hall.database.writing() as uow, pytest.raises(Conflict, match="Fay Facilitator has control"):
        stages.advance(uow, hall.who["Sam"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    with hall.database.writing() as uow:
        stages.take_control(uow, hall.who["Sam"], meeting_id=hall.meeting_id)
        stages.advance(uow, hall.who["Sam"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    with pytest.raises(Conflict, match="Sam Scribe has control"):
        hall.advance()
    with hall.database.writing() as uow, pytest.raises(Forbidden):
        stages.take_control(uow, hall.who["Ana"], meeting_id=hall.meeting_id)


def test_two_presses_of_the_same_button_make_one_transition(hall: Hall) -> None:
    """F15: whoever comes second is told, and nothing happens twice."""
    hall.open("Ana")
    for _ in range(3):
        revision = hall.meeting().revision
        outcomes: list[str] = []
        barrier = threading.Barrier(2)

        def press(
            revision: int = revision, barrier: threading.Barrier = barrier, outcomes: list[str] = outcomes
        ) -> None:
            barrier.wait()
            try:
                with hall.database.writing() as uow:
                    stages.advance(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=revision)
                outcomes.append("moved")
            except Conflict as refused:
                outcomes.append(refused.code)

        both = [threading.Thread(target=press) for _ in range(2)]
        for each in both:
            each.start()
        for each in both:
            each.join()
        assert sorted(outcomes) == ["moved", "moved_on"]
        with hall.database.writing() as uow:
            for poll in uow.session.execute(select(Poll)).scalars():
                poll.cancelled_at = poll.cancelled_at or uow.now
    with hall.database.reading() as uow:
        assert len(uow.session.execute(select(Poll)).all()) == 1


def test_a_guest_writes_in_what_the_session_is_about(hall: Hall) -> None:
    hall.open()
    guest = hall.guest("Gus Guest", "Industry")
    with hall.database.writing() as uow:
        other = items.add_item(
            uow, hall.who["Fay"], group_id=hall.group_id, kind=Kind.ELEMENT, title="Elsewhere", status=Status.DRAFT
        )

    def access() -> str:
        with hall.database.reading() as uow:
            return items.may_write(uow.session, guest, uow.session.get_one(Item, other.id)).access

    assert access() == "read"
    for item_id in (other.id, None):
        with hall.database.writing() as uow:
            stages.show_item(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=item_id)
        assert access() == ("read" if item_id is None else "write")


def test_guests_have_rights_only_once_let_in_and_only_while_the_session_is_open(hall: Hall) -> None:
    hall.open()
    guest = hall.guest("Gus Guest", "Industry", let_in=False)
    read = {"meeting_id": hall.meeting_id, "group_id": hall.group_id}
    with hall.database.reading() as uow, pytest.raises(NotFound):
        rooms.read_member(uow, guest, **read)
    with hall.database.writing() as uow:
        assert attendance.decide_guests(uow, hall.who["Fay"], meeting_id=hall.meeting_id, person_ids=None, let_in=True)
    with hall.database.reading() as uow:
        assert rooms.read_member(uow, guest, **read).is_here
        assert meetings.may_watch(uow.session, guest, hall.meeting_id)
        with pytest.raises(Forbidden):
            rooms.read_console(uow, guest, **read)
    with hall.database.writing() as uow:
        attendance.show_out(uow, hall.who["Fay"], meeting_id=hall.meeting_id, person_id=guest.person_id or 0)
    with hall.database.reading() as uow, pytest.raises(NotFound):
        rooms.read_member(uow, guest, **read)
    second = hall.guest("Gia Guest", "Legal")
    with hall.database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    with hall.database.reading() as uow:
        with pytest.raises(NotFound):
            rooms.read_member(uow, second, **read)
        with pytest.raises(NotFound, match="six digits"):
            attendance.find_door(uow, "000000")
    assert hall.meeting().join_code is None


def test_the_queue_lets_each_constituency_be_heard(hall: Hall) -> None:
    hall.open("Ana", "Leo", "Pat")
    order = [("Ana", HandKind.POINT), ("Leo", HandKind.REPLY), ("Pat", HandKind.PROCESS)]
    for name, kind in order:
        with hall.database.writing() as uow:
            hands.raise_hand(uow, hall.who[name], meeting_id=hall.meeting_id, kind=kind)

    def queue() -> hands.Queue:
        with hall.database.reading() as uow:
            rows = attendance.attendances(uow.session, hall.meeting_id)
            return hands.queue_of(uow.session, hall.meeting_id, rows)

    assert [hand.person.name.split()[0] for hand in queue().waiting] == ["Pat", "Ana", "Leo"]
    with hall.database.writing() as uow:
        hands.call(uow, hall.who["Sam"], meeting_id=hall.meeting_id, hand_id=queue().waiting[1].id)
    with hall.database.writing() as uow:
        hands.call(uow, hall.who["Sam"], meeting_id=hall.meeting_id, hand_id=queue().waiting[0].id)
        hands.raise_hand(uow, hall.who["Ana"], meeting_id=hall.meeting_id, kind=HandKind.POINT)
    assert [hand.person.name.split()[0] for hand in queue().waiting] == ["Leo", "Ana"]
    speaker = queue().speaker
    assert speaker is not None
    assert speaker.person.name == "Pat Patient"


def test_a_session_nobody_ends_pauses_itself_and_drafts_its_minutes(hall: Hall, clock: SetClock) -> None:
    hall.open("Ana")
    hall.advance()
    with hall.database.writing() as uow:
        uow.session.execute(Job.__table__.delete().where(Job.kind == "mail"))
    worker = Worker(hall.database)
    clock.advance(minutes=49 + 44)
    worker.drain()
    assert hall.meeting().paused_at is None
    clock.advance(minutes=10)
    worker.drain()
    assert hall.meeting().paused_at is not None
    with hall.database.reading() as uow:
        page = minutes.read_minutes(uow, hall.who["Ana"], meeting_id=hall.meeting_id, group_id=hall.group_id)
    assert page.document is not None
    assert "Ana Acute" in page.document.text


def test_the_projector_address_is_revoked_by_a_new_one_and_carries_no_names(hall: Hall) -> None:
    hall.open("Ana", "Leo")
    with hall.database.writing() as uow:
        old = rooms.screen_token(uow, uow.session.get_one(Meeting, hall.meeting_id))
        room = rooms.read_screen(uow, token=old)
        assert "Ana" not in repr(room.benches)
        stages.new_projector_address(uow, hall.who["Sam"], meeting_id=hall.meeting_id)
    with hall.database.reading() as uow, pytest.raises(NotFound):
        rooms.read_screen(uow, token=old)
    with hall.database.writing() as uow, pytest.raises(NotFound):
        stages.new_projector_address(uow, SYSTEM, meeting_id=9999)
