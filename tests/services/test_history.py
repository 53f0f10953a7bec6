"""The time line: moments out of the log of changes, old words at any of them, and bringing them back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select, update

import migrations
from app.calc.authorship import Run, from_json
from app.calc.changes import difference, replace, to_units
from app.errors import Conflict, Forbidden, NotFound
from app.policy import Actor
from app.services import documents, history, items, suggestions, texts
from app.services.history import BEGINNING
from app.uow import Database
from models.documents import Document, Field, TextSnapshot
from models.items import Item, Kind, Status
from models.meetings import Meeting, MeetingState
from models.polls import Decision, Outcome
from models.suggestions import Suggestion, SuggestionState
from tests.cast import Cast
from tests.conftest import SetClock
from tests.wordings import by_turns, text_of


@pytest.fixture
def item(database: Database, people: Cast) -> Item:
    with database.writing() as uow:
        return items.add_item(
            uow,
            people.member,
            group_id=people.group_id,
            kind=Kind.ELEMENT,
            title="Legal",
            text="One.",
            status=Status.DRAFT,
        )


def write(database: Database, actor: Actor, item: Item, text: str, field: Field = Field.TEXT) -> None:
    with database.writing() as uow:
        document = documents.documents_of(uow.session, [item.id])[item.id][field]
        documents.replace_text(uow, actor, document, text)


def moments(database: Database, people: Cast, item: Item) -> list[history.Moment]:
    with database.reading() as uow:
        return history.timeline(uow, people.observer, item.id, most=50)


def test_a_moment_is_one_person_without_a_pause(database: Database, people: Cast, item: Item, clock: SetClock) -> None:
    clock.advance(minutes=4)
    write(database, people.member, item, "One. Two.")
    write(database, people.peer, item, "Because.", Field.WHY)
    clock.advance(minutes=4)
    write(database, people.member, item, "One. Two. Three.")
    clock.advance(minutes=6)
    write(database, people.member, item, "Four.")
    found = moments(database, people, item)
    assert [(moment.name.split()[0], moment.fields, moment.changes) for moment in found] == [
        ("Member", [Field.TEXT], 1),
        ("Member", [Field.TITLE, Field.TEXT], 4),
        ("Peer", [Field.WHY], 1),
    ]
    assert [moment.mark for moment in found] == ["1.4.1.0", "1.3.1.0", "1.2.1.0"]
    with database.reading() as uow:
        assert history.words_at(uow, people.observer, item.id, "1.2.1.0")[Field.TEXT] == "One. Two."


def test_sessions_decisions_and_pauses_part_moments(
    database: Database, people: Cast, item: Item, clock: SetClock
) -> None:
    clock.advance(minutes=1)
    with database.writing() as uow:
        meeting = Meeting(
            group_id=people.group_id, number=3, title="Third", starts_at=uow.now, opened_at=uow.now, created_at=uow.now,
            state=MeetingState.RUNNING,
        )  # fmt: skip
        uow.session.add(meeting)
    clock.advance(minutes=1)
    write(database, people.member, item, "One, in the session.")
    clock.advance(minutes=1)
    with database.writing() as uow:
        uow.session.add(
            Decision(
                group_id=people.group_id, number=1, meeting_id=meeting.id, item_id=item.id, outcome=Outcome.AGREED,
                sentence="It stands.", decided_at=uow.now,
            )
        )  # fmt: skip
    found = moments(database, people, item)
    kinds = [(moment.kind, moment.meeting.number if moment.meeting else None) for moment in found]
    assert kinds == [("decision", 3), ("edit", 3), ("edit", None)]
    assert found[0].mark == found[1].mark == "1.2.0.0"


def test_words_are_of_the_session_that_began_last(
    database: Database, people: Cast, item: Item, clock: SetClock
) -> None:
    for number in (3, 4):
        clock.advance(minutes=20)
        with database.writing() as uow:
            uow.session.add(
                Meeting(
                    group_id=people.group_id, number=number, title="Held", starts_at=uow.now, opened_at=uow.now,
                    created_at=uow.now, state=MeetingState.RUNNING,
                )
            )  # fmt: skip
        clock.advance(minutes=1)
        write(database, people.member, item, f"One, in session {number}.")
    found = moments(database, people, item)
    assert [moment.meeting.number if moment.meeting else None for moment in found] == [4, 3, None]


def test_the_end_of_a_session_is_a_moment_where_words_changed_in_it(
    database: Database, people: Cast, item: Item, clock: SetClock
) -> None:
    for number, text in ((1, "One, later."), (2, "")):
        clock.advance(minutes=10)
        with database.writing() as uow:
            meeting = Meeting(
                group_id=people.group_id, number=number, title=f"Number {number}", starts_at=uow.now,
                opened_at=uow.now, created_at=uow.now, state=MeetingState.RUNNING,
            )  # fmt: skip
            uow.session.add(meeting)
        clock.advance(minutes=1)
        if text:
            write(database, people.member, item, text)
        clock.advance(minutes=1)
        with database.writing() as uow:
            held = uow.session.get_one(Meeting, meeting.id)
            held.closed_at, held.state = uow.now, MeetingState.CLOSED
    clock.advance(minutes=1)
    write(database, people.peer, item, "After.")
    found = moments(database, people, item)
    assert [(moment.kind, moment.text) for moment in found] == [
        ("edit", ""), ("session", "Number 1"), ("edit", ""), ("edit", ""),
    ]  # fmt: skip
    assert [moment.mark for moment in found] == ["1.3.0.0", "1.2.0.0", "1.2.0.0", "1.1.0.0"]
    with database.reading() as uow:
        at, name = history.written(uow, people.observer, item.id, "1.2.0.0") or (None, "")
        assert (at, name) == (found[2].ended, people.member.name)
        assert history.written(uow, people.observer, item.id, history.BEGINNING) is None


def test_a_long_time_line_is_read_from_its_end(database: Database, people: Cast, item: Item, clock: SetClock) -> None:
    """However many changes there are, the newest moments and their marks are right."""
    for number in range(1, 8):
        clock.advance(minutes=10)
        with database.writing() as uow:
            text = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
            mark, begun = f"{people.member.person_id}.typist{number}", text.version
            for base in range(begun, begun + 700, 100):
                sources = [f'[[0,"a"],{3 + base + step}]' for step in range(100)]
                texts.push(
                    uow, people.member, document_id=text.id, base=base, client=mark, first_seq=base - begun + 1,
                    sources=sources,
                )  # fmt: skip
    with database.reading() as uow:
        few = history.timeline(uow, people.observer, item.id, most=3)
        all_ = history.timeline(uow, people.observer, item.id, most=50)
    assert [moment.changes for moment in few] == [700, 700, 600], "what began before the part that is read counts less"
    assert [moment.mark for moment in few] == [moment.mark for moment in all_[:3]]
    assert (len(all_), [moment.mark for moment in few]) == (8, ["1.4901.0.0", "1.4201.0.0", "1.3501.0.0"])


def test_who_wrote_which_words_is_kept_and_the_log_says_the_same(database: Database, people: Cast, item: Item) -> None:
    write(database, people.member, item, "One and two 😀.")
    write(database, people.peer, item, "One, and a half, and two 😀.")
    with database.reading() as uow:
        found = history.authors(uow, people.observer, item.id)
        text = uow.session.get_one(Document, documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT].id)
        assert text.authors is not None, "kept with each change"
        kept = documents.authors_of(uow.session, text)
    words = found[Field.TEXT]
    units = to_units(words.text)
    mine = "".join(
        units[span.start : span.end] for span in words.spans if words.names.get(span.author) == people.peer.name
    )
    assert mine.replace(" ", "") == ",andahalf,"
    assert sum(share for _, share in words.shares) == pytest.approx(1)
    with database.writing() as uow:
        uow.session.execute(update(Document).values(authors=None))  # as before they were kept
    with database.reading() as uow:
        assert documents.authors_of(uow.session, uow.session.get_one(Document, text.id)) == kept
    write(database, people.peer, item, "One.")
    with database.reading() as uow:
        assert uow.session.get_one(Document, text.id).authors is not None, "kept again with the next change"
        with pytest.raises(NotFound):
            history.authors(uow, people.stranger, item.id)


def test_the_difference_reads_as_words(database: Database, people: Cast, item: Item, clock: SetClock) -> None:
    clock.advance(minutes=10)
    write(database, people.member, item, "- **One** and more.")
    with database.reading() as uow:
        parts = history.compare(uow, people.member, item.id, "1.1.0.0", "1.2.0.0")
    assert [part.field for part in parts if part.changed] == [Field.TEXT]
    shown = [(segment.kind, segment.text) for segment in parts[1].segments]
    assert "".join(text for kind, text in shown if kind != "removed") == "• One and more."


def test_a_title_is_compared_as_it_is_written(database: Database, people: Cast, item: Item, clock: SetClock) -> None:
    clock.advance(minutes=10)
    write(database, people.member, item, "Legal **advice**", Field.TITLE)
    with database.reading() as uow:
        (changed,) = (
            part for part in history.compare(uow, people.member, item.id, "1.1.0.0", "2.1.0.0") if part.changed
        )
    assert [(segment.kind, segment.text) for segment in changed.segments] == [
        ("same", "Legal"), ("added", " **advice**"),
    ]  # fmt: skip


def test_what_made_words_what_they_became(database: Database, people: Cast, item: Item, clock: SetClock) -> None:
    def causes_since(since: datetime) -> list[history.Cause]:
        with database.reading() as uow:
            return history.causes(
                uow.session, group_id=people.group_id, references=[item.reference, "C9.9"], since=since, until=uow.now
            ).get(item.reference, [])

    begun = clock.now
    clock.advance(minutes=1)
    write(database, people.peer, item, "One, and two.")
    write(database, people.member, item, "One, and three.")
    clock.advance(minutes=1)
    with database.writing() as uow:
        document = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        made = suggestions.suggest(
            uow, people.member, item_id=item.id, field=Field.TEXT, text="One, and four.", version=document.version
        )
    clock.advance(minutes=1)
    with database.writing() as uow:
        suggestions.accept(uow, people.facilitator, suggestion_id=made.id)
        uow.session.add(
            Decision(
                group_id=people.group_id, number=1, item_id=item.id, outcome=Outcome.AGREED, sentence="Agreed: 9.",
                words=None, words_sha256=None, decided_at=uow.now,
            )
        )  # fmt: skip
    found = causes_since(begun)
    assert [(each.kind, each.decider) for each in found] == [
        ("decision", ""), ("suggestion", people.facilitator.name), ("edit", ""),
    ]  # fmt: skip
    assert found[0].decision is not None
    assert found[0].decision.sentence == "Agreed: 9."
    assert found[1].names == (people.member.name,)
    assert {people.member.name, people.peer.name} <= set(found[2].names)
    assert causes_since(clock.now) == []


def test_any_version_can_be_read_again_from_the_log_and_from_a_snapshot(
    database: Database, people: Cast, item: Item
) -> None:
    wanted = ["", "One."]
    for number in range(12):
        wanted.append(f"Number {number} 🩺 " + "word " * number)
        write(database, people.member, item, wanted[-1])
    with database.writing() as uow:
        document = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        uow.session.add(TextSnapshot(document_id=document.id, version=6, text=wanted[6], sha256="0" * 64))
        uow.flush()
        assert [history.text_at(uow.session, document, version) for version in range(14)] == wanted
        with pytest.raises(NotFound):
            history.text_at(uow.session, document, 14)


def test_a_text_of_any_length_can_be_read_again(database: Database, people: Cast, item: Item) -> None:
    """Each change of the log has a size that its readers take, whatever was put in at once."""
    long = "é\n🩺" * 24_000
    write(database, people.member, item, long)
    write(database, people.member, item, "Short again.")
    with database.reading() as uow:
        document = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        texts = [history.text_at(uow.session, document, version) for version in range(document.version + 1)]
    assert (texts[0], texts[1], texts[-2], texts[-1]) == ("", "One.", long, "Short again.")


def test_restoring_is_a_change_like_any_other(database: Database, people: Cast, item: Item, clock: SetClock) -> None:
    clock.advance(minutes=10)
    write(database, people.member, item, "Worse.")
    write(database, people.member, item, "Worse title", Field.TITLE)
    clock.advance(minutes=10)
    with database.writing() as uow:
        brought = history.restore(uow, people.peer, item_id=item.id, mark="1.1.0.0")
    assert brought == ([Field.TITLE, Field.TEXT], "2.2.0.0")
    with database.reading() as uow:
        assert documents.words_of(uow.session, item.id)["text"] == "One."
        assert history.mark_now(uow.session, item) == "3.3.0.0"
    newest, before = moments(database, people, item)[:2]
    assert (newest.kind, newest.name, newest.fields) == ("restore", people.peer.name, [Field.TITLE, Field.TEXT])
    assert newest.before == before.mark == "2.2.0.0"
    with pytest.raises(Conflict), database.writing() as uow:
        history.restore(uow, people.peer, item_id=item.id, mark="1.1.0.0")


def typed(database: Database, actor: Actor, item: Item, change: Callable[[str], str]) -> None:
    """One change of an item's words as an editor sends it: what stays at both ends is kept."""
    with database.writing() as uow:
        document = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        source = difference(to_units(document.text), to_units(change(document.text))).to_json()
        texts.push(
            uow, actor, document_id=document.id, base=document.version, client=f"{actor.person_id}.v{document.version}",
            first_seq=1, sources=[source],
        )  # fmt: skip


