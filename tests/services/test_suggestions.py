"""Suggestions: carried along while others write, accepted whole or in part, refused with a reason, never lost."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from app.calc.authorship import Run
from app.calc.changes import MAX_SOURCE_CHARACTERS, parse, recall, replace, to_units
from app.calc.differences import change_between
from app.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from app.policy import Actor
from app.services import comments, documents, history, items, notifications, outline, several, suggestions, texts
from app.services.suggestions import Shown
from app.uow import Database
from models.documents import Document, Field, TextChange
from models.items import Item, Kind, Status
from models.notifications import Notification
from models.suggestions import SuggestionState
from tests.cast import Cast
from tests.conftest import SetClock
from tests.wordings import agreed, by_turns, rewrite, text_of

WORDS = "Partners share gain and loss within a corridor."


@dataclass
class Room:
    """One agreed item of a group, with the words above, and short ways to use it."""

    database: Database
    people: Cast
    item_id: int

    def suggest(
        self, actor: Actor, old: str, new: str, *, reason: str = "", version: int | None = None, text: str = "",
        replaces: int | None = None,
    ) -> int:  # fmt: skip
        whole, now = text, version
        with self.database.writing() as uow:
            known = documents.documents_of(uow.session, [self.item_id])[self.item_id][Field.TEXT]
            return suggestions.suggest(
                uow, actor, item_id=self.item_id, field=Field.TEXT, reason=reason, replaces=replaces,
                text=whole or known.text.replace(old, new), version=known.version if now is None else now,
            ).id  # fmt: skip

    def write(self, text: str) -> None:
        rewrite(self.database, self.people.facilitator, self.item_id, text)

    def decide(self, actor: Actor, suggestion_id: int, **more: object) -> None:
        with self.database.writing() as uow:
            suggestions.accept(uow, actor, suggestion_id=suggestion_id, **more)  # type: ignore[arg-type]  # any of its words

    def shown(self, actor: Actor | None = None) -> list[Shown]:
        with self.database.reading() as uow:
            return suggestions.of_item(uow, actor or self.people.observer, self.item_id)

    def would(self, suggestion_id: int) -> str:
        """What the text would read with one of its suggestions."""
        (after,) = (each.after for each in self.shown() if each.suggestion.id == suggestion_id)
        return after

    @property
    def mark(self) -> str:
        """The mark of the words as they stand."""
        with self.database.reading() as uow:
            return history.mark_now(uow.session, uow.session.get_one(Item, self.item_id))

    def bring_back(self, mark: str) -> str:
        """Make the words of a mark those of today; the mark of those before."""
        with self.database.writing() as uow:
            return history.restore(uow, self.people.facilitator, item_id=self.item_id, mark=mark).before

    @property
    def words(self) -> str:
        with self.database.reading() as uow:
            return documents.words_of(uow.session, self.item_id)["text"]


def reopened(database: Database, people: Cast, words: str) -> Room:
    """An item that was agreed with such words and is open again, so that members write in it."""
    room = Room(database, people, agreed(database, people, words).id)
    with database.writing() as uow:
        items.reopen(uow, people.facilitator, item_id=room.item_id)
    return room


@pytest.fixture
def room(database: Database, people: Cast) -> Room:
    return Room(database, people, agreed(database, people, WORDS).id)


def test_a_member_suggests_on_agreed_words_and_a_facilitator_makes_it_so(room: Room) -> None:
    made = room.suggest(room.people.member, "gain and loss", "gains and losses", reason="Plural, as elsewhere.")
    (shown,) = room.shown(room.people.member)
    assert (shown.author, shown.suggestion.reason, shown.before) == ("Member Invented", "Plural, as elsewhere.", WORDS)
    assert shown.after == WORDS.replace("gain and loss", "gains and losses")
    assert (shown.may_decide, shown.may_withdraw) == (False, True)
    assert room.words == WORDS
    with pytest.raises(Forbidden, match="Agreed"):
        room.decide(room.people.peer, made)
    room.decide(room.people.facilitator, made, answer="Yes.")
    assert room.words == WORDS.replace("gain and loss", "gains and losses")
    (shown,) = room.shown()
    assert (shown.suggestion.state, shown.decided_by) == (SuggestionState.ACCEPTED, "Facilitator Invented")
    with room.database.reading() as uow:
        last = uow.session.execute(select(TextChange).order_by(TextChange.at, TextChange.version)).scalars().all()[-1]
        assert last.author_id == room.people.member.person_id, "the words are their author's"
        taken = history.timeline(uow, room.people.observer, room.item_id, most=1)
        assert [(each.kind, each.name, each.decider) for each in taken] == [
            ("suggestion", "Member Invented", "Facilitator Invented")
        ], "and the time line says who accepted them"
    with pytest.raises(Conflict, match="accepted already"):
        room.decide(room.people.facilitator, made)


@pytest.mark.parametrize("changed", [False, True])
def test_from_long_ago_it_is_moved_over_what_differs(room: Room, changed: bool) -> None:
    """A Word document that comes back after months: the log between has thousands of changes."""
    with room.database.reading() as uow:
        text = documents.documents_of(uow.session, [room.item_id])[room.item_id][Field.TEXT]
    mark = f"{room.people.facilitator.person_id}.long"
    for start in range(0, suggestions.FAR + 100, 100):
        units = len(WORDS) + start
        sources = [f'[[0,"a"],{units + step}]' for step in range(100)]
        with room.database.writing() as uow:
            texts.push(
                uow, room.people.facilitator, document_id=text.id, base=text.version + start, client=mark,
                first_seq=start + 1, sources=sources,
            )  # fmt: skip
    if changed:
        room.write(room.words.replace("gain and loss", "everything"))
    wanted = WORDS.replace("gain and", "gains and").replace("corridor", "narrow corridor")
    made = room.suggest(room.people.peer, "", "", version=text.version, text=wanted)
    shown = next(each for each in room.shown(room.people.peer) if each.suggestion.id == made)
    assert shown.in_conflict is changed
    assert shown.after.endswith("share gains and loss within a narrow corridor."), "as it was, or as it is now"
    assert shown.after.startswith("a" * 100) is not changed
    if changed:
        with room.database.writing() as uow:
            apart = suggestions.set_apart(uow, room.people.peer, suggestion_id=made).id
        fits = next(each for each in room.shown() if each.suggestion.id == apart)
        assert fits.after.endswith("aPartners share everything within a narrow corridor.")


def test_sent_twice_it_is_one(room: Room) -> None:
    first = room.suggest(room.people.member, "gain and loss", "gains and losses")
    assert room.suggest(room.people.member, "gain and loss", "gains and losses") == first
    assert room.suggest(room.people.peer, "gain and loss", "gains and losses") != first
    assert len(room.shown()) == 2


def test_one_is_worded_anew_and_nobody_accepts_what_they_have_not_read(room: Room) -> None:
    member, lead = room.people.member, room.people.facilitator
    first = room.suggest(member, "gain and loss", "gains and losses", reason="Plural.")
    second = room.suggest(member, "gain and loss", "gains and any losses", reason="Plural.", replaces=first)
    assert [(each.suggestion.id, each.suggestion.state) for each in room.shown()] == [
        (second, SuggestionState.OPEN), (first, SuggestionState.WITHDRAWN),
    ]  # fmt: skip
    with pytest.raises(Conflict, match="worded it anew"):
        room.decide(lead, first)
    again = room.suggest(member, "gain and loss", "gains and any losses", reason="Plural.", replaces=first)
    assert again == second, "sent twice it is one"
    third = room.suggest(member, "gain and loss", "gains and any losses", reason="As elsewhere.", replaces=second)
    assert third != second, "another reason alone is another wording too"
    assert len([each for each in room.shown() if each.suggestion.state is SuggestionState.OPEN]) == 1


def test_only_ones_own_that_waits_is_worded_anew_and_a_refusal_withdraws_nothing(room: Room) -> None:
    member, lead = room.people.member, room.people.facilitator
    first = room.suggest(member, "gain and loss", "gains and losses")
    with pytest.raises(NotFound):
        room.suggest(room.people.peer, "gain and loss", "nothing", replaces=first)
    with pytest.raises(Invalid):
        room.suggest(member, "", "", text=WORDS, replaces=first)
    assert [each.suggestion.state for each in room.shown()] == [SuggestionState.OPEN]
    with room.database.reading() as uow:
        draft = suggestions.to_replace(uow, member, suggestion_id=first)
        assert draft.text == WORDS.replace("gain and loss", "gains and losses")
        with pytest.raises(NotFound):
            suggestions.to_replace(uow, room.people.peer, suggestion_id=first)
    room.decide(lead, first)
    with pytest.raises(Conflict, match="as a new one"):
        room.suggest(member, "corridor", "band", replaces=first)
    with room.database.reading() as uow, pytest.raises(Conflict, match="as a new one"):
        suggestions.to_replace(uow, member, suggestion_id=first)


def test_what_still_finds_its_words_is_set_apart_and_accepted_while_the_rest_waits(room: Room) -> None:
    member, lead = room.people.member, room.people.facilitator
    wanted = "All partners share gains and losses within a narrow corridor."
    made = room.suggest(member, "", "", text=wanted, reason="Three things.")
    room.write(WORDS.replace("gain and loss", "everything"))
    with pytest.raises(Forbidden), room.database.writing() as uow:
        suggestions.set_apart(uow, room.people.peer, suggestion_id=made)
    with room.database.writing() as uow:
        apart = suggestions.set_apart(uow, lead, suggestion_id=made).id
    rest, fits, whole = room.shown(lead)
    assert (rest.in_conflict, rest.several) == (True, False)
    assert rest.after == WORDS.replace("gain and loss", "gains and losses")
    assert (fits.suggestion.id, fits.in_conflict, fits.author) == (apart, False, "Member Invented")
    assert fits.suggestion.reason == rest.suggestion.reason == "Three things."
    assert fits.suggestion.made_at == rest.suggestion.made_at == whole.suggestion.made_at
    assert fits.after == "All partners share everything within a narrow corridor."
    assert (whole.suggestion.id, whole.suggestion.state) == (made, SuggestionState.WITHDRAWN)
    with room.database.reading() as uow:
        told = uow.session.execute(select(Notification.words)).scalars().all()
        assert any("set apart" in words for words in told), "its author is told"
    stale = (
        lambda uow: suggestions.set_apart(uow, lead, suggestion_id=made),
        lambda uow: suggestions.withdraw(uow, member, suggestion_id=made),
        lambda uow: suggestions.reject(uow, lead, suggestion_id=made, answer="No."),
    )
    for act in stale:
        with pytest.raises(Conflict, match="set apart"), room.database.writing() as uow:
            act(uow)
    with pytest.raises(Conflict, match="as a new one"):
        room.suggest(member, "everything", "all", replaces=made)
    with pytest.raises(Conflict, match="Nothing of this suggestion"), room.database.writing() as uow:
        suggestions.set_apart(uow, member, suggestion_id=rest.suggestion.id)
    room.decide(lead, apart, places=[fits.places[0].key])
    assert room.words == "All partners share everything within a corridor."
    with room.database.writing() as uow:
        suggestions.reject(uow, lead, suggestion_id=rest.suggestion.id, answer="Settled otherwise.")


def test_a_sentence_that_moved_is_accepted_and_set_apart_whole(room: Room) -> None:
    lead, last = room.people.facilitator, "The council names two of its members."
    room.write(f"{WORDS} The plan is kept. {last}")
    room.suggest(room.people.member, "", "", text=f"{last} {WORDS} The whole plan is kept.")
    (made,) = room.shown(lead)
    moved, word = made.places
    assert (moved.places, word.new) == ((0, 2), "whole ")
    now = last.replace("two", "three")
    room.write(f"{WORDS} The plan is kept. {now}")
    with room.database.writing() as uow:
        suggestions.set_apart(uow, lead, suggestion_id=made.suggestion.id)
    rest, fits, _whole = room.shown(lead)
    assert fits.after == f"{WORDS} The whole plan is kept. {now}"
    assert rest.after == f"{last} {WORDS} The plan is kept."
    assert not rest.several, "both its places are one thing, of which nothing can be set apart"


def test_setting_apart_is_bounded_as_all_else_is(room: Room) -> None:
    member = room.people.member
    whole = room.suggest(member, "gain and", "gains and")
    with pytest.raises(Conflict, match="Nothing of this suggestion"), room.database.writing() as uow:
        suggestions.set_apart(uow, member, suggestion_id=whole)
    made = room.suggest(member, "", "", text="All partners share gains and losses within a narrow corridor.")
    for number in range(suggestions.MOST_OPEN - 2):
        room.suggest(member, "a corridor", f"corridor {number}")
    room.write(WORDS.replace("gain and loss", "everything"))
    with pytest.raises(Conflict, match="waiting on this item"), room.database.writing() as uow:
        suggestions.set_apart(uow, member, suggestion_id=made)
    with room.database.writing() as uow:
        outline.withdraw_item(uow, room.people.facilitator, item_id=room.item_id)
    with pytest.raises(Conflict, match="is withdrawn"), room.database.writing() as uow:
        suggestions.set_apart(uow, member, suggestion_id=made)


def test_reading_costs_no_more_however_much_was_written_since(room: Room) -> None:
    """Three suggestions in conflict, each in 200 places, and 1,500 letters that somebody typed between these since."""
    words = " ".join(f"word{at} stays{at}" for at in range(200))
    room.write(words)
    for number in range(3):
        room.suggest(room.people.member, "", "", text=words.replace("word", f"words{number}"))
    room.write(words.replace("word0 ", "wort0 "))
    with room.database.reading() as uow:
        text = documents.documents_of(uow.session, [room.item_id])[room.item_id][Field.TEXT]
    half, length = text.text.index(" word100"), len(text.text)
    for start in range(0, 1500, 100):
        sources = [f'[{half},[0,"a"],{length - half + start + step}]' for step in range(100)]
        with room.database.writing() as uow:
            texts.push(
                uow, room.people.facilitator, document_id=text.id, base=text.version + start,
                client=f"{room.people.facilitator.person_id}.long", first_seq=start + 1, sources=sources,
            )  # fmt: skip
    began = time.process_time()
    shown = room.shown(room.people.facilitator)
    assert time.process_time() - began < 0.5
    assert all(each.in_conflict and each.several for each in shown)


def test_what_another_of_ones_own_says_already_takes_the_place_of_both(room: Room) -> None:
    member = room.people.member
    first = room.suggest(member, "gain and loss", "profit", reason="Short.")
    second = room.suggest(member, "a corridor", "a band", reason="Short.")
    third = room.suggest(member, "gain and loss", "profit", reason="Shorter.", replaces=second)
    states = {each.suggestion.id: (each.suggestion.state, each.suggestion.reason) for each in room.shown()}
    assert states == {
        first: (SuggestionState.WITHDRAWN, "Short."), second: (SuggestionState.WITHDRAWN, "Short."),
        third: (SuggestionState.OPEN, "Shorter."),
    }  # fmt: skip
    same = room.suggest(member, "gain and loss", "profit", reason="Shorter.", replaces=third)
    assert same == third, "sent without a change"


def test_worded_anew_it_begins_with_todays_words_and_what_still_fits(room: Room) -> None:
    member = room.people.member
    made = room.suggest(member, "", "", text="All partners share gains and losses within a narrow corridor.")
    room.write(WORDS.replace("gain and loss", "everything"))
    with room.database.reading() as uow:
        draft = suggestions.to_replace(uow, member, suggestion_id=made)
    assert draft.shown.in_conflict
    assert draft.text == "All partners share everything within a narrow corridor."


def test_into_agreed_words_that_were_not_read_nothing_is_accepted(room: Room) -> None:
    made = room.suggest(room.people.member, "a corridor", "a narrow corridor")
    [read] = room.shown()
    room.write("Never: " + WORDS)
    with pytest.raises(Conflict, match="others than you read"):
        room.decide(room.people.facilitator, made, seen=read.version)
    with pytest.raises(Conflict, match="others than you read"):
        room.decide(room.people.facilitator, made, seen=read.version, places=[])
    [now] = room.shown()
    room.decide(room.people.facilitator, made, seen=now.version)
    assert room.words == "Never: Partners share gain and loss within a narrow corridor."


def test_it_is_decided_where_it_was_read(room: Room) -> None:
    made = room.suggest(room.people.member, "a corridor", "a narrow corridor")
    with room.database.writing() as uow:
        other = items.add_item(
            uow, room.people.facilitator, group_id=room.people.group_id, kind=Kind.ELEMENT, title="B"
        )
    with pytest.raises(Conflict, match="has gone to E1"):
        room.decide(room.people.facilitator, made, item_id=other.id)
    room.decide(room.people.facilitator, made, item_id=room.item_id)


def test_what_waits_on_a_withdrawn_item_is_in_no_list_of_what_is_to_be_decided(room: Room) -> None:
    made = room.suggest(room.people.member, "a corridor", "a narrow corridor")
    listed = []
    with room.database.writing() as uow:
        outline.withdraw_item(uow, room.people.facilitator, item_id=room.item_id)
    with room.database.reading() as uow:
        for mine in (False, True):
            found = suggestions.in_group(uow, room.people.member, group_id=room.people.group_id, mine=mine)
            listed.append([shown.suggestion.id for shown, _ in found])
    assert listed == [[], [made]], "its author still finds it"
    with room.database.writing() as uow:
        outline.restore_item(uow, room.people.facilitator, item_id=room.item_id)
    with room.database.reading() as uow:
        told = [line.notification.words for line in notifications.mine(uow, room.people.member)]
    assert told == [
        "restored E1: what you suggested there can be decided again",
        "withdrew E1: what you suggested there waits until that is restored",
    ]


def test_of_several_that_are_withdrawn_together_an_author_is_told_once(room: Room) -> None:
    chosen = []
    with room.database.writing() as uow:
        for _ in range(3):
            added = items.add_item(
                uow, room.people.facilitator, group_id=room.people.group_id, kind=Kind.ELEMENT, title="A"
            )
            suggestions.suggest(uow, room.people.member, item_id=added.id, field=Field.TITLE, text="Some", version=1)
            chosen.append(added.id)
        under = items.add_item(
            uow, room.people.facilitator, group_id=room.people.group_id, kind=Kind.CRITERION, title="A",
            parent_id=chosen[0],
        )  # fmt: skip
        suggestions.suggest(uow, room.people.member, item_id=under.id, field=Field.TITLE, text="Some", version=1)
        chosen.insert(1, under.id)
    lead, group_id = room.people.facilitator, room.people.group_id
    with room.database.writing() as uow:
        gone = several.withdraw(uow, lead, group_id=group_id, item_ids=chosen)
    with room.database.writing() as uow:
        back = several.restore(uow, lead, group_id=group_id, item_ids=[item.id for item in gone])
    assert [item.reference for item in gone] == [item.reference for item in back] == ["E2", "E3", "E4"]
    with room.database.reading() as uow:
        told = [line.notification.words for line in notifications.mine(uow, room.people.member)]
    assert told == [
        "restored E2, C2.1, E3 and E4: what you suggested there can be decided again",
        "withdrew E2, C2.1, E3 and E4: what you suggested there waits until that is restored",
    ]


def test_of_a_branch_that_is_withdrawn_an_author_is_told_once(room: Room) -> None:
    made = [room.item_id]
    with room.database.writing() as uow:
        for _ in range(8):
            added = items.add_item(
                uow, room.people.facilitator, group_id=room.people.group_id, kind=Kind.CRITERION, title="A",
                parent_id=room.item_id,
            )  # fmt: skip
            made.append(added.id)
    with room.database.writing() as uow:
        for item_id in made[1:]:
            suggestions.suggest(uow, room.people.member, item_id=item_id, field=Field.TITLE, text="Some", version=1)
        outline.withdraw_item(uow, room.people.facilitator, item_id=room.item_id)
    with room.database.reading() as uow:
        (told,) = notifications.mine(uow, room.people.member)
    assert told.notification.words == (
        "withdrew C1.1, C1.2, C1.3, C1.4, C1.5, C1.6 and 2 more: what you suggested there waits until that is restored"
    )
    assert told.notification.path == "blueprint/suggestions?show=mine"


def test_with_all_that_one_may_have_one_of_them_can_still_be_worded_anew(room: Room) -> None:
    made = [
        room.suggest(room.people.member, "a corridor", f"corridor {number}") for number in range(suggestions.MOST_OPEN)
    ]
    with pytest.raises(Conflict, match="Withdraw one first"):
        room.suggest(room.people.member, "a corridor", "a band")
    room.suggest(room.people.member, "a corridor", "a band", replaces=made[0])


def test_one_as_large_as_may_be_is_carried_read_and_decided(room: Room) -> None:
    """Moved along, a change of the longest size is longer still; no reader may stumble over it."""
    room.write("word " * 3_000)
    text = room.words
    wanted = text.replace("word word", "word other").rstrip() + " "
    pad = MAX_SOURCE_CHARACTERS - len(change_between(text, wanted).to_json())
    wanted = wanted.rstrip() + "x" * (pad - 12) + " "
    source = change_between(text, wanted).to_json()
    wanted = wanted.rstrip() + "x" * (MAX_SOURCE_CHARACTERS - len(source)) + " "
    assert len(change_between(text, wanted).to_json()) == MAX_SOURCE_CHARACTERS
    with room.database.reading() as uow:
        version = documents.documents_of(uow.session, [room.item_id])[room.item_id][Field.TEXT].version
    room.write("y" * 5_000 + text)
    with room.database.writing() as uow:
        made = suggestions.suggest(
            uow, room.people.member, item_id=room.item_id, field=Field.TEXT, text=wanted, version=version
        )
        assert len(made.carried) > MAX_SOURCE_CHARACTERS
    assert room.shown()[0].after == "y" * 5_000 + wanted
    with room.database.writing() as uow:
        text_row = documents.documents_of(uow.session, [room.item_id])[room.item_id][Field.TEXT]
        suggestions.carry_along(uow, uow.lock(Document, text_row.id))
    room.decide(room.people.facilitator, made.id)
    assert room.words == "y" * 5_000 + wanted


def test_it_is_carried_while_others_write_and_stands_beside_what_replaced_its_words(room: Room) -> None:
    first = room.suggest(room.people.member, "gain and loss", "gains and losses")
    second = room.suggest(room.people.peer, "gain and loss", "profit and loss")
    room.write("All partners share gain and loss within a narrow corridor.")
    one, other = room.shown()
    assert one.after == "All partners share gains and losses within a narrow corridor."
    assert not one.in_conflict
    room.decide(room.people.facilitator, first)
    one, decided = room.shown()
    assert (one.suggestion.id, decided.suggestion.id) == (second, first)
    assert one.in_conflict
    assert (one.before, one.after) == (
        "All partners share gain and loss within a narrow corridor.",
        "All partners share profit and loss within a narrow corridor.",
    )
    assert one.now == "All partners share gains and losses within a narrow corridor."
    with pytest.raises(Conflict, match="have changed since"):
        room.decide(room.people.facilitator, second)
    assert other.suggestion.id == second


def test_of_two_that_add_words_at_one_place_the_second_is_taken_in_by_hand(room: Room) -> None:
    first = room.suggest(room.people.member, "corridor.", "corridor and one vote.")
    second = room.suggest(room.people.peer, "corridor.", "corridor and two votes.")
    elsewhere = room.suggest(room.people.peer, "Partners", "All partners")
    room.decide(room.people.facilitator, first)
    waiting = {each.suggestion.id: each for each in room.shown() if each.suggestion.id != first}
    assert waiting[second].in_conflict
    assert waiting[second].after == "Partners share gain and loss within a corridor and two votes."
    assert not waiting[elsewhere].in_conflict
    with pytest.raises(Conflict, match="have changed since"):
        room.decide(room.people.facilitator, second)
    room.decide(room.people.facilitator, elsewhere)
    assert room.words == "All partners share gain and loss within a corridor and one vote."


@pytest.mark.parametrize("reason", ["From Word", "From Word, by Anna Editor", f"From Word, by {'A' * 986}"])
def test_a_typed_reason_puts_no_words_into_anybodys_mouth(room: Room, reason: str) -> None:
    first = room.suggest(room.people.member, "gain", "profit", reason=reason)
    second = room.suggest(room.people.member, "corridor", "hall", reason="Shorter.")
    anew = room.suggest(room.people.member, "corridor", "way", reason=reason, replaces=second)
    assert all(len(each.suggestion.reason) <= suggestions.LONGEST_REASON for each in room.shown())
    for each in (first, anew):
        room.decide(room.people.facilitator, each)
    with room.database.reading() as uow:
        assert history.authors(uow, room.people.observer, room.item_id)[Field.TEXT].word == {}
        line = history.timeline(uow, room.people.observer, room.item_id, most=9)
        assert [each.word for each in line if each.kind == "suggestion"] == [None, None]


def take_back(room: Room, suggestion_id: int, actor: Actor | None = None) -> None:
    with room.database.writing() as uow:
        suggestions.unaccept(uow, actor or room.people.facilitator, suggestion_id=suggestion_id)


def test_accepting_is_taken_back_and_it_waits_as_before_with_those_beside_it(room: Room) -> None:
    first = room.suggest(room.people.member, "corridor.", "corridor and one vote.", reason="One each.")
    second = room.suggest(room.people.peer, "corridor.", "corridor and two votes.")
    elsewhere = room.suggest(room.people.peer, "Partners", "All partners")

    def waiting() -> list[tuple[int, bool, str]]:
        return [
            (each.suggestion.id, each.in_conflict, each.after)
            for each in room.shown() if each.suggestion.state is SuggestionState.OPEN
        ]  # fmt: skip

    before = waiting()
    assert [each[:2] for each in before] == [(first, False), (second, False), (elsewhere, False)]
    for _again in range(2):  # accepted and taken back a second time as well
        room.decide(room.people.facilitator, first, answer="Yes.")
        take_back(room, first)
        assert (room.words, waiting()) == (WORDS, before)
    with room.database.reading() as uow:
        line = history.timeline(uow, room.people.observer, room.item_id, most=9)
        assert [each.kind for each in line if each.kind != "edit"] == ["restore", "restore"]
        assert {each.name for each in line} == {"Facilitator Invented"}, "its author wrote nothing that stayed"
        told = uow.session.execute(select(Notification.words)).scalars().all()
        assert not [each for each in told if "accepted" in each], "who has not read of it is not told"
    room.decide(room.people.facilitator, first)
    room.decide(room.people.facilitator, elsewhere)
    with pytest.raises(Conflict, match="changed since"):
        take_back(room, first)
    take_back(room, elsewhere)
    assert room.words == WORDS.replace("corridor.", "corridor and one vote.")
    with pytest.raises(Conflict, match="nothing to take back"):
        take_back(room, elsewhere)


@pytest.mark.parametrize("last_first", [True, False])
def test_acceptances_are_taken_back_one_after_the_other(room: Room, last_first: bool) -> None:
    people = room.people
    with room.database.writing() as uow:
        items.reopen(uow, people.facilitator, item_id=room.item_id)
    begun = runs(room)
    first = room.suggest(people.member, "corridor.", "corridor and one vote.")
    rival = room.suggest(people.peer, "corridor.", "corridor and two votes.")
    then = room.suggest(people.peer, "Partners share", "All partners bear")
    room.decide(people.facilitator, first)
    between = runs(room)
    room.decide(people.facilitator, then)
    if last_first:
        take_back(room, then)
        assert runs(room) == between
        take_back(room, first)
    else:
        take_back(room, first)
        assert room.words == WORDS.replace("Partners share", "All partners bear")
        take_back(room, then)
    assert (room.words, runs(room)) == (WORDS, begun)
    assert {each.suggestion.id: each.in_conflict for each in room.shown()} == {first: False, rival: False, then: False}
    room.decide(people.facilitator, rival)
    room.decide(people.facilitator, then)
    assert room.words == "All partners bear gain and loss within a corridor and two votes."


def test_an_acceptance_is_taken_back_though_others_wrote_elsewhere_and_their_words_stay(room: Room) -> None:
    people = room.people
    with room.database.writing() as uow:
        items.reopen(uow, people.facilitator, item_id=room.item_id)
    first = room.suggest(people.member, "gain and loss", "risk")
    rival = room.suggest(people.peer, "gain and loss", "what comes")
    beside = room.suggest(people.peer, "Partners", "All partners")
    for accepted in (first, rival):
        room.decide(people.facilitator, accepted)
        word = {first: "risk", rival: "what comes"}[accepted]
        assert room.words == WORDS.replace("gain and loss", word)
        rewrite(room.database, people.peer, room.item_id, f"Note: {room.words} Each year.")
        whose = runs(room)
        take_back(room, accepted)
        assert room.words == f"Note: {WORDS} Each year."
        assert {each.suggestion.id: (each.in_conflict, each.after) for each in room.shown()} == {
            first: (False, f"Note: {WORDS.replace('gain and loss', 'risk')} Each year."),
            rival: (False, f"Note: {WORDS.replace('gain and loss', 'what comes')} Each year."),
            beside: (False, f"Note: {WORDS.replace('Partners', 'All partners')} Each year."),
        }
        assert {run.author for run in whose} - {run.author for run in runs(room)} == {-accepted}
        rewrite(room.database, people.peer, room.item_id, WORDS)
    room.decide(people.facilitator, first)
    rewrite(room.database, people.peer, room.item_id, room.words.replace("risk", "risks"))
    with pytest.raises(Conflict, match="words have been changed since"):
        take_back(room, first)
    assert room.words == WORDS.replace("gain and loss", "risks")


@pytest.mark.parametrize("own", [True, False])
def test_where_words_repeat_those_that_wait_stay_at_their_place_when_an_acceptance_is_taken_back(
    database: Database, people: Cast, own: bool
) -> None:
    room = reopened(database, people, "Pay now. Pay now. Pay now. End.")
    second = room.suggest(people.peer, "", "", text="Pay now. Pay later. Pay now. End.")
    end = room.suggest(people.member, "End.", "Stop.")
    room.decide(people.facilitator, second if own else end)
    text = text_of(database, room.item_id)
    with database.writing() as uow:  # the first sentence goes
        whole = to_units(text.text)
        gone = replace(len(whole), 0, len("Pay now. "), to_units(""))
        one = documents.Addition(people.peer.person_id, "9.e", 0, gone, gone.apply(whole))
        documents.append(uow, uow.lock(Document, text.id), [one])
    take_back(room, second if own else end)
    assert room.words == "Pay now. Pay now. End."
    after = room.would(second)
    assert after == "Pay later. Pay now. End."


@pytest.mark.parametrize("since", ["typed", "accepted"])
def test_what_waits_beside_words_that_come_back_stays_on_its_side_of_them(
    database: Database, people: Cast, since: str
) -> None:
    room = reopened(database, people, "Review the yearly corridor. Nothing else.")
    taken = room.suggest(people.member, "yearly ", "")
    beside = room.suggest(people.peer, "yearly", "whole yearly")
    end = room.suggest(people.peer, "else", "more")
    room.decide(people.facilitator, taken)
    if since == "typed":
        room.write(room.words.replace("else", "more"))
    else:
        room.decide(people.facilitator, end)
    take_back(room, taken)
    assert room.words == "Review the yearly corridor. Nothing more."
    after = room.would(beside)
    assert after == "Review the whole yearly corridor. Nothing more."
    room.decide(people.facilitator, beside)
    assert room.words == after


@pytest.mark.parametrize("way", ["undo", "restore"])
def test_what_waits_beside_words_of_several_hands_that_come_back_stays_outside_them(
    database: Database, people: Cast, way: str
) -> None:
    room = reopened(database, people, "The corridor is narrow.")
    rewrite(database, people.peer, room.item_id, "The corridor is narrow and high.")
    mark = room.mark
    taken = room.suggest(people.member, "narrow and high", "fine")
    room.decide(people.facilitator, taken)
    behind = room.suggest(people.peer, "fine.", "fine, really.")
    with database.writing() as uow:
        comments.start(uow, people.peer, item_id=room.item_id, words="Is it?", quote="is fine")
    if way == "undo":
        take_back(room, taken)
    else:
        room.bring_back(mark)
    assert len({run.author for run in runs(room)}) == 2
    after = room.would(behind)
    assert after == "The corridor is narrow and high, really."
    with database.reading() as uow:
        (talk,) = comments.of_item(uow, people.peer, room.item_id)
        assert room.words[slice(*talk.place or (0, 0))] == "is narrow and high"
    midst = text_of(database, room.item_id).version - 1
    late = room.suggest(people.peer, "", "", text="The corridor is fine.", version=midst)
    assert late in [each.suggestion.id for each in room.shown()], "also from the midst of what came back"


@pytest.mark.parametrize("gone", ["accepted", "typed"])
def test_what_waits_and_what_was_said_stand_where_they_stood_when_earlier_words_are_brought_back(
    database: Database, people: Cast, gone: str
) -> None:
    room = reopened(database, people, "Review the yearly corridor. Nothing else.")
    mark = room.mark
    beside = room.suggest(people.peer, "yearly", "whole yearly")
    within = room.suggest(people.peer, "yearly", "early")
    with database.writing() as uow:
        comments.start(uow, people.peer, item_id=room.item_id, words="Why?", quote="the yearly")
    if gone == "accepted":
        room.decide(people.facilitator, room.suggest(people.member, "yearly ", ""))
    else:
        rewrite(database, people.member, room.item_id, "Review the corridor. Nothing else.")
        rewrite(database, people.peer, room.item_id, "Review the corridor. Nothing more.")
    late = room.suggest(people.member, "Review", "Look at")
    room.bring_back(mark)
    after = {each.suggestion.id: each.after for each in room.shown() if not each.in_conflict}
    assert after[beside] == "Review the whole yearly corridor. Nothing else."
    assert after[late] == "Look at the yearly corridor. Nothing else."
    assert (within in after) is (gone == "typed"), "one that was set aside for an acceptance is taken in by hand"
    with database.reading() as uow:
        (talk,) = comments.of_item(uow, people.peer, room.item_id)
    assert room.words[slice(*talk.place or (0, 0))] == "the yearly"


def test_words_that_somebody_has_put_in_again_are_not_doubled_by_taking_an_acceptance_back(
    database: Database, people: Cast
) -> None:
    room = reopened(database, people, "Pay now. Pay now. Review the yearly corridor.")
    taken = room.suggest(people.member, "yearly ", "")
    room.decide(people.facilitator, taken)
    by_turns(database, [people.peer], room.item_id, [room.words.index(" corridor")], "again", " yearly")
    assert room.words == "Pay now. Pay now. Review the yearly corridor."
    with pytest.raises(Conflict, match="have been changed since"):
        take_back(room, taken)
    repeated = room.suggest(people.member, "", "", text="Pay now. Review the yearly corridor.")
    room.decide(people.facilitator, repeated)
    room.write(f"{room.words} Always.")
    take_back(room, repeated)
    assert room.words == "Pay now. Pay now. Review the yearly corridor. Always."


def test_an_acceptance_that_was_taken_back_by_earlier_words_is_not_taken_back_once_more(
    database: Database, people: Cast
) -> None:
    room = reopened(database, people, "Review the yearly corridor.")
    mark = room.mark
    taken = room.suggest(people.member, "yearly ", "")
    room.decide(people.facilitator, taken)
    room.bring_back(mark)
    room.write("Review the yearly and long corridor.")
    with pytest.raises(Conflict, match="have been changed since"):
        take_back(room, taken)


def test_words_are_brought_back_from_the_midst_of_what_came_back_and_all_can_be_read(
    database: Database, people: Cast
) -> None:
    room = reopened(database, people, "Review the yearly corridor. Nothing else.")

    by_turns(database, [people.member, people.peer], room.item_id, [6, 12, 20, 26, 30], "seed", "abc")
    first, whole = room.mark, room.words
    waits = room.suggest(people.peer, "Nothing", "Not a thing")
    room.write("Gone.")
    room.bring_back(first)
    assert room.words == whole
    title, text, *rest = room.mark.split(".")
    room.write("Gone again.")
    room.bring_back(".".join([title, str(int(text) - 1), *rest]))  # which no page offers
    assert room.words != whole
    assert [each.suggestion.id for each in room.shown()] == [waits]
    room.bring_back(first)
    (shown,) = room.shown()
    assert (shown.in_conflict, shown.after) == (False, whole.replace("Nothing", "Not a thing"))


def test_one_in_conflict_whose_words_all_came_back_waits_again_as_it_was(database: Database, people: Cast) -> None:
    words = "Review the yearly corridor. Nothing else. Pay within a month. Done."
    room = reopened(database, people, words)
    mark = room.mark
    wanted = "Review the monthly corridor. Nothing else. Pay within a week. Done."
    made = room.suggest(people.member, "", "", text=wanted)
    room.write(words.replace("yearly ", ""))
    with database.writing() as uow:
        suggestions.carry_along(uow, uow.lock(Document, text_of(database, room.item_id).id))
    room.bring_back(mark)
    room.write(f"{words} End.")
    (shown,) = room.shown()
    assert shown.in_conflict
    with database.reading() as uow:
        assert suggestions.to_replace(uow, people.member, suggestion_id=made).text == f"{wanted} End."
    with database.writing() as uow:
        assert suggestions.set_apart(uow, people.member, suggestion_id=made).id == made
    (shown,) = room.shown()
    assert (shown.in_conflict, shown.after) == (False, f"{wanted} End.")


@pytest.mark.parametrize("beside", ["Extra plan for all.", "A plan for all."])
def test_a_word_that_ends_like_one_that_comes_back_is_not_that_word(
    database: Database, people: Cast, beside: str
) -> None:
    room = reopened(database, people, "Make a plan for all.")
    taken = room.suggest(people.member, "a plan", "plan")
    room.decide(people.facilitator, taken)
    room.write(beside)
    take_back(room, taken)
    assert room.words == beside.replace("plan", "a plan")


def test_an_acceptance_is_taken_back_where_earlier_words_were_brought_back_and_that_was_undone(
    database: Database, people: Cast
) -> None:
    words = "Review the yearly corridor. Nothing else."
    room = reopened(database, people, words)
    mark = room.mark
    room.write(words.replace("else", "at all else"))
    taken = room.suggest(people.member, "yearly ", "")
    room.decide(people.facilitator, taken)
    for _twice in range(2):
        mark = room.bring_back(mark)
    room.write(f"{room.words} Always.")
    take_back(room, taken)
    assert room.words == "Review the yearly corridor. Nothing at all else. Always."


def test_what_would_come_to_lie_on_either_side_of_words_that_come_back_is_taken_in_by_hand(
    database: Database, people: Cast
) -> None:
    room = reopened(database, people, "Review the yearly corridor.")
    refused = room.suggest(people.peer, "yearly", "whole yearly")
    with database.writing() as uow:
        suggestions.reject(uow, people.facilitator, suggestion_id=refused, answer="No.")
    taken = room.suggest(people.member, "yearly ", "")
    room.decide(people.facilitator, taken)
    room.write("Review the corridor. Always.")
    take_back(room, taken)
    with database.writing() as uow:
        suggestions.unreject(uow, people.facilitator, suggestion_id=refused)
    (shown,) = (each for each in room.shown() if each.suggestion.id == refused)
    assert (shown.in_conflict, shown.after) == (True, "Review the whole corridor. Always.")


def test_what_fits_of_one_whose_part_was_accepted_and_taken_back_can_be_set_apart(
    database: Database, people: Cast
) -> None:
    words = "The corridor is narrow. Nobody minds at all. It is reviewed each year."
    room = reopened(database, people, words)
    made = room.suggest(people.member, "", "", text=words.replace("narrow", "wide").replace("year", "month"))
    (before,) = room.shown(people.facilitator)
    room.decide(people.facilitator, made, places=[before.places[0].key])
    room.write(room.words.replace("year", "decade"))
    take_back(room, made)
    with database.writing() as uow:
        apart = suggestions.set_apart(uow, people.member, suggestion_id=made).id
    after = room.would(apart)
    assert after == words.replace("narrow", "wide").replace("year", "decade")


def test_no_two_suggestions_take_a_title_away(room: Room) -> None:
    def retitle(words: str) -> int:
        with room.database.writing() as uow:
            return suggestions.suggest(
                uow, room.people.member, item_id=room.item_id, field=Field.TITLE, text=words,
                version=text_of(room.database, room.item_id, Field.TITLE).version,
            ).id  # fmt: skip

    rewrite(room.database, room.people.facilitator, room.item_id, "Money/Gains", Field.TITLE)
    first, second = retitle("Money"), retitle("/Gains")
    room.decide(room.people.facilitator, first)
    with pytest.raises(Conflict, match="no title"):
        room.decide(room.people.facilitator, second)
    assert text_of(room.database, room.item_id, Field.TITLE).text == "Money"


def test_a_rival_waits_on_where_another_that_it_competes_with_is_still_accepted(room: Room) -> None:
    people = room.people
    with room.database.writing() as uow:
        items.reopen(uow, people.facilitator, item_id=room.item_id)
    first = room.suggest(people.member, "gain and loss", "what comes")
    second = room.suggest(people.member, "corridor.", "corridor and two votes.")
    both = WORDS.replace("gain and loss", "risk").replace("corridor.", "corridor and one vote.")
    rival = room.suggest(people.peer, "", "", text=both)
    for each in (first, second):
        room.decide(people.facilitator, each)
    take_back(room, first)
    assert [each.suggestion.id for each in room.shown() if each.in_conflict] == [rival]
    take_back(room, second)
    assert not any(each.in_conflict for each in room.shown())


def test_an_acceptance_in_very_many_places_is_taken_back_over_many_letters_soon(room: Room) -> None:
    people = room.people
    with room.database.writing() as uow:
        items.reopen(uow, people.facilitator, item_id=room.item_id)
    words = "".join(f"word{number} . here{number} now\n" for number in range(2_000))
    rewrite(room.database, people.peer, room.item_id, words)
    made = room.suggest(people.member, "", "", text=words.replace(" .", " !"))
    room.decide(people.facilitator, made)
    at = room.words.index("now", 20_000)
    by_turns(room.database, [people.peer], room.item_id, [at] * 1_900, "many")
    begun = time.process_time()
    take_back(room, made)
    assert time.process_time() - begun < 5, "a third of what it took change by change"
    assert room.words == f"{words[:at]}{'x' * 1_900}{words[at:]}"


def test_a_no_is_not_taken_back_where_its_author_has_suggested_the_same_again(room: Room) -> None:
    first = room.suggest(room.people.member, "corridor", "hall")
    with room.database.writing() as uow:
        suggestions.reject(uow, room.people.facilitator, suggestion_id=first, answer="No.")
    room.suggest(room.people.member, "corridor", "hall")
    room.write(f"{WORDS} More.")
    with pytest.raises(Conflict, match="the same again"), room.database.writing() as uow:
        suggestions.unreject(uow, room.people.facilitator, suggestion_id=first)
    assert [each.suggestion.state for each in room.shown()].count(SuggestionState.OPEN) == 1


def test_words_that_come_back_are_those_of_whoever_wrote_them(room: Room) -> None:
    def spans() -> list[tuple[str, str]]:
        with room.database.reading() as uow:
            found = history.authors(uow, room.people.observer, room.item_id)[Field.TEXT]
        return [(found.text[each.start : each.end], found.names[each.author]) for each in found.spans]

    put_in = room.suggest(room.people.peer, "gain and loss", "gain, loss and risk")
    room.decide(room.people.facilitator, put_in)
    before = spans()
    assert len({name for _words, name in before}) == 2
    made = room.suggest(room.people.member, "", "", text="Some share everything within a narrow corridor, always.")
    room.decide(room.people.facilitator, made)
    assert spans() != before
    take_back(room, made)
    assert spans() == before
    with room.database.reading() as uow:
        line = history.timeline(uow, room.people.observer, room.item_id, most=9)
    assert [each.name for each in line if each.kind == "restore"] == ["Facilitator Invented"]


def runs(room: Room) -> list[Run]:
    with room.database.reading() as uow:
        text = documents.documents_of(uow.session, [room.item_id])[room.item_id][Field.TEXT]
        return documents.authors_of(uow.session, text)


@pytest.mark.parametrize("kind", ["many places", "many hands", "at both ends"])
def test_words_come_back_as_whose_they_were_however_many_they_are(room: Room, kind: str) -> None:
    people = room.people
    two, three = (people.member, people.peer), (people.member, people.peer, people.facilitator)
    rewrite(room.database, people.peer, room.item_id, " ".join(f"Party {number} shall pay." for number in range(600)))
    if kind != "many places":
        by_turns(room.database, two, room.item_id, (25 * number for number in range(1, 400)), "scattered")
    if kind == "at both ends":
        by_turns(room.database, three, room.item_id, [0, 100_000] * 700, "ends")
    before = runs(room)
    assert len(before) > {"many places": 0, "many hands": 400, "at both ends": 1_800}[kind]
    made = room.suggest(people.member, "shall", "will")
    for _again in range(8):
        room.decide(people.facilitator, made)
        assert runs(room) != before
        take_back(room, made)
        assert runs(room) == before
    with room.database.reading() as uow:
        line = history.timeline(uow, people.observer, room.item_id, most=10)
        text = documents.documents_of(uow.session, [room.item_id])[room.item_id][Field.TEXT]
        last = uow.session.execute(
            select(TextChange.client, TextChange.changes).where(TextChange.document_id == text.id)
            .order_by(TextChange.version.desc()).limit(12)
        ).all()  # fmt: skip
    kinds = [each.kind for each in line]
    assert (kinds.count("restore"), kinds[-1]) == (8, "edit"), "the first writing is among what is read of the log"
    back = [recall(changes) for client, changes in last if client == last[0].client]
    assert 2 <= len(back) <= 6, "a change for each author, or for some hundred places"
    assert all(len(each.parts) <= documents.PIECE_PARTS for each in back)


def test_beyond_what_is_kept_words_come_back_as_of_who_brings_them(room: Room) -> None:
    two = (room.people.member, room.people.peer)
    by_turns(room.database, two, room.item_id, range(suggestions.MOST_REPLACED + 1), "many")
    made = room.suggest(room.people.member, "", "", text=f"Instead.{WORDS}")
    before = room.words
    room.decide(room.people.facilitator, made)
    take_back(room, made)
    assert room.words == before
    assert {run.author for run in runs(room)} == {room.people.facilitator.person_id}


def test_accepting_a_part_is_taken_back(room: Room) -> None:
    made = room.suggest(room.people.member, "", "", text="All partners share gain and loss within a narrow corridor.")
    (before,) = room.shown(room.people.facilitator)
    for place in before.places:
        room.decide(room.people.facilitator, made, places=[place.key], answer="Not the rest.")
        (partly,) = room.shown()
        assert [each.new for each in partly.left_out] == [each.new for each in before.places if each is not place]
        take_back(room, made)
        (again,) = room.shown(room.people.facilitator)
        assert (room.words, again.after, again.places) == (WORDS, before.after, before.places)
        assert (again.suggestion.answer, again.decided_by) == ("", "")


def test_accepting_is_taken_back_by_who_did_it_and_only_where_nothing_was_done_since(
    room: Room, clock: SetClock
) -> None:
    made = room.suggest(room.people.member, "gain and loss", "gains and losses")
    room.decide(room.people.facilitator, made)
    for actor in (room.people.member, room.people.peer):
        with pytest.raises(Forbidden, match="Only who accepted"):
            take_back(room, made, actor)
    with room.database.writing() as uow:  # its author reads of it
        uow.session.execute(select(Notification)).scalars().one().read_at = clock()
    take_back(room, made)
    with room.database.reading() as uow:
        (told,) = uow.session.execute(select(Notification.words)).scalars()
    assert told.startswith("took back accepting your suggestion for")
    room.decide(room.people.facilitator, made)
    clock.advance(minutes=1)
    with room.database.writing() as uow:  # the words are agreed as they read with it
        items.reopen(uow, room.people.facilitator, item_id=room.item_id)
        items.set_status(uow, room.people.facilitator, item_id=room.item_id, status=Status.AGREED)
    with pytest.raises(Conflict, match="has been changed since"):
        take_back(room, made)
    assert room.words == WORDS.replace("gain and loss", "gains and losses")


def test_a_part_of_it_is_accepted(room: Room) -> None:
    with room.database.writing() as uow:
        made = suggestions.suggest(
            uow, room.people.member, item_id=room.item_id, field=Field.TEXT, version=1,
            text="All partners share gain and loss within a narrow corridor.",
        ).id  # fmt: skip
    (shown,) = room.shown(room.people.facilitator)
    assert [(each.old, each.new) for each in shown.places] == [("Partners", "All partners"), ("", " narrow")]
    with pytest.raises(Invalid):
        room.decide(room.people.facilitator, made, places=[])
    for unknown in ("1", "0-0", shown.places[1].key + "0"):
        with pytest.raises(Conflict, match="Choose them again"):
            room.decide(room.people.facilitator, made, places=[unknown])
    room.decide(room.people.facilitator, made, places=[shown.places[1].key])
    assert room.words == "Partners share gain and loss within a narrow corridor."
    room.write(room.words.replace("Partners", "Two partners"))
    (shown,) = room.shown()
    assert shown.suggestion.state is SuggestionState.PARTLY
    assert shown.after == "Partners share gain and loss within a narrow corridor."
    assert [(each.old, each.new) for each in shown.left_out] == [("Partners", "All partners")]
    with room.database.reading() as uow:
        listed = suggestions.in_group(uow, room.people.observer, group_id=room.people.group_id, decided=True)
    assert listed[0][0].left_out == shown.left_out


def test_a_part_that_is_no_longer_what_was_read_is_not_taken(room: Room) -> None:
    """Somebody makes words around two parts bold: they are one part now, and its number would be another's."""
    old = "The red door is for those who come, the green one for those who stay, the blue one for the rest of us."
    new = old.replace("red", "crimson").replace("green", "lime").replace("blue", "navy")
    room.write(old)
    made = room.suggest(room.people.member, old, new)
    (shown,) = room.shown(room.people.facilitator)
    assert [each.new for each in shown.places] == ["crimson", "lime", "navy"]
    room.write(old.replace("red", "**red").replace("green", "green**"))
    with pytest.raises(Conflict, match="Choose them again"):
        room.decide(room.people.facilitator, made, places=[shown.places[1].key])
    room.decide(room.people.facilitator, made, places=[shown.places[2].key])
    assert room.words == old.replace("red", "**red").replace("green", "green**").replace("blue", "navy")


