"""Homework on pages: from the facilitator's form to the member's answer to the session's page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest

from app.policy import Actor
from app.services import homework, items, meetings, notifications, outline
from app.uow import Database
from models.items import Kind as ItemKind
from models.notifications import Kind
from tests.cast import Browser
from tests.conftest import SetClock
from tests.rooms import Hall, build_hall


@pytest.fixture
def hall(database: Database) -> Hall:
    return build_hall(database)


def test_from_the_form_to_the_session(client_of: Callable[[Actor], Browser], hall: Hall) -> None:
    fay, ana = client_of(hall.who["Fay"]), client_of(hall.who["Ana"])
    base = f"/g/{hall.slug}"
    item, session = f"{base}/blueprint/items/{hall.item_id}", f"{base}/sessions/{hall.meeting_id}"
    room = f"{base}/sessions/homework"
    assert f"{room}?item={hall.item_id}#give" in fay.get(item).text
    assert f"{room}?meeting={hall.meeting_id}#give" in fay.get(session).text
    assert "Give homework" not in ana.get(room).text
    form = {"item_id": str(hall.item_id), "asked": "Kept words", "due_on": "", "meeting_id": str(hall.meeting_id)}
    refused = fay.post(room, data=form)
    assert (refused.status_code, "Kept words" in refused.text) == (422, True)
    assert "Choose one to 100 people of the list" in refused.text
    sent = {**form, "due_on": "2026-03-20", "people": str(hall.who["Ana"].person_id)}
    assert "The homework is given" in fay.post(room, data=sent, follow_redirects=True).text

    first = ana.get(f"{base}/").text
    assert "My homework" in first
    assert "Kept words" in first
    assert "Nobody replied" in fay.get(session).text
    missing = ana.post(f"{room}/1/reply", data={"ready": "no", "words": ""})
    assert (missing.status_code, "Say in a sentence what is missing" in missing.text) == (422, True)
    said = {"ready": "no", "words": "Figures are missing", "next": f"{base}/"}
    answer = ana.post(f"{room}/1/reply", data=said)
    assert answer.location == f"{base}/"
    assert "You said: not ready" in ana.get(f"{base}/").text
    for page in (item, session, room):
        shown = fay.get(page).text
        assert "Not ready" in shown
        assert "Figures are missing" in shown
    first = ana.get(f"{base}/").text
    assert "A sentence for the session (optional)" in first
    long = {"ready": "yes", "words": "x" * 501}
    refused = ana.post(f"{room}/1/reply", data=long)
    assert (refused.status_code, 'href="#ready-words-1"' in refused.text) == (422, True)
    assert re.search(r'<input[^>]* id="ready-words-1"[^>]* value="x{501}"', refused.text), "handed back where it was"
    refused = ana.post(f"{room}/1/reply", data={**long, "here": str(hall.item_id)})
    assert (refused.status_code, 'href="#ready-words-1"' in refused.text) == (422, True)
    said = {"ready": "yes", "words": "Two variants, A is mine", "next": "//evil.example"}
    assert ana.post(f"{room}/1/reply", data=said).location == room
    assert 'value="Two variants, A is mine"' in ana.get(f"{base}/").text, "to be put otherwise"
    for page in (item, session, room):
        shown = fay.get(page).text
        assert "Ready" in shown
        assert "“Two variants, A is mine”" in shown
    fay.post(f"{room}/1/take-back")
    assert "My homework" not in ana.get(f"{base}/").text
    late = ana.post(f"{room}/1/reply", data={"ready": "yes", "words": "Mine are on one page"})
    assert (late.status_code, "This homework was taken back" in late.text) == (409, True)
    assert re.search(r"What you had written.*?<textarea[^>]*>\s*Mine are on one page</textarea>", late.text, re.DOTALL)


def test_the_form_offers_sessions_that_can_be_chosen_and_says_which_is_the_next(
    client_of: Callable[[Actor], Browser], hall: Hall
) -> None:
    fay, room = client_of(hall.who["Fay"]), f"/g/{hall.slug}/sessions/homework"

    def offered(query: str = "") -> list[str]:
        page = fay.get(f"{room}{query}").text.partition('name="meeting_id"')[2].partition("</select>")[0]
        return re.findall(r"<option[^>]*>([^<]+)</option>", page)

    assert offered() == ["The next one: session 1", "Session 1, 2 March 2026: Partnership"]
    with hall.database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
        meetings.cancel(uow, hall.who["Fay"], meeting_id=hall.meeting_id, reason="The hall is shut.")
    assert offered(f"?meeting={hall.meeting_id}") == ["The next one"], "what is cancelled is refused"
    assert "Give homework for this session" not in fay.get(f"/g/{hall.slug}/sessions/{hall.meeting_id}").text


def test_a_session_that_was_not_held_is_not_offered_and_a_form_comes_where_it_is_asked_for(
    client_of: Callable[[Actor], Browser], hall: Hall, clock: SetClock
) -> None:
    fay, room = client_of(hall.who["Fay"]), f"/g/{hall.slug}/sessions/homework"
    for asked in ("One", "Two"):
        fay.post(room, data={"item_id": str(hall.item_id), "asked": asked, "due_on": "2026-03-20",
                             "meeting_id": "", "people": str(hall.who["Ana"].person_id)})  # fmt: skip
    page = fay.get(room).text
    leo = f'value="{hall.who["Leo"].person_id}"'
    assert ('name="was"' in page, page.partition('id="homework-1"')[2].count(leo)) == (False, 0)
    assert f'href="{room}?change=2#homework-2"' in page
    assert "Session 1, 2 March 2026" in page
    page = fay.get(f"{room}?change=2").text.partition('id="homework-1"')[2]
    assert ('id="due_on-2"' in page, page.count('name="was"'), leo in page) == (True, 1, True)
    clock.advance(days=1)
    assert "Session 1, 2 March 2026" not in fay.get(room).text


def test_homework_that_has_nobody_is_said_and_given_to_somebody_else(
    client_of: Callable[[Actor], Browser], hall: Hall
) -> None:
    fay, base = client_of(hall.who["Fay"]), f"/g/{hall.slug}"
    room, ana, leo = f"{base}/sessions/homework", hall.who["Ana"].person_id, hall.who["Leo"].person_id
    given = {"item_id": str(hall.item_id), "asked": "Prepare it", "due_on": "2026-03-20", "people": str(ana)}
    fay.post(room, data=given)
    people = fay.get(f"{base}/people").text
    row = re.search(r"/people/(\d+)/remove", people[people.index("Ana Acute") :])
    assert row is not None
    said = fay.post(f"{base}/people/{row[1]}/remove", follow_redirects=True).text
    link = f'<a href="{room}?change=1#homework-1">C1.1</a>'
    assert f"This homework has nobody now: {link}. Give it to somebody else." in said
    page = fay.get(room).text
    assert "Nobody has it now" in page
    refused = fay.post(f"{room}/1/change", data={"due_on": "2026-03-19"})
    assert (refused.status_code, 'href="#people-1"' in refused.text) == (422, True)
    assert re.search(r'id="due_on-1"[^>]*value="2026-03-19"|value="2026-03-19"[^>]*id="due_on-1"', refused.text)
    fay.post(f"{room}/1/change", data={"due_on": "2026-03-19", "people": str(leo)})
    assert "Prepare it" in client_of(hall.who["Leo"]).get(f"{base}/").text
    page = fay.get(room).text
    assert ("Nobody has it now" in page, "Due on 19 March 2026" in page) == (False, True)


def test_much_homework_that_has_nobody_is_said_in_one_short_sentence(
    client_of: Callable[[Actor], Browser], hall: Hall
) -> None:
    fay, base, ana = client_of(hall.who["Fay"]), f"/g/{hall.slug}", hall.who["Ana"].person_id or 0
    with hall.database.writing() as uow:
        for number in range(60):
            item = items.add_item(
                uow, hall.who["Fay"], group_id=hall.group_id, kind=ItemKind.ELEMENT, title=f"{number}"
            )
            homework.give(
                uow, hall.who["Fay"], group_id=hall.group_id, item_id=item.id, asked="Write", due_on=date(2026, 3, 20),
                person_ids=[ana],
            )  # fmt: skip
        outline.withdraw_item(uow, hall.who["Fay"], item_id=item.id)
    people = fay.get(f"{base}/people").text
    row = re.search(r"/people/(\d+)/remove", people[people.index("Ana Acute") :])
    assert row is not None
    answer = fay.post(f"{base}/people/{row[1]}/remove")
    assert max(len(cookie) for cookie in answer.headers.getlist("Set-Cookie")) < 4_000, "browsers keep no more"
    said = fay.get(f"{base}/people").text
    assert f'<a href="{base}/sessions/homework">and 50 more</a>. Give it to somebody else.' in said
    assert said.count("homework?change=") == 10


def test_who_is_made_observer_answers_no_homework_and_the_page_says_what_has_nobody(
    client_of: Callable[[Actor], Browser], hall: Hall
) -> None:
    fay, ana, base = client_of(hall.who["Fay"]), client_of(hall.who["Ana"]), f"/g/{hall.slug}"
    room, item = f"{base}/sessions/homework", f"{base}/blueprint/items/{hall.item_id}"
    given = {"item_id": str(hall.item_id), "asked": "Prepare it", "due_on": "2026-03-20",
             "people": str(hall.who["Ana"].person_id)}  # fmt: skip
    fay.post(room, data=given)
    ana.post(f"{room}/1/reply", data={"ready": "no", "words": "Figures are missing"})
    people = fay.get(f"{base}/people").text
    row = re.search(r"/people/(\d+)/remove", people[people.index("Ana Acute") :])
    assert row is not None
    said = fay.post(f"{base}/people/{row[1]}", data={"role": "observer"}, follow_redirects=True).text
    link = f'<a href="{room}?change=1#homework-1">C1.1</a>'
    assert f"Changed: Ana Acute. This homework has nobody now: {link}. Give it to somebody else." in said
    for page in (room, item, f"{base}/"):
        shown = ana.get(page).text
        assert "homework/1/reply" not in shown, "no form that would be refused"
        assert ('Figures are missing” <span class="soft">(is asked no more)' in shown) is (page != f"{base}/")


def test_a_change_from_a_page_opened_before_says_that_the_day_is_another_now(
    client_of: Callable[[Actor], Browser], hall: Hall
) -> None:
    fay, room = client_of(hall.who["Fay"]), f"/g/{hall.slug}/sessions/homework"
    leo = str(hall.who["Leo"].person_id)
    given = {"item_id": str(hall.item_id), "asked": "Prepare it", "due_on": "2026-03-20",
             "people": str(hall.who["Ana"].person_id)}  # fmt: skip
    fay.post(room, data=given)

    def save(day: str, was: str, **more: str) -> str:
        return fay.post(f"{room}/1/change", data={"due_on": day, "was": was, **more}, follow_redirects=True).text

    def was(page: str) -> list[str]:
        return re.findall(r'name="was" value="([^"]*)"', page)

    assert was(fay.get(f"{room}?change=1").text) == ["2026-03-20"]
    assert "Nothing was changed." in save("2026-03-20", "2026-03-20")
    assert "The homework is changed. Its people are told." in save("2026-03-10", "2026-03-20")
    refused = save("2026-03-25", "2026-03-20", people=leo)
    assert "It is due 10 March 2026 now." in refused
    assert was(refused) == ["2026-03-10"]
    assert re.search(rf'<input[^>]*value="{leo}"[^>]* checked', refused), "who was chosen stays chosen"
    refused = save("2026-03-20", "2026-03-20", people="987654")
    assert was(refused) == ["2026-03-20"], "the page still shows what was typed"


def test_who_leaves_the_group_lands_on_a_page_that_says_so(client_of: Callable[[Actor], Browser], hall: Hall) -> None:
    ana, people = client_of(hall.who["Ana"]), f"/g/{hall.slug}/people"
    own = re.search(r"/people/(\d+)/remove", ana.get(people).text)
    assert own is not None
    left = ana.post(f"{people}/{own[1]}/remove", follow_redirects=True)
    assert (left.status_code, left.request.path) == (200, "/")
    assert "You have left Northmere (invented). What you wrote stays there." in left.text


def test_a_session_that_is_moved_before_its_homework_is_due_says_so(
    client_of: Callable[[Actor], Browser], hall: Hall
) -> None:
    fay, base = client_of(hall.who["Fay"]), f"/g/{hall.slug}/sessions"
    plan = {"title": "Partnership", "day": "2026-04-01", "at": "09:00", "place": "", "aims": ""}
    asks = "This homework is due only after the session"
    assert asks not in fay.post(f"{base}/{hall.meeting_id}/plan", data=plan, follow_redirects=True).text
    given = {"item_id": str(hall.item_id), "asked": "Prepare it", "due_on": "2026-03-31",
             "people": str(hall.who["Ana"].person_id)}  # fmt: skip
    fay.post(f"{base}/homework", data=given)
    said = fay.post(f"{base}/{hall.meeting_id}/plan", data={**plan, "day": "2026-03-26"}, follow_redirects=True).text
    assert f'The plan is saved. {asks}: <a href="{base}/homework?change=1#homework-1">C1.1</a>.' in said
    assert asks in fay.post(f"{base}/{hall.meeting_id}/announce", follow_redirects=True).text
    fay.post(f"{base}/homework/1/change", data={"due_on": "2026-03-26"})
    assert asks not in fay.post(f"{base}/{hall.meeting_id}/plan", data=plan, follow_redirects=True).text


def test_an_answer_after_the_day_it_was_due_says_when(
    client_of: Callable[[Actor], Browser], hall: Hall, clock: SetClock
) -> None:
    fay, leo, base = client_of(hall.who["Fay"]), client_of(hall.who["Leo"]), f"/g/{hall.slug}/sessions"
    given = {"item_id": str(hall.item_id), "asked": "Prepare it", "due_on": "2026-03-02",
             "people": [str(hall.who[name].person_id) for name in ("Ana", "Leo")]}  # fmt: skip
    fay.post(f"{base}/homework", data=given)
    hall.open()
    leo.post(f"{base}/homework/1/reply", data={"ready": "yes", "words": ""})
    clock.advance(days=1)
    ana = client_of(hall.who["Ana"])
    ana.post(f"{base}/homework/1/reply", data={"ready": "yes", "words": "Sorry"})
    page = client_of(hall.who["Fay"]).get(f"{base}/{hall.meeting_id}").text
    assert "Ana Acute: <strong>ready</strong>, on 3 March 2026, after the day it was due, “Sorry”" in page
    assert re.search(r"Leo Lawyer: <strong>ready</strong>\s*</li>", page)


def test_the_room_sees_it_and_a_guest_no_names(client_of: Callable[[Actor], Browser], hall: Hall) -> None:
    fay, leo = client_of(hall.who["Fay"]), client_of(hall.who["Leo"])
    base = f"/g/{hall.slug}/sessions"
    fay.post(
        f"{base}/homework",
        data={"item_id": str(hall.item_id), "asked": "Prepare it", "due_on": "2026-03-20",
              "people": str(hall.who["Ana"].person_id)},
    )  # fmt: skip
    client_of(hall.who["Ana"]).post(f"{base}/homework/1/reply", data={"ready": "yes", "words": "Mind the note"})
    hall.open("Leo")
    hall.advance()
    console = fay.get(f"{base}/{hall.meeting_id}/console").text
    listed = console.partition("<h2>Homework</h2>")[2].partition("</details>")[0]
    assert listed.count("<strong>C1.1</strong> Leadership is shared") == 2, "a reference alone says nothing"
    assert "Ana Acute: <strong>ready</strong>, “Mind the note”" in listed
    shows = 'aria-label="Show: C1.1 Leadership is shared'
    assert (listed.count(shows), "Prepare it" in listed) == (1, True)
    fay.post(f"{base}/{hall.meeting_id}/console/item", data={"item_id": str(hall.item_id)})
    assert shows not in fay.get(f"{base}/{hall.meeting_id}/console").text, "the room is at it already"
    room = leo.get(f"{base}/{hall.meeting_id}/room?item={hall.item_id}").text
    assert "Prepare it" in room
    assert "Ana Acute: <strong>ready</strong>, “Mind the note”" in room


def test_what_was_answered_waits_for_nobody_and_can_be_said_anew(
    client_of: Callable[[Actor], Browser], hall: Hall
) -> None:
    ana, base, who = client_of(hall.who["Ana"]), f"/g/{hall.slug}", hall.who["Ana"].person_id
    given = {"item_id": str(hall.item_id), "asked": "Prepare it", "due_on": "2026-03-20", "people": str(who)}
    assert "Nothing waits for you." in ana.get(f"{base}/").text
    client_of(hall.who["Fay"]).post(f"{base}/sessions/homework", data=given)

    def first() -> tuple[list[str], str]:
        """The headings of what is one's own, and the page."""
        page = ana.get(f"{base}/").text
        own = page.partition('class="overview__mine"')[2].partition('class="overview__group"')[0]
        return re.findall(r"<h2[^>]*>([^<]+)</h2>", own), page

    def reply(**data: str) -> None:
        assert ana.post(f"{base}/sessions/homework/1/reply", data={**data, "next": f"{base}/"}).status_code == 303

    headings, page = first()
    assert headings == ["My homework", "Next session", "My actions"]
    assert "waits for you." not in page, "what was told of it is unread"
    reply(ready="yes", words="A is mine")
    headings, page = first()
    assert headings == ["Next session", "My actions", "My homework that is ready"]
    assert "Nothing waits for you." in page, "and who replied has read what was asked"
    assert "You said it is ready." in page
    assert 'value="A is mine"' in page, "to be put otherwise"
    reply(ready="no", words="Figures are missing")
    headings, page = first()
    assert headings == ["My homework", "Next session", "My actions"]
    assert "You said: not ready" in page
    assert "Nothing else waits for you." in page