def reachable(database: Database, people: Cast, item: Item) -> list[str]:
    """The words of every moment, and of every state between two, newest first."""
    with database.reading() as uow:
        found = history.timeline(uow, people.observer, item.id, most=50)
        states = [state for moment in found for state in (moment, *moment.between)]
        return [history.words_at(uow, people.observer, item.id, state.mark)[Field.TEXT] for state in states]


def test_what_another_took_away_within_minutes_is_a_moment(
    database: Database, people: Cast, item: Item, clock: SetClock
) -> None:
    clock.advance(minutes=10)
    typed(database, people.member, item, lambda text: text + " A clause of the member's.")
    clock.advance(seconds=20)
    typed(database, people.peer, item, lambda _text: "All in other words.")
    clock.advance(seconds=20)
    typed(database, people.member, item, lambda text: text + " And on.")
    found = moments(database, people, item)
    assert [(each.name, each.changes) for each in found] == [
        (people.member.name, 1), (people.peer.name, 1), (people.member.name, 1), (people.member.name, 2),
    ]  # fmt: skip
    assert reachable(database, people, item) == [
        "All in other words. And on.", "All in other words.", "One. A clause of the member's.", "One.",
    ]  # fmt: skip


def test_a_few_letters_taken_one_by_one_are_a_state_between(
    database: Database, people: Cast, item: Item, clock: SetClock
) -> None:
    """Mending each other's words makes no storm of moments, and yet no word of it is out of reach."""
    clock.advance(minutes=10)
    typed(database, people.member, item, lambda text: text + " It is not so.")
    for was, now in ((" not ", " no "), (" no ", " n "), (" n ", "  ")):
        clock.advance(seconds=1)
        typed(database, people.peer, item, lambda text, was=was, now=now: text.replace(was, now))
        typed(database, people.member, item, lambda text: text + "!")
    found = moments(database, people, item)
    assert [(each.name, each.changes) for each in found][:2] == [(people.member.name, 4), (people.peer.name, 3)]
    assert [(each.name, each.mark) for each in found[0].between] == [(people.peer.name, "1.2.0.0")]
    assert "One. It is not so." in reachable(database, people, item)


