"""The stop rule of a panel's rounds: what it says after each, and what one round more takes."""

from __future__ import annotations

from typing import Any

import pytest

from app.calc.stopping import Ruling
from app.errors import Invalid
from app.services import items, outline, results, reviewing, seating, validation, versions
from app.services.protocols import Protocol
from app.services.stopping import rule_words, ruling_words
from app.uow import Database
from models.items import Kind, Status
from models.validation import Deviation, Round
from tests.cast import counting
from tests.panels import Study, build_study
from tests.wordings import rewrite

BOTH = {"relevance": [8, 8], "applicability": [8, 8]}
FIRST = {"relevance": [8, 5], "applicability": [8, 8]}


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database)


def hold(study: Study, scores: dict[str, list[int]], **protocol: Any) -> None:
    """A round in which all give these scores; the third to fifth give 1 where they are asked of what is contested."""
    study.open(**protocol)
    answer(study, scores)
    study.close()


def answer(study: Study, scores: dict[str, list[int]]) -> None:
    for number, token in enumerate(study.tokens):
        given: dict[str, list[int | None]] = {}
        for key, values in scores.items():
            given[key] = [1 if value == 5 and 3 <= number <= 6 else value + (value == 5) * 4 for value in values]
        study.answer(token, given)


def ruled(study: Study) -> Ruling:
    with study.database.reading() as uow:
        found = results.report(uow, study.cast.member, round_id=study.round_id).ruling
    assert found is not None
    return found


def prepare(study: Study, reason: str = "") -> Round:
    with study.database.writing() as uow:
        made = validation.create_round(
            uow, study.cast.panel_manager, group_id=study.cast.group_id, version_id=study.version_id, reason=reason
        )
    study.round_id = made.id
    return made


def deviations(study: Study) -> list[str]:
    with study.database.reading() as uow:
        seen = validation.read_round(uow, study.cast.member, round_id=study.round_id)
        return [f"{each.what} {each.reason}" for each in seen.deviations]


def test_the_rounds_end_at_the_number_said_and_one_more_needs_a_reason(study: Study) -> None:
    hold(study, FIRST)
    assert ruled(study) == Ruling(ground=None, rounds=1, items=2, agreed=1, open=1, stable=0)
    hold(study, {"relevance": [5], "applicability": [8]})
    assert ruled(study) == Ruling(ground="most rounds", rounds=2, items=2, agreed=1, open=1, stable=1)
    with pytest.raises(Invalid) as refused:
        prepare(study)
    assert "reason" in refused.value.fields
    prepare(study, "A law has changed meanwhile.")
    said = "this was round 2 of at most 2; 1 of 2 items is left without agreement. A law has changed meanwhile."
    assert len(deviations(study)) == 1
    assert said in deviations(study)[0]
    with study.database.writing() as uow:
        validation.discard_round(uow, study.cast.panel_manager, round_id=study.round_id)
    with study.database.reading() as uow:
        assert uow.session.query(Deviation).count() == 2, "those of the two rounds that were closed early"


def test_the_rounds_end_sooner_where_the_answers_stand_still(study: Study) -> None:
    stop = {"most_rounds": 4, "enough": None, "when_stable": True}
    hold(study, FIRST, stop=stop)
    assert not ruled(study).ends
    hold(study, {"relevance": [5], "applicability": [8]})
    assert ruled(study).ground == "all stable"


def test_enough_agreement_is_counted_over_all_rounds(study: Study) -> None:
    stop = {"most_rounds": 4, "enough": 100, "when_stable": False}
    hold(study, FIRST, stop=stop)
    assert not ruled(study).ends
    hold(study, {"relevance": [9], "applicability": [9]})
    assert ruled(study) == Ruling(ground="nothing open", rounds=2, items=2, agreed=2, open=0, stable=0)


