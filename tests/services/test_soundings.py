"""Soundings: scored in private, shown once closed, contested first, scored again, and what moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.policy import SYSTEM, Actor
from app.services import accounts, groups, items, memberships, outline, soundings
from app.services.soundings import Line, Reading
from app.uow import Database
from models.groups import Role
from models.items import Kind, Status
from models.notifications import Kind as Reason
from models.notifications import Notification
from models.soundings import SoundingScore, SoundingState
from tests.cast import Cast, make_cast
from tests.wordings import rewrite


@dataclass
class Circle:
    """A group with three items, and six members beside its facilitator who score them."""

    database: Database
    people: Cast
    items: list[int] = field(default_factory=list)
    members: list[Actor] = field(default_factory=list)
    sounding_id: int = 0

    def score(self, who: Actor, *values: int | None) -> None:
        with self.database.writing() as uow:
            given = dict(zip(self.items, values, strict=False))
            soundings.score(uow, who, sounding_id=self.sounding_id, scores=given)

    def go_on(self, seen: SoundingState) -> None:
        with self.database.writing() as uow:
            soundings.go_on(uow, self.people.facilitator, sounding_id=self.sounding_id, seen=seen)

    def read(self, who: Actor) -> Reading:
        with self.database.reading() as uow:
            return soundings.read_sounding(uow, who, sounding_id=self.sounding_id, group_id=self.people.group_id)

    def lines(self, who: Actor) -> dict[int, Line]:
        return {line.item.id: line for line in self.read(who).lines}


@pytest.fixture
def circle(database: Database) -> Circle:
    made = Circle(database, make_cast(database))
    people = made.people
    with database.writing() as uow:
        for number in range(3):
            item = items.add_item(
                uow, people.facilitator, group_id=people.group_id, kind=Kind.ELEMENT, title=f"Element {number}",
                text=f"Words {number}.", status=Status.DRAFT,
            )  # fmt: skip
            made.items.append(item.id)
        for number in range(6):
            person = accounts.add_person(uow, email=f"m{number}@example.org", name=f"Member {number} Invented")
            groups.add_member(
                uow, SYSTEM, group_id=people.group_id, person=person, role=Role.MEMBER, constituency="Commissioner",
                organisation="Vale",
            )  # fmt: skip
            made.members.append(Actor(person_id=person.id, name=person.name, email=person.email))
    with database.writing() as uow:
        made.sounding_id = soundings.begin(
            uow, people.facilitator, group_id=people.group_id, title="What matters", item_ids=made.items
        ).id
    return made


def first_pass(circle: Circle) -> None:
    """Everybody agrees on the first item, nobody on the second; the third is scored low."""
    for place, member in enumerate(circle.members):
        circle.score(member, 8 + place % 2, 1 if place < 3 else 9, 2)


def test_nobody_reads_a_score_before_the_pass_is_closed_and_then_only_the_groups(circle: Circle) -> None:
    first_pass(circle)
    for who in (circle.people.facilitator, circle.members[0], circle.people.observer):
        reading = circle.read(who)
        assert all(line.first is None and line.second is None for line in reading.lines)
        assert (reading.begun, reading.done) == (6, 6)
    assert circle.lines(circle.members[1])[circle.items[0]].own == {1: 9}
    assert circle.lines(circle.people.facilitator)[circle.items[0]].own == {}
    circle.go_on(SoundingState.FIRST)
    reading = circle.read(circle.members[0])
    assert [line.title for line in reading.lines] == ["Element 1", "Element 0", "Element 2"]  # contested ones first
    outcomes = [line.first.verdict.outcome for line in reading.lines if line.first and line.first.verdict]
    assert outcomes == ["disagreement", "agreed", "rejected"]  # all gave 2: low, and nothing to talk over
    contested = reading.lines[0].first
    assert contested is not None
    assert (contested.n, contested.distribution, contested.median) == (6, (3, 0, 0, 0, 0, 0, 0, 0, 3), 5.0)
    assert reading.lines[0].own == {1: 1}


def order_of(circle: Circle, *columns: Sequence[int]) -> list[int]:
    """The places of items as they are listed after the first pass, each column being one item's scores."""
    for who, values in zip(circle.members, zip(*columns, strict=True), strict=False):
        circle.score(who, *values)
    circle.go_on(SoundingState.FIRST)
    return [circle.items.index(line.item.id) for line in circle.read(circle.members[0]).lines]