def test_who_writes_beside_others_has_one_moment(database: Database, people: Cast, item: Item, clock: SetClock) -> None:
    clock.advance(minutes=10)
    with database.writing() as uow:
        document = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        documents.replace_text(uow, people.facilitator, document, "One.\n\nTwo.\n\nThree.")
    clock.advance(minutes=10)
    for number in range(30):
        clock.advance(seconds=1)
        for actor, place in ((people.member, "One"), (people.peer, "Two"), (people.facilitator, "Three")):
            typed(database, actor, item, lambda text, place=place, n=number: text.replace(place, f"{place} {n}", 1))
        typed(database, people.member, item, lambda text: text.replace("One", "Onw", 1))
        typed(database, people.member, item, lambda text: text.replace("Onw", "One", 1))
    found = moments(database, people, item)
    assert [(each.changes, each.between) for each in found[:3]] == [(90, []), (30, []), (30, [])]


def test_a_passage_its_author_takes_out_again_is_a_state_between(
    database: Database, people: Cast, item: Item, clock: SetClock
) -> None:
    clock.advance(minutes=10)
    typed(database, people.member, item, lambda text: text + " A passage that is seen by all, and then gone.")
    clock.advance(seconds=30)
    typed(database, people.member, item, lambda text: text[:-1])
    for _ in range(4):
        typed(database, people.member, item, lambda text: text[:-11])
    typed(database, people.member, item, lambda text: text + " Short.")
    assert [len(each.between) for each in moments(database, people, item)] == [1, 0]
    assert "One. A passage that is seen by all, and then gone." in reachable(database, people, item)


