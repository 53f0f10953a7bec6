"""My calendar's address on its page, followed by a program that does not sign in, and the entry in a session's mail."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes, policy

import pytest
from icalendar import Calendar

from app.policy import Actor
from app.services import meetings
from app.uow import Database
from app.worker import Worker
from tests.cast import Browser
from tests.rooms import Hall, build_hall

PAGE = "/account/calendar"


@pytest.fixture
def hall(database: Database) -> Hall:
    return build_hall(database)


def shown(page: str) -> str:
    found = re.search(r'id="address"[^>]*>http://127\.0\.0\.1:8000(/calendar/[^<]+\.ics)<', page)
    return found[1] if found else ""


def test_an_address_is_made_followed_renewed_and_taken_away(
    client_of: Callable[[Actor], Browser], client: Browser, database: Database, hall: Hall
) -> None:
    with database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
    ana = client_of(hall.who["Ana"])
    assert shown(ana.get(PAGE).text) == ""
    first = shown(ana.post(PAGE, follow_redirects=True).text)
    answer = client.get(first)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    assert len(Calendar.from_ical(answer.data).walk("VEVENT")) == 1
    assert client.get(first, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    second = shown(ana.post(PAGE, follow_redirects=True).text)
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
    assert shown(client_of(hall.who["Leo"]).get(PAGE).text) == ""
    ana.post(f"{PAGE}/revoke")
    assert client.get(second).status_code == 404
    assert client.get(PAGE).status_code == 302


def test_a_sessions_mail_brings_its_entry(client: Browser, database: Database, hall: Hall) -> None:
    with database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
    Worker(database).drain()
    files = sorted(database.settings.outbox.glob("*.eml"))
    assert len(files) == 7
    mail = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    (part,) = mail.iter_attachments()
    assert (part.get_content_type(), part.get_filename(), part.get_param("method")) == (
        "text/calendar", "session.ics", "PUBLISH",
    )  # fmt: skip
    (event,) = Calendar.from_ical(part.get_content()).walk("VEVENT")
    assert str(event["uid"]) == f"session-{hall.meeting_id}@127.0.0.1"
    assert f"/g/{hall.slug}/sessions/{hall.meeting_id}" in str(event["description"])
    body = mail.get_body()
    assert body is not None
    assert "Join:" in body.get_content()
    assert client.get("/outbox").text.count("Join:") == 7, "the demonstration shows the words of each"
