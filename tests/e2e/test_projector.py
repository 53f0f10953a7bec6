"""The wall: as high as it is and no higher, the clock in sight, letters read from the back, and not a word cut off."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.services import decisions, polls, stages
from app.uow import Database
from models.documents import Field
from models.polls import Choice, Outcome
from tests.cast import enter
from tests.live import LiveServer
from tests.rooms import Hall, build_hall
from tests.wordings import rewrite

SENTENCE = "Partners share leadership of the alliance and answer together for what people and carers get from it, {}. "
#: Each word with whether it stands whole inside the part that may be turned over.
WORDS = """() => {
  const body = document.querySelector('[data-fit-body]'), frame = body.getBoundingClientRect(), found = [];
  const texts = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  let place = 0;
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (node.parentElement.closest('.visually-hidden, svg, progress')) continue;
    for (const match of node.data.matchAll(/\\S+/g)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const boxes = [...range.getClientRects()];
      const inside = boxes.length > 0 && boxes.every((box) => box.left >= frame.left - 1 && box.right <= frame.right + 1
        && box.top >= frame.top - 2 && box.bottom <= frame.bottom + 2);
      found.push([place++, match[0], inside, parseFloat(getComputedStyle(node.parentElement).fontSize)]);
    }
  }
  return found;
}"""


def show_item(hall: Hall) -> None:
    hall.advance()
    with hall.database.writing() as uow:
        stages.show_item(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)


def wall_of(server: LiveServer, hall: Hall, context: BrowserContext) -> Page:
    enter(context, server, "fay@example.org")
    console = context.request.get(f"{server.url}/g/{hall.slug}/sessions/{hall.meeting_id}/console").text()
    address = re.search(r'href="[^"]+(/screen/[^"]+)"', console)
    assert address is not None
    page = context.new_page()
    page.goto(server.url + address[1])
    page.locator("html[data-ready]").wait_for()
    expect(page.locator("#screen[data-head]")).to_be_attached()
    return page


def read_all(page: Page) -> tuple[int, float]:
    """Turn through all pages, on one of which each word must stand whole. How many pages, and the smallest letters."""
    said = page.locator("[data-fit-page]")
    pages = int(said.inner_text().split()[-1]) if said.is_visible() else 1
    seen: set[int] = set()
    known: dict[int, str] = {}
    sizes = []
    for number in range(1, pages + 1):
        if pages > 1:
            expect(said).to_have_text(f"Page {number} of {pages}")
        for place, word, inside, size in page.evaluate(WORDS):
            known[place] = word
            sizes.append(size)
            if inside:
                seen.add(place)
        page.keyboard.press("ArrowRight")
    left = [f"{place} {word}" for place, word in known.items() if place not in seen]
    assert not left, f"cut off on {pages} pages: {left[:5]} … {left[-1]} of {len(known)}"
    return pages, min(sizes)


def assert_on_one_wall(page: Page) -> None:
    size = page.viewport_size
    assert size is not None
    tall, wide = page.evaluate("[document.documentElement.scrollHeight, document.documentElement.scrollWidth]")
    assert (tall, wide) == (size["height"], size["width"])
    for part in (".timer__time", ".screen__foot", "h1", ".screen__top"):
        box = page.locator(part).first.bounding_box()
        assert box is not None, part
        assert box["y"] >= 0, part
        assert box["y"] + box["height"] <= size["height"], f"{part} is below the edge"


@pytest.mark.parametrize(
    "size", [(1920, 1080), *(pytest.param(size, marks=pytest.mark.long) for size in ((1366, 768), (1024, 768)))]
)
def test_an_item_of_any_length_fits_the_wall_with_the_clock_in_sight(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext], size: tuple[int, int]
) -> None:
    hall = build_hall(database)
    hall.open("Ana", "Leo")
    show_item(hall)
    wall = wall_of(server, hall, browser_context(viewport={"width": size[0], "height": size[1]}))
    found = {}
    for length in (200, 1_300, 6_000):
        words = "".join(SENTENCE.format(number) for number in range(100))[:length].strip()
        rewrite(database, hall.who["Fay"], hall.item_id, words)
        expect(wall.locator(".screen__words")).to_have_text(words)
        assert_on_one_wall(wall)
        pages, letters = read_all(wall)
        found[length] = pages
        assert letters >= size[1] / 36, "too small for the back of the room"
    assert found[200] == found[1_300] == 1, found
    assert found[6_000] > 1, found
    rewrite(database, hall.who["Fay"], hall.item_id, "T" + "itle of an item " * 17, Field.TITLE)
    expect(wall.locator("h1")).to_contain_text("Title of an item")
    assert_on_one_wall(wall)


def test_a_decision_with_its_split_is_shown_whole(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    hall.open("Fay", "Sam", "Ana", "Leo", "Pat")
    hall.advance()
    hall.advance()
    wall = wall_of(server, hall, browser_context(viewport={"width": 1920, "height": 1080}))
    with database.reading() as uow:
        poll = polls.latest_poll(uow.session, hall.meeting_id)
    assert poll is not None
    with database.writing() as uow:
        polls.vote(uow, hall.who["Ana"], poll_id=poll.id, choice=Choice.NO, reason="Name the lead")
        polls.vote(uow, hall.who["Leo"], poll_id=poll.id, choice=Choice.YES)
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll.id)
    with database.writing() as uow:
        decisions.record_decision(
            uow, hall.who["Fay"], poll_id=poll.id, outcome=Outcome.NOT_AGREED,
            sentence="".join(SENTENCE.format(number) for number in range(4))[:390],
        )  # fmt: skip
    expect(wall.locator(".screen__outcome")).to_be_visible()
    assert_on_one_wall(wall)
    read_all(wall)


def test_pages_turn_by_themselves(
    server: LiveServer, database: Database, browser_context: Callable[..., BrowserContext]
) -> None:
    hall = build_hall(database)
    hall.open("Ana")
    show_item(hall)
    rewrite(database, hall.who["Fay"], hall.item_id, "".join(SENTENCE.format(number) for number in range(60)))
    context = browser_context(viewport={"width": 1366, "height": 768})
    context.clock.install()
    wall = wall_of(server, hall, context)
    expect(wall.locator("[data-fit-page]")).to_contain_text("Page 1 of")
    context.clock.run_for(13_000)
    expect(wall.locator("[data-fit-page]")).to_contain_text("Page 2 of")
