"""What leaves as files: the draft, a version whose fingerprint a third party can check, and evidence."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import docx
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from app.cli import main
from app.errors import NotFound
from app.policy import Actor
from app.services import comments, exports, glossary, items, outline
from app.services.companions import Including
from app.services.glossary import TermForm
from app.uow import Database
from models.comments import Comment
from models.evidence import Finding, Link, Provenance, Relation, Source, Strength
from models.groups import Group
from models.items import Item, Kind
from tests.panels import Study, build_study


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database)


def test_a_draft_holds_ideas_and_leaves_out_what_is_withdrawn(study: Study) -> None:
    cast = study.cast
    with study.database.writing() as uow:
        items.add_item(uow, cast.member, group_id=cast.group_id, kind=Kind.ELEMENT, title="=A new idea", text="**So**")
        second = uow.session.execute(select(Item).where(Item.reference == "C1.2")).scalar_one()
        outline.withdraw_item(uow, cast.facilitator, item_id=second.id)
    with study.database.reading() as uow:
        made = {form: exports.export_draft(uow, cast.observer, group_id=cast.group_id, form=form).body
                for form in ("md", "json", "csv")}  # fmt: skip
    read = json.loads(made["json"])
    assert [each["reference"] for each in read["content"]["items"]] == ["E1", "C1.1", "S1.1.1", "E2"]
    assert read["exported_on"] == "2026-03-02"
    assert "sha256" not in read  # a draft cannot be checked
    text = made["md"].decode()
    assert text.startswith("# North Vale design group: draft\n")
    assert "### C1.1 Criterion 1 is shared\n\n*Criterion, agreed*" in text
    assert "Criterion 2" not in text
    lines = list(csv.DictReader(io.StringIO(made["csv"].decode("utf-8-sig"))))
    assert [line["title"] for line in lines][-1] == "'=A new idea"


def test_a_version_can_be_checked_from_its_file_alone(study: Study) -> None:
    cast = study.cast
    with study.database.reading() as uow:
        file = exports.export_version(uow, cast.member, group_id=cast.group_id, number=1, form="json")
    read = json.loads(file.body)
    canonical = json.dumps(read["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == read["sha256"]


def test_what_the_terms_mean_goes_along_in_every_form(study: Study) -> None:
    cast = study.cast
    with study.database.writing() as uow:
        for name, definition, forms in (
            ("criterion", "What is *scored*.\n\n- once\n- twice", ["criteria"]), ("unused", "Nothing.", []),
        ):  # fmt: skip
            form = TermForm(name, definition, forms, "Experts asked.")
            glossary.define(uow, cast.facilitator, group_id=cast.group_id, form=form)
    made: dict[tuple[str, bool], bytes] = {}
    with study.database.reading() as uow:
        for kind in ("md", "json", "csv", "docx"):
            for wanted in (True, False):
                including = Including(definitions=wanted)
                made[kind, wanted] = exports.export_draft(
                    uow, cast.observer, group_id=cast.group_id, form=kind, including=including
                ).body
    text = made["md", True].decode()
    assert text.endswith("\n## Definitions\n\n### criterion\n\n*Also: criteria*\n\n"
                         "What is *scored*.\n\n- once\n- twice\n")  # fmt: skip
    assert json.loads(made["json", True])["content"]["terms"] == [
        {"term": "criterion", "also": ["criteria"], "definition": "What is *scored*.\n\n- once\n- twice"},
    ]
    rows = list(csv.DictReader(io.StringIO(made["csv", True].decode("utf-8-sig"))))
    assert (rows[-1]["kind"], rows[-1]["title"], rows[-1]["plain summary"]) == (
        "definition", "criterion", "Also: criteria",
    )  # fmt: skip
    document = docx.Document(io.BytesIO(made["docx", True]))
    cells = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert cells == [
        ["Term", "Also", "What it means"], ["criterion", "criteria", "What is scored. • once • twice"],
    ]  # fmt: skip
    headings = [each.text for each in document.paragraphs if str(each.style and each.style.name).startswith("Head")]
    assert headings.index("Definitions") < headings.index("Core elements")
    for (kind, wanted), body in made.items():
        if not wanted:
            assert b"scored" not in body, kind
            assert kind != "docx" or not docx.Document(io.BytesIO(body)).tables


def test_evidence_that_stands_is_listed_and_what_is_withdrawn_is_not(study: Study) -> None:
    cast = study.cast
    with study.database.writing() as uow:
        item_id = uow.session.execute(select(Item.id).where(Item.reference == "C1.1")).scalar_one()
        for key in ("kept", "gone"):
            source = Source(
                group_id=cast.group_id, key=key, cite=f"Author, {key}", provenance=Provenance.SEEN, created_at=uow.now,
                withdrawn_at=uow.now if key == "gone" else None,
            )  # fmt: skip
            uow.session.add(source)
            uow.flush()
            finding = Finding(
                group_id=cast.group_id, source_id=source.id, text=f"Found, {key}", strength=Strength.LOW,
                provenance=Provenance.SEEN, created_at=uow.now, withdrawn_at=source.withdrawn_at,
            )  # fmt: skip
            uow.session.add(finding)
            uow.flush()
            uow.session.add(
                Link(
                    group_id=cast.group_id, finding_id=finding.id, item_id=item_id, relation=Relation.QUALIFIES,
                    created_at=uow.now, note="in towns only",
                )
            )  # fmt: skip
    with study.database.reading() as uow:
        found = exports.evidence_of(uow, cast.observer, group_id=cast.group_id)
        assert [each.cite for each in found.sources] == ["Author, kept"]
        assert [each.text for each in found.findings] == ["Found, kept"]
        assert [(link.relation, reference) for link, reference in found.links] == [(Relation.QUALIFIES, "C1.1")]
        files = {
            form: exports.export_draft(uow, cast.observer, group_id=cast.group_id, form=form).body.decode()
            for form in ("md", "csv")
        }
    for file in files.values():
        assert "Qualifies (weak): Found, kept (in towns only) (Author, kept)" in file
        assert "Found, gone" not in file


def test_no_word_is_a_mark_in_markdown(study: Study) -> None:
    cast = study.cast
    with study.database.writing() as uow:
        added = items.add_item(
            uow, cast.facilitator, group_id=cast.group_id, kind=Kind.ELEMENT, title="<b>A *title*</b>",
            text="# A heading\n\n<script>a()</script>",
        )  # fmt: skip
        comments.start(uow, cast.facilitator, item_id=added.id, words="<img src=x>\n# Loud")
        uow.session.get_one(Group, cast.group_id).name = "<i>Loud</i>"
        wanted = Including(comments=True)
        draft = exports.export_draft(uow, cast.observer, group_id=cast.group_id, form="md", including=wanted)
        version = exports.export_version(uow, cast.observer, group_id=cast.group_id, number=1, form="md")
    assert re.search(r"(?<!\\)<", version.body.decode()) is None
    written = draft.body.decode()
    assert re.search(r"(?<!\\)<", written) is None
    assert f"## {added.reference} \\<b>A \\*title\\*\\</b>\n" in written
    assert "\n### A heading\n" in written
    assert "\n# Loud" not in written
    with study.database.reading() as uow:
        files = {
            form: exports.export_draft(uow, cast.observer, group_id=cast.group_id, form=form, including=wanted).body
            for form in ("json", "docx")
        }
        said = uow.session.execute(select(Comment.made_at)).scalar_one().astimezone(ZoneInfo("Europe/London"))
    (told,) = json.loads(files["json"])["comments"]
    assert (told["by"], told["at"]) == (cast.facilitator.name, said.isoformat(timespec="seconds"))
    (margin,) = docx.Document(io.BytesIO(files["docx"])).comments
    assert margin.timestamp is not None
    assert margin.timestamp.replace(tzinfo=None) == said.replace(tzinfo=None, microsecond=0), "on the group's clocks"


def test_what_is_foreign_or_not_there_is_not_found(study: Study) -> None:
    cast = study.cast
    with study.database.reading() as uow:
        for actor in (cast.stranger, cast.nobody, cast.administrator):
            with pytest.raises(NotFound):
                exports.export_draft(uow, actor, group_id=cast.group_id, form="md")
            with pytest.raises(NotFound):
                exports.export_version(uow, actor, group_id=cast.group_id, number=1, form="md")
            with pytest.raises(NotFound):
                exports.evidence_of(uow, actor, group_id=cast.group_id)
        for number, form in ((2, "json"), (1, "exe")):
            with pytest.raises(NotFound):
                exports.export_version(uow, cast.member, group_id=cast.group_id, number=number, form=form)
        with pytest.raises(NotFound):
            exports.export_draft(uow, cast.member, group_id=cast.group_id, form="exe")


def test_there_are_no_results_to_export_before_a_round_closes(study: Study) -> None:
    study.open()
    for actor in study.cast.insiders.values():
        _refused(study, actor)


def _refused(study: Study, actor: Actor) -> None:
    with study.database.reading() as uow:
        for table in (exports.results_table, exports.comments_table):
            with pytest.raises(NotFound):
                table(uow, actor, round_id=study.round_id)


def test_the_command_line_exports_to_a_file_or_to_standard_output(
    study: Study, database_url: str, tmp_path: Path
) -> None:
    environment = {"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(tmp_path / "data"), "DATABASE_URL": database_url}

    def export(*words: str) -> Result:
        return CliRunner().invoke(main, ["export", *words], env=environment)

    slug, target = study.cast.slug, tmp_path / "version.json"
    assert export(slug).stdout.startswith("# North Vale design group: draft")
    assert export(slug, "--version", "1", "--format", "csv").stdout.startswith('\ufeff"reference"')
    done = export(slug, "--version", "1", "--format", "json", "--output", str(target))
    assert (done.exit_code, done.output) == (0, "")
    assert json.loads(target.read_bytes())["number"] == 1
    for words, status, sentence in (
        ((slug, "--version", "9"), 1, "The group has no version 9."),
        (("nowhere",), 1, "There is nothing here"),
        ((slug, "--output", str(tmp_path / "no" / "file")), 1, "No such file or directory"),
        ((slug, "--format", "exe"), 2, "Invalid value for '--format'"),
        ((slug, "--version", "first"), 2, "Invalid value for '--version'"),
    ):
        refused = export(*words)
        assert refused.exit_code == status, refused.output
        assert sentence in refused.output