def test_it_is_refused_with_a_reason_or_taken_back_by_its_author(room: Room) -> None:
    first = room.suggest(room.people.member, "gain", "gains")
    second = room.suggest(room.people.member, "loss", "losses")
    with pytest.raises(Invalid) as refused, room.database.writing() as uow:
        suggestions.reject(uow, room.people.facilitator, suggestion_id=first, answer=" ")
    assert "answer" in refused.value.fields
    with room.database.writing() as uow:
        suggestions.reject(uow, room.people.facilitator, suggestion_id=first, answer="We said why in session 2.")
    with pytest.raises(Forbidden), room.database.writing() as uow:
        suggestions.withdraw(uow, room.people.facilitator, suggestion_id=second)
    with room.database.writing() as uow:
        suggestions.withdraw(uow, room.people.member, suggestion_id=second)
    states = {shown.suggestion.state for shown in room.shown()}
    assert states == {SuggestionState.REJECTED, SuggestionState.WITHDRAWN}
    assert room.words == WORDS
    with room.database.reading() as uow:
        assert suggestions.open_counts(uow.session, room.people.group_id) == {}


def say_no(room: Room, suggestion_id: int, actor: Actor | None = None) -> None:
    with room.database.writing() as uow:
        suggestions.reject(uow, actor or room.people.facilitator, suggestion_id=suggestion_id, answer="Too wide.")


