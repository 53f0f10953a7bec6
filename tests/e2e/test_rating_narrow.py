"""Experts' pages at 320 pixels, which is also 1280 at 400 per cent: nothing sticks out, in any of their languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page

from app.clock import utc_now
from app.config import Settings
from app.policy import Actor
from app.services import consultations, rating, remarks, seating
from app.services.consultations import ConsultationForm
from app.services.panel import LANGUAGES
from app.uow import Database
from models.consultations import ConsultationKind
from models.validation import RemarkKind
from tests.conftest import SetClock
from tests.live import LiveServer
from tests.panels import Study, build_study

NARROW = {"width": 320, "height": 640}
#: What is wider than the window, and words that stick out of a frame: of what has a border at its side, or a colour.
STICKS_OUT = """() => {
  const found = [], wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) found.push(`the page: ${document.documentElement.scrollWidth}`);
  const frames = new Map(), texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const holder = node.parentElement;
    if (!node.data.trim() || holder.closest('svg, .visually-hidden, .skip-link, script, thead')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (!box.width) continue;
      if (box.right > wide + 0.5 || box.left < -0.5) found.push(`${node.data.trim()}: ${box.left} to ${box.right}`);
      for (let each = holder; each !== document.body; each = each.parentElement) {
        if (!frames.has(each)) {
          const style = getComputedStyle(each);
          const seen = parseFloat(style.borderRightWidth) > 0 || style.backgroundColor !== 'rgba(0, 0, 0, 0)';
          frames.set(each, seen && style.display !== 'inline' ? each.getBoundingClientRect() : null);
        }
        const frame = frames.get(each);
        if (frame && (box.right > frame.right + 0.5 || box.left < frame.left - 0.5))
          found.push(`${node.data.trim()} out of ${each.localName}.${each.className}`);
      }
    }
  }
  return found;
}"""


@pytest.fixture
def study(database: Database, clock: SetClock) -> Study:
    """A second round: what was given last time, what others wrote, and experts who are at different places in it."""
    clock.now = utc_now()  # the server's clock is the real one
    study = build_study(database)
    study.open(share_comments=True)
    for token in study.tokens:
        study.answer(token, {"relevance": [2, 9], "applicability": [2, None]})
        with database.writing() as uow:
            place = seating.sit_with_token(uow, token=token, round_id=study.round_id)
            rating.remark(uow, place, {(study.rated[0].id, RemarkKind.COMMENT): "Say who decides, and by when."})
    study.close()
    with database.writing() as uow:
        remarks.release_all(uow, study.cast.panel_manager, round_id=study.round_id)
    study.open(share_comments=True, feedback="groups", split_by="scope", ask_whole=True)
    return study


@pytest.fixture
def server(start_server: Callable[..., LiveServer], app_settings: Settings) -> LiveServer:
    return start_server(CONCORDAT_SECRET=app_settings.secret)


def opinion_token(study: Study) -> str:
    who: Actor = study.cast.panel_manager
    with study.database.writing() as uow:
        form = ConsultationForm(
            ConsultationKind.WEBINAR, uow.now.date(), "A hall", "Everybody", 40, "", version_id=study.version_id
        )
        made = consultations.add_consultation(uow, who, group_id=study.cast.group_id, form=form)
        consultations.open_form(uow, who, consultation_id=made.id, until=uow.now + timedelta(days=2))
        return consultations.token_of(uow.keys, made)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_sticks_out_at_320_pixels(
    server: LiveServer, study: Study, browser_context: Callable[..., BrowserContext], language: str
) -> None:
    page: Page = browser_context(viewport=NARROW).new_page()
    looked, faults = 0, []

    def look(path: str = "") -> None:
        nonlocal looked
        if path:
            answer = page.goto(server.url + path)
            assert answer is not None
            assert answer.ok, f"{path}: {answer.status}"
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert page.locator("html").get_attribute("lang") == language
        faults.extend(f"{page.url.removeprefix(server.url)}: {fault}" for fault in page.evaluate(STICKS_OUT))
        looked += 1

    def choose(address: str) -> None:
        page.goto(server.url + address)
        page.locator(f"button[name=language][value={language}]").click()

    def come_in(token: str) -> None:
        choose(f"/r/{token}")
        look()
        page.locator("main form .button--primary").click()
        page.wait_for_url("**/rate/**")

    fresh, begun, whole = study.tokens[1:4]
    come_in(fresh)
    look("/rate/sheet")  # the information sheet with its questions; other pages lead there
    count = len(study.rated)
    study.answer(begun, {"relevance": [2] * count})
    come_in(begun)
    page.goto(f"{server.url}/rate/")
    tasks = page.locator("main .tasks a").evaluate_all("all => all.map((each) => each.getAttribute('href'))")
    assert any("/rate/item/" in each for each in tasks)
    paths = (
        "/rate/", "/rate/sheet", *tasks, "/rate/grid", "/rate/review", "/rate/withdraw", "/privacy", "/accessibility",
    )  # fmt: skip
    for path in paths:
        look(path)
    study.answer(whole, {"relevance": [9] * count, "applicability": [None] * count})
    come_in(whole)
    look("/rate/whole")
    for answer in page.locator("input[type=radio][value='7']").all():
        answer.check(force=True)
    page.locator("form[data-module] .button--primary").click()
    look("/rate/review")
    page.locator("main form .button--primary").click()
    page.wait_for_url("**/rate/sent")
    for path in ("", "/rate/", "/rate/review"):
        look(path)
    page.goto(f"{server.url}/rate/withdraw")
    page.locator("button[value=keep]").click()
    page.locator("h1").wait_for()
    look()
    opinion = opinion_token(study)
    look(f"/opinion/{opinion}?language={language}")
    assert looked >= 20
    assert not faults, "\n".join(faults)
