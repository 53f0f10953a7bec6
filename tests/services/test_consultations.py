"""People heard beside the panel: who may be named, what an open form takes, and what the group sees of it when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from app.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from app.services import consultations, results
from app.services.consultations import MOST_OPINIONS, ConsultationForm
from app.uow import Database
from models.consultations import Consultation, ConsultationKind, Opinion
from tests.conftest import SetClock
from tests.panels import Study, build_study

TALK = ConsultationForm(ConsultationKind.WEBINAR, date(2026, 11, 3), "Webinar for finance leads (invented)", people=40)


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database)


def heard(study: Study, form: ConsultationForm = TALK) -> int:
    with study.database.writing() as uow:
        return consultations.add_consultation(uow, study.cast.panel_manager, group_id=study.cast.group_id, form=form).id


def opened(study: Study) -> tuple[int, str]:
    """A webinar with an open form; its id and the form's token."""
    made = heard(study, replace(TALK, version_id=study.version_id))
    with study.database.writing() as uow:
        link = consultations.open_form(
            uow, study.cast.facilitator, consultation_id=made, until=uow.now + timedelta(days=1)
        )
    return made, link.rpartition("/")[2]


def give(study: Study, token: str, scores: dict[str, int], words: str = "", speaks_for: str = "Nurses") -> None:
    with study.database.writing() as uow:
        consultations.give_opinion(uow, token=token, scores=scores, words=words, speaks_for=speaks_for)


def read(study: Study, role: str, consultation_id: int) -> consultations.Reading:
    with study.database.reading() as uow:
        return consultations.read_consultation(
            uow, study.cast.insiders[role], consultation_id=consultation_id, group_id=study.cast.group_id
        )


def test_who_does_not_agree_is_not_named_to_the_group(study: Study) -> None:
    position = ConsultationForm(
        ConsultationKind.POSITION, date(2026, 11, 3), "Law Society of Nowhere", words="We would not sign E3."
    )
    secret, open_ = heard(study, position), heard(study, replace(position, may_be_named=True))
    event = heard(study, TALK)
    with study.database.reading() as uow:
        for role, named in (("member", None), ("observer", None), ("facilitator", position.title)):
            found = consultations.list_consultations(uow, study.cast.insiders[role], group_id=study.cast.group_id)
            titles = {each.consultation.id: each.title for each in found}
            assert titles == {secret: named, open_: position.title, event: TALK.title}
        with pytest.raises(NotFound):
            consultations.list_consultations(uow, study.cast.stranger, group_id=study.cast.group_id)


