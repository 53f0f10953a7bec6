"""Splitting and merging: nothing said is lost, everybody keeps their words, and where items come from is on record."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.calc import authorship
from app.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from app.policy import Actor
from app.services import (
    activity,
    comments,
    descent,
    documents,
    evidence,
    exports,
    findings,
    history,
    homework,
    items,
    origins,
    outline,
    since,
    sources,
    suggestions,
    threads,
)
from app.services.comments import Talk
from app.services.descent import Words
from app.services.findings import FindingForm
from app.uow import Database
from models.documents import Document, Field
from models.evidence import Link, Relation
from models.homework import Homework
from models.items import Item, ItemDescent, Kind, PrincipleGroup, Status
from models.notifications import Notification
from tests.cast import Cast
from tests.conftest import SetClock
from tests.services.test_races import at_once
from tests.wordings import by_turns, rewrite, text_of

FIRST, SECOND = "Partners share gain 😀 within a corridor.", "The corridor is narrow. It is reviewed each year."


@dataclass
class Room:
    """Criteria of one element, with short ways to use them."""

    database: Database
    people: Cast
    element: int

    def add(self, title: str, words: str, *, status: Status = Status.DRAFT, kind: Kind = Kind.CRITERION,
            parent: int | None = None) -> int:  # fmt: skip
        with self.database.writing() as uow:
            return items.add_item(
                uow, self.people.facilitator, group_id=self.people.group_id, kind=kind, title=title, text=words,
                parent_id=parent or self.element, status=status,
            ).id  # fmt: skip

    def text(self, item_id: int, field: Field = Field.TEXT) -> Document:
        return text_of(self.database, item_id, field)

    def write(self, who: Actor, item_id: int, words: str) -> None:
        rewrite(self.database, who, item_id, words)

    def split(self, item_id: int, before: str, who: Actor | None = None, *, version: int | None = None) -> Item:
        text = self.text(item_id)
        with self.database.writing() as uow:
            return descent.split(
                uow, who or self.people.member, item_id=item_id, at=text.text.index(before), title="The corridor",
                version=text.version if version is None else version,
            )  # fmt: skip

    def merge(self, item_id: int, other_id: int, who: Actor | None = None, words: Words = Words.AFTER) -> Item:
        with self.database.writing() as uow:
            return descent.merge(uow, who or self.people.member, item_id=item_id, other_id=other_id, words=words)

    def comment(self, item_id: int, quote: str, words: str) -> int:
        with self.database.writing() as uow:
            return comments.start(uow, self.people.peer, item_id=item_id, words=words, quote=quote).id

    def suggest(self, item_id: int, old: str, new: str) -> int:
        text = self.text(item_id)
        with self.database.writing() as uow:
            return suggestions.suggest(
                uow, self.people.peer, item_id=item_id, field=Field.TEXT, version=text.version,
                text=text.text.replace(old, new),
            ).id  # fmt: skip

    def talks(self, item_id: int) -> dict[str, Talk]:
        with self.database.reading() as uow:
            return {talk.said[0].comment.words: talk for talk in comments.of_item(uow, self.people.observer, item_id)}

    def accept(self, item_id: int, suggestion_id: int) -> str:
        with self.database.writing() as uow:
            suggestions.accept(uow, self.people.member, suggestion_id=suggestion_id)
        return self.text(item_id).text

    def status(self, item_id: int) -> Status:
        with self.database.reading() as uow:
            return uow.session.get_one(Item, item_id).status

    def authors(self, item_id: int) -> list[tuple[str, int]]:
        """Who wrote which words, as kept and as the log tells: the same."""
        with self.database.reading() as uow:
            text = documents.documents_of(uow.session, [item_id])[item_id][Field.TEXT]
            kept = documents.authors_of(uow.session, text)
            uow.session.expire(text, ["authors"])
            text.authors = None
            told = documents.authors_of(uow.session, text)
            assert kept == told
            units = documents.to_units(text.text)
            return [
                (documents.from_units(type(units)(units[span.start : span.end])), span.author)
                for span in authorship.spans(kept)
            ]


@pytest.fixture
def room(database: Database, people: Cast) -> Room:
    with database.writing() as uow:
        element = items.add_item(uow, people.facilitator, group_id=people.group_id, kind=Kind.ELEMENT, title="Money").id
    return Room(database, people, element)


def test_a_split_item_becomes_two_that_know_each_other(room: Room) -> None:
    first = room.add("Sharing", f"{FIRST} {SECOND}")
    last = room.add("Last", "")
    made = room.split(first, "The corridor")
    assert (room.text(first).text, room.text(made.id).text) == (FIRST, SECOND)
    assert (made.reference, made.status, made.parent_id) == ("C1.3", Status.DRAFT, room.element)
    with room.database.reading() as uow:
        order = [item.id for item in items.items_of(uow.session, room.people.group_id)]
        assert order == [room.element, first, made.id, last]
        assert [one.reference for one in origins.ancestry(uow.session, made).split_from] == ["C1.1"]
        old = uow.session.get_one(Item, first)
        assert [one.reference for one in origins.ancestry(uow.session, old).split_off] == ["C1.3"]
        told = [line.sentence for line in activity.list_activity(uow, room.people.member, group_id=old.group_id)]
        for one, line in ((first, "split C1.1: a part of it is C1.3 now"), (made.id, "split C1.3 from C1.1")):
            (mine, *_earlier) = activity.list_activity(uow, room.people.member, group_id=old.group_id, item_id=one)
            assert (mine.name, mine.sentence) == (room.people.member.name, line), "each of the two has a line of it"
    assert not any("added C1.3" in line for line in told), "which says that it is new"


def test_what_is_said_goes_where_its_words_go(room: Room) -> None:
    first = room.add("Sharing", f"{FIRST} {SECOND}")
    room.comment(first, "gain 😀", "stays")
    room.comment(first, "narrow", "goes")
    room.comment(first, "within a corridor. The corridor", "across")
    room.comment(first, "", "whole")
    stays, goes = room.suggest(first, "share gain", "share loss"), room.suggest(first, "each year", "every month")
    across = room.suggest(first, "corridor. The corridor is", "corridor that is")
    made = room.split(first, "The corridor")
    old, new = room.talks(first), room.talks(made.id)
    assert (set(old), set(new)) == ({"stays", "across", "whole"}, {"goes"})
    assert old["stays"].place is not None
    place = new["goes"].place
    assert place is not None
    assert SECOND[place[0] : place[1]] == "narrow"
    assert old["across"].discussion.quote == "within a corridor. The corridor", "it still says what it was about"
    assert room.accept(made.id, goes) == "The corridor is narrow. It is reviewed every month."
    assert room.accept(first, stays) == FIRST.replace("gain", "loss")
    with room.database.reading() as uow:
        [waiting] = [
            each for each in suggestions.of_item(uow, room.people.member, first) if each.suggestion.id == across
        ]
    assert waiting.in_conflict


@pytest.mark.parametrize(
    ("words", "later", "old", "new", "comes_to"),
    [
        ("No start", ". Later on", "start", "start unless waived", "No start unless waived."),
        ("No start.", "Later on", "start.", "start. None.", "No start. None."),
    ],
)
def test_what_goes_on_from_words_that_stay_stays_with_them(
    room: Room, words: str, later: str, old: str, new: str, comes_to: str
) -> None:
    first = room.add("Start", words)
    waiting = room.suggest(first, old, new)
    room.write(room.people.member, first, words + later)
    made = room.split(first, "Later")
    with room.database.reading() as uow:
        assert suggestions.of_item(uow, room.people.member, made.id) == []
    assert room.accept(first, waiting) == comes_to
    assert room.text(made.id).text == "Later on"


def test_a_suggestion_is_decided_before_its_words_go_or_after(room: Room) -> None:
    for _ in range(6):
        first = room.add("Sharing", f"{FIRST} {SECOND}")
        waiting = room.suggest(first, "each year", "every month")
        new: list[int] = []
        refused = at_once(
            lambda first=first, new=new: new.append(room.split(first, "The corridor", version=1).id),  # type: ignore[misc]
            lambda first=first, waiting=waiting: room.accept(first, waiting),  # type: ignore[misc]
        )
        both = "".join(room.text(each).text for each in (first, *new))
        assert both.count("each year") + both.count("every month") == 1
        assert all(isinstance(each, Conflict | Invalid) for each in refused)


def test_what_people_were_told_leads_to_where_it_has_gone(room: Room) -> None:
    first, other = room.add("Sharing", f"{FIRST} {SECOND}"), room.add("Reviewing", "Reviewed by both.")
    member = room.people.member
    room.comment(first, "narrow", f"@{member.name}, why narrow?")
    room.comment(other, "both", f"@{member.name}, which both?")
    with room.database.writing() as uow:
        given = homework.give(
            uow, room.people.facilitator, group_id=room.people.group_id, item_id=other, asked="Think.",
            person_ids=[member.person_id or 0], due_on=uow.now.date() + timedelta(days=2),
        )  # fmt: skip
    made = room.split(first, "The corridor")
    room.merge(first, other)
    with room.database.reading() as uow:
        told = {
            row.path.partition("#")[0]: row.item_id
            for row in uow.session.execute(select(Notification)).scalars() if row.kind.value == "mention"
        }  # fmt: skip
        assert told == {f"blueprint/items/{each}": each for each in (made.id, first)}
        assert uow.session.get_one(Homework, given.id).item_id == first


def test_a_suggestion_at_the_very_cut_goes_along(room: Room) -> None:
    first = room.add("Sharing", f"{FIRST} {SECOND}")
    goes = room.suggest(first, "The corridor is narrow", "A corridor is wide")
    made = room.split(first, "The corridor")
    assert room.accept(made.id, goes) == "A corridor is wide. It is reviewed each year."


def test_everybody_keeps_their_words(room: Room) -> None:
    people = room.people
    first = room.add("Sharing", FIRST)
    room.write(people.peer, first, f"{FIRST} {SECOND}")
    made = room.split(first, "The corridor")
    assert room.authors(made.id) == [(SECOND, people.peer.person_id)]
    assert room.authors(first) == [(FIRST, people.facilitator.person_id)]
    room.merge(first, made.id)
    assert [author for words, author in room.authors(first) if words.strip()] == [
        people.facilitator.person_id, people.peer.person_id,
    ]  # fmt: skip


def test_everybody_keeps_their_words_also_of_very_many_hands(room: Room) -> None:
    first, other = room.add("Sharing", "Partners share."), room.add("The corridor", "Narrow.")
    by_turns(room.database, (room.people.member, room.people.peer), other, range(800), "letters")
    wanted = room.authors(other)
    assert len(wanted) == 801
    room.merge(first, other, room.people.facilitator)
    assert room.authors(first)[1:] == wanted


def test_a_split_and_a_merge_are_the_acts_of_who_did_them(room: Room, clock: SetClock) -> None:
    people = room.people
    first = room.add("Sharing", FIRST)
    room.write(people.peer, first, f"{FIRST} {SECOND}")
    clock.advance(days=1)
    moment = clock.now
    clock.advance(minutes=1)
    made = room.split(first, "The corridor")
    clock.advance(minutes=10)
    room.merge(first, made.id)
    with room.database.reading() as uow:
        mine = history.timeline(uow, people.observer, first, most=2)
        theirs = history.timeline(uow, people.observer, made.id, most=9)
        found = since.since(uow, people.peer, group_id=people.group_id, moment=moment)
        nothing = since.since(uow, people.member, group_id=people.group_id, moment=moment)
    assert {each.name for each in [*mine, *theirs]} == {people.member.name}
    assert [(line.item_id, line.names) for line in found.reworded] == [(first, [people.member.name])]
    assert [(line.item_id, line.into) for line in found.gone] == [(made.id, "C1.1")]
    assert (nothing.reworded, nothing.gone) == ([], []), "one's own doing is no news"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (Words.AFTER, f"{FIRST}\n\n{SECOND}"),
        (Words.BEFORE, f"{SECOND}\n\n{FIRST}"),
        (Words.FIRST_ONLY, FIRST),
    ],
)
def test_two_items_become_one(room: Room, words: Words, text: str) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    under = room.add("Review", "Yearly.", kind=Kind.SPECIFICATION, parent=other)
    room.comment(first, "gain", "on the first")
    room.comment(other, "narrow", "on the other")
    room.comment(other, "", "on the whole other")
    mine, theirs = room.suggest(first, "gain", "loss"), room.suggest(other, "each year", "every month")
    room.merge(first, other, words=words)
    assert room.text(first).text == text
    assert room.text(other).text == SECOND
    assert room.status(other) is Status.WITHDRAWN
    said = room.talks(first)
    assert set(said) == {"on the first", "on the other", "on the whole other"}
    assert not room.talks(other)
    for key, quote in (("on the first", "gain"), ("on the other", "narrow")):
        place = said[key].place
        if key == "on the other" and words is Words.FIRST_ONLY:
            assert place is None
            assert said[key].discussion.quote == "narrow"
            continue
        assert place is not None
        units = documents.to_units(text)
        assert documents.from_units(type(units)(units[place[0] : place[1]])) == quote
    room.accept(first, mine)
    if words is not Words.FIRST_ONLY:
        room.accept(first, theirs)
        assert room.text(first).text == text.replace("gain", "loss").replace("each year", "every month")
    with room.database.reading() as uow:
        child = uow.session.get_one(Item, under)
        assert (child.parent_id, child.reference) == (first, "S1.2.1")
        gone = uow.session.get_one(Item, other)
        assert [one.reference for one in origins.ancestry(uow.session, gone).merged_into] == ["C1.1"]


def test_each_of_two_merged_items_has_a_line_of_it(room: Room) -> None:
    kept, gone = room.add("Corridor", FIRST), room.add("Review", SECOND)
    room.merge(kept, gone)
    with room.database.reading() as uow:
        member, group_id = room.people.member, room.people.group_id

        def lines(**of: int) -> list[tuple[str, str]]:
            found = activity.list_activity(uow, member, group_id=group_id, limit=2, **of)
            return [(line.name, line.sentence) for line in found]

        merged, went = "merged C1.2 into C1.1", "withdrew C1.2: it is a part of C1.1 now"
        assert lines(item_id=kept)[0] == (member.name, merged)
        assert lines(item_id=gone)[0] == (member.name, went)
        assert lines() == [(member.name, merged), (member.name, went)]


def test_restoring_takes_a_merge_back_with_its_own_words(room: Room) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    room.merge(first, other)
    with room.database.writing() as uow:
        outline.restore_item(uow, room.people.member, item_id=other)
    assert (room.status(other), room.text(other).text) == (Status.DRAFT, SECOND)
    with room.database.reading() as uow:
        first_text = documents.documents_of(uow.session, [first])[first][Field.TEXT]
        before = history.text_at(uow.session, first_text, 1)
    assert before == FIRST, "and the first one's words of before can be restored from its history"


def test_evidence_and_principles_come_along_once(room: Room) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", f"{SECOND}")
    lead, group_id = room.people.facilitator, room.people.group_id
    with room.database.writing() as uow:
        principle = items.add_item(
            uow, lead, group_id=group_id, kind=Kind.PRINCIPLE, title="Fair",
            principle_group=PrincipleGroup.ORGANISATIONAL,
        )  # fmt: skip
        threads.set_principles(uow, lead, item_id=other, principle_ids=[principle.id])
        source = sources.add_source(uow, lead, group_id=group_id, cite="A study")
        found = findings.add_finding(uow, lead, group_id=group_id, form=FindingForm(source.id, text="It works"))
        for item_id in (first, other):
            findings.link(uow, lead, finding_id=found.id, item_id=item_id, relation=Relation.SUPPORTS)
    made = room.split(other, "It is reviewed")
    room.merge(first, other)
    with room.database.reading() as uow:
        for item_id in (first, made.id):
            assert [one.id for one in threads.thread_of(uow, lead, item_id).principles] == [principle.id]
            assert uow.session.query(Link).filter_by(item_id=item_id).count() == 1


def study(room: Room, text: str = "It works") -> int:
    """A finding that says this."""
    lead, group_id = room.people.facilitator, room.people.group_id
    with room.database.writing() as uow:
        source = sources.add_source(uow, lead, group_id=group_id, cite=f"A study: {text}")
        return findings.add_finding(uow, lead, group_id=group_id, form=FindingForm(source.id, text=text)).id


def speak(room: Room, finding_id: int, item_id: int, relation: Relation, words: str, who: Actor | None = None) -> None:
    """Say what a finding does to an item."""
    with room.database.writing() as uow:
        findings.link(
            uow, who or room.people.peer, finding_id=finding_id, item_id=item_id, relation=relation, note_text=words
        )


def lines(room: Room, item_id: int) -> list[tuple[str, str]]:
    """What findings do to an item, and why."""
    with room.database.reading() as uow:
        some = evidence.of_item(uow, room.people.observer, item_id).lines
        return [(line.link.relation.value, line.link.note) for line in some]


def odds(room: Room, item_id: int, other_id: int) -> list[tuple[str, bool]]:
    """What another item's lines say of the same findings and this one's do not."""
    with room.database.reading() as uow:
        some = descent.at_odds(uow, room.people.member, item_id=item_id).get(other_id, [])
        return [(each.theirs.note, each.fits) for each in some]


YES, NO = Relation.SUPPORTS, Relation.CONTRADICTS


@pytest.mark.parametrize(
    ("own", "theirs", "note"),
    [
        ((YES, "A note"), (NO, "It speaks against"), "A note · C1.2: contradicts, It speaks against"),
        ((YES, ""), (NO, ""), "C1.2: contradicts"),
        ((YES, "A note"), (YES, "Another"), "A note · C1.2: supports, Another"),
        ((YES, ""), (YES, "Another"), "Another"),
        ((YES, "A note"), (YES, ""), "A note"),
        ((YES, "A note"), (YES, "A note"), "A note"),
    ],
)  # fmt: skip
def test_what_both_say_of_one_finding_stands_in_one_line(
    room: Room, own: tuple[Relation, str], theirs: tuple[Relation, str], note: str
) -> None:
    first, other, found = room.add("Sharing", FIRST), room.add("Corridor", SECOND), study(room)
    speak(room, found, first, *own, who=room.people.facilitator)
    speak(room, found, other, *theirs)
    told = [(theirs[1], True)] if "C1.2" in note else []
    assert odds(room, first, other) == told
    room.merge(first, other)
    assert lines(room, first) == [("supports", note)]
    assert lines(room, other) == [(theirs[0].value, theirs[1])]
    assert odds(room, first, other) == [], "nothing is left unsaid"


def test_what_does_not_fit_into_a_note_is_said_to_be_left(room: Room) -> None:
    first, other, found = room.add("Sharing", FIRST), room.add("Corridor", SECOND), study(room)
    speak(room, found, first, YES, "x" * 300)
    speak(room, found, other, NO, "y" * 300)
    left = [("y" * 300, False)]
    assert odds(room, first, other) == left
    room.merge(first, other)
    assert (lines(room, first), odds(room, first, other)) == ([("supports", "x" * 300)], left)


def test_agreed_items_are_a_facilitators_and_what_was_agreed_shows_as_changed(room: Room) -> None:
    agreed, draft = room.add("Agreed", f"{FIRST} {SECOND}", status=Status.AGREED), room.add("Draft", SECOND)
    for act in (
        lambda: room.split(agreed, "The corridor"), lambda: room.merge(agreed, draft),
        lambda: room.merge(draft, agreed),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            act()
    made = room.split(agreed, "The corridor", room.people.facilitator)
    assert (made.status, room.status(agreed)) == (Status.PROPOSED, Status.AGREED)


@pytest.mark.parametrize("kind", [Kind.CRITERION, Kind.ELEMENT])
def test_what_is_agreed_goes_along_with_a_merge_by_facilitators_only(room: Room, kind: Kind) -> None:
    people, draft = room.people, room.add("Draft", FIRST)
    kept, other = room.add("Kept", SECOND), draft
    with room.database.writing() as uow:
        if kind is Kind.ELEMENT:
            kept = items.add_item(uow, people.facilitator, group_id=people.group_id, kind=kind, title="Risk").id
            other = room.element
        agreed = items.add_item(
            uow, people.facilitator, group_id=people.group_id, kind=Kind.SPECIFICATION, title="Agreed",
            parent_id=draft, status=Status.AGREED,
        ).reference  # fmt: skip
    before, would = room.status(other), f"{agreed} would go along, and is agreed: ask a facilitator to do this."
    with pytest.raises(Forbidden) as refused:
        room.merge(kept, other)
    assert (refused.value.message, room.status(other)) == (would, before)
    room.merge(kept, other, people.facilitator)
    with pytest.raises(Forbidden) as refused, room.database.writing() as uow:
        outline.restore_item(uow, people.member, item_id=other)
    assert (refused.value.message, room.status(other)) == (would, Status.WITHDRAWN)
    with room.database.writing() as uow:
        outline.restore_item(uow, people.facilitator, item_id=other)
    assert room.status(other) is before


def test_refusals_change_nothing(room: Room) -> None:
    people = room.people
    first, other = room.add("Sharing", f"{FIRST} {SECOND}"), room.add("Corridor", SECOND)
    elsewhere = room.add("Under", "", kind=Kind.SPECIFICATION, parent=first)
    with room.database.writing() as uow:
        foreign = items.add_item(
            uow, people.stranger, group_id=people.other_group_id, kind=Kind.ELEMENT, title="Theirs"
        ).id
    gone = room.add("Gone", "", status=Status.WITHDRAWN)
    text = room.text(first)

    def refused(error: type[DomainError], act: object) -> None:
        with pytest.raises(error):
            act()  # type: ignore[operator]  # one of the lambdas below

    def cut(at: int, who: Actor = people.member, title: str = "New", version: int = text.version) -> object:
        with room.database.writing() as uow:
            return descent.split(uow, who, item_id=first, at=at, version=version, title=title)

    for at in (0, -5, len(text.text), 10_000):
        refused(Invalid, lambda at=at: cut(at))
    refused(Invalid, lambda: cut(20, title=" "))
    refused(Conflict, lambda: cut(20, version=text.version - 1))
    for who in (people.observer, people.panel_manager):
        refused(Forbidden, lambda who=who: cut(20, who))
        refused(Forbidden, lambda who=who: room.merge(first, other, who))
    refused(NotFound, lambda: cut(20, people.stranger))
    refused(NotFound, lambda: room.merge(first, foreign))
    refused(Invalid, lambda: room.merge(first, first))
    refused(Invalid, lambda: room.merge(first, elsewhere))
    refused(Conflict, lambda: room.merge(first, gone))
    refused(Conflict, lambda: room.merge(gone, first))
    with room.database.reading() as uow:
        assert uow.session.query(ItemDescent).count() == 0
    assert room.text(first).text == text.text
    assert room.text(first).version == text.version


def test_what_would_become_too_long_is_refused_whole(room: Room) -> None:
    first, other = room.add("Long", "a" * 60_000), room.add("Long too", "b" * 60_000)
    with pytest.raises(Invalid, match="too long"):
        room.merge(first, other)
    assert room.status(other) is Status.DRAFT
    assert room.text(first).text == "a" * 60_000


@pytest.mark.parametrize("form", ["md", "json", "csv", "docx"])
def test_exports_say_where_an_item_comes_from(room: Room, form: str) -> None:
    first, other = room.add("Sharing", FIRST), room.add("Corridor", SECOND)
    made = room.split(other, "It is reviewed")
    room.merge(first, other)
    with room.database.reading() as uow:
        body = exports.export_draft(uow, room.people.member, group_id=room.people.group_id, form=form).body
    if form == "docx":
        body = zipfile.ZipFile(io.BytesIO(body)).read("word/document.xml")
    words = body.decode()
    assert "Formed from C1.1 and C1.2" in words
    assert "Split from C1.2" in words
    assert made.reference == "C1.3"