def test_what_an_accepted_suggestion_took_away_is_a_moment(
    database: Database, people: Cast, item: Item, clock: SetClock
) -> None:
    clock.advance(minutes=10)
    typed(database, people.member, item, lambda text: text + " A clause of the member's.")
    with database.writing() as uow:
        made = suggestions.suggest(uow, people.peer, item_id=item.id, field=Field.TEXT, text="Other.", version=2)
    clock.advance(seconds=20)
    with database.writing() as uow:
        suggestions.accept(uow, people.facilitator, suggestion_id=made.id)
    clock.advance(seconds=20)
    typed(database, people.member, item, lambda text: text + " And on.")
    assert "One. A clause of the member's." in reachable(database, people, item)
    assert [each.kind for each in moments(database, people, item)] == ["edit", "suggestion", "edit", "edit"]


def test_a_restore_is_a_moment_of_its_own_and_can_be_undone_after_others_wrote_on(
    database: Database, people: Cast, item: Item, clock: SetClock
) -> None:
    clock.advance(minutes=10)
    write(database, people.facilitator, item, "Legal and fair", Field.TITLE)
    clock.advance(seconds=20)
    typed(database, people.peer, item, lambda text: text + " Of the peer.")
    typed(database, people.member, item, lambda text: text + " Of the member.")
    with database.writing() as uow:
        brought = history.restore(uow, people.facilitator, item_id=item.id, mark="1.1.0.0")
    clock.advance(seconds=20)
    typed(database, people.member, item, lambda text: text + " And on.")
    typed(database, people.facilitator, item, lambda text: text + " And further.")
    found = moments(database, people, item)
    assert [(each.kind, each.name) for each in found[:4]] == [
        ("edit", people.facilitator.name), ("edit", people.member.name), ("restore", people.facilitator.name),
        ("edit", people.member.name),
    ]  # fmt: skip
    assert found[2].before == found[3].mark == brought.before
    with database.writing() as uow:
        history.restore(uow, people.member, item_id=item.id, mark=brought.before)
    assert reachable(database, people, item)[0] == "One. Of the peer. Of the member."
    assert "One. And on. And further." in reachable(database, people, item)


