"""How the server takes ratings when many experts save at once.

``python bench/ratings.py [sqlite|postgres] [SECONDS] [page]``: by the interface for programs, or with ``page`` as the
experts' own pages save, with a cookie, a form and the answer that moves the progress bar.

A thousand experts with a link each. First an open loop: 200 saves a second for a minute, each at its own moment whether
or not the ones before are answered; the time is counted from that moment. Then a thousand at once. Then 200 a second
again while the server is killed with -9 and started again; whoever gets no answer sends again, as autosave does. At the
end every save must be stored once, with its value. Printed beside it: how many times a second this disk syncs.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import requests
from sqlalchemy import func, select, update

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import migrations  # noqa: E402
from app.config import Settings  # noqa: E402
from app.services import items, panel, seats, validation, versions  # noqa: E402
from app.uow import Database  # noqa: E402
from models.items import Kind, Status  # noqa: E402
from models.validation import Rating, Seat  # noqa: E402
from tests import servers  # noqa: E402
from tests.cast import make_cast  # noqa: E402
from tests.live import LiveServer  # noqa: E402

EXPERTS, CRITERIA, RATE, THREADS = 1_000, 40, 200, 64
SECRET = "a secret of the measurement, and of nothing else"  # noqa: S105


@dataclass
class Round:
    """An open round: its server, the experts' tokens, and the items to rate."""

    server: LiveServer
    round_id: int
    tokens: list[str]
    item_ids: list[int]
    version_item_ids: list[int]
    visits: list[tuple[str, str]] = field(default_factory=list)
    sent: dict[tuple[int, int], int] = field(default_factory=dict)
    next: itertools.count[int] = field(default_factory=itertools.count)

    def come_in(self) -> None:
        """Every expert presses Continue on the page of their link and is given a cookie."""
        places = itertools.count()
        visits: list[tuple[str, str]] = [("", "")] * EXPERTS

        def work() -> None:
            while (place := next(places)) < EXPERTS:
                visitor, address = requests.Session(), f"{self.server.url}/r/{self.tokens[place]}"
                token = csrf_of(visitor.get(address).text)
                visitor.post(address, {"csrf_token": token}, allow_redirects=False).raise_for_status()
                page = visitor.get(f"{self.server.url}/rate/item/{self.version_item_ids[0]}")
                cookies = "; ".join(f"{each.name}={each.value}" for each in visitor.cookies)
                visits[place] = (cookies, csrf_of(page.text))

        at_once(work)
        self.visits = visits

    def question(self, number: int) -> tuple[int, int, int]:
        """The expert, item and score of the so-manieth save: no two ask the same."""
        expert, item = number % EXPERTS, self.item_ids[number // EXPERTS]
        return expert, item, 1 + number * 7 % 9


def prepare(database: Database, server: LiveServer) -> Round:
    """A thousand experts in an open round on forty criteria."""
    people = make_cast(database)
    lead, manager, group_id = people.facilitator, people.panel_manager, people.group_id
    with database.writing() as uow:
        element = items.add_item(
            uow, lead, group_id=group_id, kind=Kind.ELEMENT, title="Partnership", status=Status.AGREED
        )
        for number in range(CRITERIA):
            items.add_item(
                uow, lead, group_id=group_id, kind=Kind.CRITERION, parent_id=element.id, status=Status.AGREED,
                title=f"Criterion {number}", text=f"Partners share {number}.",
            )  # fmt: skip
    with database.writing() as uow:
        version = versions.freeze(uow, lead, group_id=group_id, reason="For the measurement.").id
        seats_of = panel.panel_of(uow, manager, group_id=group_id).id
        lines = (f"Expert {number} Invented,e{number}@example.org,national" for number in range(EXPERTS))
        panel.add_experts(uow, manager, panel_id=seats_of, table="name,email,scope\n" + "\n".join(lines))
        made = validation.create_round(uow, manager, group_id=group_id, version_id=version).id
    with database.writing() as uow:
        validation.open_round(uow, manager, round_id=made, closes_at=uow.now + timedelta(days=1))
        uow.session.execute(update(Seat).values(consented_at=uow.now, consent_version=1))
    with database.reading() as uow:
        rows = uow.session.execute(select(Seat).where(Seat.round_id == made).order_by(Seat.id)).scalars()
        tokens = [seats.token_of(uow.keys, seat) for seat in rows]
        rated = validation.read_round(uow, manager, round_id=made).items
    return Round(server, made, tokens, [item.item_id for item in rated], [item.id for item in rated])


def save(round_: Round, connection: http.client.HTTPConnection, number: int) -> None:
    """Send one rating and remember that it was acknowledged. Raises OSError or HTTPException where it was not."""
    expert, item, value = round_.question(number)
    if round_.visits:
        cookies, token = round_.visits[expert]
        form = {"csrf_token": token, "score-relevance": value, "comment": "", "wording": ""}
        headers = {"Cookie": cookies, "X-Autosave": "1", "Content-Type": "application/x-www-form-urlencoded"}
        page = round_.version_item_ids[round_.item_ids.index(item)]
        connection.request("POST", f"/rate/item/{page}", urlencode(form), headers)
    else:
        body = json.dumps([{"item_id": item, "dimension": "relevance", "value": value}])
        headers = {"Authorization": f"Bearer {round_.tokens[expert]}", "Content-Type": "application/json"}
        connection.request("PUT", f"/api/v1/rounds/{round_.round_id}/ratings", body, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != http.HTTPStatus.OK and answer.status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
        raise SystemExit(f"a save was refused: {answer.status}")
    if answer.status != http.HTTPStatus.OK:
        raise http.client.HTTPException(f"answered {answer.status}")
    round_.sent[expert, item] = value


def csrf_of(page: str) -> str:
    """The token that a page's form sends back."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    if found is None:
        raise SystemExit("a page came without its form")
    return found[1]


def at_once(work: Callable[[], None], meanwhile: Callable[[], None] | None = None) -> None:
    """Run it in many threads until all are done. Raises what any of them raised."""
    faults: list[BaseException] = []

    def watched() -> None:
        try:
            work()
        except BaseException as fault:  # noqa: BLE001  # also SystemExit, which ends a thread without a word
            faults.append(fault)

    threads = [threading.Thread(target=watched) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    if meanwhile is not None:
        meanwhile()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def load(round_: Round, count: int, rate: float | None, meanwhile: Callable[[], None] | None = None) -> list[float]:
    """Save so often, ``rate`` a second or all at once; the milliseconds from each save's moment to its answer."""
    numbers = [next(round_.next) for _ in range(count)]
    waits: list[float] = []
    places = itertools.count()
    begin = time.perf_counter() + 0.5

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", round_.server.port, timeout=30)
        while (place := next(places)) < count:
            due = begin + (place / rate if rate else 0)
            time.sleep(max(0.0, due - time.perf_counter()))
            while True:
                try:
                    save(round_, connection, numbers[place])
                    break
                except (OSError, http.client.HTTPException):
                    connection.close()
                    time.sleep(0.2)
            waits.append((time.perf_counter() - due) * 1000)

    at_once(work, meanwhile)
    return sorted(waits)


def say(name: str, waits: list[float]) -> None:
    """One line of figures."""
    at = [round(waits[min(len(waits) - 1, int(len(waits) * share))]) for share in (0.5, 0.95, 0.99)]
    print(f"{name}: n {len(waits)}, p50 {at[0]}, p95 {at[1]}, p99 {at[2]}, worst {waits[-1]:.0f} ms", flush=True)


def syncs(folder: Path) -> float:
    """How many times a second 4 kB are written and synced here."""
    with (folder / "sync").open("wb") as file:
        began = time.perf_counter()
        for _ in range(300):
            file.write(random.randbytes(4096))
            file.flush()
            os.fdatasync(file.fileno())
        return 300 / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    engine = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'concordat.sqlite3'}"
        if engine == "postgres":
            url = servers.start_postgres(os.getpid(), durable=True)
        migrations.upgrade(url)
        environ = {"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(folder), "CONCORDAT_SECRET": SECRET}
        database = Database(Settings.from_env({**environ, "DATABASE_URL": url}))
        server = LiveServer(folder, url)
        server.environ = {"CONCORDAT_SECRET": SECRET}
        round_ = prepare(database, server)
        server.start()
        if "page" in sys.argv[3:]:
            round_.come_in()
        print(f"{engine}; this disk syncs {syncs(folder):.0f} times a second", flush=True)
        say(f"{RATE} saves a second for {seconds} s", load(round_, RATE * seconds, RATE))
        burst = load(round_, EXPERTS, None)
        say("a thousand at once", burst)

        def kill() -> None:
            time.sleep(5)
            server.restart()

        say("200 a second, killed with -9 after 4.5 s", load(round_, RATE * 10, RATE, kill))
        with database.reading() as uow:
            rows = uow.session.execute(select(Rating.expert_id, Rating.version_item_id, Rating.value)).all()
            double = uow.session.execute(
                select(func.count()).select_from(Rating).group_by(Rating.expert_id, Rating.version_item_id)
            ).scalars()
            stored = len(rows)
            twice = sum(count > 1 for count in double)
        values = sum(round_.sent.values())
        print(
            f"{len(round_.sent)} acknowledged, {stored} stored, {twice} twice; the sum of the scores is "
            f"{'the same' if sum(row.value for row in rows) == values else 'NOT THE SAME'}"
        )
        server.stop()
        database.close()


if __name__ == "__main__":
    main()