def test_new_words_are_open_again(study: Study) -> None:
    """With all agreed a round more on the same words needs a reason; on words that nobody has rated it does not."""
    hold(study, BOTH)
    assert ruled(study).ground == "nothing open"
    with pytest.raises(Invalid):
        prepare(study)
    cast = study.cast
    with study.database.writing() as uow:
        items.add_item(
            uow, cast.facilitator, group_id=cast.group_id, kind=Kind.CRITERION, parent_id=_element(uow, study),
            title="A third criterion", text="Partners share a third.", status=Status.AGREED,
        )  # fmt: skip
    with study.database.writing() as uow:
        study.version_id = versions.freeze(uow, cast.facilitator, group_id=cast.group_id, reason="Once more.").id
    prepare(study)
    assert deviations(study) == []
    study.open_prepared()
    assert [item.reference for item in study.rated] == ["C1.3"]
    study.answer(study.tokens[0], {"relevance": [8], "applicability": [8]})
    study.close()
    assert ruled(study) == Ruling(ground="most rounds", rounds=2, items=3, agreed=2, open=1, stable=0)


def _element(uow: Any, study: Study) -> int:
    return next(each.item_id for each in versions.items_of(uow.session, study.version_id) if each.kind is Kind.ELEMENT)


def test_a_rule_that_is_changed_between_rounds_stands_in_the_report(study: Study) -> None:
    hold(study, FIRST)
    hold(study, {"relevance": [5], "applicability": [8]}, stop={"most_rounds": 5, "enough": 90, "when_stable": False})
    assert not ruled(study).ends
    assert (
        "The rule for stopping is not that of the round before. Changed after round 1, before this one was opened."
        in deviations(study)
    )


def test_a_protocol_from_before_only_has_words(study: Study) -> None:
    hold(study, FIRST, stop=None, stop_rule="Two rounds.")
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
    assert report.ruling is None
    assert rule_words(report.protocol.stop, report.protocol.stop_rule) == "Two rounds."
    assert ruling_words(report.protocol.stop, report.ruling) == ""
    prepare(study)


@pytest.mark.parametrize(
    ("field", "stop"),
    [
        ("most_rounds", {"most_rounds": 0}), ("most_rounds", {"most_rounds": 10}),
        ("enough", {"most_rounds": 2, "enough": 49}), ("enough", {"most_rounds": 2, "enough": 101}),
    ],
)  # fmt: skip
def test_a_faulty_rule_is_refused_where_it_stands(study: Study, field: str, stop: dict[str, Any]) -> None:
    made = prepare(study)
    kept = Protocol.from_json({**made.protocol, "stop": stop})
    with pytest.raises(Invalid) as refused, study.database.writing() as uow:
        validation.save_protocol(uow, study.cast.panel_manager, round_id=made.id, protocol=kept)
    assert set(refused.value.fields) == {field}


def chosen(study: Study) -> list[str]:
    with study.database.reading() as uow:
        return [item.reference for item in validation.read_round(uow, study.cast.member, round_id=study.round_id).items]


def test_a_later_round_asks_about_what_was_left_open_by_whichever_round_rated_it_last(study: Study) -> None:
    """What was agreed in round 1 and not rated in round 2 is not asked a third time, on a new version neither."""
    hold(study, FIRST, stop={"most_rounds": 4})
    hold(study, {"relevance": [5], "applicability": [8]})
    prepare(study)
    assert chosen(study) == ["C1.2"]
    with study.database.writing() as uow:
        validation.discard_round(uow, study.cast.panel_manager, round_id=study.round_id)
    reword(study, "C1.1", "Partners share everything.")
    prepare(study)
    assert chosen(study) == ["C1.1", "C1.2"]
    with study.database.reading() as uow:
        prepared = validation.prepare(uow, study.cast.panel_manager, round_id=study.round_id)
    assert prepared.marks == {"C1.1": ("reworded", 1), "C1.2": ("open", 2)}
    assert prepared.proposed == [item.id for item in prepared.overview.items]
    study.open_prepared()
    with study.database.reading() as uow:
        place = seating.knock(uow, token=study.tokens[0])
        pages = [reviewing.item_page(uow, place, version_item_id=item.id) for item in study.rated]
    first, second = pages
    [(_, parts)] = first.reworded
    assert [part.text for part in parts if part.kind == "added"], "it was rated two rounds ago, in other words"
    assert first.questions[0].feedback is None
    assert second.reworded == []
    assert second.questions[0].feedback is not None