def test_refusals(database: Database, people: Cast, item: Item) -> None:
    write(database, people.member, item, "Now.")
    for mark in ("", "1.1.1", "9.9.9.9", "a.b.c.d", "1.1.0.-1", "²." * 3 + "1"):
        with pytest.raises(NotFound), database.reading() as uow:
            history.words_at(uow, people.member, item.id, mark)
    with pytest.raises(NotFound), database.reading() as uow:
        history.timeline(uow, people.stranger, item.id, most=5)
    with pytest.raises(Forbidden), database.writing() as uow:
        history.restore(uow, people.observer, item_id=item.id, mark=BEGINNING)
    with database.writing() as uow:
        items.set_status(uow, people.facilitator, item_id=item.id, status=Status.AGREED)
    with pytest.raises(Forbidden, match="Agreed: ask a facilitator"), database.writing() as uow:
        history.restore(uow, people.member, item_id=item.id, mark=BEGINNING)


def test_words_that_are_brought_back_are_whose_they_were(database: Database, people: Cast, item: Item) -> None:
    write(database, people.member, item, "First part by one.")
    write(database, people.peer, item, "First part by one. Second part by another.")
    with database.reading() as uow:
        before, mark = history.authors(uow, people.observer, item.id), history.mark_now(uow.session, item)
    write(database, people.facilitator, item, "First: x")
    with database.writing() as uow:
        history.restore(uow, people.facilitator, item_id=item.id, mark=mark)
    with database.reading() as uow:
        after = history.authors(uow, people.observer, item.id)
        moments = history.timeline(uow, people.observer, item.id, most=50)
        text = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        kept = documents.authors_of(uow.session, text)
    assert after[Field.TEXT] == before[Field.TEXT]
    assert [(each.kind, each.name) for each in moments if each.kind == "restore"] == [
        ("restore", people.facilitator.name)
    ]
    with database.writing() as uow:
        uow.session.execute(update(Document).values(authors=None))
        assert documents.authors_of(uow.session, uow.session.get_one(Document, text.id)) == kept


