"""Twenty people in a blueprint of 300 items, six of them typing in one item, over a bad connection.

``python bench/words.py [KEYS] [SECONDS]`` loses 5 % of all packets between the server and everybody, both ways, and
every so many seconds (30) all of them for half a second (by nft, as root). One of the six is a Chromium slowed down
four times. It prints, of its keys: the milliseconds from keydown to the end of the paint that follows (from Chromium's
own trace), and until another person has them; and whether all six texts equal the server's in the end. Before that, in
the same room and at the same slow-down, the editor library alone on an empty page: what this machine can do just now.

1,000 keys take a minute and a half and meet three standstills. 300 meet one or none, and each holds up what is typed in
0.7 to 1.5 seconds, until TCP has tried again twice or three times: what p95 a short run has is a matter of chance.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import migrations  # noqa: E402
from app.config import Settings  # noqa: E402
from app.policy import SYSTEM, Actor  # noqa: E402
from app.services import accounts, groups  # noqa: E402
from app.uow import Database  # noqa: E402
from bench.room import fill  # noqa: E402
from models.groups import Role  # noqa: E402
from models.items import Item  # noqa: E402
from tests.browser import CHROMIUM, CHROMIUM_FLAGS  # noqa: E402
from tests.cast import SLUG, Cast, enter, make_cast  # noqa: E402
from tests.live import LiveServer  # noqa: E402
from tests.typists import Raw, Typists, document_of, log_of, token_of, until  # noqa: E402

ITEMS = 300
PEOPLE = 20
TYPISTS = 5
SLOW_DOWN = 4
KEY_MS = 60
BARE_KEYS = 300
#: A picture is drawn as soon as there is one, not when a screen that is not there would show it.
FLAGS = [*CHROMIUM_FLAGS, "--disable-frame-rate-limit", "--disable-gpu-vsync"]
LOST_PERCENT = 5
STALL_SECONDS = 0.5
#: What is aimed at (p95) from a key to another person.
AIM_MS = 300


class BadLine:
    """The way to one port of this machine, which loses packets and now and then everything, both ways, in the kernel.

    Entered it begins to lose, left it is as before. What is lost the kernel's own TCP finds out and sends again, after
    200 ms at least, as over any line. Raises SystemExit where packets may not be touched.
    """

    def __init__(self, port: int, stall_every: float) -> None:
        self.port = port
        self.stall_every = stall_every
        self.table = f"concordat_bench_{port}"
        self.over = threading.Event()
        self.stalls = threading.Thread(target=self._stall, daemon=True)

    def __enter__(self) -> Self:
        ways = [f"tcp {way} {self.port}" for way in ("dport", "sport")]
        self._say(
            f"add table inet {self.table}",
            f"add chain inet {self.table} passing {{ type filter hook input priority 0; }}",
            f"add chain inet {self.table} stalled",
            *(f"add rule inet {self.table} passing {way} jump stalled" for way in ways),
            *(f"add rule inet {self.table} passing {way} numgen random mod 100 < {LOST_PERCENT} drop" for way in ways),
        )
        self.stalls.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.stalls.join()
        self._say(f"delete table inet {self.table}")

    def _stall(self) -> None:
        while not self.over.wait(self.stall_every):
            self._say(f"add rule inet {self.table} stalled drop")
            self.over.wait(STALL_SECONDS)
            self._say(f"flush chain inet {self.table} stalled")

    @staticmethod
    def _say(*rules: str) -> None:
        try:
            subprocess.run(["nft", "-f", "-"], input="\n".join(rules), text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as fault:
            raise SystemExit(
                f"packets are lost by the kernel: this needs nft (Debian: nftables) and root ({fault})"
            ) from None


def crowd(database: Database, people: Cast) -> list[Actor]:
    """Members enough to make twenty."""
    made = []
    with database.writing() as uow:
        for number in range(PEOPLE):
            person = accounts.add_person(uow, email=f"m{number}@example.org", name=f"Number {number} Invented")
            groups.add_member(
                uow, SYSTEM, group_id=people.group_id, person=person, role=Role.MEMBER, constituency="Commissioner",
                organisation="Vale",
            )  # fmt: skip
            made.append(Actor(person_id=person.id, name=person.name, email=person.email))
    return made


def painted(trace: bytes) -> list[float]:
    """For each keydown of a trace, the milliseconds until the end of the next paint on the page's main thread."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    keys = sorted(
        (each["ts"], each["pid"], each["tid"]) for each in events
        if each["name"] == "EventDispatch" and each.get("args", {}).get("data", {}).get("type") == "keydown"
    )  # fmt: skip
    paints = sorted(
        (each["ts"], each["pid"], each["tid"], each.get("dur", 0)) for each in events if each["name"] == "Paint"
    )
    found = []
    for ts, pid, tid in keys:
        after = [at + dur for at, p, t, dur in paints if at >= ts and (p, t) == (pid, tid)]
        if after:
            found.append((min(after) - ts) / 1000)
    return found