def take_back_no(room: Room, suggestion_id: int, actor: Actor | None = None) -> None:
    with room.database.writing() as uow:
        suggestions.unreject(uow, actor or room.people.facilitator, suggestion_id=suggestion_id)


def test_a_no_is_taken_back_by_who_said_it_and_it_waits_as_before(room: Room, clock: SetClock) -> None:
    people = room.people
    made = room.suggest(people.member, "gain and loss", "gains and losses", reason="Both.")

    def waiting() -> list[tuple[object, ...]]:
        return [
            (each.suggestion.id, each.suggestion.state, each.suggestion.answer, each.after, each.in_conflict)
            for each in room.shown()
        ]

    before = waiting()
    say_no(room, made)
    for actor in (people.member, people.peer):
        with pytest.raises(Forbidden, match="Only who did not take"):
            take_back_no(room, made, actor)
    take_back_no(room, made)
    assert waiting() == before

    def told() -> list[str]:
        with room.database.reading() as uow:
            query = select(Notification.words).where(Notification.person_id == people.member.person_id)
            return list(uow.session.execute(query).scalars())

    assert told() == [], "who has not read of it is not told"
    with pytest.raises(Conflict, match="nothing to take back"):
        take_back_no(room, made)
    say_no(room, made)
    with room.database.writing() as uow:  # its author reads of it
        uow.session.execute(select(Notification)).scalars().one().read_at = clock()
    take_back_no(room, made)
    (line,) = told()
    assert line.startswith("took back the “no” to your suggestion for")
    room.decide(people.facilitator, made)
    with pytest.raises(Conflict, match="nothing to take back"):
        take_back_no(room, made)