def suggested(database: Database, people: Cast, item: Item, reasons: list[str]) -> None:
    """Words of an item, each of which came by an accepted suggestion of the peer's, for these reasons."""
    with database.writing() as uow:
        text = uow.lock(Document, documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT].id)
        made = [
            Suggestion(
                group_id=item.group_id, document_id=text.id, author_id=people.peer.person_id, reason=reason,
                made_at=uow.now, made_for=1, changes="[1]", carried_to=1, carried="[1]", decided_at=uow.now,
                state=SuggestionState.ACCEPTED, decided_by_id=people.facilitator.person_id,
            )
            for reason in reasons
        ]  # fmt: skip
        uow.session.add_all(made)
        uow.flush()
        whole, additions = to_units(text.text), []
        for number, each in enumerate(made):
            one = replace(len(whole), len(whole), len(whole), to_units(f" {'word' * (1 + number % 9)}"))
            whole = one.apply(whole)
            additions.append(documents.Addition(each.author_id, documents.taken_by(each), 0, one, whole))
        documents.append(uow, text, additions)


def brought_back(database: Database, people: Cast, item: Item) -> int:
    """How many changes it takes to bring an item's words back after others stood in their place."""
    with database.reading() as uow:
        mark = history.mark_now(uow.session, item)
    write(database, people.facilitator, item, "Other.")
    before = text_of(database, item.id).version
    with database.writing() as uow:
        history.restore(uow, people.facilitator, item_id=item.id, mark=mark)
    return text_of(database, item.id).version - before


