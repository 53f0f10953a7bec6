"""A blueprint as a PDF: its words, bookmarks and tags, and nothing of what people wrote read as code."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader
from pypdf.generic import Destination

from app import typesetting
from app.calc.papers import blocks
from app.calc.paragraphs import paragraphs
from app.services import comments, exports, items, versions
from app.services.companions import Including
from app.uow import Database
from models.items import Kind
from tests.cast import Cast
from tests.scripted import TEXTS, cast_with_blueprint

# Setting takes a second: what differs between databases is tested elsewhere.
on_sqlite = pytest.mark.parametrize("database_engine", ["sqlite"])
HOSTILE = '#panic() $x$ #import "x" #read("/etc/passwd") <label> @ref \\u{1F600} = heading 🙂 العربية'


@pytest.fixture
def cast(database: Database) -> Cast:
    return cast_with_blueprint(database)


@on_sqlite
def test_a_version_has_bookmarks_tags_and_every_word(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        versions.freeze(uow, cast.facilitator, group_id=cast.group_id, reason="To be read outside")
        element = items.items_of(uow.session, cast.group_id)[1]
        comments.start(uow, cast.member, item_id=element.id, words="Whose outcomes?", quote="")
    with database.reading() as uow:
        including = Including(decisions=True, suggestions=True, comments=True)
        made = exports.export_version(
            uow, cast.observer, group_id=cast.group_id, number=1, form="pdf", including=including
        )
    assert (made.name, made.media_type) == ("version-1.pdf", "application/pdf")
    read = PdfReader(io.BytesIO(made.body))
    root = read.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert "/StructTreeRoot" in root
    assert read.metadata is not None
    assert read.metadata.title == "North Vale design group: version 1"
    assert read.metadata.author is None
    assert "Invented" not in str(read.metadata)
    marks = list(_titles(read.outline))
    assert marks[:4] == [
        "Principles", "P1 Care close to home", "Core elements", "E1 Outcomes that people share",
    ]  # fmt: skip
    assert [each for each in marks if each[0] in "PECS" and each[1].isdigit()] == [
        f"{reference} {texts[0]}" for reference, texts in sorted(TEXTS.items(), key=_in_tree)
    ]
    text = " ".join(" ".join(page.extract_text() for page in read.pages).split())
    for words in ("Fingerprint (SHA-256)", "one ledger", "Those who live with it know most.", "Whose outcomes?"):
        assert words in text
    links = [note.get_object() for page in read.pages for note in page.get("/Annots", [])]
    assert "https://example.org/guidance?a=1&b=2" in {note["/A"].get("/URI") for note in links if "/A" in note}


def test_it_keeps_to_the_standard_and_says_in_words_what_no_font_has() -> None:
    data = {"title": "T", "front": ["Plain words"], "footer": "f", "parts": []}
    made = typesetting.pdf(data, day=datetime(2026, 1, 1, tzinfo=UTC))
    assert b"pdfuaid:part" in PdfReader(io.BytesIO(made)).trailer["/Root"]["/Metadata"].get_data()
    data["front"] = [
        "A sign that no font has: \U000f1234.",
        "What some have: \u5065\u5eb7\u3002 1\ufe0f\u20e3 \U0001f44d\U0001f3fd \u0e2a\u0e38\u0e02 \u2610 a\u20d7",
    ]
    made = typesetting.pdf(data, day=datetime(2026, 1, 1, tzinfo=UTC))
    read = PdfReader(io.BytesIO(made))
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in read.trailer["/Root"]["/Metadata"].get_data()
    assert "A sign that no font has: [unknown sign]." in " ".join(read.pages[0].extract_text().split())
    with pytest.raises(typesetting.NotSet, match="Word"):
        typesetting.pdf({}, day=datetime(2026, 1, 1, tzinfo=UTC))


def test_marks_are_set_with_their_letters_and_only_what_no_font_has_is_named() -> None:
    hindi, arabic = "\u0939\u093f\u0928\u094d\u0926\u0940 \u0915\u093e", "\u0627\u0644\u0633\u0651\u0644\u0627\u0645"
    tamil, thai = "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd", "\u0e17\u0e35\u0e48\u0e19\u0e35\u0e48"
    words = f"{hindi} {arabic} {tamil} {thai} e\u0301\u0323 a\u200db"
    front = [words, "\U000f1234\u0301\u200d.", "x\U000f1234\u20dd."]
    data = {"title": "T", "front": front, "footer": "f", "parts": []}
    read = PdfReader(io.BytesIO(typesetting.pdf(data, day=datetime(2026, 1, 1, tzinfo=UTC))))
    assert b"pdfuaid:part" in read.trailer["/Root"]["/Metadata"].get_data()
    text = " ".join(read.pages[0].extract_text().split())
    assert "[unknown sign]. x[unknown sign]." in text
    for named in ("vowel", "virama", "shadda", "combining", "joiner"):
        assert named not in text


def _in_tree(entry: tuple[str, object]) -> tuple[int, list[int]]:
    """Where an item stands: a specification under its criterion."""
    letter, numbers = entry[0][0], [int(each) for each in entry[0][1:].split(".")]
    return (0 if letter == "P" else 1), numbers


def _titles(outline: list[object]) -> list[str]:
    found: list[str] = []
    for each in outline:
        if isinstance(each, Destination):
            found.append(str(each.title))
        elif isinstance(each, list):
            found += _titles(each)
    return found


@on_sqlite
def test_what_people_write_is_never_code(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        items.add_item(
            uow, cast.member, group_id=cast.group_id, kind=Kind.ELEMENT, title=f"T {HOSTILE}", text=HOSTILE * 3
        )
    with database.reading() as uow:
        made = exports.export_draft(uow, cast.member, group_id=cast.group_id, form="pdf").body
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages).split())
    assert '#panic() $x$ #import "x" #read("/etc/passwd") <label> @ref' in text
    assert "root:" not in text


@on_sqlite
def test_one_address_without_end_keeps_no_draft_from_being_a_pdf(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        text = f"See [the long one](https://example.org/{'a' * 9_000}) and [the short](https://example.org/b)."
        items.add_item(uow, cast.member, group_id=cast.group_id, kind=Kind.ELEMENT, title="Links", text=text)
    with database.reading() as uow:
        made = exports.export_draft(uow, cast.member, group_id=cast.group_id, form="pdf").body
    pages = PdfReader(io.BytesIO(made)).pages
    assert "See the long one and the short." in " ".join(" ".join(page.extract_text() for page in pages).split())


def test_points_stand_in_points() -> None:
    found = blocks(paragraphs("Two:\n- a\n  - b\n\n    more\n- c\n\n3. d\n4. e\n\n> f"))
    assert [(each["kind"], len(each.get("points", ()))) for each in found] == [
        ("plain", 0), ("list", 2), ("enum", 2), ("quote", 0),
    ]  # fmt: skip
    first = found[1]["points"][0]
    assert [each["kind"] for each in first] == ["plain", "list"]
    assert [each["kind"] for each in first[1]["points"][0]] == ["plain", "plain"]
    assert found[2]["first"] == 3
