"""A session in real browsers: twenty people at the door, one vote, and a ballot that nobody else's pressing empties."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Locator, Page, Route, expect

from app.services import (
    decisions,
    descent,
    documents,
    homework,
    items,
    meetings,
    minutes,
    polls,
    stages,
    suggestions,
)
from app.uow import Database
from models.documents import Field
from models.items import Item, Kind
from models.meetings import Meeting, MeetingState
from models.polls import Choice, Outcome, Poll
from tests.cast import enter
from tests.live import LiveServer
from tests.rooms import Hall, build_hall
from tests.typists import until

LAPTOP, PHONE, WALL = ({"width": 1366, "height": 900}, {"width": 390, "height": 844}, {"width": 1920, "height": 1080})
PHONES = 4
TWO_MINUTES = 120
#: What happened in this process the server's does not hear of: the page is looked at again, and asks.
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"


def console_of(server: LiveServer, hall: Hall, context: BrowserContext) -> Page:
    """Fay's console, after she has opened the waiting room."""
    enter(context, server, "fay@example.org")
    page = context.new_page()
    page.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}")
    page.get_by_role("button", name="Open the waiting room").click()
    page.get_by_role("button", name="Open it now").click()  # the hall's session is planned for another day
    page.wait_for_url("**/console")
    return page


def plan_ahead(hall: Hall) -> None:
    """Have the hall's session be to come, by the clock of the server."""
    soon = (datetime.now(UTC) + timedelta(days=7)).replace(hour=9)
    with hall.database.writing() as uow:
        meetings.edit_meeting(
            uow, hall.who["Fay"], meeting_id=hall.meeting_id, title="Partnership", day=soon.date(), at=soon.time(),
            place="Hall", aims=[],
        )  # fmt: skip


def test_a_press_before_the_question_has_come_is_asked_about_all_the_same(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    plan_ahead(hall)
    context = browser_context(viewport=LAPTOP)
    enter(context, server, "fay@example.org")
    page = context.new_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/js/modules/confirm.js", hold)
    with page.expect_request("**/js/modules/confirm.js"):
        page.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}", wait_until="commit")
    page.get_by_role("button", name="Announce to the group").click()
    held[0].continue_()
    expect(page.get_by_role("dialog", name="Announce this session?")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    assert hall.meeting().state is MeetingState.DRAFT


def code_on(page: Page) -> str:
    return page.locator("#join-code").inner_text().replace(" ", "")


@pytest.mark.parametrize("people", [8, pytest.param(20, marks=pytest.mark.long)])
def test_people_join_by_code_within_two_minutes(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext], people: int
) -> None:
    """They come in turns at each of four phones, each with a sign-in of their own; the last four wait there."""
    hall = build_hall(database)
    console = console_of(server, hall, browser_context(viewport=LAPTOP))
    code = code_on(console)
    began = time.monotonic()
    phones = [browser_context(viewport=PHONE).new_page() for _ in range(PHONES)]
    cookies = []
    for number in range(people):
        page = phones[number % PHONES]
        page.context.clear_cookies()
        page.goto(f"{server.url}/join/{code}", wait_until="commit")
        page.get_by_label("Your name").fill(f"Guest {number}")
        page.get_by_label("Organisation").fill("Northmere Council (invented)")
        page.get_by_label("Who I speak for").select_option(index=1 + number % 10)
        page.get_by_role("button", name="Ask to come in").click(no_wait_after=True)
        page.wait_for_url("**/join/waiting", wait_until="commit")
        cookies.append(page.context.cookies())
    everyone = console.get_by_role("button", name=f"Let all {people} in")
    expect(everyone).to_be_visible(timeout=20_000)
    everyone.click()
    for page in phones:
        page.wait_for_url("**/room", wait_until="commit", timeout=20_000)
    for number, kept in enumerate(cookies[:-PHONES]):
        page = phones[number % PHONES]
        page.context.clear_cookies()
        page.context.add_cookies(kept)  # type: ignore[arg-type]  # what cookies() gave
        page.goto(f"{server.url}/join/waiting", wait_until="commit")
        page.wait_for_url("**/room", wait_until="commit", timeout=20_000)
    expect(console.get_by_role("heading", name=f"Here now: {people + 1}")).to_be_visible()
    assert time.monotonic() - began < TWO_MINUTES


