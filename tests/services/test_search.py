"""Searching: everything readable is found and nothing else, by the beginnings of words; the index misses no write."""

from __future__ import annotations

from datetime import date, time

import pytest
from sqlalchemy import text

from app.errors import Forbidden, NotFound
from app.policy import Actor
from app.services import comments, documents, homework, items, meetings, memberships, search, sources
from app.services.search import Found
from app.services.search_texts import Kind
from app.uow import Database
from models.documents import Document
from models.items import Kind as ItemKind
from models.items import Status
from models.search import SearchDue, SearchEntry
from tests.cast import Cast
from tests.kept import kept
from tests.wordings import rewrite
from tests.world import World, build_world


def find(database: Database, actor: Actor, group_id: int, asked: str, kind: Kind | None = None) -> Found:
    """What somebody finds, as the page does it: what is due is filed first."""
    with database.writing() as uow:
        search.file_due(uow)
    with database.reading() as uow:
        return search.search(uow, actor, group_id=group_id, asked=asked, kind=kind)


def names(found: Found) -> dict[str, list[str]]:
    return {
        shelf.kind.value: [hit.thing.reference or hit.thing.title or hit.thing.texts[0] for hit in shelf.hits]
        for shelf in found.shelves
    }


def add(database: Database, people: Cast, title: str, words: str = "", status: Status = Status.DRAFT) -> int:
    with database.writing() as uow:
        return items.add_item(
            uow, people.facilitator, group_id=people.group_id, kind=ItemKind.ELEMENT, title=title, text=words,
            status=status,
        ).id  # fmt: skip


@kept
def zebras(database: Database) -> tuple[World, list[str]]:
    """A world each of whose texts says "Zebra" and its place; and those places."""
    places: list[str] = []

    def say(place: str) -> str:
        places.append(place)
        return f"Zebra {place}"

    return build_world(database, say), places


@pytest.fixture
def built(database: Database) -> tuple[World, list[str]]:
    return zebras(database)


@pytest.fixture
def world(built: tuple[World, list[str]]) -> World:
    return built[0]


@pytest.fixture
def places(built: tuple[World, list[str]]) -> list[str]:
    return built[1]


def test_every_kind_is_found(database: Database, world: World) -> None:
    found = find(database, world.cast.observer, world.cast.group_id, "zebra")
    wanted = {kind.value for kind in Kind} - {"person"}  # nobody here is called so
    assert {shelf.kind.value for shelf in found.shelves} >= wanted
    assert all(
        any(piece.found for piece in (*hit.title, *hit.excerpt)) for shelf in found.shelves for hit in shelf.hits
    )
    people = names(find(database, world.cast.observer, world.cast.group_id, "peer inv", Kind.PERSON))
    assert people == {"person": ["Peer Invented"]}


@pytest.mark.parametrize(
    "asked",
    ["notes", "open objection", "expert", "country", "interests", "invited", "guest", "what is missing", "whole"],
)
def test_what_is_not_for_its_reader_is_not_found(
    database: Database, world: World, places: list[str], asked: str
) -> None:
    """Facilitators' notes, open ballots, experts and what they said, invitations and guests."""
    assert any(asked in place for place in places), "it was written somewhere"
    for who in world.cast.insiders.values():
        assert find(database, who, world.cast.group_id, f"zebra {asked}").count == 0, asked


def test_homework_is_found_by_what_is_asked_and_what_was_answered(database: Database, world: World) -> None:
    lead, peer, group_id = world.cast.facilitator, world.cast.peer, world.cast.group_id

    def found(asked: str) -> list[str]:
        return names(find(database, world.cast.observer, group_id, asked)).get("homework", [])

    with database.writing() as uow:
        made = homework.give(
            uow, lead, group_id=group_id, item_id=world.ids["draft_id"], asked="Compare the okapi",
            due_on=uow.now.date(), person_ids=[peer.person_id or 0],
        ).id  # fmt: skip
    assert len(found("okapi")) == 1
    assert found("quagga") == []
    with database.writing() as uow:
        homework.reply(uow, peer, homework_id=made, group_id=group_id, ready=True, words="The quagga is gone")
    assert found("okapi quagga") == found("okapi") != []
    with database.writing() as uow:
        homework.take_back(uow, lead, homework_id=made, group_id=group_id)
    assert found("okapi") == []


