"""The door over HTTP: buttons before tokens, fresh sessions, local redirects, one answer for all addresses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from app import jobs
from app.mail import Mail, send
from app.policy import Actor
from app.services import signing_in
from app.uow import Database
from app.web.forms import local_path
from models.accounts import OneTimeToken, SignIn
from models.jobs import Job
from tests.cast import Browser, Cast
from tests.conftest import SetClock

PASSWORD = "three plain words"


@pytest.fixture
def password(database: Database, people: Cast) -> str:
    with database.writing() as uow:
        signing_in.change_password(uow, people.member, current="", new=PASSWORD)
    return PASSWORD


def latest_mail(database: Database) -> str:
    with database.reading() as uow:
        job = uow.session.execute(select(Job).order_by(Job.id.desc())).scalars().first()
        return str(job.payload["text"]) if job else ""


def test_sign_in_begins_a_fresh_session_and_goes_where_one_wanted(client: Browser, people: Cast, password: str) -> None:
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    answer = client.post("/sign-in", data={"email": "member@example.org", "password": password, "next": "/account/"})
    assert (answer.status_code, answer.location) == (302, "/account/")
    with client.session_transaction() as session:
        assert "planted" not in session
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/account/").status_code == 200


def test_a_wrong_password_keeps_what_was_typed(client: Browser, people: Cast, password: str) -> None:
    answer = client.post("/sign-in", data={"email": "member@example.org", "password": "wrong words here"})
    assert answer.status_code == 422
    assert 'value="member@example.org"' in answer.text
    assert "do not go together" in answer.text
    assert "wrong words here" not in answer.text


def test_known_and_unknown_addresses_get_the_same_answer(client: Browser, database: Database, people: Cast) -> None:
    known = client.post("/sign-in/mail", data={"email": "member@example.org"})
    unknown = client.post("/sign-in/mail", data={"email": "nobody@nowhere.org"})
    assert known.status_code == unknown.status_code == 200
    strip = re.compile(r'content="[^"]*"|value="[^"]*"|nonce="[^"]*"')
    assert strip.sub("", known.text.replace("member@example.org", "A")) == strip.sub(
        "", unknown.text.replace("nobody@nowhere.org", "A")
    )


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_a_link_uses_nothing_up(client: Browser, database: Database, people: Cast, method: str) -> None:
    client.post("/sign-in/mail", data={"email": "member@example.org"})
    found = re.search(r"(/sign-in/link/\S+)", latest_mail(database))
    assert found
    for _ in range(3):
        answer = getattr(client, method)(found[1])
        assert answer.status_code == 200
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
    with database.reading() as uow:
        assert all(row.used_at is None for row in uow.session.execute(select(OneTimeToken)).scalars())
        assert uow.session.execute(select(SignIn)).first() is None
    assert client.post(found[1]).status_code == 302
    assert client.post(found[1]).status_code == 410


def test_links_in_mails_are_built_from_the_settings_not_the_request(
    client: Browser, database: Database, people: Cast
) -> None:
    client.post("/forgotten", data={"email": "member@example.org"}, headers={"X-Forwarded-Host": "evil.example"})
    assert "evil" not in latest_mail(database)
    assert database.settings.base_url + "/reset/" in latest_mail(database)


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example", "javascript:alert(1)",
     "\\\\evil.example", "/\t/evil.example", " /evil", "/a\nb", ""],
)  # fmt: skip
def test_next_never_leads_elsewhere(target: str) -> None:
    assert local_path(target) == "/"


@pytest.mark.parametrize("target", ["/g/north-vale/", "/join?code=123456", "/g/%2f%2fevil"])
def test_next_leads_to_our_own_pages(target: str) -> None:
    assert local_path(target) == target


def test_a_post_needs_our_own_page(client: Browser, people: Cast, client_of: Callable[[Actor], Browser]) -> None:
    other = client_of(people.peer)
    for headers in (
        {},
        {"X-CSRFToken": other.csrf_token()},
        {"X-CSRFToken": client.csrf_token(), "Sec-Fetch-Site": "cross-site"},
    ):
        answer = client.post("/sign-in", data={"email": "member@example.org"}, csrf=False, headers=headers)
        assert answer.status_code == 400, headers


def test_signing_out_ends_the_sign_in_on_the_server(
    people: Cast, client_of: Callable[[Actor], Browser], database: Database
) -> None:
    browser = client_of(people.member)
    with browser.session_transaction() as session:
        token = session["sign_in"]
    assert browser.post("/sign-out").status_code == 302
    browser.enter(token)
    assert browser.get("/account/").status_code == 302


@pytest.mark.parametrize("door", ["password", "link", "code", "reset"])
def test_who_comes_in_on_a_device_ends_the_sign_in_of_who_was_there(
    people: Cast, client_of: Callable[[Actor], Browser], database: Database, password: str, door: str
) -> None:
    browser = client_of(people.peer)
    with browser.session_transaction() as session:
        before = session["sign_in"]
    email = "member@example.org"
    if door == "password":
        answer = browser.post("/sign-in", data={"email": email, "password": password})
    elif door == "reset":
        browser.post("/forgotten", data={"email": email})
        [path] = re.findall(r"(/reset/\S+)", latest_mail(database))
        answer = browser.post(path, data={"password": "four other plain words"})
    else:
        browser.post("/sign-in/mail", data={"email": email})
        mail = latest_mail(database)
        [path] = re.findall(r"(/sign-in/link/\S+)", mail)
        [code] = re.findall(r"\b(\d{6})\b", mail)
        answer = (
            browser.post(path) if door == "link" else browser.post("/sign-in/code", data={"email": email, "code": code})
        )
    assert answer.status_code == 302
    with database.reading() as uow:
        [row] = uow.session.query(SignIn).filter_by(person_id=people.peer.person_id)
        assert row.revoked_at is not None
    assert "Member Invented" in browser.get("/account/").text
    browser.enter(before)
    assert browser.get("/account/").status_code == 302


def test_reading_a_page_notes_now_and_then_that_the_sign_in_is_used(
    people: Cast, client_of: Callable[[Actor], Browser], clock: SetClock
) -> None:
    browser = client_of(people.member)
    clock.advance(minutes=9)
    browser.get("/account/")
    assert "9:00 (UTC)" in browser.get("/account/").text, "not with every page"
    clock.advance(minutes=2)
    browser.get("/account/")
    assert "9:11 (UTC)" in browser.get("/account/").text


def test_guessing_is_slowed_down(client: Browser, people: Cast) -> None:
    answers = [
        client.post("/sign-in", data={"email": "member@example.org", "password": f"guess number {n}"}).status_code
        for n in range(12)
    ]
    assert answers[:10] == [422] * 10
    assert answers[10:] == [429] * 2


def test_an_administrator_sees_groups_and_people_but_no_content(
    people: Cast, client_of: Callable[[Actor], Browser]
) -> None:
    browser = client_of(people.administrator)
    page = browser.get("/admin/")
    assert "North Vale design group" in page.text
    assert browser.get(f"/g/{people.slug}/").status_code == 404
    assert client_of(people.facilitator).get("/admin/").status_code == 404
    again = browser.post("/admin/groups", data={"name": "X", "slug": people.slug, "facilitator": "f@example.org"})
    assert again.status_code == 422
    assert "already a group" in again.text


def test_an_administrator_reads_that_mails_wait_and_which_reason_was_given(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast
) -> None:
    browser = client_of(people.administrator)
    assert "could not be sent" not in browser.get("/admin/").text
    with database.writing() as uow:
        send(uow, Mail("somebody@example.org", "Hello", "Words\n"))
        job = jobs.claim(uow)
        assert job is not None
        jobs.fail(uow, job.id, "ConnectionRefusedError: somebody@example.org", passes=True)
    page = browser.get("/admin/").text
    assert "1 mail has waited since" in page
    assert "The last reason: ConnectionRefusedError." in page
    assert "somebody@example.org" not in page


def test_a_new_facilitator_has_a_name_and_may_change_it(people: Cast, client_of: Callable[[Actor], Browser]) -> None:
    form = {
        "name": "East Moor",
        "slug": "east-moor",
        "facilitator": "fay@example.org",
        "facilitator_name": "F. Invented",
    }
    opened = client_of(people.administrator).post("/admin/groups", data=form, follow_redirects=True)
    assert "F. Invented" in opened.text
    browser = client_of(people.member)
    assert browser.post("/account/name", data={"name": "  "}).status_code == 422
    assert browser.post("/account/name", data={"name": "Another  Invented"}).status_code == 302
    assert "Another Invented" in client_of(people.peer).get(f"/g/{people.slug}/people/").text


def test_the_people_page_for_each_role(people: Cast, client_of: Callable[[Actor], Browser]) -> None:
    for role, actor in people.insiders.items():
        page = client_of(actor).get(f"/g/{people.slug}/people/")
        assert page.status_code == 200
        assert ("Send invitation" in page.text) == (role == "facilitator")
    assert client_of(people.stranger).get(f"/g/{people.slug}/people/").status_code == 404


def test_facilitators_say_what_the_group_is_for(people: Cast, client_of: Callable[[Actor], Browser]) -> None:
    browser = client_of(people.facilitator)
    too_long = browser.post(f"/g/{people.slug}/description", data={"purpose": "x" * 1001, "setting": "Kept"})
    assert too_long.status_code == 422
    assert "Kept" in too_long.text
    browser.post(f"/g/{people.slug}/description", data={"purpose": "Care that joins up", "setting": ""})
    assert "Care that joins up" in client_of(people.member).get(f"/g/{people.slug}/").text
    assert client_of(people.member).get(f"/g/{people.slug}/description").status_code == 403