def test_words_of_many_suggestions_come_back_in_a_change_for_each_whose_they_are(
    database: Database, people: Cast, item: Item
) -> None:
    suggested(database, people, item, ["", "From Word, by Ann", "Clearer.", "From Word, by Ben"] * 20)
    with database.reading() as uow:
        before = history.authors(uow, people.observer, item.id)[Field.TEXT]
    assert set(before.word.values()) == {"Ann", "Ben"}
    assert brought_back(database, people, item) <= 5
    with database.reading() as uow:
        assert history.authors(uow, people.observer, item.id)[Field.TEXT] == before
        text = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        kept = documents.authors_of(uow.session, text)
    with database.writing() as uow:
        uow.session.execute(update(Document).values(authors=None))
        assert documents.authors_of(uow.session, uow.session.get_one(Document, text.id)) == kept


def test_words_of_more_hands_from_word_than_are_kept_come_back_as_of_who_brought_them_in(
    database: Database, people: Cast, item: Item
) -> None:
    suggested(database, people, item, [f"From Word, by Author {number}" for number in range(120)])
    assert brought_back(database, people, item) <= documents.MOST_FROM_WORD + 3
    with database.reading() as uow:
        found = history.authors(uow, people.observer, item.id)[Field.TEXT]
    assert len(found.word) == documents.MOST_FROM_WORD
    assert {found.names[span.author] for span in found.spans if span.author < 0} == {people.peer.name}
    longest = max(span.end - span.start for span in found.spans if span.author < 0)
    assert longest == 37, "those with most words are kept"
    assert people.peer.person_id in {span.author for span in found.spans}


def test_whose_words_are_is_nobodys_that_is_known_where_the_log_takes_too_long_to_tell(
    database: Database, people: Cast, item: Item
) -> None:
    by_turns(database, (people.member, people.peer), item.id, range(documents.MOST_REPLAYED + 1), "long")
    with database.writing() as uow:
        uow.session.execute(update(Document).values(authors=None))
    text = text_of(database, item.id)
    with database.reading() as uow:
        assert documents.authors_of(uow.session, uow.session.get_one(Document, text.id)) == [
            Run(len(to_units(text.text)), 0)
        ]
        assert history.authors(uow, people.observer, item.id)[Field.TEXT].shares == [(0, 1)]
    write(database, people.peer, item, f"{text.text} And on.")
    with database.reading() as uow:
        assert [author for author, _ in history.authors(uow, people.observer, item.id)[Field.TEXT].shares] == [
            0, people.peer.person_id,
        ]  # fmt: skip


def test_whose_words_are_outlives_the_revision_that_keeps_which_came_from_word(
    database: Database, database_url: str, people: Cast, item: Item
) -> None:
    def whose() -> list[tuple[str | None, str | None, float]]:
        with database.reading() as uow:
            found = history.authors(uow, people.observer, item.id)[Field.TEXT]
        return [(found.names.get(author), found.word.get(author), share) for author, share in found.shares]

    writers = people.member, people.facilitator
    by_turns(database, writers, item.id, (25 * number for number in range(1, 200)), "row")
    by_turns(database, writers, item.id, [0, 100_000] * 1_500, "ends")
    suggested(database, people, item, ["From Word, by Ann", "", "From Word, by Ben"])
    before = whose()
    assert [(name, there) for name, there, _ in before[:2]] == [
        (people.member.name, None), (people.facilitator.name, None)
    ]  # fmt: skip
    database.close()
    migrations.downgrade(database_url, "0027")
    with database.reading() as uow:
        (kept,) = uow.session.execute(select(Document.authors).where(Document.item_id == item.id, Document.version > 1))
    assert {run.author for run in from_json(kept[0] or "")} == {
        people.member.person_id, people.facilitator.person_id, people.peer.person_id
    }  # fmt: skip
    migrations.upgrade(database_url)
    assert whose() == before


def test_an_item_keeps_its_title_where_it_had_none(database: Database, people: Cast, item: Item) -> None:
    with database.reading() as uow:
        title = documents.words_of(uow.session, item.id)["title"]
    with database.writing() as uow:
        history.restore(uow, people.facilitator, item_id=item.id, mark=history.BEGINNING)
    with database.reading() as uow:
        assert documents.words_of(uow.session, item.id) == {"title": title, "text": "", "why": "", "summary": ""}
