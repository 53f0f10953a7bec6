"""Who is in which room where two things happen at the same moment; asked of the live server in this process."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from app.config import Settings
from app.services import memberships
from app.services.sockets import Holder
from app.uow import Database
from models.accounts import AccessToken
from models.groups import Membership
from realtime.connections import Connection, Connections, Rooms
from realtime.gateway import Gateway
from tests.cast import Cast
from tests.conftest import SetClock
from tests.typists import add_texts, token_of


class Eventful(SetClock):
    """A clock at whose next strokes something happens: one act for each time it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.acts: list[Callable[[], object] | None] = []

    def __call__(self) -> datetime:
        act = self.acts.pop(0) if self.acts else None
        if act is not None:
            act()
        return super().__call__()


@pytest.fixture
def clock() -> Eventful:
    return Eventful()


@pytest.fixture
def gateway(app: Flask) -> Gateway:
    found: Gateway = app.extensions["concordat.gateway"]
    return found


@pytest.fixture
def elsewhere(app_settings: Settings) -> Iterator[Database]:
    """The same rows, as another process sees and changes them."""
    found = Database(app_settings, clock=SetClock())
    yield found
    found.close()


def connected(gateway: Gateway, database: Database, actor: Any) -> Connection:
    """A connection of somebody with a personal token; what is sent to it goes nowhere."""
    token_of(database, actor)
    with database.reading() as uow:
        token = uow.session.query(AccessToken).filter_by(person_id=actor.person_id).one()
    gateway.connections.open("engine", "")
    sid = gateway.rooms.connect("engine", "/")
    each = gateway.connections.connected(sid, "engine", Holder(actor.person_id, access_token_id=token.id))
    assert each is not None
    return each


def test_a_right_that_is_lost_on_the_way_in_leads_out_again(
    gateway: Gateway, database: Database, elsewhere: Database, clock: Eventful, people: Cast
) -> None:
    _, doc = add_texts(database, people, "Partners share.")
    each = connected(gateway, database, people.member)
    ask = [str(doc), f"{people.member.person_id}.x", None, None]
    gateway.texts.join(each, ask)
    assert [sid for sid, _ in gateway.rooms.members(f"text-{doc}")] == [each.sid]
    gateway.texts.leave(each, [str(doc)])

    seen: list[int] = []

    def remove() -> None:
        seen.append(len(gateway.rooms.members(f"text-{doc}")))
        with elsewhere.writing() as uow:
            kept = uow.session.query(Membership).filter_by(person_id=people.member.person_id).one()
            memberships.remove(uow, people.facilitator, group_id=people.group_id, membership_id=kept.id)

    clock.acts = [None, remove]
    gateway.texts.join(each, ask)
    assert seen == [1], "it enters after the check, and before it reads the text: what is stored in between is heard"
    assert gateway.rooms.members(f"text-{doc}") == []
    assert each.texts == {}
    assert doc not in gateway.texts.told


def test_whoever_enters_a_room_while_it_empties_is_in_it() -> None:
    """Two come and go in one room as fast as they can; each finds itself in it whenever it has entered."""
    rooms = Rooms(Connections())
    sids = ["one", "other"]
    for sid in sids:
        rooms.basic_enter_room(sid, "/", None, eio_sid=f"engine of {sid}")
    lost: list[int] = []

    def come_and_go(sid: str) -> None:
        for turn in range(20_000):
            rooms.enter_room(sid, "/", "text-1")
            if sid not in dict(rooms.members("text-1")):
                lost.append(turn)
            rooms.leave_room(sid, "/", "text-1")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=come_and_go, args=(sid,)) for sid in sids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert lost == []


def test_a_connection_that_says_goodbye_and_comes_again_is_known_by_its_last_name_only() -> None:
    connections = Connections()
    connections.open("engine", "1.2.3.4")
    for name in ("one", "two", "three"):
        assert connections.connected(name, "engine", Holder(person_id=1)) is not None
    assert list(connections.by_sid) == ["three"]
    connections.gone("engine")
    assert connections.by_sid == {}
