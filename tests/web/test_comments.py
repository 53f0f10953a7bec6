"""Commenting on pages: marked words, replies, lists, what is kept after a refusal, and scripts that stay in place."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.policy import SYSTEM, Actor
from app.services import administration, items, memberships
from app.uow import Database
from models.items import Item
from tests import wordings
from tests.cast import SLUG, Browser, Cast

ROOM = f"/g/{SLUG}/blueprint"
WORDS = "Partners **share gain** and loss within a corridor."


@pytest.fixture
def agreed(database: Database, people: Cast) -> Item:
    return wordings.agreed(database, people, WORDS, why="Since corridors limit.")


def test_words_are_commented_on_answered_and_resolved(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    observer, member = client_of(people.observer), client_of(people.member)
    page = f"{ROOM}/items/{agreed.id}"
    sent = {"here": "yes", "field": "text", "quote": "gain and loss", "words": f"@{people.member.name} <b>which</b>?"}
    shown = observer.post(f"{page}/comments", data=sent, follow_redirects=True).text
    assert '<mark class="commented">gain</mark></strong><mark class="commented"> and loss</mark>' in shown
    assert f'<strong class="named">@{people.member.name}</strong> &lt;b&gt;which&lt;/b&gt;?' in shown
    assert 'href="#talk-1"' in shown
    assert 'href="#words-1"' in shown
    assert "1 comment" in member.get(ROOM).text
    assert "1 open comment" in member.get(ROOM).text
    assert "Money" in member.get(f"{ROOM}/comments?show=mentions").text
    assert "Nobody has named you" in observer.get(f"{ROOM}/comments?show=mentions").text

    talk = f"{page}/comments/1"
    back = f"{ROOM}/comments?show=mentions"
    answered = member.post(f"{talk}/reply", data={"words": "Both.", "next": back})
    assert (answered.status_code, answered.headers["Location"]) == (303, f"{back}#talk-1")
    elsewhere = member.post(f"{talk}/reply", data={"words": "Both.", "next": "//evil.example"})
    assert elsewhere.headers["Location"] == f"{page}#talk-1"
    resolved = member.post(f"{talk}/resolve", follow_redirects=True).text
    assert f"Resolved by {people.member.name}" in resolved
    assert '<mark class="commented">' not in resolved, "what is settled marks no words"
    assert "Both." in observer.get(f"{ROOM}/comments?show=resolved").text
    assert observer.post(f"{talk}/reopen").status_code == 303
    assert observer.post(f"{talk}/reopen").status_code == 409
    both = member.post(f"{talk}/resolve", data={"words": "So both it is."}, follow_redirects=True).text
    assert "Your reply is kept, and the comment is resolved." in both
    assert "So both it is." in observer.get(f"{ROOM}/comments?show=resolved").text
    assert member.post(f"{talk}/resolve", data={"words": "x" * 100_000}).status_code == 409, "it is resolved already"


@pytest.mark.parametrize("how", ["left", "closed"])
def test_who_calls_somebody_who_has_left_is_told_that_nobody_was_called(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item, database: Database, how: str
) -> None:
    member, page = client_of(people.member), f"{ROOM}/items/{agreed.id}"
    sent = {"field": "text", "words": f"@{people.peer.name.upper()} and @{people.observer.name} and @Nobody: which?"}
    said = f"{people.peer.name} has left, or has no account any more, and is not told."
    called = member.post(f"{page}/comments", data=sent, follow_redirects=True).text
    assert "Your comment is kept." in called
    assert "and is not told" not in called
    with database.writing() as uow:
        rows = memberships.members(uow, people.facilitator, group_id=people.group_id)
        left = next(row for row in rows if row.person_id == people.peer.person_id)
        if how == "closed":
            administration.set_disabled(uow, SYSTEM, person_id=left.person_id, disabled=True)
        else:
            memberships.remove(uow, people.facilitator, group_id=people.group_id, membership_id=left.id)
    sent["words"] += " Again."
    for address in ("comments", "comments/1/reply", "comments/1/said/1", "comments/1/resolve"):
        sent["words"] += "!"
        shown = member.post(f"{page}/{address}", data=sent, follow_redirects=True).text
        assert shown.count(said) == 1, address
        assert shown.count("and is not told") == 1, "who is here, and what nobody is called, is not named"
    sent["words"] += "!"
    answer = member.post(f"{page}/comments", data=sent, headers={"Accept": "application/json"}).json
    assert answer["said"] == f"Your comment is kept. {said}"


def test_what_was_typed_is_kept_when_it_is_refused(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member = client_of(people.member)
    page = f"{ROOM}/items/{agreed.id}"
    sent = {"here": "yes", "field": "why", "quote": "not there", "words": "My <i>long</i> thought."}
    refused = member.post(f"{page}/comments", data=sent)
    assert refused.status_code == 422
    assert "These words do not stand in the text" in refused.text
    assert "My &lt;i&gt;long&lt;/i&gt; thought." in refused.text
    assert re.search(r'name="field" value="why"', refused.text)
    assert member.post(f"{page}/comments", data={**sent, "quote": "corridors"}).status_code == 303
    empty = member.post(f"{page}/comments/1/reply", data={"words": " "})
    assert (empty.status_code, "Say what you think" in empty.text) == (422, True)
    foreign = client_of(people.peer).post(f"{page}/comments/1/said/1", data={"words": "Mine now."})
    assert (foreign.status_code, "Only who wrote a comment" in foreign.text) == (403, True)
    assert member.post(f"{page}/comments/1/said/1", data={"take_back": "yes"}).status_code == 303
    assert "Taken back by its author." in member.get(page).text


def test_the_dialog_of_the_room_points_at_words_of_a_version(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item, database: Database
) -> None:
    member = client_of(people.member)
    page = f"{ROOM}/items/{agreed.id}"
    form = member.get(f"{page}/comments/new?field=text&version=1&start=11&end=21&quote=share+gain").text
    assert "share gain" in form
    sent = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', form)) | {"words": "How?"}
    assert {sent["version"], sent["start"], sent["end"]} == {"1", "11", "21"}
    asks = {"Accept": "application/json"}
    done = member.post(f"{page}/comments", data=sent, headers=asks)
    assert done.json == {"said": "Your comment is kept.", "item": agreed.id, "undo": None}
    with database.reading() as uow:
        document = items.entry_of(uow, people.member, agreed.id).documents
    text = next(each for field, each in document.items() if field.value == "text")
    assert member.get(f"{ROOM}/documents/{text.id}/anchors?version=1").json == {"version": 1, "places": [[1, 11, 21]]}
    assert member.get(f"{ROOM}/documents/{text.id}/anchors?version=9").status_code == 404
    assert member.get(f"{ROOM}/documents/{text.id}/anchors").json["version"] == 1
    wrong = member.post(f"{page}/comments", data={**sent, "words": ""}, headers=asks)
    assert (wrong.status_code, wrong.json["fields"]) == (422, {"words": "Say what you think of these words."})
    said = member.post(f"{page}/comments/1/reply", data={"words": "So."}, headers=asks).json
    assert said == {"said": "Your reply is kept.", "item": None, "undo": None}
    details = member.get(f"{page}/details").text
    assert details.count("data-act") >= 3
    assert "So." in details


def test_suggestions_have_one_list_of_their_own(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member, facilitator = client_of(people.member), client_of(people.facilitator)
    assert "No suggestion waits" in member.get(f"{ROOM}/suggestions").text
    sent = {"field": "text", "version": "1", "text": WORDS.replace("a corridor", "a tight corridor"), "reason": "Why"}
    assert member.post(f"{ROOM}/items/{agreed.id}/suggest", data=sent).status_code == 303
    assert "tight" in member.get(f"{ROOM}/suggestions?show=mine").text
    assert "tight" not in facilitator.get(f"{ROOM}/suggestions?show=mine").text
    listed = facilitator.get(f"{ROOM}/suggestions").text
    assert "Money" in listed
    assert 'name="next"' in listed
    back = f"{ROOM}/suggestions"
    taken = facilitator.post(f"{ROOM}/items/{agreed.id}/suggestions/1/accept", data={"next": back})
    assert taken.headers["Location"] == back
    assert "Accepted" in member.get(f"{ROOM}/suggestions?show=decided").text
