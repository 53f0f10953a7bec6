"""The golden thread in what leaves and comes in: principles, contracting models, and where sources can be read."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import docx
import pytest
from pypdf import PdfReader
from sqlalchemy import select

from app.calc.outlines import outline
from app.calc.wordreading import read
from app.errors import Invalid
from app.services import contracting, evidence, exports, findings, imports, items, returns, sources, threads, versions
from app.services.companions import Including
from app.services.contracting import ModelForm, Use
from app.services.findings import FindingForm
from app.services.imports import TakenOver
from app.uow import Database
from models.activity import Activity
from models.evidence import Provenance, Relation, Strength
from models.items import Kind, PrincipleGroup
from tests.cast import Cast, counting
from tests.kept import kept
from tests.scripted import cast_with_blueprint

PAGE = "https://example.org/study?part=2"
DOI = "10.1108/JICA-03-2015-0015"
GONE = (
    "The contracting model “Alliance model” was withdrawn here: nothing comes in tied to it. Restore it first if it "
    "should."
)
TOO_LONG = (
    "The contracting model “Lead provider” cannot be taken, and nothing comes in tied to it: "
    "Use at most 60 lines of at most 300 characters."
)
EVERYTHING = Including(decisions=True, suggestions=True, comments=True)


@pytest.fixture
def tied(database: Database) -> Cast:
    return tied_group(database)


@kept
def tied_group(database: Database) -> Cast:
    """C1.1 carries out P1 and P2 and keeps from two models; its evidence has sources with addresses."""
    cast = cast_with_blueprint(database)
    with database.writing() as uow:
        group_id, member = cast.group_id, cast.member
        items.add_item(
            uow, member, group_id=group_id, kind=Kind.PRINCIPLE, title="Second",
            principle_group=PrincipleGroup.ORGANISATIONAL,
        )  # fmt: skip
        by = {each.reference: each.id for each in items.items_of(uow.session, group_id)}
        threads.set_principles(uow, member, item_id=by["C1.1"], principle_ids=[by["P2"], by["P1"]])
        one = sources.add_source(
            uow, member, group_id=group_id, cite="Author (2015) A study.", url=PAGE, provenance=Provenance.SEEN
        )
        two = sources.add_source(
            uow, member, group_id=group_id, cite="Other (2014) Another", doi=DOI, provenance=Provenance.RECALLED
        )
        forms = [
            ModelForm("Alliance model", "Shared *gain*.", "Canterbury", ["One budget"],
                      [Use("Canterbury", "since 2013", one.key)], ["Trust"], Strength.MODERATE),
            ModelForm("Lead provider"),
        ]  # fmt: skip
        models = [contracting.add_model(uow, member, group_id=group_id, form=form) for form in forms]
        contracting.keep(uow, member, item_id=by["C1.1"], model_ids=[each.id for each in models])
        for source, text, known in ((one, "It works", Provenance.SEEN), (two, "It seldom works", Provenance.RECALLED)):
            finding = findings.add_finding(
                uow, member, group_id=group_id, form=FindingForm(
                    source.id, text, "5–6", Strength.MODERATE, known, models[0].id, "for",
                ),
            )  # fmt: skip
            findings.link(uow, member, finding_id=finding.id, item_id=by["C1.1"], relation=Relation.SUPPORTS)
        versions.freeze(uow, cast.facilitator, group_id=group_id, reason="For others", with_ideas=True)
    return cast


def sent(
    database: Database, cast: Cast, form: str, number: int | None = None, including: Including = EVERYTHING
) -> bytes:
    with database.reading() as uow:
        if number is None:
            return exports.export_draft(uow, cast.observer, group_id=cast.group_id, form=form, including=including).body
        return exports.export_version(
            uow, cast.observer, group_id=cast.group_id, number=number, form=form, including=including
        ).body  # fmt: skip


@pytest.mark.parametrize("number", [None, 1], ids=["draft", "version"])
def test_the_thread_and_addresses_go_out_with_evidence_and_not_without(
    database: Database, tied: Cast, number: int | None
) -> None:
    text = sent(database, tied, "md", number).decode()
    assert "**Golden thread:**\n\n- Carries out P1 and P2\n- Keeps from Alliance model and Lead provider\n" in text
    assert f"It works (Author (2015) A study, 5–6) <{PAGE}>" in text
    assert f"(Other (2014) Another, 5–6) <https://doi.org/{DOI}>" in text
    lines = {each["reference"]: each for each in csv.DictReader(
        io.StringIO(sent(database, tied, "csv", number).decode("utf-8-sig")))}  # fmt: skip
    row = lines["C1.1"]
    assert (row["carries out"], row["keeps from"]) == ("P1 and P2", "Alliance model and Lead provider")
    assert row["where to read it"].split("\n") == [PAGE, f"https://doi.org/{DOI}"]
    assert lines["C1.2"]["carries out"] == ""
    document = docx.Document(io.BytesIO(sent(database, tied, "docx", number)))
    said = [each.text for each in document.paragraphs]
    assert said.index("Carries out P1 and P2") == said.index("Golden thread") + 1
    cells = [cell for table in document.tables for row_ in table.rows for cell in row_.cells]
    links = [link for cell in cells for each in cell.paragraphs for link in each.hyperlinks]
    assert [(link.text.strip(), link.url) for link in links] == [
        (PAGE, PAGE), (f"https://doi.org/{DOI}", f"https://doi.org/{DOI}")
    ]  # fmt: skip
    for form in ("md", "csv", "docx"):
        body = sent(database, tied, form, number, Including(evidence=False))
        if form == "docx":
            body = "\n".join(each.text for each in docx.Document(io.BytesIO(body)).paragraphs).encode()
        assert b"Alliance" not in body, form
        assert b"P1 and P2" not in body, form


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_the_thread_is_in_a_pdf_with_links_that_can_be_read(database: Database, tied: Cast) -> None:
    pages = PdfReader(io.BytesIO(sent(database, tied, "pdf"))).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "Carries out P1 and P2" in text
    assert "Keeps from Alliance model and Lead provider" in text
    assert PAGE in text.replace("\u200b", "").replace(" ", "")
    targets = [
        note.get_object()["/A"].get("/URI") for page in pages for note in page.get("/Annots", [])
        if "/A" in note.get_object()
    ]  # fmt: skip
    assert {PAGE, f"https://doi.org/{DOI}"} <= set(targets)


def test_a_document_with_a_thread_comes_back_unchanged_and_as_no_words(database: Database, tied: Cast) -> None:
    file = sent(database, tied, "docx")
    with database.reading() as uow:
        found = returns.examine(uow, tied.member, group_id=tied.group_id, data=file).returned
    assert (found.proposals, [each for each in found.loose if each.what != "comment"]) == ([], [])
    heading = next(each for each in outline(read(file)).headings if each.guess == "criterion")
    assert "Carries out" not in heading.text + heading.why + heading.summary


def test_a_versions_fingerprint_is_of_its_words_and_the_thread_stands_beside(database: Database, tied: Cast) -> None:
    whole = json.loads(sent(database, tied, "json", 1, Including(evidence=False)))
    assert whole["thread"]["format"] == "concordat-thread/1"
    assert whole["thread"]["carries_out"] == {"C1.1": ["P1", "P2"]}
    assert "thread" not in whole["content"]


def taken(database: Database, cast: Cast, data: bytes) -> TakenOver:
    with database.writing() as uow:
        return imports.take_over(uow, cast.stranger, group_id=cast.other_group_id, data=data)


def looked_at(database: Database, cast: Cast, data: bytes) -> TakenOver:
    with database.writing() as uow:
        return imports.look_over(uow, cast.stranger, group_id=cast.other_group_id, data=data)


def changed(data: bytes, **parts: Any) -> bytes:
    """A file of a draft whose thread says something else."""
    whole = json.loads(data)
    whole["thread"] |= parts
    return json.dumps(whole).encode()


@pytest.mark.parametrize("number", [None, 1], ids=["draft", "version"])
def test_the_thread_comes_in_on_another_server(database: Database, tied: Cast, number: int | None) -> None:
    data = sent(database, tied, "json", number)
    made = taken(database, tied, data)
    assert (made.ties, made.models, made.sources, made.left_out) == (4, 2, 2, ())
    with database.reading() as uow:
        told = uow.session.execute(
            select(Activity.sentence).where(Activity.group_id == tied.other_group_id).order_by(Activity.id.desc())
        ).scalars().all()  # fmt: skip
        whose = "version 1 (" if number else "draft of "
        assert told[0].startswith(f"took over {made.items} items and 2 findings of “North Vale design group”, {whose}")
        assert not [each for each in told if "noted" in each or "source" in each], "one line for all of it"
        [item] = [each for each in items.items_of(uow.session, tied.other_group_id) if each.reference == "C1.1"]
        thread = threads.thread_of(uow, tied.stranger, item.id)
        assert [each.reference for each in thread.principles] == ["P1", "P2"]
        assert [each.name for each in thread.models] == ["Alliance model", "Lead provider"]
        lines = evidence.of_item(uow, tied.stranger, item.id).lines
        assert {(each.source.address, each.source.provenance, each.finding.provenance, each.finding.stance)
                for each in lines} == {
            (PAGE, Provenance.SEEN, Provenance.SEEN, "for"),
            (f"https://doi.org/{DOI}", Provenance.RECALLED, Provenance.RECALLED, "for"),
        }  # fmt: skip
        assert {each.source.created_by_id for each in lines} == {tied.stranger.person_id}
        model = thread.models[0]
        assert (model.definition, model.mechanisms, model.strength) == (
            "Shared *gain*.", ["One budget"], Strength.MODERATE,
        )  # fmt: skip
        assert model.used_in[0]["source"] in {each.source.key for each in lines}
        again = exports.export_draft(uow, tied.stranger, group_id=tied.other_group_id, form="json").body
    was, now = (json.loads(each)["thread"] for each in (data, again))
    assert {**was, "as_of": ""} == {**now, "as_of": ""}


def test_what_cannot_come_in_is_said_before_anything_is_done(database: Database, tied: Cast) -> None:
    data = json.loads(sent(database, tied, "json"))
    with database.writing() as uow:
        gone = contracting.add_model(
            uow, tied.stranger, group_id=tied.other_group_id, form=ModelForm("alliance  Model")
        )
        contracting.withdraw_model(uow, tied.stranger, model_id=gone.id)
    thread = data["thread"]
    thread["carries_out"] |= {"C1.2": ["P9", "E1"], "C9.9": ["P1"], "P1": ["P1"]}
    thread["keeps_from"] |= {"C1.2": ["Nobody’s", "Lead provider"]}
    thread["models"][1]["contributes"] = ["x" * 301]
    thread["sources"][0]["url"] = "javascript:alert(1)"
    data |= {"decisions": [{}, {}]}
    body = json.dumps(data).encode()
    said = (
        "The address of “Author (2015) A study.” cannot be a link: the source comes in without it.",
        GONE,
        TOO_LONG,
        "C1.2 carries out P9: there is no such P9.",
        "C1.2 carries out E1: E1 is no principle.",
        "C9.9 carries out P1: there is no such C9.9.",
        "P1 carries out P1: P1 is a principle.",
        "C1.2 keeps from “Nobody’s”: the file does not have both.",
        "Decisions stay where they are: there are 2 in the file.",
    )
    found = looked_at(database, tied, body)
    assert found.left_out == said
    with database.reading() as uow:
        assert items.count(uow.session, tied.other_group_id) == 0
        assert exports.evidence_of(uow, tied.stranger, group_id=tied.other_group_id).sources == []
    assert taken(database, tied, body) == found


def test_sources_findings_and_models_that_are_here_are_found_again(database: Database, tied: Cast) -> None:
    data = sent(database, tied, "json")
    group_id, mine = tied.other_group_id, tied.stranger
    with database.writing() as uow:
        one = sources.add_source(uow, mine, group_id=group_id, cite="Author (2015)  A study.").id
        sources.withdraw_source(uow, mine, source_id=one)
        two = sources.add_source(uow, mine, group_id=group_id, cite="The same by its DOI", doi=DOI.lower()).id
        form = FindingForm(two, "It seldom works", "5–6", Strength.MODERATE)
        known = findings.add_finding(uow, mine, group_id=group_id, form=form).id
        contracting.add_model(uow, mine, group_id=group_id, form=ModelForm("ALLIANCE model"))
    made = taken(database, tied, data)
    assert made.left_out == ("“Other (2014) Another” is here by its DOI, and stays cited as “The same by its DOI”.",)
    assert (made.sources, made.sources_here, made.sources_back) == (0, 1, 1)
    assert (made.models, made.models_here) == (1, 1)
    with database.reading() as uow:
        [item] = [each for each in items.items_of(uow.session, group_id) if each.reference == "C1.1"]
        lines = evidence.of_item(uow, mine, item.id).lines
        assert {each.source.id for each in lines} == {one, two}
        assert known in {each.finding.id for each in lines}
        assert {each.source.withdrawn_at for each in lines} == {None}
        assert {each.source.provenance for each in lines} == {Provenance.GIVEN}, "they stay as they are here"


def test_many_models_and_findings_are_looked_up_no_more_often_than_few(database: Database, tied: Cast) -> None:
    data = json.loads(sent(database, tied, "json"))
    card, told = data["thread"]["models"][1], data["thread"]["findings"][0]
    line = next(each for each in data["content"]["items"] if each["evidence"])["evidence"][0]
    asked = []
    for number in (2, 40):
        names = [f"Model {at}" for at in range(number)] + ["!" * at for at in range(2, 2 + number)]
        data["thread"]["models"] = [
            card | {"name": name, "used_in": [{"place": "x", "fact": "y", "source": line["source"]}]} for name in names
        ]
        said = [f"Said {at}" for at in range(number)]
        data["thread"]["findings"] = [told | {"finding": each, "model": names[0]} for each in said]
        data["content"]["items"][-1]["evidence"] = [line | {"finding": each} for each in said]
        with database.writing() as uow, counting(database) as sent_:
            found = imports.look_over(uow, tied.stranger, group_id=tied.other_group_id, data=json.dumps(data).encode())
        assert found.models == 2 * number
        asked.append(sum(each.startswith("SELECT") for each in sent_))
    assert asked[0] == asked[1]


def test_two_sources_with_one_doi_stay_two(database: Database, tied: Cast) -> None:
    """Chapters of one book, say."""
    group_id, mine = tied.other_group_id, tied.stranger
    with database.writing() as uow:
        coming = sources.Adding(uow, mine, group_id)
        for cite in ("Chapter one", "Chapter two"):
            assert coming.again(cite, DOI) is None
            coming.add(cite=cite, doi=DOI)
        assert coming.again("Chapter  two", DOI) is not None
        coming.store()
    with database.writing() as uow:
        again = sources.Adding(uow, mine, group_id).again("Chapter three", DOI)
        assert again is not None, "what is here already is known by its DOI"


@pytest.mark.parametrize("is_told", [True, False], ids=["both tell it", "the other alone tells it"])
def test_a_source_is_not_taken_for_another_with_its_doi_that_comes_too(
    database: Database, tied: Cast, is_told: bool
) -> None:
    """Also where the one is here already, found by its citation."""
    group_id, mine = tied.other_group_id, tied.stranger
    data = json.loads(sent(database, tied, "json"))
    study, other = sorted(data["thread"]["sources"], key=lambda each: str(each["source"]))
    assert other["doi"] == DOI
    study["doi"] = DOI if is_told else ""
    with database.writing() as uow:
        sources.add_source(uow, mine, group_id=group_id, cite=study["source"], doi=DOI)
    made = taken(database, tied, json.dumps(data).encode())
    assert (made.sources, made.sources_here, made.left_out) == (1, 1, ())
    with database.reading() as uow:
        [item] = [each for each in items.items_of(uow.session, group_id) if each.reference == "C1.1"]
        lines = evidence.of_item(uow, mine, item.id).lines
        assert {(each.source.cite, each.finding.text) for each in lines} == {
            (study["source"], "It works"), (other["source"], "It seldom works"),
        }  # fmt: skip


def test_files_of_before_go_in_and_of_a_later_form_say_what_is_lost(database: Database, tied: Cast) -> None:
    data = json.loads(sent(database, tied, "json"))
    later = changed(json.dumps(data).encode(), format="concordat-thread/2")
    del data["thread"]
    for body, words in ((json.dumps(data).encode(), "has no golden thread"), (later, "(concordat-thread/2)")):
        assert words in looked_at(database, tied, body).left_out[0]
    made = taken(database, tied, json.dumps(data).encode())
    assert (made.ties, made.findings, made.models) == (0, 2, 0)


@pytest.mark.parametrize(
    "parts",
    [
        {"carries_out": []}, {"carries_out": {"C1.1": "P1"}}, {"keeps_from": {"C1.1": [1]}}, {"models": {}},
        {"models": [{}]}, {"models": [{"name": "x"}] * 201}, {"sources": [{"source": "A study"}]},
        {"findings": [{"source": 1}]}, {"sources": [{"source": "A study", "doi": "", "url": "", "known": "sworn"}]},
        {"keeps_from": {"C1.1": ["\ud800"]}}, {"carries_out": {"\ud800": ["P1"]}}, {"format": 1},
        {"sources": [{"source": "x", "doi": "", "url": "", "known": "seen"}]},
    ],
)  # fmt: skip
def test_a_broken_thread_is_refused_and_leaves_nothing(database: Database, tied: Cast, parts: dict[str, Any]) -> None:
    body = changed(sent(database, tied, "json"), **parts)
    with pytest.raises(Invalid) as refused:
        taken(database, tied, body)
    assert "golden thread" in refused.value.fields["file"]
