"""Items of the blueprint: references that stay, places, statuses, and who may do what."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from app.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from app.events import DocumentReset, ItemChanged, TreeChanged
from app.policy import Actor, Can
from app.services import activity, documents, items, outline, threads
from app.services.items import Entry
from app.uow import Database
from models.documents import Field
from models.items import Item, Kind, PrincipleGroup, Status
from models.meetings import Meeting, MeetingState
from models.polls import Correction, Decision, Outcome, Poll
from tests.cast import Cast, counting


def add(database: Database, actor: Actor, group_id: int, kind: Kind, title: str = "A title", **more: object) -> Item:
    family = PrincipleGroup.PERSON_CENTRED if kind is Kind.PRINCIPLE else None
    with database.writing() as uow:
        given = {"principle_group": family, **more}
        return items.add_item(uow, actor, group_id=group_id, kind=kind, title=title, **given)  # type: ignore[arg-type]  # any of its words


def test_an_item_is_added_without_reading_those_that_stand(database: Database, people: Cast) -> None:
    for _ in range(3):
        add(database, people.member, people.group_id, Kind.ELEMENT)
    read: list[Item] = []

    def note(item: Item, _context: object) -> None:
        read.append(item)

    event.listen(Item, "load", note)
    made = add(database, people.member, people.group_id, Kind.ELEMENT)
    event.remove(Item, "load", note)
    assert (made.position, made.reference, read) == (3, "E4", [])


def tree(database: Database, people: Cast, *, withdrawn: bool = True) -> list[Entry]:
    with database.reading() as uow:
        return items.tree(uow, people.member, people.group_id, withdrawn=withdrawn)


def references(database: Database, people: Cast, *, withdrawn: bool = True) -> list[str]:
    return [entry.item.reference for entry in tree(database, people, withdrawn=withdrawn)]


@pytest.fixture
def blueprint(database: Database, people: Cast) -> dict[str, Item]:
    """Four elements; E1 with two criteria, the first with two specifications; one principle of each family."""
    with database.writing() as uow:
        made = outline.start(uow, people.member, group_id=people.group_id)
        for parent, kind, count in ((made[0], Kind.CRITERION, 2), (None, Kind.SPECIFICATION, 2)):
            above = parent or made[-2]
            made += [
                items.add_item(
                    uow, people.member, group_id=people.group_id, kind=kind, parent_id=above.id, title=f"Line {n}"
                )
                for n in range(count)
            ]
        made += [
            items.add_item(
                uow,
                people.member,
                group_id=people.group_id,
                kind=Kind.PRINCIPLE,
                title=family.value,
                principle_group=family,
            )
            for family in reversed(PrincipleGroup)
        ]
    return {item.reference: item for item in made}


def test_references_follow_the_tree_and_the_tree_follows_positions(
    database: Database, people: Cast, blueprint: dict[str, Item]
) -> None:
    assert references(database, people) == ["P2", "P1", "E1", "C1.1", "S1.1.1", "S1.1.2", "C1.2", "E2", "E3", "E4"]
    assert [entry.title for entry in tree(database, people) if entry.item.kind is Kind.ELEMENT] == list(
        outline.CORE_ELEMENTS
    )
    with pytest.raises(Conflict), database.writing() as uow:
        outline.start(uow, people.member, group_id=people.group_id)


def test_a_moved_criterion_keeps_its_name_and_its_number_is_never_given_again(
    database: Database, people: Cast, blueprint: dict[str, Item]
) -> None:
    moved = blueprint["C1.2"]
    with database.writing() as uow:
        before = outline.move_item(uow, people.member, item_id=moved.id, parent_id=blueprint["E2"].id)
        assert {TreeChanged(people.group_id), ItemChanged(people.group_id, moved.id)} <= set(uow.facts)
    assert [(entry.item.reference, entry.now_under) for entry in tree(database, people)][-4:-1] == [
        ("E2", ""), ("C1.2", "E2"), ("E3", ""),
    ]  # fmt: skip
    assert (
        add(database, people.member, people.group_id, Kind.CRITERION, parent_id=blueprint["E1"].id).reference == "C1.3"
    )
    assert (
        add(database, people.member, people.group_id, Kind.CRITERION, parent_id=blueprint["E2"].id).reference == "C2.1"
    )
    assert add(database, people.member, people.group_id, Kind.SPECIFICATION, parent_id=moved.id).reference == "S1.2.1"
    with database.writing() as uow:
        outline.move_item(
            uow, people.member, item_id=moved.id, parent_id=before.parent_id, position=before.position,
        )  # fmt: skip
    order = references(database, people)
    assert order[order.index("S1.1.2") : order.index("E2")] == ["S1.1.2", "C1.2", "S1.2.1", "C1.3"]
    with database.reading() as uow:
        lines = activity.list_activity(uow, people.member, group_id=people.group_id, item_id=moved.id)
    assert [line.sentence for line in lines][:2] == ["moved C1.2 back under E1", "moved C1.2 under E2"]


def test_up_and_down_pass_over_what_is_withdrawn(database: Database, people: Cast, blueprint: dict[str, Item]) -> None:
    with database.writing() as uow:
        outline.withdraw_item(uow, people.member, item_id=blueprint["E2"].id)
    with database.writing() as uow:
        assert outline.shift_item(uow, people.member, item_id=blueprint["E3"].id, by=-1) is not None
    with database.writing() as uow:
        assert outline.shift_item(uow, people.member, item_id=blueprint["E3"].id, by=-1) is None
    shown = [name for name in references(database, people, withdrawn=False) if name[0] == "E"]
    assert shown == ["E3", "E1", "E4"]


def test_a_principle_moves_to_the_other_family(database: Database, people: Cast, blueprint: dict[str, Item]) -> None:
    with database.writing() as uow:
        outline.move_item(
            uow, people.member, item_id=blueprint["P1"].id, principle_group=PrincipleGroup.PERSON_CENTRED, position=0
        )
    assert references(database, people)[:2] == ["P1", "P2"]


def test_withdrawing_takes_the_branch_and_restoring_brings_back_just_that(
    database: Database, people: Cast, blueprint: dict[str, Item]
) -> None:
    with database.writing() as uow:
        outline.withdraw_item(uow, people.member, item_id=blueprint["S1.1.2"].id)
    with database.writing() as uow:
        gone = outline.withdraw_item(uow, people.member, item_id=blueprint["C1.1"].id)
        assert [item.reference for item in gone] == ["C1.1", "S1.1.1"]
        assert any(isinstance(fact, DocumentReset) for fact in uow.facts)
    with pytest.raises(Conflict, match=r"C1\.1, which it stands under"), database.writing() as uow:
        outline.restore_item(uow, people.member, item_id=blueprint["S1.1.1"].id)
    with pytest.raises(Conflict, match="Restore it first"), database.writing() as uow:
        items.add_item(
            uow,
            people.member,
            group_id=people.group_id,
            kind=Kind.SPECIFICATION,
            parent_id=blueprint["C1.1"].id,
            title="x",
        )
    with database.writing() as uow:
        back = outline.restore_item(uow, people.member, item_id=blueprint["C1.1"].id)
    assert [(item.reference, item.status) for item in back] == [("C1.1", Status.IDEA), ("S1.1.1", Status.IDEA)]
    assert "S1.1.2" not in references(database, people, withdrawn=False)


def test_agreed_items_belong_to_facilitators(database: Database, people: Cast, blueprint: dict[str, Item]) -> None:
    item = blueprint["C1.1"]
    with pytest.raises(Forbidden), database.writing() as uow:
        items.set_status(uow, people.member, item_id=item.id, status=Status.AGREED)
    with database.writing() as uow:
        items.set_status(uow, people.facilitator, item_id=item.id, status=Status.AGREED)
        assert sum(isinstance(fact, DocumentReset) for fact in uow.facts) == 4
    with database.reading() as uow:
        agreed = items.access_item(uow.session, people.member, item.id, Can.ITEM_READ)
        assert items.may_write(uow.session, people.member, agreed) == ("read", "Agreed: ask a facilitator to reopen")
        assert items.may_write(uow.session, people.facilitator, agreed).access == "write"
    acts = (
        lambda uow: items.set_status(uow, people.member, item_id=item.id, status=Status.DRAFT),
        lambda uow: items.reopen(uow, people.member, item_id=item.id),
        lambda uow: outline.withdraw_item(uow, people.member, item_id=blueprint["E1"].id),
        lambda uow: outline.shift_item(uow, people.member, item_id=item.id, by=1),
        lambda uow: outline.shift_item(uow, people.member, item_id=blueprint["E1"].id, by=1),
        lambda uow: threads.set_principles(uow, people.member, item_id=item.id, principle_ids=[]),
    )
    for act in acts:
        with pytest.raises(Forbidden), database.writing() as uow:
            act(uow)
    with database.writing() as uow:
        items.reopen(uow, people.facilitator, item_id=item.id)
    with database.reading() as uow:
        reopened = items.access_item(uow.session, people.member, item.id, Can.ITEM_READ)
        assert (reopened.status, items.may_write(uow.session, people.member, reopened).access) == (
            Status.DRAFT,
            "write",
        )


def open_vote(database: Database, people: Cast, item: Item) -> int:
    with database.writing() as uow:
        meeting = Meeting(
            group_id=people.group_id,
            number=1,
            title="First",
            starts_at=uow.now,
            state=MeetingState.RUNNING,
            created_at=uow.now,
        )
        uow.session.add(meeting)
        uow.flush()
        words = documents.words_of(uow.session, item.id)
        assert people.facilitator.person_id is not None
        poll = Poll(
            group_id=people.group_id, meeting_id=meeting.id, item_id=item.id, question="Live with it?", words=words,
            words_sha256=documents.words_sha256(words), opened_at=uow.now, opened_by_id=people.facilitator.person_id,
        )  # fmt: skip
        uow.session.add(poll)
        uow.flush()
        return poll.id


def test_nobody_changes_what_is_being_voted_on(database: Database, people: Cast, blueprint: dict[str, Item]) -> None:
    item = blueprint["C1.1"]
    poll_id = open_vote(database, people, item)
    with database.reading() as uow:
        held = items.access_item(uow.session, people.facilitator, item.id, Can.ITEM_READ)
        access, reason = items.may_write(uow.session, people.facilitator, held)
    assert (access, "vote" in reason) == ("read", True)
    for by in (people.facilitator, people.member):
        with pytest.raises(Conflict, match=r"vote on C1\.1"), database.writing() as uow:
            outline.withdraw_item(uow, by, item_id=blueprint["E1"].id)
        with pytest.raises(Conflict), database.writing() as uow:
            items.set_status(uow, by, item_id=item.id, status=Status.PARKED)
    with database.writing() as uow:
        uow.lock(Poll, poll_id).closed_at = uow.now
    with database.writing() as uow:
        items.set_status(uow, people.member, item_id=item.id, status=Status.PARKED)


def test_readers_read_and_strangers_find_nothing(database: Database, people: Cast, blueprint: dict[str, Item]) -> None:
    item = blueprint["C1.1"]
    for reader in (people.observer, people.panel_manager):
        with database.reading() as uow:
            found = items.access_item(uow.session, reader, item.id, Can.ITEM_READ)
            assert items.may_write(uow.session, reader, found).access == "read"
        with pytest.raises(Forbidden), database.writing() as uow:
            items.set_status(uow, reader, item_id=item.id, status=Status.DRAFT)
    for outsider in (people.stranger, people.nobody, people.administrator):
        with pytest.raises(NotFound), database.reading() as uow:
            items.access_item(uow.session, outsider, item.id, Can.ITEM_READ)
        with pytest.raises(NotFound), database.reading() as uow:
            items.tree(uow, outsider, people.group_id)
    with pytest.raises(NotFound), database.reading() as uow:
        items.entry_of(uow, people.member, item.id, group_id=people.other_group_id)
    foreign = add(database, people.stranger, people.other_group_id, Kind.ELEMENT)
    with pytest.raises(NotFound), database.writing() as uow:
        outline.move_item(uow, people.member, item_id=item.id, parent_id=foreign.id)


@pytest.mark.parametrize(
    ("kind", "given", "refusal"),
    [
        (Kind.ELEMENT, {"title": "  "}, Invalid),
        (Kind.ELEMENT, {"title": "x" * 301}, Invalid),
        (Kind.ELEMENT, {"title": "a\0b"}, Invalid),
        (Kind.PRINCIPLE, {"principle_group": None}, Invalid),
        (Kind.CRITERION, {}, Invalid),
        (Kind.SPECIFICATION, {"parent": "E1"}, Invalid),
        (Kind.CRITERION, {"parent": "P1"}, Invalid),
        (Kind.ELEMENT, {"parent": "E1"}, Invalid),
        (Kind.ELEMENT, {"status": Status.AGREED}, Forbidden),
    ],
)
def test_a_wrong_addition_leaves_nothing(
    database: Database,
    people: Cast,
    blueprint: dict[str, Item],
    kind: Kind,
    given: dict[str, object],
    refusal: type[DomainError],
) -> None:
    wrong = {name: value for name, value in given.items() if name != "parent"}
    if "parent" in given:
        wrong["parent_id"] = blueprint[str(given["parent"])].id
    with pytest.raises(refusal):
        add(database, people.member, people.group_id, kind, **{"title": "A title", **wrong})  # type: ignore[arg-type]  # some of them wrong on purpose
    assert len(references(database, people)) == len(blueprint)


def test_decided_words_and_minor_corrections(database: Database, people: Cast, blueprint: dict[str, Item]) -> None:
    item = blueprint["C1.1"]

    def changed() -> list[bool]:
        with database.reading() as uow:
            return [one.changed for one in threads.thread_of(uow, people.member, item.id).decisions]

    with database.writing() as uow:
        words = documents.words_of(uow.session, item.id)
        uow.session.add(
            Decision(
                group_id=people.group_id,
                number=7,
                item_id=item.id,
                outcome=Outcome.AGREED,
                sentence="Agreed.",
                words=words,
                words_sha256=documents.words_sha256(words),
                decided_at=uow.now,
            )
        )
    assert changed() == [False]
    with database.writing() as uow:
        text = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        documents.replace_text(uow, people.facilitator, text, "Other words.")
    assert changed() == [True]
    with database.writing() as uow:
        words = documents.words_of(uow.session, item.id)
        decision_id = uow.session.execute(select(Decision.id)).scalar_one()
        assert people.member.person_id is not None
        uow.session.add(
            Correction(
                decision_id=decision_id,
                proposed_by_id=people.member.person_id,
                words=words,
                created_at=uow.now,
                words_sha256=documents.words_sha256(words),
                accepted_at=uow.now,
            )
        )
    assert changed() == [False]


def test_principles_are_tied_and_seen_from_both_ends(
    database: Database, people: Cast, blueprint: dict[str, Item]
) -> None:
    with database.writing() as uow:
        threads.set_principles(
            uow, people.member, item_id=blueprint["C1.1"].id, principle_ids=[blueprint["P2"].id, blueprint["P1"].id]
        )
    with database.reading() as uow:
        here = threads.thread_of(uow, people.observer, blueprint["C1.1"].id)
        there = threads.thread_of(uow, people.observer, blueprint["P1"].id)
    assert [one.reference for one in here.principles] == ["P1", "P2"]
    assert [one.reference for one in there.carried_out_by] == ["C1.1"]
    with pytest.raises(Invalid), database.writing() as uow:
        threads.set_principles(uow, people.member, item_id=blueprint["C1.1"].id, principle_ids=[blueprint["E1"].id])


def test_the_tree_takes_as_many_queries_however_long_it_is(
    database: Database, people: Cast, blueprint: dict[str, Item]
) -> None:
    with counting(database) as sent:
        tree(database, people)
    few = len(sent)
    with database.writing() as uow:
        for number in range(30):
            items.add_item(
                uow, people.member, group_id=people.group_id, kind=Kind.CRITERION, parent_id=blueprint["E4"].id,
                title=f"More {number}",
            )  # fmt: skip
    with counting(database) as sent:
        tree(database, people)
    assert len(sent) == few <= 5
