"""Decisions are numbered, bound to exact words, and follow those words when they change; actions stay until done."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from functools import partial

import docx
import pytest
from sqlalchemy import select

from app.errors import Conflict, Invalid, NotFound
from app.services import (
    actions,
    corrections,
    decisions,
    descent,
    documents,
    exports,
    history,
    items,
    minutes,
    outline,
    packs,
    polls,
    rooms,
    stages,
    suggestions,
    versions,
)
from app.services.companions import Including
from app.uow import Database
from models.documents import Document, Field
from models.groups import Group
from models.items import Item, Kind, Status
from models.meetings import Meeting
from models.polls import Action, Choice, Outcome, Poll
from tests.conftest import SetClock
from tests.rooms import Hall, build_hall


@pytest.fixture
def hall(database: Database) -> Hall:
    built = build_hall(database)
    built.open("Ana", "Leo")
    return built


def vote(hall: Hall, **answers: Choice) -> int:
    """A closed vote on the hall's item."""
    with hall.database.writing() as uow:
        poll = polls.open_poll(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)
        for name, choice in answers.items():
            polls.vote(uow, hall.who[name], poll_id=poll.id, choice=choice, reason="Because")
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll.id)
        return poll.id


def decide(hall: Hall, poll_id: int, outcome: Outcome, because: str = "") -> int:
    with hall.database.writing() as uow:
        return decisions.record_decision(
            uow, hall.who["Fay"], poll_id=poll_id, outcome=outcome, sentence="So be it.", departs_because=because
        ).id


def write(hall: Hall, text: str) -> None:
    """Change the item's text, as a facilitator's editor would."""
    with hall.database.writing() as uow:
        found = documents.documents_of(uow.session, [hall.item_id])[hall.item_id][Field.TEXT]
        documents.replace_text(uow, hall.who["Fay"], uow.lock(Document, found.id), text)


def standing(hall: Hall) -> str:
    with hall.database.reading() as uow:
        return decisions.standings(uow.session, hall.group_id, [hall.item_id])[hall.item_id][1]


def status(hall: Hall) -> Status:
    with hall.database.reading() as uow:
        return uow.session.get_one(Item, hall.item_id).status


def test_an_outcome_that_departs_from_the_rule_needs_a_reason(hall: Hall) -> None:
    poll_id = vote(hall, Ana=Choice.NO, Leo=Choice.YES)
    with pytest.raises(Invalid) as refused:
        decide(hall, poll_id, Outcome.AGREED)
    assert set(refused.value.fields) == {"departs_because"}
    assert status(hall) is Status.PROPOSED
    decide(hall, poll_id, Outcome.AGREED, "Ana is content once it is minuted")
    assert status(hall) is Status.AGREED
    with pytest.raises(Conflict, match="Decision 1 was recorded"):
        decide(hall, poll_id, Outcome.NOT_AGREED)


@pytest.mark.parametrize(
    ("answer", "outcome", "after"),
    [
        (Choice.RESERVATIONS, Outcome.RESERVATIONS, Status.RESERVATIONS),
        (Choice.NO, Outcome.NOT_AGREED, Status.PROPOSED),
        (Choice.NO, Outcome.DEFERRED, Status.PROPOSED),
    ],
)
def test_the_items_status_follows_the_decision(hall: Hall, answer: Choice, outcome: Outcome, after: Status) -> None:
    decide(hall, vote(hall, Ana=answer, Leo=Choice.YES), outcome)
    assert status(hall) is after


def test_a_room_looks_at_a_decision_until_it_turns_to_something_else(hall: Hall) -> None:
    hall.advance()
    with hall.database.writing() as uow:
        stages.show_item(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)
    decide(hall, vote(hall, Ana=Choice.NO, Leo=Choice.YES), Outcome.NOT_AGREED)
    assert shows_poll(hall)
    with hall.database.writing() as uow:
        other = uow.session.execute(select(Item.id).where(Item.id != hall.item_id)).scalars().first()
        stages.show_item(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=other)
    assert not shows_poll(hall)


def shows_poll(hall: Hall) -> bool:
    with hall.database.reading() as uow:
        console = rooms.read_console(uow, hall.who["Fay"], meeting_id=hall.meeting_id, group_id=hall.group_id)
        return console.room.shows_poll


def test_who_records_a_decision_is_told_that_the_words_have_moved(hall: Hall) -> None:
    poll_id = vote(hall, Ana=Choice.YES, Leo=Choice.YES)

    def moved() -> bool:
        with hall.database.reading() as uow:
            poll = uow.session.get_one(Poll, poll_id)
            return polls.view(uow.session, poll, person_id=hall.who["Fay"].person_id, facilitates=True).moved

    assert not moved()
    write(hall, "Small practices apart.")
    assert moved()
    write(hall, "Partners share leadership.")
    assert not moved()


