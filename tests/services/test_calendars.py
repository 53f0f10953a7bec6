"""A person's calendar: what is in it, who gets it, and that an address can be taken back."""

from __future__ import annotations

from datetime import date, time
from functools import partial
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from app.errors import NotFound
from app.policy import SYSTEM, Actor
from app.services import (
    accounts,
    actions,
    calendars,
    descent,
    documents,
    groups,
    homework,
    items,
    meetings,
    memberships,
    outline,
    privacy,
)
from app.uow import Database
from models.accounts import Person
from models.documents import Document, Field
from models.groups import Role
from models.items import Item, Kind
from models.jobs import Job
from tests.conftest import SetClock
from tests.rooms import Hall, build_hall


@pytest.fixture
def hall(database: Database) -> Hall:
    return build_hall(database)


def address(hall: Hall, name: str) -> str:
    with hall.database.writing() as uow:
        calendars.make(uow, hall.who[name])
        uow.flush()
        return calendars.address(uow, hall.who[name])


def follow(hall: Hall, where: str) -> dict[str, Any]:
    """The events at an address, by the noun and number of their uid."""
    with hall.database.reading() as uow:
        file = calendars.feed(uow, where.rpartition("/")[2].removesuffix(".ics"))
    found = Calendar.from_ical(file)
    return {str(each["uid"]).partition("@")[0]: each for each in found.walk("VEVENT")}


def test_sessions_with_their_link_and_what_is_due_of_oneself(hall: Hall, clock: SetClock) -> None:
    with hall.database.writing() as uow:
        fay, ana = hall.who["Fay"], hall.who["Ana"]
        draft = meetings.plan_meeting(uow, fay, group_id=hall.group_id, title="Draft", day=date(2026, 5, 1), at=time(9))
        meetings.announce(uow, fay, meeting_id=hall.meeting_id)
        for who, what in ((ana, "Book the hall"), (fay, "Not Ana's")):
            actions.add_action(
                uow, fay, group_id=hall.group_id, what=what, owner_id=who.person_id, due_on=date(2026, 3, 10)
            )
        homework.give(
            uow, fay, group_id=hall.group_id, item_id=hall.item_id, person_ids=[ana.person_id or 0], asked="Write it.",
            due_on=date(2026, 3, 5),
        )  # fmt: skip
    where = address(hall, "Ana")
    found = follow(hall, where)
    assert set(found) == {f"session-{hall.meeting_id}", "homework-1", "action-1"}
    session = found[f"session-{hall.meeting_id}"]
    link = f"http://127.0.0.1:8000/g/{hall.slug}/sessions/{hall.meeting_id}"
    assert str(session["url"]) == link
    assert str(session["description"]).endswith(f"\n\nJoin: {link}")
    assert (str(session["location"]), session["dtend"].dt - session["dtstart"].dt) == ("Hall", session.duration)
    assert session.duration.total_seconds() == (15 + 20 + 15) * 60
    assert found["homework-1"]["dtstart"].dt == date(2026, 3, 5)
    assert str(found["action-1"]["summary"]).startswith("Action due: Book the hall")
    assert f"session-{draft.id}" not in follow(hall, address(hall, "Fay")), "nobody was told of it"
    with hall.database.writing() as uow:
        actions.set_done(uow, ana, action_id=1, group_id=hall.group_id, done=True)
        homework.reply(uow, ana, homework_id=1, group_id=hall.group_id, ready=False, words="Not yet.")
    assert set(follow(hall, where)) == {f"session-{hall.meeting_id}", "homework-1"}
    with hall.database.writing() as uow:
        homework.reply(uow, ana, homework_id=1, group_id=hall.group_id, ready=True)
    assert set(follow(hall, where)) == {f"session-{hall.meeting_id}"}, "who has answered has nothing left to do"


def test_what_moves_or_is_cancelled_keeps_its_uid_and_counts_up(hall: Hall, clock: SetClock) -> None:
    fay, where = hall.who["Fay"], address(hall, "Ana")
    seen = []

    def note() -> None:
        (event,) = follow(hall, where).values()
        seen.append(
            (event["sequence"], event["last-modified"].dt, str(event["status"]), event["dtstart"].dt.isoformat())
        )
        clock.advance(hours=1)

    with hall.database.writing() as uow:
        meetings.announce(uow, fay, meeting_id=hall.meeting_id)
    note()
    with hall.database.writing() as uow:
        meetings.edit_meeting(
            uow, fay, meeting_id=hall.meeting_id, title="Partnership", day=date(2026, 4, 6), at=time(9), place="Hall",
            aims=[],
        )  # fmt: skip
    note()
    with hall.database.writing() as uow:
        meetings.cancel(uow, fay, meeting_id=hall.meeting_id, reason="The hall is flooded.")
    note()
    sequences, changed, states, begins = zip(*seen, strict=True)
    assert sorted(set(sequences)) == list(sequences)
    assert sorted(set(changed)) == list(changed)
    assert states == ("CONFIRMED", "CONFIRMED", "CANCELLED")
    assert begins == ("2026-03-02T09:00:00+00:00", *["2026-04-06T08:00:00+00:00"] * 2), "summer time"


