"""What comes in, a Word document or another server's blueprint: what is added, and that a fault adds nothing."""

from __future__ import annotations

import copy
import io
import json
import time
from pathlib import Path
from typing import Any

import docx
import pytest
from click.testing import CliRunner
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.parser import parse_xml
from sqlalchemy import func, select

from app.calc.outlines import outline
from app.calc.wordreading import read
from app.cli import main
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.services import (
    evidence,
    evidence_files,
    exports,
    findings,
    glossary,
    imports,
    items,
    sources,
    suggestions,
    versions,
)
from app.services import outline as outline_service
from app.services.companions import Including
from app.services.findings import FindingForm
from app.services.glossary import TermForm
from app.services.imports import Chosen
from app.uow import Database
from models.documents import Field
from models.evidence import Relation, Strength
from models.items import Item, Kind, PrincipleGroup, Status
from tests.cast import Cast, counting, make_cast
from tests.kept import kept
from tests.scripted import TEXTS, build_blueprint, cast_with_blueprint

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.fixture
def cast(database: Database) -> Cast:
    return make_cast(database)


def document(*lines: tuple[str, str]) -> bytes:
    """A document with these paragraphs, each as (style, words)."""
    made = docx.Document()
    for style, words in lines:
        made.add_paragraph(words, style)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


CONTRACT = document(
    ("Title", "Heads of terms"), ("Normal", "Between the parties."),
    ("Heading 1", "1. Money"), ("Normal", "All money is one."), ("List Bullet", "pooled"), ("List Bullet", "open"),
    ("Heading 2", "1.1 Budget"), ("Normal", "Set yearly."), ("Heading 3", "(a) First year"), ("Normal", "Small."),
    ("Heading 4", "Detail"), ("Normal", "Very small."), ("Heading 1", "2. Law"),
)  # fmt: skip


def test_headings_become_items_by_their_level_with_the_words_under_them() -> None:
    found = outline(read(CONTRACT))
    assert [(each.depth, each.guess, each.title, each.text) for each in found.headings] == [
        (0, "element", "Money", "All money is one.\n\n- pooled\n- open"),
        (1, "criterion", "Budget", "Set yearly."),
        (2, "specification", "First year", "Small."),
        (3, "words", "Detail", "Very small."),
        (0, "element", "Law", ""),
    ]
    assert found.left_out == ["Heads of terms\n\nBetween the parties."]


