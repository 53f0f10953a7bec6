"""The glossary on pages: from its first term to where the words of items show what it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.policy import Actor
from app.services import accounts, decisions, glossary, items, polls
from app.services.glossary import TermForm
from app.uow import Database
from models.accounts import Person
from models.items import Item, Kind, Status
from models.polls import Choice, Outcome
from tests.cast import Browser, Cast, counting, make_cast
from tests.rooms import build_hall

PAGE = "/g/north-vale/glossary"
ROOM = "/g/north-vale/blueprint"
LEAD = {"name": "Lead provider", "definition": "The one that *answers* for all.", "forms": "LP\r\nlead providers"}


@pytest.fixture
def cast(database: Database) -> Cast:
    return make_cast(database)


@pytest.fixture
def item(database: Database, cast: Cast) -> Item:
    with database.writing() as uow:
        return items.add_item(
            uow, cast.member, group_id=cast.group_id, kind=Kind.ELEMENT, title="The LP", status=Status.DRAFT,
            text="Ask the lead provider.", why="An LP knows.", summary="LP",
        )  # fmt: skip


def post(browser: Browser, where: str = "/add", **more: Any) -> Any:
    return browser.post(f"{PAGE}{where}", data={**LEAD, **more})


def test_from_the_empty_page_to_words_that_say_what_they_mean(
    client_of: Callable[[Actor], Browser], cast: Cast, item: Item
) -> None:
    member, observer = client_of(cast.member), client_of(cast.observer)
    assert "Define the first term" in member.get(PAGE).text
    assert "Define the first term" not in observer.get(PAGE).text
    assert f'href="{PAGE}"' in member.get(ROOM).text
    refused = post(member, definition="")
    assert (refused.status_code, "Say in plain words what the group means by it" in refused.text) == (422, True)
    assert "lead providers" in refused.text
    assert post(observer).status_code == 403
    assert post(member).status_code == 303
    shown = observer.get(PAGE).text
    assert "The one that <em>answers</em> for all." in shown
    assert re.search(rf'Used in</span> <a href="{ROOM}/items/{item.id}"[^>]*>E1</a>', shown)
    assert "Defined by Member Invented" in shown

    term = f'<a class="term" href="{PAGE}#term-1" data-term="Lead provider" title="The one that answers for all.">'
    page = observer.get(f"{ROOM}/items/{item.id}").text
    assert f"{term}lead provider</a>" in page
    assert f"{term}LP</a> knows" in page
    assert page.count('class="term"') == 3
    assert f"{term}lead provider</a>" in observer.get(ROOM).text
    assert page.count("<h1>The LP</h1>") == 1
    assert f"{term}LP</a> knows" in observer.get(f"{ROOM}/items/{item.id}/details").text
    assert 'class="term"' not in member.get(f"{ROOM}/items/{item.id}/editor").text.split("item__editor", 1)[1]


def test_a_changed_definition_changes_the_stamp_of_the_cards_that_use_it(
    client_of: Callable[[Actor], Browser], cast: Cast, item: Item, database: Database
) -> None:
    browser = client_of(cast.member)
    with database.writing() as uow:
        items.add_item(
            uow, cast.member, group_id=cast.group_id, kind=Kind.ELEMENT, title="Other", text="Nothing of it.",
            status=Status.DRAFT,
        )  # fmt: skip

    def stamps() -> list[str]:
        return re.findall(r'data-stamp="([^"]+)"', browser.get(f"{ROOM}/outline").text)

    first = stamps()
    post(browser)
    second = stamps()
    post(browser, "/1", definition="Otherwise.", number="1")
    third = stamps()
    assert len({first[0], second[0], third[0]}) == 3
    assert first[1] == second[1] == third[1]


def test_the_second_of_two_sees_both_texts(client_of: Callable[[Actor], Browser], cast: Cast) -> None:
    mine, theirs = client_of(cast.member), client_of(cast.peer)
    post(mine)
    assert post(theirs, "/1", definition="Peer's words.", number="1").status_code == 303
    refused = post(mine, "/1", definition="Member's words.", number="1")
    assert refused.status_code == 409
    assert "Somebody else has changed “Lead provider” meanwhile" in refused.text
    assert "Peer&#39;s words." in refused.text or "Peer's words." in refused.text
    assert re.search(r"<textarea[^>]*>\s*Member&#39;s words.", refused.text)
    number = re.search(r'name="number" value="(\d+)"', refused.text)
    assert number is not None
    assert post(mine, "/1", definition="Member's words.", number=number[1]).status_code == 303
    story = mine.get(f"{PAGE}/1").text
    assert [word in story for word in ("Wording 2", "Wording 1", "<ins>", "<del>")] == [True] * 4


def test_withdrawn_restored_and_foreign(client_of: Callable[[Actor], Browser], cast: Cast, item: Item) -> None:
    member = client_of(cast.member)
    post(member)
    assert member.post(f"{PAGE}/1/withdraw").status_code == 303
    assert 'class="term"' not in member.get(f"{ROOM}/items/{item.id}").text
    listed = member.get(PAGE).text
    assert f'action="{PAGE}/1/restore"' in listed
    refused = post(member, "/1", definition="Late words.", number="1")
    assert (refused.status_code, "Late words." in refused.text) == (409, True)
    post(member, name="Prime", forms="LP")
    again = member.post(f"{PAGE}/1/restore")
    assert (again.status_code, "by now, under “Prime”" in again.text) == (409, True)
    member.post(f"{PAGE}/2/withdraw")
    assert member.post(f"{PAGE}/1/restore").location.endswith("#term-1")
    stranger = client_of(cast.stranger)
    assert stranger.get("/g/south-vale/glossary/1").status_code == 404
    assert stranger.get(PAGE).status_code == 404


def test_an_item_page_takes_one_query_more_for_any_number_of_terms(
    client_of: Callable[[Actor], Browser], cast: Cast, item: Item, database: Database
) -> None:
    browser = client_of(cast.member)
    page = f"{ROOM}/items/{item.id}"

    def cost() -> list[str]:
        browser.get(page)
        with counting(database) as sent:
            browser.get(page)
        return [each for each in sent if "FROM term" in each]

    assert len(cost()) == 1
    with database.writing() as uow:
        for number in range(20):
            glossary.define(uow, cast.member, group_id=cast.group_id, form=TermForm(f"Term {number}", "x"))
    assert len(cost()) == 1


def test_the_room_explains_its_words_on_the_spot(
    client_of: Callable[[Actor], Browser], app: Flask, database: Database
) -> None:
    """Nobody need leave it, and a guest, to whom the glossary's page is closed, reads the same."""
    hall = build_hall(database)
    hall.open("Ana")
    guest = hall.guest("Gus Guest", "Industry")
    with database.writing() as uow:
        form = TermForm("leadership", "Deciding *together*.")
        glossary.define(uow, hall.who["Ana"], group_id=hall.group_id, form=form)
        token = accounts.start_sign_in(uow, uow.session.get_one(Person, guest.person_id), device="test")
    visitor = app.test_client()
    assert isinstance(visitor, Browser)
    visitor.enter(token)
    base = f"/g/{hall.slug}/sessions/{hall.meeting_id}/room"
    for browser in (client_of(hall.who["Ana"]), visitor):
        shown = browser.get(f"{base}?item={hall.item_id}").text
        assert '<a class="term" href="#term-1"' in shown
        assert '<div id="term-1">' in shown
        assert "Deciding <em>together</em>." in shown
    assert visitor.get(f"/g/{hall.slug}/glossary").status_code == 403


