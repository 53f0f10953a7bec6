"""What the group did about experts' comments: one table, two readers, answers that experts get back, and the trace."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.policy import Actor
from app.services import (
    dispositions,
    exports,
    items,
    panel,
    rating,
    remarks,
    results,
    reviewing,
    seating,
    seats,
    suggestions,
    validation,
    versions,
)
from app.services.dispositions import Entry, Table
from app.uow import Database
from app.worker import Worker
from models.dispositions import DispositionOutcome, Theme
from models.documents import Field
from models.items import Kind, Status
from models.validation import Remark, RemarkKind
from tests.cast import counting
from tests.conftest import SetClock
from tests.panels import Study, build_study
from tests.wordings import rewrite, text_of


@pytest.fixture
def study(database: Database) -> Study:
    """A closed round in which each of three experts wrote about the first criterion; all of it is released."""
    study = build_study(database)
    study.open()
    for number, token in enumerate(study.tokens):
        study.answer(token, {"relevance": [8, 2 if number < 3 else 9], "applicability": [8, 8]})
        if number < 3:
            with database.writing() as uow:
                place = seating.sit_with_token(uow, token=token, round_id=study.round_id)
                rating.remark(uow, place, {(study.rated[0].id, RemarkKind.COMMENT): f"Comment {number}"})
    study.close()
    with database.writing() as uow:
        remarks.release_all(uow, study.cast.panel_manager, round_id=study.round_id)
    return study


def table(study: Study, actor: Actor | None = None, **narrowed: str) -> Table:
    with study.database.reading() as uow:
        return dispositions.read_table(uow, actor or study.cast.member, group_id=study.cast.group_id, **narrowed)


def comments(study: Study) -> dict[str, int]:
    return {each.words: each.id for each in table(study, source="expert").entries}


def code(study: Study, actor: Actor, words: str, *themes: str) -> None:
    with study.database.writing() as uow:
        dispositions.code(uow, actor, remark_id=comments(study)[words], themes=themes)


def answer(
    study: Study, words: str, outcome: DispositionOutcome = DispositionOutcome.ADOPTED, why: str = "It is right.",
    item_ids: Sequence[int] = (),
) -> None:  # fmt: skip
    with study.database.writing() as uow:
        dispositions.answer(
            uow, study.cast.facilitator, remark_id=comments(study)[words], outcome=outcome, why=why, item_ids=item_ids
        )


def test_reading_the_table_sends_as_many_queries_for_three_comments_as_for_one(study: Study) -> None:
    with counting(study.database) as all_three:
        assert len(table(study, source="expert").entries) == 3
    with study.database.writing() as uow:
        for remark in list(uow.session.execute(select(Remark).order_by(Remark.id)).scalars())[1:]:
            uow.session.delete(remark)
    with counting(study.database) as only_one:
        assert len(table(study, source="expert").entries) == 1
    assert len(all_three) == len(only_one)


def test_comments_suggestions_and_ideas_stand_in_one_table(study: Study) -> None:
    lead, member, group_id = study.cast.facilitator, study.cast.member, study.cast.group_id
    with study.database.writing() as uow:
        idea = items.add_item(uow, member, group_id=group_id, kind=Kind.ELEMENT, title="An idea", status=Status.IDEA)
        parked = items.add_item(uow, lead, group_id=group_id, kind=Kind.ELEMENT, title="Not now", status=Status.IDEA)
        items.set_status(uow, lead, item_id=parked.id, status=Status.PARKED)
    with study.database.writing() as uow:
        known = text_of(study.database, study.rated[1].item_id)
        made = [
            suggestions.suggest(
                uow, member, item_id=study.rated[1].item_id, field=Field.TEXT, text=f"Partners share it {number}.",
                version=known.version,
            )
            for number in range(2)
        ]  # fmt: skip
        suggestions.reject(uow, lead, suggestion_id=made[0].id, answer="It says less.")
    found = table(study)
    assert found.by_source == {"expert": 3, "suggestion": 2, "idea": 2}
    assert (found.open, found.answered) == (5, 2)
    answered = {(each.source, each.answer.outcome.value, each.answer.why) for each in found.entries if each.answer}
    assert answered == {("suggestion", "not adopted", "It says less."), ("idea", "deferred", "")}
    assert {each.words for each in table(study, source="idea", show="open").entries} == {"An idea"}
    assert idea.id in {each.item_id for each in table(study, source="idea").entries}


def test_the_group_answers_and_says_why(study: Study) -> None:
    first = study.rated[0].item_id
    answer(study, "Comment 0", item_ids=[first])
    answer(study, "Comment 1", DispositionOutcome.NOT_ADOPTED, "It would cost more than it brings.")
    found = {each.words: each for each in table(study, source="expert").entries}
    given = found["Comment 0"].answer
    assert given is not None
    assert (given.outcome, given.items, given.by) == ("adopted", ((first, "C1.1"),), study.cast.facilitator.name)
    assert [each.words for each in table(study, show="open").entries] == ["Comment 2"]
    answer(study, "Comment 0", DispositionOutcome.ADAPTED, "In other words.", [first])
    code(study, study.cast.facilitator, "Comment 0", "Money", "Costs")
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
        shown = {each.text: each.answer for each in report.items[0].comments}
        themes = {each.text: each.themes for each in report.items[0].comments}
        table_ = exports.comments_table(uow, study.cast.member, round_id=study.round_id).body.decode()
    assert themes["Comment 0"] == ("Costs", "Money")
    assert themes["Comment 2"] == ()
    assert "Costs; Money" in table_
    assert shown["Comment 0"] is not None
    assert shown["Comment 0"].why == "In other words."
    with study.database.writing() as uow:
        dispositions.take_back(uow, study.cast.facilitator, remark_id=comments(study)["Comment 0"])
    assert table(study).open == 2


def test_what_cannot_be_answered_is_refused(study: Study) -> None:
    known = comments(study)["Comment 0"]
    with pytest.raises(Invalid) as refused:
        answer(study, "Comment 0", why=" ")
    assert "why" in refused.value.fields
    with pytest.raises(Invalid) as refused:
        answer(study, "Comment 0", item_ids=[99_999])
    assert "item_ids" in refused.value.fields
    for actor, refusal in (
        (study.cast.member, Forbidden), (study.cast.panel_manager, Forbidden), (study.cast.stranger, NotFound),
    ):  # fmt: skip
        with study.database.writing() as uow, pytest.raises(refusal):
            dispositions.answer(uow, actor, remark_id=known, outcome=DispositionOutcome.ADOPTED, why="Because.")
    with study.database.writing() as uow:
        remarks.withhold(uow, study.cast.panel_manager, remark_id=known)
    with study.database.writing() as uow, pytest.raises(NotFound):
        dispositions.answer(
            uow, study.cast.facilitator, remark_id=known, outcome=DispositionOutcome.ADOPTED, why="Because."
        )
    assert "Comment 0" not in comments(study)


def test_two_people_read_what_a_comment_is_about(study: Study) -> None:
    manager, lead = study.cast.panel_manager, study.cast.facilitator
    code(study, manager, "Comment 0", "Small providers", " VAT  and pensions ", "small providers")
    code(study, manager, "Comment 1", "small PROVIDERS")
    found = table(study)
    assert found.themes == [("Small providers", 2), ("VAT and pensions", 1)]
    assert found.unchecked == 2
    with study.database.writing() as uow, pytest.raises(Conflict, match="yourself"):
        dispositions.sign_off(uow, manager, group_id=study.cast.group_id)
    with study.database.writing() as uow:
        assert dispositions.sign_off(uow, lead, group_id=study.cast.group_id) == 2
        assert dispositions.sign_off(uow, lead, group_id=study.cast.group_id) == 0
    entry = next(each for each in table(study).entries if each.words == "Comment 0")
    assert (entry.coded_by, entry.checked_by) == (manager.name, lead.name)
    code(study, manager, "Comment 0", "VAT and pensions", "Small providers")  # the same again changes nothing
    assert table(study).unchecked == 0
    code(study, lead, "Comment 0", "VAT and pensions")
    assert [each.words for each in table(study, show="unchecked").entries] == ["Comment 0"]
    code(study, lead, "Comment 1", "VAT and pensions")
    with study.database.reading() as uow:
        assert list(uow.session.execute(select(Theme.name)).scalars()) == ["VAT and pensions"]  # the unused one is gone
    with study.database.writing() as uow, pytest.raises(Forbidden):
        dispositions.code(uow, study.cast.observer, remark_id=comments(study)["Comment 2"], themes=["x"])
    for wrong in (["x" * 81], [f"theme {n}" for n in range(7)]):
        with study.database.writing() as uow, pytest.raises(Invalid):
            dispositions.code(uow, lead, remark_id=comments(study)["Comment 2"], themes=wrong)


def test_themes_are_renamed_and_merged(study: Study) -> None:
    lead, group_id = study.cast.facilitator, study.cast.group_id
    code(study, lead, "Comment 0", "Money", "Costs")
    code(study, lead, "Comment 1", "Costs")
    with study.database.writing() as uow:
        dispositions.rename_theme(uow, lead, group_id=group_id, name="Costs", new="money")
    assert table(study).themes == [("Money", 2)]
    with study.database.writing() as uow:
        dispositions.rename_theme(uow, lead, group_id=group_id, name="Money", new="Who pays")
        with pytest.raises(NotFound):
            dispositions.rename_theme(uow, lead, group_id=group_id, name="Money", new="Other")
        with pytest.raises(Invalid):
            dispositions.rename_theme(uow, lead, group_id=group_id, name="Who pays", new=" ")
    assert [each.words for each in table(study, theme="Who pays").entries] != []


def test_an_answer_that_was_committed_while_experts_were_told_is_told_next_time(study: Study, clock: SetClock) -> None:
    """Its moment lies before the mail's, its words came after: what counts is whether it was told."""
    manager = study.cast.panel_manager
    answer(study, "Comment 0")
    with study.database.writing() as uow:
        assert seats.tell_answers(uow, manager, round_id=study.round_id) == 1
    clock.advance(seconds=-5)
    answer(study, "Comment 1")
    clock.advance(minutes=1)
    with study.database.writing() as uow:
        assert seats.tell_answers(uow, manager, round_id=study.round_id) == 1
        assert seats.tell_answers(uow, manager, round_id=study.round_id) == 0


