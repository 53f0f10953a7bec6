"""Closed rounds side by side: the same items through the rounds, reworded ones marked, and who stayed."""

from __future__ import annotations

import pytest

from app.calc.round_figures import compared
from app.errors import NotFound
from app.services import series, versions
from app.services.series import Series
from app.uow import Database
from tests.panels import Study, build_study
from tests.wordings import rewrite


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database)


def read(study: Study) -> Series:
    with study.database.reading() as uow:
        return series.read_series(uow, study.cast.member, group_id=study.cast.group_id)


def test_items_go_through_the_rounds_and_what_was_reworded_says_so(study: Study) -> None:
    study.open()
    for place, token in enumerate(study.tokens):
        study.answer(token, {"relevance": [8, 2 if place < 4 else 9], "applicability": [8, 8]})
    study.close()
    assert [len(line.steps) for _dimension, lines in read(study).lines for line in lines] == [1] * 4
    rewrite(study.database, study.cast.facilitator, study.rated[1].item_id, "Words that experts asked for.")
    with study.database.writing() as uow:
        fresh = versions.freeze(uow, study.cast.facilitator, group_id=study.cast.group_id, reason="After round 1.")
        study.version_id = fresh.id
    study.open()
    assert [item.reference for item in study.rated] == ["C1.2"]
    for token in study.tokens[:5]:
        study.answer(token, {"relevance": [8], "applicability": [8]})
    study.close()
    found = read(study)
    assert [each.number for each in found.rounds] == [1, 2]
    relevance = {line.reference: line for line in found.lines[0][1]}
    kept, reworded = relevance["C1.1"], relevance["C1.2"]
    assert [step.figures.median if step.figures else None for step in kept.steps] == [8.0, None]
    assert [step.figures.median if step.figures else None for step in reworded.steps] == [9.0, 8.0]
    assert [step.is_reworded for step in reworded.steps] == [False, True]
    assert [flow["invited"] for flow in found.flows] == [9, 9]
    [(round_, stayed)] = found.stayed
    assert round_.number == 2
    assert [(each.dimension, each.stayed, each.left) for each in stayed] == [
        ("relevance", 5, 4),
        ("applicability", 5, 4),
    ]
    assert (stayed[0].stayed_median, stayed[0].left_median) == (8.0, 8.5)


def test_few_who_stayed_or_left_are_not_shown() -> None:
    assert compared("r", ([7, 8], [3]), (2, 1), 3)["withheld"]
    assert compared("r", ([7, 8], [3]), (2, 1), 3)["stayed"] is None
    nobody = compared("r", ([7, 8, 9], []), (3, 0), 3)
    assert (nobody["left"], nobody["withheld"]) == (0, "Everybody who scored took part again.")
    shown = compared("r", ([7, 8, 9], [1, 2, 3]), (3, 3), 3)
    assert (shown["stayed_median"], shown["left_median"], shown["effect"]) == (8.0, 2.0, 1.0)


def test_it_is_the_groups(study: Study) -> None:
    assert read(study).rounds == ()
    with study.database.reading() as uow, pytest.raises(NotFound):
        series.read_series(uow, study.cast.stranger, group_id=study.cast.group_id)
