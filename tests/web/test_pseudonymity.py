"""Nothing that facilitators and members can reach tells who an expert is: one crawl of everything, as each role.

On a production server (demo mode off), with each name, address, token, code, hash and time of the panel as a canary, in
pages, fragments, hints, headers, exports (their parts and properties too), the interface for programs, and the log.
"""

from __future__ import annotations

import dataclasses
import io
import logging
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.config import Mode, Settings
from app.logs import JsonFormatter
from app.policy import Actor
from app.services import access_tokens
from app.uow import Database
from models.validation import Expert, ExpertIdentity, Rating, Remark, Seat
from tests.cast import sign_in_token
from tests.conftest import SetClock
from tests.web.test_headers import HTTPS, AtProduction
from tests.web.test_matrix import group_rules, looking
from tests.world import World, build_world

INTERESTS = "owns shares of the canary works"
STARTED = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
READERS = ("facilitator", "member", "observer", "guest")


@pytest.fixture
def app_settings(app_settings: Settings) -> Settings:
    """A production server."""
    return dataclasses.replace(app_settings, mode=Mode.PRODUCTION, base_url=HTTPS, smtp_url="smtp://localhost:1")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the server logs, as it logs it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def build(database: Database, clock: SetClock) -> World:
    """Everything there is; each expert answers at an odd minute of their own, and nothing else happens then."""
    minutes = iter(range(11, 60, 6))

    def say(place: str) -> str:
        if place == "interests":
            clock.advance(minutes=next(minutes), seconds=7)
            return INTERESTS
        if place == "whole":  # the last an expert writes
            clock.now = clock.now.replace(minute=0, second=0) + timedelta(hours=1)
        return f"The {place}"

    return build_world(database, say)


def canaries(world: World) -> dict[str, str]:
    """Each thing that must not be seen, with what it is."""
    with world.database.reading() as uow:
        session = uow.session
        people = session.execute(select(ExpertIdentity)).scalars().all()
        spots = session.execute(select(Seat)).scalars().all()
        found = {INTERESTS: "interests"}
        found |= {each.name: "name" for each in people} | {each.email: "address" for each in people}
        found |= {each.key: "key" for each in people}
        found |= dict.fromkeys([*world.seat_tokens, *world.closed_tokens], "token")
        found |= {each.token_hash: "hash" for each in spots} | {each.token_nonce: "nonce" for each in spots}
        found |= dict.fromkeys(session.execute(select(Expert.code)).scalars(), "code")
        moments = {
            *session.execute(select(Rating.rated_at)).scalars(),
            *session.execute(select(Remark.written_at)).scalars(),
        }
        found |= {f"{each:%H:%M}": "time" for each in moments}
        assert len(moments) >= 5
    assert all(len(each) >= 5 for each in found)
    return found


def head_of(answer: TestResponse) -> str:
    """The headers, but for the moment at which the answer was made, or until which it keeps: that is the machine's
    clock and not the panel's, and twice a day it shows the same minute."""
    moment = re.compile(r"\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT")
    head = str(answer.headers)
    moments: set[str] = set(moment.findall(head))
    for found in moments:
        if parsedate_to_datetime(found) > STARTED:
            head = head.replace(found, "")
    return head


def inside(answer: TestResponse) -> str:
    """All that an answer holds: its head, its words, the parts and properties of a file."""
    head = head_of(answer)
    if answer.data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.data)) as parts:
            return head + "".join(name + parts.read(name).decode(errors="replace") for name in parts.namelist())
    if answer.data[:4] == b"%PDF":
        read = PdfReader(io.BytesIO(answer.data))
        return head + str(read.metadata) + " ".join(page.extract_text() for page in read.pages)
    return head + answer.data.decode(errors="replace")


def test_nothing_that_the_group_can_reach_tells_who_an_expert_is(
    app: Flask, database: Database, clock: SetClock, log: io.StringIO
) -> None:
    world = build(database, clock)
    hidden = canaries(world)

    def browser(actor: Actor | None) -> AtProduction:
        made = AtProduction(app, app.response_class)
        if actor is not None:
            made.enter(world.guest_token if actor == world.guest else sign_in_token(database, actor))
        return made

    assert browser(None).get("/demo").status_code == 404
    tokens = {}
    for name in READERS[:3]:
        with database.writing() as uow:
            tokens[name] = access_tokens.create_token(uow, world.insiders[name], label="")
    asked = 0
    for name in READERS:
        reader = browser(world.insiders[name])
        for rule in group_rules(app):
            if "GET" not in (rule.methods or ()):
                continue
            programs = rule.endpoint.startswith("api")
            if programs and name not in tokens:
                continue
            head = {"Authorization": f"Bearer {tokens[name]}"} if programs else {}
            for path in looking(rule, world):
                answer = reader.get(path, headers=head)
                asked += answer.status_code == 200
                text = inside(answer)
                found = [what for canary, what in hidden.items() if canary in text]
                assert not found, f"{name}: {path} shows an expert's {found}"
    assert asked > 250, "the crawl saw what there is"
    expert = browser(None)
    for token in world.seat_tokens[:2]:  # what experts do is logged too
        expert.get(f"/r/{token}")
        expert.post(f"/r/{token}")
        expert.get("/rate/")
    written = log.getvalue()
    assert '"path": "/r/' in written
    assert not [what for canary, what in hidden.items() if what != "time" and canary in written]


def test_the_crawl_would_see_them(app: Flask, database: Database, clock: SetClock) -> None:
    """The panel manager's own pages show names and addresses: were they shown to others, the crawl would tell."""
    world = build(database, clock)
    manager = AtProduction(app, app.response_class)
    manager.enter(sign_in_token(database, world.cast.panel_manager))
    found = set()
    for rule in group_rules(app):
        if "GET" in (rule.methods or ()) and rule.endpoint.startswith(("panel.", "validation.")):
            for path in looking(rule, world):
                text = inside(manager.get(path))
                found |= {what for canary, what in canaries(world).items() if canary in text}
    assert {"name", "address"} <= found
