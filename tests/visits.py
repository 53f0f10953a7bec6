"""How browser tests come to a page and leave it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from playwright.sync_api import Error, Page, Route

from tests.typists import until


def goto(page: Page, address: str) -> Page:
    """The page at an address, once its scripts are there."""
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    return page


def closed_unasked(page: Page) -> Page:
    """Another page of the same browser, after one was closed as a phone does it."""
    context = page.context
    page.close(run_before_unload=False)
    context.set_offline(False)
    return context.new_page()


def take(page: Page) -> None:
    """As a phone takes a tab that nobody looks at, or an empty battery: it does not send a last thing on its way out.

    A page that is closed loses "offline" a moment before it ends, and may reach the server with what it kept.
    """
    with page.expect_event("crash"), suppress(Error):
        page.goto("chrome://crash")
    page.close()


def held_back(page: Page, pattern: str) -> list[Route]:
    """What a page asks for at such addresses, kept waiting, in the order in which it asks."""
    held: list[Route] = []
    page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108  # Playwright takes no built-in
    return held


def act_before_script(page: Page, address: str, module: str, act: Callable[[], object]) -> None:
    """Come to an address and do something there before one of its scripts is there; it comes afterwards."""
    pattern = f"**/modules/{module}*"
    held = held_back(page, pattern)
    with page.expect_request(pattern):
        page.goto(address, wait_until="commit")
    act()
    until(lambda: page.title() and held, "the script")
    held[0].continue_()
    page.unroute(pattern)