def share(values: list[float], part: float) -> float:
    """The value below which so large a part lies."""
    return round(sorted(values)[min(len(values) - 1, int(len(values) * part))], 1)


def say(name: str, values: list[float]) -> None:
    """One line of figures."""
    print(
        f"{name}: n {len(values)}, p50 {round(statistics.median(values), 1)}, p95 {share(values, 0.95)}, "
        f"worst {max(values):.1f} ms",
        flush=True,
    )


def type_in_browser(chromium: Browser, page: Page, keys: int) -> tuple[list[float], bytes]:
    """Type so many letters; when each went down (ms since 1970), and the trace."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_DOWN})
    page.evaluate(
        """() => {
          window.keys = [];
          document.querySelector(".cm-content[aria-label^=Words]").addEventListener("keydown", () => {
            window.keys.push(performance.timeOrigin + performance.now());
          }, { capture: true });
        }"""
    )
    page.locator(".cm-content[aria-label^=Words]").click()
    chromium.start_tracing(page=page, categories=["devtools.timeline", "input"])
    for _ in range(keys):
        page.keyboard.press("q", delay=5)
        page.wait_for_timeout(KEY_MS - 5)
    trace = chromium.stop_tracing()
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return page.evaluate("window.keys"), trace


BARE = """async () => {
  const { EditorView } = await import("/static/bench/vendor/codemirror.js");
  document.body.replaceChildren();
  const doc = "Partners share what they know and decide together.";
  const attributes = EditorView.contentAttributes.of({ "aria-label": "Words" });
  new EditorView({ parent: document.body, doc, extensions: [attributes, EditorView.lineWrapping] });
}"""


def bare(chromium: Browser, place: Room, keys: int) -> list[float]:
    """Keydown to paint of the editor library with nothing around it."""
    context = chromium.new_context(viewport={"width": 1366, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{place.server.url}/sign-in")
    page.evaluate(BARE)
    _down, trace = type_in_browser(chromium, page, keys)
    context.close()
    return painted(trace)


def arrivals(client: str, heard: list[tuple[float, Any]]) -> list[float]:
    """When each letter of one editor reached a reader, in order."""
    found = []
    for at, payload in heard:
        for mark, source in payload[2]:
            if mark == client:
                found += [at] * sum(len("".join(part[1:])) for part in json.loads(source) if isinstance(part, list))
    return found


SHOWN = """() => {
  const content = document.querySelector(".cm-content[aria-label^=Words]").cloneNode(true);
  for (const name of content.querySelectorAll(".cm-their-name")) name.remove();
  return [...content.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\\n");
}"""


@dataclass
class Room:
    """A server, a blueprint of 300 items, and twenty members with tokens."""

    database: Database
    people: Cast
    members: list[Actor]
    server: LiveServer
    doc: int
    tokens: list[str]


def room(folder: Path) -> Room:
    """Make all of it and start the server."""
    url = f"sqlite:///{folder / 'concordat.sqlite3'}"
    migrations.upgrade(url)
    environ = {"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(folder), "DATABASE_URL": url}
    database = Database(Settings.from_env(environ))
    people = make_cast(database)
    fill(database, people, ITEMS)
    members = crowd(database, people)
    server = LiveServer(folder, url)
    server.start()
    with database.reading() as uow:
        doc = document_of(uow.session, uow.session.query(Item).filter_by(reference="C1.1").one().id).id
    return Room(database, people, members, server, doc, [token_of(database, member) for member in members])


def editor(chromium: Browser, place: Room) -> Page:
    """A facilitator's page with the item open for editing."""
    context = chromium.new_context(viewport={"width": 1366, "height": 900})
    enter(context, place.server, place.people.facilitator.email or "")
    page = context.new_page()
    page.goto(f"{place.server.url}/g/{SLUG}/blueprint")
    page.wait_for_selector("html[data-ready][data-live=on]")
    page.locator('[data-reference="C1.1"] [data-edit]').click()
    page.wait_for_selector(".cm-content[aria-label^=Words]")
    saved(page)
    return page


def saved(page: Page) -> None:
    """Wait until both texts of the open item are saved."""
    until(lambda: page.locator('[data-module="editor"][data-save="saved"]').count() >= 2, "all is saved", 60)


def main() -> None:
    """Measure and print."""
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    stall_every = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        place = room(Path(name))
        doc = str(place.doc)
        watching = [Raw(place.server.url, token) for token in place.tokens[TYPISTS:]]
        for each in watching:
            each.send("hint:watch", [f"items-{place.people.group_id}"])
        heard: list[tuple[float, Any]] = []
        watching[0].client.on("text:updates", lambda payload: heard.append((time.time() * 1000, payload)))
        watching[0].send("text:join", [doc, f"{place.members[TYPISTS].person_id}.reader", None, None])
        typists = Typists()
        for number in range(TYPISTS):
            typists.do("connect", f"t{number}", url=place.server.url, token=place.tokens[number])
            typists.do("join", f"t{number}", doc=doc, person=place.members[number].person_id)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        over = threading.Event()

        def types(number: int) -> None:
            while not over.wait(0.2):
                typists.do("type", f"t{number}", doc=doc, **{"from": 0, "insert": "abcdefg"[number]})

        threads = [threading.Thread(target=types, args=(number,), daemon=True) for number in range(TYPISTS)]
        with BadLine(place.server.port, stall_every):
            for thread in threads:
                thread.start()
            say("keydown to paint, the editor library alone", bare(chromium, place, BARE_KEYS))
            page = editor(chromium, place)
            down, trace = type_in_browser(chromium, page, keys)
            over.set()
            for thread in threads:
                thread.join()
        for number in range(TYPISTS):
            typists.do("settle", f"t{number}", doc=doc, timeout=60_000)
        saved(page)
        text, log = log_of(place.database, place.doc)
        own = [row for row in log if row.author_id == place.people.facilitator.person_id]
        mark = next(row.client for row in own if "q" in row.changes)
        until(lambda: len(arrivals(mark, heard)) >= keys, "all keys have arrived", 60)

        say("keydown to paint", painted(trace))
        taken = [there - here for here, there in zip(down, arrivals(mark, heard), strict=False)]
        say("keydown to another person", taken)
        late = sum(each > AIM_MS for each in taken)
        print(f"later than {AIM_MS} ms: {100 * late / len(taken):.1f} %", flush=True)

        def texts() -> list[str]:
            return [typists.do("report", f"t{number}", doc=doc)["text"] for number in range(TYPISTS)]

        same = until(lambda: {*texts(), page.evaluate(SHOWN)} == {text}, "all six texts are the server's", 60)
        print(f"{text.count('q')} letters of {keys} are stored; all six texts are the server's: {same}", flush=True)
        typists.close()
        for each in watching:
            each.close()
        chromium.close()
        place.server.stop()
        place.database.close()


if __name__ == "__main__":
    main()
