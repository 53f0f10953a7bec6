"""A blueprint goes out as a Word document from a page and comes back to one."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import docx
import pytest
from werkzeug.test import TestResponse

from app.policy import Actor
from app.services import findings, items, sources
from app.services.findings import FindingForm
from app.uow import Database
from models.evidence import Relation, Strength
from models.items import Kind
from tests.cast import SLUG, Browser, Cast
from tests.conftest import SetClock
from tests.scripted import build_blueprint

FILES, RETURNED = f"/g/{SLUG}/versions/files/", f"/g/{SLUG}/versions/returned/"


@pytest.fixture
def people(database: Database, people: Cast) -> Cast:
    build_blueprint(database, people)
    return people


def upload(browser: Browser, data: bytes, name: str = "back.docx", **more: str) -> TestResponse:
    return browser.post(RETURNED, data={"file": (io.BytesIO(data), name), **more}, content_type="multipart/form-data")


def test_a_document_goes_out_is_changed_and_its_changes_are_suggested(
    client_of: Callable[[Actor], Browser], people: Cast, clock: SetClock
) -> None:
    member = client_of(people.member)
    page = member.get(FILES).text
    assert RETURNED in page
    assert re.search(r'value="evidence" checked', page)
    assert not re.search(r'value="suggestions" checked', page)
    sent = member.get(f"{FILES}file?what=draft&form=docx&with=decisions")
    assert sent.headers["Content-Disposition"] == f'attachment; filename="{SLUG}-draft-2026-03-02.docx"'
    document = docx.Document(io.BytesIO(sent.data))
    headings = [(each.style.name, each.text) for each in document.paragraphs if each.style.name.startswith("Heading")]
    assert headings[:4] == [
        ("Heading 1", "Principles"), ("Heading 2", "P1 Care close to home"),
        ("Heading 1", "Core elements"), ("Heading 2", "E1 Outcomes that people share"),
    ]  # fmt: skip
    stays = next(each for each in document.paragraphs if each.text == "You stay at home.")
    stays.runs[0].text = "You live at home."
    document.add_comment(stays.runs, "Alone?", "Ann Solicitor", "AS")
    out = io.BytesIO()
    document.save(out)

    empty = upload(member, b"", name="")
    assert (empty.status_code, "Choose the Word document that came back." in empty.text) == (422, True)
    wrong = upload(member, b"%PDF-1.7", edited_by="Smith & Co")
    assert (wrong.status_code, "Ask for the Word document" in wrong.text, "Smith &amp; Co" in wrong.text) == (
        422, True, True,
    )  # fmt: skip
    shown = upload(member, out.getvalue(), edited_by="Smith & Co")
    assert shown.status_code == 303
    address = shown.headers["Location"]
    page = member.get(address).text
    assert "1 change" in page
    assert "From Word, by Smith &amp; Co" in page
    assert re.search(r"<del>.*stay.*</del><ins>.*live.*</ins>", page)
    none = member.post(f"{address}/suggestions", data={})
    assert (none.status_code, "Tick at least one change" in none.text) == (422, True)
    made = member.post(f"{address}/suggestions", data={"chosen": "0"}, follow_redirects=True)
    assert (made.status_code, "1 suggestion is made." in made.text) == (200, True)
    assert "#suggestion-1" in made.text
    assert "back.docx" in member.get(RETURNED).text
    item = re.search(r'href="(/g/[^"]*/blueprint/items/\d+)#suggestion-1"', made.text)[1]  # type: ignore[index]  # it is there
    version = {"title": "First", "reason": "For all", "with_ideas": "yes"}
    client_of(people.facilitator).post(f"/g/{SLUG}/versions/new", data=version)
    clock.advance(minutes=1)
    client_of(people.facilitator).post(f"{item}/suggestions/1/accept")
    named = f"from Word, by Smith &amp; Co, brought in by {people.member.name}"
    for place in ("", "/history"):
        assert f"accepted a suggestion for the plain words ({named})" in member.get(f"{item}{place}").text
    assert f"F{named[1:]}</span>" in member.get(f"{item}/authors").text
    assert f"Suggested ({named}) and accepted by" in member.get(f"/g/{SLUG}/versions/1/difference").text
    both = member.post(f"{address}/suggestions", data={"remarks": "0"}, follow_redirects=True)
    assert (both.status_code, "1 comment is made." in both.text) == (200, True)
    gone = member.post(f"{address}/discard", follow_redirects=True).text
    assert "back.docx" not in gone
    assert "You live at home" not in member.get(f"/g/{SLUG}/blueprint").text


def test_words_made_bold_are_seen_before_anything_is_suggested(
    client_of: Callable[[Actor], Browser], people: Cast
) -> None:
    member = client_of(people.member)
    document = docx.Document(io.BytesIO(member.get(f"{FILES}file?what=draft&form=docx").data))
    stays = next(each for each in document.paragraphs if each.text == "You stay at home.")
    stays.runs[0].text = "You live "
    stays.add_run("at home").bold = True
    stays.add_run(".")
    out = io.BytesIO()
    document.save(out)
    page = member.get(upload(member, out.getvalue()).headers["Location"]).text
    assert re.search(r"<del>.*stay.*</del><ins>.*live.*</ins>", page)
    assert re.search(r"<strong>at home</strong><span class=\"[^\"]*\"> \[now bold\]</span>", page)
    assert "**" not in page


def test_of_a_long_text_the_page_shows_what_changed_and_all_of_it_on_demand(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database
) -> None:
    member = client_of(people.member)
    words = [f"Sentence {at} says what all the partners of this contract share." for at in range(80)]
    with database.writing() as uow:
        items.add_item(
            uow, people.member, group_id=people.group_id, kind=Kind.ELEMENT, title="A long one", text=" ".join(words)
        )
    document = docx.Document(io.BytesIO(member.get(f"{FILES}file?what=draft&form=docx").data))
    long = next(each for each in document.paragraphs if each.text.startswith("Sentence 0 says"))
    long.runs[0].text = long.runs[0].text.replace("Sentence 40 says", "Sentence 40 tells")
    long.add_run("A private note.").font.hidden = True
    stays = next(each for each in document.paragraphs if each.text == "You stay at home.")
    stays.runs[0].text = "You live at home."
    out = io.BytesIO()
    document.save(out)
    page = member.get(upload(member, out.getvalue()).headers["Location"]).text
    shown, whole = (re.sub(r"<[^>]+>", "", each) for each in page.split("Show all of it"))
    assert "Sentence 39 says" in shown
    assert "Sentence 20 says" not in shown
    assert "Sentence 20 says" in whole
    assert page.count("Show all of it") == 1, "a short text is shown as it is"
    assert "hidden text in this document, at 1 place." in page
    assert "A private note." in page


def test_a_line_that_only_informs_shows_what_was_changed_in_it(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database
) -> None:
    member = client_of(people.member)
    with database.writing() as uow:
        source = sources.add_source(
            uow, people.member, group_id=people.group_id, cite="A study", url="https://a.example/b"
        )
        form = FindingForm(source.id, "It works *well*", "5", Strength.LOW)
        finding = findings.add_finding(uow, people.member, group_id=people.group_id, form=form)
        [item] = [each for each in items.items_of(uow.session, people.group_id) if each.reference == "P1"]
        findings.link(uow, people.member, finding_id=finding.id, item_id=item.id, relation=Relation.SUPPORTS)
    document = docx.Document(io.BytesIO(member.get(f"{FILES}file?what=draft&form=docx&with=evidence").data))
    cell = next(
        each for table in document.tables for row in table.rows for each in row.cells if "It works" in each.text
    )
    cell.paragraphs[0].runs[0].text = "It seldom works *well*"
    next(each for each in document.paragraphs if each.text == "Core elements").runs[0].text = "Core parts"
    document.add_heading("Something new", 2)
    out = io.BytesIO()
    document.save(out)
    page = member.get(upload(member, out.getvalue()).headers["Location"]).text
    assert re.search(r"It <ins><span[^>]*>\[added: </span>seldom <span", page)
    assert "works *well* | A study, 5" in page
    assert re.search(r"Core <del>.*elements.*</del><ins>.*parts.*</ins>", page)
    assert "Blueprint, Add from Word" in page


def test_a_document_whose_changes_are_known_says_that_nothing_is_new(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database
) -> None:
    member = client_of(people.member)
    document = docx.Document(io.BytesIO(member.get(f"{FILES}file?what=draft&form=docx").data))
    next(each for each in document.paragraphs if each.text == "You stay at home.").runs[0].text = "You live at home."
    out = io.BytesIO()
    document.save(out)
    address = upload(member, out.getvalue()).headers["Location"]
    made = member.post(f"{address}/suggestions", data={"chosen": "0"}, follow_redirects=True).text
    assert "1 change</h1>" in made
    again = member.get(upload(member, out.getvalue()).headers["Location"]).text
    assert "No new change of words</h1>" in again
    assert "Its 1 change was taken over or suggested already: there is nothing to do." in again


def test_what_was_refused_comes_back_unticked_with_the_reason(
    client_of: Callable[[Actor], Browser], people: Cast
) -> None:
    member = client_of(people.member)
    document = docx.Document(io.BytesIO(member.get(f"{FILES}file?what=draft&form=docx").data))
    next(each for each in document.paragraphs if each.text == "You stay at home.").runs[0].text = "You live at home."
    out = io.BytesIO()
    document.save(out)
    address = upload(member, out.getvalue()).headers["Location"]
    assert re.search(r'name="chosen" value="0" checked', member.get(address).text)
    page = member.post(f"{address}/suggestions", data={"chosen": "0"}, follow_redirects=True).text
    where = re.search(r'href="([^"]*)#suggestion-1"', page)
    assert where is not None
    client_of(people.facilitator).post(f"{where[1]}/suggestions/1/reject", data={"answer": "Not all of us do."})
    page = member.get(upload(member, out.getvalue()).headers["Location"]).text
    assert re.search(r'name="chosen" value="0">', page)
    assert "Not taken before" in page
    assert "“Not all of us do.”" in page


def test_who_only_reads_can_take_a_file_but_bring_none(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    observer = client_of(people.observer)
    assert RETURNED not in observer.get(FILES).text
    assert observer.get(RETURNED).status_code == 403
    assert upload(observer, b"PK").status_code == 403
    assert observer.get(f"{FILES}file?form=md").status_code == 200
    for wrong in ("form=exe", "what=9", "what=x"):
        assert observer.get(f"{FILES}file?{wrong}").status_code == 404


def test_a_file_that_is_too_large_is_answered_with_what_makes_it_smaller(
    client_of: Callable[[Actor], Browser], people: Cast
) -> None:
    body = {"data": bytes(2_200_000), "content_type": "multipart/form-data; boundary=x"}
    answer = client_of(people.member).post(RETURNED, **body)
    assert (answer.status_code, "without its pictures" in answer.text) == (413, True)


def test_what_goes_along_is_what_was_ticked(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    member = client_of(people.member)
    plain = member.get(f"{FILES}file?form=csv").text
    wanted = member.get(f"{FILES}file?form=csv&with=evidence&with=decisions&with=suggestions&with=comments").text
    assert plain.splitlines()[0].endswith('"plain summary","untested evidence"')
    assert wanted.splitlines()[0].endswith(
        '"evidence","where to read it","untested evidence","decisions","suggestions","comments"'
    )