def test_another_groups_words_stay_there(database: Database, world: World) -> None:
    other = find(database, world.cast.stranger, world.cast.other_group_id, "zebra")
    assert (other.count, other.exact) == (0, None)
    assert find(database, world.cast.stranger, world.cast.other_group_id, "C1.1").exact is None
    for outsider in (world.cast.stranger, world.cast.nobody, world.cast.administrator, world.outsiders["former"]):
        with pytest.raises(NotFound):
            find(database, outsider, world.cast.group_id, "zebra")
    with pytest.raises(Forbidden):
        find(database, world.guest, world.cast.group_id, "zebra")


def test_a_planned_session_is_found_by_who_plans_it(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        meetings.plan_meeting(
            uow, people.facilitator, group_id=people.group_id, title="Quagga", day=date(2026, 5, 4), at=time(9)
        )
    assert names(find(database, people.facilitator, people.group_id, "quagga")) == {"session": ["Quagga"]}
    for who in (people.member, people.observer, people.panel_manager):
        assert find(database, who, people.group_id, "quagga").count == 0


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ("contr", True),
        ("CONTRACT", True),
        ("ontract", False),
        ("resume", True),
        ("résumé contracts", True),
        ("contracts zebra", False),
        ("carer", True),
        ("lodz", True),
        ('"gain" NEAR loss', False),
        ('"gain" -loss', True),
        ("gain*", True),
        ("words: gain", False),
        ("title:gain", False),
        ("gain OR zebra", False),
        ("(gain & !loss) | 'x':*", False),
        ("gain' loss\\", True),
        ("*", False),
        ("", False),
        ("'\"-:&|!()<>\\", False),
    ],
)
def test_all_words_must_begin_a_word_and_no_sign_is_a_command(
    database: Database, people: Cast, asked: str, is_found: bool
) -> None:
    add(database, people, "The Résumé of contracts", "Gain and **loss** for the person/carer of Łódź, shared.")
    assert (find(database, people.member, people.group_id, asked).count == 1) is is_found


def test_a_reference_comes_first_and_leads_straight_there(database: Database, people: Cast) -> None:
    first, second = add(database, people, "Money"), add(database, people, "E1 is money too", "As E1 says.")
    found = find(database, people.member, people.group_id, " e1 ")
    assert found.exact is not None
    assert found.exact.id == first
    assert [hit.thing.id for hit in found.shelves[0].hits] == [first, second]
    assert find(database, people.member, people.group_id, "E9").exact is None


def test_the_title_counts_for_more(database: Database, people: Cast) -> None:
    for number in range(4):
        add(database, people, f"Element {number}", "Trust. " * 20)
    best = add(database, people, "Trust", "Nothing else.")
    found = find(database, people.member, people.group_id, "trust")
    assert (found.shelves[0].hits[0].thing.id, found.shelves[0].count) == (best, 5)


def test_words_are_found_as_they_are_now(database: Database, people: Cast) -> None:
    """By whichever way they were written: the database itself notes what is due."""
    item_id = add(database, people, "Money", "The old quagga.")
    assert find(database, people.member, people.group_id, "quagga").count == 1
    rewrite(database, people.member, item_id, "The new okapi.")
    assert find(database, people.member, people.group_id, "quagga").count == 0
    assert find(database, people.member, people.group_id, "okapi").count == 1
    with database.writing() as uow:
        talk = comments.start(uow, people.member, item_id=item_id, words="A gnu?")
        said = comments.reply(uow, people.member, discussion_id=talk.id, words="An eland.")
    assert find(database, people.member, people.group_id, "eland").count == 1
    with database.writing() as uow:
        comments.take_back(uow, people.member, comment_id=said.id)
    assert find(database, people.member, people.group_id, "eland").count == 0
    with database.writing() as uow:
        uow.session.execute(text("UPDATE comment SET words = 'By hand: a kudu.' WHERE words LIKE 'A gnu%'"))
    assert names(find(database, people.observer, people.group_id, "kudu")) == {"comment": ["E1"]}


