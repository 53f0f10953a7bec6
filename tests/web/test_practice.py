"""The tour on pages: without a script, from the card to the last tick."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask

from app.policy import Actor
from app.services import accounts
from app.uow import Database
from models.accounts import Person
from models.jobs import Job
from tests.cast import SLUG, Browser, Cast
from tests.conftest import SetClock
from tests.rooms import build_hall

HOME = f"/g/{SLUG}/"
TOUR = f"/g/{SLUG}/practice"


def step(page: str, name: str) -> str:
    """What the tour says of one step."""
    found = re.search(rf'<li class="tour__step[^>]*id="step-{name}".*?</li>', page, re.DOTALL)
    assert found is not None, f"{name} is not on the page"
    return found[0]


def leads_to(page: str, name: str) -> str:
    found = re.search(r'href="([^"]+)"', step(page, name))
    assert found is not None
    return found[1]


def test_the_whole_tour_without_a_script(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database, clock: SetClock
) -> None:
    member = client_of(people.member)
    first = member.get(HOME).text
    assert "Practise in five minutes" in first
    clock.advance(minutes=1)
    page = member.get(TOUR).text
    assert "0 of 6 steps done" in page
    assert 'aria-current="step"' in step(page, "write")

    suggest = leads_to(page, "suggest")
    form = member.get(suggest).text
    version = re.search(r'name="version" value="(\d+)"', form)
    assert version is not None
    sent = {"field": "text", "version": version[1], "text": "Letters arrive in 7 days.", "reason": ""}
    assert member.post(suggest, data=sent).status_code == 303
    item = leads_to(page, "comment").partition("?")[0]
    assert re.search(r'<details[^>]* open id="new-comment">', member.get(item).text) is None
    lands = member.get(leads_to(page, "comment")).text
    assert re.search(r'<details[^>]* open id="new-comment">', lands), "one writes where one is led to"
    mark = re.search(r'data-mark="([^"]+)"[^>]* data-src="([^"]+)"', lands)
    assert mark is not None
    assert member.get(mark[2]).json["mark"] == mark[1], "which is not said to have changed"
    assert member.post(f"{item}/comments", data={"field": "text", "words": "Why so long?"}).status_code in {302, 303}
    asked = member.get(leads_to(page, "reply")).text
    assert "Somebody (invented)" in asked
    assert re.search(r"<details[^>]* open>\s*<summary><svg.{,300}</svg><span>Reply<", asked), "one answers at once"
    assert re.search(r'<details[^>]* open id="new-comment">', asked) is None
    mark = re.search(r'data-mark="([^"]+)"[^>]* data-src="([^"]+)"', asked)
    assert mark is not None
    assert member.get(mark[2]).json["mark"] == mark[1]
    reply = re.search(r'action="([^"]+/reply)"', asked)
    assert reply is not None
    assert f'id="{leads_to(page, "reply").partition("#")[2]}"' in asked, "its field is where one lands"
    assert member.post(reply[1], data={"words": "The person at home."}).status_code in {302, 303}
    assert member.post(reply[1].replace("/reply", "/resolve")).status_code in {302, 303}
    again = member.get(leads_to(member.get(TOUR).text, "reply")).text
    assert re.search(r'<details[^>]* open id="resolved-comments">', again), "it is found where it is resolved too"

    vote = leads_to(page, "answer")
    refused = member.post(vote, data={"choice": "no", "reason": ""})
    assert (refused.status_code, "Say what change would let you live with it" in refused.text) == (422, True)
    assert "Choose one of the three answers" in member.post(vote, data={"reason": "Kept words"}).text
    assert "Kept words" in member.post(vote, data={"reason": "Kept words"}).text
    answered = member.post(vote, data={"choice": "no", "reason": "Too long"}, follow_redirects=True).text
    assert "Your answer is saved." in answered
    assert "Too long" in member.get(vote).text
    assert "Too long" not in client_of(people.peer).get(vote).text

    assert leads_to(page, "look") == f"{HOME}?tour=look#since"
    assert "Done" not in step(member.get(TOUR).text, "look")
    looked_at = member.get(f"{HOME}?tour=look").text
    assert "You have taken 4 of 6 steps" in looked_at
    assert "Back to the tour" in looked_at
    page = member.get(TOUR).text
    assert "5 of 6 steps done" in page
    assert "That is all" not in page
    page = member.post(f"{TOUR}/steps", data={"step": "write"}, follow_redirects=True).text
    assert "Left out" in step(page, "write")
    assert "You have come to the end" in page
    assert "New to writing together?" not in member.get(HOME).text
    page = member.post(f"{TOUR}/steps", data={"step": "write", "out": "no"}, follow_redirects=True).text
    assert "5 of 6 steps done" in page
    assert "You have come to the end" not in page
    assert member.post(f"{TOUR}/steps", data={"step": "dance"}).status_code == 422


def test_a_card_is_put_away_and_the_menu_still_leads_there(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    member = client_of(people.member)
    gone = member.post(f"{TOUR}/away", follow_redirects=True).text
    assert "Put away." in gone
    assert "New to writing together?" not in member.get(HOME).text
    assert f'href="{TOUR}"' in member.get(HOME).text
    assert "New to writing together?" in client_of(people.peer).get(HOME).text
    assert "New to writing together?" not in client_of(people.panel_manager).get(HOME).text
    assert "Practise in five minutes" in member.get("/help").text


def test_the_ground_says_what_it_is_and_has_no_way_into_what_counts(
    client_of: Callable[[Actor], Browser], people: Cast
) -> None:
    facilitator = client_of(people.facilitator)
    ground = leads_to(facilitator.get(TOUR).text, "write").partition("#")[0]
    page = facilitator.get(ground).text
    assert "Practice: nothing here counts." in page
    assert f'href="{TOUR}">Back to the tour' in page
    item = facilitator.get(leads_to(facilitator.get(TOUR).text, "reply")).text
    for words in ("Download", "Add from Word", "Choose several", "Give it as homework", "Add evidence", "Sessions"):
        assert words not in page + item, words
    assert "Practice: nothing here counts." not in facilitator.get(HOME).text
    assert ground.split("/")[2] not in facilitator.get("/").text
    assert "practice." not in client_of(people.administrator).get("/admin/").text


def test_start_afresh_is_offered_to_whom_it_is_open(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    member, peer, observer = (client_of(who) for who in (people.member, people.peer, people.observer))
    page = member.get(TOUR).text
    item = leads_to(page, "comment").partition("?")[0]
    member.post(f"{item}/comments", data={"field": "text", "words": "Why so long?"})
    assert f'action="{TOUR}/afresh"' in member.get(TOUR).text
    shown = peer.get(TOUR).text
    assert f'action="{TOUR}/afresh"' not in shown
    assert "so can you when nobody else has been there for half an hour" in shown
    assert "half an hour" not in observer.get(TOUR).text
    refused = peer.post(f"{TOUR}/afresh")
    assert (refused.status_code, "Somebody else is practising here just now" in refused.text) == (409, True)
    assert observer.post(f"{TOUR}/afresh").status_code == 403
    done = client_of(people.facilitator).post(f"{TOUR}/afresh", follow_redirects=True).text
    assert "is as it was in the beginning" in done
    assert "No comment is open." in member.get(item).text


def test_a_role_without_a_vote_is_told_so(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    observer = client_of(people.observer)
    assert 'id="step-answer"' not in observer.get(TOUR).text
    answer = observer.get(f"{TOUR}/vote")
    assert (answer.status_code, "has no vote" in answer.text) == (403, True)
    assert observer.post(f"{TOUR}/vote", data={"choice": "yes"}).status_code == 403


def test_the_wall_shows_the_address_and_its_picture(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    page = client_of(people.facilitator).get(f"{TOUR}/together").text
    assert f"{TOUR}</p>" in page
    assert "QR code of this address" in page


def test_an_invitation_says_where_to_practise(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database
) -> None:
    form = {"email": "new@example.org", "name": "New", "role": "member", "constituency": "Legal"}
    assert client_of(people.facilitator).post(f"{HOME}people/invite", data=form).status_code == 302
    with database.reading() as uow:
        (mail,) = uow.session.query(Job).all()
    assert f"{database.settings.base_url}{TOUR}" in str(mail.payload)


def test_a_session_that_waits_leads_there_but_not_its_guests(
    client_of: Callable[[Actor], Browser], database: Database, app: Flask
) -> None:
    hall = build_hall(database)
    hall.open("Ana")
    there = f"/g/{hall.slug}/practice"
    session = f"/g/{hall.slug}/sessions/{hall.meeting_id}"
    assert f'href="{there}/together"' in client_of(hall.who["Fay"]).get(f"{session}/console").text
    room = client_of(hall.who["Ana"]).get(f"{session}/room").text
    assert "While you wait: practise writing together" in room
    assert client_of(hall.who["Ana"]).get(there).status_code == 200
    gus = hall.guest("Gus Guest", "Industry")
    guest = app.test_client()
    assert isinstance(guest, Browser)
    with database.writing() as uow:
        guest.enter(accounts.start_sign_in(uow, uow.session.get_one(Person, gus.person_id), device="test"))
    page = guest.get(f"{session}/room")
    assert (page.status_code, "practise" in page.text) == (200, False)
    assert guest.get(there).status_code == 403