def test_an_action_and_the_aims_of_a_session_count_up_too(hall: Hall, clock: SetClock) -> None:
    fay, ana, where = hall.who["Fay"], hall.who["Ana"], address(hall, "Ana")
    given = {"group_id": hall.group_id, "owner_id": ana.person_id}
    with hall.database.writing() as uow:
        meetings.announce(uow, fay, meeting_id=hall.meeting_id)
        for what in ("Ask", "Leave alone"):
            actions.add_action(uow, fay, what=what, due_on=date(2026, 4, 1), **given)

    def look() -> dict[str, tuple[int, str]]:
        clock.advance(hours=1)
        found = follow(hall, where).items()
        return {name: (int(each["sequence"]), each["last-modified"].dt.isoformat()) for name, each in found}

    def edit(month: int) -> None:
        with hall.database.writing() as uow:
            actions.edit_action(uow, fay, action_id=1, what="Ask", due_on=date(2026, month, 1), **given)

    def reopen() -> None:
        for done in (True, False):
            with hall.database.writing() as uow:
                actions.set_done(uow, ana, action_id=1, group_id=hall.group_id, done=done)

    def aim(*aims: str) -> None:
        with hall.database.writing() as uow:
            meetings.edit_meeting(
                uow, fay, meeting_id=hall.meeting_id, title="Partnership", day=date(2026, 3, 2), at=time(9),
                place="Hall", aims=aims,
            )  # fmt: skip

    session, before = f"session-{hall.meeting_id}", look()
    assert before == look(), "nothing has changed"
    for act, name in (
        (partial(edit, 5), "action-1"), (partial(edit, 6), "action-1"), (reopen, "action-1"),
        (partial(aim, "Agree it"), session), (partial(aim, "Agree it", "Meet"), session),
    ):  # fmt: skip
        act()
        after = look()
        assert {each for each in after if after[each] != before[each]} == {name}
        assert all(now > was for now, was in zip(after[name], before[name], strict=True)), name
        before = after


def test_a_cancelled_session_stays_on_its_day_until_it_is_announced_anew(hall: Hall, clock: SetClock) -> None:
    fay, where = hall.who["Fay"], address(hall, "Ana")

    def plan(title: str, month: int, place: str) -> None:
        clock.advance(hours=1)
        with hall.database.writing() as uow:
            meetings.edit_meeting(
                uow, fay, meeting_id=hall.meeting_id, title=title, day=date(2026, month, 6), at=time(9), place=place,
                aims=[],
            )  # fmt: skip

    def seen() -> tuple[object, ...]:
        (event,) = follow(hall, where).values()
        with hall.database.reading() as uow:
            (line,) = meetings.list_meetings(uow, hall.who["Ana"], group_id=hall.group_id)
        assert (line.starts_at, line.place) == (event["dtstart"].dt, str(event["location"]))
        assert str(event["summary"]).endswith(f": {line.title}")
        return line.title, line.starts_at.month, line.place, str(event["status"]), int(event["sequence"])

    def cancel(reason: str) -> int:
        clock.advance(hours=1)
        with hall.database.writing() as uow:
            meetings.cancel(uow, fay, meeting_id=hall.meeting_id, reason=reason)
        return hall.meeting().revision

    with hall.database.writing() as uow:
        meetings.announce(uow, fay, meeting_id=hall.meeting_id)
    plan("Partnership", 4, "Hall")
    first = cancel("The hall is flooded.")
    assert seen() == ("Partnership", 4, "Hall", "CANCELLED", first)
    told = follow(hall, where)
    plan("Partners", 5, "Library")
    assert seen() == ("Partnership", 4, "Hall", "CANCELLED", first)
    assert follow(hall, where) == told, "no calendar sees a change"
    with hall.database.writing() as uow:
        meetings.announce(uow, fay, meeting_id=hall.meeting_id)
    assert seen()[:4] == ("Partners", 5, "Library", "CONFIRMED")
    assert hall.meeting().revision > first
    second = cancel("The library too.")
    with hall.database.reading() as uow:
        mail = uow.session.execute(select(Job).order_by(Job.id.desc())).scalars().first()
        assert mail is not None
        assert "DTSTART:20260506T080000Z" in mail.payload["mail"]["calendar"], "its own day"
    plan("Partners", 6, "Barn")
    assert seen() == ("Partners", 5, "Library", "CANCELLED", second)