def reword(study: Study, reference: str, words: str) -> None:
    """Change an item's words, and lock the next version."""
    with study.database.reading() as uow:
        found = next(each for each in versions.items_of(uow.session, study.version_id) if each.reference == reference)
    rewrite(study.database, study.cast.facilitator, found.item_id, words)
    with study.database.writing() as uow:
        study.version_id = versions.freeze(
            uow, study.cast.facilitator, group_id=study.cast.group_id, reason="Reworded."
        ).id


def test_one_round_more_than_announced_is_the_last_that_is(study: Study) -> None:
    hold(study, FIRST, stop={"most_rounds": 1})
    hold(study, {"relevance": [5], "applicability": [8]})
    assert ruled(study).ground == "most rounds"
    with study.database.reading() as uow:
        stop = results.report(uow, study.cast.member, round_id=study.round_id).protocol.stop
    assert stop is not None
    assert stop.most_rounds == 2
    said = " ".join(deviations(study))
    assert "This round was prepared although the rounds had ended." in said
    assert "The rule for stopping" not in said, "that it is the last by now is no change that anybody made"


def test_the_reason_is_asked_for_by_what_the_version_to_rate_says(study: Study) -> None:
    """An open item that is gone from the next version leaves nothing to ask: a round on that needs a reason."""
    hold(study, FIRST, stop={"most_rounds": 4})
    with study.database.writing() as uow:
        contested = next(
            each.item_id for each in versions.items_of(uow.session, study.version_id) if each.reference == "C1.2"
        )
        outline.withdraw_item(uow, study.cast.facilitator, item_id=contested)
    with study.database.writing() as uow:
        study.version_id = versions.freeze(
            uow, study.cast.facilitator, group_id=study.cast.group_id, reason="Without it."
        ).id
    with study.database.reading() as uow:
        coming = validation.next_round(uow, study.cast.panel_manager, group_id=study.cast.group_id)
    assert coming.said, "the page asks for a reason whenever the rule has spoken"
    with pytest.raises(Invalid) as refused:
        prepare(study)
    assert "reason" in refused.value.fields
    prepare(study, "To see whether it still holds.")
    [said] = deviations(study)
    assert said == (
        "This round was prepared although the rounds had ended. By the stop rule the rounds end here: no item is left "
        "without agreement. Counted are the items as they read in the version that is to be rated. "
        "To see whether it still holds."
    )


def test_looking_back_reads_the_figures_of_a_round_once_however_many_items_it_had(database: Database) -> None:
    study = build_study(database, criteria=8)
    hold(study, {"relevance": [5] * 8, "applicability": [8] * 8}, stop={"most_rounds": 4})
    study.open()
    with database.reading() as uow:
        place = seating.knock(uow, token=study.tokens[0])
        with counting(database) as grid:
            reviewing.grid_page(uow, place)
        with counting(database) as prepared:
            validation.prepare(uow, study.cast.panel_manager, round_id=study.round_id)
    assert sum("FROM round_result" in each for each in grid) == 1
    assert sum("FROM round_result" in each for each in prepared) <= 2


def test_an_item_that_skipped_a_round_is_measured_against_the_one_that_rated_it_last(study: Study) -> None:
    hold(study, {"relevance": [5, 5], "applicability": [8, 8]}, stop={"most_rounds": 5, "when_stable": True})
    prepare(study)
    with study.database.writing() as uow:
        again = [each.id for each in versions.items_of(uow.session, study.version_id) if each.reference == "C1.2"]
        validation.choose_items(uow, study.cast.panel_manager, round_id=study.round_id, item_ids=again)
    study.open_prepared()
    answer(study, {"relevance": [5], "applicability": [8]})
    study.close()
    assert not ruled(study).ends, "nobody has rated the first item twice"
    hold(study, {"relevance": [5, 5], "applicability": [8, 8]})
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
        first = report.items[0].figures[0].movement
    assert first is not None
    assert (first.n, first.up, first.down) == (9, 0, 0)
    assert ruled(study).ground == "all stable"