def test_a_term_of_agreed_words_is_changed_with_a_reason_and_kept_by_two_sides(
    client_of: Callable[[Actor], Browser], database: Database
) -> None:
    hall = build_hall(database)
    hall.open("Ana")
    form = {"name": "partner", "definition": "Who signed.", "forms": "partners"}
    leo, fay, pat = (client_of(hall.who[name]) for name in ("Leo", "Fay", "Pat"))
    home = f"/g/{hall.slug}"
    assert leo.post(f"{home}/glossary/add", data=form).status_code == 303
    [page] = re.findall(rf"{home}/glossary/\d+", leo.get(f"{home}/glossary").text)[:1]
    assert "Save the new definition" in leo.get(page).text
    with database.writing() as uow:
        poll = polls.open_poll(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)
        polls.vote(uow, hall.who["Ana"], poll_id=poll.id, choice=Choice.YES)
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll.id)
        decisions.record_decision(
            uow, hall.who["Fay"], poll_id=poll.id, outcome=Outcome.AGREED, sentence="So be it."
        )  # fmt: skip

    shown = leo.get(page).text
    assert "is agreed and uses this term, so what it means is part of what was agreed" in shown
    assert "Save the new definition" not in shown
    assert "Withdraw" not in shown
    other = {**form, "definition": "Whoever is paid.", "number": "1"}
    refused = leo.post(page, data=other)
    assert (refused.status_code, "Whoever is paid." in refused.text) == (403, True)
    assert "A facilitator can change it" in refused.text

    refused = fay.post(page, data=other)
    assert (refused.status_code, "Whoever is paid." in refused.text) == (422, True)
    assert "C1.1 is agreed and uses “partner”: say why, for those who agreed" in refused.text
    gone = fay.post(f"{page}/withdraw", data={"reason": "x" * 501})
    assert (gone.status_code, "Say why in at most 500 characters" in gone.text) == (422, True)
    assert fay.post(page, data={**other, "reason": "Counsel asked."}).status_code == 303

    shown = leo.get(page).text
    assert "Why: Counsel asked." in shown
    assert "A decision shows as changed since" in shown
    assert "C1.1, decision 1" in shown
    for where in (
        f"{home}/blueprint",
        f"{home}/blueprint/items/{hall.item_id}",
        f"{home}/",
        f"{home}/sessions/decisions",
    ):
        assert "hanged since decided" in fay.get(where).text, where
    page_of_decision = fay.get(f"{home}/sessions/decisions/1").text
    assert "What “partner” means" in page_of_decision
    assert "Who signed." in page_of_decision.split("What its terms meant")[1]
    said = leo.post(f"{page}/unchanged", follow_redirects=True).text
    assert "Somebody who speaks for another side has to confirm it too." in said
    assert "Confirmed so far by: Leo Lawyer" in said
    assert client_of(hall.who["Ola"]).post(f"{page}/unchanged").status_code == 403
    assert (
        "Two sides have confirmed it: the decision stands." in pat.post(f"{page}/unchanged", follow_redirects=True).text
    )
    assert "shows as changed since" not in leo.get(page).text
    assert pat.post(f"{page}/unchanged").status_code == 409
    assert "Minor correction since" in fay.get(f"{home}/sessions/decisions").text