def test_experts_are_told_what_became_of_their_comments_and_not_twice(study: Study) -> None:
    manager = study.cast.panel_manager
    answer(study, "Comment 0", why="The threshold is now worked out.")
    Worker(study.database).drain()
    for mail in study.database.settings.outbox.glob("*"):
        mail.unlink()
    with study.database.writing() as uow:
        with pytest.raises(Forbidden):
            seats.tell_answers(uow, study.cast.facilitator, round_id=study.round_id)
        assert seats.tell_answers(uow, manager, round_id=study.round_id) == 1
        assert seats.tell_answers(uow, manager, round_id=study.round_id) == 0
    Worker(study.database).drain()
    [mail] = study.database.settings.outbox.glob("*")
    text = mail.read_text()
    assert "To: expert1@example.org" in text
    assert "Comment 0" in text
    assert "Adopted. The threshold is now worked out." in text
    assert "Comment 1" not in text
    answer(study, "Comment 0", why="The threshold is now worked out.")
    with study.database.writing() as uow:
        assert seats.tell_answers(uow, manager, round_id=study.round_id) == 0, "the same words again"
    answer(study, "Comment 0", why="Said anew, it has not been told.")
    with study.database.writing() as uow:
        assert seats.tell_answers(uow, manager, round_id=study.round_id) == 1
    answer(study, "Comment 0", why="The threshold is now worked out.")

    study.open()
    with study.database.reading() as uow:
        mine, other = (
            reviewing.opening_of(uow, seating.knock(uow, token=study.tokens[number])).became for number in (0, 4)
        )  # fmt: skip
    assert [(remark.text, given.why if given else None) for remark, _item, given in mine] == [
        ("Comment 0", "The threshold is now worked out.")
    ]
    assert other == []