def test_the_minutes_tell_of_a_vote_without_a_decision(hall: Hall) -> None:
    vote(hall, Ana=Choice.YES)
    with hall.database.reading() as uow:
        drafted = minutes.compose(uow, uow.session.get_one(Meeting, hall.meeting_id))
    assert "No decision was recorded.\n\nThe vote on C1.1 closed, and no decision was recorded on it." in drafted
    decide(hall, vote(hall, Ana=Choice.YES, Leo=Choice.YES), Outcome.AGREED)
    with hall.database.reading() as uow:
        drafted = minutes.compose(uow, uow.session.get_one(Meeting, hall.meeting_id))
    assert drafted.count("no decision was recorded on it") == 1
    assert "No decision was recorded." not in drafted


def test_the_minutes_quote_what_was_decided_on_and_what_was_asked_for(hall: Hall) -> None:
    write(hall, "Small practices apart.")
    decide(hall, vote(hall, Ana=Choice.NO, Leo=Choice.YES), Outcome.NOT_AGREED)
    with hall.database.reading() as uow:
        drafted = minutes.compose(uow, uow.session.get_one(Meeting, hall.meeting_id))
    assert "> Small practices apart.\n" in drafted
    assert "What change would let those who said no live with it: “Because”" in drafted
    assert "live with it: “Because”; " not in drafted


def frozen(hall: Hall) -> tuple[str, bool]:
    """How the item stands in a version that is locked now, and whether its file says that its words are others."""
    with hall.database.writing() as uow:
        made = versions.freeze(uow, hall.who["Fay"], group_id=hall.group_id, reason="To see.", with_ideas=True)
        [item] = [each for each in versions.items_of(uow.session, made.id) if each.reference == "C1.1"]
        whole = versions.read(uow, hall.who["Fay"], version_id=made.id)
        content = versions.content(whole.version.title, whole.items, whole.terms)
        assert whole.is_intact
        marked = any(each.get("changed_since_decided") for each in content["items"])
        return item.status_words, marked


def test_a_decision_shows_what_changed_and_two_blocs_keep_it(hall: Hall) -> None:
    decision_id = decide(hall, vote(hall, Ana=Choice.YES, Leo=Choice.YES), Outcome.AGREED)
    assert standing(hall) == "stands"
    write(hall, "Partners share the leadership.")
    assert standing(hall) == "changed"
    with hall.database.reading() as uow:
        page = decisions.read_decision(uow, hall.who["Ana"], decision_id=decision_id, group_id=hall.group_id)
        assert [(each.field, each.then, each.now) for each in page.changed] == [
            (Field.TEXT, "Partners share leadership.", "Partners share the leadership.")
        ]
        with pytest.raises(NotFound):
            decisions.read_decision(uow, hall.who["Ana"], decision_id=decision_id, group_id=hall.group_id + 1)
    assert frozen(hall) == ("agreed, changed since decided", True)
    with hall.database.writing() as uow:
        made = corrections.propose_correction(uow, hall.who["Leo"], decision_id=decision_id)
    with hall.database.writing() as uow, pytest.raises(Conflict, match="from another"):
        corrections.confirm_correction(uow, hall.who["Fay"], correction_id=made.id)
    assert standing(hall) == "changed"
    with hall.database.writing() as uow:
        corrections.confirm_correction(uow, hall.who["Pat"], correction_id=made.id)
    assert standing(hall) == "corrected"
    assert frozen(hall) == ("agreed", False)
    write(hall, "One partner leads.")
    assert standing(hall) == "changed", "a confirmed correction covers those words only"
    with hall.database.writing() as uow:
        again = corrections.propose_correction(uow, hall.who["Leo"], decision_id=decision_id)
    write(hall, "Nobody leads.")
    with hall.database.writing() as uow, pytest.raises(Conflict, match="changed again"):
        corrections.confirm_correction(uow, hall.who["Pat"], correction_id=again.id)


def test_a_sheet_of_the_pack_says_that_its_words_are_not_those_decided_on(hall: Hall) -> None:
    decide(hall, vote(hall, Ana=Choice.YES, Leo=Choice.YES), Outcome.AGREED)

    def changed() -> list[bool]:
        with hall.database.reading() as uow:
            pack = packs.pack(uow, hall.who["Ana"], meeting_id=hall.meeting_id, group_id=hall.group_id)
            return [sheet.changed for sheet in pack.sheets if sheet.entry.item.id == hall.item_id]

    assert changed() == [False]
    write(hall, "Small practices apart.")
    assert changed() == [True]


