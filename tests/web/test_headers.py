"""Headers of every answer, cookies, hosts, verbs, and addresses that must lead nowhere."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.config import Mode, Settings
from app.factory import create_app
from app.policy import Actor
from app.services import meetings
from app.uow import Database
from models.jobs import Job
from tests.cast import Browser, Cast

HTTPS = "https://concordat.example.org"
#: The whole policy but for the nonce: whoever loosens it changes this line too.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-…'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
    "manifest-src 'self'"
)


def assert_armoured(answer: TestResponse, *, private: bool = True) -> None:
    headers = answer.headers
    assert re.sub(r"nonce-[\w-]{20,}", "nonce-…", headers["Content-Security-Policy"]).startswith(POLICY)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-Id"])
    assert not private or headers["Cache-Control"] == "no-store", answer.request.path
    assert "Werkzeug" not in headers.get("Server", "")


class AtProduction(Browser):
    """A browser that calls the server by its public name unless told otherwise."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"base_url": HTTPS, **kwargs})

    def session_transaction(self, *args: Any, **kwargs: Any) -> Any:
        return super().session_transaction(*args, **{"base_url": HTTPS, **kwargs})


@pytest.fixture
def production(app: Flask, app_settings: Settings) -> Iterator[Browser]:
    """A visitor's browser at a production server on the same database, addressed by its public name."""
    settings = dataclasses.replace(
        app_settings, mode=Mode.PRODUCTION, base_url=HTTPS, smtp_url="smtp://localhost:1", secret="s" * 40
    )
    made = create_app(settings)
    made.test_client_class = AtProduction
    client = made.test_client()
    assert isinstance(client, Browser)
    yield client
    made.extensions["concordat.database"].close()


def test_every_page_is_armoured_and_kept_by_nobody(
    app: Flask, people: Cast, client: Browser, client_of: Callable[[Actor], Browser]
) -> None:
    insider = client_of(people.facilitator)
    seen = 0
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.arguments - {"slug"}:
            continue
        path = rule.rule.replace("<slug>", people.slug)
        for browser in (client, insider):
            assert_armoured(browser.get(path))
            seen += 1
    assert seen > 30


def test_refusals_are_armoured_too_and_each_has_an_id(client: Browser, people: Cast) -> None:
    answers = {
        400: client.post("/sign-in", csrf=False),
        404: client.get("/nowhere"),
        405: client.delete("/sign-in"),
        413: client.post("/sign-in", data={"email": "x" * (3 * 1024 * 1024)}),
        422: client.post("/sign-in", data={"email": "a\0b"}),
    }
    assert {wanted: answer.status_code for wanted, answer in answers.items()} == {each: each for each in answers}
    for answer in answers.values():
        assert_armoured(answer)
        assert "nonce-'" not in answer.headers["Content-Security-Policy"]
    assert len({answer.headers["X-Request-Id"] for answer in answers.values()}) == len(answers)


def test_static_files_are_kept_but_carry_no_cookie(people: Cast, client_of: Callable[[Actor], Browser]) -> None:
    browser = client_of(people.member)
    page = browser.get("/account/").text
    found = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert found
    answer = browser.get(found[1], buffered=True)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert_armoured(answer, private=False)


@pytest.mark.parametrize(
    "path",
    ["/console", "/.env", "/.git/config", "/metrics", "/debug", "/admin.php", "/wp-login.php", "/static/x/app.js.map",
     "/static/x/../../wsgi.py", "/static/x/..%2f..%2fwsgi.py", "/static/x/%2e%2e/%2e%2e/app/config.py",
     "/static/x//etc/passwd", "/static/x/css/tokens.css%00.js", "/static/x/js", "/static/", "/server.log", "/secret",
     "/concordat.sqlite3", "/openapi.json.bak", "/%00", "/g/../../etc/passwd"],
)  # fmt: skip
def test_addresses_that_lead_nowhere(client: Browser, people: Cast, path: str) -> None:
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code in {404, 422}, answer.status
    assert "Traceback" not in answer.text
    assert "SECRET_KEY" not in answer.text


def test_no_source_map_or_note_is_shipped() -> None:
    root = Path(__file__).resolve().parents[2] / "static"
    assert not list(root.rglob("*.map"))
    for path in (root / "vendor").rglob("*.js"):
        assert "sourceMappingURL" not in path.read_text(), path


