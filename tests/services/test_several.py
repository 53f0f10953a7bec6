"""One thing done to several items: all or none, one line of what happened, and a way back to how each stood."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from app.policy import Actor
from app.services import activity, documents, items, outline, several
from app.uow import Database
from models.documents import Document, Field
from models.items import Item, Kind, Status
from tests import wordings
from tests.cast import Cast
from tests.conftest import SetClock

DRAFT, IDEA, PARKED, AGREED, GONE = Status.DRAFT, Status.IDEA, Status.PARKED, Status.AGREED, Status.WITHDRAWN


@pytest.fixture
def add(database: Database, people: Cast) -> Callable[..., int]:
    def make(status: Status = DRAFT, parent: int | None = None) -> int:
        with database.writing() as uow:
            return items.add_item(
                uow, people.facilitator, group_id=people.group_id, title="An item", status=status, parent_id=parent,
                kind=Kind.CRITERION if parent else Kind.ELEMENT,
            ).id  # fmt: skip

    return make


def statuses(database: Database, *ids: int) -> list[Status]:
    with database.reading() as uow:
        return [uow.session.get_one(Item, id_).status for id_ in ids]


def told(database: Database, people: Cast) -> list[str]:
    with database.reading() as uow:
        return [line.sentence for line in activity.list_activity(uow, people.member, group_id=people.group_id)]


def move(database: Database, who: Actor, people: Cast, wanted: dict[int, Status]) -> dict[int, Status]:
    with database.writing() as uow:
        return several.set_statuses(uow, who, group_id=people.group_id, wanted=wanted)


def test_statuses_and_the_way_back(database: Database, people: Cast, add: Callable[..., int]) -> None:
    first, second, third = add(DRAFT), add(IDEA), add(PARKED)
    before = move(database, people.member, people, dict.fromkeys((first, second, third), PARKED))
    assert before == {first: DRAFT, second: IDEA}
    assert statuses(database, first, second, third) == [PARKED] * 3
    assert told(database, people)[0] == "moved E1 and E2 to parked"
    move(database, people.member, people, before)
    assert statuses(database, first, second, third) == [DRAFT, IDEA, PARKED]


def test_withdrawing_takes_along_and_restoring_brings_back(
    database: Database, people: Cast, add: Callable[..., int]
) -> None:
    first = add()
    under, own = add(IDEA, first), add(DRAFT, first)
    with database.writing() as uow:
        outline.withdraw_item(uow, people.member, item_id=own)
    other = add()
    with database.writing() as uow:
        gone = several.withdraw(uow, people.member, group_id=people.group_id, item_ids=[under, other, first])
    assert [item.id for item in gone] == [first, other], "what stands under another that was chosen goes with it"
    assert statuses(database, first, under, own, other) == [GONE] * 4
    assert told(database, people)[0] == "withdrew E1 and E2"
    with database.writing() as uow:
        several.restore(uow, people.member, group_id=people.group_id, item_ids=[item.id for item in gone])
    assert statuses(database, first, under, own, other) == [DRAFT, IDEA, GONE, DRAFT]


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_of_two_who_write_at_once_neither_is_overlooked(
    database: Database, people: Cast, add: Callable[..., int], clock: SetClock
) -> None:
    first, second = add(), add()
    known = {each: wordings.text_of(database, each, Field.TITLE).id for each in (first, second)}
    clock.advance(minutes=1)
    with database.writing() as slow:
        documents.replace_text(slow, people.member, slow.lock(Document, known[first]), "Other words")
        clock.advance(seconds=1)
        with database.writing() as fast:
            documents.replace_text(fast, people.member, fast.lock(Document, known[second]), "Others too")
        clock.advance(seconds=1)
        with database.reading() as uow:
            read = several.seen(uow, people.group_id)
    with pytest.raises(Conflict, match="just when this page was made"), database.writing() as uow:
        several.set_statuses(uow, people.facilitator, group_id=people.group_id, wanted={first: AGREED}, read=read)
    with database.reading() as uow:
        again = several.seen(uow, people.group_id)
    with database.writing() as uow:
        several.set_statuses(uow, people.facilitator, group_id=people.group_id, wanted={first: AGREED}, read=again)


def test_one_refusal_changes_nothing(database: Database, people: Cast, add: Callable[..., int]) -> None:
    draft, agreed, gone = add(DRAFT), add(AGREED), add(GONE)
    with database.writing() as uow:
        foreign = items.add_item(
            uow, people.stranger, group_id=people.other_group_id, kind=Kind.ELEMENT, title="Theirs"
        ).id

    def refused(error: type[DomainError], who: Actor, wanted: dict[int, Status]) -> None:
        with pytest.raises(error):
            move(database, who, people, wanted)

    refused(Forbidden, people.member, {draft: PARKED, agreed: PARKED})
    refused(Forbidden, people.member, {draft: AGREED})
    refused(Forbidden, people.observer, {draft: PARKED})
    refused(NotFound, people.stranger, {draft: PARKED})
    refused(NotFound, people.member, {draft: PARKED, foreign: PARKED})
    refused(Conflict, people.member, {draft: PARKED, gone: PARKED})
    refused(Invalid, people.member, {})
    refused(Invalid, people.member, {draft: GONE})
    refused(Invalid, people.member, dict.fromkeys(range(1, several.MOST + 2), PARKED))
    for act in (several.withdraw, several.restore):
        with pytest.raises(NotFound), database.writing() as uow:
            act(uow, people.member, group_id=people.group_id, item_ids=[draft, foreign])
    with pytest.raises(Forbidden), database.writing() as uow:
        several.withdraw(uow, people.member, group_id=people.group_id, item_ids=[draft, agreed])
    assert statuses(database, draft, agreed, gone, foreign) == [DRAFT, AGREED, GONE, IDEA]
    assert move(database, people.facilitator, people, {draft: AGREED, agreed: DRAFT}) == {draft: DRAFT, agreed: AGREED}


def test_a_long_list_is_told_in_short(database: Database, people: Cast, add: Callable[..., int]) -> None:
    move(database, people.member, people, {add(): PARKED for _ in range(8)})
    assert told(database, people)[0] == "moved E1, E2, E3, E4, E5, E6 and 2 more to parked"


def test_whose_changes(database: Database, people: Cast, add: Callable[..., int]) -> None:
    first, second = add(), add()
    with database.writing() as uow:
        text = documents.documents_of(uow.session, [second])[second][Field.TEXT]
        documents.replace_text(uow, people.peer, uow.lock(Document, text.id), "New words.")
    with database.reading() as uow:
        wrote = {
            who.person_id: several.changed_by(uow.session, people.group_id, who.person_id or 0)
            for who in (people.facilitator, people.peer, people.member)
        }
    assert wrote == {
        people.facilitator.person_id: {first, second}, people.peer.person_id: {second}, people.member.person_id: set(),
    }  # fmt: skip
