"""Frozen versions: what is copied, that nothing changes afterwards, and that anyone can check the fingerprint."""

from __future__ import annotations

import hashlib
import io
import json
import threading

import docx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.errors import Forbidden, Invalid, NotFound
from app.policy import SYSTEM
from app.services import documents, exports, glossary, items, outline, version_files, versions
from app.services.companions import Including
from app.services.glossary import TermForm
from app.uow import Database
from models.documents import Document, Field
from models.evidence import Finding, Link, Provenance, Relation, Source, Strength
from models.items import Kind, Status
from models.versions import VersionItem
from tests.panels import Study, build_study


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database, experts=0)


def edit(study: Study, item_id: int, words: str) -> None:
    with study.database.writing() as uow:
        query = select(Document.id).where(Document.item_id == item_id, Document.field == Field.TEXT)
        document = uow.lock(Document, uow.session.execute(query).scalar_one())
        documents.replace_text(uow, study.cast.member, document, words)


def freeze(study: Study) -> int:
    with study.database.writing() as uow:
        return versions.freeze(uow, study.cast.facilitator, group_id=study.cast.group_id, reason="Again.").id


def words(study: Study, version_id: int) -> dict[str, VersionItem]:
    with study.database.reading() as uow:
        return {item.reference: item for item in versions.items_of(uow.session, version_id)}


def test_a_version_holds_what_experts_see_and_leaves_the_rest_out(study: Study) -> None:
    lead, group_id = study.cast.facilitator, study.cast.group_id
    with study.database.writing() as uow:
        criterion = uow.session.execute(select(VersionItem.item_id).where(VersionItem.reference == "C1.1")).scalar_one()
        source = Source(
            group_id=group_id, key="x", cite="Invented (2020)", provenance=Provenance.DEMO, created_at=uow.now
        )
        uow.session.add(source)
        uow.flush()
        finding = Finding(
            group_id=group_id, source_id=source.id, text="Trust helped.", strength=Strength.STRONG, page="p. 3",
            provenance=Provenance.DEMO, created_at=uow.now,
        )  # fmt: skip
        uow.session.add(finding)
        uow.flush()
        uow.session.add(
            Link(
                group_id=group_id, finding_id=finding.id, item_id=criterion, relation=Relation.SUPPORTS,
                created_at=uow.now,
            )
        )  # fmt: skip
        for kind, status in ((Kind.ELEMENT, Status.IDEA), (Kind.ELEMENT, Status.PARKED)):
            items.add_item(uow, lead, group_id=group_id, kind=kind, title=f"Only {status.value}", status=status)
        gone = uow.session.execute(select(VersionItem.item_id).where(VersionItem.reference == "C1.2")).scalar_one()
        outline.withdraw_item(uow, lead, item_id=gone)
    with study.database.reading() as uow:
        seen = versions.preview(uow, lead, group_id=group_id, with_ideas=False, with_parked=False)
        assert [(draft.item.reference, draft.item.status) for draft in seen.left_out] == [
            ("C1.2", Status.WITHDRAWN), ("S1.2.1", Status.WITHDRAWN), ("E2", Status.IDEA), ("E3", Status.PARKED),
        ]  # fmt: skip
    found = words(study, freeze(study))
    assert list(found) == ["E1", "C1.1", "S1.1.1"]
    line = {"relation": "supports", "strength": "strong", "finding": "Trust helped.", "page": "p. 3"}
    assert found["C1.1"].evidence == [{**line, "source": "Invented (2020)", "note": ""}]
    assert not found["C1.1"].aspirational
    assert (found["C1.1"].why, found["C1.1"].summary) == ("Because trust needs it.", "Number 1 in plain words.")
    with study.database.writing() as uow:
        more = versions.freeze(uow, lead, group_id=group_id, reason="All.", with_ideas=True, with_parked=True)
    assert list(words(study, more.id)) == ["E1", "C1.1", "S1.1.1", "E2", "E3"]


def test_what_is_left_out_says_for_which_reason(study: Study) -> None:
    lead, group_id = study.cast.facilitator, study.cast.group_id
    with study.database.writing() as uow:
        idea = items.add_item(uow, lead, group_id=group_id, kind=Kind.ELEMENT, title="Idea", status=Status.IDEA)
        under = items.add_item(
            uow, lead, group_id=group_id, kind=Kind.CRITERION, title="Under", parent_id=idea.id, status=Status.PROPOSED
        )
        items.add_item(
            uow, lead, group_id=group_id, kind=Kind.SPECIFICATION, title="Deeper", parent_id=under.id,
            status=Status.DRAFT,
        )  # fmt: skip
    with study.database.reading() as uow:
        out = versions.preview(uow, lead, group_id=group_id, with_ideas=False, with_parked=False).left_out
        named = [(draft.item.reference, draft.item.status, draft.left_with) for draft in out]
        all_in = versions.preview(uow, lead, group_id=group_id, with_ideas=True, with_parked=False).left_out
    reference = named[0][0]
    assert [(status, left_with) for _reference, status, left_with in named] == [
        (Status.IDEA, ""), (Status.PROPOSED, reference), (Status.DRAFT, reference),
    ]  # fmt: skip
    assert all_in == []