def outlined(styles: list[tuple[str, int | None, str]], *lines: tuple[str, str]) -> bytes:
    """A document with these paragraphs, in styles that are (name, level in the outline from 0, on which it rests)."""
    made = docx.Document()
    for name, level, rests_on in styles:
        new = made.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        new.base_style = made.styles[rests_on or "Normal"]
        if level is not None:
            new.element.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {W} w:val="{level}"/>'))
    for name, words in lines:
        made.add_paragraph(words, name)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_headings_of_any_name_are_known_by_their_level_in_the_outline() -> None:
    german = [("Überschrift 1", 0, ""), ("Überschrift 2", 1, ""), ("Kapitel", None, "Überschrift 2")]
    lines = (
        ("Überschrift 1", "1. Geld"), ("Normal", "Alles Geld ist eins."), ("Überschrift 2", "1.1 Haushalt"),
        ("Normal", "Jedes Jahr."), ("Kapitel", "Rücklagen"), ("Normal", "Klein."), ("Überschrift 1", "2. Recht"),
    )  # fmt: skip
    assert [(each.depth, each.title, each.text) for each in outline(read(outlined(german, *lines))).headings] == [
        (0, "Geld", "Alles Geld ist eins."), (1, "Haushalt", "Jedes Jahr."), (1, "Rücklagen", "Klein."),
        (0, "Recht", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "clause",
    [
        "The party of part {} pays the sum due within thirty days.",
        "买方应当在收到货物后{}日内支付全部价款，逾期承担违约责任。",
        "买方应当在收到货物后{}日内支付全部价款并且承担由此产生的所有费用和相应的法律责任",
        "خریدار {} دن کے اندر رقم ادا کرے گا۔",
    ],
)  # fmt: skip
def test_a_style_of_whole_clauses_or_of_a_list_of_contents_makes_no_headings(clause: str) -> None:
    """Templates of law firms give their clauses a level in the outline too; Word rests “Contents” on a heading."""
    styles = [("Clause", 1, ""), ("Contents", 9, "Heading 1")]
    clauses = [("Clause", clause.format(at)) for at in range(3)]
    found = outline(read(outlined(
        styles, ("Contents", "Contents"), ("Heading 1", "Money"), *clauses, ("Clause", "Interest")
    )))  # fmt: skip
    assert [each.title for each in found.headings] == ["Money"]
    assert found.headings[0].text.split("\n\n")[-1] == "Interest"
    assert found.left_out == ["Contents"]


def test_a_paragraph_with_a_level_of_its_own_is_a_heading_in_any_style() -> None:
    made = docx.Document()
    made.styles.add_style("Fließtext", WD_STYLE_TYPE.PARAGRAPH)
    for words, level in (("Geld", 0), ("Alles Geld ist eins.", None), ("Recht", 0)):
        each = made.add_paragraph(words, "Fließtext")
        if level is not None:
            each._p.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {W} w:val="{level}"/>'))
    out = io.BytesIO()
    made.save(out)
    found = outline(read(out.getvalue()))
    assert [(each.title, each.text) for each in found.headings] == [("Geld", "Alles Geld ist eins."), ("Recht", "")]


@pytest.mark.parametrize(
    ("headings", "titles"),
    [
        (
            ["2024 budget", "30 days to pay", "A. Smith", "Q3 results"],
            ["2024 budget", "30 days to pay", "A. Smith", "Q3 results"],
        ),
        (["1 Money", "2 Law", "3. Risk"], ["Money", "Law", "Risk"]),
        (["A. Money", "B. Law", "C1.2 Risk", "E4 Data"], ["Money", "Law", "Risk", "Data"]),
    ],
)
def test_a_number_is_a_headings_own_or_one_of_its_words(headings: list[str], titles: list[str]) -> None:
    found = outline(read(document(*(("Heading 1", each) for each in headings))))
    assert [each.title for each in found.headings] == titles


def test_whatever_does_not_come_in_is_named() -> None:
    made = docx.Document()
    made.add_heading("Money", 1)
    paragraph = made.add_paragraph("All money is one.")
    made.add_comment(paragraph.runs, "Whose money?", "Ann", "A")
    box = "<w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent>"
    paragraph._p.append(parse_xml(f"<w:r {W}><w:drawing>{box}</w:drawing></w:r>"))
    out = io.BytesIO()
    made.save(out)
    found = outline(read(out.getvalue()))
    assert found.headings[0].text == "All money is one."
    assert found.left_out == ["Picture: In a box.", "Comment by Ann: Whose money?"]


def test_a_document_of_more_words_than_can_be_looked_at_is_refused_at_once(database: Database, cast: Cast) -> None:
    """More than the form could hold, in a file that is small: to lay them out would take a minute."""
    words = " ".join(f"{at * 7919 % 100_003} _share_ [{at}]" for at in range(5_000))
    lines = [("Heading 1", "All of it"), *[("Normal", words)] * 8]
    with database.reading() as uow:
        began = time.process_time()
        with pytest.raises(Invalid) as refused:
            imports.look(uow, cast.member, group_id=cast.group_id, data=document(*lines))
    assert refused.value.fields["file"] == "It has more than 600,000 letters. Divide it, and bring the parts in turn."
    assert time.process_time() - began < 5
    found = outline(read(document(*lines[:4])))
    assert len(found.headings[0].text) > 300_000


def test_a_document_without_headings_is_read_by_numbers_and_bold() -> None:
    made = docx.Document()
    for words, bold in (("Money", True), ("All money is one.", False), ("1.1 Budget", False), ("Set yearly.", False)):
        made.add_paragraph().add_run(words).bold = bold
    out = io.BytesIO()
    made.save(out)
    found = outline(read(out.getvalue()))
    assert [(each.guess, each.title, each.text) for each in found.headings] == [
        ("element", "Money", "All money is one."), ("criterion", "Budget", "Set yearly."),
    ]  # fmt: skip


def with_words_that_stand_out() -> bytes:
    """A document in which a word is struck through, one is underlined, and figures are raised and lowered."""
    made = docx.Document()
    made.add_paragraph("Payment", "Heading 1")
    words = made.add_paragraph("The Buyer ")
    words.add_run("may").font.strike = True
    words.add_run(" shall pay 10")
    words.add_run("6").font.superscript = True
    words.add_run(" euro, ")
    words.add_run("Net").underline = True
    words.add_run(", for CO")
    words.add_run("2").font.subscript = True
    words.add_run(".")
    made.add_paragraph().add_run("All of it " + "now " * 100).font.strike = True
    heading = made.add_paragraph("Rooms of 9 m", "Heading 1")
    heading.add_run("2").font.superscript = True
    made.add_table(1, 1).cell(0, 0).paragraphs[0].add_run("left out").font.strike = True
    made.add_paragraph("Law", "Heading 1")
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_words_struck_through_or_raised_come_in_as_words_and_it_is_said() -> None:
    payment, rooms, law = outline(read(with_words_that_stand_out())).headings
    assert payment.text.startswith("The Buyer may shall pay 106 euro, Net, for CO2.")
    assert payment.struck.startswith("“may”; “All of it now now")
    assert payment.struck.endswith(" …”")
    assert len(payment.struck) < 250
    assert payment.raised == ("6 (raised, after “The Buyer may shall pay 10”); 2 (lowered, after “euro, Net, for CO”)")
    assert (rooms.title, rooms.struck, rooms.raised) == ("Rooms of 9 m2", "", "2 (raised, after “Rooms of 9 m”)")
    assert (law.struck, law.raised) == ("", "")


def test_our_own_document_comes_into_an_empty_group_as_it_was(database: Database, cast: Cast) -> None:
    build_blueprint(database, cast)
    with database.reading() as uow:
        sent = exports.export_draft(uow, cast.member, group_id=cast.group_id, form="docx").body
    with database.writing() as uow:
        found = imports.look(uow, cast.stranger, group_id=cast.other_group_id, data=sent)
        chosen = [
            Chosen(each.guess, each.title, each.text, each.why, each.summary, PrincipleGroup.ORGANISATIONAL)
            for each in found.headings
        ]
        imports.add(uow, cast.stranger, group_id=cast.other_group_id, chosen=chosen)
    with database.reading() as uow:
        made = {each.item.reference: each for each in items.tree(uow, cast.stranger, cast.other_group_id)}
    assert set(made) == set(TEXTS)
    assert {each.item.status for each in made.values()} == {Status.IDEA}
    for reference in ("P1", "C1.1", "C1.5", "S1.1.1"):
        texts = {field: document_.text for field, document_ in made[reference].documents.items()}
        title, words, why, summary = TEXTS[reference]
        assert texts == {Field.TITLE: title, Field.TEXT: words, Field.WHY: why, Field.SUMMARY: summary}


def test_each_stands_under_the_last_above_it_and_words_go_to_the_item_above(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        standing = items.add_item(uow, cast.member, group_id=cast.group_id, kind=Kind.ELEMENT, title="There already")
        made = imports.add(
            uow, cast.member, group_id=cast.group_id, under_id=standing.id, chosen=[
                Chosen("criterion", "First", "Said."), Chosen("words", "Detail", "More."), Chosen("none", "Not this"),
                Chosen("specification", "Deep"), Chosen("element", "Second"), Chosen("criterion", "Its own"),
            ],
        )  # fmt: skip
        assert [each.reference for each in made] == ["C1.1", "S1.1.1", "E2", "C2.1"]
        assert items.entry_of(uow, cast.member, made[0].id).documents[Field.TEXT].text == "Said.\n\n## Detail\n\nMore."


def test_a_fault_adds_nothing_and_says_where(database: Database, cast: Cast) -> None:
    chosen = [Chosen("element", "Good"), Chosen("specification", "Lost"), Chosen("element", "x" * 301)]
    with pytest.raises(Invalid) as refused, database.writing() as uow:
        imports.add(uow, cast.member, group_id=cast.group_id, chosen=chosen)
    assert set(refused.value.fields) == {"what-1", "title-2"}
    with pytest.raises(Invalid), database.writing() as uow:
        imports.add(uow, cast.member, group_id=cast.group_id, chosen=[Chosen("none", "Nothing")])
    with database.reading() as uow:
        assert uow.session.execute(select(func.count(Item.id))).scalar_one() == 0


def test_only_who_writes_in_the_group_may(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        foreign = items.add_item(uow, cast.stranger, group_id=cast.other_group_id, kind=Kind.ELEMENT, title="Theirs")
    for actor, error in ((cast.observer, Forbidden), (cast.stranger, NotFound)):
        with database.writing() as uow:
            with pytest.raises(error):
                imports.look(uow, actor, group_id=cast.group_id, data=CONTRACT)
            with pytest.raises(error):
                imports.add(uow, actor, group_id=cast.group_id, chosen=[Chosen("element", "Mine")])
    with pytest.raises(NotFound), database.writing() as uow:
        imports.add(
            uow, cast.member, group_id=cast.group_id, under_id=foreign.id, chosen=[Chosen("criterion", "Smuggled")]
        )
    for data in (b"Dear all", document(("Normal", "No heading."))):
        with pytest.raises(Invalid), database.reading() as uow:
            imports.look(uow, cast.member, group_id=cast.group_id, data=data)


# --- a blueprint of another server ---


def taken(database: Database, cast: Cast, data: bytes) -> imports.TakenOver:
    with database.writing() as uow:
        return imports.take_over(uow, cast.stranger, group_id=cast.other_group_id, data=data)


def sent_as_json(database: Database, cast: Cast, number: int | None) -> bytes:
    with database.reading() as uow:
        if number is None:
            return exports.export_draft(uow, cast.member, group_id=cast.group_id, form="json").body
        return exports.export_version(uow, cast.member, group_id=cast.group_id, number=number, form="json").body


@pytest.fixture
def full(database: Database) -> Cast:
    return full_group(database)


@kept
def full_group(database: Database) -> Cast:
    """A group with evidence, an agreed item, a withdrawn one and one that was moved, frozen as version 1."""
    cast = cast_with_blueprint(database)
    with database.writing() as uow:
        by = {each.reference: each for each in items.items_of(uow.session, cast.group_id)}
        source = sources.add_source(uow, cast.member, group_id=cast.group_id, cite="Author (2015) A study")
        form = FindingForm(source.id, text="It works", page="12", strength=Strength.MODERATE)
        finding = findings.add_finding(uow, cast.member, group_id=cast.group_id, form=form)
        for reference in ("P1", "C1.5"):
            findings.link(
                uow, cast.member, finding_id=finding.id, item_id=by[reference].id, relation=Relation.QUALIFIES,
                note_text="in part",
            )  # fmt: skip
        second = items.add_item(uow, cast.member, group_id=cast.group_id, kind=Kind.ELEMENT, title="Second")
        outline_service.move_item(uow, cast.facilitator, item_id=by["C1.2"].id, parent_id=second.id, position=0)
        outline_service.withdraw_item(uow, cast.facilitator, item_id=by["C1.3"].id)
        for step in (Status.PROPOSED, Status.AGREED):
            items.set_status(uow, cast.facilitator, item_id=by["C1.1"].id, status=step)
    with database.writing() as uow:
        versions.freeze(uow, cast.facilitator, group_id=cast.group_id, reason="For others", with_ideas=True)
    return cast


@pytest.mark.parametrize("number", [None, 1], ids=["draft", "version"])
def test_a_blueprint_comes_into_an_empty_group_with_its_references_and_evidence(
    database: Database, full: Cast, number: int | None
) -> None:
    data = sent_as_json(database, full, number)
    made = taken(database, full, data)
    assert (made.items, made.findings) == (len(TEXTS) - 2 + 1, 1)
    with database.reading() as uow:
        again = exports.export_draft(uow, full.stranger, group_id=full.other_group_id, form="json").body
    was, now = (json.loads(each)["content"]["items"] for each in (data, again))
    for before, after in zip(was, now, strict=True):
        assert {**before, "status": ""} == {**after, "status": ""}
    assert {each["status"] for each in now} == {"draft", "idea"}, "nothing is agreed that nobody here agreed"
    with database.writing() as uow:
        next_one = items.add_item(uow, full.stranger, group_id=full.other_group_id, kind=Kind.ELEMENT, title="One more")
        assert next_one.reference == "E3"


@pytest.mark.parametrize("number", [None, 2], ids=["draft", "version"])
def test_what_was_parked_stays_parked_and_what_rests_on_judgement_keeps_its_mark(
    database: Database, full: Cast, number: int | None
) -> None:
    with database.writing() as uow:
        by = {each.reference: each for each in items.items_of(uow.session, full.group_id)}
        items.set_status(uow, full.facilitator, item_id=by["C1.4"].id, status=Status.PARKED)
        findings.judge(uow, full.member, item_id=by["E2"].id, on=True)
    with database.writing() as uow:
        versions.freeze(
            uow, full.facilitator, group_id=full.group_id, reason="All of it", with_ideas=True, with_parked=True
        )
    made = taken(database, full, sent_as_json(database, full, number))
    assert (made.parked, made.judged) == (1, 1)
    with database.reading() as uow:
        now = {each.reference: each for each in items.items_of(uow.session, full.other_group_id)}
        marked = evidence.grounds(uow.session, full.other_group_id)
    assert {each for each, item in now.items() if item.status is Status.PARKED} == {"C1.4"}
    assert {each for each, item in now.items() if item.group_judgement} == {"E2"}, "weak evidence is no judgement"
    assert (marked[now["E2"].id].aspirational, marked[now["E1"].id].aspirational) == (True, False)


@pytest.mark.parametrize("number", [None, 2], ids=["draft", "version"])
def test_its_terms_come_along_or_nothing_does(database: Database, full: Cast, number: int | None) -> None:
    form = TermForm("Outcomes", "What *people* notice.", ("outcome",))
    with database.writing() as uow:
        glossary.define(uow, full.member, group_id=full.group_id, form=form)
        versions.freeze(uow, full.facilitator, group_id=full.group_id, reason="With terms", with_ideas=True)
    data = sent_as_json(database, full, number)
    with database.writing() as uow:
        mine = glossary.define(uow, full.stranger, group_id=full.other_group_id, form=TermForm("Outcome", "Else.")).id
    with pytest.raises(Invalid) as refused:
        taken(database, full, data)
    assert "Its term “Outcomes” cannot be taken: “outcome” is in the glossary already" in refused.value.fields["file"]
    with database.writing() as uow:
        assert items.items_of(uow.session, full.other_group_id) == []
        glossary.withdraw(uow, full.stranger, term_id=mine)
    assert taken(database, full, data).terms == 1
    with database.reading() as uow:
        [line] = glossary.read(uow, full.stranger, group_id=full.other_group_id).lines
    assert (line.term.name, line.term.forms, line.term.definition) == ("Outcomes", ["outcome"], "What *people* notice.")
    assert line.used_in


@pytest.mark.parametrize("terms", ["x", [1], [{}], [{"term": "Money", "also": 1, "definition": "x"}]])
def test_broken_terms_are_refused(database: Database, full: Cast, terms: object) -> None:
    broken = json.loads(sent_as_json(database, full, None))
    broken["content"]["terms"] = terms
    with pytest.raises(Invalid) as refused:
        taken(database, full, json.dumps(broken).encode())
    assert "The fault is in its terms." in refused.value.fields["file"]


def test_it_comes_into_no_group_that_has_items_and_only_by_who_may(database: Database, full: Cast) -> None:
    data = sent_as_json(database, full, None)
    with pytest.raises(Conflict), database.writing() as uow:
        imports.take_over(uow, full.facilitator, group_id=full.group_id, data=data)
    for actor, error in ((full.member, Forbidden), (full.stranger, NotFound)):
        with pytest.raises(error), database.writing() as uow:
            imports.take_over(uow, actor, group_id=full.group_id, data=data)


def test_a_version_that_was_changed_is_refused(database: Database, full: Cast) -> None:
    data = sent_as_json(database, full, 1).replace(b"Care close to home", b"Care far from home")
    with pytest.raises(Invalid) as refused:
        taken(database, full, data)
    assert "fingerprint" in refused.value.fields["file"]


BROKEN = [
    b"", b"[]", b"{}", b"null", b'{"format": "concordat-draft/1"}', b"[" * 100_000, b"\xff\xfe", b'{"format": 1}',
]  # fmt: skip


def test_what_is_no_blueprint_is_refused_and_leaves_nothing(database: Database, full: Cast) -> None:
    good = json.loads(sent_as_json(database, full, None))
    faults: list[bytes] = list(BROKEN)
    for change in (
        {"kind": "admin"}, {"reference": "E1"}, {"reference": "X9"}, {"parent": "E9"}, {"title": 5}, {"title": ""},
        {"status": "withdrawn"}, {"text": "x" * 100_001}, {"evidence": [{"relation": "owns"}]}, {"evidence": "none"},
        {"principle_group": {}}, {"aspirational": "yes"}, {"text": "\x00"}, {"title": float("nan")},
    ):  # fmt: skip
        broken = copy.deepcopy(good)
        at = 0 if "principle_group" in change else 2
        broken["content"]["items"][at] |= change
        faults.append(json.dumps(broken).encode())
    for data in faults:
        with pytest.raises(Invalid) as refused:
            taken(database, full, data)
        assert refused.value.fields["file"].endswith((".", "title", "characters", "stored."))
    with database.reading() as uow:
        left = uow.session.execute(select(func.count(Item.id)).where(Item.group_id == full.other_group_id))
        assert left.scalar_one() == 0


@pytest.mark.parametrize("fault", ["half a character", "no number", "a fraction", "nested deep"])
def test_a_version_whose_fingerprint_cannot_be_taken_is_refused(database: Database, full: Cast, fault: str) -> None:
    good = json.loads(sent_as_json(database, full, 1))
    item = good["content"]["items"][0]
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    given = {"half a character": "\ud800", "no number": float("nan"), "a fraction": 0.5, "nested deep": deep}
    item["title"] = given[fault]
    with pytest.raises(Invalid) as refused:
        taken(database, full, json.dumps(good).encode())
    assert refused.value.fields["file"].endswith(".")


def test_what_only_informs_in_our_own_document_is_left_out(database: Database, full: Cast) -> None:
    with database.writing() as uow:
        item = uow.session.execute(select(Item).where(Item.reference == "P1")).scalar_one()
        suggestions.suggest(uow, full.member, item_id=item.id, field=Field.SUMMARY, text="You may stay.", version=1)
    with database.reading() as uow:
        wanted = Including(suggestions=True)
        sent = exports.export_draft(uow, full.member, group_id=full.group_id, form="docx", including=wanted).body
    found = outline(read(sent))
    principle = next(each for each in found.headings if "Care close to home" in each.title)
    assert (principle.text, principle.why, principle.summary) == TEXTS["P1"][1:]
    left_out = "\n".join(found.left_out)
    assert "It works (in part)" in left_out
    assert "Title" not in left_out.split("In plain words, suggested by")[0]
    assert "may stay" in left_out


def test_roles_names_and_ids_in_the_file_mean_nothing(database: Database, full: Cast) -> None:
    good = json.loads(sent_as_json(database, full, None))
    good |= {"group_id": full.group_id, "facilitator": "member@example.org", "members": [{"role": "facilitator"}]}
    for each in good["content"]["items"]:
        each |= {"id": 1, "item_id": 1, "group_id": full.group_id, "created_by_id": 1, "author": "Ann", "frozen": True}
    taken(database, full, json.dumps(good).encode())
    with database.reading() as uow:
        mine = uow.session.execute(select(Item).where(Item.group_id == full.other_group_id)).scalars().all()
    assert {each.created_by_id for each in mine} == {full.stranger.person_id}


def rows(number: int) -> list[dict[str, Any]]:
    """An element and so many criteria, each with evidence of its own, as a file has them."""
    head = {"principle_group": None, "status": "draft", "text": "Said.", "why": "", "summary": "In short."}
    line = {"page": "", "strength": "moderate", "relation": "supports", "note": ""}
    element = {"kind": "element", "reference": "E1", "parent": None, "title": "Money", **head}
    return [element] + [
        {"kind": "criterion", "reference": f"C1.{at}", "parent": "E1", "title": f"Line {at}", **head,
         "evidence": [{"source": f"Author ({at}) A study", "finding": f"It works {at}", **line}]}
        for at in range(1, number + 1)
    ]  # fmt: skip


def as_file(entries: list[dict[str, Any]]) -> bytes:
    return json.dumps({"format": "concordat-draft/1", "content": {"items": entries, "terms": []}}).encode()


def looks(sent: list[str]) -> int:
    return sum(each.startswith("SELECT") for each in sent)


def test_many_items_are_looked_up_no_more_often_than_few(database: Database, cast: Cast) -> None:
    asked = []
    for actor, group_id, number in ((cast.facilitator, cast.group_id, 5), (cast.stranger, cast.other_group_id, 50)):
        with database.writing() as uow, counting(database) as sent:
            imports.take_over(uow, actor, group_id=group_id, data=as_file(rows(number)))
            uow.flush()
        asked.append(looks(sent))
    assert asked[0] == asked[1]
    asked = []
    for number in (5, 50):
        chosen = [Chosen("element", "Above"), *(Chosen("criterion", f"Line {at}", "Said.") for at in range(number))]
        with database.writing() as uow, counting(database) as sent:
            imports.add(uow, cast.member, group_id=cast.group_id, chosen=chosen)
            uow.flush()
        asked.append(looks(sent))
    assert asked[0] == asked[1]


def test_a_reference_that_stands_twice_is_told_as_that(database: Database, cast: Cast) -> None:
    entries = rows(3)
    entries[3]["reference"] = "C1.1"
    with pytest.raises(Invalid) as refused:
        taken(database, cast, as_file(entries))
    assert refused.value.fields["file"] == "Entry 4 cannot be taken: C1.1 stands twice in the file, first as entry 2."


def test_evidence_comes_in_up_to_a_bound(database: Database, cast: Cast) -> None:
    entries = rows(1)
    entries[1]["evidence"] *= evidence_files.MOST_LINES + 1
    with pytest.raises(Invalid) as refused:
        taken(database, cast, as_file(entries))
    assert refused.value.fields["file"] == "Entry 2 cannot be taken: A file has at most 5,000 lines of evidence."


def test_from_the_command_line(database: Database, full: Cast, tmp_path: Path) -> None:
    file = tmp_path / "blueprint.json"
    file.write_bytes(sent_as_json(database, full, 1))
    environment = {
        "CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(tmp_path), "DATABASE_URL": database.settings.database_url,
        "CONCORDAT_SECRET": "",
    }  # fmt: skip
    altered = tmp_path / "altered.json"
    altered.write_bytes(file.read_bytes().replace(b"star one", b"star two", 1))
    assert altered.read_bytes() != file.read_bytes()
    refused = CliRunner().invoke(main, ["import", full.other_slug, str(altered)], env=environment)
    assert (refused.exit_code, len(refused.output) > len("concordat: \n")) == (1, True), "it says why"
    done = CliRunner().invoke(main, ["import", full.other_slug, str(file)], env=environment)
    assert (done.exit_code, done.stdout) == (
        0, f"{len(TEXTS) - 1} items and 1 findings of North Vale design group, concordat-version/1\n",
    )  # fmt: skip
    again = CliRunner().invoke(main, ["import", full.other_slug, str(file)], env=environment)
    assert (again.exit_code, "has items already" in again.output) == (1, True)
