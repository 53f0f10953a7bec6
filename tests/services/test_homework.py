"""Homework: given to named people, answered by them, and never forgotten between two sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import date, time
from typing import Any

import pytest

import migrations
from app.calc.homework import Outcome
from app.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from app.events import ItemChanged, MeetingChanged
from app.policy import SYSTEM, Actor
from app.services import (
    administration,
    comments,
    descent,
    groups,
    homework,
    items,
    meetings,
    memberships,
    notifications,
    outline,
    overview,
    privacy,
    rooms,
    stages,
)
from app.services.homework import HomeworkLine
from app.uow import Database, UnitOfWork
from models.accounts import Person
from models.groups import Membership, Role
from models.homework import Homework, HomeworkShare
from models.items import Item, Kind
from models.meetings import Meeting
from models.notifications import Kind as NotificationKind
from tests.cast import counting
from tests.conftest import SetClock
from tests.rooms import Hall, build_hall

DUE = date(2026, 3, 20)


@pytest.fixture
def hall(database: Database) -> Hall:
    return build_hall(database)


def ids(hall: Hall, *names: str) -> Collection[int]:
    return [hall.who[name].person_id or 0 for name in names]


def give(hall: Hall, *names: str, by: str = "Fay", **more: Any) -> int:
    values: dict[str, Any] = {
        "item_id": hall.item_id, "asked": "Write the first words.", "due_on": DUE, "person_ids": ids(hall, *names),
        **more,
    }  # fmt: skip
    with hall.database.writing() as uow:
        return homework.give(uow, hall.who[by], group_id=hall.group_id, **values).id


def say(hall: Hall, name: str, homework_id: int, ready: bool, words: str = "") -> None:
    with hall.database.writing() as uow:
        homework.reply(
            uow, hall.who[name], homework_id=homework_id, group_id=hall.group_id, ready=ready, words=words
        )  # fmt: skip


def at(hall: Hall, meeting_id: int | None = None) -> list[HomeworkLine]:
    with hall.database.reading() as uow:
        return homework.of_meeting(uow, uow.session.get_one(Meeting, meeting_id or hall.meeting_id))


def test_it_is_given_answered_by_each_and_arrives(hall: Hall) -> None:
    made = give(hall, "Ana", "Leo")
    (line,) = at(hall)
    assert (line.outcome, line.overdue, line.reference, line.given_by) == (
        Outcome.NOBODY,
        False,
        "C1.1",
        "Fay Facilitator",
    )
    say(hall, "Ana", made, True)
    assert at(hall)[0].outcome is Outcome.PARTLY
    with pytest.raises(Invalid) as refused:
        say(hall, "Leo", made, False, "  ")
    assert "words" in refused.value.fields
    say(hall, "Leo", made, False, "The figures are missing.")
    (line,) = at(hall)
    assert line.outcome is Outcome.NOT_READY
    assert [(share.person.name, share.ready, share.words) for share in line.shares] == [
        ("Ana Acute", True, ""), ("Leo Lawyer", False, "The figures are missing."),
    ]  # fmt: skip
    say(hall, "Leo", made, True)
    assert at(hall)[0].outcome is Outcome.READY
    with pytest.raises(Forbidden):
        say(hall, "Pat", made, True)


def test_what_is_ready_has_arrived_and_the_rest_comes_again(hall: Hall, clock: SetClock) -> None:
    with hall.database.writing() as uow:
        second = meetings.plan_meeting(
            uow, hall.who["Fay"], group_id=hall.group_id, title="Money", day=date(2026, 4, 2), at=time(9)
        ).id
    done, late, later = give(hall, "Ana"), give(hall, "Leo"), give(hall, "Pat", meeting_id=second)
    assert [line.homework.id for line in at(hall, second)] == [later]
    say(hall, "Ana", done, True)
    clock.advance(days=19)
    open_doors(hall, hall.meeting_id)
    with hall.database.reading() as uow:
        console = rooms.read_console(uow, hall.who["Fay"], meeting_id=hall.meeting_id, group_id=hall.group_id)
        assert [(line.homework.id, line.outcome, line.overdue) for line in console.room.homework] == [
            (done, Outcome.READY, False), (late, Outcome.NOBODY, True),
        ]  # fmt: skip
        screen = rooms.read_screen(uow, token=rooms.screen_token(uow, hall.meeting()))
        assert screen.homework == [], "the wall names nobody"
    with hall.database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    assert [line.homework.id for line in at(hall)] == [done]
    assert {line.homework.id for line in at(hall, second)} == {late, later}
    with pytest.raises(Conflict, match="has come back"):
        say(hall, "Ana", done, False, "On second thoughts.")
    with hall.database.reading() as uow:
        waits, past = homework.list_homework(uow, hall.who["Ola"], group_id=hall.group_id)
    assert ([line.homework.id for line in past], len(waits)) == ([done], 2)


def plan(hall: Hall, day: date, *, announced: bool = False) -> int:
    with hall.database.writing() as uow:
        fay = hall.who["Fay"]
        made = meetings.plan_meeting(uow, fay, group_id=hall.group_id, title="Money", day=day, at=time(9)).id
        if announced:
            meetings.announce(uow, fay, meeting_id=made)
        return made


def open_doors(hall: Hall, meeting_id: int) -> None:
    with hall.database.writing() as uow:
        revision = uow.session.get_one(Meeting, meeting_id).revision
        stages.open_doors(uow, hall.who["Fay"], meeting_id=meeting_id, revision=revision)


def where(hall: Hall) -> dict[int, list[int]]:
    """The homework of each session that has some."""
    with hall.database.reading() as uow:
        found = {each.id: homework.of_meeting(uow, each) for each in uow.session.query(Meeting)}
    return {id_: [line.homework.id for line in lines] for id_, lines in found.items() if lines}


def test_the_next_session_is_the_one_that_is_held_or_the_first_to_come(hall: Hall, clock: SetClock) -> None:
    made = give(hall, "Ana")
    assert where(hall) == {hall.meeting_id: [made]}, "a draft, where nothing is announced"
    plan(hall, date(2026, 2, 1))
    assert where(hall) == {hall.meeting_id: [made]}, "what has passed is not to come"
    told = plan(hall, date(2026, 4, 2), announced=True)
    assert where(hall) == {told: [made]}, "people know of no draft"
    clock.advance(days=60)
    assert where(hall) == {}, "nothing is to come"
    open_doors(hall, told)
    plan(hall, date(2026, 5, 4), announced=True)
    assert where(hall) == {told: [made]}, "it is being held, whatever else is planned"


def test_a_session_that_nobody_closed_takes_nothing_that_is_given_after_it(hall: Hall, clock: SetClock) -> None:
    before = give(hall, "Ana")
    hall.open("Ana")
    for _hours in range(4):
        clock.advance(hours=1)
        with hall.database.writing() as uow:
            stages.pause_if_idle(uow, SYSTEM, meeting_id=hall.meeting_id)
    assert hall.meeting().paused_at is not None
    coming = plan(hall, date(2026, 5, 4), announced=True)
    after = give(hall, "Leo")
    assert where(hall) == {hall.meeting_id: [before], coming: [after]}
    open_doors(hall, coming)
    assert where(hall) == {coming: [before, after]}, "of two that are open the one that began last"
    with hall.database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    assert where(hall) == {coming: [before, after]}


def withdraw(hall: Hall) -> None:
    with hall.database.writing() as uow:
        outline.withdraw_item(uow, hall.who["Fay"], item_id=hall.item_id)


def restore(hall: Hall) -> None:
    with hall.database.writing() as uow:
        outline.restore_item(uow, hall.who["Fay"], item_id=hall.item_id)


def close(hall: Hall, meeting_id: int | None = None) -> None:
    with hall.database.writing() as uow:
        meeting = uow.session.get_one(Meeting, meeting_id or hall.meeting_id)
        stages.close(uow, hall.who["Fay"], meeting_id=meeting.id, revision=meeting.revision)


def test_what_names_a_session_that_closed_while_its_item_was_withdrawn_is_for_the_next(hall: Hall) -> None:
    second = plan(hall, date(2026, 4, 2), announced=True)
    made = give(hall, "Ana", due_on=date(2026, 3, 2), meeting_id=hall.meeting_id)
    say(hall, "Ana", made, True)
    withdraw(hall)
    hall.open("Ana")
    close(hall)
    assert where(hall) == {}
    restore(hall)
    assert where(hall) == {second: [made]}


def test_what_an_older_server_left_with_a_closed_session_is_for_the_next(hall: Hall, database_url: str) -> None:
    second = plan(hall, date(2026, 4, 2), announced=True)
    arrived, stuck = give(hall, "Ana"), give(hall, "Leo")
    say(hall, "Ana", arrived, True)
    hall.open("Ana")
    close(hall)
    with hall.database.writing() as uow:
        uow.session.get_one(Homework, stuck).meeting_id = hall.meeting_id
    hall.database.close()
    migrations.downgrade(database_url, "0030")
    migrations.upgrade(database_url)
    assert where(hall) == {hall.meeting_id: [arrived], second: [stuck]}


def test_what_names_a_session_that_was_not_held_comes_to_the_next(hall: Hall, clock: SetClock) -> None:
    second = plan(hall, date(2026, 4, 2), announced=True)
    with hall.database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
    done, late = [give(hall, name, due_on=date(2026, 3, 2), meeting_id=hall.meeting_id) for name in ("Ana", "Leo")]
    assert (where(hall), at(hall)[0].number) == ({hall.meeting_id: [done, late]}, 1)
    clock.advance(days=20)
    assert where(hall) == {second: [done, late]}
    assert at(hall, second)[0].number is None, "the next one"
    change(hall, late, due_on=date(2026, 4, 2))
    with pytest.raises(Invalid):
        change(hall, late, due_on=date(2026, 4, 3))
    clock.advance(days=11)
    open_doors(hall, second)
    say(hall, "Ana", done, True)
    close(hall, second)
    assert where(hall) == {second: [done]}
    open_doors(hall, hall.meeting_id)
    assert where(hall) == {second: [done], hall.meeting_id: [late]}, "it is held now"


def give_and_leave(hall: Hall, clock: SetClock, meeting_id: int, due_on: date) -> int:
    """In a session that is then left without being closed, Ana is given homework for another."""
    hall.open("Ana")
    hall.advance()
    made = give(hall, "Ana", due_on=due_on, meeting_id=meeting_id)
    clock.advance(minutes=10)
    with hall.database.writing() as uow:
        stages.pause(uow, hall.who["Fay"], meeting_id=hall.meeting_id, on=True)
    return made


def test_what_names_a_session_that_was_not_held_does_not_go_back_to_one_that_nobody_closed(
    hall: Hall, clock: SetClock
) -> None:
    second, third = (plan(hall, day, announced=True) for day in (date(2026, 3, 5), date(2026, 3, 30)))
    made = give_and_leave(hall, clock, second, date(2026, 3, 4))
    assert where(hall) == {second: [made]}
    clock.advance(days=5)
    assert where(hall) == {third: [made]}
    say(hall, "Ana", made, True)
    close(hall)
    assert where(hall) == {third: [made]}


def test_what_names_a_cancelled_session_comes_to_the_next_until_that_is_announced_anew(
    hall: Hall, clock: SetClock
) -> None:
    second, third = (plan(hall, day, announced=True) for day in (date(2026, 3, 19), date(2026, 4, 2)))
    made = give_and_leave(hall, clock, second, date(2026, 3, 18))
    clock.advance(days=1)
    with hall.database.writing() as uow:
        meetings.cancel(uow, hall.who["Fay"], meeting_id=second, reason="Snow")
    assert (where(hall), at(hall, third)[0].number) == ({third: [made]}, None), "not the one that nobody closed"
    say(hall, "Ana", made, True)
    close(hall)
    assert where(hall) == {third: [made]}
    with hall.database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=second)
    assert (where(hall), at(hall, second)[0].number) == ({second: [made]}, 2)


def test_a_no_counts_once_all_who_were_asked_are_gone(hall: Hall) -> None:
    made = give(hall, "Ana", "Leo")
    say(hall, "Ana", made, True)
    say(hall, "Leo", made, False, "The figures are missing.")
    leave(hall, "Leo")
    (line,) = at(hall)
    assert (line.outcome, line.has_nobody) == (Outcome.READY, False), "Ana is asked, and says that it is ready"
    leave(hall, "Ana")
    (line,) = at(hall)
    assert (line.outcome, line.has_nobody) == (Outcome.NOT_READY, True)


def test_nobody_waits_for_a_closed_account_once_all_others_who_were_asked_are_gone(hall: Hall) -> None:
    made = give(hall, "Ana", "Leo")
    say(hall, "Ana", made, True)
    with hall.database.writing() as uow:
        administration.set_disabled(uow, SYSTEM, person_id=hall.who["Leo"].person_id or 0, disabled=True)
    leave(hall, "Ana")
    (line,) = at(hall)
    assert (line.outcome, line.has_nobody) == (Outcome.READY, False)


def test_what_arrived_stays_ready_whoever_goes_afterwards(hall: Hall) -> None:
    made = give(hall, "Ana", "Leo")
    say(hall, "Leo", made, False, "The figures are missing.")
    leave(hall, "Leo")
    say(hall, "Ana", made, True)
    hall.open("Sam")
    hall.advance()
    close(hall)
    leave(hall, "Ana")
    (line,) = at(hall)
    assert (line.homework.came_back_at is not None, line.outcome, line.has_nobody) == (True, Outcome.READY, False)


@pytest.mark.parametrize("who_said_no", ["Ana", "Leo"])
def test_that_it_has_nobody_is_not_mailed_once_somebody_has_it_again(hall: Hall, who_said_no: str) -> None:
    made = give(hall, "Ana", "Leo")
    for name in ("Ana", "Leo"):
        say(hall, name, made, name != who_said_no, "A table is missing.")
    for name in ("Leo", "Ana"):
        becomes(hall, name, Role.OBSERVER, by="Sam")
    assert any("has nobody now" in each for each in waits(hall, "Fay"))
    becomes(hall, "Ana", Role.MEMBER, by="Sam")
    assert not at(hall)[0].has_nobody
    assert not any("nobody" in each for each in waits(hall, "Fay"))


def test_a_session_that_is_held_late_has_what_names_it(hall: Hall, clock: SetClock) -> None:
    second = plan(hall, date(2026, 4, 2), announced=True)
    made = give(hall, "Ana", due_on=date(2026, 3, 2), meeting_id=hall.meeting_id)
    clock.advance(days=1)
    assert where(hall) == {second: [made]}
    open_doors(hall, hall.meeting_id)
    assert where(hall) == {hall.meeting_id: [made]}
    close(hall)
    assert where(hall) == {second: [made]}


def test_the_first_page_names_no_session_whose_day_has_passed_as_the_next(hall: Hall, clock: SetClock) -> None:
    def coming() -> int | None:
        with hall.database.reading() as uow:
            line = overview.look(uow, hall.who["Ana"], group_id=hall.group_id).coming
            return None if line is None else line.id

    first, second = (plan(hall, day, announced=True) for day in (date(2026, 3, 5), date(2026, 3, 30)))
    assert coming() == first
    clock.now = clock.now.replace(day=5, hour=21)
    assert coming() == first, "it may begin late"
    clock.advance(days=1)
    assert coming() == second
    clock.advance(days=30)
    assert coming() is None


def test_its_people_find_it_on_their_first_page_until_it_is_taken_back(hall: Hall) -> None:
    made = give(hall, "Ana", "Leo")

    def mine(name: str) -> list[int]:
        with hall.database.reading() as uow:
            seen = overview.look(uow, hall.who[name], group_id=hall.group_id)
            return [line.homework.id for line in seen.my_homework]

    assert (mine("Ana"), mine("Leo"), mine("Pat")) == ([made], [made], [])
    with pytest.raises(Forbidden), hall.database.writing() as uow:
        homework.take_back(uow, hall.who["Ana"], homework_id=made, group_id=hall.group_id)
    with hall.database.writing() as uow:
        homework.take_back(uow, hall.who["Fay"], homework_id=made, group_id=hall.group_id)
        assert {ItemChanged(hall.group_id, hall.item_id), MeetingChanged(hall.group_id, hall.meeting_id)} <= set(
            uow.facts
        )
    assert (mine("Ana"), at(hall)) == ([], [])
    with pytest.raises(Conflict, match="taken back"):
        say(hall, "Ana", made, True)


def test_a_withdrawn_item_is_nobodys_homework(hall: Hall) -> None:
    give(hall, "Ana")
    with hall.database.writing() as uow:
        outline.withdraw_item(uow, hall.who["Fay"], item_id=hall.item_id)
    assert at(hall) == []
    with pytest.raises(Conflict, match="withdrawn"):
        give(hall, "Ana")
    with hall.database.writing() as uow:
        outline.restore_item(uow, hall.who["Fay"], item_id=hall.item_id)
    assert len(at(hall)) == 1
    with hall.database.reading() as uow:
        told = [line.notification.words for line in notifications.mine(uow, hall.who["Ana"])]
    assert [words.partition(" C1.1")[0] for words in told] == ["restored", "withdrew", "gave you homework on"]


def test_all_who_have_homework_under_a_withdrawn_item_are_found_at_once(hall: Hall) -> None:
    with hall.database.writing() as uow:
        fay, group_id = hall.who["Fay"], hall.group_id
        element = items.add_item(uow, fay, group_id=group_id, kind=Kind.ELEMENT, title="Money").id
        under = [
            items.add_item(
                uow, fay, group_id=group_id, kind=Kind.CRITERION, title=f"Criterion {number}", parent_id=element
            ).id
            for number in range(6)
        ]  # fmt: skip
    ready, *_rest = [give(hall, "Ana", "Leo", item_id=item_id) for item_id in under]
    say(hall, "Ana", ready, True)
    with counting(hall.database) as sent, hall.database.writing() as uow:
        outline.withdraw_item(uow, fay, item_id=element)
    assert len([each for each in sent if "FROM homework" in each]) == 1
    with hall.database.reading() as uow:
        told = [
            [
                words
                for line in notifications.mine(uow, hall.who[name])
                if "withdrew" in (words := line.notification.words)
            ]
            for name in ("Ana", "Leo")
        ]
    assert told == [
        [f"withdrew {some}: nothing is left to do for your homework on them"]
        for some in ("C2.2, C2.3, C2.4, C2.5 and C2.6", "C2.1, C2.2, C2.3, C2.4, C2.5 and C2.6")
    ], "each of what is still asked of them, at once"


def test_what_is_due_when_its_session_is_over_is_not_given(hall: Hall) -> None:
    with hall.database.writing() as uow:
        other = meetings.plan_meeting(
            uow, hall.who["Fay"], group_id=hall.group_id, title="Money", day=date(2026, 3, 12), at=time(9)
        ).id
    with pytest.raises(Invalid) as refused:
        give(hall, "Ana", meeting_id=other)
    assert refused.value.fields == {"due_on": "Session 2 is on 12 March 2026: choose that day or an earlier one"}
    give(hall, "Ana", meeting_id=other, due_on=date(2026, 3, 12))
    give(hall, "Ana")  # for the session of today, from which it goes on to the next when it is not ready


def test_a_draft_that_is_thrown_away_leaves_its_homework_to_the_next(hall: Hall) -> None:
    give(hall, "Ana", meeting_id=hall.meeting_id)
    with hall.database.writing() as uow:
        other = meetings.plan_meeting(
            uow, hall.who["Fay"], group_id=hall.group_id, title="Money", day=date(2026, 4, 2), at=time(9)
        ).id
        meetings.remove_meeting(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
    assert len(at(hall, other)) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"asked": " "}, "asked"),
        ({"asked": "x" * 501}, "asked"),
        ({"due_on": None}, "due_on"),
        ({"due_on": date(2026, 3, 1)}, "due_on"),
        ({"due_on": date(2099, 3, 1)}, "due_on"),
        ({"comments_until": date(2026, 3, 19)}, "comments_until"),
        ({"item_id": None}, "item_id"),
        ({"person_ids": []}, "people"),
        ({"person_ids": [987_654]}, "people"),
    ],
)
def test_what_cannot_be_given_says_why(hall: Hall, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        give(hall, "Ana", **values)
    assert set(refused.value.fields) == {field}
    assert at(hall) == []


def test_who_may_not(hall: Hall) -> None:
    with pytest.raises(Invalid):
        give(hall, "Ola")
    for name in ("Ana", "Ola", "Max"):
        with pytest.raises(Forbidden):
            give(hall, "Ana", by=name)
    made = give(hall, "Ana")
    stranger = Actor(person_id=987_654)
    for act in (homework.take_back, homework.reply):
        more: dict[str, Any] = {"ready": True} if act is homework.reply else {}
        refusals: tuple[tuple[Actor, type[DomainError], int], ...] = (
            (stranger, NotFound, hall.group_id), (hall.who["Fay"], NotFound, hall.group_id + 1),
            (hall.who["Ola"], Forbidden, hall.group_id),
        )  # fmt: skip
        for actor, refusal, group_id in refusals:
            with pytest.raises(refusal), hall.database.writing() as uow:
                act(uow, actor, homework_id=made, group_id=group_id, **more)  # type: ignore[operator]


def test_a_copy_of_ones_data_holds_it_and_erasing_takes_it_away(hall: Hall) -> None:
    made = give(hall, "Ana", "Leo")
    say(hall, "Ana", made, False, "I am moving house.")
    with hall.database.reading() as uow:
        (entry,) = privacy.export_mine(uow, hall.who["Ana"])["homework"]
    assert (entry["asked"], entry["ready"], entry["words"]) == ("Write the first words.", False, "I am moving house.")
    with hall.database.writing() as uow:
        privacy.erase_me(uow, hall.who["Ana"])
    with hall.database.reading() as uow:
        assert [share.person_id for share in uow.session.query(HomeworkShare)] == [hall.who["Leo"].person_id]


def leave(hall: Hall, name: str) -> None:
    with hall.database.writing() as uow:
        row = uow.session.query(Membership).filter_by(person_id=hall.who[name].person_id, group_id=hall.group_id).one()
        memberships.remove(uow, hall.who["Fay"], group_id=hall.group_id, membership_id=row.id)


def test_what_was_answered_stays_when_its_author_leaves_the_group(hall: Hall) -> None:
    made = give(hall, "Ana", "Leo")
    say(hall, "Ana", made, True, "Mine are on one page.")
    leave(hall, "Ana")
    (line,) = at(hall)
    assert (line.outcome, [share.words for share in line.shares]) == (Outcome.PARTLY, ["Mine are on one page.", ""])
    assert line.gone == set(ids(hall, "Ana"))
    leave(hall, "Leo")
    (line,) = at(hall)
    assert (line.outcome, len(line.shares)) == (Outcome.READY, 1), "nobody waits for who had not answered"


def test_what_somebody_who_has_left_did_not_make_ready_counts_where_nobody_else_is_asked(hall: Hall) -> None:
    alone, shared = give(hall, "Ana"), give(hall, "Ana", "Leo")
    for made in (alone, shared):
        say(hall, "Ana", made, False, "Figures are missing.")
    say(hall, "Leo", shared, True)
    leave(hall, "Ana")
    found = {line.homework.id: line for line in at(hall)}
    assert (found[alone].outcome, found[shared].outcome) == (Outcome.NOT_READY, Outcome.READY)
    assert [share.words for share in found[alone].shares] == ["Figures are missing."]


def told(hall: Hall, name: str) -> list[str]:
    """What somebody was told, the latest first."""
    with hall.database.reading() as uow:
        return [line.notification.words for line in notifications.mine(uow, hall.who[name])]


def change(
    hall: Hall, homework_id: int, *names: str, due_on: date | None = DUE, by: str = "Fay", was: date | None = None
) -> bool:
    with hall.database.writing() as uow:
        return homework.change(
            uow, hall.who[by], homework_id=homework_id, group_id=hall.group_id, due_on=due_on,
            person_ids=ids(hall, *names), was=was,
        )  # fmt: skip


@pytest.mark.parametrize("erased", [False, True])
def test_what_has_nobody_any_more_stays_open_and_who_gave_it_is_told(hall: Hall, erased: bool) -> None:
    alone, shared, answered = give(hall, "Ana", by="Sam"), give(hall, "Ana", "Leo"), give(hall, "Ana")
    say(hall, "Ana", answered, False, "I am moving house.")
    if erased:
        with hall.database.writing() as uow:
            privacy.erase_me(uow, hall.who["Ana"])
    else:
        leave(hall, "Ana")
    with hall.database.reading() as uow:
        waits, _past = homework.list_homework(uow, hall.who["Fay"], group_id=hall.group_id)
    assert [(line.homework.id, line.has_nobody) for line in waits] == [(alone, True), (answered, True), (shared, False)]
    by = "left the group" if erased else "took somebody out of the group"
    assert told(hall, "Sam") == [f"{by}: homework on C1.1 has nobody now. Give it to somebody else or take it back"]
    assert bool(told(hall, "Fay")) is erased, "who took her out reads it in the answer"
    with pytest.raises(Invalid) as refused:
        change(hall, alone)
    assert set(refused.value.fields) == {"people"}
    change(hall, alone, "Pat")
    with hall.database.reading() as uow:
        (line,) = [each for each in at(hall) if each.homework.id == alone]
    assert ([share.person.name for share in line.shares], line.has_nobody) == (["Pat Patient"], False)
    assert told(hall, "Pat") == ["gave you homework on C1.1, due 20 March 2026: Write the first words."]


def test_who_takes_somebody_out_hears_what_has_nobody_now(hall: Hall) -> None:
    made = give(hall, "Ana")
    ready = give(hall, "Ana")
    say(hall, "Ana", ready, True)
    with hall.database.writing() as uow:
        row = uow.session.query(Membership).filter_by(person_id=hall.who["Ana"].person_id, group_id=hall.group_id).one()
        orphaned = memberships.remove(uow, hall.who["Fay"], group_id=hall.group_id, membership_id=row.id)
        assert [line.homework.id for line in orphaned] == [made], "what is ready needs nobody"


def becomes(hall: Hall, name: str, role: Role, *, by: str = "Fay") -> list[int]:
    """Give somebody another role; the homework that nobody has then."""
    with hall.database.writing() as uow:
        row = uow.session.query(Membership).filter_by(person_id=hall.who[name].person_id, group_id=hall.group_id).one()
        _row, orphaned = memberships.change(
            uow, hall.who[by], group_id=hall.group_id, membership_id=row.id, role=role, constituency="Legal"
        )
        return [line.homework.id for line in orphaned]


@pytest.mark.parametrize("role", [Role.OBSERVER, Role.PANEL_MANAGER])
def test_who_has_a_role_that_does_no_homework_is_asked_for_none(hall: Hall, clock: SetClock, role: Role) -> None:
    shared, alone, answered = give(hall, "Ana", "Leo"), give(hall, "Ana", by="Sam"), give(hall, "Ana")
    say(hall, "Leo", shared, True)
    say(hall, "Ana", answered, False, "Figures are missing.")
    assert becomes(hall, "Ana", role) == [alone, answered]
    found = {line.homework.id: line for line in at(hall)}
    assert [found[each].has_nobody for each in (shared, alone, answered)] == [False, True, True]
    assert (found[shared].outcome, found[answered].outcome) == (Outcome.READY, Outcome.NOT_READY)
    assert found[answered].gone == set(ids(hall, "Ana"))
    words = "gave somebody another role: homework on C1.1 has nobody now. Give it to somebody else or take it back"
    assert told(hall, "Sam") == [words]
    before = told(hall, "Ana")
    change(hall, answered, "Leo", due_on=date(2026, 3, 19))
    with hall.database.reading() as uow:
        assert homework.mine(uow, hall.who["Ana"], group_id=hall.group_id) == ([], [])
    clock.advance(days=16)
    notifications.remind(hall.database)
    withdraw(hall)
    restore(hall)
    assert told(hall, "Ana") == before
    assert becomes(hall, "Ana", Role.MEMBER) == []
    with hall.database.reading() as uow:
        waiting, _ready = homework.mine(uow, hall.who["Ana"], group_id=hall.group_id)
    assert [line.homework.id for line in waiting] == [answered], "what she answered is hers again"


def test_a_facilitator_keeps_their_homework_as_a_member(hall: Hall) -> None:
    give(hall, "Sam")
    assert becomes(hall, "Sam", Role.MEMBER) == []
    assert not at(hall)[0].gone


def test_a_closed_account_does_no_homework(hall: Hall) -> None:
    made = give(hall, "Ana")
    with hall.database.writing() as uow:
        administration.set_disabled(uow, SYSTEM, person_id=hall.who["Ana"].person_id or 0, disabled=True)
    (line,) = at(hall)
    assert line.has_nobody
    with pytest.raises(Invalid):
        give(hall, "Ana")
    change(hall, made, "Leo")
    assert not at(hall)[0].has_nobody


def test_another_day_and_more_people(hall: Hall) -> None:
    session = plan(hall, date(2026, 4, 1), announced=True)
    made = give(hall, "Ana", "Leo", meeting_id=session, due_on=date(2026, 3, 31))
    say(hall, "Leo", made, True)
    with hall.database.writing() as uow:
        fay = hall.who["Fay"]
        moved = meetings.edit_meeting(
            uow, fay, meeting_id=session, title="Money", day=date(2026, 3, 26), at=time(9), place="", aims=()
        )
        uow.flush()
        assert [line.homework.id for line in homework.due_after(uow, moved)] == [made]
    for day in (None, date(2026, 3, 1), date(2026, 3, 27)):
        with pytest.raises(Invalid) as refused:
            change(hall, made, due_on=day)
        assert set(refused.value.fields) == {"due_on"}
    with pytest.raises(Invalid) as refused:
        change(hall, made, "Ola", due_on=date(2026, 3, 26))
    assert set(refused.value.fields) == {"people"}
    with pytest.raises(Forbidden):
        change(hall, made, by="Ana")
    change(hall, made, "Pat", "Leo", due_on=date(2026, 3, 26))
    change(hall, made, "Pat", due_on=date(2026, 3, 26))  # pressed twice
    (line,) = at(hall, session)
    assert (line.homework.due_on, line.homework.comments_until) == (date(2026, 3, 26), date(2026, 3, 26))
    assert [(share.person.name, share.ready) for share in line.shares] == [
        ("Ana Acute", None), ("Leo Lawyer", True), ("Pat Patient", None),
    ]  # fmt: skip
    assert told(hall, "Ana")[0] == "changed the day of your homework on C1.1: it is due 26 March 2026"
    assert len(told(hall, "Leo")) == len(told(hall, "Pat")) == 1
    with hall.database.reading() as uow:
        assert homework.due_after(uow, uow.session.get_one(Meeting, session)) == []


def test_a_page_that_was_opened_before_sets_no_day_back(hall: Hall) -> None:
    made, earlier, later = give(hall, "Ana"), date(2026, 3, 10), date(2026, 3, 25)
    assert change(hall, made, due_on=earlier, by="Sam", was=DUE)
    before = told(hall, "Ana")
    assert change(hall, made, "Leo", due_on=DUE, was=DUE), "only somebody more was chosen there"
    assert not change(hall, made, due_on=DUE, was=DUE)
    assert not change(hall, made, due_on=earlier, was=DUE), "both chose the same"
    with pytest.raises(Conflict) as refused:
        change(hall, made, "Pat", due_on=later, was=DUE)
    assert "It is due 10 March 2026 now." in refused.value.message
    with pytest.raises(Invalid):
        change(hall, made, due_on=None, was=earlier)
    (line,) = at(hall)
    assert (line.homework.due_on, len(line.shares), told(hall, "Ana")) == (earlier, 2, before)
    assert change(hall, made, due_on=later, was=earlier)


def waits(hall: Hall, name: str) -> list[str]:
    """What somebody was told, and has neither read nor been mailed, the latest first."""
    with hall.database.reading() as uow:
        rows = [line.notification for line in notifications.mine(uow, hall.who[name])]
    return [row.words for row in rows if row.settled_at is None and row.read_at is None]


@pytest.mark.parametrize("read", [False, True])
def test_who_comes_back_into_the_group_is_told_of_homework_that_is_given_again(hall: Hall, read: bool) -> None:
    made = give(hall, "Ana", "Leo")
    if read:
        with hall.database.writing() as uow:
            notifications.read(uow, hall.who["Ana"])
    leave(hall, "Ana")
    comes_back(hall, "Ana")
    assert waits(hall, "Ana") == [], "nothing is asked of her any more"
    change(hall, made, "Ana")
    assert waits(hall, "Ana") == ["gave you homework on C1.1, due 20 March 2026: Write the first words."]
    with hall.database.writing() as uow:
        homework.take_back(uow, hall.who["Fay"], homework_id=made, group_id=hall.group_id)
    assert waits(hall, "Ana") == []


def comes_back(hall: Hall, name: str) -> None:
    with hall.database.writing() as uow:
        person = uow.session.get_one(Person, hall.who[name].person_id)
        groups.add_member(uow, SYSTEM, group_id=hall.group_id, person=person, role=Role.MEMBER, constituency="Legal")


@pytest.mark.parametrize("how", ["restored", "taken back", "called"])
def test_who_comes_back_is_mailed_of_nothing_that_came_before(hall: Hall, how: str) -> None:
    made = give(hall, "Ana")
    with hall.database.writing() as uow:
        notifications.read(uow, hall.who["Ana"])
    if how == "restored":
        withdraw(hall)
        restore(hall)
    else:
        with hall.database.writing() as uow:
            if how == "called":
                comments.start(uow, hall.who["Leo"], item_id=hall.item_id, words="@Ana Acute: which?")
            else:
                homework.take_back(uow, hall.who["Fay"], homework_id=made, group_id=hall.group_id)
    assert waits(hall, "Ana")
    leave(hall, "Ana")
    comes_back(hall, "Ana")
    assert waits(hall, "Ana") == []


def test_an_observer_is_still_reminded_of_actions(hall: Hall) -> None:
    with hall.database.writing() as uow:
        notifications.tell(
            uow, hall.who["Ana"].person_id, NotificationKind.DUE, group_id=hall.group_id, words="Your action 1 is due"
        )
    becomes(hall, "Ana", Role.OBSERVER)
    assert waits(hall, "Ana") == ["Your action 1 is due"]
    becomes(hall, "Ana", Role.MEMBER)
    leave(hall, "Ana")
    comes_back(hall, "Ana")
    assert waits(hall, "Ana") == [], "by then it is another day"


def test_who_gave_homework_is_told_that_it_has_nobody_while_its_item_is_withdrawn(hall: Hall) -> None:
    give(hall, "Ana", by="Sam")
    withdraw(hall)
    with hall.database.writing() as uow:
        row = uow.session.query(Membership).filter_by(person_id=hall.who["Ana"].person_id, group_id=hall.group_id).one()
        (line,) = memberships.remove(uow, hall.who["Fay"], group_id=hall.group_id, membership_id=row.id)
        assert line.withdrawn
    words = (
        "took somebody out of the group: homework on C1.1 has nobody now. It is withdrawn: give it to somebody if it"
    )
    assert told(hall, "Sam") == [f"{words} is restored"]


def test_that_homework_has_nobody_is_mailed_only_while_it_is_so(hall: Hall) -> None:
    given, back = give(hall, "Ana", by="Sam"), give(hall, "Ana", by="Sam")
    words = "took somebody out of the group: homework on C1.1 has nobody now. Give it to somebody else or take it back"
    leave(hall, "Ana")
    assert waits(hall, "Sam") == [words, words]
    change(hall, given, "Leo")
    with hall.database.writing() as uow:
        homework.take_back(uow, hall.who["Fay"], homework_id=back, group_id=hall.group_id)
    assert (waits(hall, "Sam"), told(hall, "Sam")) == ([], [words, words])
    leave(hall, "Leo")
    assert waits(hall, "Sam") == [words], "told anew where it has nobody once more"


@pytest.mark.parametrize("apart", [False, True])
def test_answering_after_a_merge_reads_what_told_of_it(hall: Hall, clock: SetClock, apart: bool) -> None:
    with hall.database.writing() as uow:
        parent = uow.session.get_one(Item, hall.item_id).parent_id
        other = items.add_item(
            uow, hall.who["Fay"], group_id=hall.group_id, kind=Kind.CRITERION, title="Other", parent_id=parent
        ).id
    made = give(hall, "Ana", item_id=other)
    change(hall, made, due_on=date(2026, 3, 4))
    clock.advance(days=1)
    notifications.remind(hall.database)
    with hall.database.writing() as uow:
        descent.merge(uow, hall.who["Fay"], item_id=hall.item_id, other_id=other)
    if apart:
        with hall.database.writing() as uow:
            outline.restore_item(uow, hall.who["Fay"], item_id=other)
    with hall.database.reading() as uow:
        lines = [line.notification for line in notifications.mine(uow, hall.who["Ana"])]
        its = [line for line in lines if line.key is not None]
        item_id = uow.session.get_one(Homework, made).item_id
    assert item_id == (other if apart else hall.item_id)
    assert {(line.item_id, line.path) for line in its} == {(item_id, f"blueprint/items/{item_id}#homework")}
    assert len(its) == 3
    say(hall, "Ana", made, True)
    assert waits(hall, "Ana") == []


def test_who_answers_one_piece_has_not_read_what_is_new_of_another_on_the_item(hall: Hall) -> None:
    one, two = give(hall, "Ana"), give(hall, "Ana")
    say(hall, "Ana", two, False, "Not yet.")
    change(hall, two, due_on=date(2026, 3, 25))
    say(hall, "Ana", one, True)
    assert waits(hall, "Ana") == ["changed the day of your homework on C1.1: it is due 25 March 2026"]


@pytest.mark.parametrize("how", ["given to one more", "moved"])
def test_who_was_told_today_of_a_day_is_not_reminded_of_it_as_well(hall: Hall, clock: SetClock, how: str) -> None:
    made = give(hall, "Ana", due_on=DUE if how == "given to one more" else date(2026, 3, 25))
    clock.advance(days=17)
    change(hall, made, *(("Leo",) if how == "given to one more" else ()), due_on=DUE)
    clock.advance(hours=1)
    notifications.remind(hall.database)
    reminded = {name: [words for words in told(hall, name) if "tomorrow" in words] for name in ("Ana", "Leo")}
    assert {name: len(some) for name, some in reminded.items()} == {"Ana": how == "given to one more", "Leo": 0}


def test_homework_on_an_item_that_was_withdrawn_meanwhile_is_not_changed(hall: Hall) -> None:
    made = give(hall, "Ana")
    with hall.database.writing() as uow:
        outline.withdraw_item(uow, hall.who["Fay"], item_id=hall.item_id)
    before = told(hall, "Ana")
    for names, day in ((("Leo",), 20), ((), 19), ((), 20)):
        with pytest.raises(Conflict) as refused:
            change(hall, made, *names, due_on=date(2026, 3, day))
        assert "C1.1 is withdrawn. Restore it first." in refused.value.message
    assert (told(hall, "Ana"), told(hall, "Leo")) == (before, [])
    with hall.database.writing() as uow:  # what is asked of nobody can still be put away
        homework.take_back(uow, hall.who["Fay"], homework_id=made, group_id=hall.group_id)


def test_of_several_days_the_last_is_mailed_and_none_of_what_is_taken_back(hall: Hall) -> None:
    made = give(hall, "Ana")
    given = "gave you homework on C1.1, due 20 March 2026: Write the first words."
    for day in (19, 18, 19):
        change(hall, made, due_on=date(2026, 3, day))
        words = f"changed the day of your homework on C1.1: it is due {day} March 2026"
        assert waits(hall, "Ana") == [words, given]
    with hall.database.writing() as uow:
        homework.take_back(uow, hall.who["Fay"], homework_id=made, group_id=hall.group_id)
    assert waits(hall, "Ana") == []
    assert len(told(hall, "Ana")) == 3, "the page says what it was"


def test_what_was_mailed_before_it_is_taken_back_is_mailed_as_taken_back(hall: Hall) -> None:
    made = give(hall, "Ana")
    with hall.database.writing() as uow:
        notifications.read(uow, hall.who["Ana"])
    change(hall, made, due_on=date(2026, 3, 19))
    with hall.database.writing() as uow:
        homework.take_back(uow, hall.who["Fay"], homework_id=made, group_id=hall.group_id)
    assert waits(hall, "Ana") == ["took back your homework on C1.1: nothing is left to do"]


def test_what_is_taken_back_before_anybody_was_mailed_is_not_mailed(hall: Hall, clock: SetClock) -> None:
    kept, back = give(hall, "Ana"), give(hall, "Ana", "Leo")
    with hall.database.writing() as uow:
        notifications.read(uow, hall.who["Leo"], until_id=1_000)
        homework.take_back(uow, hall.who["Fay"], homework_id=back, group_id=hall.group_id)
    with hall.database.reading() as uow:
        for name, mailed in (("Ana", [f"homework-{kept}"]), ("Leo", [f"homework-{back}"])):
            rows = [line.notification for line in notifications.mine(uow, hall.who[name])]
            waits = [row.key or "" for row in rows if row.settled_at is None and row.read_at is None]
            assert [key.rsplit("-", 2 if "back" in key else 1)[0] for key in waits] == mailed
            assert "took back" in rows[0].words, "the page says both"


# --- two at the same moment: on SQLite one is over before the other begins ---


def second(hall: Hall, first: Callable[[UnitOfWork], object], then: Callable[[], object]) -> list[DomainError]:
    """Begin something while something else is under way, which ends once the other waits for it; what that raised."""
    refused: list[DomainError] = []

    def run() -> None:
        try:
            then()
        except DomainError as error:
            refused.append(error)

    waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    other = threading.Thread(target=run)
    with hall.database.writing() as uow, hall.database.engine.connect() as looking:
        first(uow)
        uow.flush()
        other.start()
        while other.is_alive() and looking.exec_driver_sql(waits).first() is None:
            looking.rollback()  # to see how it is now
    other.join()
    return refused


postgres = pytest.mark.parametrize("database_engine", ["postgres"])


def answers(hall: Hall, made: int, ready: bool, words: str) -> Callable[[UnitOfWork], object]:
    return lambda uow: homework.reply(
        uow, hall.who["Ana"], homework_id=made, group_id=hall.group_id, ready=ready, words=words
    )


@postgres
def test_what_is_answered_while_its_author_is_taken_out_stays(hall: Hall) -> None:
    made = give(hall, "Ana")
    assert second(hall, answers(hall, made, True, "See the annex."), lambda: leave(hall, "Ana")) == []
    assert [(share.ready, share.words) for share in at(hall)[0].shares] == [(True, "See the annex.")]


@postgres
def test_what_is_not_ready_after_all_does_not_arrive_in_the_session_that_closes(hall: Hall) -> None:
    made = give(hall, "Ana")
    say(hall, "Ana", made, True)
    hall.open("Ana")
    assert second(hall, answers(hall, made, False, "A table is missing."), lambda: close(hall)) == []
    assert at(hall) == []
    with hall.database.reading() as uow:
        assert uow.session.get_one(Homework, made).came_back_at is None


@postgres
def test_what_is_taken_back_does_not_arrive_in_the_session_that_closes(hall: Hall) -> None:
    made = give(hall, "Ana")
    say(hall, "Ana", made, True)
    hall.open("Ana")

    def back(uow: UnitOfWork) -> object:
        return homework.take_back(uow, hall.who["Sam"], homework_id=made, group_id=hall.group_id)

    assert second(hall, back, lambda: close(hall)) == []
    assert at(hall) == []


@postgres
def test_nothing_is_given_to_who_is_being_taken_out(hall: Hall) -> None:
    made = give(hall, "Leo")
    for name, act in (("Ana", lambda: give(hall, "Ana")), ("Pat", lambda: change(hall, made, "Pat"))):
        with hall.database.reading() as uow:
            row = uow.session.query(Membership).filter_by(person_id=hall.who[name].person_id).one()

        def out(uow: UnitOfWork, id_: int = row.id) -> object:
            return memberships.remove(uow, hall.who["Sam"], group_id=hall.group_id, membership_id=id_)

        assert [type(error) for error in second(hall, out, act)] == [Invalid]
    assert [len(line.shares) for line in at(hall)] == [1]


@postgres
def test_nothing_is_given_for_a_session_that_is_being_closed(hall: Hall) -> None:
    hall.open("Ana")

    def end(uow: UnitOfWork) -> object:
        revision = uow.session.get_one(Meeting, hall.meeting_id).revision
        return stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=revision)

    refused = second(hall, end, lambda: give(hall, "Leo", by="Sam", meeting_id=hall.meeting_id))
    assert [type(error) for error in refused] == [Conflict]
