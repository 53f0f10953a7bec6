"""Defined terms in a real browser: by keyboard, by mouse, on a phone, without scripts, and while they change."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from app.policy import Actor
from app.services import glossary
from app.services.glossary import TermForm
from app.uow import Database
from models.items import Item
from tests import wordings
from tests.cast import SLUG, Cast, enter
from tests.live import LiveServer

Opener = Callable[..., Page]
MEANING = "The band within which nobody pays."


@pytest.fixture
def agreed(database: Database, people: Cast) -> Item:
    with database.writing() as uow:
        glossary.define(uow, people.member, group_id=people.group_id, form=TermForm("corridor", MEANING))
    return wordings.agreed(database, people, "Partners share gain and loss within a corridor.")


@pytest.fixture
def open_page(server: LiveServer, browser_context: Callable[..., BrowserContext], agreed: Item) -> Opener:
    """``open_page(people.member, "blueprint")``: their page of the group."""

    def opened(actor: Actor, path: str, **options: object) -> Page:
        context = browser_context(**{"viewport": {"width": 1366, "height": 900}, **options})
        enter(context, server, actor.email or "")
        page = context.new_page()
        page.goto(f"{server.url}/g/{SLUG}/{path}")
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html[data-ready][data-live=on]")
        return page

    return opened


def term(page: Page) -> Locator:
    return page.get_by_role("link", name="corridor", exact=True)


def box(page: Page) -> Locator:
    return page.get_by_role("group", name="corridor", exact=True)


def test_it_says_what_it_means_by_keyboard_and_mouse_and_follows_a_change(
    open_page: Opener, people: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    reader, writer = open_page(people.observer, "blueprint"), open_page(people.facilitator, "glossary")
    expect(term(reader)).to_have_accessible_description(MEANING)
    term(reader).focus()
    expect(box(reader)).to_contain_text(MEANING)
    expect(term(reader)).to_have_accessible_description(MEANING)
    assert_accessible(reader)
    reader.keyboard.press("Enter")
    expect(box(reader).get_by_role("link", name="In the glossary")).to_be_focused()
    reader.keyboard.press("Escape")
    expect(box(reader)).to_be_hidden()
    expect(term(reader)).to_be_focused()
    reader.mouse.move(5, 5)
    term(reader).hover()
    expect(box(reader)).to_be_visible()
    box(reader).hover()
    expect(box(reader)).to_be_visible()
    box(reader).get_by_role("link").click()
    expect(reader).to_have_url(re.compile(r"/glossary#term-1$"))
    reader.wait_for_selector("html[data-ready][data-live=on]")

    board = open_page(people.peer, "blueprint")
    writer.get_by_role("link", name=re.compile("^Change ?: corridor")).click()
    writer.get_by_text("Change it").click()
    writer.get_by_label("What the group means by it").fill("Otherwise said.")
    writer.get_by_role("textbox", name="Why").fill("It said too little.")  # the item is agreed
    writer.get_by_role("button", name="Save the new definition").click()
    expect(writer.get_by_text("The new definition stands.")).to_be_visible()
    expect(reader.locator("#term-1")).to_contain_text("Otherwise said.")
    expect(term(board)).to_have_accessible_description("Otherwise said.")


def test_on_a_phone_one_press_shows_it_and_another_elsewhere_closes_it(
    open_page: Opener, people: Cast, agreed: Item
) -> None:
    phone = open_page(
        people.member, f"blueprint/items/{agreed.id}", viewport={"width": 390, "height": 844}, has_touch=True
    )
    term(phone).tap()
    expect(box(phone)).to_contain_text(MEANING)
    place = box(phone).bounding_box()
    assert place is not None
    assert (place["x"] >= 0, place["x"] + place["width"] <= 390) == (True, True)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.get_by_role("heading", level=1).tap()
    expect(box(phone)).to_be_hidden()
    expect(phone).to_have_url(re.compile(rf"/items/{agreed.id}$"))


def test_without_scripts_it_is_a_link_that_says_what_it_means(open_page: Opener, people: Cast) -> None:
    page = open_page(people.member, "blueprint", java_script_enabled=False)
    expect(term(page)).to_have_attribute("title", MEANING)
    term(page).click()
    expect(page).to_have_url(re.compile(r"/glossary#term-1$"))
    expect(page.locator("#term-1")).to_contain_text(MEANING)
