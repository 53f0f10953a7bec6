"""A form that is refused at the door gives back what was written into it, and says nothing that is not so."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.policy import Actor
from app.services import signing_in
from app.uow import Database
from models.items import Item
from tests import wordings
from tests.cast import SLUG, Browser, Cast

ROOM = f"/g/{SLUG}/blueprint"
LONG = 'Who pays when <b>"one"</b> partner leaves?\n</textarea><script>and</script> why'


@pytest.fixture
def item(database: Database, people: Cast) -> Item:
    return wordings.agreed(database, people, "Partners share gain and loss.")


def written(page: str) -> list[str]:
    return re.findall(r'<textarea class="input" id="written-\d+"[^>]*readonly[^>]*>\n([^<]*)</textarea>', page)


def test_words_are_given_back_where_a_sign_in_has_ended(
    client_of: Callable[[Actor], Browser], people: Cast, item: Item, database: Database
) -> None:
    browser = client_of(people.member)
    page = f"{ROOM}/items/{item.id}"
    sent = {"here": "yes", "field": "text", "quote": "gain and loss", "words": LONG, "next": "/a page"}
    with database.writing() as uow:
        signing_in.end_sign_ins(uow, people.member.person_id or 0)
    came_from = {"Referer": f"http://localhost{page}?show=all"}
    refused = browser.post(f"{page}/comments", data=sent, headers=came_from)
    assert refused.status_code == 401
    quote, words = written(refused.text)
    assert quote == "gain and loss"
    assert words == LONG.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
    assert "Nothing was saved." in refused.text
    assert "Your browser keeps" not in refused.text
    assert refused.text.count('data-module="copy"') == 2
    door = re.search(r'href="(/sign-in\?next=[^"]+)"', refused.text)
    assert door
    found = browser.get(door[1]).text
    assert f'name="next" value="{page}?show=all"' in found
    posted = browser.post(f"{page}/comments", data=sent, headers={"Referer": f"http://localhost{page}/comments"})
    assert "next=" not in posted.text, "an address that cannot be opened is no way back"
    foreign = browser.post(f"{page}/comments", data=sent, headers={"Referer": f"https://evil.example{page}"})
    assert "next=" not in foreign.text


def test_words_are_given_back_where_the_token_no_longer_fits(
    client_of: Callable[[Actor], Browser], client: Browser, people: Cast, item: Item
) -> None:
    browser = client_of(people.member)
    page = f"{ROOM}/items/{item.id}"
    sent = {"words": LONG, "csrf_token": "of another sign in", "quote": ""}
    refused = browser.post(f"{page}/comments", data=sent, csrf=False, headers={"Referer": f"http://localhost{page}"})
    assert refused.status_code == 400
    assert len(written(refused.text)) == 1
    assert "of another sign in" not in refused.text
    assert "Nothing was saved." in refused.text
    assert f'href="{page}"' in refused.text
    assert people.member.name in refused.text, "the head says who is signed in"
    assert "Your browser keeps" not in refused.text

    gone = client.post(f"{page}/comments", data=sent, csrf=False)
    assert gone.status_code == 401, "without any cookie no token fits, and signing in is what helps"
    assert len(written(gone.text)) == 1
    assert "Sign in to go on" in gone.text


def test_words_that_their_device_keeps_are_said_to_be_there(
    client_of: Callable[[Actor], Browser], client: Browser, people: Cast, item: Item
) -> None:
    older = {"words": LONG, "csrf_token": "another", "kept": "concordat-words:2:/g/north-vale/x:text 0#1.2@1790000"}
    sent = {**older, "is_kept": "yes"}
    for browser, status, when in (
        (client_of(people.member), 400, "when you open the page anew"), (client, 401, "once you have signed in"),
    ):  # fmt: skip
        refused = browser.post(f"{ROOM}/items/{item.id}/comments", data=sent, csrf=False)
        assert (refused.status_code, len(written(refused.text))) == (status, 1)
        assert f"is kept on this device: it stands in its form again {when}." in refused.text
        assert "nowhere else" not in refused.text
        refused = browser.post(f"{ROOM}/items/{item.id}/comments", data=older, csrf=False)
        assert "is kept on this device" not in refused.text, "under that name it may keep what was typed before"


def test_passwords_tokens_and_what_nobody_typed_are_not_shown(client: Browser, people: Cast) -> None:
    sent = {
        "password": "correct horse battery", "current": "horse battery", "api_token": "a b c", "next": "/a b",
        "before": "older notes", "english-0": "their words", "text-3": "a b c", "version": "12", "place": "3",
    }  # fmt: skip
    refused = client.post("/sign-in", data=sent, csrf=False)
    assert refused.status_code == 400
    assert written(refused.text) == []
    assert "horse" not in refused.text
    assert "What you had written" not in refused.text


def test_a_program_reads_the_refusal_alone(client: Browser, people: Cast, item: Item) -> None:
    refused = client.post(
        f"{ROOM}/items/{item.id}/comments", data={"words": LONG}, headers={"Accept": "application/json"}
    )
    assert (refused.status_code, sorted(refused.json)) == (401, ["code", "fields", "message"])
