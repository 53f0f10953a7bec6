"""Practising: the tour that ticks itself, the ground where nothing counts, and starting afresh."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import event, func, select

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.events import Fact
from app.policy import PRACTISED, SYSTEM, Actor, Can, allowed, require, standing
from app.services import (
    administration,
    comments,
    documents,
    exports,
    groups,
    homework,
    items,
    memberships,
    notifications,
    overview,
    practice,
    privacy,
    search,
    since,
    sockets,
    suggestions,
    versions,
    visits,
)
from app.services.practice import AGREED, DISCUSSED, DRAFT, ELEMENT, Ground, Step
from app.uow import Database, UnitOfWork
from models.comments import Discussion, Mention
from models.documents import Field, TextChange
from models.groups import Role
from models.items import Item, Kind, Status
from models.jobs import Job
from models.notifications import Notification
from models.polls import Choice
from models.practice import Tour
from models.suggestions import Suggestion, SuggestionState
from tests.cast import Cast
from tests.conftest import SetClock
from tests.rooms import build_hall
from tests.wordings import SCRIPT, agreed, rewrite, text_of


@pytest.fixture
def ground(database: Database, people: Cast) -> Ground:
    """The practice ground of the first group, which the member has opened."""
    return begun(database, people, people.member)


def begun(database: Database, people: Cast, who: Actor) -> Ground:
    with database.writing() as uow:
        practice.begin(uow, who, group_id=people.group_id, script=SCRIPT)
        found = practice.ground_of(uow, who, group_id=people.group_id)
    assert found is not None
    return found


def offered(uow: UnitOfWork, people: Cast, who: Actor) -> practice.Way | None:
    return practice.offer(uow.session, who, require(uow.session, who, people.group_id, Can.GROUP_READ))


def done(database: Database, people: Cast, who: Actor) -> list[Step]:
    with database.reading() as uow:
        return [each.step for each in practice.way(uow, who, group_id=people.group_id).strides if each.done]


def suggest(database: Database, who: Actor, ground: Ground, words: str) -> Suggestion:
    with database.writing() as uow:
        text = documents.documents_of(uow.session, [ground.ids[AGREED]])[ground.ids[AGREED]][Field.TEXT]
        return suggestions.suggest(
            uow, who, item_id=ground.ids[AGREED], field=Field.TEXT, text=words, version=text.version
        )


def question(database: Database, ground: Ground) -> Discussion:
    with database.reading() as uow:
        (talk,) = comments.of_item(uow, SYSTEM, ground.ids[DISCUSSED])[:1]
    return talk.discussion


# --- the ground ---


def test_the_first_who_comes_finds_a_ground_made_for_all(database: Database, people: Cast) -> None:
    with database.reading() as uow:
        assert practice.ground_of(uow, people.member, group_id=people.group_id) is None
    first, again = (begun(database, people, who) for who in (people.member, people.peer))
    assert first.id == again.id != people.group_id
    with database.reading() as uow:
        tree = [
            (entry.item.reference, entry.item.status, entry.title, entry.words(Field.TEXT))
            for entry in items.tree(uow, people.observer, first.id)
        ]
        (talk,) = comments.of_item(uow, people.member, first.ids[DISCUSSED])
    assert tree == [
        (ELEMENT, Status.DRAFT, "Nothing counts", ""),
        (DRAFT, Status.DRAFT, "A number", "Whoever answers can"),
        (AGREED, Status.AGREED, "Letters", "Letters arrive within 14 days."),
        (DISCUSSED, Status.PROPOSED, "One visit", "They agree who goes."),
    ]
    assert [(said.comment.words, said.author) for said in talk.said] == [("Who decides?", "")]


def test_everybody_has_the_role_there_that_they_have_in_the_group(database: Database, people: Cast) -> None:
    ground = begun(database, people, people.observer)
    with database.reading() as uow:
        for role, actor in people.insiders.items():
            found = standing(uow.session, actor, ground.id)
            assert found is not None
            assert (found.role, found.group_id, found.practises) == (role, ground.id, True)
            assert sockets.may_watch(uow, actor, f"here-{ground.id}")
            assert not sockets.may_watch(uow, actor, f"people-{ground.id}")
        assert sockets.stamp(uow, people.member, ground.id).constituency == "Commissioner"
        for outsider in (people.stranger, people.nobody, people.administrator, Actor()):
            assert standing(uow.session, outsider, ground.id) is None
            assert not sockets.may_watch(uow, outsider, f"items-{ground.id}")
    refused = {people.observer: Forbidden, people.panel_manager: Forbidden, people.stranger: NotFound}
    for actor, why in refused.items():
        with pytest.raises(why), database.writing() as uow:
            items.add_item(uow, actor, group_id=ground.id, kind=Kind.ELEMENT, title="Mine")


def test_what_counts_cannot_be_done_there_by_anybody(database: Database, people: Cast, ground: Ground) -> None:
    for can in set(Can) - PRACTISED:
        assert not allowed(Role.FACILITATOR, can, practises=True)
        for actor in people.insiders.values():
            with pytest.raises(NotFound), database.reading() as uow:
                require(uow.session, actor, ground.id, can)
    tried = (
        lambda uow: memberships.invite(
            uow, people.facilitator, group_id=ground.id, email="new@example.org", name="", role=Role.OBSERVER,
            constituency=None,
        ),
        lambda uow: versions.freeze(uow, people.facilitator, group_id=ground.id, title="", reason="Because"),
        lambda uow: homework.give(
            uow, people.facilitator, group_id=ground.id, item_id=ground.ids[DRAFT], asked="Read",
            person_ids=[people.member.person_id or 0], due_on=uow.now.date(),
        ),
        lambda uow: exports.export_draft(uow, people.member, group_id=ground.id, form="json"),
        lambda uow: groups.access_group(uow.session, people.member, ground.slug, Can.GROUP_READ),
    )  # fmt: skip
    for act in tried:
        with pytest.raises(NotFound), database.writing() as uow:
            act(uow)


def test_it_ends_at_once_for_who_leaves_and_changes_with_the_role(
    database: Database, people: Cast, ground: Ground
) -> None:
    with database.reading() as uow:
        known = memberships.members(uow, people.facilitator, group_id=people.group_id)
        rows = {each.person_id: each.id for each in known}
    with database.writing() as uow:
        memberships.change(
            uow, people.facilitator, group_id=people.group_id, membership_id=rows[people.peer.person_id or 0],
            role=Role.OBSERVER, constituency=None,
        )  # fmt: skip
        memberships.remove(
            uow, people.facilitator, group_id=people.group_id, membership_id=rows[people.member.person_id or 0]
        )
    with database.reading() as uow:
        peer = standing(uow.session, people.peer, ground.id)
        assert peer is not None
        assert peer.role is Role.OBSERVER
        assert standing(uow.session, people.member, ground.id) is None
        with pytest.raises(NotFound):
            practice.way(uow, people.member, group_id=people.group_id)
        with pytest.raises(NotFound):
            items.tree(uow, people.member, ground.id)


def test_a_guest_of_a_session_has_no_place_there(database: Database) -> None:
    hall = build_hall(database)
    hall.open()
    guest = hall.guest("Gus Guest", "Industry")
    with database.writing() as uow:
        practice.begin(uow, hall.who["Fay"], group_id=hall.group_id, script=SCRIPT)
        ground = practice.ground_of(uow, hall.who["Fay"], group_id=hall.group_id)
        assert ground is not None
    with database.reading() as uow:
        assert standing(uow.session, guest, hall.group_id) is not None
        assert standing(uow.session, guest, ground.id) is None
        with pytest.raises(Forbidden):
            practice.way(uow, guest, group_id=hall.group_id)


# --- the wall ---


CANARY = "xylophonic"


def test_nothing_written_there_reaches_the_group(
    database: Database, people: Cast, ground: Ground, clock: SetClock
) -> None:
    """Words, suggestions, comments and an answer full of a word that nobody else uses: it is found nowhere else."""
    item = agreed(database, people, "Partners share gain.")
    rewrite(database, people.peer, item.id, "Partners share gain and loss.")
    with database.writing() as uow:
        before = versions.freeze(uow, people.facilitator, group_id=people.group_id, title="", reason="x").sha256
    clock.advance(minutes=5)
    counted = figures(database, people)
    rewrite(database, people.member, ground.ids[DRAFT], f"Whoever answers can {CANARY}")
    suggest(database, people.member, ground, f"Letters arrive {CANARY}.")
    with database.writing() as uow:
        discussion = comments.start(uow, people.member, item_id=ground.ids[DISCUSSED], words=f"Why {CANARY}?")
        comments.reply(
            uow, people.peer, discussion_id=discussion.id, words=f"@{people.facilitator.name} because {CANARY}"
        )
        items.add_item(uow, people.peer, group_id=ground.id, kind=Kind.ELEMENT, title=CANARY)
        practice.answer(uow, people.member, group_id=people.group_id, choice=Choice.NO, reason=CANARY)
    with database.writing() as uow:
        written = suggestions.of_item(uow, people.facilitator, ground.ids[AGREED])[0].suggestion
        suggestions.accept(uow, people.facilitator, suggestion_id=written.id)
    clock.advance(days=2)
    notifications.remind(database)
    for mail in notifications.look(database):
        mail()
    assert figures(database, people) == counted
    with database.writing() as uow:
        assert uow.session.execute(select(Mention.person_id)).scalar_one() == people.facilitator.person_id
        assert uow.session.execute(select(func.count(Notification.id))).scalar_one() == 0
        assert [job for job in uow.session.execute(select(Job)).scalars() if CANARY in json.dumps(job.payload)] == []
        frozen = versions.freeze(uow, people.facilitator, group_id=people.group_id, title="", reason="x")
        assert frozen.sha256 == before
        for form in ("json", "csv", "md"):
            body = exports.export_draft(uow, people.facilitator, group_id=people.group_id, form=form).body
            assert CANARY.encode() not in body
        new = since.since(uow, people.facilitator, group_id=people.group_id, moment=clock.now.replace(year=2020))
        assert CANARY not in repr(new)
        assert [line.item_id for line in new.reworded] == [item.id]
        assert new.commented == new.suggested == []
        found = search.search(uow, people.facilitator, group_id=ground.id, asked=CANARY)
        assert found.count >= 4, "it can be found, but in the practice ground only"


def figures(database: Database, people: Cast) -> object:
    search.file_all(database)
    with database.writing() as uow:
        seen = overview.look(uow, people.facilitator, group_id=people.group_id)
        return (
            seen.progress, seen.activity, seen.changed, seen.decisions,
            administration.list_groups(uow, people.administrator),
            [row.group.slug for row in memberships.my_groups(uow, people.member)],
            suggestions.in_group(uow, people.facilitator, group_id=people.group_id),
            comments.in_group(uow, people.facilitator, group_id=people.group_id),
            search.search(uow, people.facilitator, group_id=people.group_id, asked=CANARY),
        )  # fmt: skip


# --- the tour ---


def test_each_step_ticks_itself_from_what_one_did(
    database: Database, people: Cast, ground: Ground, clock: SetClock
) -> None:
    who = people.member
    assert done(database, people, who) == []
    rewrite(database, people.member, ground.ids[DRAFT], "Whoever answers can help.")
    assert done(database, people, who) == [Step.WRITE]
    suggest(database, who, ground, "Letters arrive within 7 days.")
    assert done(database, people, who) == [Step.WRITE, Step.SUGGEST]
    with database.writing() as uow:
        own = comments.start(uow, who, item_id=ground.ids[AGREED], words="Why 14?").id
        comments.reply(uow, who, discussion_id=own, words="I mean it.")
    assert done(database, people, who)[2:] == [Step.COMMENT], "answering oneself is no answer"
    asked = question(database, ground)
    with database.writing() as uow:
        comments.reply(uow, who, discussion_id=asked.id, words="The person at home.")
    assert done(database, people, who)[2:] == [Step.COMMENT, Step.REPLY]
    with database.writing() as uow:
        practice.answer(uow, who, group_id=people.group_id, choice=Choice.YES, reason="")
    assert done(database, people, who)[4:] == [Step.ANSWER]
    with database.writing() as uow:
        visits.note(uow, who, group_id=people.group_id, shows=True)
    assert done(database, people, who) == list(Step)
    with database.reading() as uow:
        assert practice.way(uow, who, group_id=people.group_id).next is None
        assert offered(uow, people, who) is None
        peer = offered(uow, people, people.peer)
    assert peer is not None
    assert peer.done == 0, "what one did ticks nobody else's step"


def test_what_was_done_elsewhere_or_before_ticks_nothing(database: Database, people: Cast, clock: SetClock) -> None:
    item = agreed(database, people, "Partners share gain.")
    rewrite(database, people.member, item.id, "Partners share gain and loss.")
    with database.writing() as uow:
        visits.note(uow, people.member, group_id=people.group_id, shows=True)
        comments.start(uow, people.member, item_id=item.id, words="Why?")
    clock.advance(minutes=1)
    begun(database, people, people.member)
    assert done(database, people, people.member) == []
    clock.advance(minutes=1)
    with database.writing() as uow:
        begun_at = practice.way(uow, people.member, group_id=people.group_id).begun_at
        known = visits.known(uow.session, people.member, people.group_id)
        assert not visits.is_due(known, uow.now, shows=True), "within three minutes nothing would be written"
        assert visits.is_due(known, uow.now, shows=True, asked=begun_at)
        assert not visits.is_due(known, uow.now, shows=False, asked=begun_at)
        visits.note(uow, people.member, group_id=people.group_id, shows=True, asked=begun_at)
    assert done(database, people, people.member) == [Step.LOOK]


def test_nobody_is_shown_a_step_their_role_does_not_let_them_take(database: Database, people: Cast) -> None:
    expected = {
        people.facilitator: list(Step),
        people.member: list(Step),
        people.observer: [Step.COMMENT, Step.REPLY, Step.LOOK],
        people.panel_manager: [Step.LOOK],
    }
    for actor, steps in expected.items():
        with database.reading() as uow:
            assert [each.step for each in practice.way(uow, actor, group_id=people.group_id).strides] == steps
            assert (offered(uow, people, actor) is not None) == (actor is not people.panel_manager)
    for act in (
        lambda uow: practice.answer(uow, people.observer, group_id=people.group_id, choice=Choice.YES, reason=""),
        lambda uow: practice.leave_out(uow, people.observer, group_id=people.group_id, step=Step.WRITE),
        lambda uow: practice.start_afresh(uow, people.observer, group_id=people.group_id, script=SCRIPT),
    ):
        with pytest.raises(Forbidden), database.writing() as uow:
            act(uow)
    for use_case in (practice.way, practice.ground_of, practice.put_away):
        with pytest.raises(NotFound), database.writing() as uow:
            use_case(uow, people.stranger, group_id=people.group_id)
    with pytest.raises(NotFound), database.writing() as uow:
        practice.begin(uow, people.stranger, group_id=people.group_id, script=SCRIPT)


def test_steps_can_be_left_out_and_taken_in_again(database: Database, people: Cast, ground: Ground) -> None:
    for step in Step:
        with database.writing() as uow:
            practice.leave_out(uow, people.member, group_id=people.group_id, step=step)
    with database.reading() as uow:
        way = practice.way(uow, people.member, group_id=people.group_id)
        assert (way.done, way.next) == (0, None)
        assert offered(uow, people, people.member) is None
    with database.writing() as uow:
        practice.leave_out(uow, people.member, group_id=people.group_id, step=Step.REPLY, out=False)
    with database.reading() as uow:
        assert practice.way(uow, people.member, group_id=people.group_id).next is Step.REPLY


def test_the_card_that_is_put_away_stays_away(database: Database, people: Cast) -> None:
    with database.reading() as uow:
        assert overview.look(uow, people.member, group_id=people.group_id).practice is not None
    with database.writing() as uow:
        practice.put_away(uow, people.member, group_id=people.group_id)
    begun(database, people, people.member)
    with database.reading() as uow:
        assert overview.look(uow, people.member, group_id=people.group_id).practice is None
        assert practice.way(uow, people.member, group_id=people.group_id).next is Step.WRITE
        assert overview.look(uow, people.peer, group_id=people.group_id).practice is not None


def test_the_first_page_costs_one_query_more(database: Database, people: Cast, ground: Ground) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    with database.reading() as uow:
        found = require(uow.session, people.member, people.group_id, Can.GROUP_READ)
        event.listen(database.engine, "before_cursor_execute", note)
        assert practice.offer(uow.session, people.member, found) is not None
        event.remove(database.engine, "before_cursor_execute", note)
    assert len(asked) == 1


def test_an_answer_is_checked_as_in_a_session_and_may_be_changed(
    database: Database, people: Cast, ground: Ground
) -> None:
    for choice, reason, field in (
        (None, "", "choice"),
        (Choice.NO, " ", "reason"),
        (Choice.YES, "x" * 2_001, "reason"),
    ):
        with pytest.raises(Invalid) as refused, database.writing() as uow:
            practice.answer(uow, people.member, group_id=people.group_id, choice=choice, reason=reason)
        assert field in refused.value.fields
    for choice, reason in ((Choice.NO, "Too long"), (Choice.YES, "")):
        with database.writing() as uow:
            practice.answer(uow, people.member, group_id=people.group_id, choice=choice, reason=reason)
    with database.reading() as uow:
        way = practice.way(uow, people.member, group_id=people.group_id)
        assert (way.choice, way.reason) == (Choice.YES, "")
        assert practice.way(uow, people.peer, group_id=people.group_id).choice is None


# --- starting afresh ---


def test_starting_afresh_puts_everything_back_and_keeps_the_history(
    database: Database, people: Cast, ground: Ground, clock: SetClock
) -> None:
    asked = question(database, ground)
    rewrite(database, people.member, ground.ids[DRAFT], "Anything at all")
    rewrite(database, people.member, ground.ids[DRAFT], "Because", Field.WHY)
    rewrite(database, people.member, ground.ids[DISCUSSED], "Renamed", Field.TITLE)
    waiting = suggest(database, people.member, ground, "Letters arrive within 7 days.")
    with database.writing() as uow:
        comments.reply(uow, people.member, discussion_id=asked.id, words="I do.")
        items.reopen(uow, people.facilitator, item_id=ground.ids[AGREED])
        other = items.add_item(uow, people.member, group_id=ground.id, kind=Kind.ELEMENT, title="Mine")
        under = items.add_item(
            uow, people.member, group_id=ground.id, kind=Kind.CRITERION, parent_id=other.id, title="Under mine"
        )
    from app.services import outline  # noqa: PLC0415  named where it is used

    with database.writing() as uow:
        outline.move_item(uow, people.member, item_id=ground.ids[DRAFT], parent_id=other.id)
        outline.withdraw_item(uow, people.member, item_id=other.id)
    clock.advance(minutes=2)
    facts: list[Fact] = []
    database.bus.listen(facts.append)
    with database.writing() as uow:
        practice.start_afresh(uow, people.facilitator, group_id=people.group_id, script=SCRIPT)
    with database.reading() as uow:
        tree = [
            (entry.item.reference, entry.item.status, entry.title, entry.words(Field.TEXT), entry.words(Field.WHY))
            for entry in items.tree(uow, people.member, ground.id, withdrawn=False)
        ]
        talks = comments.of_item(uow, people.member, ground.ids[DISCUSSED])
        log = uow.session.execute(
            select(TextChange)
            .where(TextChange.document_id == text_of(database, ground.ids[DRAFT]).id)
            .order_by(TextChange.version)
        ).scalars().all()  # fmt: skip
        assert uow.session.get_one(Suggestion, waiting.id).state is SuggestionState.WITHDRAWN
        assert uow.session.get_one(Item, under.id).status is Status.WITHDRAWN
    assert tree == [
        (ELEMENT, Status.DRAFT, "Nothing counts", "", ""),
        (DRAFT, Status.DRAFT, "A number", "Whoever answers can", ""),
        (AGREED, Status.AGREED, "Letters", "Letters arrive within 14 days.", ""),
        (DISCUSSED, Status.PROPOSED, "One visit", "They agree who goes.", ""),
    ]
    assert [(talk.discussion.resolved_at is None, len(talk.said)) for talk in talks] == [(True, 1), (False, 2)]
    assert [row.author_id for row in log] == [None, people.member.person_id, None], "the log keeps what was written"
    assert done(database, people, people.facilitator) == [], "putting words back is no practice"
    assert Step.WRITE in done(database, people, people.member), "what one has done stays done"
    assert {type(fact).__name__ for fact in facts} >= {"TreeChanged", "ItemChanged", "TextChanged", "DocumentReset"}


def test_a_member_may_start_afresh_when_nobody_else_is_there(
    database: Database, people: Cast, ground: Ground, clock: SetClock
) -> None:
    def may(who: Actor) -> bool:
        with database.reading() as uow:
            found = practice.ground_of(uow, who, group_id=people.group_id)
        assert found is not None
        return found.may_restart

    rewrite(database, people.member, ground.ids[DRAFT], "Mine")
    assert may(people.member)
    assert not may(people.peer)
    assert not may(people.observer)
    assert may(people.facilitator)
    with pytest.raises(Conflict), database.writing() as uow:
        practice.start_afresh(uow, people.peer, group_id=people.group_id, script=SCRIPT)
    assert text_of(database, ground.ids[DRAFT]).text == "Mine"
    suggest(database, people.peer, ground, "Letters arrive at once.")
    assert not may(people.member), "who suggests is there too"
    clock.advance(minutes=31)
    with database.writing() as uow:
        practice.start_afresh(uow, people.peer, group_id=people.group_id, script=SCRIPT)
    assert text_of(database, ground.ids[DRAFT]).text == "Whoever answers can"
    with database.writing() as uow:
        practice.start_afresh(uow, people.peer, group_id=people.group_id, script=SCRIPT)
    assert question(database, ground).resolved_at is None, "twice within a minute the question is there all the same"


def test_there_is_nothing_to_start_afresh_before_somebody_came(database: Database, people: Cast) -> None:
    with pytest.raises(NotFound), database.writing() as uow:
        practice.start_afresh(uow, people.member, group_id=people.group_id, script=SCRIPT)


# --- what is kept of a person ---


def test_what_is_kept_of_a_person_is_in_their_copy_and_goes_with_them(
    database: Database, people: Cast, ground: Ground
) -> None:
    with database.writing() as uow:
        practice.answer(uow, people.member, group_id=people.group_id, choice=Choice.NO, reason="Too long")
        mine = privacy.export_mine(uow, people.member)
    assert [(row["answer"], row["reason"]) for row in mine["practice"]] == [("no", "Too long")]
    with database.writing() as uow:
        privacy.erase_me(uow, people.member)
    with database.reading() as uow:
        assert uow.session.execute(select(Tour)).all() == []
        assert standing(uow.session, people.member, ground.id) is None