def test_a_session_is_run_by_one_button_and_followed_on_phone_and_wall(
    server: LiveServer,
    database: Database,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
) -> None:
    hall = build_hall(database)
    fay = console_of(server, hall, browser_context(viewport=LAPTOP))
    wall = browser_context(viewport=WALL).new_page()
    wall.goto(fay.get_by_role("link", name="Open the projector page").get_attribute("href") or "")
    expect(wall.locator(".screen__code")).to_have_text(f"{code_on(fay)[:3]} {code_on(fay)[3:]}")
    assert_accessible(wall)
    phone = browser_context(viewport=PHONE)
    enter(phone, server, "ana@example.org")
    ana = phone.new_page()
    ana.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/room")
    ana.get_by_role("button", name="I am here").click()
    ana.get_by_role("button", name="New point").click()

    fay.get_by_role("button", name="Start Welcome").click()
    expect(ana.get_by_text("15 minutes left")).to_be_visible()
    expect(wall.locator(".timer__time")).to_contain_text(":")
    expect(fay.get_by_text("new point")).to_be_visible()
    assert_accessible(fay)
    start = fay.get_by_role("button", name="Start Decide")
    box = start.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < LAPTOP["height"], "the main button is above the fold"
    start.click()

    expect(ana.get_by_role("heading", name="Can you live with it?")).to_be_visible()
    assert_accessible(ana)
    ana.get_by_label("No", exact=True).check()
    reason = ana.get_by_label("What change would let you live with it?")
    reason.fill("Name the lead for each")
    fay.get_by_role("button", name="Add a minute").click()
    fay.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/room")
    fay.get_by_label("Yes", exact=True).check()
    fay.get_by_role("button", name="Give my answer").click()
    expect(ana.get_by_text("1 of 2 voted")).to_be_visible()
    expect(wall.get_by_text("1 of 2 voted")).to_be_visible()
    expect(reason).to_have_value("Name the lead for each")
    expect(ana.get_by_label("No", exact=True)).to_be_checked()
    reason.press_sequentially(" pathway")
    ana.get_by_role("button", name="Give my answer").click()
    expect(ana.get_by_text("Your answer is saved").first).to_be_visible()

    fay.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/console")
    assert "pathway" not in fay.content()
    fay.get_by_role("button", name="Close the vote: 2 of 2 voted").click()
    expect(fay.get_by_text("Only facilitators see it")).to_be_visible()
    expect(ana.get_by_text("reads the result")).to_be_visible()
    assert_accessible(fay)
    fay.get_by_role("button", name="Show the result to the room").click()
    expect(fay.get_by_text("Shown to the room")).to_be_visible()
    expect(fay.get_by_role("region", name="What you do next")).to_be_focused()
    fay.get_by_label("Outcome sentence").fill("Not yet: leads are named first.")
    fay.get_by_role("button", name="Record the decision").click()
    expect(fay.get_by_role("region", name="What members see")).to_be_focused()
    expect(wall.get_by_text("Not yet: leads are named first.")).to_be_visible()
    expect(ana.get_by_text("Not yet: leads are named first.")).to_be_visible()
    assert "Name the lead" not in wall.content(), "reasons stay with the people"
    wall.reload()
    expect(wall.get_by_role("heading", name="Decision 1")).to_be_visible()
    assert_accessible(wall)