@pytest.mark.parametrize(
    ("columns", "order"),
    [
        (((2, 2, 3), (9, 1, 5), (5, 5, 5)), [1, 0, 2]),  # too few for a verdict: the widest first
        (((8, 8, 9), (1, 1, 1), (9, 9, 9)), [0, 1, 2]),  # low or high is no disagreement; a tie keeps the order
        (((5, 5, 5, 5, 6), (8, 8, 9, 9, 9), (1, 5, 5, 5, 9)), [2, 1, 0]),  # two who differ, though the middle is one
        (((4, 4, 4, 5, 6, 6), (1, 1, 1, 9, 9, 9), (8, 8, 8, 8, 9, 9)), [1, 0, 2]),
        (((1, 6, 6, 6, 6, 6), (7, 7, 7, 7, 7, 1), (3, 3, 3, 7, 7, 7)), [2, 1, 0]),  # the verdict's disagreement first
    ],
)  # fmt: skip
def test_what_the_group_disagrees_most_on_comes_first(
    circle: Circle, columns: Sequence[Sequence[int]], order: list[int]
) -> None:
    assert order_of(circle, *columns) == order


def test_what_too_few_scored_comes_last(circle: Circle) -> None:
    for who, first in ((circle.members[0], 1), (circle.members[1], 9)):
        circle.score(who, first, 5, 5)
    circle.score(circle.members[2], None, 5, 6)
    circle.go_on(SoundingState.FIRST)
    assert [line.title for line in circle.read(circle.members[0]).lines] == ["Element 2", "Element 1", "Element 0"]


def test_an_open_sounding_waits_for_those_who_have_not_scored_all_of_it(circle: Circle) -> None:
    def waits(who: Actor) -> list[tuple[int, int]]:
        with circle.database.reading() as uow:
            found = soundings.waiting(uow, who, group_id=circle.people.group_id)
            return [(each.answered, each.asked) for each in found if each.sounding.id == circle.sounding_id]

    member, peer = circle.members[:2]
    assert waits(member) == waits(peer) == waits(circle.people.facilitator) == [(0, 3)]
    assert waits(circle.people.observer) == waits(circle.people.panel_manager) == []
    with pytest.raises(NotFound):
        waits(circle.people.stranger)
    circle.score(member, 5, None)
    assert waits(member) == [(2, 3)]
    circle.score(member, 5, None, 9)
    assert (waits(member), waits(peer)) == ([], [(0, 3)])
    circle.go_on(SoundingState.FIRST)
    assert waits(peer) == []
    circle.go_on(SoundingState.TALK)
    assert waits(member) == waits(peer) == [(0, 3)]
    circle.go_on(SoundingState.SECOND)
    assert waits(member) == []


def test_one_begun_by_mistake_is_renamed_and_discarded_until_somebody_has_scored(circle: Circle) -> None:
    people, database = circle.people, circle.database

    def told() -> int:
        with database.reading() as uow:
            return len(uow.session.execute(select(Notification.id).where(Notification.kind == Reason.SOUNDING)).all())

    for who in (people.member, people.observer, people.panel_manager):
        with database.writing() as uow, pytest.raises(Forbidden):
            soundings.rename(uow, who, sounding_id=circle.sounding_id, title="Mine")
        with database.writing() as uow, pytest.raises(Forbidden):
            soundings.discard(uow, who, sounding_id=circle.sounding_id)
    with database.writing() as uow, pytest.raises(Invalid) as refused:
        soundings.rename(uow, people.facilitator, sounding_id=circle.sounding_id, title=" x ")
    assert set(refused.value.fields) == {"title"}
    with database.writing() as uow:
        soundings.rename(uow, people.facilitator, sounding_id=circle.sounding_id, title=" What  counts ")
    assert circle.read(people.member).sounding.title == "What counts"
    with database.writing() as uow:
        other = soundings.begin(
            uow, people.facilitator, group_id=people.group_id, title="A mistake", item_ids=circle.items[:1]
        ).id
    before = told()
    assert circle.read(people.facilitator).may_discard
    assert not circle.read(people.member).may_discard
    with database.writing() as uow:
        soundings.discard(uow, people.facilitator, sounding_id=other)
    assert 0 < told() < before, "nobody is led to what is gone, and the other is still told of"
    with database.reading() as uow:
        left = soundings.list_soundings(uow, people.member, group_id=people.group_id)
    assert [(each.id, count) for each, count in left] == [(circle.sounding_id, 3)]
    circle.score(circle.members[0], None)
    assert not circle.read(people.facilitator).may_discard
    with database.writing() as uow, pytest.raises(Conflict):
        soundings.discard(uow, people.facilitator, sounding_id=circle.sounding_id)
    assert circle.lines(circle.members[0])[circle.items[0]].own == {1: None}


