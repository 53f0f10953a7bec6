"""The page on which a Word document's headings become items."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Callable

from werkzeug.test import TestResponse

from app.policy import Actor
from app.services import findings, items
from app.uow import Database
from models.items import Status
from tests.cast import SLUG, Browser, Cast
from tests.services.test_imports import CONTRACT, document, with_words_that_stand_out

PAGE = f"/g/{SLUG}/blueprint/import"


def test_headings_are_looked_at_changed_and_added(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    member = client_of(people.member)
    assert PAGE in member.get(f"/g/{SLUG}/blueprint").text
    assert member.post(PAGE, data={}).status_code == 422
    shown = member.post(
        PAGE, data={"file": (io.BytesIO(CONTRACT), "terms.docx")}, content_type="multipart/form-data"
    ).text
    assert "is left out" in shown
    fields = dict(re.findall(r'<input[^>]* name="([a-z]+(?:-\d+)?)"[^>]* value="([^"]*)"', shown))
    fields |= dict(re.findall(r'<select[^>]* name="(what-\d+)".*?<option value="([^"]+)" selected', shown, re.DOTALL))
    assert (fields["count"], fields["title-0"], fields["what-0"], fields["what-3"]) == (
        "5",
        "Money",
        "element",
        "words",
    )
    refused = member.post(f"{PAGE}/add", data={**fields, "title-1": "", "what-4": "specification"})
    assert (refused.status_code, "Enter a title" in refused.text) == (422, True)
    assert 'value="Money"' in refused.text
    added = member.post(f"{PAGE}/add", data={**fields, "title-0": "All the money"}, follow_redirects=True).text
    assert "4 items are added as ideas." in added
    way = re.search(r'action="([^"]+take-back)".*?name="added" value="([\d ]+)"', added, re.DOTALL)
    assert way
    gone = member.post(way[1], data={"added": way[2]}, follow_redirects=True).text
    assert "withdrawn again, with what is under" in gone
    assert "Undo" not in gone
    refused = member.post(way[1], data={"added": ""}, follow_redirects=True).text
    assert "Choose at least one item." in refused
    assert "All the money" in added
    assert client_of(people.observer).get(PAGE).status_code == 403


def test_an_empty_group_takes_a_blueprint_over(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database
) -> None:
    lead = client_of(people.facilitator)
    lead.post(f"/g/{SLUG}/blueprint/start")
    with database.writing() as uow:
        by = {each.reference: each.id for each in items.items_of(uow.session, people.group_id)}
        items.set_status(uow, people.facilitator, item_id=by["E2"], status=Status.PARKED)
        findings.judge(uow, people.facilitator, item_id=by["E1"], on=True)
    file = lead.get(f"/g/{SLUG}/versions/files/file?form=json").data
    assert "take-over" not in lead.get(PAGE).text
    other = client_of(people.stranger)
    address = f"/g/{people.other_slug}/blueprint/import"

    def send(browser: Browser, data: bytes, to: str = address) -> TestResponse:
        sent = {"blueprint": (io.BytesIO(data), "blueprint.json")}
        return browser.post(f"{to}/blueprint", data=sent, content_type="multipart/form-data")

    assert "take-over" in other.get(address).text
    assert "Choose the JSON file." in other.post(f"{address}/blueprint", data={}).text
    refused = send(other, b"{}")
    assert (refused.status_code, "not a blueprint" in refused.text) == (422, True)
    assert send(client_of(people.member), file, PAGE).status_code == 403
    assert "has items already" in send(lead, file, PAGE).text
    shown = send(other, file).text
    assert "Nothing is done yet." in shown
    assert other.get(address).text.count("take-over"), "the group is as empty as it was"
    [packed] = re.findall(r'name="packed" value="([^"]+)"', shown)
    for broken in ("", "x", packed[:-9]):
        assert other.post(f"{address}/blueprint/take", data={"packed": broken}).status_code == 422
    assert other.post(f"{address}/blueprint/take", data={"packed": packed}).status_code == 303
    shown = other.get(f"/g/{people.other_slug}/blueprint").text
    assert "(Joint) outcomes" in shown
    assert "1 is parked, as it was. 1 rests on the group’s judgement." in shown


def fields_of(page: str) -> dict[str, str]:
    """The fields of the preview as a browser would send them."""
    found = dict(re.findall(r'<input[^>]* name="([a-z_]+(?:-\d+)?)"[^>]* value="([^"]*)"', page))
    found |= dict(re.findall(r'<select[^>]* name="(what-\d+)".*?<option value="([^"]+)" selected', page, re.DOTALL))
    return {name: html.unescape(value) for name, value in found.items()}


def look_at(browser: Browser, data: bytes, to: str = PAGE) -> str:
    sent = {"file": (io.BytesIO(data), "terms.docx")}
    return browser.post(to, data=sent, content_type="multipart/form-data").text


def test_the_groups_own_blueprint_is_to_be_brought_back(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    lead = client_of(people.facilitator)
    lead.post(f"/g/{SLUG}/blueprint/start")
    sent = lead.get(f"/g/{SLUG}/versions/files/file?form=docx").data
    shown = look_at(lead, sent)
    assert "This is your group’s own blueprint." in shown
    assert shown.index("Bring it back</") < shown.index("as new items all the same") < shown.index('name="title-0"')
    fields = fields_of(shown)
    refused = lead.post(f"{PAGE}/add", data={**fields, "title-1": ""}).text
    assert "This is your group’s own blueprint." in refused
    bare = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sent)) as parts, zipfile.ZipFile(bare, "w", zipfile.ZIP_DEFLATED) as rest:
        for name in parts.namelist():
            said = parts.read(name)
            rest.writestr(name, said.replace(b"Concordat", b"Other") if name == "docProps/custom.xml" else said)
    assert "own blueprint" in look_at(lead, bare.getvalue()), "its marks say so too"
    other = look_at(client_of(people.stranger), sent, f"/g/{people.other_slug}/blueprint/import")
    assert "own blueprint" not in other
    assert "own blueprint" not in look_at(lead, CONTRACT)


def test_words_that_look_otherwise_in_word_are_said_and_stay_said(
    client_of: Callable[[Actor], Browser], people: Cast
) -> None:
    member = client_of(people.member)
    shown = look_at(member, with_words_that_stand_out())
    refused = member.post(f"{PAGE}/add", data={**fields_of(shown), "title-0": ""}).text
    for page in (shown, refused):
        assert "Look closely at 2 headings." in page
        assert re.search(r"Struck through by hand[^<]*</strong>\s*“may”;", page)
        assert page.count("Raised or lowered") == 2
    assert "Look closely" not in look_at(member, CONTRACT)


def test_what_is_left_out_stays_said_and_what_cannot_be_added_is_marked_at_once(
    client_of: Callable[[Actor], Browser], people: Cast
) -> None:
    member = client_of(people.member)
    shown = look_at(member, document(("Normal", "Between <us>."), ("Heading 1", "x" * 301), ("Heading 1", "Law")))
    assert "This is too long: at most 300 characters." in shown
    refused = member.post(f"{PAGE}/add", data=fields_of(shown))
    assert (refused.status_code, "at most 300 characters." in refused.text) == (422, True)
    assert "Between &lt;us&gt;." in refused.text
    for broken in ("", "{", '{"a": 1}', "[" * 100_000):
        assert member.post(f"{PAGE}/add", data={**fields_of(shown), "left_out": broken}).status_code == 422