def test_a_no_is_taken_back_upon_the_words_of_today_and_where_they_may_change(room: Room) -> None:
    fits, overtaken = room.suggest(room.people.member, "Partners", "All"), room.suggest(room.people.peer, "gain", "win")
    for each in (fits, overtaken):
        say_no(room, each)
    room.write("First of all: Partners share benefit and loss within a corridor.")
    for each in (fits, overtaken):
        take_back_no(room, each)
    found = {each.suggestion.id: each for each in room.shown()}
    assert (found[fits].in_conflict, found[overtaken].in_conflict) == (False, True)
    assert found[fits].after == "First of all: All share benefit and loss within a corridor."
    say_no(room, fits)
    with room.database.writing() as uow:
        outline.withdraw_item(uow, room.people.facilitator, item_id=room.item_id)
    with pytest.raises(Forbidden):
        take_back_no(room, fits)


def test_one_whose_words_have_changed_is_taken_in_by_hand(room: Room) -> None:
    fits = room.suggest(room.people.member, "within a corridor", "within a narrow corridor")
    made = room.suggest(room.people.member, "gain and loss", "gains and losses")
    facilitator = room.people.facilitator

    def take_in(actor: Actor, suggestion_id: int, answer: str = "As in the new sentence.") -> None:
        with room.database.writing() as uow:
            suggestions.take_in(uow, actor, suggestion_id=suggestion_id, answer=answer)

    with pytest.raises(Conflict, match="can be accepted as it is"):
        take_in(facilitator, made)
    room.write("Partners share all of it within a corridor.")
    with pytest.raises(Invalid) as refused:
        take_in(facilitator, made, " ")
    assert "answer" in refused.value.fields
    with pytest.raises(Forbidden):
        take_in(room.people.peer, made)  # no member writes in agreed words
    with pytest.raises(Conflict):
        take_in(facilitator, fits)
    take_in(facilitator, made)
    assert room.words == "Partners share all of it within a corridor."
    _waits, shown = room.shown()
    assert (shown.suggestion.state, shown.suggestion.by_hand) == (SuggestionState.ACCEPTED, True)
    assert shown.suggestion.answer == "As in the new sentence."
    assert not shown.in_conflict
    room.decide(facilitator, fits)
    assert {each.suggestion.id: each.suggestion.by_hand for each in room.shown()} == {fits: False, made: True}
    with pytest.raises(Conflict, match="accepted already"):
        take_in(facilitator, made)
    with room.database.reading() as uow:
        told = uow.session.execute(
            select(Notification.words).where(Notification.person_id == room.people.member.person_id)
        ).scalars()
        assert "took in, by hand, your suggestion for E1: As in the new sentence." in list(told)
        moments = history.timeline(uow, room.people.observer, room.item_id, most=9)
    taken = {each.suggestion.id: each.suggestion.by_hand for each in moments if each.suggestion}
    assert taken == {fits: False, made: True}


