"""What is new since one was last here: what others did, in a fixed number of queries, for nobody but the reader."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.errors import Invalid, NotFound
from app.policy import Actor
from app.services import comments, decisions, history, items, outline, overview, stages, suggestions, visits
from app.services.since import Since, since
from app.uow import Database
from models.documents import Field
from models.items import Kind, Status
from models.suggestions import SuggestionState
from tests.cast import Cast, counting
from tests.conftest import SetClock
from tests.rooms import Hall, build_hall
from tests.wordings import rewrite


def look(database: Database, actor: Actor, group_id: int, moment: datetime) -> Since:
    with database.reading() as uow:
        return since(uow, actor, group_id=group_id, moment=moment)


def add(database: Database, actor: Actor, group_id: int, title: str, status: Status = Status.DRAFT) -> int:
    with database.writing() as uow:
        return items.add_item(
            uow, actor, group_id=group_id, kind=Kind.ELEMENT, title=title, text="Partners share gain.", status=status
        ).id


def test_words_of_others_are_new_with_the_difference_from_then(
    database: Database, people: Cast, clock: SetClock
) -> None:
    changed = add(database, people.member, people.group_id, "Money")
    mine = add(database, people.member, people.group_id, "Mine")
    clock.advance(days=1)
    rewrite(database, people.peer, changed, "Partners share gain and loss.")
    moment = clock.now
    clock.advance(hours=1)
    rewrite(database, people.peer, changed, "All partners share gain and loss.")
    rewrite(database, people.member, changed, "A reason.", Field.WHY)
    rewrite(database, people.member, mine, "Only I wrote here.")
    fresh = add(database, people.facilitator, people.group_id, "Fresh")
    found = look(database, people.member, people.group_id, moment).reworded
    assert {(line.item_id, line.is_new, tuple(line.names)) for line in found} == {
        (changed, False, ("Peer Invented",)), (fresh, True, ("Facilitator Invented",)),
    }  # fmt: skip
    line = next(line for line in found if line.item_id == changed)
    assert line.mark == "1.2.0.0"
    with database.reading() as uow:
        parts = history.compare(uow, people.member, changed, line.mark, "1.3.1.0")
    assert [part.field for part in parts if part.changed] == [Field.TEXT, Field.WHY]
    assert look(database, people.peer, people.group_id, clock.now).count == 0


def test_what_became_of_my_suggestion_and_what_others_suggest(
    database: Database, people: Cast, clock: SetClock
) -> None:
    item_id = add(database, people.facilitator, people.group_id, "Money", Status.AGREED)

    def suggest(actor: Actor, text: str) -> int:
        with database.writing() as uow:
            return suggestions.suggest(uow, actor, item_id=item_id, field=Field.TEXT, text=text, version=1).id

    mine, other = suggest(people.member, "Partners share gains."), suggest(people.peer, "Partners share gain fairly.")
    moment = clock.now - timedelta(seconds=1)
    clock.advance(minutes=5)
    with database.writing() as uow:
        suggestions.reject(uow, people.facilitator, suggestion_id=mine, answer="Not now.")
    seen = look(database, people.member, people.group_id, moment)
    (answered,) = seen.answered
    assert (answered.suggestion.state, answered.suggestion.answer) == (SuggestionState.REJECTED, "Not now.")
    assert (answered.decided_by, answered.reference) == ("Facilitator Invented", "E1")
    assert [(line.item_id, line.count) for line in seen.suggested] == [(item_id, 1)]
    assert look(database, people.peer, people.group_id, moment).suggested == []
    with database.writing() as uow:
        outline.withdraw_item(uow, people.facilitator, item_id=item_id)
    assert look(database, people.member, people.group_id, moment).suggested == [], "nobody can decide about that"
    with database.writing() as uow:
        outline.restore_item(uow, people.facilitator, item_id=item_id)
        suggestions.withdraw(uow, people.peer, suggestion_id=other)
    assert look(database, people.peer, people.group_id, moment).answered == [], "what I did myself is no news"
    with database.writing() as uow:
        talk = comments.start(uow, people.peer, item_id=item_id, words="Why so?")
        said = comments.reply(uow, people.facilitator, discussion_id=talk.id, words="We said why.")
    assert [line.count for line in look(database, people.member, people.group_id, moment).commented] == [2]
    assert [line.count for line in look(database, people.peer, people.group_id, moment).commented] == [1]
    with database.writing() as uow:
        comments.take_back(uow, people.facilitator, comment_id=said.id)
    assert look(database, people.peer, people.group_id, moment).commented == []


def test_sessions_and_decisions(database: Database, clock: SetClock) -> None:
    hall: Hall = build_hall(database)
    moment = clock.now
    hall.open("Ana")
    clock.advance(minutes=10)
    with database.writing() as uow:
        decisions.log_decision(uow, hall.who["Fay"], meeting_id=hall.meeting_id, sentence="We meet in Leeds.")
    with database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    ana, leo, fay = (look(database, hall.who[name], hall.group_id, moment) for name in ("Ana", "Leo", "Fay"))
    assert [line.was_there for line in (*ana.held, *leo.held)] == [True, False]
    assert [line.decision.sentence for line in leo.decided] == ["We meet in Leeds."]
    assert fay.decided == [], "she recorded it herself"


def test_nobody_outside_is_told_anything(database: Database, people: Cast) -> None:
    with database.reading() as uow:
        for actor in (people.stranger, people.nobody, Actor()):
            with pytest.raises(NotFound):
                since(uow, actor, group_id=people.group_id, moment=uow.now)
    with database.writing() as uow, pytest.raises(NotFound):
        visits.note(uow, people.stranger, group_id=people.group_id, shows=True)
    with database.writing() as uow, pytest.raises(NotFound):
        visits.read_all(uow, people.stranger, group_id=people.group_id, until=uow.now)


def test_the_overview_says_welcome_first_and_then_what_is_new(
    database: Database, people: Cast, clock: SetClock
) -> None:
    def visit() -> Since | None:
        with database.reading() as uow:
            seen = overview.look(uow, people.member, group_id=people.group_id)
        with database.writing() as uow:
            visits.note(uow, people.member, group_id=people.group_id, shows=True)
        return seen.since

    assert visit() is None
    clock.advance(minutes=4)
    assert visit() is None, "somebody new is new for the whole visit"
    clock.advance(days=2)
    add(database, people.peer, people.group_id, "Money")
    for _ in range(3):  # glances on three days
        found = visit()
        assert found is not None
        assert [line.title for line in found.reworded] == ["Money"]
        clock.advance(days=1)
    with database.writing() as uow:
        visits.read_all(uow, people.member, group_id=people.group_id, until=clock.now)
    found = visit()
    assert found is not None
    assert found.count == 0
    with database.writing() as uow:
        visits.take_back(uow, people.member, group_id=people.group_id)
    found = visit()
    assert found is not None
    assert found.count == 1
    with pytest.raises(Invalid), database.writing() as uow:
        visits.read_all(uow, people.member, group_id=people.group_id, until=clock.now + timedelta(seconds=1))


def test_many_changes_take_no_more_queries_than_one(database: Database, people: Cast, clock: SetClock) -> None:
    moment = clock.now - timedelta(minutes=1)
    counts = []
    for _ in range(2):
        for number in range(4):
            item_id = add(database, people.peer, people.group_id, f"Number {number}")
            rewrite(database, people.facilitator, item_id, "Other words.")
        with counting(database) as statements:
            look(database, people.member, people.group_id, moment)
        counts.append(len([one for one in statements if not one.startswith(("BEGIN", "ROLLBACK"))]))
    assert counts[0] == counts[1] <= 11
