"""A Word document into the tree: what its headings are taken for, what is added, and that a fault adds nothing."""

from __future__ import annotations

import io

import docx
import pytest
from sqlalchemy import func, select

from app.calc.outlines import outline
from app.calc.wordreading import read
from app.errors import Forbidden, Invalid, NotFound
from app.services import exports, imports, items
from app.services.imports import Chosen
from app.uow import Database
from models.documents import Field
from models.items import Item, Kind, PrincipleGroup, Status
from tests.cast import Cast, make_cast
from tests.scripted import TEXTS, build_blueprint


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
