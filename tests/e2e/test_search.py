"""The box that Ctrl-K opens: by keyboard alone, open to screen readers, and it gives the page back as it was."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.cast import enter
from tests.live import LiveServer
from tests.visits import held_back

WIDE = {"width": 1366, "height": 900}


def begin(context: BrowserContext, server: LiveServer) -> tuple[Page, str]:
    people = context.request.get(f"{server.url}/demo/people.json").json()
    person = next(each for each in people["people"] if each["role"] == "member")
    enter(context, server, person["email"])
    page, home = context.new_page(), f"{server.url}/g/{person['group']}"
    page.goto(f"{home}/people/")
    page.wait_for_selector("html[data-ready]")
    return page, home


def test_from_any_page_to_an_item_by_keyboard(
    demo_server: LiveServer,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
) -> None:
    page, home = begin(browser_context(viewport=WIDE), demo_server)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/search/found" in request.url else None)
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name=re.compile("^Search "))
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("contr")
    options = page.get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(options.first.locator("mark").first).to_have_text(re.compile("^contr", re.IGNORECASE))
    assert len(asked) < len("contr"), "it waits for a pause, and does not ask for every key"
    assert_accessible(page)

    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    chosen = options.nth(1).get_attribute("id")
    expect(box).to_have_attribute("aria-activedescendant", chosen or "none")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#search-box")).not_to_be_visible()
    assert page.url == f"{home}/people/"

    page.keyboard.press("Control+k")
    expect(box).to_have_value("contr")
    page.keyboard.type("c3.2")  # in place of what was there, and Enter before the answer has come
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/blueprint/items/\d+$"))
    expect(page.get_by_role("main")).to_contain_text("C3.2")


def test_the_box_opened_again_at_once_asks_and_keeps_what_was_pressed_too_early(
    demo_server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    """The browser tells of a closing only afterwards, and a module may come later than the first key."""
    context = browser_context(viewport=WIDE)
    page, _home = begin(context, demo_server)
    page.keyboard.press("Control+k")
    page.evaluate(
        """() => {
            const box = document.getElementById("search-box");
            const words = box.querySelector("input");
            const shortcut = { key: "k", ctrlKey: true, bubbles: true, cancelable: true };
            words.dispatchEvent(new KeyboardEvent("keydown", shortcut));
            words.dispatchEvent(new KeyboardEvent("keydown", shortcut));
            words.value = "c3.2";
            words.dispatchEvent(new Event("input"));
            words.form.requestSubmit();
        }"""
    )
    page.wait_for_url(re.compile(r"/blueprint/items/\d+$"))

    late = context.new_page()
    held = held_back(late, "**/modules/search.js")
    with late.expect_request("**/modules/search.js"):
        late.goto(page.url, wait_until="commit")
    late.keyboard.press("Control+k")
    held.pop().continue_()
    expect(late.get_by_role("combobox", name=re.compile("^Search "))).to_be_focused()


def test_nothing_found_is_said_and_a_lost_connection_too(
    demo_server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context(viewport=WIDE)
    page, _home = begin(context, demo_server)
    page.get_by_role("link", name="Search").click()
    box = page.get_by_role("combobox", name=re.compile("^Search "))
    box.fill("zzzzzz")
    expect(page.locator("#search-box [role=status]")).to_have_text("Nothing was found")
    expect(page.get_by_text("Nothing holds all these words.")).to_be_visible()
    box.fill("≥")
    expect(page.get_by_text("Signs such as “≥” are not searched for.").first).to_be_visible()
    expect(page.get_by_text("Nothing holds all these words.")).to_be_hidden()
    context.set_offline(True)
    box.fill("trust")
    expect(page.get_by_text("The search cannot be reached just now.", exact=False).first).to_be_visible()
    context.set_offline(False)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/blueprint/items/\d+$"))
