"""What concerns me on pages, the bell that says so, and mails that stop without signing in."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes, policy

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.policy import Actor
from app.services import comments, notifications
from app.uow import Database
from app.worker import Worker
from models.comments import Comment
from models.notifications import Kind, MailMode
from tests.cast import Browser
from tests.conftest import SetClock
from tests.rooms import Hall, build_hall

PAGE = "/account/notifications"


@pytest.fixture
def hall(database: Database) -> Hall:
    return build_hall(database)


def tell(hall: Hall, words: str = "answered you on C1.1: <b>fine</b>") -> None:
    with hall.database.writing() as uow:
        notifications.tell(
            uow, hall.who["Ana"].person_id, Kind.REPLY, group_id=hall.group_id, item_id=hall.item_id,
            by=hall.who["Leo"], words=words,
        )  # fmt: skip


def test_the_bell_rings_until_it_was_read(client_of: Callable[[Actor], Browser], hall: Hall) -> None:
    ana, leo = client_of(hall.who["Ana"]), client_of(hall.who["Leo"])
    assert "Nothing concerns you just now" in ana.get(PAGE).text
    tell(hall)
    tell(hall, "answered you again")
    page = ana.get(PAGE).text
    assert "For you: 2 unread" in page
    assert "answered you on C1.1: &lt;b&gt;fine&lt;/b&gt;" in page
    assert "For you: 0 unread" in leo.get(PAGE).text
    one = re.search(r'name="one" value="(\d+)"', page)
    assert one is not None
    assert leo.post(f"{PAGE}/read", data={"one": one[1]}).status_code == 404
    assert "For you: 1 unread" in ana.post(f"{PAGE}/read", data={"one": one[1]}, follow_redirects=True).text
    item = f"/g/{hall.slug}/blueprint/items/{hall.item_id}"
    ana.get(item, headers={"Sec-Fetch-Dest": "empty"})
    assert "For you: 1 unread" in ana.get(PAGE).text, "a script that fetches a page has read nothing"
    ana.get(item)
    assert "For you: 0 unread" in ana.get(PAGE).text
    tell(hall, "answered you once more")
    tell(hall, "and again")
    shown = re.search(r'name="until" value="(\d+)"', ana.get(PAGE).text)
    assert shown is not None
    tell(hall, "and what came meanwhile")
    page = ana.post(f"{PAGE}/read", data={"until": shown[1]}, follow_redirects=True).text
    assert "For you: 1 unread" in page


def test_what_an_older_page_never_showed_stays_unread_though_its_number_was_given_before(
    client_of: Callable[[Actor], Browser], hall: Hall, clock: SetClock
) -> None:
    ana = client_of(hall.who["Ana"])
    with hall.database.writing() as uow:
        comments.start(uow, hall.who["Leo"], item_id=hall.item_id, words="What of @Ana Acute?")
        said = uow.session.query(Comment).one().id
    older = ana.get(PAGE).text
    forms = [dict(re.findall(r'name="(until|one|seen_at)" value="([^"]+)"', form)) for form in older.split("</form>")]
    clock.advance(minutes=1)
    with hall.database.writing() as uow:
        comments.take_back(uow, hall.who["Leo"], comment_id=said)
    tell(hall, "and what came meanwhile")
    for name in ("until", "one"):
        (form,) = (each for each in forms if name in each)
        ana.post(f"{PAGE}/read", data=form)
        assert "For you: 1 unread" in ana.get(PAGE).text, name


def test_each_group_has_its_own_choice(client_of: Callable[[Actor], Browser], hall: Hall) -> None:
    ana = client_of(hall.who["Ana"])
    assert re.search(r'value="digest"\s+checked', ana.get(PAGE).text)
    kept = ana.post(f"{PAGE}/mail", data={"group_id": str(hall.group_id), "mode": "concerns"}, follow_redirects=True)
    assert re.search(r'value="concerns"\s+checked', kept.text)
    assert ana.post(f"{PAGE}/mail", data={"group_id": str(hall.group_id), "mode": "hourly"}).status_code == 422
    assert ana.post(f"{PAGE}/mail", data={"mode": "digest"}).status_code == 422
    assert ana.post(f"{PAGE}/mail", data={"group_id": "999", "mode": "digest"}).status_code == 404


def test_a_mail_says_how_to_stop_it_and_a_mail_program_can(
    app: Flask, client: Browser, database: Database, hall: Hall, clock: SetClock
) -> None:
    with database.writing() as uow:
        notifications.choose(uow, hall.who["Ana"], group_id=hall.group_id, mode=MailMode.CONCERNS)
    tell(hall)
    clock.advance(minutes=10)
    worker = Worker(database)
    worker.look()
    worker.drain()
    (file,) = database.settings.outbox.glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail["List-Unsubscribe"].strip("<>")
    assert f"List-Unsubscribe: <{link}>\r\n".encode() in file.read_bytes(), "neither broken up nor encoded"
    assert link in mail.get_content()
    assert link.startswith(f"{database.settings.base_url}/stop/news-")
    path = link.removeprefix(database.settings.base_url)

    def mode() -> MailMode:
        with database.reading() as uow:
            return notifications.choices(uow, hall.who["Ana"])[0].mode

    page = client.get(path)
    assert "Northmere (invented)" in page.text
    assert "Ana" not in page.text, "whoever finds the mail learns no more than it said"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert mode() is MailMode.CONCERNS, "mail scanners look at links"
    program = app.test_client()
    assert isinstance(program, FlaskClient)
    answer = program.open(path, method="POST", data={"List-Unsubscribe": "One-Click"}, csrf=False)
    assert "These mails are stopped" in answer.text
    assert mode() is MailMode.SESSIONS
    again = client.get(path).text
    assert ("These mails are stopped" in again, "Stop these mails" in again) == (True, False)
    assert "You still get one mail for each session" in again
    with database.writing() as uow:
        notifications.choose(uow, hall.who["Ana"], group_id=hall.group_id, mode=MailMode.NONE)
    again = client.get(path).text
    assert ("not even about sessions" in again, "one mail" in again) == (True, False)
    with database.writing() as uow:
        notifications.choose(uow, hall.who["Ana"], group_id=hall.group_id, mode=MailMode.DIGEST)
    assert "Stop these mails" in client.get(path).text
    assert client.post(path[:-1] + "~").status_code == 404
    assert client.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 400


def test_cancelling_from_the_sessions_page(client_of: Callable[[Actor], Browser], hall: Hall) -> None:
    fay, ana = client_of(hall.who["Fay"]), client_of(hall.who["Ana"])
    session = f"/g/{hall.slug}/sessions/{hall.meeting_id}"
    fay.post(f"{session}/announce")
    refused = fay.post(f"{session}/cancel", data={"reason": ""})
    assert (refused.status_code, "Say why in a sentence" in refused.text) == (422, True)
    done = fay.post(f"{session}/cancel", data={"reason": "The hall is flooded"}, follow_redirects=True)
    assert "7 mails are on their way" in done.text
    for page in (session, f"/g/{hall.slug}/sessions"):
        assert "Cancelled" in ana.get(page).text or "was cancelled" in ana.get(page).text
    assert "The hall is flooded" in ana.get(session).text
    assert "Are you coming?" not in ana.get(session).text
    assert "Announce it anew" in fay.get(session).text
