"""Comments: on exact words, carried along, never lost; who may say what, who is named, and what is left of them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from app.events import ItemChanged
from app.policy import SYSTEM, Actor
from app.services import accounts, comments, groups, memberships, outline, privacy, texts
from app.services.comments import Point, Talk, Which
from app.uow import Database
from models.documents import Document
from models.groups import Role
from tests.cast import Cast
from tests.wordings import agreed, rewrite, text_of

WORDS = "Partners **share gain** and loss within a corridor."


@dataclass
class Room:
    """One item with the words above, and short ways to use it."""

    database: Database
    people: Cast
    item_id: int

    def start(self, actor: Actor, words: str = "Which?", **more: object) -> int:
        with self.database.writing() as uow:
            return comments.start(uow, actor, item_id=self.item_id, words=words, **more).id  # type: ignore[arg-type]  # any of its words

    def reply(self, actor: Actor, discussion_id: int, words: str = "This.") -> int:
        with self.database.writing() as uow:
            return comments.reply(uow, actor, discussion_id=discussion_id, words=words).id

    def write(self, text: str) -> None:
        rewrite(self.database, self.people.facilitator, self.item_id, text)

    def text(self) -> Document:
        return text_of(self.database, self.item_id)

    def talks(self, actor: Actor | None = None) -> list[Talk]:
        with self.database.reading() as uow:
            return comments.of_item(uow, actor or self.people.observer, self.item_id)

    def marked(self) -> str | None:
        place = self.talks()[0].place
        return None if place is None else self.text().text[place.start : place.end]


@pytest.fixture
def room(database: Database, people: Cast) -> Room:
    return Room(database, people, agreed(database, people, WORDS).id)


def test_a_comment_stays_with_its_words(room: Room) -> None:
    made = room.start(room.people.observer, quote="gain and loss")
    assert (room.talks()[0].discussion.quote, room.marked()) == ("gain** and loss", "gain** and loss")
    room.write(f"First of all: {WORDS}")
    assert room.marked() == "gain** and loss"
    room.write("First of all: partners **share every gain** and each loss within a corridor.")
    assert room.marked() == "gain** and each loss"
    room.write("Partners share nothing.")
    talk = room.talks()[0]
    assert (talk.orphan, talk.place, talk.discussion.quote) == (True, None, "gain** and loss")
    assert room.reply(room.people.member, made) > 0, "one may still speak about words that are gone"
    room.write(WORDS)
    assert room.marked() == "gain** and loss", "words that came back are found again"


def test_a_comment_whose_words_are_gone_does_not_turn_to_the_same_words_elsewhere(room: Room) -> None:
    room.write("It may object. They may refuse.")
    room.start(room.people.peer, quote="may", occurrence=1)
    room.write("It may object.")
    assert room.talks()[0].orphan
    with room.database.writing() as uow:
        comments.carry_along(uow, uow.lock(Document, text_of(room.database, room.item_id).id))
    assert room.talks()[0].orphan
    room.write("It can object. They may refuse.")
    assert room.talks()[0].place == (20, 23)


def test_a_comment_is_about_words_and_not_about_the_space_beside_them(room: Room) -> None:
    room.write("Partners meet every quarter.")
    version = room.text().version
    room.start(room.people.observer, point=comments.Point(version, 13, 27))
    assert (room.talks()[0].discussion.quote, room.marked()) == ("every quarter", "every quarter")
    room.write("Partners meet .")
    assert room.talks()[0].orphan


def test_a_comment_of_whose_words_only_a_space_is_left_is_an_orphan(room: Room) -> None:
    room.write("Partners meet every quarter.")
    room.start(room.people.observer, quote="meet every quarter")
    text = room.text()
    with room.database.writing() as uow:
        texts.push(
            uow, room.people.facilitator, document_id=text.id, base=text.version, first_seq=1,
            client=f"{room.people.facilitator.person_id}.a", sources=["[9,[4],1,[13],1]"],
        )  # fmt: skip
    assert room.text().text == "Partners  ."
    assert room.talks()[0].orphan
    with room.database.reading() as uow:
        assert comments.anchors_at(uow, room.people.observer, document_id=text.id)[1] == {}


def test_the_same_words_may_stand_twice_and_words_are_pointed_at_in_a_version(room: Room) -> None:
    room.write("gain and gain")
    version = room.text().version
    room.start(room.people.member, quote="gain", occurrence=1)
    room.write("A gain and gain")
    room.start(room.people.member, words="Here.", point=Point(version, 0, 4))
    first, second = room.talks()
    assert [first.place, second.place] == [(2, 6), (11, 15)]
    assert [first.discussion.made_for, second.discussion.made_for] == [version, version]
    with pytest.raises(Invalid):
        room.start(room.people.member, point=Point(version, 9, 99))
    with pytest.raises(NotFound):
        room.start(room.people.member, point=Point(version + 9, 0, 1))
    room.write("😀abc")
    for halved in ((1, 4), (0, 1)):
        with pytest.raises(Invalid):
            room.start(room.people.member, point=Point(room.text().version, *halved))
    with pytest.raises(Invalid) as missing:
        room.start(room.people.member, quote="nowhere to be read")
    assert "copy them" in missing.value.fields["quote"].lower()


def test_a_comment_on_the_whole_item_points_nowhere(room: Room) -> None:
    room.start(room.people.member, words="Too long.")
    room.write("Short.")
    talk = room.talks()[0]
    assert (talk.place, talk.orphan, talk.discussion.quote) == (None, False, "")


def test_a_discussion_is_resolved_reopened_and_opened_by_a_reply(room: Room) -> None:
    people = room.people
    made = room.start(people.member, quote="corridor")
    with room.database.writing() as uow:
        comments.resolve(uow, people.peer, discussion_id=made)
        assert uow.facts == [ItemChanged(people.group_id, room.item_id)]
    assert room.talks()[0].resolved_by == people.peer.name
    with pytest.raises(Conflict), room.database.writing() as uow:
        comments.resolve(uow, people.peer, discussion_id=made)
    with room.database.writing() as uow:
        comments.reopen(uow, people.observer, discussion_id=made)
    with pytest.raises(Conflict), room.database.writing() as uow:
        comments.reopen(uow, people.observer, discussion_id=made)
    with room.database.writing() as uow:
        comments.resolve(uow, people.member, discussion_id=made)
    room.reply(people.facilitator, made)
    talk = room.talks(people.member)[0]
    assert talk.discussion.resolved_at is None
    assert [said.author for said in talk.said] == [people.member.name, people.facilitator.name]
    assert [said.mine for said in talk.said] == [True, False]


def test_ones_own_words_are_changed_and_taken_back(room: Room) -> None:
    people = room.people
    room.start(people.member, words="Wich?")
    said = room.talks()[0].said[0].comment
    with pytest.raises(Forbidden), room.database.writing() as uow:
        comments.change(uow, people.facilitator, comment_id=said.id, words="Which?")
    with room.database.writing() as uow:
        comments.change(uow, people.member, comment_id=said.id, words="Which?")
    again = room.talks()[0].said[0].comment
    assert (again.words, again.changed_at is not None) == ("Which?", True)
    with room.database.writing() as uow:
        comments.take_back(uow, people.member, comment_id=said.id)
    gone = room.talks()[0].said[0]
    assert (gone.comment.words, gone.mine) == ("", False)
    with pytest.raises(Conflict), room.database.writing() as uow:
        comments.change(uow, people.member, comment_id=said.id, words="Back")


def test_a_button_pressed_twice_says_a_thing_once(room: Room) -> None:
    people = room.people
    made = room.start(people.member, quote="corridor")
    assert room.start(people.member, quote="corridor") == made
    assert room.start(people.member, quote="gain") != made
    assert room.reply(people.peer, made) == room.reply(people.peer, made)
    assert [len(talk.said) for talk in sorted(room.talks(), key=lambda talk: talk.discussion.id)] == [2, 1]


def test_people_are_named_and_find_where(room: Room) -> None:
    people = room.people
    made = room.start(people.member, words=f"@{people.peer.name.upper()}, and @Nobody: which? x@{people.observer.name}")
    assert list(room.talks()[0].said[0].mentioned) == [people.peer.name]

    def lists(actor: Actor) -> dict[str, list[int]]:
        with room.database.reading() as uow:
            return {
                which.value: [
                    talk.discussion.id for talk in comments.in_group(uow, actor, group_id=people.group_id, which=which)
                ]
                for which in Which
            }

    assert lists(people.peer) == {"open": [made], "mine": [], "mentions": [made], "resolved": []}
    assert lists(people.member)["mine"] == [made]
    with room.database.writing() as uow:
        comments.change(uow, people.member, comment_id=room.talks()[0].said[0].comment.id, words="Which?")
    assert lists(people.peer)["mentions"] == []


def test_of_two_names_the_longer_is_meant_and_who_has_left_stays_named(room: Room) -> None:
    people = room.people
    with room.database.writing() as uow:
        ids = []
        for number, name in enumerate(("Ana", "Ana Lee", "Ana Lee")):
            person = accounts.add_person(uow, email=f"ana{number}@example.org", name=name)
            row = groups.add_member(
                uow, SYSTEM, group_id=people.group_id, person=person, role=Role.MEMBER, constituency="Commissioner"
            )
            ids.append((person.id, row.id))
    room.start(people.member, words="@Ana and @ana lee agree")
    said = room.talks()[0].said[0]
    assert sorted(said.mentioned) == ["Ana", "Ana Lee", "Ana Lee"], "both who are called so"
    with room.database.writing() as uow:
        memberships.remove(uow, people.facilitator, group_id=people.group_id, membership_id=ids[0][1])
    with room.database.writing() as uow:
        comments.change(uow, people.member, comment_id=said.comment.id, words="@Ana and @Ana Lee agree!")
    with room.database.writing() as uow:
        former = privacy.erase_me(uow, Actor(person_id=ids[0][0], name="Ana"))
    assert room.talks()[0].said[0].comment.words == f"@{former} and @Ana Lee agree!"


def test_the_same_words_about_another_place_are_another_comment(room: Room) -> None:
    room.write("gain and gain")
    first = room.start(room.people.member, quote="gain", occurrence=0)
    assert room.start(room.people.member, quote="gain", occurrence=1) != first


def test_an_erased_person_is_named_nowhere(room: Room) -> None:
    people = room.people
    room.start(people.member, words=f"@{people.peer.name} which?")
    room.start(people.peer, words="Mine.")
    with room.database.reading() as uow:
        assert privacy.export_mine(uow, people.peer)["comments"][0]["words"] == "Mine."
        assert privacy.remains(uow, people.peer).comments == 1
    with room.database.writing() as uow:
        former = privacy.erase_me(uow, people.peer)
    first, second = sorted(room.talks(), key=lambda talk: talk.discussion.id)
    assert first.said[0].comment.words == f"@{former} which?"
    assert (second.said[0].author, second.said[0].comment.words) == (former, "Mine.")


@pytest.mark.parametrize("who", ["panel_manager", "stranger", "nobody"])
def test_who_may_not_comment_is_told_or_sees_nothing(room: Room, who: str) -> None:
    actor: Actor = getattr(room.people, who)
    made = room.start(room.people.member)
    refusal: type[DomainError] = Forbidden if who == "panel_manager" else NotFound
    with pytest.raises(refusal):
        room.start(actor)
    with pytest.raises(refusal):
        room.reply(actor, made)
    if who == "panel_manager":
        assert room.talks(actor)[0].may_comment is False
    else:
        with pytest.raises(NotFound):
            room.talks(actor)


@pytest.mark.parametrize("words", ["", "  \n ", "\u202e\u200b", "a" * 2_001])
def test_nothing_and_too_much_is_refused(room: Room, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        room.start(room.people.member, words=words)
    assert "words" in refused.value.fields
    assert room.talks() == []


def test_a_withdrawn_item_takes_no_new_comment(room: Room) -> None:
    with room.database.writing() as uow:
        outline.withdraw_item(uow, room.people.facilitator, item_id=room.item_id)
    with pytest.raises(DomainError):
        room.start(room.people.member)


def test_editors_get_the_places_of_their_version(room: Room) -> None:
    people = room.people
    room.start(people.member, quote="corridor")
    made = room.text()
    room.write(f"Now: {WORDS}")

    def places(version: int, actor: Actor = people.observer) -> dict[int, tuple[int, int]]:
        with room.database.reading() as uow:
            _, found = comments.anchors_at(uow, actor, document_id=made.id, version=version)
        return {id_: (place.start, place.end) for id_, place in found.items()}

    now = room.text().version
    before, after = places(made.version), places(now)
    [(start, end)] = before.values()
    assert made.text[start:end] == "corridor"
    assert [*after.values()] == [(start + 5, end + 5)]
    with pytest.raises(NotFound):
        places(now + 1)
    with pytest.raises(NotFound):
        places(now, people.stranger)


def test_a_thousand_changes_carry_the_places_along(room: Room) -> None:
    room.start(room.people.member, quote="corridor")
    text = room.text()
    mark = f"{room.people.facilitator.person_id}.typist"
    for base in range(text.version, text.version + 1_000, 100):
        sources = [f'[[0,"a"],{len(WORDS) + base - text.version + step}]' for step in range(100)]
        with room.database.writing() as uow:
            texts.push(
                uow, room.people.facilitator, document_id=text.id, base=base, client=mark,
                first_seq=base - text.version + 1, sources=sources,
            )  # fmt: skip
    talk = room.talks()[0]
    assert talk.discussion.carried_to >= 1_000 > talk.discussion.made_for
    assert room.marked() == "corridor"


def test_what_holds_no_words_any_more_is_no_longer_open(room: Room) -> None:
    people = room.people
    made = room.start(people.member, quote="gain and loss")
    room.reply(people.peer, made)
    first, second = (each.comment for each in room.talks()[0].said)
    with room.database.writing() as uow:
        comments.take_back(uow, people.member, comment_id=first.id)
    assert room.talks()[0].discussion.resolved_at is None, "somebody else's words stand there"
    with room.database.writing() as uow:
        comments.take_back(uow, people.peer, comment_id=second.id)
    with room.database.reading() as uow:
        assert comments.open_counts(uow.session, people.group_id) == {}
        assert comments.anchors_at(uow, people.observer, document_id=room.text().id)[1] == {}