def test_what_was_refused_on_the_console_is_said_no_longer_at_the_next_stage(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    fay = console_of(server, hall, browser_context(viewport=LAPTOP))
    fay.get_by_text("Note an action").click()
    form = fay.locator("#action-form")
    what = form.get_by_label("What is to be done")
    form.get_by_role("button", name="Note this action").click()
    expect(form.get_by_text("Write what is to be done")).to_be_visible()
    fay.get_by_role("button", name="Start Welcome").click()
    expect(fay.get_by_role("heading", level=1)).to_contain_text("Welcome")
    expect(form.locator(".error-message, [aria-invalid], .field--error")).to_have_count(0)

    what.fill("Write to partners")
    form.get_by_label("By").fill("2020-01-01")
    form.get_by_role("button", name="Note this action").click()
    expect(form.get_by_text("That day is over: choose today or a later day")).to_be_visible()
    fay.get_by_role("button", name="Pause").click()
    expect(form.locator(".error-message, [aria-invalid], .field--error")).to_have_count(0)
    expect(what).to_have_value("Write to partners")

    form.get_by_role("button", name="Note this action").click()
    expect(form.get_by_text("That day is over: choose today or a later day")).to_be_visible()
    with database.writing() as uow:
        stages.pause(uow, hall.who["Fay"], meeting_id=hall.meeting_id, on=False)
        revision = uow.session.get_one(Meeting, hall.meeting_id).revision
        stages.advance(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=revision)
    fay.evaluate(LOOK)
    expect(fay.get_by_role("heading", level=1)).not_to_contain_text("Welcome")
    expect(form.locator(".error-message, [aria-invalid], .field--error")).to_have_count(0)
    expect(what).to_have_value("Write to partners")


def test_what_is_on_its_way_is_sent_once_and_comes_back_when_it_does_not_arrive(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    fay = console_of(server, hall, browser_context(viewport=LAPTOP))
    fay.get_by_text("Note an action").click()
    form = fay.locator("#action-form")
    what = form.get_by_label("What is to be done")
    what.fill("Write to partners")
    form.get_by_label("By").fill("2040-01-01")
    held: list[Route] = []
    address = urlsplit(form.get_attribute("action") or "").path

    def hold(route: Route) -> None:
        held.append(route)

    fay.route(lambda url: urlsplit(url).path == address, hold)
    note = form.get_by_role("button", name="Note this action")
    note.click()
    shown_again(fay)
    note.click()
    assert len(held) == 1
    held[0].abort()
    expect(fay.locator("#toasts")).to_contain_text("nothing was sent")
    expect(what).to_have_value("Write to partners")
    fay.unroute_all()
    note.click()
    expect(what).to_have_value("")


def test_an_answer_that_was_long_on_its_way_does_not_show_again_how_it_was_before(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    fay = console_of(server, hall, browser_context(viewport=LAPTOP))
    source = fay.locator("[data-module~=follow]").evaluate("(element) => new URL(element.dataset.src, location).href")
    held: list[tuple[Route, APIResponse]] = []
    fay.route(lambda url: url == source, lambda route: held.append((route, route.fetch())), times=1)
    fay.evaluate(LOOK)
    until(lambda: bool(fay.title() and held), "the question of before")
    fay.get_by_role("button", name="Start Welcome").click()
    expect(fay.get_by_role("heading", level=1)).to_contain_text("Welcome")
    fay.evaluate("""() => {
      window.heads = [];
      const note = () => window.heads.push(document.querySelector("h1").textContent);
      new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
    }""")
    with fay.expect_response(source):
        held[0][0].fulfill(response=held[0][1])
    # It is asked for anew.
    with fay.expect_response(source):
        pass
    assert all("Welcome" in head for head in fay.evaluate("window.heads"))


def test_who_was_at_a_place_of_the_page_is_told_too_when_the_session_is_over(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    fay = console_of(server, hall, browser_context(viewport=LAPTOP))
    region = fay.locator("[data-module~=follow]").first
    fay.evaluate("location.hash = '#main'")
    region.evaluate("(element) => delete element.dataset.gone")
    source = region.evaluate("(element) => new URL(element.dataset.src, location).href")
    fay.route(lambda url: url == source, lambda route: route.fulfill(status=410))
    with fay.expect_event("domcontentloaded"):
        fay.evaluate(LOOK)


def write_in_the_room(page: Page, server: LiveServer, hall: Hall) -> Locator:
    """The words of C1.1 in the room, open to be written in, with the cursor at their end."""
    page.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/room")
    page.get_by_role("link", name="Write in these words").click()
    words = page.get_by_role("textbox", name="Words of C1.1")
    expect(words).to_be_focused()
    return words


def test_who_writes_in_the_room_keeps_the_words_when_it_turns_elsewhere_and_when_a_vote_begins(
    server: LiveServer,
    database: Database,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
) -> None:
    hall = build_hall(database)
    with database.writing() as uow:
        item = uow.session.get_one(Item, hall.item_id)
        items.add_item(uow, hall.who["Fay"], group_id=hall.group_id, kind=Kind.CRITERION, title="Conflicts are settled",
                       parent_id=item.parent_id, text="Early.")  # fmt: skip
    hall.open("Ana")
    laptop, phone = browser_context(viewport=LAPTOP), browser_context(viewport=PHONE)
    enter(laptop, server, "fay@example.org")
    enter(phone, server, "ana@example.org")
    fay, ana = laptop.new_page(), phone.new_page()
    fay.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/console")
    fay.get_by_role("button", name="Start Welcome").click()
    turn = fay.get_by_label("Turn everyone to")
    turn.select_option(label="C1.1 Leadership is shared")
    fay.locator("#show-item").get_by_role("button", name="Show").click()
    words = write_in_the_room(ana, server, hall)
    ana.keyboard.type(" One.")
    place = "(element) => element.getBoundingClientRect().top"
    before = words.evaluate(place)

    turn.select_option(label="C1.2 Conflicts are settled")
    fay.locator("#show-item").get_by_role("button", name="Show").click()
    ana.keyboard.type(" Two.")
    turned = ana.get_by_role("status").filter(has_text="The group has turned to C1.2.")
    expect(turned).to_be_in_viewport()
    expect(words).to_be_focused()
    ana.keyboard.type(" Three.")
    assert abs(words.evaluate(place) - before) < 2
    assert_accessible(ana)
    expect(ana.locator(".editor")).to_have_attribute("data-save", "saved")
    ana.get_by_role("link", name="Return to group").click()
    expect(ana.get_by_role("heading", name="Conflicts are settled")).to_be_visible()

    turn.select_option(label="C1.1 Leadership is shared")
    fay.locator("#show-item").get_by_role("button", name="Show").click()
    ana.get_by_role("link", name="Write in these words").click()
    expect(words).to_have_text("Partners share leadership. One. Two. Three.")
    expect(words).to_be_focused()
    before = words.evaluate(place)
    with fay.expect_response(lambda response: response.request.method == "POST"):
        fay.get_by_role("button", name="Ask: can you live with C1.1?").click()
    ana.keyboard.type(" Four.")
    expect(ana.get_by_role("status").filter(has_text="A vote on this item has begun.")).to_be_in_viewport()
    expect(ana.get_by_role("link", name="Go to your ballot")).to_have_count(1)
    expect(words).to_be_focused()
    ana.keyboard.type(" Five.")
    assert abs(words.evaluate(place) - before) < 2
    expect(ana.locator("ins")).to_have_text(" Four. Five.")
    assert_accessible(ana)
    ana.get_by_role("button", name="Suggest these words").click()
    expect(words).to_have_text("Partners share leadership. One. Two. Three.")
    expect(words).to_be_focused()
    ana.get_by_role("link", name="Stop writing").click()
    expect(ana.get_by_role("heading", name="Can you live with it?")).to_be_visible()
    with database.reading() as uow:
        [(found, _)] = suggestions.in_group(uow, hall.who["Ana"], group_id=hall.group_id)
    assert found.after == "Partners share leadership. One. Two. Three. Four. Five."


def test_who_writes_in_the_room_goes_on_when_the_item_is_split_and_when_the_session_closes(
    server: LiveServer,
    database: Database,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
) -> None:
    hall = build_hall(database)
    hall.open("Ana", "Leo")
    with database.writing() as uow:
        stages.show_item(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)
    context = browser_context(viewport=PHONE)
    enter(context, server, "ana@example.org")
    ana = context.new_page()
    words = write_in_the_room(ana, server, hall)
    ana.keyboard.type(" One.")
    expect(ana.locator(".editor")).to_have_attribute("data-save", "saved")
    place = "(element) => element.getBoundingClientRect().top"
    before = words.evaluate(place)

    with database.writing() as uow:
        text = documents.documents_of(uow.session, [hall.item_id])[hall.item_id][Field.TEXT]
        at = len("Partners share leadership.")
        descent.split(uow, hall.who["Leo"], item_id=hall.item_id, at=at, version=text.version, title="The rest")
    ana.evaluate(LOOK)
    said = ana.get_by_role("status").filter(has_text="Leo Lawyer has split this item.")
    expect(said).to_be_in_viewport()
    expect(said.get_by_role("link", name="C1.2 The rest")).to_be_visible()
    expect(words).to_have_text("Partners share leadership.")
    expect(words).to_be_focused()
    ana.keyboard.type("torn")
    expect(words).to_have_text("Partners share leadership.")
    assert_accessible(ana)
    on = said.get_by_role("link", name="Write on in C1.2")
    expect(on).to_be_visible()
    on.evaluate("(link) => link.addEventListener('click', (event) => event.preventDefault())")
    on.click()
    assert re.search(r"item=\d+&write=1&caret=\d+$", on.get_attribute("href") or ""), "it leads to where she was"
    # In the words that stay one writes as before, once one has chosen to.
    words.press("Home")
    words.press("End")
    ana.keyboard.type(" Two.")

    with database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    ana.evaluate(LOOK)
    closed = ana.get_by_role("status").filter(has_text="The session has been closed. You can go on writing here.")
    expect(closed).to_be_in_viewport()
    expect(ana.get_by_role("heading", level=1)).to_have_text("This session is closed")
    expect(ana.get_by_role("heading", name="Raise your hand")).to_have_count(0)
    expect(words).to_be_focused()
    ana.keyboard.type(" Three.")
    assert abs(words.evaluate(place) - before) < 2
    expect(ana.locator(".editor")).to_have_attribute("data-save", "saved")
    assert_accessible(ana)
    with database.reading() as uow:
        text = documents.documents_of(uow.session, [hall.item_id])[hall.item_id][Field.TEXT]
    assert text.text == "Partners share leadership. Two. Three."
    ana.get_by_role("link", name="Stop writing").click()
    expect(ana.get_by_role("heading", level=1)).to_have_text("This session is not open")


def test_what_waits_for_one_stands_first_on_a_phone(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    """The group's first page: homework, then the session to come, then what is new; beside it where there is room."""
    hall = build_hall(database)
    plan_ahead(hall)
    with database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
        homework.give(
            uow, hall.who["Fay"], group_id=hall.group_id, item_id=hall.item_id, asked="Write the first words.",
            due_on=uow.now.date(), person_ids=[hall.who["Ana"].person_id or 0],
        )  # fmt: skip

    def places(viewport: dict[str, int]) -> dict[str, tuple[float, float]]:
        context = browser_context(viewport=viewport)
        enter(context, server, "ana@example.org")
        page = context.new_page()
        page.goto(f"{server.url}/g/{hall.slug}/")
        boxes = {name: page.locator(f"#{name}").bounding_box() for name in wanted}
        return {name: (box["x"], box["y"]) for name, box in boxes.items() if box is not None}

    wanted = ["homework", "coming", "since-title", "practise", "mine", "progress"]

    phone = places(PHONE)
    assert sorted(phone, key=lambda name: phone[name][1]) == wanted
    assert phone["homework"][1] < PHONE["height"] / 2
    laptop = places(LAPTOP)
    assert laptop["since-title"][0] < laptop["homework"][0]
    assert abs(laptop["since-title"][1] - laptop["homework"][1]) < 20, "side by side"


def test_a_session_on_paper_begins_and_ends_with_words(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    """Room kept around a page on a screen would be a last sheet without a word."""
    hall = build_hall(database)
    context = browser_context(viewport=LAPTOP)
    enter(context, server, "fay@example.org")
    page = context.new_page()
    page.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/pack")
    page.emulate_media(media="print")
    room = "[getComputedStyle(document.body).minHeight, getComputedStyle(document.querySelector('main')).paddingBottom]"
    assert page.evaluate(f"{room}.map(parseFloat)") == [0, 0]


def test_who_has_minutes_open_sees_that_they_are_approved(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    """One reads, one corrects; a facilitator approves on the page. All three say so, and none offers what is over."""
    hall = build_hall(database)
    hall.open("Ana")
    with database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    pages = {}
    for name, query in (("fay", ""), ("ana", ""), ("pat", "?correct=1")):
        context = browser_context(viewport=LAPTOP)
        enter(context, server, f"{name}@example.org")
        pages[name] = page = context.new_page()
        page.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/minutes{query}")
        page.wait_for_selector('html[data-live="on"]')
    fay, ana, pat = pages.values()
    expect(pat.locator(".cm-content")).to_be_focused()
    expect(ana.get_by_role("link", name="Correct the minutes")).to_be_visible()
    badge = ana.locator(".page-head .tag").inner_text()
    fay.get_by_role("button", name="Approve and lock the minutes").click()
    for page in (fay, ana, pat):
        expect(page.locator(".page-head")).to_contain_text("and locked.")
        expect(page.locator(".page-head .tag")).not_to_have_text(badge)
    for page in (fay, ana):
        expect(page.get_by_role("link", name="Correct the minutes")).to_have_count(0)
        expect(page.get_by_role("button", name="Approve and lock the minutes")).to_have_count(0)
    expect(fay.get_by_text("The minutes are approved and locked.").first).to_be_visible()


def test_words_kept_from_minutes_that_were_approved_stand_where_the_minutes_are_read(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    hall.open("Ana")
    with database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    context = browser_context(viewport=LAPTOP)
    enter(context, server, "ana@example.org")
    ana = context.new_page()
    address = f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/minutes"
    ana.goto(address)
    ana.get_by_role("link", name="Correct the minutes").click()
    words = ana.get_by_role("textbox", name="Minutes of session 1")
    expect(words).to_be_focused()
    ana.keyboard.press("Control+End")
    ana.keyboard.type(" Noted.")
    expect(ana.locator(".editor")).to_have_attribute("data-save", "saved")
    with database.writing() as uow:
        read = minutes.read_minutes(uow, hall.who["Fay"], meeting_id=hall.meeting_id, group_id=hall.group_id).document
        assert read is not None
        minutes.approve_minutes(uow, hall.who["Fay"], meeting_id=hall.meeting_id, version=read.version)
    why = "These minutes are approved and locked."
    ana.keyboard.type(" Too")
    expect(ana.get_by_role("status").filter(has_text=why)).to_be_in_viewport()
    expect(words).to_be_focused()
    ana.keyboard.type(" late.")
    ana.get_by_role("link", name="Done").click()
    kept = ana.get_by_role("region", name="These words are not saved")
    expect(kept).to_contain_text(why)
    expect(kept.get_by_role("textbox")).to_have_value(re.compile(r"Noted\. Too late\.$"))
    ana.reload()
    expect(kept).to_have_count(1)
    kept.get_by_role("button", name="Let go").click()
    expect(kept).to_have_count(0)
    ana.reload()
    expect(ana.locator("article.words")).to_contain_text("Noted.")
    expect(kept).to_have_count(0)


def vote_of_ana(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext], address: str = ""
) -> tuple[Hall, Page]:
    """A vote on C1.1 that Ana has on her screen, with a no, a reason and other words that she has not sent."""
    hall = build_hall(database)
    hall.open("Ana", "Leo")
    hall.advance()
    with database.writing() as uow:
        polls.open_poll(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)
    context = browser_context(viewport=PHONE)
    enter(context, server, "ana@example.org")
    ana = context.new_page()
    ana.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/room{address}")
    ana.wait_for_selector("html[data-ready]")
    ana.get_by_label("No", exact=True).check()
    ana.get_by_label("What change would let you live with it?").fill("Name the lead")
    ana.get_by_text("Write the words you could live with").click()
    ana.get_by_label("The words as I could live with them").fill("Partners share leadership, by name.")
    return hall, ana


#: What a screen reader is told from now on: what appears in places that are read aloud when they change.
HEARS = """() => {
  window.heard = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const place = (target instanceof Element ? target : target.parentElement)?.closest("[role=status]");
      const words = (place?.textContent ?? "").trim();
      if (words.includes("vote") && window.heard.at(-1) !== words) window.heard.push(words);
    }
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
}"""


def test_who_hears_the_room_is_told_what_becomes_of_a_vote(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    hall.open("Ana", "Leo")
    hall.advance()
    context = browser_context(viewport=PHONE)
    enter(context, server, "ana@example.org")
    ana = context.new_page()
    ana.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/room")
    ana.wait_for_selector("html[data-ready]")
    ana.evaluate(HEARS)
    expected: list[str] = []

    def opened() -> int:
        with database.writing() as uow:
            return polls.open_poll(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id).id

    def hears(words: str) -> None:
        expected.append(words)
        ana.evaluate(LOOK)
        ana.wait_for_function("(all) => JSON.stringify(window.heard) === JSON.stringify(all)", arg=expected)

    first = opened()
    hears("A vote on C1.1 is open.")
    with database.writing() as uow:
        polls.cancel_poll(uow, hall.who["Fay"], poll_id=first)
    hears("The vote on C1.1 was withdrawn.")
    second = opened()
    hears("A vote on C1.1 is open.")
    with database.writing() as uow:
        polls.close_poll(uow, hall.who["Fay"], poll_id=second)
    hears("The vote on C1.1 has closed.")
    with database.writing() as uow:
        polls.show_result(uow, hall.who["Fay"], poll_id=second)
    hears("The result of the vote on C1.1 is shown.")


def close_the_vote(hall: Hall) -> None:
    with hall.database.writing() as uow:
        [poll] = uow.session.query(Poll).all()
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll.id)


def handed_back(page: Page) -> Locator:
    return page.get_by_role("region", name="These words were not sent")


def test_the_reason_of_a_ballot_outlives_a_page_that_is_closed_unasked(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    _hall, ana = vote_of_ana(server, database, browser_context)
    context, address = ana.context, ana.url
    ana.close(run_before_unload=False)
    again = context.new_page()
    again.goto(address)
    expect(again.get_by_label("What change would let you live with it?")).to_have_value("Name the lead")
    expect(again.get_by_label("The words as I could live with them")).to_have_value(re.compile("by name"))
    again.get_by_label("No", exact=True).check()
    again.get_by_role("button", name="Give my answer").click()
    expect(again.get_by_role("button", name="Change my answer")).to_be_visible()
    assert again.evaluate("() => localStorage.length") == 0
    again.reload()
    expect(again.get_by_role("button", name="Change my answer")).to_be_visible()
    expect(again.get_by_text("stands here again")).to_have_count(0)


@pytest.mark.parametrize("focus", ["elsewhere", "within"])
def test_a_ballot_half_written_is_handed_back_when_the_vote_closes_until_it_is_let_go_of(
    server: LiveServer,
    database: Database,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
    focus: str,
) -> None:
    hall, ana = vote_of_ana(server, database, browser_context)
    reason = ana.get_by_label("What change would let you live with it?")
    if focus == "within":
        reason.focus()
        ana.keyboard.press("End")
    else:
        ana.get_by_role("heading", level=1).click()
    close_the_vote(hall)
    ana.evaluate(LOOK)
    box = handed_back(ana)
    expect(box).to_have_count(1)
    expect(ana.get_by_role("button", name="Give my answer")).to_have_count(0)
    expect(ana.locator("#toasts")).to_contain_text("The vote is over, and what you had not sent was not counted.")
    expect(box.get_by_role("textbox", name="What change would let you live with it?")).to_have_value("Name the lead")
    if focus == "within":
        ana.keyboard.type(" of each")
        expect(box.get_by_role("textbox", name="What change")).to_have_value("Name the lead of each")
    assert_accessible(ana)
    ana.reload()
    if focus == "within":
        expect(box.get_by_role("textbox", name="What change")).to_have_value("Name the lead of each")
    words = box.get_by_role("textbox", name="The words as I could live with them")
    expect(words).to_have_value("Partners share leadership, by name.")
    box.get_by_role("button", name="Suggest these words").click()
    expect(ana.get_by_role("textbox", name="Words")).to_have_value("Partners share leadership, by name.")
    expect(ana.get_by_label("Your reason")).to_have_value(re.compile("Name the lead"))
    ana.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/room")
    box.get_by_role("button", name="Let go").click()
    expect(box).to_have_count(0)
    assert ana.evaluate("document.activeElement !== document.body")
    ana.reload()
    expect(ana.get_by_role("heading", name="The vote on C1.1 has closed")).to_be_visible()
    expect(box).to_have_count(0)


@pytest.mark.parametrize("address", ["", "?write=1"])
def test_a_ballot_that_comes_too_late_is_handed_back(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext], address: str
) -> None:
    hall, ana = vote_of_ana(server, database, browser_context, address)
    ana.route(re.compile("/room/live"), lambda route: route.abort())
    close_the_vote(hall)
    ana.get_by_role("button", name="Give my answer").click()
    expect(handed_back(ana).get_by_role("textbox")).to_have_count(2)
    expect(ana.get_by_role("alert").filter(has_text="This vote has closed")).to_be_visible()
    assert ana.evaluate("document.activeElement !== document.body")


def test_a_ballot_that_comes_too_late_before_the_page_has_come_to_life_is_handed_back_too(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall, ana = vote_of_ana(server, database, browser_context)
    close_the_vote(hall)
    with ana.expect_navigation():
        ana.locator("form[id^=ballot-]").evaluate("(form) => HTMLFormElement.prototype.submit.call(form)")
    box = handed_back(ana)
    expect(box.get_by_role("textbox")).to_have_count(2)
    expect(box.get_by_role("textbox").first).to_have_value("Name the lead")
    ana.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/room")
    expect(box).to_have_count(1)


def hold_the_answer(ana: Page) -> list[Route]:
    """The answer is pressed and on its way for as long as one likes."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    ana.route(re.compile(r"/vote$"), hold)
    ana.get_by_role("button", name="Give my answer").click()
    expect(ana.locator("form[id^=ballot-][data-sending]")).to_have_count(1)
    return held


def shown_again(page: Page) -> None:
    """The part was asked for and shown again."""
    page.locator("[data-module~=follow]").evaluate("""(part) => new Promise((shown) => {
      part.addEventListener("concordat:mount", shown, { once: true });
      document.dispatchEvent(new Event("visibilitychange"));
    })""")


def test_an_answer_that_is_lost_on_its_way_while_the_vote_closes_is_handed_back(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall, ana = vote_of_ana(server, database, browser_context)
    held = hold_the_answer(ana)
    close_the_vote(hall)
    shown_again(ana)
    held[0].abort()
    expect(ana.locator("#toasts")).to_contain_text("nothing was sent")
    shown_again(ana)
    expect(handed_back(ana).get_by_role("textbox")).to_have_count(2)


def test_what_is_typed_while_an_answer_is_on_its_way_is_handed_back_when_the_vote_closes(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall, ana = vote_of_ana(server, database, browser_context)
    held = hold_the_answer(ana)
    reason = ana.get_by_label("What change would let you live with it?")
    reason.focus()
    ana.keyboard.press("End")
    ana.keyboard.type(" of each partner")
    held[0].continue_()
    expect(ana.locator("form[id^=ballot-][data-sending]")).to_have_count(0)
    expect(reason).to_have_value("Name the lead of each partner")
    close_the_vote(hall)
    ana.get_by_role("heading", level=1).click()
    ana.evaluate(LOOK)
    words = handed_back(ana).get_by_role("textbox", name="What change")
    expect(words).to_have_value("Name the lead of each partner")


def test_what_a_facilitator_has_half_written_is_handed_back_when_its_form_goes(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    hall.open("Ana")
    hall.advance()
    with database.writing() as uow:
        poll = polls.open_poll(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)
    with database.writing() as uow:
        polls.vote(uow, hall.who["Ana"], poll_id=poll.id, choice=Choice.YES)
    close_the_vote(hall)
    context = browser_context(viewport=LAPTOP)
    enter(context, server, "fay@example.org")
    fay = context.new_page()
    fay.goto(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/console")
    fay.wait_for_selector("html[data-ready]")
    fay.get_by_label("Outcome sentence").fill("Agreed by all")
    with database.writing() as uow:
        decisions.record_decision(
            uow, hall.who["Sam"], poll_id=poll.id, outcome=Outcome.AGREED, sentence="By Sam.", departs_because=""
        )
    fay.evaluate(LOOK)
    expect(handed_back(fay).get_by_role("textbox", name="Outcome sentence")).to_have_value("Agreed by all")
    expect(handed_back(fay).get_by_role("textbox")).to_be_focused()
    fay.get_by_text("Record a decision without a vote").click()
    fay.get_by_label("What was decided").fill("A break")
    with database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    fay.evaluate(LOOK)
    fay.wait_for_url("**/minutes")
    expect(handed_back(fay)).to_have_count(2)
