"""Taking a merge or a split back: what moved goes home, and nothing that anybody did since is lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select

from app.calc.differences import change_between
from app.calc.suggestions import places
from app.errors import Conflict, Forbidden
from app.policy import Actor
from app.services import (
    activity,
    comments,
    contracting,
    descent,
    exports,
    findings,
    history,
    homework,
    items,
    origins,
    outline,
    several,
    sources,
    suggestions,
    threads,
)
from app.services.contracting import ModelForm
from app.services.descent import Words
from app.services.findings import FindingForm
from app.uow import Database, UnitOfWork
from models.documents import Document, Field
from models.evidence import Finding, ItemModel, Link, Relation
from models.homework import Homework
from models.items import Item, ItemDescent, ItemPrinciple, Kind, PrincipleGroup, Status
from models.notifications import Notification
from tests.cast import Cast, counting
from tests.conftest import SetClock
from tests.services.test_descent import FIRST, NO, SECOND, YES, Room, lines, speak, study
from tests.wordings import rewrite

THIRD = "Both sides look at it together."


@dataclass
class Undoing(Room):
    """The same, with short ways to take things back."""

    def restore(self, item_id: int, who: Actor | None = None) -> None:
        with self.database.writing() as uow:
            outline.restore_item(uow, who or self.people.member, item_id=item_id)

    def put_back(self, item_id: int, who: Actor | None = None) -> Item:
        with self.database.writing() as uow:
            return descent.put_back(uow, who or self.people.member, item_id=item_id)

    def parent(self, item_id: int) -> int | None:
        with self.database.reading() as uow:
            return uow.session.get_one(Item, item_id).parent_id

    def says(self, item_id: int) -> dict[str, list[str]]:
        """What an item says of where it comes from, without what it has nothing to say of."""
        with self.database.reading() as uow:
            found = origins.ancestry(uow.session, uow.session.get_one(Item, item_id))
            return {name: [one.reference for one in some] for name, some in vars(found).items() if some}

    def propose(self, item_id: int, words: str, field: Field = Field.TEXT, *, version: int | None = None) -> int:
        """Suggest such words for one text of an item, as it is or as a ``version`` of it reads."""
        read = self.text(item_id, field).version if version is None else version
        with self.database.writing() as uow:
            return suggestions.suggest(
                uow, self.people.peer, item_id=item_id, field=field, text=words, version=read
            ).id  # fmt: skip

    def would(self, item_id: int, field: Field = Field.TEXT) -> dict[int, str]:
        """What a text of an item would read with each of its suggestions."""
        with self.database.reading() as uow:
            some = suggestions.of_item(uow, self.people.member, item_id)
            return {each.suggestion.id: each.after for each in some if each.field is field}

    def stays(self) -> bool | None:
        with self.database.reading() as uow:
            return uow.session.execute(select(ItemDescent.words_stay).order_by(ItemDescent.id.desc())).scalars().first()


@pytest.fixture
def room(database: Database, people: Cast) -> Undoing:
    with database.writing() as uow:
        element = items.add_item(uow, people.facilitator, group_id=people.group_id, kind=Kind.ELEMENT, title="Money").id
    return Undoing(database, people, element)


@pytest.mark.parametrize("words", list(Words))
def test_a_merge_that_is_taken_back_leaves_both_as_they_were(room: Undoing, words: Words) -> None:
    people = room.people
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND, status=Status.PROPOSED)
    for field in (Field.WHY, Field.SUMMARY):
        rewrite(room.database, people.facilitator, other, "For both.", field)
    under = [room.add(title, "Yearly.", kind=Kind.SPECIFICATION, parent=other) for title in ("One", "Two")]
    for quote, said in (("narrow", "on words"), ("", "on the whole")):
        room.comment(other, quote, said)
    mine, theirs = room.suggest(first, "gain", "loss"), room.suggest(other, "each year", "every month")
    before = {one: (room.talks(one), room.authors(one)) for one in (first, other)}
    room.merge(first, other, words=words)
    room.restore(other)
    assert (room.text(first).text, room.text(other).text) == (FIRST, SECOND)
    assert [room.text(first, each).text for each in (Field.WHY, Field.SUMMARY)] == ["", ""]
    assert room.status(other) is Status.PROPOSED
    assert [room.parent(each) for each in under] == [other, other]
    with room.database.reading() as uow:
        order = [one.id for one in items.items_of(uow.session, people.group_id)]
    assert order == [room.element, first, other, *under]
    for one in (first, other):
        assert (set(room.talks(one)), room.authors(one)) == (set(before[one][0]), before[one][1])
    place = room.talks(other)["on words"].place
    assert place is not None
    assert SECOND[place[0] : place[1]] == "narrow"
    assert room.accept(first, mine) == FIRST.replace("gain", "loss")
    assert room.accept(other, theirs) == SECOND.replace("each year", "every month")
    assert (room.says(first), room.says(other)) == ({}, {})


@pytest.mark.parametrize("words", [Words.AFTER, Words.BEFORE])
@pytest.mark.parametrize("field", [Field.TEXT, Field.WHY])
@pytest.mark.parametrize(
    ("own", "change", "would"),
    [("", "What A says.", "What A says."), ("One.\n", "Two.\n", "One.\nTwo.\n"), ("One.", "Nought. ", "Nought. One.")],
)
def test_what_was_suggested_for_the_item_that_stays_is_of_its_own_words_and_stays_with_it(
    room: Undoing, words: Words, field: Field, own: str, change: str, would: str
) -> None:
    first, other, third = (room.add(title, "") for title in ("A", "B", "C"))
    rewrite(room.database, room.people.member, first, own, field)
    for one, said in ((other, "Bee."), (third, "Sea.")):
        rewrite(room.database, room.people.member, one, said, field)
    waiting = room.propose(first, would, field)
    order = words if field is Field.TEXT else Words.AFTER
    room.merge(first, other, words=words)
    assert room.would(first, field)[waiting] == (f"Bee.\n\n{would}" if order is Words.BEFORE else f"{would}\n\nBee.")
    room.merge(third, first)
    assert room.would(third, field)[waiting].count(change) == 1
    room.restore(first)
    room.restore(other)
    assert (room.text(first, field).text, room.text(other, field).text) == (own, "Bee.")
    assert room.would(first, field) == {waiting: would}
    assert room.would(other, field) == {}


def test_what_was_suggested_for_its_words_from_before_the_merge_comes_after_it_and_stays_with_it_too(
    room: Undoing,
) -> None:
    first, other = room.add("A", ""), room.add("B", "Bee.")
    read = room.text(first).version
    room.merge(first, other)
    waiting = room.propose(first, "What A says.", version=read)
    room.restore(other)
    assert room.would(first) == {waiting: "What A says."}


def principles(uow: UnitOfWork, room: Undoing) -> list[int]:
    """Two of them, "Fair" and "Open"."""
    return [
        items.add_item(
            uow, room.people.facilitator, group_id=room.people.group_id, kind=Kind.PRINCIPLE, title=title,
            principle_group=PrincipleGroup.ORGANISATIONAL,
        ).id
        for title in ("Fair", "Open")
    ]  # fmt: skip


def test_what_a_merge_shared_is_nobodys_twice_afterwards(room: Undoing) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    lead, group_id = room.people.facilitator, room.people.group_id
    with room.database.writing() as uow:
        fair, open_ = principles(uow, room)
        threads.set_principles(uow, lead, item_id=first, principle_ids=[fair])
        threads.set_principles(uow, lead, item_id=other, principle_ids=[fair, open_])
        theirs, shared = (
            contracting.add_model(uow, lead, group_id=group_id, form=ModelForm(name=name)).id
            for name in ("Alliance", "Bundle")
        )
        for item_id, models in ((other, [theirs, shared]), (first, [shared])):
            contracting.keep(uow, lead, item_id=item_id, model_ids=models)
        source = sources.add_source(uow, lead, group_id=group_id, cite="A study")
        own, both, altered = (
            findings.add_finding(uow, lead, group_id=group_id, form=FindingForm(source.id, text=text)).id
            for text in ("It works", "It works for both", "It works at times")
        )
        for finding, item_id in ((own, other), (both, other), (both, first), (altered, other)):
            findings.link(uow, lead, finding_id=finding, item_id=item_id, relation=Relation.SUPPORTS)
    room.merge(first, other)
    with room.database.writing() as uow:
        uow.session.query(Link).filter_by(item_id=first, finding_id=altered).one().relation = Relation.QUALIFIES
    room.restore(other)
    with room.database.reading() as uow:
        ties = select(ItemPrinciple.item_id, ItemPrinciple.principle_id)
        assert set(map(tuple, uow.session.execute(ties))) == {(first, fair), (other, fair), (other, open_)}
        links = set(map(tuple, uow.session.execute(select(Link.item_id, Link.finding_id))))
        assert links == {(other, own), (other, both), (other, altered), (first, both), (first, altered)}
        kept = select(ItemModel.item_id, ItemModel.model_id)
        assert set(map(tuple, uow.session.execute(kept))) == {(other, theirs), (other, shared), (first, shared)}


def test_what_was_added_to_a_line_of_evidence_goes_home_with_its_item(room: Undoing) -> None:
    first, other, third = (room.add(title, words) for title, words in (("A", FIRST), ("B", SECOND), ("C", THIRD)))
    found, quiet = study(room), study(room, "It works well")
    speak(room, found, first, YES, "A note")
    speak(room, found, other, NO, "It speaks against")
    speak(room, quiet, first, YES, "")
    speak(room, quiet, other, YES, "It helps")
    speak(room, found, third, Relation.QUALIFIES, "At times")
    speak(room, quiet, third, YES, "It does")
    room.merge(first, other)
    room.merge(first, third)
    assert lines(room, first) == [
        ("supports", "A note · C1.2: contradicts, It speaks against · C1.3: qualifies, At times"),
        ("supports", "It helps · C1.3: supports, It does"),
    ]
    room.restore(other)
    assert lines(room, first) == [
        ("supports", "A note · C1.3: qualifies, At times"), ("supports", "C1.3: supports, It does")
    ]  # fmt: skip
    room.restore(third)
    assert lines(room, first) == [("supports", "A note"), ("supports", "")]
    room.merge(first, other)
    speak(room, found, first, YES, "Both were weighed")
    room.restore(other)
    assert lines(room, first) == [("supports", "Both were weighed"), ("supports", "")], "what somebody wrote is theirs"
    assert lines(room, other) == [("supports", "It helps"), ("contradicts", "It speaks against")]


def test_what_two_merges_brought_stays_until_both_are_taken_back_in_whatever_order(room: Undoing) -> None:
    lead, group_id = room.people.facilitator, room.people.group_id
    kept, first, second, third = (
        room.add(title, words) for title, words in (("A", FIRST), ("B", SECOND), ("C", THIRD), ("D", "A fourth."))
    )
    with room.database.writing() as uow:
        fair, open_ = principles(uow, room)
        model = contracting.add_model(uow, lead, group_id=group_id, form=ModelForm(name="Alliance")).id
        for item_id in (first, second):
            threads.set_principles(uow, lead, item_id=item_id, principle_ids=[fair])
            contracting.keep(uow, lead, item_id=item_id, model_ids=[model])
        threads.set_principles(uow, lead, item_id=third, principle_ids=[open_])
    alike, apart = study(room), study(room, "It works well")
    speak(room, alike, first, YES, "It helps")
    speak(room, alike, second, YES, "It helps")
    speak(room, apart, first, YES, "Once")
    speak(room, apart, second, NO, "Twice")
    speak(room, apart, third, Relation.QUALIFIES, "At times")
    for each in (first, second, third):
        room.merge(kept, each)
    assert lines(room, kept) == [
        ("supports", "It helps"), ("supports", "Once · C1.3: contradicts, Twice · C1.4: qualifies, At times")
    ]  # fmt: skip

    def ties(item_id: int) -> tuple[set[int], set[int]]:
        with room.database.reading() as uow:
            some = select(ItemPrinciple.principle_id).where(ItemPrinciple.item_id == item_id)
            models = select(ItemModel.model_id).where(ItemModel.item_id == item_id)
            return set(uow.session.execute(some).scalars()), set(uow.session.execute(models).scalars())

    room.restore(first)
    assert lines(room, kept) == [("supports", "It helps"), ("contradicts", "Twice · C1.4: qualifies, At times")]
    assert ties(kept) == ({fair, open_}, {model})
    room.restore(second)
    assert lines(room, kept) == [("qualifies", "At times")]
    assert ties(kept) == ({open_}, set())
    room.restore(third)
    assert lines(room, kept) == []
    assert ties(kept) == (set(), set())
    assert lines(room, second) == [("supports", "It helps"), ("contradicts", "Twice")]
    assert ties(second) == ({fair}, {model})


def test_a_reason_that_two_merges_would_have_brought_stays_until_both_are_taken_back(room: Undoing) -> None:
    kept, first, second = (room.add(title, words) for title, words in (("A", FIRST), ("B", SECOND), ("C", THIRD)))
    found = study(room)
    speak(room, found, kept, YES, "")
    for each in (first, second):
        speak(room, found, each, YES, "It helps")
        room.merge(kept, each)
    assert lines(room, kept) == [("supports", "It helps")]
    room.restore(first)
    assert lines(room, kept) == [("supports", "It helps")]
    room.restore(second)
    assert lines(room, kept) == [("supports", "")]


@pytest.mark.parametrize("seed", range(8))
def test_items_and_principles_that_were_merged_are_taken_back_in_any_order(room: Undoing, seed: int) -> None:
    chance, people = random.Random(seed), room.people
    criteria = [room.add(f"Item {number}", f"Words number {number}.") for number in range(4)]
    with room.database.writing() as uow:
        fair, open_ = principles(uow, room)
        carried = [*principles(uow, room), fair, open_]
        for each in criteria:
            own = [one for one in carried if chance.random() < 0.5]
            threads.set_principles(uow, people.facilitator, item_id=each, principle_ids=own)
    for finding in (study(room), study(room, "It works well")):
        for each in criteria:
            if chance.random() < 0.6:
                speak(room, finding, each, chance.choice([YES, NO]), chance.choice(["", "The same", "Another"]))

    def now() -> tuple[set[tuple[int, int]], list[list[tuple[str, str]]]]:
        with room.database.reading() as uow:
            ties = select(ItemPrinciple.item_id, ItemPrinciple.principle_id)
            return set(map(tuple, uow.session.execute(ties))), [lines(room, each) for each in criteria]

    begun, into = now(), dict[int, int]()
    for step in range(40):
        away = [each for each in into if into[each] not in into]
        some = [each for each in chance.choice([criteria, carried]) if each not in into]
        if away and (step > 12 or chance.random() < 0.4):
            back = chance.choice(away)
            room.restore(back, people.facilitator)
            del into[back]
        elif step <= 12 and len(some) > 1:
            kept, gone = chance.sample(some, 2)
            room.merge(kept, gone, people.facilitator)
            into[gone] = kept
    assert (into, now()) == ({}, begun)


def test_who_carries_out_two_principles_that_were_merged_carries_out_the_one_until_both_are_back(room: Undoing) -> None:
    lead = room.people.facilitator
    with room.database.writing() as uow:
        kept, first = principles(uow, room)
        _, second = principles(uow, room)
    one = room.add("One", SECOND)
    with room.database.writing() as uow:
        threads.set_principles(uow, lead, item_id=one, principle_ids=[first, second])

    def carried() -> set[int]:
        with room.database.reading() as uow:
            return set(uow.session.execute(select(ItemPrinciple.principle_id)).scalars())

    room.merge(kept, first)
    room.merge(kept, second)
    room.restore(first)
    assert carried() == {kept, first}
    room.restore(second)
    assert carried() == {first, second}


@pytest.mark.parametrize("principle_first", [True, False])
def test_an_item_carries_out_no_principle_that_went_with_what_was_taken_out_of_it(
    room: Undoing, principle_first: bool
) -> None:
    lead = room.people.facilitator
    into, first, second = (room.add(title, words) for title, words in (("A", FIRST), ("B", SECOND), ("C", THIRD)))
    with room.database.writing() as uow:
        gone, kept = principles(uow, room)
        threads.set_principles(uow, lead, item_id=first, principle_ids=[gone])
        threads.set_principles(uow, lead, item_id=second, principle_ids=[kept])
    for one, other in ((into, first), (into, second), (kept, gone)):
        room.merge(one, other)
    for each in (gone, first) if principle_first else (first, gone):
        room.restore(each)
    with room.database.reading() as uow:
        ties = select(ItemPrinciple.item_id, ItemPrinciple.principle_id)
        assert set(map(tuple, uow.session.execute(ties))) == {(into, kept), (first, gone), (second, kept)}


def test_what_somebody_has_said_of_evidence_since_is_left_alone_whatever_is_taken_back(room: Undoing) -> None:
    first, other, third = (room.add(title, words) for title, words in (("A", FIRST), ("B", SECOND), ("C", THIRD)))
    found = study(room)
    speak(room, found, first, YES, "A note")
    speak(room, found, other, NO, "It speaks against")
    speak(room, found, third, Relation.QUALIFIES, "At times")
    room.merge(first, other)
    room.merge(first, third)
    speak(room, found, first, YES, "Both were weighed")
    for each in (other, third):
        room.restore(each)
        assert lines(room, first) == [("supports", "Both were weighed")]


def test_taking_a_merge_back_asks_no_more_often_however_many_came_later(room: Undoing) -> None:
    def asked(later: int) -> int:
        kept, *others = (room.add(f"{later} {number}", FIRST) for number in range(later + 2))
        with room.database.writing() as uow:
            carried = [*principles(uow, room), *principles(uow, room)]
            threads.set_principles(uow, room.people.facilitator, item_id=others[0], principle_ids=carried)
        for each in others:
            room.merge(kept, each)
        with counting(room.database) as sent:
            room.restore(others[0])
        return len(sent)

    assert asked(9) == asked(1)


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_a_merge_of_items_that_share_much_evidence_is_taken_back_soon(room: Undoing) -> None:
    kept, *others = (room.add(f"Item {number}", FIRST) for number in range(7))
    first = study(room)
    with room.database.writing() as uow:
        one = uow.session.get_one(Finding, first)
        copied = {each.key: getattr(one, each.key) for each in Finding.__mapper__.column_attrs if each.key != "id"}
        some = [Finding(**copied) for _ in range(1_200)]
        uow.session.add_all(some)
        uow.flush()
        uow.session.add_all(
            Link(
                group_id=one.group_id, finding_id=each.id, item_id=other, relation=YES, note=f"Says {other}.",
                created_at=uow.now, created_by_id=room.people.peer.person_id,
            )
            for each in some for other in others
        )  # fmt: skip
    for each in others:
        room.merge(kept, each)
    began = time.process_time()
    room.restore(others[0])
    assert time.process_time() - began < 4
    [note] = {said for _relation, said in lines(room, kept)}
    assert note.startswith(f"Says {others[1]}.")


def test_who_carries_out_a_principle_does_so_again(room: Undoing) -> None:
    lead = room.people.facilitator
    with room.database.writing() as uow:
        kept, gone = principles(uow, room)
    both, one = room.add("Both", FIRST), room.add("One", SECOND)
    with room.database.writing() as uow:
        threads.set_principles(uow, lead, item_id=both, principle_ids=[kept, gone])
        threads.set_principles(uow, lead, item_id=one, principle_ids=[gone])
    room.merge(kept, gone)
    room.restore(gone)
    with room.database.reading() as uow:
        ties = select(ItemPrinciple.item_id, ItemPrinciple.principle_id)
        assert set(map(tuple, uow.session.execute(ties))) == {(both, kept), (both, gone), (one, gone)}


def test_words_that_somebody_changed_since_stay_and_it_is_said(room: Undoing) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    room.comment(other, "narrow", "on words")
    theirs = room.suggest(other, "each year", "every month")
    room.merge(first, other)
    changed = f"{FIRST}\n\nThe corridor is narrow. It is reviewed at times."
    room.write(room.people.peer, first, changed)
    room.restore(other)
    assert (room.text(first).text, room.text(other).text) == (changed, SECOND)
    assert room.stays()
    assert (room.says(first), room.says(other)) == ({"words_of": ["C1.2"]}, {"words_in": ["C1.1"]})
    assert list(room.talks(other)) == ["on words"]
    assert room.accept(other, theirs) == SECOND.replace("each year", "every month"), "where it fits as it did"


@pytest.mark.parametrize("later", [f"{FIRST}\n\n{SECOND} And more.", f"{FIRST}\n\nBut {SECOND}"])
def test_words_from_which_somebody_wrote_on_stay(room: Undoing, later: str) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    room.merge(first, other)
    room.write(room.people.peer, first, later)
    room.restore(other)
    assert (room.text(first).text, room.stays()) == (later, True)


def test_words_that_somebody_took_out_are_not_said_to_stay(room: Undoing) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    room.merge(first, other)
    room.write(room.people.peer, first, FIRST)
    room.restore(other)
    assert (room.text(first).text, room.stays(), room.says(first)) == (FIRST, False, {})


def test_what_was_done_since_the_merge_is_kept(room: Undoing) -> None:
    people = room.people
    first, other, third = room.add("Sharing", FIRST), room.add("Corridor", SECOND), room.add("Third", "")
    moved, stays = (room.add(title, "", kind=Kind.SPECIFICATION, parent=other) for title in ("On", "Here"))
    accepted = room.suggest(other, "is narrow", "is wide")
    room.merge(first, other)
    new = room.add("New", "", kind=Kind.SPECIFICATION, parent=first)
    with room.database.writing() as uow:
        outline.move_item(uow, people.member, item_id=moved, parent_id=third)
        outline.withdraw_item(uow, people.member, item_id=stays)
    room.comment(first, "reviewed each", "said since, on words of the other")
    room.comment(first, "Partners", "said since, on its own")
    later = room.suggest(first, "each year", "every month")
    room.write(people.peer, first, f"{THIRD}\n\n{FIRST}\n\n{SECOND}\n\n{THIRD}")
    room.restore(other)
    assert room.text(first).text == f"{THIRD}\n\n{FIRST}\n\n{THIRD}"
    assert (room.parent(moved), room.parent(stays), room.parent(new)) == (third, other, first)
    assert room.status(stays) is Status.WITHDRAWN
    assert set(room.talks(first)) == {"said since, on its own"}
    place = room.talks(other)["said since, on words of the other"].place
    assert place is not None
    assert SECOND[place[0] : place[1]] == "reviewed each"
    assert room.accept(other, later) == SECOND.replace("each year", "every month")
    assert room.accept(other, accepted) == "The corridor is wide. It is reviewed every month."


def test_a_suggestion_that_was_accepted_there_stays_with_its_words(room: Undoing) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    theirs = room.suggest(other, "each year", "every month")
    room.merge(first, other)
    text = room.accept(first, theirs)
    room.restore(other)
    assert (room.text(first).text, room.text(other).text, room.stays()) == (text, SECOND, True)
    with room.database.reading() as uow:
        [decided] = suggestions.of_item(uow, room.people.member, first)
        assert suggestions.of_item(uow, room.people.member, other) == []
    assert decided.suggestion.id == theirs


def test_homework_and_what_people_were_told_lead_home(room: Undoing) -> None:
    first, other, member = room.add("Sharing", FIRST), room.add("Corridor", SECOND), room.people.member
    room.comment(other, "narrow", f"@{member.name}, why narrow?")
    with room.database.writing() as uow:
        given = homework.give(
            uow, room.people.facilitator, group_id=room.people.group_id, item_id=other, asked="Think.",
            person_ids=[member.person_id or 0], due_on=uow.now.date() + timedelta(days=2),
        ).id  # fmt: skip
    room.merge(first, other)
    room.restore(other)
    with room.database.reading() as uow:
        assert uow.session.get_one(Homework, given).item_id == other
        told = [row for row in uow.session.execute(select(Notification)).scalars() if row.kind.value == "mention"]
        assert [(row.item_id, row.path.partition("#")[0]) for row in told] == [(other, f"blueprint/items/{other}")]


def test_merges_of_merges_are_taken_back_from_the_last(room: Undoing) -> None:
    first, second, third = room.add("One", FIRST), room.add("Two", SECOND), room.add("Three", THIRD)
    under = room.add("Under", "", kind=Kind.SPECIFICATION, parent=third)
    waiting = room.suggest(third, "together", "alone")
    room.comment(third, "together", "on words")
    room.merge(second, third)
    room.merge(first, second)
    with pytest.raises(Conflict, match=r"C1\.2, which was then merged into C1\.1\. Restore C1\.2 first"):
        room.restore(third)
    room.restore(second)
    assert (room.text(first).text, room.parent(under)) == (FIRST, second)
    room.restore(third)
    assert (room.text(second).text, room.parent(under), list(room.talks(third))) == (SECOND, third, ["on words"])
    assert room.accept(third, waiting) == THIRD.replace("together", "alone")
    room.merge(second, third)
    room.merge(first, second)
    with room.database.writing() as uow:
        several.restore(uow, room.people.member, group_id=room.people.group_id, item_ids=[second, third])
    assert (room.text(first).text, room.text(second).text, room.parent(under)) == (FIRST, SECOND, third)


def test_it_comes_back_also_where_the_other_was_withdrawn_since(room: Undoing) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    under = room.add("Under", "", kind=Kind.SPECIFICATION, parent=other, status=Status.PROPOSED)
    room.merge(first, other)
    with room.database.writing() as uow:
        outline.withdraw_item(uow, room.people.member, item_id=first)
    room.restore(other)
    assert [room.status(each) for each in (first, other, under)] == [
        Status.WITHDRAWN, Status.DRAFT, Status.PROPOSED,
    ]  # fmt: skip
    assert room.parent(under) == other
    room.restore(first)
    assert room.text(first).text == FIRST


def test_only_who_may_settle_takes_words_out_of_agreed_ones(room: Undoing) -> None:
    people = room.people
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    room.merge(first, other)
    with room.database.writing() as uow:
        items.set_status(uow, people.facilitator, item_id=first, status=Status.AGREED)
    with pytest.raises(Forbidden):
        room.restore(other)
    with room.database.writing() as uow:
        outline.withdraw_item(uow, people.facilitator, item_id=first)
    with pytest.raises(Forbidden):
        room.restore(other)
    room.restore(first, people.facilitator)
    assert room.status(other) is Status.WITHDRAWN
    room.restore(other, people.facilitator)
    assert (room.status(first), room.text(first).text) == (Status.AGREED, FIRST)


def test_what_comes_back_with_it_needs_the_same_rights_and_its_people_are_told(room: Undoing) -> None:
    people = room.people
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    under = room.add("Under", THIRD, kind=Kind.SPECIFICATION, parent=other)
    room.suggest(under, "together", "alone")
    with room.database.writing() as uow:
        homework.give(
            uow, people.facilitator, group_id=people.group_id, item_id=under, asked="Think.",
            person_ids=[people.peer.person_id or 0], due_on=uow.now.date() + timedelta(days=2),
        )  # fmt: skip
        items.set_status(uow, people.facilitator, item_id=under, status=Status.AGREED)
    room.merge(first, other, people.facilitator)
    with room.database.writing() as uow:
        outline.withdraw_item(uow, people.facilitator, item_id=first)
    with pytest.raises(Forbidden, match="is agreed"):
        room.restore(other)
    with pytest.raises(Forbidden, match="is agreed"), room.database.writing() as uow:
        several.restore(uow, people.member, group_id=people.group_id, item_ids=[other])
    assert [room.status(each) for each in (other, under)] == [Status.WITHDRAWN, Status.WITHDRAWN]
    room.restore(other, people.facilitator)
    assert (room.status(under), room.parent(under)) == (Status.AGREED, other)
    with room.database.reading() as uow:
        told = uow.session.execute(select(Notification).where(Notification.words.startswith("restored"))).scalars()
        assert sorted((row.kind.value, row.item_id, row.person_id) for row in told) == [
            ("homework", under, people.peer.person_id), ("suggestion", under, people.peer.person_id),
        ]  # fmt: skip


def test_who_was_told_that_their_work_rests_is_told_where_it_goes_on(room: Undoing) -> None:
    people = room.people
    first, second, third = room.add("One", FIRST), room.add("Two", SECOND), room.add("Three", THIRD)
    for item_id, old in ((second, "narrow"), (third, "together")):
        room.suggest(item_id, old, "wide")
        with room.database.writing() as uow:
            homework.give(
                uow, people.facilitator, group_id=people.group_id, item_id=item_id, asked="Think.",
                person_ids=[people.peer.person_id or 0], due_on=uow.now.date() + timedelta(days=2),
            )  # fmt: skip

    def told(act: Callable[[UnitOfWork], object]) -> list[str]:
        query = select(Notification).where(Notification.person_id == people.peer.person_id).order_by(Notification.id)
        with room.database.writing() as uow:
            known = len(uow.session.execute(query).scalars().all())
            act(uow)
            new = uow.session.execute(query).scalars().all()[known:]
            return [f"{row.kind.value} {row.words.partition(':')[0]}" for row in new]

    def restored(*ids: int) -> list[str]:
        return told(lambda uow: several.restore(uow, people.facilitator, group_id=people.group_id, item_ids=ids))

    def merged_and_withdrawn() -> None:
        room.merge(second, third)
        room.merge(first, second)
        gone = told(lambda uow: outline.withdraw_item(uow, people.facilitator, item_id=first))
        assert gone == ["homework withdrew C1.1", "suggestion withdrew C1.1"]

    room.merge(first, second)
    assert restored(second) == [], "what went along and came home rested at no time"
    merged_and_withdrawn()
    assert restored(second) == ["homework restored C1.2", "suggestion restored C1.2"], "the third one's too"
    assert restored(third) == []
    assert restored(first) == [], "nothing of theirs is left on it"
    merged_and_withdrawn()
    both = "restored C1.2 and C1.3"
    assert restored(first, second, third) == [f"homework {both}", f"suggestion {both}"], "each is told once"
    assert [room.status(each) for each in (first, second, third)] == [Status.DRAFT] * 3


def test_both_have_a_line_of_it_and_files_say_no_more_of_it(room: Undoing) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    room.merge(first, other)
    room.restore(other)
    with room.database.reading() as uow:
        member, group_id = room.people.member, room.people.group_id
        lines = [
            activity.list_activity(uow, member, group_id=group_id, item_id=one, limit=1)[0].sentence
            for one in (first, other)
        ]
        assert lines == ["took C1.2 out of C1.1 again", "restored C1.2"]
        body = exports.export_draft(uow, member, group_id=group_id, form="md").body.decode()
    assert "Formed from" not in body


def test_what_was_merged_before_it_was_kept_comes_back_with_its_own_words(room: Undoing) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    room.merge(first, other)
    with room.database.writing() as uow:
        uow.session.execute(select(ItemDescent)).scalar_one().moved = None
    room.restore(other)
    assert (room.text(first).text, room.text(other).text) == (f"{FIRST}\n\n{SECOND}", SECOND)
    assert (room.says(first), room.says(other)) == ({"words_of": ["C1.2"]}, {"words_in": ["C1.1"]})


def test_a_split_that_is_taken_back_puts_the_words_where_they_were(room: Undoing) -> None:
    people = room.people
    whole = f"{FIRST} {SECOND}"
    first = room.add("Sharing", FIRST)
    room.write(people.peer, first, whole)
    before = room.authors(first)
    room.comment(first, "narrow", "on words")
    waiting = room.suggest(first, "each year", "every month")
    made = room.split(first, "The corridor").id
    room.comment(made, "", "on the part")
    kept = room.put_back(made)
    assert (kept.id, room.text(first).text, room.status(made)) == (first, whole, Status.WITHDRAWN)
    assert [author for words, author in room.authors(first) if words.strip()] == [each[1] for each in before]
    assert set(room.talks(first)) == {"on words", "on the part"}
    assert (room.says(first), room.says(made)) == ({}, {"merged_into": ["C1.1"]})
    with room.database.reading() as uow:
        assert origins.lines(uow.session, people.group_id, {first, made}) == {}
    with pytest.raises(Conflict, match="taken back already"):
        room.put_back(made)
    room.restore(made)
    assert (room.text(first).text, room.text(made).text) == (FIRST, SECOND)
    assert (room.says(first), room.says(made)) == ({"split_off": ["C1.2"]}, {"split_from": ["C1.1"]})
    assert set(room.talks(made)) == {"on words", "on the part"}
    room.put_back(made)
    assert room.accept(first, waiting) == whole.replace("each year", "every month")


ACROSS = "Alpha first here. Beta fourth there."


def both(room: Undoing, first: int) -> int:
    """A suggestion for words on both sides of what follows "here."."""
    words = ACROSS.replace("first", "FIRST").replace("fourth", "FOURTH")
    with room.database.writing() as uow:
        return suggestions.suggest(
            uow, room.people.peer, item_id=first, field=Field.TEXT, version=room.text(first).version, text=words
        ).id


def about(room: Undoing, item_id: int, said: str) -> str:
    """The words that a comment is about."""
    place = room.talks(item_id)[said].place
    assert place is not None
    return room.text(item_id).text[place[0] : place[1]]


def test_what_is_said_of_words_on_both_sides_of_a_cut_fits_again_once_it_is_taken_back(room: Undoing) -> None:
    first = room.add("Alpha", ACROSS)
    waiting = both(room, first)
    room.comment(first, "here. Beta", "across")
    room.comment(first, "Alpha first", "before")
    made = room.split(first, "Beta").id
    for again in (False, True):
        if again:
            room.restore(made)
        with pytest.raises(Conflict, match="have changed since"):
            room.accept(first, waiting)
        assert (about(room, first, "across"), about(room, first, "before")) == ("here.", "Alpha first")
        room.put_back(made)
        assert (about(room, first, "across"), about(room, first, "before")) == ("here. Beta", "Alpha first")
    assert room.accept(first, waiting) == "Alpha FIRST here. Beta FOURTH there."


def test_of_two_splits_each_gives_back_what_it_cut_through(room: Undoing) -> None:
    first = room.add("Alpha", f"One here. Two there. {ACROSS}")
    inner = room.suggest(first, "One here. Two there.", "One HERE. Two THERE.")
    outer = room.suggest(first, "there. Alpha", "THERE. ALPHA")
    room.comment(first, "here. Two there. Alpha", "across")
    later, earlier = room.split(first, "Alpha").id, room.split(first, "Two").id
    assert about(room, first, "across") == "here."
    room.put_back(earlier)
    assert about(room, first, "across") == "here. Two there."
    with pytest.raises(Conflict, match="have changed since"):
        room.accept(first, outer)
    room.put_back(later)
    assert about(room, first, "across") == "here. Two there. Alpha"
    assert room.accept(first, inner) == f"One HERE. Two THERE. {ACROSS}"


def test_what_was_decided_since_or_had_lost_its_words_before_stays_so(room: Undoing) -> None:
    first = room.add("Alpha", ACROSS)
    waiting, lost = both(room, first), room.suggest(first, "there", "THERE")
    room.write(room.people.member, first, ACROSS.replace("there", "elsewhere"))
    made = room.split(first, "Beta").id
    with room.database.writing() as uow:
        suggestions.reject(uow, room.people.member, suggestion_id=waiting, answer="No.")
    room.put_back(made)
    for each in (waiting, lost):
        with pytest.raises(Conflict):
            room.accept(first, each)


@pytest.mark.parametrize("which", ["old", "part", "title"])
def test_a_split_is_not_taken_back_once_words_have_changed(room: Undoing, which: str) -> None:
    first = room.add("Sharing", f"{FIRST} {SECOND}")
    made = room.split(first, "The corridor").id
    if which == "title":
        rewrite(room.database, room.people.peer, made, "Narrow", Field.TITLE)
    else:
        room.write(room.people.peer, first if which == "old" else made, THIRD)
    with pytest.raises(Conflict, match=r"Merge C1\.2 into C1\.1 instead"):
        room.put_back(made)
    assert room.status(made) is Status.DRAFT


@pytest.mark.parametrize(
    ("whole", "then", "left", "refusal"),
    [
        (f"{FIRST} {SECOND}", f"{FIRST} {SECOND} Indeed.", f"{FIRST} {SECOND} Indeed.", "taken back already"),
        (f"{FIRST}\n\n{SECOND}", f"{FIRST}\n\n{SECOND}\n\n{THIRD}", f"{FIRST}\n\n{THIRD}", "instead"),
        (f"{FIRST} {SECOND}", FIRST, FIRST, "instead"),
    ],
    ids=["the words stay", "more behind them", "taken out"],
)  # fmt: skip
def test_an_undo_kept_from_before_puts_no_words_in_twice(
    room: Undoing, whole: str, then: str, left: str, refusal: str
) -> None:  # fmt: skip
    first = room.add("Sharing", whole)
    made = room.split(first, "The corridor").id
    room.put_back(made)
    room.write(room.people.peer, first, then)
    room.restore(made)
    assert (room.text(first).text, room.text(made).text) == (left, SECOND)
    with pytest.raises(Conflict, match=refusal):
        room.put_back(made)
    assert (room.text(first).text, room.status(made)) == (left, Status.DRAFT)


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_a_split_that_others_take_back_and_part_again_meanwhile_is_not_taken_back_by_who_waited(room: Undoing) -> None:
    first = room.add("Sharing", f"{FIRST} {SECOND}")
    made = room.split(first, "The corridor").id
    waits = threading.Event()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if threading.current_thread() is waiting and "FOR NO KEY UPDATE" in statement:
            waits.set()

    refused: list[str] = []

    def put_back() -> None:
        try:
            room.put_back(made, room.people.peer)
        except Conflict as error:
            refused.append(error.message)

    waiting = threading.Thread(target=put_back)
    event.listen(room.database.engine, "before_cursor_execute", note)
    with room.database.writing() as uow:
        descent.put_back(uow, room.people.member, item_id=made)
        outline.restore_item(uow, room.people.member, item_id=made)
        waiting.start()
        assert waits.wait(20), "it has read how the part was split off, and waits for the group"
    waiting.join()
    event.remove(room.database.engine, "before_cursor_execute", note)
    assert refused == ["C1.2 was not split off another item, or that was taken back already."]
    assert (room.text(first).text, room.text(made).text) == (FIRST, SECOND)
    room.put_back(made)
    room.restore(made)
    assert (room.text(first).text, room.text(made).text) == (FIRST, SECOND)


def test_a_split_that_is_parted_again_leaves_the_past_as_it_was(room: Undoing, clock: SetClock) -> None:
    people = room.people
    first = room.add("Sharing", f"{FIRST} {SECOND}")
    clock.advance(minutes=1)
    made = room.split(first, "The corridor").id

    def lines(until: datetime) -> dict[int, str]:
        with room.database.reading() as uow:
            return origins.lines(uow.session, people.group_id, {first, made}, until=until)

    def turns(item_id: int) -> list[str]:
        with room.database.reading() as uow:
            found = history.timeline(uow, people.observer, item_id, most=20)[::-1]
        return [f"{turn.what} {turn.reference} {turn.by_id}" for one in found for turn in one.turns]

    moments = [clock.now]
    for change in (room.put_back, room.restore, room.put_back):
        clock.advance(minutes=1)
        change(made, people.peer)
        moments.append(clock.now)
    split = {made: "Split from C1.1"}
    assert [lines(each) for each in moments] == [split, {}, split, {}]
    member, peer = people.member.person_id, people.peer.person_id
    assert turns(first) == [
        f"split off C1.2 {member}", f"put back C1.2 {peer}", f"split off C1.2 {peer}", f"put back C1.2 {peer}",
    ]  # fmt: skip
    clock.advance(minutes=1)
    room.restore(made)
    assert (room.says(first), room.says(made)) == ({"split_off": ["C1.2"]}, {"split_from": ["C1.1"]})


def test_a_part_whose_words_stay_says_where_it_comes_from(room: Undoing, clock: SetClock) -> None:
    people = room.people
    first = room.add("Sharing", f"{FIRST} {SECOND}")
    made = room.split(first, "The corridor").id
    clock.advance(minutes=1)
    room.put_back(made)
    moment = clock.now
    room.write(people.peer, first, f"{FIRST} {SECOND} Indeed.")

    def lines(until: datetime | None = None) -> dict[int, str]:
        with room.database.reading() as uow:
            return origins.lines(uow.session, people.group_id, {first, made}, until=until)

    assert lines() == {}
    clock.advance(minutes=1)
    room.restore(made)
    both = {first: "Formed from C1.1 and C1.2", made: "Split from C1.1"}
    assert (lines(), lines(moment)) == (both, {})
    assert room.says(first) == {"split_off": ["C1.2"], "words_of": ["C1.2"]}
    assert room.says(made) == {"split_from": ["C1.1"], "words_in": ["C1.1"]}
    with room.database.reading() as uow:
        body = exports.export_draft(uow, people.member, group_id=people.group_id, form="md").body.decode()
    assert all(line in body for line in both.values())
    room.write(people.peer, first, FIRST)
    room.merge(first, made)
    room.restore(made)
    assert lines() == both, "once each"


def test_two_splits_are_taken_back_one_after_the_other(room: Undoing) -> None:
    whole = f"{FIRST} {SECOND}\n\n{THIRD}"
    first = room.add("Sharing", whole)
    last, middle = room.split(first, "Both sides").id, room.split(first, "The corridor").id
    with pytest.raises(Conflict, match=r"Merge C1\.2 into C1\.1 instead"):
        room.put_back(last)
    room.put_back(middle)
    room.write(room.people.peer, last, f"{THIRD} Always.")
    with pytest.raises(Conflict, match=r"Merge C1\.2 into C1\.1 instead"):
        room.put_back(last)
    room.write(room.people.peer, last, THIRD)
    room.put_back(last)
    assert (room.text(first).text, room.says(first)) == (whole, {})
    room.restore(middle)
    assert (room.text(first).text, room.text(middle).text) == (f"{FIRST}\n\n{THIRD}", SECOND)


def test_what_a_split_took_is_known_also_where_it_was_not_the_end(room: Undoing) -> None:
    first = room.add("Sharing", f"{FIRST}\n\n{SECOND}")
    made = room.split(first, SECOND[:9]).id
    room.put_back(made)
    rewrite(room.database, room.people.member, first, f"{FIRST}\n\n{SECOND}\n\n{THIRD}")
    whole, since = room.text(first).text, room.text(first).version
    room.restore(made)
    assert room.text(first).text == f"{FIRST}\n\n{THIRD}"
    with room.database.reading() as uow:
        [cut] = origins.cuts(uow.session, uow.session.get_one(Document, room.text(first).id), after=since)
    assert cut.part.id == made

    def took(words: str, instead: str) -> list[bool]:
        return [cut.took(place) for place in places(change_between(whole, whole.replace(words, instead)))]

    assert took("narrow", "wide") == took(SECOND, f"{SECOND} So it stays.") == [True]
    assert took(FIRST, f"{FIRST} So it is.") == took(THIRD, f"{THIRD} Each year.") == took("Both", "All") == [False]


def test_a_part_that_took_nothing_along_is_no_cut(room: Undoing) -> None:
    """Somebody had taken all of its words out of the whole before it was split off again."""
    first = room.add("Sharing", f"{FIRST}\n\n{SECOND}")
    made = room.split(first, SECOND[:9]).id
    room.put_back(made)
    rewrite(room.database, room.people.member, first, FIRST)
    room.restore(made)
    with room.database.reading() as uow:
        text = uow.session.get_one(Document, room.text(first).id)
        assert origins.cuts(uow.session, text, after=0) == []


def test_words_that_were_merged_on_are_told_where_they_stand(room: Undoing, clock: SetClock) -> None:
    first, third, fourth = room.add("One", f"{FIRST} {SECOND}"), room.add("Three", THIRD), room.add("Four", THIRD)
    since = clock.now
    clock.advance(minutes=1)
    part = room.split(first, SECOND[:9]).id

    def elsewhere() -> list[int]:
        with room.database.reading() as uow:
            return [
                each.item_id for each in origins.elsewhere(uow, room.people.member, item_id=first, since=since).parted
            ]

    assert elsewhere() == [part]
    for into, gone in ((third, part), (fourth, third)):
        clock.advance(minutes=1)
        room.merge(into, gone)
        assert elsewhere() == [into]
    with room.database.writing() as uow:
        outline.withdraw_item(uow, room.people.facilitator, item_id=fourth)
    assert elsewhere() == []


def test_a_part_with_agreed_ones_under_it_is_put_back_by_facilitators_only(room: Undoing) -> None:
    first = room.add("Sharing", f"{FIRST} {SECOND}")
    made = room.split(first, "The corridor")
    under = room.add("Under", "", kind=Kind.SPECIFICATION, parent=made.id, status=Status.AGREED)

    def offered(who: Actor) -> bool:
        with room.database.reading() as uow:
            return descent.back_into(uow, who, uow.session.get_one(Item, made.id)) is not None

    assert (offered(room.people.member), offered(room.people.facilitator)) == (False, True)
    with pytest.raises(Forbidden, match="would go along, and is agreed: ask a facilitator"):
        room.put_back(made.id)
    room.put_back(made.id, room.people.facilitator)
    assert room.parent(under) == first
    with pytest.raises(Forbidden, match="would go along, and is agreed: ask a facilitator"):
        room.restore(made.id)
    room.restore(made.id, room.people.facilitator)
    assert room.parent(under) == made.id


def test_what_was_never_split_cannot_be_put_back(room: Undoing) -> None:
    with pytest.raises(Conflict, match="was not split off"):
        room.put_back(room.add("Sharing", FIRST))


def test_a_comment_resolved_since_stays_resolved(room: Undoing) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    said = room.comment(other, "narrow", "on words")
    room.merge(first, other)
    with room.database.writing() as uow:
        comments.resolve(uow, room.people.member, discussion_id=said)
    room.restore(other)
    assert room.talks(other)["on words"].discussion.resolved_at is not None


def test_the_words_of_before_can_be_read_and_brought_back(room: Undoing) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    room.merge(first, other)
    room.restore(other)
    with room.database.reading() as uow:
        text = room.text(first)
        assert [history.text_at(uow.session, text, at) for at in (1, text.version - 1)] == [
            FIRST, f"{FIRST}\n\n{SECOND}",
        ]  # fmt: skip


def test_merges_and_splits_are_moments_of_their_own(room: Undoing, clock: SetClock) -> None:
    people = room.people
    first, other = room.add("Sharing", ""), room.add("Corridor", SECOND)
    clock.advance(minutes=30)
    room.write(people.member, first, FIRST)
    clock.advance(minutes=1)
    room.merge(first, other)
    clock.advance(minutes=1)
    room.write(people.member, first, f"{FIRST}\n\n{SECOND}\n\n{THIRD}")
    clock.advance(minutes=1)
    room.restore(other, people.facilitator)
    clock.advance(minutes=1)
    made = room.split(first, "Both sides", people.facilitator).id
    clock.advance(minutes=1)
    room.put_back(made, people.peer)

    def told(item_id: int) -> list[tuple[str, str, list[str], str]]:
        with room.database.reading() as uow:
            return [
                (one.kind, one.name, [f"{turn.what} {turn.reference}" for turn in one.turns],
                 history.words_at(uow, people.observer, item_id, one.mark)[Field.TEXT])
                for one in history.timeline(uow, people.observer, item_id, most=20)
            ][::-1]  # fmt: skip

    member, lead, peer = people.member.name, people.facilitator.name, people.peer.name
    assert told(first) == [
        ("edit", lead, [], ""),
        ("edit", member, [], FIRST),
        ("moved", member, ["merged in C1.2"], f"{FIRST}\n\n{SECOND}"),
        ("edit", member, [], f"{FIRST}\n\n{SECOND}\n\n{THIRD}"),
        ("moved", lead, ["out C1.2"], f"{FIRST}\n\n{THIRD}"),
        ("moved", lead, ["split off C1.3"], FIRST),
        ("moved", peer, ["put back C1.3"], f"{FIRST}\n\n{THIRD}"),
    ]
    assert told(other)[1:] == [
        ("moved", member, ["merged into C1.1"], SECOND), ("moved", lead, ["restored C1.1"], SECOND),
    ]  # fmt: skip
    assert [each for each in told(made) if each[0] == "moved"] == [
        ("moved", lead, ["split from C1.1"], THIRD), ("moved", peer, ["merged into C1.1"], THIRD),
    ]  # fmt: skip


def test_taking_a_merge_back_asks_no_more_often_however_much_stood_under_it(room: Undoing) -> None:
    def asked(children: int) -> int:
        first, other = (room.add(name, FIRST) for name in ("Stays", "Goes"))
        for number in range(children):
            room.add(f"Part {number}", SECOND, kind=Kind.SPECIFICATION, parent=other)
        room.merge(first, other, room.people.facilitator)
        with counting(room.database) as sent:
            room.restore(other)
        return len(sent)

    assert asked(30) == asked(2), "many at once"


def test_what_waits_for_the_item_that_stays_is_in_its_place_when_an_acceptance_beside_it_is_taken_back(
    room: Undoing,
) -> None:
    first, other = room.add("A", "One.\n"), room.add("B", "Bee and sea. Much more to be said.")
    waiting = room.propose(first, "One.\nTwo.\n")
    room.merge(first, other)
    whole = room.text(first).text
    taken, further = (room.propose(first, whole.replace(*each)) for each in (("sea", "see"), ("Much", "Far")))
    facilitator = room.people.facilitator
    with room.database.writing() as uow:
        for each in (taken, further):
            suggestions.accept(uow, facilitator, suggestion_id=each)
    with room.database.writing() as uow:
        suggestions.unaccept(uow, facilitator, suggestion_id=taken)
    assert room.would(first)[waiting] == f"One.\nTwo.\n{whole.replace('Much', 'Far').removeprefix('One.' + chr(10))}"
