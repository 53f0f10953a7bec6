"""The five minutes of a newcomer in a real browser, all of it by keyboard, on a phone and on a laptop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from app.services import practice
from app.uow import Database
from tests.cast import SLUG, Cast, enter
from tests.live import LiveServer

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1366, "height": 900}
TOUR = f"/g/{SLUG}/practice"


def reach(page: Page, target: Locator, key: str = "Tab") -> None:
    """Go on by keyboard until the target has the focus."""
    for _ in range(150):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"not to be reached by {key}: {target}")


def press(page: Page, target: Locator) -> None:
    """Reach a link or button and press it."""
    expect(target).to_be_visible()
    reach(page, target)
    page.keyboard.press("Enter")


def take(page: Page, step: str) -> None:
    """Press the button of a step, and wait for where it leads."""
    press(page, page.locator(f"#step-{step} a.button"))
    page.wait_for_url(lambda url: not url.partition("#")[0].endswith(TOUR))
    page.wait_for_selector("html[data-ready]")


def back(page: Page, done: int) -> None:
    """Back to the tour by its link, which is in sight wherever one is; so many steps are ticked."""
    link = page.get_by_role("link", name="Back to the tour").first
    expect(link).to_be_in_viewport()
    reach(page, link, "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{TOUR}*")
    expect(page.get_by_text(f"{done} of 6 steps done")).to_be_visible()
    page.wait_for_selector("html[data-ready]")


@pytest.mark.parametrize("viewport", [PHONE, pytest.param(LAPTOP, marks=pytest.mark.long)], ids=["phone", "laptop"])
def test_the_whole_tour_by_keyboard(
    server: LiveServer,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
    people: Cast,
    database: Database,
    viewport: dict[str, int],
) -> None:
    context = browser_context(viewport=viewport)
    enter(context, server, people.member.email or "")
    page = context.new_page()
    page.goto(f"{server.url}/g/{SLUG}/")
    press(page, page.get_by_role("link", name="Practise in five minutes").last)
    page.wait_for_url(f"**{TOUR}")
    expect(page.get_by_text("0 of 6 steps done")).to_be_visible()
    assert_accessible(page)

    take(page, "write")
    words = page.get_by_role("textbox", name="Words of C1.1")
    expect(words).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" tell whom to call.")
    expect(page.locator('.save-state[data-state="saved"]')).to_be_visible()
    expect(words).to_contain_text("can tell whom to call.")
    assert_accessible(page)
    page.keyboard.press("Escape")
    back(page, 1)

    take(page, "suggest")
    text = page.locator("textarea[name=text]")
    reach(page, text)
    page.keyboard.press("Control+A")
    page.keyboard.type("Every letter arrives within 7 days.")
    assert_accessible(page)
    press(page, page.get_by_role("button", name="Suggest these words"))
    expect(page.locator("#suggestions")).to_contain_text("7")
    back(page, 2)

    take(page, "comment")
    expect(page.locator("#new-words")).to_be_focused()
    label = page.locator("label[for=new-words]")
    assert label.evaluate("""one => {
      const { left, top, bottom } = one.getBoundingClientRect();
      return document.elementFromPoint(left + 4, (top + bottom) / 2) === one;
    }"""), "its label is in sight, not under the head of the page"  # fmt: skip
    page.keyboard.type("Who counts the days?")
    press(page, page.locator("#new-comment").get_by_role("button", name="Comment"))
    expect(page.locator("#comments")).to_contain_text("Who counts the days?")
    back(page, 3)

    take(page, "reply")
    talk = page.locator("#comments article").first
    expect(talk).to_contain_text("Somebody (invented)")
    assert_accessible(page)
    expect(talk.get_by_label("Reply to")).to_be_focused()
    assert talk.locator(".talk__words").first.evaluate("""one => {
      const { left, top, bottom } = one.getBoundingClientRect();
      return document.elementFromPoint(left + 4, (top + bottom) / 2) === one;
    }"""), "the question is in sight"  # fmt: skip
    page.keyboard.type("The person at home.")
    press(page, talk.get_by_role("button", name="Reply"))
    expect(talk).to_contain_text("The person at home.")
    back(page, 4)

    take(page, "answer")
    reach(page, page.get_by_role("radio", name="Yes", exact=True))
    page.keyboard.press("Space")
    assert_accessible(page)
    press(page, page.get_by_role("button", name="Give my answer"))
    page.wait_for_url(f"**{TOUR}*")
    expect(page.get_by_text("5 of 6 steps done")).to_be_visible()

    take(page, "look")
    expect(page.get_by_role("heading", name="Welcome to the group")).to_be_visible()
    page.goto(f"{server.url}{TOUR}")
    expect(page.get_by_text("6 of 6 steps done")).to_be_visible()
    expect(page.get_by_text("That is all you will be asked to do.")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    with database.reading() as uow:
        assert practice.way(uow, people.member, group_id=people.group_id).next is None
    press(page, page.get_by_role("link", name="Go to the group"))
    page.wait_for_url(f"**/g/{SLUG}/")
    expect(page.get_by_text("New to writing together?")).to_have_count(0)


def test_a_room_that_practises_together_sees_each_others_words(
    server: LiveServer,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
    people: Cast,
) -> None:
    """On the wall is the page that says where to go and who has come; two people type a word each into one sentence."""
    wall = browser_context(viewport={"width": 1920, "height": 1080})
    enter(wall, server, people.facilitator.email or "")
    shown = wall.new_page()
    shown.goto(f"{server.url}{TOUR}/together")
    expect(shown.get_by_text(TOUR, exact=False).first).to_be_visible()
    assert_accessible(shown)
    pages = []
    for who in (people.member, people.peer):
        context = browser_context(viewport=PHONE)
        enter(context, server, who.email or "")
        page = context.new_page()
        page.goto(f"{server.url}{TOUR}")
        page.locator("#step-write a.button").click()
        expect(page.get_by_role("textbox", name="Words of C1.1")).to_be_focused()
        pages.append(page)
        expect(shown.locator(".together__here")).to_contain_text(who.name)
    for page, word in zip(pages, (" listen", " help"), strict=True):
        page.keyboard.press("Control+End")
        page.keyboard.type(word)
        for other in pages:
            expect(other.get_by_role("textbox", name="Words of C1.1")).to_contain_text(word)
    confirm = shown
    confirm.goto(f"{server.url}{TOUR}")
    confirm.get_by_role("button", name="Start afresh").click()
    confirm.get_by_role("dialog").get_by_role("button", name="Start afresh").click()
    expect(confirm.get_by_text("is as it was in the beginning")).to_be_visible()
    for page in pages:
        expect(page.get_by_role("textbox", name="Words of C1.1")).not_to_contain_text("listen")
