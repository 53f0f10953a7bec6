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
    assert "No soundings yet" in member.get(f"{BASE}/").text
    page = lead.get(f"{BASE}/").text
    ids = re.findall(r'name="items" value="(\d+)"', page)
    assert len(ids) == 2
    refused = lead.post(f"{BASE}/", data={"title": "", "items": ids[:1]})
    assert refused.status_code == 422
    assert f'value="{ids[0]}" checked' in refused.text
    assert member.post(f"{BASE}/", data={"title": "Mine", "items": ids}).status_code == 403
    one = lead.post(f"{BASE}/", data={"title": "What matters", "items": ids}).location
    for place in (f"/g/{SLUG}/", f"/g/{SLUG}/sessions/"):
        assert "You have scored 0 of 2 items." in member.get(place).text
        assert "Soundings that wait for my scores" not in client_of(people.observer).get(place).text
    page = member.get(one).text
    assert page.count('type="radio"') == 20
    assert 'data-state="none"' in page, "nothing was scored yet, so nothing is saved"
    saved = member.post(
        f"{one}/scores", data={f"score-{ids[0]}": "7", f"score-{ids[1]}": ""}, headers={"X-Autosave": "1"}
    )
    assert saved.get_json()["words"] == "2 of 2"
    assert 'data-state="saved"' in member.get(one).text
    for place in (f"/g/{SLUG}/", f"/g/{SLUG}/sessions/"):
        assert "Soundings that wait for my scores" not in member.get(place).text
        assert "You have scored 0 of 2 items." in peer.get(place).text
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
    page = member.get(one).text
    assert "7 → 8" in page
    assert "1 up, 0 down, 2 unchanged" in page
    assert client_of(people.stranger).get(one).status_code == 404
    assert "Soundings" in client_of(people.observer).get(one).text


def zeros(page: str) -> list[tuple[str, str]]:
    """Where the dark line at the centre stands in each picture of a page, by layout."""
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    lines = [re.search(r'<line x1="([\d.]+)"[^>]*stroke-width="1.5"', each) for each in pictures]
    boxes = [re.search(r'viewBox="0 0 (\d+)', each) for each in pictures]
    return [(box[1], line[1]) for box, line in zip(boxes, lines, strict=True) if box and line]


def test_all_pictures_of_a_sounding_have_one_scale(people: Cast, client_of: Callable[[Actor], Browser]) -> None:
    clients = [client_of(each) for each in (people.facilitator, people.member, people.peer)]
    ids = re.findall(r'name="items" value="(\d+)"', clients[0].get(f"{BASE}/").text)
    one = clients[0].post(f"{BASE}/", data={"title": "What matters", "items": ids}).location
    for client, low in zip(clients, "113", strict=True):
        client.post(f"{one}/scores", data={f"score-{ids[0]}": low, f"score-{ids[1]}": "9"})
    clients[0].post(f"{one}/go-on", data={"seen": "first"})
    found = zeros(clients[1].get(one).text)
    assert len(found) == 4, "two items, each wide and narrow"
    assert len(set(found)) == 2, "zero stands at the same place in both"


def test_one_begun_by_mistake_is_renamed_or_discarded(people: Cast, client_of: Callable[[Actor], Browser]) -> None:
    lead, member = client_of(people.facilitator), client_of(people.member)
    ids = re.findall(r'name="items" value="(\d+)"', lead.get(f"{BASE}/").text)
    one = lead.post(f"{BASE}/", data={"title": "What mattress", "items": ids}).location
    assert "Discard this sounding" in lead.get(one).text
    assert "Rename" not in member.get(one).text
    refused = lead.post(f"{one}/name", data={"title": ""})
    assert refused.status_code == 422
    assert "Give it a name" in refused.text
    lead.post(f"{one}/name", data={"title": "What matters"})
    assert "What matters" in member.get(f"{BASE}/").text
    member.post(f"{one}/scores", data={f"score-{ids[0]}": "5"})
    assert "Discard this sounding" not in lead.get(one).text
    kept = lead.post(f"{one}/discard")
    assert kept.status_code == 409
    assert "Somebody has scored" in kept.text
    other = lead.post(f"{BASE}/", data={"title": "A mistake", "items": ids}).location
    assert member.post(f"{other}/discard").status_code == 403
    assert "was discarded" in lead.post(f"{other}/discard", follow_redirects=True).text
    assert lead.get(other).status_code == 404
