"""Soundings over HTTP: asked, scored without scripts, closed, talked about, scored again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from app.policy import Actor
from app.services import items
from app.uow import Database
from models.items import Kind, Status
from tests.cast import SLUG, Browser, Cast, make_cast

BASE = f"/g/{SLUG}/sessions/soundings"


@pytest.fixture
def people(app: Flask, database: Database) -> Cast:
    app.test_client_class = Browser
    people = make_cast(database)
    with database.writing() as uow:
        for number in range(2):
            items.add_item(
                uow, people.facilitator, group_id=people.group_id, kind=Kind.ELEMENT, title=f"Element {number}",
                text="Some <b>words</b>.", status=Status.DRAFT,
            )  # fmt: skip
    return people


def test_a_group_scores_talks_and_scores_again(people: Cast, client_of: Callable[[Actor], Browser]) -> None:
    lead, member, peer = (client_of(each) for each in (people.facilitator, people.member, people.peer))
    assert "Nothing to score" in member.get(f"{BASE}/").text
    page = lead.get(f"{BASE}/").text
    ids = re.findall(r'name="items" value="(\d+)"', page)
    assert len(ids) == 2
    refused = lead.post(f"{BASE}/", data={"title": "", "items": ids[:1]})
    assert refused.status_code == 422
    assert f'value="{ids[0]}" checked' in refused.text
    assert member.post(f"{BASE}/", data={"title": "Mine", "items": ids}).status_code == 403
    one = lead.post(f"{BASE}/", data={"title": "What matters", "items": ids}).location
    page = member.get(one).text
    assert page.count('type="radio"') == 20
    saved = member.post(
        f"{one}/scores", data={f"score-{ids[0]}": "7", f"score-{ids[1]}": ""}, headers={"X-Autosave": "1"}
    )
    assert saved.get_json()["words"] == "2 of 2"
    wrong = member.post(f"{one}/scores", data={f"score-{ids[0]}": "12"})
    assert wrong.status_code == 422
    assert "Choose a number from 1 to 9" in wrong.text
    assert peer.post(f"{one}/scores", data={f"score-{ids[0]}": "8", f"score-{ids[1]}": "8"}).status_code == 303
    lead.post(f"{one}/scores", data={f"score-{ids[0]}": "9"})
    assert "2 of 3 have scored everything, 3 have begun" in member.get(one).text
    assert "data-go" not in member.get(f"{one}?seen=first").text
    assert lead.post(f"{one}/go-on", data={"seen": "first"}).status_code == 303
    assert "data-go" in member.get(f"{one}?seen=first").text
    page = member.get(one).text
    assert "You gave" in page
    assert "3 of 3 gave a score" in page
    assert "Fewer than 3 gave a score: nothing is shown." in page
    assert "Somebody has gone on already." in lead.get(lead.post(f"{one}/go-on", data={"seen": "first"}).location).text
    closed = member.post(f"{one}/scores", data={f"score-{ids[0]}": "5"})
    assert closed.status_code == 409
    lead.post(f"{one}/go-on", data={"seen": "talk"})
    assert "How the group scored the first time; you gave 7" in member.get(one).text
    for client, value in ((lead, "9"), (member, "8"), (peer, "8")):
        client.post(f"{one}/scores", data={f"score-{ids[0]}": value})
    lead.post(f"{one}/go-on", data={"seen": "second"})
    assert "8 → 8" in member.get(one).text
    assert "7 → 8" in member.get(one).text
    assert client_of(people.stranger).get(one).status_code == 404
    assert "Score, discuss, score again" in client_of(people.observer).get(one).text
