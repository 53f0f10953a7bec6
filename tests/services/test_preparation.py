"""Before a round opens: groups that are merged, pilot raters, a rehearsal of the report; and deviations afterwards."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from app.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from app.services import panel, pilots, rating, rehearsals, remarks, results, seating, seats, validation
from app.services.panel import SeatForm
from app.services.protocols import Protocol
from app.uow import Database
from app.worker import Worker
from models.validation import Acknowledgement, Rating, Remark, RemarkKind, Round, RoundResult, Seat
from tests.conftest import SetClock
from tests.panels import Study, build_study


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database)


def prepare(study: Study, **protocol: object) -> None:
    """A round in preparation."""
    with study.database.writing() as uow:
        manager = study.cast.panel_manager
        made = validation.create_round(uow, manager, group_id=study.cast.group_id, version_id=study.version_id)
        study.round_id = made.id
        if protocol:
            kept = Protocol.from_json({**made.protocol, **protocol})
            validation.save_protocol(uow, manager, round_id=made.id, protocol=kept)
        study.rated = validation.read_round(uow, manager, round_id=made.id).items


def add_pilots(study: Study, count: int = 2) -> list[str]:
    """Pilot raters with their links; the tokens."""
    manager = study.cast.panel_manager
    with study.database.writing() as uow:
        for number in range(count):
            form = SeatForm(f"Pilot {number} Invented", f"pilot{number}@example.org", "national", is_pilot=True)
            panel.add_expert(uow, manager, panel_id=study.panel_id, form=form)
        assert pilots.start(uow, manager, round_id=study.round_id) == count
    with study.database.reading() as uow:
        members = panel.list_members(uow, manager, group_id=study.cast.group_id, round_id=study.round_id)
        return [seats.token_of(uow.keys, each.seat) for each in members if each.seat]


# --- groups ---------------------------------------------------------------------------------------------------------


def test_groups_are_merged_before_launch_and_the_same_for_every_item(study: Study) -> None:
    merged = dict.fromkeys(("Austria", "Netherlands", "Spain"), "Continental Europe")
    study.open(split_by="country", merged=merged | {"New Zealand": "England"})
    for place, token in enumerate(study.tokens):
        study.answer(token, {"relevance": [9 if place < 5 else 4, 8], "applicability": [7, 8]})
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
    assert report.groups == ("Continental Europe", "England")
    for item in report.items:
        for figures in item.figures:
            assert [(band.name, band.n) for band in figures.groups] == [("Continental Europe", 3), ("England", 6)]
    assert [band.median for band in report.items[0].figures[0].groups] == [4.0, 9.0]


def test_small_groups_are_said_before_launch_and_never_shown(study: Study) -> None:
    prepare(study, split_by="country")
    with study.database.reading() as uow:
        prepared = validation.prepare(uow, study.cast.panel_manager, round_id=study.round_id)
    assert prepared.groups == {"Austria": 1, "England": 5, "Netherlands": 1, "New Zealand": 1, "Spain": 1}
    assert [each.what for each in prepared.impossible] == ["Countries side by side"]
    assert "Austria (1), Netherlands (1), New Zealand (1), Spain (1)" in prepared.impossible[0].why
    prepare_again = {"split_by": "organisation_type"}
    with study.database.writing() as uow:
        kept = Protocol.from_json({**prepared.overview.protocol.to_json(), **prepare_again})
        validation.save_protocol(uow, study.cast.panel_manager, round_id=study.round_id, protocol=kept)
        again = validation.prepare(uow, study.cast.panel_manager, round_id=study.round_id)
    assert again.impossible[0].why == "All of the panel are in one group: University."


def test_a_protocol_from_before_compares_as_it_did() -> None:
    old = {"dimensions": [], "split_by_scope": True}
    assert Protocol.from_json(old).split_by == "scope"
    assert Protocol.from_json({**old, "split_by_scope": False}).split_by == ""
    assert Protocol.from_json(Protocol((), split_by="country", merged={"a": "b"}).to_json()).merged == {"a": "b"}


@pytest.mark.parametrize("wrong", [{"split_by": "name"}, {"split_by": "country", "merged": {"Spain": "x" * 61}}])
def test_groups_that_cannot_be_are_refused(study: Study, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        prepare(study, **wrong)
    assert "split_by" in refused.value.fields


# --- pilot raters ---------------------------------------------------------------------------------------------------


def test_pilot_raters_try_it_first_and_count_for_nothing(study: Study, clock: SetClock) -> None:
    prepare(study)
    tokens = add_pilots(study)
    manager = study.cast.panel_manager
    for token in tokens:
        study.answer(token, {"relevance": [1, 1], "applicability": [1, 1]})
    clock.now += timedelta(minutes=24)
    with study.database.writing() as uow:
        place = seating.sit_with_token(uow, token=tokens[0], round_id=study.round_id)
        assert place.is_pilot
        rating.remark(uow, place, {(study.rated[0].id, RemarkKind.COMMENT): "I did not get question 2."})
        for key in ("whole_face_validity", "whole_potential"):
            rating.rate(uow, place, {(None, key): 2})
        rating.send(uow, place)
    with study.database.reading() as uow:
        first, second = sorted(pilots.list_pilots(uow, manager, round_id=study.round_id), key=lambda each: each.name)
        assert {first.state, second.state} == {"sent", "started"}
        done = first if first.state == "sent" else second
        assert done.minutes == 24
        assert [(item and item.reference, remark.text) for item, remark in done.remarks] == [
            ("C1.1", "I did not get question 2.")
        ]
        with pytest.raises(Forbidden):
            pilots.list_pilots(uow, study.cast.facilitator, round_id=study.round_id)
    study.open_prepared()
    assert len(study.tokens) == 9
    for token in tokens:
        with study.database.reading() as uow, pytest.raises(Gone):
            seating.knock(uow, token=token)
    for token in study.tokens:
        study.answer(token, {"relevance": [8, 8], "applicability": [8, 8]})
    clock.now += timedelta(days=10)
    with study.database.writing() as uow:
        assert seats.remind(uow, manager, round_id=study.round_id) == (9, 0)
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
        assert (report.invited, report.pilots) == (9, 2)
        assert report.items[0].figures[0].median == 8.0
        assert report.unread_comments == 0
        assert remarks.list_remarks(uow, manager, round_id=study.round_id) == []
        assert pilots.list_pilots(uow, manager, round_id=study.round_id)[0].name.startswith("Pilot")


def test_pilot_raters_get_a_mail_of_their_own_and_a_lost_link_again(study: Study) -> None:
    prepare(study)
    add_pilots(study, 1)
    worker = Worker(study.database)
    with study.database.writing() as uow:
        seats.send_link_again(uow, email="pilot0@example.org")
        seats.send_link_again(uow, email="expert1@example.org")
    worker.drain()
    mails = sorted(study.database.settings.outbox.glob("*"))
    texts = [each.read_text() for each in mails]
    assert len(texts) == 2
    assert "Would you try it first" in texts[0]
    assert "until the round opens" in texts[1]


def test_there_is_nothing_to_try_without_pilots_or_items(study: Study) -> None:
    prepare(study)
    manager = study.cast.panel_manager
    with study.database.writing() as uow, pytest.raises(Invalid, match="no pilot rater"):
        pilots.start(uow, manager, round_id=study.round_id)
    add_pilots(study, 1)
    with study.database.writing() as uow, pytest.raises(Conflict, match="have their link"):
        pilots.start(uow, manager, round_id=study.round_id)
    with study.database.writing() as uow, pytest.raises(Forbidden):
        pilots.start(uow, study.cast.facilitator, round_id=study.round_id)
    with study.database.writing() as uow, pytest.raises(NotFound):
        pilots.start(uow, study.cast.stranger, round_id=study.round_id)
    study.open_prepared()
    with study.database.writing() as uow, pytest.raises(Conflict):
        pilots.start(uow, manager, round_id=study.round_id)
    with study.database.writing() as uow:
        form = SeatForm("Late Invented", "late@example.org", "national", is_pilot=True)
        late = panel.add_expert(uow, manager, panel_id=study.panel_id, form=form).id
        with pytest.raises(Conflict, match="before it opens"):
            seats.invite_later(uow, manager, round_id=study.round_id, expert_id=late, reason="To try it.")


def test_a_discarded_round_takes_its_try_out_along(study: Study) -> None:
    prepare(study)
    study.answer(add_pilots(study, 1)[0], {"relevance": [3, 3]})
    with study.database.writing() as uow:
        validation.discard_round(uow, study.cast.panel_manager, round_id=study.round_id)
    with study.database.reading() as uow:
        for table in (Round, Seat, Rating, Remark):
            assert uow.session.execute(select(func.count()).select_from(table)).scalar_one() == 0


# --- the rehearsal --------------------------------------------------------------------------------------------------


def test_a_rehearsal_is_a_whole_report_and_leaves_nothing(study: Study) -> None:
    prepare(study, sensitivity=["ipras", "70/15"])
    manager = study.cast.panel_manager
    with study.database.reading() as uow:
        reports = [rehearsals.rehearse(uow, manager, round_id=study.round_id, seed=seed) for seed in (1, 1, 2)]
    assert reports[0].items[0].figures == reports[1].items[0].figures
    assert any(a.figures != b.figures for a, b in zip(reports[0].items, reports[2].items, strict=True))
    for report in reports:
        assert report.invited == 9
        assert [len(item.figures) for item in report.items] == [2, 2]
        assert len(report.whole) == 2
        for item in report.items:
            for figures in item.figures:
                assert figures.eligible == 9
                assert figures.n is None or figures.n <= report.started
    with study.database.reading() as uow:
        for table in (Rating, Seat, RoundResult, Remark):
            assert uow.session.execute(select(func.count()).select_from(table)).scalar_one() == 0
        with pytest.raises(Forbidden):
            rehearsals.rehearse(uow, study.cast.facilitator, round_id=study.round_id)


def test_a_rehearsal_needs_no_panel_and_ends_when_there_are_answers(database: Database) -> None:
    study = build_study(database, experts=0)
    prepare(study)
    with study.database.reading() as uow:
        report = rehearsals.rehearse(uow, study.cast.panel_manager, round_id=study.round_id)
    assert report.by_scope == {"national": 5, "international": 4}
    with study.database.writing() as uow:
        form = SeatForm("Expert Invented", "expert@example.org", "national")
        panel.add_expert(uow, study.cast.panel_manager, panel_id=study.panel_id, form=form)
    study.open_prepared()
    with study.database.reading() as uow, pytest.raises(Conflict):
        rehearsals.rehearse(uow, study.cast.panel_manager, round_id=study.round_id)


# --- deviations -----------------------------------------------------------------------------------------------------


def test_what_was_done_otherwise_is_logged_with_its_reason(study: Study) -> None:
    prepare(study)
    manager = study.cast.panel_manager
    with study.database.writing() as uow, pytest.raises(Conflict, match="not locked"):
        validation.log_deviation(uow, manager, round_id=study.round_id, what="Two of them talked.", reason="By chance.")
    study.open_prepared()
    for what, reason, field in (("", "By chance.", "what"), ("Two of them talked.", "", "reason")):
        with study.database.writing() as uow, pytest.raises(Invalid) as refused:
            validation.log_deviation(uow, manager, round_id=study.round_id, what=what, reason=reason)
        assert field in refused.value.fields
    with study.database.writing() as uow, pytest.raises(Forbidden):
        validation.log_deviation(uow, study.cast.facilitator, round_id=study.round_id, what="Words.", reason="None.")
    with study.database.writing() as uow:
        validation.log_deviation(
            uow, manager, round_id=study.round_id, what="Two  of them talked.", reason="By chance."
        )
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
    assert report.deviations[0][1:] == ("Two of them talked.", "By chance.")
    assert all(a[0] <= b[0] for a, b in pairwise(report.deviations))


def test_a_pilots_consent_is_asked_as_of_anybody(study: Study) -> None:
    prepare(study)
    token = add_pilots(study, 1)[0]
    with study.database.writing() as uow:
        place = seating.sit_with_token(uow, token=token, round_id=study.round_id)
        with pytest.raises(Forbidden):
            rating.rate(uow, place, {(study.rated[0].id, "relevance"): 5})
        rating.consent(uow, place, agrees=True, acknowledgement=Acknowledgement.NEITHER.value)


def test_it_is_said_where_few_missing_scores_leave_no_verdict(study: Study) -> None:
    """The classic rule covers 8 to 16 scores: with nine experts two who do not answer are enough."""

    def said() -> list[str]:
        with study.database.reading() as uow:
            return validation.prepare(uow, study.cast.panel_manager, round_id=study.round_id).fragile

    prepare(study)
    assert said() == [
        "Relevance: 2 of 9 without a score are enough; the classic rule covers 8 to 16 scores, not 7.",
        "Applicability: 2 of 9 without a score are enough; the classic rule covers 8 to 16 scores, not 7.",
    ]
    with study.database.writing() as uow:
        validation.discard_round(uow, study.cast.panel_manager, round_id=study.round_id)
    prepare(study, rule="ipras", sensitivity=[])
    assert said() == []