def test_a_third_party_recomputes_the_hash_from_the_file(study: Study) -> None:
    with study.database.reading() as uow:
        whole = versions.read(uow, study.cast.observer, version_id=study.version_id)
        wanted = {"group_id": study.cast.group_id, "number": 1}
        file = exports.export_version(uow, study.cast.observer, form="json", **wanted)
        written = exports.export_version(uow, study.cast.observer, form="md", **wanted).body.decode()
        table = exports.export_version(uow, study.cast.observer, form="csv", **wanted).body
    shown = json.loads(file.body)
    canonical = json.dumps(shown["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == shown["sha256"] == whole.version.sha256
    assert whole.is_intact
    assert "Partners share criterion 1." in written
    assert version_files.UNTESTED in written
    assert b'"C1.2"' in table
    with study.database.reading() as uow, pytest.raises(NotFound):
        exports.export_version(uow, study.cast.stranger, form="json", **wanted)


@pytest.mark.parametrize("with_comments", [False, True])
def test_a_version_says_that_what_goes_along_is_of_the_draft(study: Study, with_comments: bool) -> None:
    with study.database.reading() as uow:
        wanted = {"group_id": study.cast.group_id, "number": 1, "including": Including(comments=with_comments)}
        written = exports.export_version(uow, study.cast.observer, form="md", **wanted).body.decode()  # type: ignore[arg-type]
        word = exports.export_version(uow, study.cast.observer, form="docx", **wanted).body  # type: ignore[arg-type]
    lines = [each.text for each in docx.Document(io.BytesIO(word)).paragraphs]
    assert (exports.OF_THE_DRAFT in written, exports.OF_THE_DRAFT in lines) == (with_comments, with_comments)


def test_nothing_changes_a_version(study: Study) -> None:
    """Abuse case 56: editing the draft leaves it alone, and the database itself refuses."""
    before = words(study, study.version_id)["C1.1"]
    edit(study, before.item_id, "Quite other words.")
    assert words(study, study.version_id)["C1.1"].text == before.text == "Partners share criterion 1."
    for statement in (
        "UPDATE version_item SET text = 'x'",
        "DELETE FROM version_item",
        "UPDATE version SET title = 'x'",
        "DELETE FROM version",
    ):
        with pytest.raises(DBAPIError, match="frozen"), study.database.writing() as uow:
            uow.session.execute(text(statement))
    with study.database.reading() as uow:
        assert versions.read(uow, SYSTEM, version_id=study.version_id).is_intact


def test_locking_needs_a_right_and_a_ground(study: Study) -> None:
    cast = study.cast
    for actor, refusal in ((cast.member, Forbidden), (cast.panel_manager, Forbidden), (cast.stranger, NotFound)):
        with pytest.raises(refusal), study.database.writing() as uow:
            versions.freeze(uow, actor, group_id=cast.group_id, reason="Because.")
    for bad in ({"reason": "  "}, {"decision_id": 999}, {"title": "x" * 201, "reason": "y"}):
        with pytest.raises(Invalid) as refused, study.database.writing() as uow:
            versions.freeze(uow, cast.facilitator, group_id=cast.group_id, **bad)  # type: ignore[arg-type]  # wrong on purpose
        assert refused.value.fields
    with pytest.raises(Invalid, match="nothing to lock"), study.database.writing() as uow:
        versions.freeze(uow, cast.stranger, group_id=cast.other_group_id, reason="Because.")
    with study.database.reading() as uow:
        assert [
            entry.version.number for entry in versions.list_versions(uow, cast.observer, group_id=cast.group_id)
        ] == [1]


def test_two_versions_differ_item_by_item(study: Study) -> None:
    lead, group_id = study.cast.facilitator, study.cast.group_id
    before = words(study, study.version_id)
    edit(study, before["C1.1"].item_id, "Partners and patients share criterion 1.")
    with study.database.writing() as uow:
        outline.withdraw_item(uow, lead, item_id=before["C1.2"].item_id)
        items.add_item(uow, lead, group_id=group_id, kind=Kind.ELEMENT, title="Money", status=Status.DRAFT)
    with study.database.reading() as uow:
        found = versions.compare(uow, study.cast.observer, version_id=study.version_id, other_id=None)
        older, now, drafted = found.older, found.newer, found.items
        assert (older.id, now) == (study.version_id, None)
    newer = freeze(study)
    with study.database.reading() as uow:
        changes = versions.compare(uow, study.cast.member, version_id=newer, other_id=study.version_id).items
        assert drafted == changes, "what has changed since is what locking it takes"
        assert versions.compare(uow, study.cast.member, version_id=newer, other_id=None).items == []
    assert [(change.reference, change.change) for change in changes] == [
        ("C1.1", "changed"), ("E2", "added"), ("C1.2", "removed"), ("S1.2.1", "removed"),
    ]  # fmt: skip
    name, segments = changes[0].texts[0]
    assert (name, "".join(each.text for each in segments if each.kind == "added").strip()) == ("text", "and patients")


def test_a_version_keeps_what_its_words_meant(study: Study) -> None:
    """Its terms are hashed with it and walled as it is; a version whose words use none hashes as it did before."""
    cast = study.cast
    bare = freeze(study)
    with study.database.reading() as uow:
        whole = versions.read(uow, cast.observer, version_id=bare)
        assert "terms" not in versions.content(whole.version.title, whole.items, whole.terms)
    with study.database.writing() as uow:
        for name, definition, forms in (
            ("partner", "Whoever signs the *agreement*.", ["partners"]),
            ("agreement", "The signed contract.", []),
            ("tariff", "What nobody here speaks of.", []),
        ):
            form = TermForm(name, definition, forms, "Counsel asked what it means.")
            glossary.define(uow, cast.facilitator, group_id=cast.group_id, form=form)
    frozen = freeze(study)
    with study.database.reading() as uow:
        whole = versions.read(uow, cast.observer, version_id=frozen)
        file = exports.export_version(uow, cast.observer, group_id=cast.group_id, number=3, form="json")
        first = versions.read(uow, cast.observer, version_id=bare)
    assert [(term.name, term.forms) for term in whole.terms] == [("agreement", []), ("partner", ["partners"])]
    assert (whole.is_intact, first.is_intact) == (True, True)
    assert whole.version.sha256 != first.version.sha256
    shown = json.loads(file.body)
    assert shown["content"]["terms"][1] == {
        "term": "partner", "also": ["partners"], "definition": "Whoever signs the *agreement*.",
    }  # fmt: skip
    written = json.dumps(shown["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(written.encode()).hexdigest() == shown["sha256"]
    for statement in ("UPDATE version_term SET definition = 'x'", "DELETE FROM version_term"):
        with pytest.raises(DBAPIError, match="frozen"), study.database.writing() as uow:
            uow.session.execute(text(statement))

    with study.database.writing() as uow:
        sheet = glossary.read(uow, cast.member, group_id=cast.group_id)
        by_name = {line.term.name: line.term for line in sheet.lines}
        form = TermForm("partner", "Whoever pays.", ["partners"], "It was wrong.")
        glossary.redefine(uow, cast.facilitator, term_id=by_name["partner"].id, form=form, number=1)
    with study.database.reading() as uow:
        found = versions.compare(uow, cast.observer, version_id=frozen, other_id=None)
        back = versions.compare(uow, cast.observer, version_id=frozen, other_id=bare)
        assert versions.read(uow, cast.observer, version_id=frozen).terms[1].definition.startswith("Whoever signs")
    assert (found.items, [(term.name, term.change) for term in found.terms]) == (
        [], [("partner", "changed"), ("agreement", "removed")],
    )  # fmt: skip
    assert {(term.name, term.change) for term in back.terms} == {("partner", "added"), ("agreement", "added")}


@pytest.mark.parametrize("runs", [12, pytest.param(200, marks=pytest.mark.long)])
def test_an_edit_racing_a_freeze_is_in_the_version_or_in_the_draft_after_it(study: Study, runs: int) -> None:
    """Abuse case 57."""
    item_id = words(study, study.version_id)["C1.1"].item_id
    for run in range(runs):
        barrier = threading.Barrier(2)
        frozen: list[int] = []

        def lock(barrier: threading.Barrier = barrier, frozen: list[int] = frozen) -> None:
            barrier.wait()
            frozen.append(freeze(study))

        def write(barrier: threading.Barrier = barrier, run: int = run) -> None:
            barrier.wait()
            edit(study, item_id, f"Words of run {run}.")

        threads = [threading.Thread(target=lock), threading.Thread(target=write)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with study.database.reading() as uow:
            draft = documents.words_of(uow.session, item_id)["text"]
            whole = versions.read(uow, SYSTEM, version_id=frozen[0])
        locked = next(item.text for item in whole.items if item.item_id == item_id)
        before = f"Words of run {run - 1}." if run else "Partners share criterion 1."
        assert draft == f"Words of run {run}."
        assert locked in {before, draft}
        assert whole.is_intact
