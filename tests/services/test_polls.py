"""Votes: who may vote is fixed when they open, answers stay hidden until they close, nobody votes twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app.errors import Conflict, Forbidden, Gone, Invalid
from app.policy import Actor
from app.services import attendance, decisions, descent, documents, items, outline, polls, suggestions
from app.uow import Database, UnitOfWork
from models.documents import Document, Field
from models.items import Item, Kind
from models.polls import Ballot, Choice, Outcome, Poll
from models.suggestions import Suggestion
from tests.rooms import Hall, build_hall


@pytest.fixture
def hall(database: Database) -> Hall:
    return build_hall(database)


def ask(hall: Hall) -> int:
    """Open a vote on the hall's item, as Fay."""
    with hall.database.writing() as uow:
        return polls.open_poll(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id).id


def cast(hall: Hall, poll_id: int, who: Actor, choice: Choice | None, reason: str = "") -> None:
    with hall.database.writing() as uow:
        polls.vote(uow, who, poll_id=poll_id, choice=choice, reason=reason)


def seen(hall: Hall, poll_id: int, who: Actor | None, *, facilitates: bool = False) -> polls.PollView:
    with hall.database.reading() as uow:
        poll = uow.session.get_one(Poll, poll_id)
        return polls.view(uow.session, poll, person_id=who.person_id if who else None, facilitates=facilitates)


def test_the_electorate_is_who_is_here_with_a_vote_when_it_opens(hall: Hall) -> None:
    hall.open("Ana", "Ola")
    deputy = hall.guest("Dee Deputy", "Industry")
    with hall.database.writing() as uow:
        attendance.set_deputy(
            uow, hall.who["Fay"], meeting_id=hall.meeting_id, person_id=deputy.person_id or 0,
            for_person_id=hall.who["Pat"].person_id,
        )  # fmt: skip
    poll_id = ask(hall)
    with hall.database.writing() as uow:
        attendance.arrive(uow, hall.who["Leo"], meeting_id=hall.meeting_id)
        attendance.leave(uow, hall.who["Ana"], meeting_id=hall.meeting_id)
    voices = {voice.name: (voice.standing_for, voice.constituency) for voice in seen(hall, poll_id, None).voices}
    assert voices == {
        "Fay Facilitator": ("", "Research"),
        "Ana Acute": ("", "Acute provider"),
        "Dee Deputy": ("Pat Patient", "Patients and carers"),
    }, "observers and latecomers have no ballot; a deputy has the member's"
    for name in ("Leo", "Ola", "Pat"):
        with pytest.raises(Forbidden, match="no ballot"):
            cast(hall, poll_id, hall.who[name], Choice.YES)
    cast(hall, poll_id, deputy, Choice.YES)