def test_a_difference_between_versions_is_traced_to_the_comment(study: Study) -> None:
    lead, (first, second) = study.cast.facilitator, (each.item_id for each in study.rated)
    answer(study, "Comment 0", item_ids=[first, second])
    answer(study, "Comment 1", DispositionOutcome.DEFERRED, "Later.", [first])
    rewrite(study.database, lead, first, "Partners share it, as experts asked.")
    with study.database.writing() as uow:
        fresh = versions.freeze(uow, lead, group_id=study.cast.group_id, reason="After the first round.")
    with study.database.reading() as uow:
        assert versions.compare(uow, lead, version_id=study.version_id, other_id=fresh.id).items
        because = dispositions.behind(uow.session, group_id=study.cast.group_id, references=["C1.1", "C1.2"])
    for reference in ("C1.1", "C1.2"):
        assert [(words, given.outcome.value) for words, given in because[reference]] == [("Comment 0", "adopted")]
    assert because["C1.1"][0][1].items == ((first, "C1.1"), (second, "C1.2"))
    with study.database.writing() as uow:
        dispositions.take_back(uow, lead, remark_id=comments(study)["Comment 0"])
    with study.database.reading() as uow:
        assert dispositions.behind(uow.session, group_id=study.cast.group_id, references=["C1.1", "C1.2"]) == {}


def test_nothing_is_there_before_comments_are_released(database: Database) -> None:
    study = build_study(database)
    study.open()
    study.answer(study.tokens[0], {"relevance": [8, 3]})
    with database.writing() as uow:
        place = seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id)
        rating.remark(uow, place, {(study.rated[0].id, RemarkKind.COMMENT): "Secret so far."})
        known = uow.session.execute(select(Remark.id)).scalar_one()
    assert table(study).entries == []
    study.close()
    assert table(study).entries == []
    for actor in (study.cast.facilitator, study.cast.panel_manager):
        with database.writing() as uow, pytest.raises(NotFound):
            dispositions.code(uow, actor, remark_id=known, themes=["x"])
    with database.reading() as uow, pytest.raises(NotFound):
        dispositions.read_table(uow, study.cast.stranger, group_id=study.cast.group_id)


def test_entries_name_no_expert(study: Study) -> None:
    with study.database.reading() as uow:
        members = panel.list_members(uow, study.cast.panel_manager, group_id=study.cast.group_id)
        known = {mark for each in members for mark in (each.expert.code, each.identity.name, each.identity.email)}
        validation.list_rounds(uow, study.cast.member, group_id=study.cast.group_id)
    shown = repr([each for each in table(study).entries if isinstance(each, Entry)])
    assert not [mark for mark in known if mark in shown]
