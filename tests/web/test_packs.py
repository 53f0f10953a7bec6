"""A session on paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time

import pytest
from sqlalchemy import select

from app.errors import NotFound
from app.policy import Actor
from app.services import homework, items, meetings, outline, packs
from app.uow import Database
from models.items import Item
from models.meetings import Meeting, StageKind
from tests.cast import SLUG, Browser, Cast
from tests.scripted import build_blueprint


@pytest.fixture
def meeting(database: Database, people: Cast) -> Meeting:
    """A session that takes up C1.1, C1.1 again, and P1, in this order."""
    build_blueprint(database, people)
    with database.writing() as uow:
        by = {each.reference: each.id for each in items.items_of(uow.session, people.group_id)}
        made = meetings.plan_meeting(
            uow, people.facilitator, group_id=people.group_id, title="Aims", day=date(2026, 4, 1), at=time(10),
        )  # fmt: skip
        stages = meetings.stages_of(uow.session, made.id)
        for stage, reference in zip(stages, ("C1.1", "C1.1", "P1"), strict=False):
            stage.kind, stage.item_id = StageKind.DISCUSS, by[reference]
        meetings.announce(uow, people.facilitator, meeting_id=made.id)
    return made


def test_each_item_of_the_run_sheet_is_a_sheet_once_in_the_order_it_comes_up(
    client_of: Callable[[Actor], Browser], people: Cast, meeting: Meeting
) -> None:
    observer = client_of(people.observer)
    address = f"/g/{SLUG}/sessions/{meeting.id}"
    assert f"{address}/pack" in observer.get(address).text
    page = observer.get(f"{address}/pack").text
    assert re.findall(r'pack__reference">([^<]+)<', page) == ["C1.1", "P1"]
    assert "One list of aims for all." in page
    ids = {reference: id_ for id_, reference in re.findall(r'value="(\d+)"[^>]*>\s*<label[^>]*>(\S+) ', page)}
    shown = observer.get(f"{address}/pack?items=999999999&items=x&items={ids['C1.9']}").text
    assert re.findall(r'pack__reference">([^<]+)<', shown) == ["C1.1", "P1", "C1.9"]
    more = observer.get(f"{address}/pack?under=yes").text
    assert re.findall(r'pack__reference">([^<]+)<', more) == ["C1.1", "S1.1.1", "P1"]


def test_what_is_homework_for_the_session_has_a_sheet_that_says_so(
    client_of: Callable[[Actor], Browser], database: Database, people: Cast, meeting: Meeting
) -> None:
    with database.writing() as uow:
        by = {each.reference: each.id for each in items.items_of(uow.session, people.group_id)}
        for reference, asked in (("C1.9", "Write the first words."), ("P1", "Say what is missing.")):
            homework.give(
                uow, people.facilitator, group_id=people.group_id, item_id=by[reference], asked=asked,
                person_ids=[people.member.person_id or 0], due_on=date(2026, 3, 30),
            )  # fmt: skip
    page = client_of(people.observer).get(f"/g/{SLUG}/sessions/{meeting.id}/pack").text
    assert re.findall(r'pack__reference">([^<]+)<', page) == ["C1.1", "P1", "C1.9"]
    assert (page.count("Write the first words."), page.count("Nobody replied")) == (1, 2)
    assert page.count("Session 1: Aims · 1 April 2026") == 3, "a loose sheet says where it belongs"


def test_what_is_withdrawn_is_left_out_and_strangers_find_nothing(
    database: Database, people: Cast, meeting: Meeting
) -> None:
    with database.writing() as uow:
        item_id = uow.session.execute(select(Item.id).where(Item.reference == "C1.1")).scalar_one()
        outline.withdraw_item(uow, people.facilitator, item_id=item_id)
        found = packs.pack(uow, people.member, meeting_id=meeting.id, group_id=people.group_id, under=True)
        assert [each.entry.item.reference for each in found.sheets] == ["P1"]
        for actor, group_id in ((people.stranger, people.group_id), (people.stranger, people.other_group_id)):
            with pytest.raises(NotFound):
                packs.pack(uow, actor, meeting_id=meeting.id, group_id=group_id)