def test_verbs_play_no_tricks(people: Cast, client_of: Callable[[Actor], Browser], database: Database) -> None:
    browser = client_of(people.member)
    for method in ("GET", "HEAD", "OPTIONS"):
        for header in ({}, {"X-HTTP-Method-Override": "POST"}, {"X-Method-Override": "POST"}):
            browser.open("/sign-out", method=method, headers=header)
            browser.open("/sign-out?_method=POST", method=method, headers=header)
    assert browser.get("/account/").status_code == 200, "still signed in"
    assert browser.open("/account/", method="TRACE").status_code == 405
    with database.reading() as uow:
        assert uow.session.query(Job).count() == 0


def test_cookies_of_production(production: Browser) -> None:
    answer = production.get("/sign-in")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-concordat=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain=" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "upgrade-insecure-requests" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "host", ["evil.example", "concordat.example.org.evil.example", "evil.example:443", "127.0.0.1"]
)
def test_production_answers_to_its_own_name_only(production: Browser, host: str) -> None:
    answer = production.get("/sign-in", headers={"Host": host})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert_armoured(answer)
    for probe in ("/healthz", "/readyz"):
        assert production.get(probe, headers={"Host": host}).status_code == 200, "load balancers ask by address"


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "Forwarded"])
def test_no_header_changes_the_name_in_addresses(production: Browser, people: Cast, header: str) -> None:
    value = "host=evil.example" if header == "Forwarded" else "evil.example"
    assert "evil.example" not in production.get("/sign-in", headers={header: value}).text
    answer = production.get("/account/", headers={header: value})
    assert (answer.status_code, answer.location) == (302, "/sign-in?next=/account/")


@pytest.mark.parametrize("path", ["/demo", "/demo/people.json", "/_components", "/outbox"])
def test_production_has_no_demonstration(production: Browser, path: str) -> None:
    assert production.get(path).status_code == 404


def test_production_lets_nobody_in_by_the_demo_door(production: Browser, people: Cast) -> None:
    answer = production.post("/demo/enter", data={"email": "member@example.org"})
    assert answer.status_code == 404
    assert production.get("/account/").status_code == 302


def test_forwarded_addresses_count_only_behind_the_configured_proxies(client: Browser, people: Cast) -> None:
    """Otherwise each guess could come from an invented address of its own."""
    answers = [
        client.post(
            "/sign-in", data={"email": f"{n}@example.org", "password": "x"}, headers={"X-Forwarded-For": f"10.0.0.{n}"}
        ).status_code
        for n in range(62)
    ]
    assert answers[-1] == 429


def test_a_calendar_entry_leads_to_our_own_name_and_holds_one_event(
    app: Flask, database: Database, people: Cast, client_of: Callable[[Actor], Browser]
) -> None:
    title = "Plan\r\nEND:VEVENT\r\nBEGIN:VEVENT;SUMMARY=x\\,y;"
    with database.writing() as uow:
        meeting = meetings.plan_meeting(
            uow, people.facilitator, group_id=people.group_id, title=title, day=date(2026, 5, 5), at=time(9),
            place="Hall\r\nATTACH:http://evil.example",
        )  # fmt: skip
    path = f"/g/{people.slug}/sessions/{meeting.id}/calendar.ics"
    browser = client_of(people.facilitator)
    kept = browser.get_cookie("concordat")
    assert kept is not None
    browser.set_cookie("concordat", kept.value, domain="evil.example")
    answer = browser.get(path, base_url="http://evil.example", buffered=True)
    assert answer.status_code == 200
    lines = answer.text.replace("\r\n ", "").split("\r\n")
    assert [line for line in lines if line.startswith(("BEGIN:", "END:", "ATTACH"))] == [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    assert f"URL:{database.settings.base_url}/g/{people.slug}/sessions/{meeting.id}" in lines
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "path", ["/screen/{}", "/screen/{}/live", "/invitation/{}", "/reset/{}", "/r/{}", "/stop/{}", "/calendar/{}.ics"]
)
def test_guessing_links_is_slowed_down_and_none_travels_as_referrer(client: Browser, people: Cast, path: str) -> None:
    answers = [client.get(path.format(f"guess-number-{n}-that-is-as-long-as-a-token-is")) for n in range(62)]
    assert len({answer.status_code for answer in answers[:60]}) == 1, "all guesses look alike"
    assert answers[0].status_code in {404, 410}
    assert [answer.status_code for answer in answers[60:]] == [429, 429]
    assert {answer.headers["Referrer-Policy"] for answer in answers} == {"no-referrer"}


def test_a_page_that_is_not_there_knows_who_looked_for_it(
    client: Browser, people: Cast, client_of: Callable[[Actor], Browser]
) -> None:
    page = client_of(people.member).get("/nowhere").text
    assert "Page not found" in page
    assert "Account of" in page
    assert 'href="/sign-in' not in page
    assert 'href="/sign-in' in client.get("/nowhere").text