def test_the_moment_of_a_decision_has_the_words_that_were_voted_on(hall: Hall, clock: SetClock) -> None:
    poll_id = vote(hall, Ana=Choice.YES, Leo=Choice.YES)
    clock.advance(minutes=1)
    write(hall, "Small practices apart.")
    clock.advance(minutes=1)
    decide(hall, poll_id, Outcome.AGREED)
    with hall.database.reading() as uow:
        moments = history.timeline(uow, hall.who["Ana"], hall.item_id, most=9)
        (made,) = [each for each in moments if each.kind == "decision"]
        words = history.words_at(uow, hall.who["Ana"], hall.item_id, made.mark)
        assert (words[Field.TEXT], moments.index(made)) == ("Partners share leadership.", 0)
        assert history.named(uow, hall.who["Ana"], hall.item_id, made.address) is not None


def test_what_is_written_while_nobody_holds_a_session_is_of_none(hall: Hall, clock: SetClock) -> None:
    def sessions() -> list[int | None]:
        with hall.database.reading() as uow:
            edits = [each for each in history.timeline(uow, hall.who["Ana"], hall.item_id, most=9) if each.changes]
            return [each.meeting.number if each.meeting else None for each in edits]

    def pause(on: bool) -> None:
        with hall.database.writing() as uow:
            stages.pause(uow, hall.who["Fay"], meeting_id=hall.meeting_id, on=on)

    hall.advance()
    pause(True)
    clock.advance(minutes=15)
    write(hall, "In a break.")
    pause(False)
    clock.advance(minutes=15)
    pause(True)
    clock.advance(minutes=90)
    write(hall, "While it stands still.")
    before = sessions()
    clock.advance(days=9)
    write(hall, "At home.")
    assert before[:2] == [1, 1], "it may go on"
    assert sessions()[:3] == [None, None, 1]
    with hall.database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    assert sessions()[:3] == [None, None, 1]


def test_a_version_tells_of_the_decisions_before_it_and_judges_its_own_words(hall: Hall, clock: SetClock) -> None:
    def exported(number: int | None = None) -> list[tuple[int, str]]:
        kind = exports.export_draft if number is None else partial(exports.export_version, number=number)
        with hall.database.reading() as uow:
            file = kind(
                uow, hall.who["Fay"], group_id=hall.group_id, form="docx", including=Including(decisions=True)
            )  # fmt: skip
        rows = [
            [cell.text for cell in row.cells]
            for table in docx.Document(io.BytesIO(file.body)).tables
            for row in table.rows
        ]
        return [(int(row[0]), row[-1]) for row in rows if row[0].isdigit()]

    def freeze() -> None:
        with hall.database.writing() as uow:
            versions.freeze(uow, hall.who["Fay"], group_id=hall.group_id, reason="For the panel.", with_ideas=True)
        clock.advance(minutes=1)

    decide(hall, vote(hall, Ana=Choice.YES, Leo=Choice.YES), Outcome.AGREED)
    freeze()
    write(hall, "Others.")
    freeze()
    decide(hall, vote(hall, Ana=Choice.NO, Leo=Choice.YES), Outcome.NOT_AGREED)
    assert exported(1) == [(1, "Stands")]
    assert exported(2) == [(1, "Changed since decided")]
    assert exported() == [(1, "Followed by a later decision"), (2, "Stands")]


def test_a_later_decision_takes_the_place_of_an_earlier_one(hall: Hall) -> None:
    first = decide(hall, vote(hall, Ana=Choice.YES), Outcome.AGREED)
    write(hall, "New words")
    second = decide(hall, vote(hall, Ana=Choice.NO), Outcome.NOT_AGREED)
    assert status(hall) is Status.PROPOSED, "an agreement that is refused later no longer stands"
    with hall.database.reading() as uow:
        lines = decisions.list_decisions(uow, hall.who["Ola"], group_id=hall.group_id)
    assert [(line.decision.id, line.decision.number, line.superseded) for line in lines] == [
        (second, 2, False),
        (first, 1, True),
    ]


def test_a_decision_says_where_its_item_has_gone(hall: Hall) -> None:
    decide(hall, vote(hall, Ana=Choice.YES, Leo=Choice.YES), Outcome.AGREED)
    fay = hall.who["Fay"]

    def gone() -> decisions.Gone | None:
        with hall.database.reading() as uow:
            [line] = decisions.list_decisions(uow, hall.who["Ola"], group_id=hall.group_id)
            return line.gone

    assert gone() is None
    with hall.database.writing() as uow:
        parent = uow.session.get_one(Item, hall.item_id).parent_id
        into = items.add_item(
            uow, fay, group_id=hall.group_id, kind=Kind.CRITERION, title="Into", parent_id=parent, status=Status.DRAFT
        )
        reference, into_id = into.reference, into.id
        outline.withdraw_item(uow, fay, item_id=hall.item_id)
    found = gone()
    assert found is not None
    assert (found.into_id, found.in_words("C1.1")) == (None, "C1.1 is withdrawn")
    with hall.database.writing() as uow:
        outline.restore_item(uow, fay, item_id=hall.item_id)
        descent.merge(uow, fay, item_id=into_id, other_id=hall.item_id)
    found = gone()
    assert found is not None
    assert (found.into_id, found.in_words("C1.1")) == (into_id, f"C1.1 was merged into {reference}")
    with hall.database.reading() as uow:
        _name, file = minutes.decision_log_file(uow, fay, group_id=hall.group_id)
    assert f"was merged into {reference}" in zipfile.ZipFile(io.BytesIO(file)).read("word/document.xml").decode()
    with hall.database.writing() as uow:
        outline.restore_item(uow, fay, item_id=hall.item_id)
    assert gone() is None