def test_both_passes_are_kept_and_what_moved_is_counted(circle: Circle) -> None:
    first_pass(circle)
    circle.go_on(SoundingState.FIRST)
    with pytest.raises(Conflict, match="Nothing is scored"):
        circle.score(circle.members[0], 5)
    circle.go_on(SoundingState.TALK)
    rewrite(circle.database, circle.people.facilitator, circle.items[2], "Other words.")
    for place, member in enumerate(circle.members):
        circle.score(member, 8 + place % 2, 7 if place < 3 else 8, 9)
    assert circle.read(circle.members[0]).lines[0].second is None
    circle.go_on(SoundingState.SECOND)
    lines = circle.lines(circle.members[0])
    second = lines[circle.items[1]]
    assert second.first is not None
    assert second.second is not None
    assert (second.first.median, second.second.median, second.own) == (5.0, 7.5, {1: 1, 2: 7})
    assert second.moved is not None
    assert (second.moved.n, second.moved.up, second.moved.down) == (6, 3, 3)
    reworded = lines[circle.items[2]]
    assert reworded.moved is None  # other words: nothing is compared
    assert reworded.is_reworded
    assert lines[circle.items[0]].moved is not None
    assert circle.read(circle.members[0]).sounding.state is SoundingState.CLOSED
    with pytest.raises(Conflict):
        circle.go_on(SoundingState.CLOSED)


def test_items_are_asked_in_the_order_of_the_blueprint_and_none_that_is_out_of_it(circle: Circle) -> None:
    people = circle.people
    with circle.database.writing() as uow:
        for number, element in ((1, circle.items[1]), (0, circle.items[0]), (2, circle.items[0])):
            circle.items.append(
                items.add_item(
                    uow, people.facilitator, group_id=people.group_id, kind=Kind.CRITERION, parent_id=element,
                    title=f"Criterion {number}", text="Words.", status=Status.DRAFT,
                ).id
            )  # fmt: skip
    with circle.database.writing() as uow:
        again = soundings.begin(
            uow, people.facilitator, group_id=people.group_id, title="All of it", item_ids=circle.items
        ).id
        offered = soundings.choosable(uow, people.facilitator, group_id=people.group_id)
    circle.sounding_id = again
    titles = [line.title for line in circle.read(people.member).lines]
    assert titles == ["Element 0", "Criterion 0", "Criterion 2", "Element 1", "Criterion 1", "Element 2"]
    assert [title for _item, title in offered[Kind.CRITERION]] == ["Criterion 0", "Criterion 2", "Criterion 1"]
    with circle.database.writing() as uow:
        outline.withdraw_item(uow, people.facilitator, item_id=circle.items[-1])
    assert [line.title for line in circle.read(people.member).lines] == titles
    with circle.database.writing() as uow, pytest.raises(Invalid) as refused:
        soundings.begin(uow, people.facilitator, group_id=people.group_id, title="All again", item_ids=circle.items)
    assert set(refused.value.fields) == {"items"}


def test_fewer_than_three_scores_are_not_shown(circle: Circle) -> None:
    circle.score(circle.members[0], 9, None, 4)
    circle.score(circle.members[1], 8, None, 4)
    circle.score(circle.members[2], None, None, 4)
    circle.go_on(SoundingState.FIRST)
    lines = circle.lines(circle.members[0])
    hidden = lines[circle.items[0]].first
    assert hidden is not None
    assert (hidden.n, hidden.cannot_judge, hidden.distribution, hidden.median, hidden.verdict) == (
        2,
        1,
        None,
        None,
        None,
    )
    shown = lines[circle.items[2]].first
    assert shown is not None
    assert shown.distribution is not None
    assert shown.verdict is not None
    assert shown.verdict.outcome == "too few"