def test_homework_counts_up_with_every_change_of_what_it_says(hall: Hall, clock: SetClock) -> None:
    fay, ana = hall.who["Fay"], hall.who["Ana"]
    where = address(hall, "Ana")
    with hall.database.writing() as uow:
        homework.give(
            uow, fay, group_id=hall.group_id, item_id=hall.item_id, asked="Read it.", due_on=date(2026, 3, 5),
            person_ids=[ana.person_id or 0],
        )  # fmt: skip
        above = uow.session.get_one(Item, hall.item_id).parent_id
    seen: list[tuple[int, str, str]] = []

    def look() -> None:
        (event,) = follow(hall, where).values()
        seen.append((int(event["sequence"]), event["last-modified"].dt.isoformat(), str(event["url"])))
        clock.advance(minutes=5)

    look()
    look()
    assert seen[0] == seen[1], "nothing has changed"
    with hall.database.writing() as uow:
        other = items.add_item(
            uow, fay, group_id=hall.group_id, kind=Kind.CRITERION, title="Gains", parent_id=above, text="All share."
        )
        uow.flush()
        descent.merge(uow, fay, item_id=other.id, other_id=hall.item_id)
    look()
    with hall.database.writing() as uow:
        title = uow.lock(Document, documents.documents_of(uow.session, [other.id])[other.id][Field.TITLE].id)
        documents.replace_text(uow, fay, title, "Gains and losses")
    look()
    with hall.database.writing() as uow:
        outline.restore_item(uow, fay, item_id=hall.item_id)
    look()
    for day in (6, 5):
        with hall.database.writing() as uow:
            homework.change(uow, fay, homework_id=1, group_id=hall.group_id, due_on=date(2026, 3, day))
        look()
    numbers, changed, links = zip(*seen[1:], strict=True)
    assert sorted(set(numbers)) == list(numbers)
    assert sorted(set(changed)) == list(changed)
    assert [link.rpartition("/")[2] for link in links] == [
        str(each) for each in (hall.item_id, other.id, other.id, *[hall.item_id] * 3)
    ]


def test_an_address_stops_when_it_is_renewed_taken_away_or_its_owner_goes(hall: Hall) -> None:
    first = address(hall, "Ana")
    second = address(hall, "Ana")
    assert first != second
    with pytest.raises(NotFound):
        follow(hall, first)
    assert follow(hall, second) == {}
    with hall.database.writing() as uow:
        calendars.revoke(uow, hall.who["Ana"])
        calendars.revoke(uow, hall.who["Ana"])
    assert address(hall, "Leo") != ""
    third = address(hall, "Ana")
    with hall.database.writing() as uow:
        uow.session.get_one(Person, hall.who["Ana"].person_id).disabled_at = uow.now
    for where in (second, third, third.replace("/calendar/", "/calendar/1"), "/calendar/.ics", "/calendar/x-y.ics",
                  f"/calendar/{hall.who['Leo'].person_id}-{third.rpartition('/')[2].partition('-')[2]}"):  # fmt: skip
        with pytest.raises(NotFound):
            follow(hall, where)
    leo = address(hall, "Leo")
    with hall.database.writing() as uow:
        privacy.erase_me(uow, hall.who["Leo"])
    with pytest.raises(NotFound):
        follow(hall, leo)
    with hall.database.writing() as uow, pytest.raises(NotFound):
        calendars.make(uow, Actor())


def test_it_holds_all_ones_groups_and_none_that_one_has_left(hall: Hall) -> None:
    fay = hall.who["Fay"]
    with hall.database.writing() as uow:
        meetings.announce(uow, fay, meeting_id=hall.meeting_id)
        other = groups.create_group(uow, SYSTEM, slug="other", name="Other")
        person = accounts.find_person(uow.session, "ana@example.org")
        assert person is not None
        groups.add_member(uow, SYSTEM, group_id=other.id, person=person, role=Role.FACILITATOR, constituency="Legal")
        ana = Actor(person_id=person.id, name=person.name)
        made = meetings.plan_meeting(uow, ana, group_id=other.id, title="Else", day=date(2026, 5, 1), at=time(9))
        meetings.announce(uow, ana, meeting_id=made.id)
    where = address(hall, "Ana")
    assert set(follow(hall, where)) == {f"session-{hall.meeting_id}", f"session-{made.id}"}
    with hall.database.writing() as uow:
        rows = memberships.members(uow, fay, group_id=hall.group_id)
        row = next(each for each in rows if each.person_id == person.id)
        memberships.remove(uow, fay, group_id=hall.group_id, membership_id=row.id)
    assert set(follow(hall, where)) == {f"session-{made.id}"}