def test_an_action_is_due_today_or_later_in_the_groups_zone(hall: Hall, clock: SetClock) -> None:
    ana, group = hall.who["Ana"], hall.group_id
    with hall.database.writing() as uow:
        uow.session.get_one(Group, group).time_zone = "Pacific/Auckland"  # where it is the next day already
    clock.advance(hours=4)
    today = date(2026, 3, 3)

    def due(day: date | None) -> Action:
        with hall.database.writing() as uow:
            return actions.add_action(uow, ana, group_id=group, what="Write to partners", due_on=day)

    for over in (date(2020, 1, 1), clock.now.date()):
        with pytest.raises(Invalid) as refused:
            due(over)
        assert refused.value.fields == {"due_on": "That day is over: choose today or a later day"}
    known = due(today)

    def change(what: str, day: date | None) -> None:
        with hall.database.writing() as uow:
            actions.edit_action(
                uow, ana, action_id=known.id, group_id=group, what=what, owner_id=None, due_on=day
            )  # fmt: skip

    clock.advance(days=9)
    change("Write to all partners", today)  # what is stored stays
    with pytest.raises(Invalid) as refused:
        change("Write", date(2026, 3, 4))
    assert "due_on" in refused.value.fields


def test_actions_are_numbered_owned_dated_and_done(hall: Hall, clock: SetClock) -> None:
    ana, group = hall.who["Ana"], hall.group_id
    with hall.database.writing() as uow:
        late = actions.add_action(
            uow, ana, group_id=group, what="Write to partners", owner_id=ana.person_id, due_on=date(2026, 3, 3)
        )
        actions.add_action(uow, ana, group_id=group, what="Think", meeting_id=hall.meeting_id)
        with pytest.raises(Invalid) as refused:
            actions.add_action(uow, ana, group_id=group, what=" ", owner_id=987654)
        assert set(refused.value.fields) == {"what", "owner_id"}
    clock.advance(days=2)
    with hall.database.writing() as uow, pytest.raises(NotFound):
        actions.set_done(uow, ana, action_id=late.id, group_id=group + 1, done=True)
    with hall.database.writing() as uow:
        lines = actions.list_actions(uow, hall.who["Ola"], group_id=group)
        assert [(line.action.number, line.owner, line.overdue) for line in lines] == [
            (1, "Ana Acute", True),
            (2, "", False),
        ]
        actions.set_done(uow, ana, action_id=late.id, group_id=group, done=True)
        lines = actions.list_actions(uow, ana, group_id=group, meeting_id=hall.meeting_id)
        assert [line.action.what for line in lines] == ["Think"]


@pytest.mark.parametrize("minutes", [5, -1])
@pytest.mark.parametrize("by", ["decision", "version"])
def test_accepting_is_not_taken_back_once_the_group_has_bound_the_words(
    hall: Hall, clock: SetClock, by: str, minutes: int
) -> None:
    """Also where who binds them began before who accepted, and had to wait."""
    decide(hall, vote(hall, Ana=Choice.YES), Outcome.AGREED)
    with hall.database.writing() as uow:
        text = documents.documents_of(uow.session, [hall.item_id])[hall.item_id][Field.TEXT]
        made = suggestions.suggest(
            uow, hall.who["Ana"], item_id=hall.item_id, field=Field.TEXT, text=f"{text.text} At night.",
            version=text.version,
        ).id  # fmt: skip
    frozen(hall)
    with hall.database.writing() as uow:  # a decision and a version that hold the words of before are no obstacle
        suggestions.accept(uow, hall.who["Fay"], suggestion_id=made)
        suggestions.unaccept(uow, hall.who["Fay"], suggestion_id=made)
        suggestions.accept(uow, hall.who["Fay"], suggestion_id=made)
    clock.advance(minutes=minutes)
    if by == "decision":
        decide(hall, vote(hall, Ana=Choice.YES), Outcome.AGREED)
    else:
        frozen(hall)
    with pytest.raises(Conflict, match="as they stand"), hall.database.writing() as uow:
        suggestions.unaccept(uow, hall.who["Fay"], suggestion_id=made)
