"""The design system in a real browser: accessible at every width, its modules alive under the real security policy."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.live import LiveServer

FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def opened(server: LiveServer, context: BrowserContext) -> Page:
    """The gallery, with all modules mounted."""
    page = context.new_page()
    page.goto(server.url + "/_components")
    # Not wait_for_function: it evaluates a string in the page, which our security policy forbids.
    expect(page.locator("html[data-ready]")).to_have_count(1)
    return page


def test_gallery_is_accessible_and_fits(
    demo_server: LiveServer,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
) -> None:
    page = opened(demo_server, browser_context(viewport={"width": 1366, "height": 900}))
    assert_accessible(page)
    for width in (1366, 683, 390, 320):  # 683: 1366 at 200 per cent
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(FITS), f"the page scrolls sideways at {width}"


def test_modules_do_their_work(demo_server: LiveServer, browser_context: Callable[..., BrowserContext]) -> None:
    page = opened(demo_server, browser_context())
    expect(page.get_by_role("alert").first).to_be_focused()

    expect(page.locator("#someone-else")).to_be_hidden()
    page.get_by_label("Someone else").check()
    expect(page.locator("#someone-else")).to_be_visible()

    page.get_by_label("Find a criterion").fill("saving")
    expect(page.get_by_text("1 of 2 criteria")).to_be_visible()

    opener = page.get_by_role("button", name="Record the outcome")
    opener.click()
    expect(page.get_by_role("dialog", name="Record the outcome")).to_be_visible()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()

    page.get_by_role("button", name="Withdraw").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Withdraw C3.2?")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_have_count(0)
    assert page.url.endswith("/_components")


def test_gallery_reads_without_scripts(demo_server: LiveServer, browser_context: Callable[..., BrowserContext]) -> None:
    page = browser_context(java_script_enabled=False, viewport={"width": 390, "height": 844}).new_page()
    page.goto(demo_server.url + "/_components")
    expect(page.locator("#someone-else")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Components")