def test_scores_are_changed_while_the_pass_is_open_and_all_or_none(circle: Circle) -> None:
    member = circle.members[0]
    circle.score(member, 3)
    circle.score(member, 4, None)
    assert circle.lines(member)[circle.items[0]].own == {1: 4}
    for wrong in ({circle.items[0]: 10}, {circle.items[0]: 5, 99_999: 5}, {circle.items[0]: 0}):
        with circle.database.writing() as uow, pytest.raises(Invalid):
            soundings.score(uow, member, sounding_id=circle.sounding_id, scores=wrong)
    with circle.database.reading() as uow:
        assert len(uow.session.execute(select(SoundingScore)).all()) == 2
    assert circle.lines(member)[circle.items[0]].own == {1: 4}


def test_who_may_score_run_and_read(circle: Circle) -> None:
    people = circle.people
    for who in (people.observer, people.panel_manager):
        with pytest.raises(Forbidden):
            circle.score(who, 5)
        assert not circle.read(who).may_score
    for who in (people.member, people.observer, people.panel_manager):
        with circle.database.writing() as uow, pytest.raises(Forbidden):
            soundings.go_on(uow, who, sounding_id=circle.sounding_id, seen=SoundingState.FIRST)
    with pytest.raises(NotFound):
        circle.read(people.stranger)
    with pytest.raises(NotFound):
        circle.score(people.stranger, 5)
    with circle.database.writing() as uow, pytest.raises(Conflict):
        soundings.go_on(uow, people.facilitator, sounding_id=circle.sounding_id, seen=SoundingState.TALK)


def test_whoever_is_removed_is_no_longer_asked_but_their_score_stays(circle: Circle) -> None:
    first_pass(circle)
    with circle.database.writing() as uow:
        leaving = next(
            row for row in memberships.members(uow, circle.people.facilitator, group_id=circle.people.group_id)
            if row.person_id == circle.members[0].person_id
        )  # fmt: skip
        memberships.remove(uow, circle.people.facilitator, group_id=circle.people.group_id, membership_id=leaving.id)
    reading = circle.read(circle.people.facilitator)
    assert (reading.begun, reading.done) == (5, 5)
    circle.go_on(SoundingState.FIRST)
    shown = circle.lines(circle.members[1])[circle.items[0]].first
    assert shown is not None
    assert shown.n == 6


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"title": ""}, "title"), ({"question": "Hm?"}, "question"),
        ({"question": "Is it right?", "low_words": "x" * 61}, "low_words"),
        ({"item_ids": []}, "items"), ({"item_ids": [99_999]}, "items"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_beside_its_field(circle: Circle, wrong: dict[str, object], name: str) -> None:
    given: dict[str, object] = {"title": "What matters", "item_ids": circle.items, **wrong}
    with circle.database.writing() as uow, pytest.raises(Invalid) as refused:
        soundings.begin(uow, circle.people.facilitator, group_id=circle.people.group_id, **given)  # type: ignore[arg-type]
    assert name in refused.value.fields


def test_everybody_who_may_score_is_told_once_for_each_pass(circle: Circle) -> None:
    def told(who: Actor) -> list[tuple[str, str]]:
        with circle.database.reading() as uow:
            return [
                (each.words, each.path)
                for each in uow.session.execute(
                    select(Notification)
                    .where(Notification.person_id == who.person_id, Notification.kind == Reason.SOUNDING)
                    .order_by(Notification.id)
                ).scalars()
            ]

    place = f"sessions/soundings/{circle.sounding_id}"
    asked = ("asks you to score 3 items privately: What matters", place)
    assert told(circle.members[0]) == [asked]
    assert told(circle.people.facilitator) == told(circle.people.observer) == []
    first_pass(circle)
    circle.go_on(SoundingState.FIRST)
    assert told(circle.members[0]) == [asked]
    circle.go_on(SoundingState.TALK)
    again = ("asks you to look at how the group scored, and to score again: What matters", place)
    assert told(circle.members[0]) == [asked, again]
    circle.go_on(SoundingState.SECOND)
    assert len(told(circle.members[0])) == 2
