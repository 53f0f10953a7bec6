#!/usr/bin/env python3
"""Pictures of every page at three widths, and sheets of them to look over: ``make screens`` writes ``screens/``.

A demo is started in a folder of its own. For a visitor, one person of each role and one expert, the links of each page
are followed, one page of each kind; what needs a click (a dialog, a menu) is not seen. ``screens/index.html`` shows
all; ``screens/sheet-WIDTH-N.png`` are the same as pictures. Status 1 when a page answered with an error.

``make screens ARGS="--role facilitator --limit 10"`` looks at less.
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import CHROMIUM, CHROMIUM_FLAGS, NOT_FOLLOWED, kind_of  # noqa: E402  the folder must be on the path first
from tests.cast import enter  # noqa: E402
from tests.live import LiveServer  # noqa: E402

WIDTHS = {390: 844, 1366: 768, 1920: 1080}
PER_SHEET = 12


@dataclass
class Visitor:
    """Whom the pages are looked at as, where the visit begins, and what was seen."""

    name: str
    start: str
    email: str | None = None
    seen: dict[str, str] = field(default_factory=dict)


def visitors(context: BrowserContext, base: str) -> list[Visitor]:
    """A visitor, one person of each role in the demo, and one expert."""
    people = context.request.get(f"{base}/demo/people.json").json()
    chosen = [Visitor("visitor", "/")]
    roles: set[str] = set()
    for person in people["people"]:
        if person["role"] not in roles:
            roles.add(person["role"])
            chosen.append(Visitor(re.sub(r"\W+", "-", person["role"]), "/", person["email"]))
    chosen.extend(Visitor("expert", expert["link"]) for expert in people["experts"][:1])
    return chosen


def pages(page: Page, base: str, visitor: Visitor, limit: int) -> Iterator[tuple[str, str, int]]:
    """Each kind of page that can be reached by links: kind, address, status. The page shows it when it is yielded."""
    waiting = [urljoin(base, visitor.start)]
    while waiting and len(visitor.seen) < limit:
        url = waiting.pop(0)
        kind = kind_of(url)
        if kind in visitor.seen:
            continue
        visitor.seen[kind] = url
        answer = page.goto(url)
        yield kind, url, answer.status if answer else 0
        if kind == "/outbox":
            continue  # its links were written to other people
        for link in page.locator("a[href]").evaluate_all("links => links.map(link => link.href)"):
            address = link.partition("#")[0]
            same_site = urlsplit(address).netloc == urlsplit(base).netloc
            if same_site and not NOT_FOLLOWED.search(urlsplit(address).path):
                waiting.append(address)


def picture(page: Page, path: Path) -> None:
    """The whole page at each width, once its scripts are ready."""
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("() => document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
        page.screenshot(path=path.with_name(f"{path.name}-{width}.png"), full_page=True, animations="disabled")


def write_sheets(browser: Browser, folder: Path, names: list[tuple[str, str]]) -> None:
    """index.html with all pictures, and sheets of a dozen as pictures."""
    style = (
        "body{font:14px sans-serif;margin:16px;background:#ddd}main{display:flex;flex-wrap:wrap;gap:12px}"
        "figure{margin:0;background:#fff;padding:6px;width:300px}figure.w390{width:180px}"
        "img{width:100%;max-height:420px;object-fit:cover;object-position:top;border:1px solid #999}"
    )

    def figures(width: int, some: list[tuple[str, str]]) -> str:
        return "".join(
            f'<figure class="w{width}"><a href="{name}-{width}.png"><img src="{name}-{width}.png" alt=""></a>'
            f"<figcaption>{html.escape(words)}</figcaption></figure>"
            for name, words in some
        )

    def document(body: str) -> str:
        return f'<!doctype html><meta charset="utf-8"><title>Screens</title><style>{style}</style>{body}'

    whole = "".join(f"<h2>{width} wide</h2><main>{figures(width, names)}</main>" for width in WIDTHS)
    (folder / "index.html").write_text(document(whole))
    page = browser.new_page(viewport={"width": 1320, "height": 900})
    sheet = folder / "sheet.html"
    for width in WIDTHS:
        for number, first in enumerate(range(0, len(names), PER_SHEET), 1):
            sheet.write_text(document(f"<main>{figures(width, names[first : first + PER_SHEET])}</main>"))
            page.goto(sheet.as_uri())
            page.screenshot(path=folder / f"sheet-{width}-{number}.png", full_page=True)
    sheet.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description="Pictures of every page at three widths.")
    parser.add_argument("--role", action="append", help="only this visitor, for example facilitator or expert")
    parser.add_argument("--limit", type=int, default=60, help="at most this many kinds of page for each visitor")
    parser.add_argument("--into", type=Path, default=ROOT / "screens", help="the folder to write; it is emptied first")
    options = parser.parse_args()
    folder: Path = options.into
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names: list[tuple[str, str]] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server = LiveServer(Path(data), f"sqlite:///{data}/concordat.sqlite3", command="run").start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        try:
            for visitor in visitors(browser.new_context(), server.url):
                if options.role and visitor.name not in options.role:
                    continue
                page = browser.new_context(locale="en-GB", timezone_id="Europe/London").new_page()
                if visitor.email:
                    enter(page.context, server, visitor.email)
                for kind, url, status in pages(page, server.url, visitor, options.limit):
                    name = f"{len(names) + 1:03d}-{visitor.name}"
                    picture(page, folder / name)
                    names.append((name, f"{visitor.name}: {kind} ({status})"))
                    if status >= 400:
                        faults.append(f"{visitor.name}: {url} answered {status}")
                page.context.close()
            write_sheets(browser, folder, names)
        finally:
            browser.close()
            server.stop()
    print(f"{len(names)} pages at {len(WIDTHS)} widths: {folder / 'index.html'}")
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
