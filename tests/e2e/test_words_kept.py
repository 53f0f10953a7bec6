"""What a device keeps of forms, where it has no room, and where words could be sent twice, in real browsers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from sqlalchemy import select

from app.policy import Actor
from app.services import versions
from app.uow import Database
from models.comments import Discussion
from models.items import Item
from tests import wordings
from tests.cast import SLUG, Cast, enter
from tests.live import LiveServer
from tests.typists import until
from tests.visits import act_before_script, closed_unasked, goto, held_back

Opener = Callable[..., Page]
WORDS = "Partners share gain and loss within a corridor."
STANDS_AGAIN = "not sent stands here again."
FILL = """() => {
  for (let size = 1 << 22, number = 0; size >= 1;) {
    try { localStorage.setItem(`fill${number}`, "x".repeat(size)); number += 1; } catch { size = Math.floor(size / 2); }
  }
}"""
EMPTY = """() => {
  for (const name of Object.keys(localStorage)) if (name.startsWith("fill")) localStorage.removeItem(name);
}"""
KEPT = """() => Object.keys(localStorage).filter((name) => name.startsWith("concordat-words:"))
  .map((name) => JSON.parse(localStorage.getItem(name)).fields[0][2])"""


@pytest.fixture
def agreed(database: Database, people: Cast) -> Item:
    return wordings.agreed(database, people, WORDS)


@pytest.fixture
def open_page(server: LiveServer, browser_context: Callable[..., BrowserContext], agreed: Item) -> Opener:
    """``open_page(people.member, "/blueprint")``: a page of the group, for them, in a browser of their own."""

    def at(actor: Actor, path: str) -> Page:
        context = browser_context(viewport={"width": 1366, "height": 900})
        enter(context, server, actor.email or "")
        return goto(context.new_page(), f"{server.url}/g/{SLUG}{path}")

    return at


def type_before_script(page: Page, address: str, typed: str) -> None:
    act_before_script(page, address, "unsaved", lambda: page.get_by_label("Words", exact=True).fill(typed))


def settled(page: Page) -> Page:
    """The page, once its forms have looked through all that is kept."""
    page.wait_for_function("async () => (await navigator.locks.query()).pending.length === 0")
    return page


def found_on_a_full_device(page: Page) -> Page:
    """A page whose form holds what another had left, on a device that has no room."""
    address = page.url
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    again = closed_unasked(page)
    goto(again, address.split("/items/")[0]).evaluate(FILL)
    goto(again, address)
    expect(again.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By thirds.")
    return again


def send(page: Page, said: str) -> None:
    page.get_by_role("button", name="Suggest these words").click()
    expect(page.locator("#suggestions ins").first).to_contain_text(said)
    page.wait_for_selector("html[data-ready]")


def test_words_found_on_a_full_device_are_let_go_of_once_they_are_stored(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = found_on_a_full_device(open_page(people.member, f"/blueprint/items/{agreed.id}/suggest"))
    address = page.url
    assert page.evaluate(KEPT) == [f"{WORDS} By thirds."]
    send(page, "By thirds.")
    assert page.evaluate(KEPT) == []
    settled(goto(page, address))
    expect(page.get_by_label("Words", exact=True)).to_have_value(WORDS)
    expect(page.get_by_text(STANDS_AGAIN)).to_have_count(0)


def test_words_found_on_a_full_device_have_one_record_once_there_is_room_again(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = found_on_a_full_device(open_page(people.member, f"/blueprint/items/{agreed.id}/suggest"))
    address = page.url
    page.evaluate(EMPTY)
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By halves.")
    assert page.evaluate(KEPT) == [f"{WORDS} By halves."]
    send(page, "By halves.")
    settled(goto(page, address))
    expect(page.get_by_label("Words", exact=True)).to_have_value(WORDS)
    assert page.evaluate(KEPT) == []


def test_words_found_on_a_full_device_go_into_no_second_tab_and_can_be_let_go_of(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = found_on_a_full_device(open_page(people.member, f"/blueprint/items/{agreed.id}/suggest"))
    other = settled(goto(page.context.new_page(), page.url))
    expect(other.get_by_label("Words", exact=True)).to_have_value(WORDS)
    page.get_by_role("button", name="Let go").click()
    expect(page.get_by_label("Words", exact=True)).to_have_value(WORDS)
    assert page.evaluate(KEPT) == []
    settled(goto(other, page.url))
    expect(other.get_by_label("Words", exact=True)).to_have_value(WORDS)


def test_where_the_device_has_no_room_nobody_is_told_that_it_keeps_the_words(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    page.evaluate(FILL)
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Suggest these words").click()
    said = page.get_by_role("alert")
    expect(said).to_contain_text("The server could not be reached. Nothing was changed.")
    expect(said).to_contain_text("This device cannot keep your words")
    expect(said).not_to_contain_text("Your words are kept")
    page.evaluate(EMPTY)
    page.get_by_role("button", name="Suggest these words").click()
    expect(said).to_contain_text("Your words are kept here, on this device")
    assert page.evaluate(KEPT) == [f"{WORDS} By thirds."]


def test_where_the_browser_keeps_nothing_nobody_is_told_that_it_keeps_the_words(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, "/blueprint")
    page.add_init_script(
        'Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } })'
    )
    goto(page, f"{page.url}/items/{agreed.id}/suggest").get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Suggest these words").click()
    said = page.get_by_role("alert")
    expect(said).to_contain_text("The server could not be reached. Nothing was changed.")
    expect(said).not_to_contain_text("Your words are kept")


def test_where_only_older_words_are_kept_a_refusal_says_nothing_of_them(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    address, words = page.url, page.get_by_label("Words", exact=True)
    spoiled = "(field) => { field.value = 'bad'; }"
    words.fill(f"{WORDS} By thirds.")
    page.evaluate(FILL)
    words.fill(f"{WORDS} By thirds.{' And much more that is written now.' * 20}")
    assert page.evaluate(KEPT) == [f"{WORDS} By thirds."]
    page.locator("form:has([name=reason]) [name=csrf_token]").evaluate(spoiled)
    page.get_by_role("button", name="Suggest these words").click()
    expect(page.get_by_text("And much more that is written now.")).to_be_visible()
    expect(page.get_by_text("kept on this device")).to_have_count(0)
    expect(page.get_by_text("nowhere else")).to_be_visible()

    # Stored, they are let go of all the same.
    settled(goto(page, address))
    expect(words).to_have_value(f"{WORDS} By thirds.")
    words.fill(f"{WORDS} By thirds.{' And much more that is written now.' * 20}")
    assert page.evaluate(KEPT) == [f"{WORDS} By thirds."]
    send(page, "And much more")
    assert page.evaluate(KEPT) == []


PRESS_TWICE = """(form) => {
  const button = form.querySelector("button:not([type=button])");
  button.click();
  setTimeout(() => button.click(), 700);
  setTimeout(() => { form.dataset.pressed = "twice"; }, 1400);
}"""


def test_a_second_press_while_words_are_on_their_way_sends_nothing_twice(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}")
    page.clock.install()
    goto(page, page.url)
    page.locator("#new-comment summary").click()
    form, field = page.locator("#new-comment form"), page.get_by_label("Your comment")
    field.fill("Why these words?")
    on_the_way = held_back(page, "**/comments")
    form.evaluate(PRESS_TWICE)
    # Asked in the page, which is about to be left, a question would wait for the next one.
    until(lambda: page.request.get(page.url) and on_the_way, "the comment")
    assert len(on_the_way) == 1
    # The browser gives it up, and the page stays: later it can be sent after all.
    on_the_way.pop().abort("aborted")
    expect(form).to_have_attribute("data-pressed", "twice")
    expect(form.get_by_text("Sending…")).to_be_visible()
    field.press_sequentially("!")
    expect(field).to_have_value("Why these words?")
    assert on_the_way == []
    page.clock.fast_forward("00:21")
    expect(form.get_by_text("Sending…")).to_have_count(0)
    field.press_sequentially("!")
    page.unroute("**/comments")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_role("article").first).to_contain_text("Why these words?")
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate(KEPT) == []


def test_a_button_that_is_made_anew_while_the_server_is_asked_sends_all_the_same(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    held = held_back(page, "**/healthz")
    button = page.get_by_role("button", name="Suggest these words")
    button.click()
    until(lambda: page.title() and held, "the question whether the server is there")
    button.evaluate("(one) => one.replaceWith(one.cloneNode(true))")
    held.pop().continue_()
    expect(page.locator("#suggestions ins").first).to_contain_text("By thirds.")


def test_a_refused_form_whose_sending_came_to_nothing_still_asks_before_it_is_left(
    open_page: Opener, server: LiveServer, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    page.clock.install()
    goto(page, page.url)
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    page.get_by_label("Your reason").fill("x" * 4001)
    page.get_by_role("button", name="Suggest these words").click()
    expect(page.locator(".error-summary")).to_be_visible()
    page.wait_for_selector("html[data-ready]")
    settled(page)
    on_the_way = held_back(page, "**/suggest")
    page.get_by_role("button", name="Suggest these words").click(no_wait_after=True)
    until(lambda: page.request.get(f"{server.url}/healthz") and on_the_way, "the suggestion")
    on_the_way.pop().abort("aborted")
    page.clock.fast_forward("00:21")
    expect(page.get_by_label("Words", exact=True)).to_be_editable()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{server.url}/account")
    assert asked == ["beforeunload"]


def stopped(page: Page, server: LiveServer, typed: str, meanwhile: Callable[[Route], object]) -> None:
    """Words are sent, and whoever waits presses Esc."""
    page.get_by_label("Words", exact=True).fill(typed)
    on_the_way = held_back(page, "**/suggest")
    page.get_by_role("button", name="Suggest these words").click(no_wait_after=True)
    until(lambda: page.request.get(f"{server.url}/healthz") and on_the_way, "the suggestion")
    meanwhile(on_the_way[0])
    page.context.new_cdp_session(page).send("Page.stopLoading")
    expect(page.get_by_label("Words", exact=True)).to_be_editable()
    page.unroute("**/suggest")


def test_a_form_that_is_stopped_on_its_way_can_be_sent_again_at_once(
    open_page: Opener, server: LiveServer, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    stopped(page, server, f"{WORDS} By thirds.", lambda _way: None)
    send(page, "By thirds.")
    assert page.evaluate(KEPT) == []


def gone_back(page: Page) -> Page:
    page.go_back()
    page.wait_for_selector("html[data-ready]")
    return settled(page)


def test_words_that_were_stored_are_not_unsent_after_back(
    open_page: Opener, server: LiveServer, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    address = page.url
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    words, box = page.get_by_label("Words", exact=True), page.get_by_role("listitem").filter(has_text="was not saved")
    words.fill(f"{WORDS} By thirds.")
    send(page, "By thirds.")
    gone_back(page)
    expect(words).to_have_value(f"{WORDS} By thirds.")  # by the browser
    assert page.evaluate(KEPT) == []
    settled(goto(page, f"{server.url}/account"))
    expect(box).to_have_count(0)
    settled(goto(page, address))
    expect(words).to_have_value(WORDS)
    assert asked == []

    # What is typed on there is kept, and what is pressed once more is sent once more.
    for _twice in range(2):
        gone_back(page)
    expect(words).to_have_value(f"{WORDS} By thirds.")
    words.fill(f"{WORDS} By thirds. By halves.")
    assert page.evaluate(KEPT) == [f"{WORDS} By thirds. By halves."]
    words.fill(f"{WORDS} By thirds.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Suggest these words").click()
    expect(page.get_by_role("alert")).to_contain_text("Your words are kept here")
    assert page.evaluate(KEPT) == [f"{WORDS} By thirds."]


def test_words_are_let_go_of_though_the_page_that_answers_is_left_before_its_script(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    address = page.url
    words = page.get_by_label("Words", exact=True)
    without = {"body": "export function mount() {}", "content_type": "text/javascript"}
    page.route("**/modules/stored*", lambda route: route.fulfill(**without))
    words.fill(f"{WORDS} By thirds.")
    page.get_by_role("button", name="Suggest these words").click()
    expect(page.locator("#suggestions ins").first).to_contain_text("By thirds.")
    for _left in range(2):
        goto(page, address)
        settled(page)
        expect(words).to_have_value(WORDS)
        assert len(page.evaluate(KEPT)) == 1
    page.unroute("**/modules/stored*")
    goto(page, address)
    until(lambda: page.evaluate(KEPT) == [], "the device to let go")
    expect(words).to_have_value(WORDS)


def test_what_is_written_on_after_words_were_stored_is_not_let_go_of_with_them(
    open_page: Opener, server: LiveServer, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    address = page.url
    stopped(page, server, f"{WORDS} By thirds.", lambda on_its_way: on_its_way.fetch(max_redirects=0))
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By halves.")
    again = goto(closed_unasked(page), f"{server.url}/account")
    assert again.locator("[data-module=stored]").count() == 1
    expect(again.get_by_role("listitem").filter(has_text="was not saved")).to_have_count(1)
    goto(again, address)
    expect(again.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By halves.")
    assert again.evaluate(KEPT) == [f"{WORDS} By halves."]


def test_comments_that_were_stored_are_not_unsent_after_back(
    open_page: Opener, server: LiveServer, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}")
    address = page.url
    for words in ("Why these words?", "And who pays?"):
        page.locator("#new-comment summary").click()
        page.locator("#new-words").fill(words)
        page.get_by_role("button", name="Comment", exact=True).click()
        expect(page.get_by_role("article").filter(has_text=words)).to_have_count(1)
        page.wait_for_selector("html[data-ready]")
    for words in ("And who pays?", "Why these words?"):
        gone_back(page)
        expect(page.locator("#new-words")).to_have_value(words)  # by the browser
        assert page.evaluate(KEPT) == []
    settled(goto(page, address))
    expect(page.locator("#new-words")).to_have_value("")


def test_the_same_words_written_once_more_are_unsent_after_back(
    open_page: Opener, server: LiveServer, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}")
    address, words = page.url, page.locator("#new-words")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#new-comment summary").click()
    words.fill("I agree with this.")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_role("article").filter(has_text="I agree with this.")).to_have_count(1)
    settled(goto(page, address))
    page.locator("#new-comment summary").click()
    words.fill("I agree with this.")
    settled(goto(page, f"{server.url}/account"))
    gone_back(page)
    expect(words).to_have_value("I agree with this.")
    assert page.evaluate(KEPT) == ["I agree with this."]
    settled(goto(page, f"{server.url}/account"))
    settled(goto(page, address))
    expect(words).to_have_value("I agree with this.")


@pytest.mark.parametrize("how", ["at its field", "on a page of its own"])
def test_words_that_were_refused_are_still_kept_after_back(
    open_page: Opener, server: LiveServer, people: Cast, agreed: Item, how: str
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    address = page.url
    words = page.get_by_label("Words", exact=True)
    words.fill(f"{WORDS} By thirds.")
    if how == "at its field":
        page.get_by_label("Your reason").fill("x" * 4001)
    else:
        page.locator("form:has([name=reason]) [name=csrf_token]").evaluate("(field) => { field.value = 'bad'; }")
    page.get_by_role("button", name="Suggest these words").click()
    expect(page.get_by_role("heading", name="problem") if how == "at its field" else page.get_by_text(
        "is kept on this device: it stands in its form again")).to_be_visible()  # fmt: skip
    settled(page)
    gone_back(page)
    assert page.evaluate(KEPT) == [f"{WORDS} By thirds."]
    page = settled(goto(closed_unasked(page), address))
    expect(page.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By thirds.")


def test_a_suggestion_that_was_refused_and_mended_comes_back_once(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    address = page.url
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    page.get_by_label("Your reason").fill("x" * 4001)
    page.get_by_role("button", name="Suggest these words").click()
    expect(page.locator(".error-summary")).to_be_visible()
    page.wait_for_selector("html[data-ready]")
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By halves.")
    page.get_by_label("Your reason").fill("It is fair.")
    page = settled(goto(closed_unasked(page), address))
    expect(page.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By halves.")
    send(page, "By halves.")
    settled(goto(page, address))
    expect(page.get_by_label("Words", exact=True)).to_have_value(WORDS)
    assert page.evaluate(KEPT) == []


def test_a_reason_for_a_version_that_somebody_else_locked_meanwhile_is_kept(
    open_page: Opener, people: Cast, database: Database, agreed: Item
) -> None:
    page = open_page(people.facilitator, "/versions/new")
    address = page.url
    page.get_by_label("Reason, if there is no decision").fill("The board asked for it.")
    with database.writing() as uow:
        versions.freeze(
            uow, people.facilitator, group_id=people.group_id, title="North", decision_id=None, reason="So be it.",
            number=1,
        )  # fmt: skip
    page.get_by_role("button", name="Lock version 1").click()
    expect(page.locator(".notice").first).to_contain_text("Look at it before you lock another.")
    settled(page)
    settled(goto(page, address))
    expect(page.get_by_label("Reason, if there is no decision")).to_have_value("The board asked for it.")


def test_the_way_back_leads_to_the_form_of_the_text_that_it_was_about(
    open_page: Opener, server: LiveServer, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest?field=why")
    page.locator("[name=text]").fill("It saves money.")
    page = goto(closed_unasked(page), f"{server.url}/account")
    page.get_by_role("link", name="Go to its page").click()
    page.wait_for_url("**/suggest?field=why")
    expect(page.locator("[name=text]")).to_have_value("It saves money.")


def test_words_that_another_page_goes_on_with_on_a_full_device_are_no_longer_shown_as_left(
    open_page: Opener, server: LiveServer, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    address = page.url
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    page = goto(closed_unasked(page), f"{server.url}/account")
    page.evaluate(FILL)
    box = page.get_by_role("listitem").filter(has_text="it was not saved")
    expect(box).to_have_count(1)
    other = goto(page.context.new_page(), address)
    expect(other.get_by_text(STANDS_AGAIN)).to_be_visible()
    expect(box).to_have_count(0)
    other.get_by_label("Words", exact=True).fill(f"{WORDS} By fours.")
    other.close(run_before_unload=False)
    goto(page, f"{server.url}/account")
    expect(box.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By fours.")


def test_words_that_the_browser_has_put_back_itself_are_kept_on(open_page: Opener, people: Cast, agreed: Item) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    address = page.url
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    page = closed_unasked(page)
    # As a browser does that opens its pages again, before any script is there.
    type_before_script(page, address, f"{WORDS} By thirds.")
    page.wait_for_selector("html[data-ready]")
    settled(page)
    assert page.evaluate(KEPT) == [f"{WORDS} By thirds."]
    page = goto(closed_unasked(page), address)
    expect(page.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By thirds.")


def test_words_typed_before_those_that_were_left_are_found_are_kept_beside_them(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    address = page.url
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    page = closed_unasked(page)
    type_before_script(page, address, f"{WORDS} By halves.")
    expect(page.get_by_text("You had written this here before, and not sent it:")).to_be_visible()
    page = goto(closed_unasked(page), address)
    expect(page.get_by_text(STANDS_AGAIN)).to_be_visible()
    expect(page.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By halves.")
    expect(page.get_by_text(f"{WORDS} By thirds.")).to_be_visible()
    # One is let go of, the other is not.
    again = page.get_by_role("status").filter(has_text=STANDS_AGAIN)
    again.get_by_role("button", name="Let go").click()
    expect(page.get_by_label("Words", exact=True)).to_have_value(WORDS)
    page = goto(closed_unasked(page), address)
    expect(page.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By thirds.")
    page.get_by_role("status").filter(has_text=STANDS_AGAIN).get_by_role("button", name="Let go").click()
    expect(page.get_by_label("Words", exact=True)).to_have_value(WORDS)
    assert page.evaluate(KEPT) == []


def test_words_that_stand_beside_their_field_can_be_let_go_of(open_page: Opener, people: Cast, agreed: Item) -> None:
    page = open_page(people.member, f"/blueprint/items/{agreed.id}/suggest")
    address = page.url
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    page = closed_unasked(page)
    type_before_script(page, address, f"{WORDS} By halves.")
    beside = page.get_by_role("status").filter(has_text="You had written this here before, and not sent it:")
    beside.get_by_role("button", name="Let go").click()
    expect(beside).to_have_count(0)
    expect(page.get_by_label("Words", exact=True)).to_be_focused()
    page = goto(closed_unasked(page), address)
    expect(page.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By halves.")
    assert "By thirds." not in page.content()


def commenting(page: Page) -> Locator:
    """The dialog in which somebody comments on the first word of the item."""
    item = page.locator('[data-reference="E1"]')
    item.focus()
    page.keyboard.press("Enter")
    expect(item.get_by_role("textbox", name="Words of E1")).to_be_focused()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+Shift+ArrowRight")
    page.keyboard.press("Control+Alt+m")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Your comment")).to_be_focused()
    return dialog


def test_a_comment_that_was_begun_on_other_words_is_about_those_that_are_marked_now(
    open_page: Opener, people: Cast, database: Database
) -> None:
    page = open_page(people.facilitator, "/blueprint")
    dialog = commenting(page)
    page.keyboard.type("Who pays?")
    dialog.get_by_role("button", name="Close").click()
    words = page.get_by_role("textbox", name="Words of E1")
    words.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.type("All of it: ")
    expect(words).to_contain_text("All of it: ")
    page.keyboard.press("Control+Shift+ArrowRight")
    page.keyboard.press("Control+Alt+m")
    marked = dialog.locator("blockquote").inner_text()
    expect(dialog.get_by_label("Your comment")).to_have_value("Who pays?")
    dialog.get_by_role("button", name="Comment", exact=True).click()
    expect(dialog).to_be_hidden()
    with database.reading() as uow:
        (kept,) = uow.session.execute(select(Discussion)).scalars()
        assert kept.quote == marked


def test_nothing_is_typed_into_a_form_that_a_script_sends_while_it_is_on_its_way(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = open_page(people.facilitator, "/blueprint")
    dialog = commenting(page)
    page.keyboard.type("Who?")
    on_the_way = held_back(page, "**/comments")
    dialog.get_by_role("button", name="Comment", exact=True).click()
    until(lambda: page.title() and on_the_way, "the comment")
    dialog.get_by_label("Your comment").press_sequentially(" All of them?")
    expect(dialog.get_by_label("Your comment")).to_have_value("Who?")
    on_the_way.pop().abort()
    expect(dialog).to_contain_text("could not be reached")
    dialog.get_by_label("Your comment").press_sequentially(" All?")
    expect(dialog.get_by_label("Your comment")).to_have_value("Who? All?")


def test_words_found_on_a_full_device_are_let_go_of_where_a_script_sends_them(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    page = open_page(people.facilitator, "/blueprint")
    address = page.url
    commenting(page)
    page.keyboard.type("Who?")
    # Also what was typed before the script was there.
    until(lambda: page.evaluate(KEPT) == ["Who?"], "what is kept")
    page = goto(closed_unasked(page), address)
    page.evaluate(FILL)
    dialog = commenting(page)
    expect(dialog.get_by_label("Your comment")).to_have_value("Who?")
    assert page.evaluate(KEPT) == ["Who?"]
    dialog.get_by_role("button", name="Comment", exact=True).click()
    expect(dialog).to_have_count(0)
    assert page.evaluate(KEPT) == []