def test_only_those_who_ran_it_write_it_down(study: Study) -> None:
    made = heard(study)
    group_id = study.cast.group_id
    for actor in (study.cast.member, study.cast.observer):
        with study.database.writing() as uow:
            with pytest.raises(Forbidden):
                consultations.add_consultation(uow, actor, group_id=group_id, form=TALK)
            with pytest.raises(Forbidden):
                consultations.edit_consultation(uow, actor, consultation_id=made, form=TALK)
            with pytest.raises(Forbidden):
                consultations.open_form(uow, actor, consultation_id=made, until=uow.now + timedelta(days=1))
    with study.database.writing() as uow:
        consultations.edit_consultation(
            uow, study.cast.facilitator, consultation_id=made, form=replace(TALK, people=41), group_id=group_id
        )
        consultations.withdraw_consultation(uow, study.cast.facilitator, consultation_id=made)
    with pytest.raises(NotFound):
        read(study, "member", made)
    with study.database.writing() as uow:
        consultations.restore_consultation(uow, study.cast.panel_manager, consultation_id=made)
    assert read(study, "member", made).heard.consultation.people == 41


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"), ({"happened_on": None}, "happened_on"), ({"people": 0}, "people"),
        ({"words": "x" * 20_001}, "words"), ({"audience": "x" * 301}, "audience"), ({"version_id": 999}, "version_id"),
        ({"title": "a\0b"}, "title"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field(study: Study, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        heard(study, replace(TALK, **wrong))  # type: ignore[arg-type]
    assert list(refused.value.fields) == [field]
    with study.database.reading() as uow:
        assert uow.session.execute(select(Consultation)).first() is None


def test_a_hall_answers_without_names_and_the_group_reads_it_afterwards(study: Study) -> None:
    made, token = opened(study)
    for _one in range(2):
        give(study, token, {"E1": 5})
        assert (read(study, "panel_manager", made).tallies[0].counts) == ()
    made, token = opened(study)
    for number in range(6):
        give(study, token, {"E1": 1 + number % 5}, "Ask Mrs Invented of Ward 3." if number == 0 else "")
    give(study, token, {}, "Too long.")
    for role in ("member", "observer"):
        reading = read(study, role, made)
        assert (reading.heard.opinions, reading.tallies, reading.opinions, reading.heard.link) == (0, [], [], "")
    mine = read(study, "panel_manager", made)
    assert mine.tallies[0].counts == (2, 1, 1, 1, 1)
    assert (mine.tallies[0].n, len(mine.opinions), mine.heard.opinions) == (6, 2, 7)
    assert {each.words for each in mine.opinions} == {None}
    plain, naming = sorted(mine.opinions, key=lambda each: len(each.pieces))
    assert "".join(plain.pieces) == "Too long."
    with study.database.writing() as uow:
        consultations.show_words(uow, study.cast.panel_manager, consultation_id=made, opinion_id=plain.id, shown=True)
        consultations.close_form(uow, study.cast.panel_manager, consultation_id=made)
    seen = read(study, "member", made)
    assert [each.words for each in seen.opinions] == ["Too long."]
    assert (seen.hidden, seen.heard.opinions, seen.tallies[0].n) == (1, 7, 6)
    lead = read(study, "facilitator", made)
    assert (lead.may_write, lead.may_decide, [each.pieces for each in lead.opinions]) == (True, False, [[]])
    with pytest.raises(Forbidden), study.database.writing() as uow:
        consultations.show_words(uow, study.cast.facilitator, consultation_id=made, opinion_id=naming.id, shown=True)
    manager = study.cast.panel_manager

    def show(*places: int, shown: bool = True, shows_whom: bool = True) -> None:
        with study.database.writing() as uow:
            consultations.show_words(
                uow, manager, consultation_id=made, opinion_id=naming.id, shown=shown, removed=set(places),
                shows_whom=shows_whom,
            )  # fmt: skip

    places = {word: naming.pieces.index(word) for word in ("Ask", "Mrs", "Invented", "of", "Ward", "3.")}
    for wrong in ((1,), (999,), tuple(places.values())):
        with pytest.raises(Invalid):
            show(*wrong)
    show(places["Mrs"], places["Invented"], places["3."])
    for role in ("member", "panel_manager"):
        found = next(each for each in read(study, role, made).opinions if each.id == naming.id)
        assert found.words == "Ask […] of Ward […]"
        assert found.removed == (places["Mrs"], places["Invented"], places["3."])
        assert ("".join(found.pieces), found.whom) == (
            ("Ask Mrs Invented of Ward 3.", "Nurses") if role != "member" else ("", "")
        )
        assert found.speaks_for == "Nurses"
    show(shows_whom=False)
    found = next(each for each in read(study, "member", made).opinions if each.id == naming.id)
    assert (found.words, found.removed, found.speaks_for) == ("Ask Mrs Invented of Ward 3.", (), "")
    show(places["Mrs"])
    show(shown=False)
    assert naming.id not in {each.id for each in read(study, "member", made).opinions}
    kept = next(each for each in read(study, "panel_manager", made).opinions if each.id == naming.id)
    assert (kept.words, kept.removed) == (None, (places["Mrs"],)), (
        "what was marked is marked when it is looked at again"
    )
    with study.database.reading() as uow:
        columns = uow.session.execute(text("SELECT * FROM opinion")).mappings().first()
        assert columns is not None
        assert set(columns) == {"id", "consultation_id", "given_on", "speaks_for", "scores", "words", "shown_at"} | {
            "shown", "shows_whom", "removed",
        }  # fmt: skip


def test_an_address_dies_with_its_form(study: Study, clock: SetClock) -> None:
    made, token = opened(study)
    with study.database.reading() as uow, pytest.raises(Gone):
        consultations.look_at_form(uow, token="x" * 43)
    clock.now += timedelta(days=1)
    with pytest.raises(Gone):
        give(study, token, {"E1": 3})
    with study.database.writing() as uow:
        again = consultations.open_form(
            uow, study.cast.panel_manager, consultation_id=made, until=uow.now + timedelta(hours=1)
        )
    assert again.endswith(token)  # the time was moved, and the QR code on the slide still leads there
    give(study, token, {"E1": 3})
    with study.database.writing() as uow:
        consultations.close_form(uow, study.cast.panel_manager, consultation_id=made)
        fresh = consultations.open_form(
            uow, study.cast.panel_manager, consultation_id=made, until=uow.now + timedelta(hours=1)
        )
    assert not fresh.endswith(token)
    with pytest.raises(Gone):
        give(study, token, {"E1": 3})
    with study.database.writing() as uow:
        consultations.withdraw_consultation(uow, study.cast.panel_manager, consultation_id=made)
    with pytest.raises(Gone):
        give(study, fresh.rpartition("/")[2], {"E1": 3})


@pytest.mark.parametrize(
    ("scores", "words", "field"),
    [({}, "", "words"), ({"E1": 6}, "", "scores"), ({"E9": 3}, "", "scores"), ({"E1": 3}, "x" * 3001, "words")],
)
def test_an_opinion_that_cannot_be_is_refused(study: Study, scores: dict[str, int], words: str, field: str) -> None:
    _made, token = opened(study)
    with pytest.raises(Invalid) as refused:
        give(study, token, scores, words)
    assert field in refused.value.fields
    with study.database.reading() as uow:
        assert uow.session.execute(select(Opinion)).first() is None


def test_a_flood_is_stopped(study: Study) -> None:
    made, token = opened(study)
    with study.database.writing() as uow:
        uow.session.add_all(
            Opinion(consultation_id=made, given_on=uow.now.date(), scores={"E1": 1}) for _ in range(MOST_OPINIONS)
        )
    with pytest.raises(Conflict):
        give(study, token, {"E1": 3})


def test_a_form_needs_a_version_with_elements_and_keeps_it(study: Study) -> None:
    made = heard(study)
    manager = study.cast.panel_manager
    with study.database.writing() as uow, pytest.raises(Conflict, match="which version"):
        consultations.open_form(uow, manager, consultation_id=made, until=uow.now + timedelta(days=1))
    for days in (-1, 0, 91):
        with study.database.writing() as uow, pytest.raises(Invalid):
            consultations.open_form(uow, manager, consultation_id=made, until=uow.now + timedelta(days=days))
    made, token = opened(study)
    give(study, token, {"E1": 3})
    with study.database.writing() as uow, pytest.raises(Conflict, match="this version"):
        consultations.edit_consultation(uow, manager, consultation_id=made, form=TALK)


def test_the_panels_figures_know_nothing_of_it(study: Study) -> None:
    _made, token = opened(study)
    study.open()
    for each in study.tokens:
        study.answer(each, {"relevance": [9, 9], "applicability": [9, 9]})
    give(study, token, {"E1": 1})
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
    assert {each.median for item in report.items for each in item.figures} == {9.0}
    assert report.invited == 9