def test_what_is_thrown_away_is_no_longer_found(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        made = meetings.plan_meeting(
            uow, people.facilitator, group_id=people.group_id, title="Quagga", day=date(2026, 5, 4), at=time(9)
        )
    assert find(database, people.facilitator, people.group_id, "quagga").count == 1
    with database.writing() as uow:
        meetings.remove_meeting(uow, people.facilitator, meeting_id=made.id)
    assert find(database, people.facilitator, people.group_id, "quagga").count == 0
    with database.reading() as uow:
        assert uow.session.query(SearchEntry).filter_by(kind="session").count() == 0


def cite_and_fail(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        sources.add_source(uow, people.member, group_id=people.group_id, cite="Quagga 2001")
        sources.add_source(uow, people.nobody, group_id=people.group_id, cite="Okapi 2001")


def test_a_transaction_that_fails_leaves_nothing_to_file(database: Database, people: Cast) -> None:
    add(database, people, "Money")
    with database.writing() as uow:
        search.file_due(uow)
        assert not search.is_due(uow.session)
    with pytest.raises(NotFound):
        cite_and_fail(database, people)
    with database.reading() as uow:
        assert not search.is_due(uow.session)


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_words_written_while_others_are_filed_are_due_afterwards(database: Database, people: Cast) -> None:
    """A writer that has not committed is neither waited for nor forgotten (on SQLite one writes at a time)."""
    item_id = add(database, people, "Money", "The old quagga.")
    find(database, people.member, people.group_id, "quagga")
    with database.writing() as slow:
        known = documents.documents_of(slow.session, [item_id])[item_id][documents.Field.TEXT]
        documents.replace_text(slow, people.member, slow.lock(Document, known.id), "The new okapi.")
        slow.flush()
        assert find(database, people.member, people.group_id, "okapi").count == 0
    assert find(database, people.member, people.group_id, "okapi").count == 1


def test_an_endless_text_is_filed_as_far_as_it_goes(database: Database, people: Cast) -> None:
    """One pathological text must not stop the filing of all others."""
    endless = "".join(chr(0x10000 + number) * 30 + str(number) + " " for number in range(1500)) + " tail"
    add(database, people, "Quagga", endless[:49_000])
    add(database, people, "Okapi", "x" * 50_000)
    for word in ("quagga", "okapi", "xxxxx"):
        assert find(database, people.member, people.group_id, word).count == 1


def test_withdrawn_things_are_found_and_marked(database: Database, people: Cast) -> None:
    add(database, people, "Quagga", status=Status.WITHDRAWN)
    [shelf] = find(database, people.member, people.group_id, "quagga").shelves
    assert shelf.hits[0].thing.withdrawn


def test_somebody_who_left_is_no_longer_found(database: Database, people: Cast) -> None:
    assert find(database, people.member, people.group_id, "peer").count == 1
    with database.writing() as uow:
        row = next(
            row for row in memberships.members(uow, people.facilitator, group_id=people.group_id)
            if row.person_id == people.peer.person_id
        )  # fmt: skip
        memberships.remove(uow, people.facilitator, group_id=people.group_id, membership_id=row.id)
    assert find(database, people.member, people.group_id, "peer").count == 0


def test_what_is_filed_is_what_filing_anew_would_give(database: Database, world: World) -> None:
    """After a group's whole life, nothing is missing and nothing is left over."""

    def filed() -> set[tuple[str, int]]:
        with database.writing() as uow:
            search.file_due(uow)
            return {(row.kind, row.thing_id) for row in uow.session.query(SearchEntry)}

    before = filed()
    with database.writing() as uow:
        uow.session.query(SearchEntry).delete()
        uow.session.execute(text("DELETE FROM search_words"))
        for source in (*search.SOURCES, "document"):
            key = "DISTINCT homework_id" if source == "homework_share" else "id"
            for (row_id,) in uow.session.execute(text(f"SELECT {key} FROM {source}")):  # noqa: S608  own names
                uow.session.add(SearchDue(source=source, row_id=row_id))
    assert filed() == before
    assert len(before) > 15


def test_a_reference_is_followed_by_what_stands_under_it(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        element = items.add_item(
            uow, people.facilitator, group_id=people.group_id, kind=ItemKind.ELEMENT, title="Outcomes C1"
        )
        for title in ("First", "Second"):
            criterion = items.add_item(
                uow,
                people.facilitator,
                group_id=people.group_id,
                kind=ItemKind.CRITERION,
                title=title,
                parent_id=element.id,
            )
            for number in range(10):
                items.add_item(
                    uow, people.facilitator, group_id=people.group_id, kind=ItemKind.SPECIFICATION,
                    title=f"Number {number} is like S1.2", parent_id=criterion.id,
                )  # fmt: skip
    found = find(database, people.member, people.group_id, "s1.2", kind=Kind.ITEM)
    shown = [hit.thing.reference for shelf in found.shelves for hit in shelf.hits]
    assert shown[:10] == [f"S1.2.{number}" for number in range(1, 11)]
