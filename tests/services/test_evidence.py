"""Sources, findings, models and arrows; who may write them; and the rule of "Depends on untested evidence"."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import insert

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.events import EvidenceChanged, ItemChanged
from app.policy import Actor, Can
from app.services import contracting, evidence, findings, items, library, outline, sources, versions
from app.services.contracting import ModelForm, Use
from app.services.findings import FindingForm
from app.uow import Database
from models.evidence import Finding, Link, Provenance, Relation, Source, Strength
from models.items import Kind, Status
from tests.cast import Cast

S, R = Strength, Relation


@pytest.mark.parametrize(
    ("kind", "lines", "judged", "untested"),
    [
        (Kind.CRITERION, [(R.SUPPORTS, S.MODERATE)], False, False),
        (Kind.CRITERION, [(R.SUPPORTS, S.STRONG), (R.CONTRADICTS, S.STRONG)], True, False),
        (Kind.CRITERION, [(R.SUPPORTS, S.LOW), (R.SUPPORTS, S.UNKNOWN)], False, True),
        (Kind.PRINCIPLE, [(R.QUALIFIES, S.STRONG), (R.CONTRADICTS, S.STRONG)], False, True),
        (Kind.SPECIFICATION, [], True, True),
        (Kind.SPECIFICATION, [], False, False),
        (Kind.ELEMENT, [], False, False),
        (Kind.CRITERION, [], False, True),
    ],
)
def test_an_item_depends_on_untested_evidence(
    kind: Kind, lines: list[tuple[Relation, Strength]], judged: bool, untested: bool
) -> None:
    assert evidence.is_aspirational(kind, lines, group_judgement=judged) is untested


@dataclass(frozen=True)
class Shelf:
    """One criterion, one source, one finding of moderate strength that supports it."""

    item_id: int
    source_id: int
    finding_id: int
    link_id: int


@pytest.fixture
def shelf(database: Database, people: Cast) -> Shelf:
    with database.writing() as uow:
        element = outline.start(uow, people.member, group_id=people.group_id)[0]
        item = items.add_item(
            uow, people.member, group_id=people.group_id, kind=Kind.CRITERION, parent_id=element.id, title="One lead"
        )
        source = sources.add_source(
            uow,
            people.member,
            group_id=people.group_id,
            cite="Invented A (2015) On leads.",
            doi="https://doi.org/10.1000/xyz",
        )
        form = FindingForm(source.id, "A lead helps.", "12–14", S.MODERATE, Provenance.SEEN)
        finding = findings.add_finding(uow, people.member, group_id=people.group_id, form=form)
        link = findings.link(
            uow, people.member, finding_id=finding.id, item_id=item.id, relation=R.SUPPORTS, note_text="by analogy"
        )
    return Shelf(item.id, source.id, finding.id, link.id)


def test_what_an_item_rests_on_reaches_its_page_and_its_version(database: Database, people: Cast, shelf: Shelf) -> None:
    with database.writing() as uow:
        ground = evidence.of_item(uow, people.observer, shelf.item_id)
        assert [(one.finding.text, one.source.doi, one.link.note) for one in ground.lines] == [
            ("A lead helps.", "10.1000/xyz", "by analogy")
        ]
        assert not ground.aspirational
        assert not ground.may_write
        assert evidence.grounds(uow.session, people.group_id)[shelf.item_id] == evidence.Ground(1, aspirational=False)
        items.set_status(uow, people.member, item_id=shelf.item_id, status=Status.DRAFT)
        version = versions.freeze(uow, people.facilitator, group_id=people.group_id, reason="to try")
        [frozen] = [one for one in versions.items_of(uow.session, version.id) if one.item_id == shelf.item_id]
    assert not frozen.aspirational
    assert frozen.evidence[0]["page"] == "12–14"


def test_a_withdrawn_finding_speaks_to_nothing_until_it_is_restored(
    database: Database, people: Cast, shelf: Shelf
) -> None:
    with database.writing() as uow:
        findings.withdraw_finding(uow, people.member, finding_id=shelf.finding_id)
        assert uow.facts == [EvidenceChanged(people.group_id), ItemChanged(people.group_id, shelf.item_id)]
        assert evidence.of_item(uow, people.member, shelf.item_id).aspirational
        assert evidence.grounds(uow.session, people.group_id)[shelf.item_id] == evidence.Ground(0, aspirational=True)
        sources.withdraw_source(uow, people.member, source_id=shelf.source_id)
        with pytest.raises(Conflict):
            findings.restore_finding(uow, people.member, finding_id=shelf.finding_id)
        sources.restore_source(uow, people.member, source_id=shelf.source_id)
        findings.restore_finding(uow, people.member, finding_id=shelf.finding_id)
        assert not evidence.of_item(uow, people.member, shelf.item_id).aspirational
        with pytest.raises(Conflict):
            sources.withdraw_source(uow, people.member, source_id=shelf.source_id)


def test_a_link_is_said_again_removed_and_drawn_anew(database: Database, people: Cast, shelf: Shelf) -> None:
    with database.writing() as uow:
        again = findings.link(
            uow, people.peer, finding_id=shelf.finding_id, item_id=shelf.item_id, relation=R.CONTRADICTS
        )
        assert (again.id, again.relation, again.note) == (shelf.link_id, R.CONTRADICTS, "")
        gone = findings.unlink(uow, people.peer, link_id=shelf.link_id)
        assert uow.session.get(Link, shelf.link_id) is None
        findings.judge(uow, people.peer, item_id=shelf.item_id, on=True)
        assert evidence.of_item(uow, people.peer, shelf.item_id).item.group_judgement
        findings.link(uow, people.peer, finding_id=gone.finding_id, item_id=gone.item_id, relation=gone.relation)
        items_of = library.read_finding(uow, people.peer, finding_id=shelf.finding_id, group_id=people.group_id).items
    assert [one.relation for one in items_of] == [R.CONTRADICTS]


def test_models_are_cards_that_items_keep_something_from(database: Database, people: Cast, shelf: Shelf) -> None:
    with database.writing() as uow:
        key = uow.session.get_one(Source, shelf.source_id).key
        form = ModelForm("Alliance", used_in=[Use("Here", "It works", key)], contributes=["trust"], strength=S.LOW)
        model = contracting.add_model(uow, people.member, group_id=people.group_id, form=form)
        assert contracting.form_of(model) == ModelForm(
            "Alliance", used_in=(Use("Here", "It works", key),), contributes=("trust",), strength=S.LOW, mechanisms=()
        )
        assert contracting.keep(uow, people.member, item_id=shelf.item_id, model_ids=[model.id]) == []
        with pytest.raises(Conflict):
            contracting.withdraw_model(uow, people.member, model_id=model.id)
        finding = uow.session.get_one(Finding, shelf.finding_id)
        about = FindingForm(shelf.source_id, finding.text, model_id=model.id, stance="for", strength=S.MODERATE)
        findings.edit_finding(uow, people.member, finding_id=finding.id, form=about)
        room = library.room(uow, people.observer, group_id=people.group_id)
        matrix = library.matrix(uow, people.observer, group_id=people.group_id)
        assert contracting.keep(uow, people.member, item_id=shelf.item_id, model_ids=[]) == [model.id]
    [card] = room.models
    assert [one.finding.text for one in card.speaking_for] == ["A lead helps."]
    assert [one.reference for one in card.items] == ["C1.1"]
    assert (room.findings, room.sources, room.links, room.untested, room.items) == (1, 1, 1, 0, 5)
    [row] = [row for row in matrix.rows if row.item.id == shelf.item_id]
    assert [(cell.keeps, cell.supports) for cell in row.cells] == [(True, 1), (False, 0)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"cite": "x"}, "cite"),
        ({"cite": "Invented A (2015) On leads."}, "cite"),
        ({"doi": "11.5/x"}, "doi"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"cite": "Half a \ud800 character"}, "cite"),
    ],
)
def test_a_faulty_source_is_refused(
    database: Database, people: Cast, shelf: Shelf, wrong: dict[str, str], field: str
) -> None:
    given = {"cite": "Invented B (2015).", "doi": "", "url": "", **wrong}
    with database.writing() as uow, pytest.raises(Invalid) as refusal:
        sources.add_source(
            uow, people.member, group_id=people.group_id, cite=given["cite"], doi=given["doi"], url=given["url"]
        )
    assert list(refusal.value.fields) == [field]


def test_a_group_holds_so_many_sources_and_no_more(database: Database, people: Cast) -> None:
    """All of them are listed on one page."""
    with database.writing() as uow:
        row = {"group_id": people.group_id, "provenance": Provenance.GIVEN, "created_at": uow.now}
        many = [{**row, "key": f"many_{at}", "cite": f"Invented {at}"} for at in range(sources.MOST)]
        uow.session.execute(insert(Source), many)
    with database.writing() as uow, pytest.raises(Conflict, match=f"at most {sources.MOST:,} sources"):
        sources.add_source(uow, people.member, group_id=people.group_id, cite="One more")


def test_only_writers_write_and_strangers_find_nothing(database: Database, people: Cast, shelf: Shelf) -> None:
    form = FindingForm(shelf.source_id, "Something else.")

    def attempts(actor: Actor) -> list[type[Exception]]:
        raised: list[type[Exception]] = []
        for act in (
            lambda uow: findings.add_finding(uow, actor, group_id=people.group_id, form=form),
            lambda uow: findings.edit_finding(uow, actor, finding_id=shelf.finding_id, form=form),
            lambda uow: findings.withdraw_finding(uow, actor, finding_id=shelf.finding_id),
            lambda uow: findings.unlink(uow, actor, link_id=shelf.link_id),
            lambda uow: findings.judge(uow, actor, item_id=shelf.item_id, on=True),
            lambda uow: sources.withdraw_source(uow, actor, source_id=shelf.source_id),
            lambda uow: contracting.keep(uow, actor, item_id=shelf.item_id, model_ids=[]),
        ):
            with database.writing() as uow:
                with pytest.raises((Forbidden, NotFound)) as refusal:
                    act(uow)
                raised.append(refusal.type)
        return raised

    assert set(attempts(people.observer)) == set(attempts(people.panel_manager)) == {Forbidden}
    assert set(attempts(people.stranger)) == {NotFound}
    with database.reading() as uow, pytest.raises(NotFound):
        library.room(uow, people.stranger, group_id=people.group_id)


def test_findings_of_one_group_never_meet_items_of_another(database: Database, people: Cast, shelf: Shelf) -> None:
    with database.writing() as uow:
        theirs = outline.start(uow, people.stranger, group_id=people.other_group_id)[0]
        with pytest.raises(NotFound):
            findings.link(uow, people.member, finding_id=shelf.finding_id, item_id=theirs.id, relation=R.SUPPORTS)
        with pytest.raises(NotFound):
            findings.link(uow, people.stranger, finding_id=shelf.finding_id, item_id=theirs.id, relation=R.SUPPORTS)
        with pytest.raises(Invalid):
            findings.add_finding(
                uow, people.stranger, group_id=people.other_group_id, form=FindingForm(shelf.source_id, "Borrowed.")
            )
        with pytest.raises(NotFound):
            findings.access_finding(
                uow.session, people.member, shelf.finding_id, Can.EVIDENCE_READ, group_id=people.other_group_id
            )
