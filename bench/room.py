"""The Blueprint room with 200 items: how long until it can be used, from a warm server into an empty cache.

``python bench/room.py [ITEMS]`` opens the page in nine fresh browsers and prints, for each, the milliseconds from
asking for the page until `performance.mark('ready')`, their median, and what was sent: the page, the scripts, and the
scripts when compressed with gzip, as browsers ask for them.
"""

from __future__ import annotations

import gzip
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, Response, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import migrations  # noqa: E402
from app.config import Settings  # noqa: E402
from app.services import items, outline  # noqa: E402
from app.uow import Database  # noqa: E402
from models.items import Kind, Status  # noqa: E402
from tests.browser import CHROMIUM, CHROMIUM_FLAGS  # noqa: E402
from tests.cast import SLUG, Cast, enter, make_cast  # noqa: E402
from tests.live import LiveServer  # noqa: E402

LOADS = 9
WORDS = "Partners agree the outcomes together, with people who use the services, and write down how each is measured. "


def fill(database: Database, people: Cast, count: int) -> None:
    """A blueprint of four elements with so many criteria, each with title, words and reasons."""
    with database.writing() as uow:
        elements = outline.start(uow, people.facilitator, group_id=people.group_id)
        for number in range(count - len(elements)):
            items.add_item(
                uow, people.facilitator, group_id=people.group_id, kind=Kind.CRITERION,
                parent_id=elements[number % len(elements)].id, title=f"Criterion number {number}", text=WORDS * 3,
                why=WORDS, status=Status.DRAFT,
            )  # fmt: skip


def sizes(page: Page, url: str) -> dict[str, int]:
    """Bytes that a visit asks for, by kind; scripts also as gzip makes them. An editor is opened too."""
    seen: list[Response] = []
    page.on("response", lambda response: seen.append(response))  # noqa: PLW0108  Playwright marks what it is given
    page.goto(url)
    page.wait_for_selector("html[data-ready][data-live=on]")
    scripts = [each for each in seen if each.url.endswith(".js")]
    first = {each.url for each in scripts}
    page.locator(".item--criterion").get_by_role("button", name="Edit").first.click()
    page.wait_for_selector(".cm-content")
    scripts = [each for each in seen if each.url.endswith(".js")]
    packed = {each.url: len(gzip.compress(each.body(), 6)) for each in scripts}
    return {
        "page": len(seen[0].body()),
        "scripts": len(packed),
        "scripts as sent": sum(len(each.body()) for each in scripts),
        "scripts with gzip": sum(packed.values()),
        "of these before an editor is opened": sum(size for url, size in packed.items() if url in first),
    }


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        database_url = f"sqlite:///{folder / 'concordat.sqlite3'}"
        migrations.upgrade(database_url)
        environ = {"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(folder), "DATABASE_URL": database_url}
        database = Database(Settings.from_env(environ))
        people = make_cast(database)
        fill(database, people, count)
        server = LiveServer(folder, database_url).start()
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        url = f"{server.url}/g/{SLUG}/blueprint"

        def visitor() -> Page:
            context = chromium.new_context(viewport={"width": 1366, "height": 900})
            enter(context, server, people.member.email or "")
            return context.new_page()

        print(sizes(visitor(), url), flush=True)
        loads = []
        for _ in range(LOADS):
            page = visitor()
            page.goto(url)
            page.wait_for_selector("html[data-ready]")
            loads.append(round(page.evaluate("performance.getEntriesByName('ready')[0].startTime")))
            page.context.close()
        print(f"ready after {' '.join(map(str, loads))} ms, median {statistics.median(loads)} ms", flush=True)
        chromium.close()
        server.stop()
        database.close()


if __name__ == "__main__":
    main()
