"""The Evidence room over HTTP: adding, refusing, taking back, and whom it is for."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.policy import Actor
from app.services import contracting, items, outline
from app.services.contracting import ModelForm
from app.uow import Database
from models.items import Kind
from tests.cast import Browser, Cast

Door = Callable[[Actor], Browser]


@pytest.fixture
def item_id(database: Database, people: Cast) -> int:
    with database.writing() as uow:
        element = outline.start(uow, people.member, group_id=people.group_id)[0]
        made = items.add_item(
            uow, people.member, group_id=people.group_id, kind=Kind.CRITERION, parent_id=element.id, title="One lead"
        )
        contracting.add_model(uow, people.member, group_id=people.group_id, form=ModelForm("Alliance"))
    return made.id


def _shown(browser: Browser, address: str) -> str:
    page = browser.get(address)
    assert page.status_code == 200, address
    return page.text


def _undo(browser: Browser, page: str) -> str:
    """Press the Undo button of a page; the page it leads to."""
    note = re.search(r'evidence__undo.*?action="([^"]+)"(.*?)</form>', page, re.DOTALL)
    assert note is not None, page
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', note[2]))
    return browser.post(note[1], data=fields, follow_redirects=True).text


def test_a_member_brings_a_source_a_finding_and_a_link_and_takes_them_back(
    client_of: Door, people: Cast, item_id: int
) -> None:
    browser, room = client_of(people.member), f"/g/{people.slug}/evidence"
    assert "No finding yet" in _shown(browser, f"{room}/findings")
    source = {"cite": "Invented A (2015) On leads.", "doi": "", "url": "", "provenance": "seen"}
    added = browser.post(f"{room}/sources/add", data=source)
    assert added.status_code == 303
    source_id = added.location.rsplit("/", 1)[1]
    finding = {"source_id": source_id, "text": "A lead <b>helps</b>.", "page": "12", "strength": "moderate",
               "provenance": "seen", "model_id": "", "stance": ""}  # fmt: skip
    page = browser.post(f"{room}/findings/add", data=finding, follow_redirects=True)
    assert "A lead &lt;b&gt;helps&lt;/b&gt;." in page.text
    finding_id = page.request.path.rsplit("/", 1)[1]

    linked = browser.post(
        f"{room}/items/{item_id}/link", data={"finding_id": finding_id, "relation": "supports", "note": "by analogy"},
        follow_redirects=True,
    )  # fmt: skip
    assert linked.request.path == f"/g/{people.slug}/blueprint/items/{item_id}"
    assert "by analogy" in linked.text
    assert "Depends on untested evidence" not in linked.text
    assert "Nothing has been linked to it yet" in _undo(browser, linked.text)

    gone = browser.post(f"{room}/findings/{finding_id}/withdraw", follow_redirects=True).text
    assert "Withdrawn findings (1)" in gone
    assert "Withdrawn findings" not in _undo(browser, gone)


def test_changes_and_judgements_are_undone_too(client_of: Door, people: Cast, item_id: int) -> None:
    browser, room = client_of(people.member), f"/g/{people.slug}/evidence"
    judged = browser.post(f"{room}/items/{item_id}/judgement", data={"on": "yes"}, follow_redirects=True).text
    assert "Group judgement" in judged
    assert "Group judgement" not in _undo(browser, judged)
    model = re.search(r"/evidence/models/(\d+)", _shown(browser, room))
    assert model is not None
    kept = browser.post(f"{room}/items/{item_id}/models", data={"models": model[1]}, follow_redirects=True).text
    assert f"/evidence/models/{model[1]}" in kept
    assert "keeps" in _shown(browser, f"{room}/matrix")
    _undo(browser, kept)
    card = {"name": "Alliance", "definition": "Several stay separate.", "strength": "low", "used_in": "Here: it works"}
    changed = browser.post(f"{room}/models/{model[1]}/edit", data=card, follow_redirects=True).text
    assert "<dt>Here</dt>" in changed
    assert "<dt>Here</dt>" not in _undo(browser, changed)


def test_what_was_typed_stays_when_it_is_refused(client_of: Door, people: Cast, item_id: int) -> None:
    browser, room = client_of(people.member), f"/g/{people.slug}/evidence"
    for address, fields, sentence in (
        ("sources/add", {"cite": "Kept words", "url": "ftp://x", "provenance": "seen"}, "begins with https"),
        ("sources/add", {"cite": "Kept words", "provenance": "guessed"}, "Choose from the list"),
        ("findings/add", {"text": "Kept words", "strength": "low", "provenance": "seen"}, "Choose the source"),
        ("models/add", {"name": "Alliance", "definition": "Kept words", "strength": "low"}, "of this name already"),
        ("models/add", {"name": "New", "used_in": "Kept words", "strength": "low"}, "as place: what is known"),
    ):
        page = browser.post(f"{room}/{address}", data=fields)
        assert page.status_code == 422, address
        assert sentence in page.text
        assert "Kept words" in page.text


def test_readers_read_and_strangers_find_nothing(client_of: Door, people: Cast, item_id: int) -> None:
    observer, stranger = client_of(people.observer), client_of(people.stranger)
    room = f"/g/{people.slug}/evidence"
    for page in ("", "/findings", "/sources", "/matrix"):
        assert "Add a" not in _shown(observer, room + page)
        assert stranger.get(room + page).status_code == 404
    assert observer.get(f"{room}/findings/add").status_code == 403
    assert observer.post(f"{room}/items/{item_id}/judgement", data={"on": "yes"}).status_code == 403
    # Their own group's address does not open another group's things.
    theirs = f"/g/{people.other_slug}/evidence"
    assert stranger.post(f"{theirs}/items/{item_id}/judgement", data={"on": "yes"}).status_code == 404
    assert stranger.get(f"{theirs}/models/1").status_code == 404
    assert stranger.get(f"{theirs}/items/{item_id}").status_code == 404
