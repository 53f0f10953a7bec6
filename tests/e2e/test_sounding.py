"""A sounding in a real browser: what it says of saving is true from the first look on."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from app.services import soundings
from app.uow import Database
from tests.cast import enter
from tests.live import LiveServer
from tests.rooms import build_hall


def test_saved_is_said_only_once_something_was_scored(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    with database.writing() as uow:
        made = soundings.begin(
            uow, hall.who["Fay"], group_id=hall.group_id, title="What matters", item_ids=[hall.item_id]
        )
    context = browser_context(viewport={"width": 390, "height": 844})
    enter(context, server, "ana@example.org")
    asked: list[str] = []
    context.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page = context.new_page()
    page.goto(f"{server.url}/g/{hall.slug}/sessions/soundings/{made.id}")
    page.locator("html[data-ready]").wait_for()
    saved = page.locator(".sounding__top [data-for=saved]")
    expect(page.get_by_text("0 of 1", exact=True).first).to_be_visible()
    expect(saved).to_be_hidden()
    page.locator("label.scale__option:has(input[value='7'])").click()
    expect(page.get_by_text("1 of 1", exact=True).first).to_be_visible()
    expect(saved).to_be_visible()
    page.reload()
    page.locator("html[data-ready]").wait_for()
    expect(saved).to_be_visible()
    assert asked == []
