"""The demonstration's story: told whole or not at all, once, the same each time, and by the use cases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.errors import Conflict
from app.policy import SYSTEM
from app.services import decisions, groups, meetings, minutes, results, story, versions
from app.services.rounds import rated_items
from app.services.story import people, telling
from app.uow import Database
from models.accounts import Person
from models.groups import Group, Membership, Role
from models.items import Item, Status
from models.meetings import MeetingState
from models.polls import Outcome
from models.validation import Round, RoundState, Seat
from models.versions import Version
from tests.conftest import SetClock


# The use cases are tested on both engines; telling all of it takes seconds.
@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_the_story_is_told_once_and_as_it_is_written(database: Database, clock: SetClock) -> None:
    assert story.tell_once(database)
    assert not story.tell_once(database)
    with database.reading() as uow:
        session = uow.session
        group = session.execute(select(Group).where(Group.slug == "northmere")).scalar_one()
        assert "2015" in group.setting

        roles = dict(
            session.execute(
                select(Membership.role, func.count()).where(Membership.group_id == group.id).group_by(Membership.role)
            ).all()
        )
        assert roles == {Role.FACILITATOR: 3, Role.MEMBER: 16, Role.OBSERVER: 1, Role.PANEL_MANAGER: 1, Role.GUEST: 1}
        twice = select(Membership.person_id).group_by(Membership.person_id).having(func.count() > 1)
        assert len(session.execute(twice).all()) == 2
        assert session.execute(select(Person.name).where(Person.is_administrator)).scalars().all() == ["Robin Heron"]

        wanted = {
            each: Status(status)
            for status, names in telling.read_content()["story"]["statuses"].items()
            for each in names
        }
        statuses = dict(session.execute(select(Item.reference, Item.status).where(Item.group_id == group.id)).all())
        assert len(statuses) == 93
        assert all(statuses[_reference(name)] is status for name, status in wanted.items())

        held = meetings.list_meetings(uow, SYSTEM, group_id=group.id)
        assert [each.state for each in held] == [
            MeetingState.APPROVED, MeetingState.APPROVED, MeetingState.ANNOUNCED, *[MeetingState.DRAFT] * 3,
        ]  # fmt: skip
        assert timedelta(0) < held[2].starts_at - clock.now < timedelta(days=12)
        page = minutes.read_minutes(uow, SYSTEM, meeting_id=held[1].id, group_id=group.id)
        assert page.document is not None
        assert "for Helen Hawthorn)" in page.document.text

        log = {line.decision.number: line for line in decisions.list_decisions(uow, SYSTEM, group_id=group.id)}
        assert {line.standing for line in log.values()} == {"stands", "corrected", "changed", "no_words"}
        assert [line.item_reference for line in log.values() if line.decision.outcome is Outcome.NOT_AGREED] == ["P13"]
        assert [line.item_reference for line in log.values() if line.standing == "corrected"] == ["P6"]
        assert {line.item_reference for line in log.values() if line.standing == "changed"} == {"C1.3", "C2.2", "P13"}

        version = session.execute(select(Version).where(Version.group_id == group.id)).scalar_one()
        assert versions.read(uow, SYSTEM, version_id=version.id).is_intact
        assert version.decision_id is not None
        assert log[29].decision.id == version.decision_id

        first, second = session.execute(
            select(Round).where(Round.group_id == group.id).order_by(Round.number)
        ).scalars()
        assert (first.state, second.state) == (RoundState.CLOSED, RoundState.OPEN)
        assert second.closes_at is not None
        assert timedelta(days=29) < second.closes_at - clock.now < timedelta(days=31)
        assert [item.reference for item in rated_items(session, second.id)] == CONTESTED
        begun = session.execute(select(Seat).where(Seat.round_id == second.id, Seat.started_at.is_not(None))).scalars()
        assert len(begun.all()) == 2
        assert results.stored_result(session, first) is not None


CONTESTED = ["C2.2", "C3.1", "C3.4", "C4.1", "C4.2", "C4.5"]


def _reference(name: str) -> str:
    """E1.1a of the files is S1.1.1 of the product."""
    if name[0] == "P" or "." not in name:
        return name
    number, letter = (name[1:-1], name[-1]) if name[-1].isalpha() else (name[1:], "")
    return f"S{number}.{ord(letter) - 96}" if letter else f"C{number}"


def test_an_interrupted_story_leaves_nothing(database: Database) -> None:
    def stumble(teller: telling.Teller) -> None:
        raise Conflict("The lights went out.")

    with pytest.raises(Conflict):
        story.tell_once(database, chapters=(people.tell, stumble))
    with database.reading() as uow:
        assert uow.session.execute(select(func.count()).select_from(Person)).scalar() == 0


def test_a_server_with_a_group_is_left_alone(database: Database) -> None:
    with database.writing() as uow:
        groups.create_group(uow, SYSTEM, slug="ours", name="Our own group")
    assert not story.tell_once(database)