def test_words_one_could_live_with_become_a_suggestion_once_the_result_is_shown(hall: Hall) -> None:
    hall.open("Ana", "Pat")
    poll_id = ask(hall)
    with hall.database.reading() as uow:
        words = uow.session.get_one(Poll, poll_id).words["text"]
        version = documents.documents_of(uow.session, [hall.item_id])[hall.item_id][Field.TEXT].version

    def answer(name: str, choice: Choice, text: str, reason: str = "Too wide.") -> None:
        with hall.database.writing() as uow:
            polls.vote(uow, hall.who[name], poll_id=poll_id, choice=choice, reason=reason, words=text)

    def waiting() -> list[tuple[str, str, str]]:
        with hall.database.reading() as uow:
            found = suggestions.of_item(uow, hall.who["Fay"], hall.item_id)
        return [(each.author, each.after, each.suggestion.reason) for each in found]

    answer("Pat", Choice.NO, f"{words} in writing")
    answer("Pat", Choice.NO, f"{words} in public")  # changed while the vote is open
    answer("Ana", Choice.RESERVATIONS, words)  # as it stands: nothing to suggest
    answer("Fay", Choice.YES, f"{words} somehow")
    assert waiting() == [], "nothing of an answer is seen before it is shown"
    with hall.database.writing() as uow:
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll_id)
    with hall.database.writing() as uow:
        text = documents.documents_of(uow.session, [hall.item_id])[hall.item_id][Field.TEXT]
        documents.replace_text(uow, hall.who["Fay"], uow.lock(Document, text.id), f"So: {words}")
    assert waiting() == []
    for _ in range(2):
        with hall.database.writing() as uow:
            polls.show_result(uow, hall.who["Fay"], poll_id=poll_id)
    assert waiting() == [("Pat Patient", f"So: {words} in public", "Too wide.")]
    voices = {voice.name: voice.suggests for voice in seen(hall, poll_id, hall.who["Ana"]).voices}
    assert voices == {"Fay Facilitator": False, "Ana Acute": False, "Pat Patient": True}
    with hall.database.writing() as uow:
        decisions.record_decision(
            uow, hall.who["Fay"], poll_id=poll_id, outcome=Outcome.NOT_AGREED, sentence="Not agreed."
        )
    assert len(waiting()) == 1, "shown once, suggested once"
    with hall.database.reading() as uow:
        assert uow.session.execute(select(Suggestion.made_for)).scalar_one() == version


def test_what_was_decided_has_been_seen_and_is_suggested_once(hall: Hall) -> None:
    hall.open("Ana")
    poll_id = ask(hall)
    with hall.database.writing() as uow:
        polls.vote(uow, hall.who["Ana"], poll_id=poll_id, choice=Choice.NO, reason="Too wide.", words="Other words.")
    with hall.database.writing() as uow:
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll_id)
    with hall.database.writing() as uow:
        decisions.record_decision(uow, hall.who["Fay"], poll_id=poll_id, outcome=Outcome.NOT_AGREED, sentence="No.")
    with hall.database.writing() as uow:
        polls.show_result(uow, hall.who["Fay"], poll_id=poll_id)
    with hall.database.reading() as uow:
        assert uow.session.execute(select(func.count()).select_from(Suggestion)).scalar_one() == 1


def test_a_deputy_votes_for_the_member_and_never_both(hall: Hall) -> None:
    hall.open("Ana")
    deputy, other = hall.guest("Dee Deputy", "Industry"), hall.guest("Dan Deputy", "Industry")
    place = {"meeting_id": hall.meeting_id, "for_person_id": hall.who["Pat"].person_id}
    with hall.database.writing() as uow:
        attendance.set_deputy(uow, hall.who["Fay"], person_id=deputy.person_id or 0, **place)
        with pytest.raises(Conflict, match="deputy here already"):
            attendance.set_deputy(uow, hall.who["Fay"], person_id=other.person_id or 0, **place)
        with pytest.raises(Conflict, match="nobody votes twice"):
            attendance.set_deputy(uow, hall.who["Fay"], person_id=hall.who["Ana"].person_id or 0, **place)
        attendance.arrive(uow, hall.who["Pat"], meeting_id=hall.meeting_id)
    names = {voice.name for voice in seen(hall, ask(hall), None).voices}
    assert names == {"Fay Facilitator", "Ana Acute", "Pat Patient", "Dan Deputy"}, "the member came after all"