def test_nothing_waits_is_not_said_while_something_is_unread(client_of: Callable[[Actor], Browser], hall: Hall) -> None:
    ana = client_of(hall.who["Ana"])
    with hall.database.writing() as uow:
        notifications.tell(
            uow, hall.who["Ana"].person_id, Kind.REPLY, group_id=hall.group_id, item_id=hall.item_id,
            by=hall.who["Leo"], words="answered you on C1.1",
        )  # fmt: skip
    page = ana.get(f"/g/{hall.slug}/").text
    assert "waits for you." not in page
    assert '<a href="/account/notifications">For you: 1 unread</a>' in page
    ana.get(f"/g/{hall.slug}/blueprint/items/{hall.item_id}")
    assert "Nothing waits for you." in ana.get(f"/g/{hall.slug}/").text


def test_searching_leads_to_where_it_stands(client_of: Callable[[Actor], Browser], hall: Hall) -> None:
    fay, ana, base = client_of(hall.who["Fay"]), client_of(hall.who["Ana"]), f"/g/{hall.slug}"
    given = {"item_id": str(hall.item_id), "asked": "Compare the okapi", "due_on": "2026-03-20",
             "people": str(hall.who["Ana"].person_id)}  # fmt: skip
    fay.post(f"{base}/sessions/homework", data=given)
    ana.post(f"{base}/sessions/homework/1/reply", data={"ready": "yes", "words": "The quagga is gone"})
    assert f'href="{base}/sessions/homework#homework-1"' in fay.get(f"{base}/search?q=quagga").text
    with hall.database.writing() as uow:
        outline.withdraw_item(uow, hall.who["Fay"], item_id=hall.item_id)
    found = fay.get(f"{base}/search?q=quagga").text
    assert f'href="{base}/blueprint/items/{hall.item_id}"' in found
    assert "Withdrawn" in found
    with hall.database.writing() as uow:
        outline.restore_item(uow, hall.who["Fay"], item_id=hall.item_id)
    hall.open()
    fay.post(f"{base}/sessions/{hall.meeting_id}/console/close", data={"revision": str(hall.meeting().revision)})
    found = fay.get(f"{base}/search?q=okapi").text
    assert f'href="{base}/sessions/{hall.meeting_id}#homework"' in found
    assert "Came back" in found
