"""The group's first page: welcome, what is new, and the mark that says until when one has read."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import select

from app.policy import Actor
from app.services import documents, items
from app.uow import Database
from models.documents import Document, Field
from models.items import Kind
from models.visits import Visit
from tests.cast import SLUG, Browser, Cast
from tests.conftest import SetClock

HOME = f"/g/{SLUG}/"
FETCHED = {"Sec-Fetch-Dest": "empty"}


def test_what_changed_is_shown_with_its_difference_until_it_is_read(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database, clock: SetClock
) -> None:
    with database.writing() as uow:
        item = items.add_item(
            uow, people.member, group_id=people.group_id, kind=Kind.ELEMENT, title="Money", text="Partners share gain."
        )
    member = client_of(people.member)
    assert "Welcome to the group" in member.get(HOME).text
    clock.advance(minutes=5)
    member.get(f"/g/{SLUG}/blueprint")
    clock.advance(days=3)
    with database.writing() as uow:
        known = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        documents.replace_text(uow, people.peer, uow.lock(Document, known.id), "Partners share gain and loss.")
    page = member.get(HOME).text
    assert "Since you were last here" in page
    assert "New since Monday 2 March 2026 at 09:00 (GMT)" in page
    difference = re.search(r'href="([^"]+compare[^"]+)"', page)
    assert difference is not None
    assert "<ins>" in member.get(difference[1]).text
    until = re.search(r'name="until" value="([^"]+)"', page)
    assert until is not None
    clock.advance(minutes=1)
    assert (
        "Nothing new since Thursday 5 March 2026 at 09:05 (GMT)"
        in member.post(HOME + "read", data={"until": until[1]}, follow_redirects=True).text
    )
    assert "See what changed" in member.post(HOME + "read", data={"again": "yes"}, follow_redirects=True).text
    assert member.post(HOME + "read", data={"until": "2999-01-01T00:00:00+00:00"}).status_code == 422
    for nonsense in ("", "tomorrow", "2026-03-02"):
        assert member.post(HOME + "read", data={"until": nonsense}).status_code == 303


def test_only_what_a_person_asks_for_is_a_visit_and_it_is_seldom_written(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database, clock: SetClock
) -> None:
    def seen() -> list[object]:
        with database.reading() as uow:
            return list(uow.session.execute(select(Visit.seen_at)).scalars())

    member = client_of(people.member)
    member.get(HOME, headers=FETCHED)
    member.get(f"/g/{people.other_slug}/")
    assert seen() == []
    member.get(HOME)
    (first,) = seen()
    clock.advance(minutes=2)
    member.get(HOME)
    assert seen() == [first]
    clock.advance(minutes=2)
    member.get(HOME, headers=FETCHED)
    assert seen() == [first], "an open page that asks for its parts is nobody's visit"
    member.get(HOME)
    assert seen() == [clock.now]