def test_what_was_written_against_older_words_counts_from_there(room: Room) -> None:
    room.write("All partners share gain and loss within a corridor.")
    with room.database.writing() as uow:
        suggestions.suggest(
            uow, room.people.member, item_id=room.item_id, field=Field.TEXT, version=1, text=WORDS + " Always.",
        )  # fmt: skip
    (shown,) = room.shown()
    assert shown.after == "All partners share gain and loss within a corridor. Always."


@pytest.mark.parametrize(
    ("text", "version", "refusal"),
    [(WORDS, 1, Invalid), ("x" * 100_001, 1, Invalid), ("Other", 2, NotFound), ("Other", -1, NotFound)],
)
def test_what_is_no_suggestion_is_refused(room: Room, text: str, version: int, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal), room.database.writing() as uow:
        suggestions.suggest(uow, room.people.member, item_id=room.item_id, field=Field.TEXT, text=text, version=version)
    assert room.shown() == []


def test_who_may_not_suggest_or_see(room: Room) -> None:
    for actor, refusal in ((room.people.observer, Forbidden), (room.people.stranger, NotFound)):
        with pytest.raises(refusal):
            room.suggest(actor, "gain", "gains")
    made = room.suggest(room.people.member, "gain", "gains")
    with pytest.raises(NotFound):
        room.decide(room.people.stranger, made)
    with pytest.raises(NotFound):
        room.shown(room.people.stranger)


def test_readers_never_have_far_to_carry_it(room: Room) -> None:
    """Every thousand changes the open ones are moved along with the text."""
    made = room.suggest(room.people.member, "gain and loss", "gains and losses")
    from app.services import texts  # noqa: PLC0415  the live half, which this test alone needs

    with room.database.reading() as uow:
        document = documents.documents_of(uow.session, [room.item_id])[room.item_id][Field.TEXT].id
    client = f"{room.people.facilitator.person_id}.typing"
    length, version = len(to_units(WORDS)), 1
    for start in range(0, 1_050, 50):
        sources = [f'[{length + n},[0,"x"]]' for n in range(50)]
        with room.database.writing() as uow:
            texts.push(
                uow, room.people.facilitator, document_id=document, base=version, client=client, first_seq=start + 1,
                sources=sources,
            )  # fmt: skip
        length, version = length + 50, version + 50
    (shown,) = room.shown()
    assert shown.suggestion.id == made
    assert shown.suggestion.carried_to >= 1_000
    assert parse(shown.suggestion.carried).length >= len(WORDS) + 950
    assert shown.after.startswith(WORDS.replace("gain and loss", "gains and losses"))