def test_answers_are_hidden_until_closed_then_named_and_shown_by_the_facilitator(hall: Hall) -> None:
    hall.open("Ana", "Leo")
    poll_id = ask(hall)
    with pytest.raises(Invalid) as refused:
        cast(hall, poll_id, hall.who["Ana"], Choice.NO, "  ")
    assert set(refused.value.fields) == {"reason"}
    with pytest.raises(Invalid):
        cast(hall, poll_id, hall.who["Ana"], None)
    cast(hall, poll_id, hall.who["Ana"], Choice.YES)
    cast(hall, poll_id, hall.who["Ana"], Choice.NO, "Name the lead")
    open_view = seen(hall, poll_id, hall.who["Fay"], facilitates=True)
    assert open_view.voted == 1
    assert "Name the lead" not in repr(open_view.voices)
    assert all(voice.choice is None for voice in open_view.voices)
    assert open_view.split == []
    with hall.database.writing() as uow, pytest.raises(Forbidden):
        polls.close_poll(uow, hall.who["Ana"], poll_id=poll_id)
    with hall.database.writing() as uow:
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll_id)
    with pytest.raises(Gone):
        cast(hall, poll_id, hall.who["Leo"], Choice.YES)
    assert seen(hall, poll_id, hall.who["Leo"]).split == [], "facilitators see the result first"
    first = seen(hall, poll_id, hall.who["Fay"], facilitates=True)
    assert first.suggested is Outcome.NOT_AGREED
    assert {row.constituency: row.counts for row in first.split}["Acute provider"] == [0, 0, 1]
    with hall.database.writing() as uow:
        polls.show_result(uow, hall.who["Fay"], poll_id=poll_id)
    named = {voice.name: voice.reason for voice in seen(hall, poll_id, hall.who["Leo"]).voices}
    assert named["Ana Acute"] == "Name the lead"


def test_the_words_are_locked_while_a_vote_is_open(hall: Hall) -> None:
    hall.open("Ana")
    poll_id = ask(hall)
    with hall.database.writing() as uow:
        item = uow.session.get_one(Item, hall.item_id)
        assert polls.open_poll_on(uow.session, hall.item_id)
        assert items.may_write(uow.session, hall.who["Fay"], item).access == "read"
        with pytest.raises(Conflict, match="vote is open already"):
            polls.open_poll(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)
        polls.cancel_poll(uow, hall.who["Fay"], poll_id=poll_id)
        assert not polls.open_poll_on(uow.session, hall.item_id)
        assert items.may_write(uow.session, hall.who["Ana"], item).access == "write"
        poll = uow.session.get_one(Poll, poll_id)
        texts = documents.documents_of(uow.session, [hall.item_id])[hall.item_id]
        assert poll.words["text"] == texts[Field.TEXT].text


def test_what_is_voted_on_is_not_moved_along_with_what_it_stands_under(hall: Hall) -> None:
    lead, group_id = hall.who["Fay"], hall.group_id
    with hall.database.writing() as uow:
        over = uow.session.get_one(Item, hall.item_id).parent_id or 0
        other = items.add_item(uow, lead, group_id=group_id, kind=Kind.ELEMENT, title="Risk").id
    acts: tuple[Callable[[UnitOfWork], object], ...] = (
        lambda uow: outline.shift_item(uow, lead, item_id=over, by=1),
        lambda uow: descent.merge(uow, lead, item_id=other, other_id=over),
        lambda uow: outline.restore_item(uow, lead, item_id=over),
    )
    hall.open("Ana")
    for number, act in enumerate(acts):
        poll_id = ask(hall)
        with pytest.raises(Conflict, match=r"A vote on C1\.1 is open"), hall.database.writing() as uow:
            act(uow)
        with hall.database.writing() as uow:
            polls.cancel_poll(uow, lead, poll_id=poll_id)
            act(uow)
        with hall.database.reading() as uow:
            assert uow.session.get_one(Item, hall.item_id).parent_id == (other if number == 1 else over)


def test_voting_twice_at_once_leaves_one_ballot(hall: Hall) -> None:
    """Two tabs, one person: one row, the last answer."""
    hall.open("Ana")
    poll_id = ask(hall)
    barrier = threading.Barrier(4)

    def press(choice: Choice) -> None:
        barrier.wait()
        cast(hall, poll_id, hall.who["Ana"], choice)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(press, (Choice.YES, Choice.RESERVATIONS) * 2))
    with hall.database.reading() as uow:
        assert uow.session.execute(select(func.count()).select_from(Ballot)).scalar() == 1
