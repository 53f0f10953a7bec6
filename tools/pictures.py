#!/usr/bin/env python3
"""The three pictures of the README, taken of a fresh demonstration: ``.venv/bin/python tools/pictures.py``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import CHROMIUM, CHROMIUM_FLAGS  # noqa: E402  the folder must be on the path first
from tests.cast import enter  # noqa: E402
from tests.live import LiveServer  # noqa: E402

INTO = ROOT / "docs" / "pictures"


def room(browser: Browser, server: LiveServer, email: str, width: int = 1366, height: int = 820) -> Page:
    """A person's browser in the blueprint room."""
    context = browser.new_context(viewport={"width": width, "height": height})
    enter(context, server, email)
    page = context.new_page()
    page.goto(f"{server.url}/g/northmere/blueprint")
    page.wait_for_selector("html[data-ready][data-live=on]")
    return page


def edit(page: Page, reference: str) -> None:
    """Open a criterion's editor."""
    card = page.locator(f'[data-reference="{reference}"]')
    card.scroll_into_view_if_needed()
    card.get_by_role("button", name="Edit").click()
    card.locator(".cm-content").first.wait_for()


def main() -> None:
    INTO.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = LiveServer(Path(folder), f"sqlite:///{folder}/concordat.sqlite3", command="run").start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        people = {each["role"]: each["email"] for each in _people(browser, server)["people"]}
        first, second = room(browser, server, people["facilitator"]), room(browser, server, people["member"])
        editable = second.locator('[data-reference^="C"]').filter(has=second.get_by_role("button", name="Edit"))
        reference = editable.first.get_attribute("data-reference") or ""
        edit(first, reference)
        edit(second, reference)
        words = second.locator(f'[data-reference="{reference}"] .cm-content').nth(1)
        words.click()
        words.press("Control+End")
        words.press_sequentially(", reviewed by all partners each year")
        first.get_by_text("reviewed by all partners each year").wait_for()
        first.screenshot(path=INTO / "blueprint.png")
        first.goto(f"{server.url}/g/northmere/validation/rounds/1/results")
        first.screenshot(path=INTO / "results.png")
        phone = browser.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2).new_page()
        phone.goto(_people(browser, server)["experts"][0]["link"])
        phone.get_by_role("button", name="Continue").click()
        phone.locator("main .button--primary").first.click()
        phone.locator(".scale").first.scroll_into_view_if_needed()
        phone.screenshot(path=INTO / "rating.png")
        browser.close()
        server.stop()


def _people(browser: Browser, server: LiveServer) -> dict[str, list[dict[str, str]]]:
    context = browser.new_context()
    answer: dict[str, list[dict[str, str]]] = context.request.get(f"{server.url}/demo/people.json").json()
    context.close()
    return answer


if __name__ == "__main__":
    main()
