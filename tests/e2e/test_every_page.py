"""Every page that can be reached by links, as its richest role: open to everybody, and no wider than a phone.

Kinds of pages are what differs in more than numbers and secrets. The console and the content security policy are
watched by ``browser_context``; what needs a click (a dialog, a menu) has tests of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser import NOT_FOLLOWED, kind_of
from tests.cast import enter
from tests.live import LiveServer

WIDE, PHONE = {"width": 1366, "height": 900}, {"width": 390, "height": 844}
#: Whoever comes first in a run of the list looks at the pages all share; the others only at rooms of their own.
VISITS = {
    "visitor": (None, r"^/"),
    "facilitator-blueprint": ("facilitator", r"^/g/[^/]+/($|blueprint|glossary|people|activity|practice)|^/$"),
    "facilitator-rooms": ("facilitator", r"^/g/[^/]+/(sessions|evidence|versions|decisions|actions)|^/g/[^/]+/$"),
    "panel manager": ("panel_manager", r"^/g/[^/]+/(validation|versions/?$)|^/g/[^/]+/$"),
    "administrator": ("administrator", r"^/(account|admin|$)"),
    "expert": ("expert", r"^/(r|rate)\b"),
}


def links(page: Page) -> list[str]:
    """Where the page's links lead, without queries that only filter or sort."""
    found = page.locator("a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    return [urljoin(page.url, href).split("#")[0] for href in found if href]


def begin(context: BrowserContext, server: LiveServer, role: str | None) -> str:
    """Come in as the role; where the visit begins."""
    if role is None:
        return f"{server.url}/"
    people = context.request.get(f"{server.url}/demo/people.json").json()
    if role == "expert":
        return str(people["experts"][0]["link"])
    person = next(each for each in people["people"] if each["role"] == role)
    enter(context, server, person["email"])
    return f"{server.url}/g/{person['group']}/" if person["group"] else f"{server.url}/"


@pytest.mark.parametrize("visit", VISITS)
def test_pages_are_open_to_everybody(
    demo_server: LiveServer,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
    visit: str,
) -> None:
    role, mine = VISITS[visit]
    context = browser_context(viewport=WIDE)
    waiting, seen, faults = [begin(context, demo_server, role)], set(), []
    page = context.new_page()
    while waiting:
        url = waiting.pop(0)
        kind, path = kind_of(url), urlsplit(url).path
        if kind in seen or NOT_FOLLOWED.search(url) or not url.startswith(demo_server.url) or not re.search(mine, path):
            continue
        seen.add(kind)
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # a plain dict is taken as well
        answer = page.goto(url)
        assert answer is not None
        if answer.status >= 400:
            faults.append(f"{path}: {answer.status}")
            continue
        if role == "expert" and page.get_by_role("button", name="Continue").count():
            with page.expect_navigation():
                page.get_by_role("button", name="Continue").click()
            waiting.append(page.url)
        try:
            assert_accessible(page)
        except AssertionError as fault:
            faults.append(str(fault))
        waiting += links(page)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wider > 0:
            faults.append(f"{path} is {wider} pixels wider than a phone")
    assert not faults, "\n".join(faults)
    assert len(seen) >= 2, f"the visit found only {sorted(seen)}"
