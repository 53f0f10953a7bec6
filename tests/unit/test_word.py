"""Word files, opened again with python-docx: structure, numbering, links, and nothing of ours or of others inside."""

import io
import re
import zipfile
from datetime import UTC, datetime

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from app.calc.differences import difference
from app.calc.documents import WordDocument
from app.calc.paragraphs import paragraphs
from app.calc.redlines import redline
from tests.growth import again, growth

TEXT = """Paid **in full**, *early*
or [as agreed](https://example.org/terms?a=1&b=2).
- one
  - inner **bold**
- two

3. third
4. fourth

> Said by a carer

# Part
## Detail
1. again"""


def written(text: str) -> Document:
    word = WordDocument("T")
    word.markdown(text)
    return docx.Document(io.BytesIO(word.to_bytes()))


def test_the_dialect_becomes_words_own_structure() -> None:
    document = written(TEXT)
    assert [(each.style.name if each.style else "", each.text) for each in document.paragraphs] == [
        ("Normal", "Paid in full, early\nor as agreed."),
        ("List Bullet", "one"),
        ("List Bullet 2", "inner bold"),
        ("List Bullet", "two"),
        ("List Number", "third"),
        ("List Number", "fourth"),
        ("Quote", "Said by a carer"),
        ("Heading 2", "Part"),
        ("Heading 3", "Detail"),
        ("List Number", "again"),
    ]
    first = document.paragraphs[0]
    assert [run.text for run in first.runs if run.bold] == ["in full"]
    assert [run.text for run in first.runs if run.italic] == ["early"]
    assert [(link.text, link.url) for link in first.hyperlinks] == [("as agreed", "https://example.org/terms?a=1&b=2")]


def test_each_numbered_list_begins_where_it_says() -> None:
    document = written(TEXT)
    numbers = [each._p.pPr.numPr.numId.val for each in document.paragraphs if each.style.name == "List Number"]
    assert numbers[0] == numbers[1] != numbers[2]
    numbering = document.part.numbering_part.element
    starts = {num.numId: num.lvlOverride_lst[0].startOverride.val for num in numbering.num_lst if num.lvlOverride_lst}
    assert [starts[number] for number in (numbers[0], numbers[2])] == [3, 1]


def test_tables_have_a_header_row() -> None:
    word = WordDocument("T", landscape=True)
    word.table(["Item", "Median"], [["C3.2", "8"], ["=1+1\x00", "-"]])
    document = docx.Document(io.BytesIO(word.to_bytes()))
    table = document.tables[0]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Item", "Median"],
        ["C3.2", "8"],
        ["=1+1", "-"],
    ]
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert document.sections[0].page_width > document.sections[0].page_height
    with pytest.raises(ValueError, match="cells"):
        word.table(["a"], [["b", "c"]])


def test_a_difference_is_marked() -> None:
    word = WordDocument("T")
    word.difference(difference("all the risk", "some of the risk"))
    runs = docx.Document(io.BytesIO(word.to_bytes())).paragraphs[0].runs
    assert [(run.text, bool(run.font.strike), bool(run.font.underline)) for run in runs] == [
        ("all", True, False),
        ("some of", False, True),
        (" the risk", False, False),
    ]


def test_a_difference_of_form_is_said_in_words() -> None:
    word = WordDocument("T")
    word.difference(redline("share *all* the risk", "share all **the** risk"))
    runs = docx.Document(io.BytesIO(word.to_bytes())).paragraphs[0].runs
    assert [(run.text, bool(run.bold), bool(run.italic)) for run in runs] == [
        ("share ", False, False),
        ("all [no longer italic]", False, False),
        (" ", False, False),
        ("the [now bold]", True, False),
        (" risk", False, False),
    ]


def test_the_properties_name_the_text_and_no_person() -> None:
    word = WordDocument("Blueprint" * 40, subject="Version 1", day=datetime(2015, 6, 1, 14, 30, tzinfo=UTC))
    properties = docx.Document(io.BytesIO(word.to_bytes())).core_properties
    assert properties.title == ("Blueprint" * 40)[:255]
    assert (properties.author, properties.last_modified_by, properties.comments) == ("", "", "")
    assert (properties.subject, properties.language) == ("Version 1", "en-GB")
    assert properties.created == properties.modified == datetime(2015, 6, 1, tzinfo=UTC)


def test_the_same_words_give_the_same_file() -> None:
    one, two = WordDocument("T"), WordDocument("T")
    for word in (one, two):
        word.heading("Title", level=0)
        word.markdown(TEXT)
    assert one.to_bytes() == two.to_bytes()


HOSTILE = [
    "a\x00b\x01\x08\x1f\x7f\ud800\ufffe",
    "[x](javascript:alert(1)) [y](file:///etc/passwd) [z](\\\\host\\share) ![p](https://example.org/p.png)",
    '</w:t></w:r><w:fldSimple w:instr="DDEAUTO c:\\x"/>',
    "{{ 7 * 7 }} {% for a in b %} ${x}",
    "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>&b;",
    "]]>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_only_words(text: str) -> None:
    word = WordDocument(text, subject=text)
    word.heading(text)
    word.paragraph(text)
    word.markdown(text)
    word.table([text], [[text]])
    with zipfile.ZipFile(io.BytesIO(word.to_bytes())) as package:
        body = package.read("word/document.xml").decode()
        links = package.read("word/_rels/document.xml.rels").decode()
    assert "fldSimple w:" not in body.replace("&lt;w:fldSimple w:", "")
    assert "instrText" not in body
    outside = re.findall(r'Target="([^"]*)" TargetMode="External"', links)
    assert all(target.startswith("https://example.org/") for target in outside)
    shown = docx.Document(io.BytesIO(word.to_bytes())).paragraphs[1].text
    assert shown == re.sub("[\x00-\x08\x1f\x7f\ud800\ufffe]", "", text)


@settings(max_examples=12, deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_written(text: str) -> None:
    word = WordDocument(text)
    word.heading(text)
    word.markdown(text)
    word.table([text], [])
    docx.Document(io.BytesIO(word.to_bytes()))


def test_many_lists_take_as_long_as_as_many_paragraphs() -> None:
    """Each list of numbers is one of Word's own; a new one does not go through all that there are."""

    def write(text: str) -> None:
        assert len(WordDocument("T").text(paragraphs(text))) == len(text) // 5

    assert growth(write, again("1. a\n1) a\n"), shorter=1_500) < 9
