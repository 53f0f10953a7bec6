"""The people that most tests play with: one group with a person in every role, a stranger's group beside it, and
browsers of theirs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from playwright.sync_api import BrowserContext
from sqlalchemy import event
from werkzeug.test import TestResponse

from app.policy import SYSTEM, Actor
from app.services import accounts, groups
from app.uow import Database, UnitOfWork
from models.groups import Role
from tests.kept import kept
from tests.live import LiveServer

SLUG = "north-vale"
OTHER_SLUG = "south-vale"


@dataclass(frozen=True)
class Cast:
    """Two groups. Everyone but ``stranger`` is in the first; ``stranger`` leads the second; ``nobody`` is in none.

    ``member`` and ``peer`` sit in different blocs. All addresses read NAME@example.org.
    """

    group_id: int
    other_group_id: int
    facilitator: Actor
    member: Actor
    peer: Actor
    observer: Actor
    panel_manager: Actor
    stranger: Actor
    nobody: Actor
    administrator: Actor
    slug: str = SLUG
    other_slug: str = OTHER_SLUG

    @property
    def insiders(self) -> dict[Role, Actor]:
        """One person for each role that a membership can hold for good."""
        return {
            Role.FACILITATOR: self.facilitator,
            Role.MEMBER: self.member,
            Role.OBSERVER: self.observer,
            Role.PANEL_MANAGER: self.panel_manager,
        }


@kept
def make_cast(database: Database) -> Cast:
    """Put the cast into an empty database, through the use cases."""
    with database.writing() as uow:
        group = groups.create_group(uow, SYSTEM, slug=SLUG, name="North Vale design group")
        other = groups.create_group(uow, SYSTEM, slug=OTHER_SLUG, name="South Vale design group")

        def seat(name: str, role: Role, constituency: str | None = None, group_id: int = group.id) -> Actor:
            person = _person(uow, name)
            found = accounts.find_person(uow.session, person.email or "")
            assert found is not None
            groups.add_member(
                uow, SYSTEM, group_id=group_id, person=found, role=role, constituency=constituency, organisation="Vale"
            )
            return person

        return Cast(
            group_id=group.id,
            other_group_id=other.id,
            facilitator=seat("Facilitator", Role.FACILITATOR, "Research"),
            member=seat("Member", Role.MEMBER, "Commissioner"),
            peer=seat("Peer", Role.MEMBER, "Acute provider"),
            observer=seat("Observer", Role.OBSERVER),
            panel_manager=seat("Manager", Role.PANEL_MANAGER),
            stranger=seat("Stranger", Role.FACILITATOR, "Research", other.id),
            nobody=_person(uow, "Nobody"),
            administrator=_person(uow, "Administrator", administrator=True),
        )


def _person(uow: UnitOfWork, name: str, *, administrator: bool = False) -> Actor:
    person = accounts.add_person(
        uow, email=f"{name.lower()}@example.org", name=f"{name} Invented", administrator=administrator
    )
    uow.flush()
    return Actor(person_id=person.id, name=person.name, email=person.email, is_administrator=administrator)


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine, "before_cursor_execute", note)


def sign_in_token(database: Database, actor: Actor) -> str:
    """Begin a sign-in for the actor; what the browser's cookie then holds."""
    with database.writing() as uow:
        person = accounts.find_person(uow.session, actor.email or "")
        assert person is not None
        return accounts.start_sign_in(uow, person, device="test")


class Browser(FlaskClient):
    """A test client that sends the CSRF token with what changes things, as our pages do, and an expert's also the seat.

    ``csrf=False`` in a call leaves the token out, ``of_seat=False`` whose page it is.
    """

    def open(self, *args: Any, csrf: bool = True, of_seat: bool = True, **kwargs: Any) -> TestResponse:
        if csrf and kwargs.get("method", "GET") not in {"GET", "HEAD", "OPTIONS"}:
            headers = dict(kwargs.pop("headers", None) or {})
            headers.setdefault("X-CSRFToken", self.csrf_token())
            kwargs["headers"] = headers
        given = kwargs.get("data") or {}
        if of_seat and kwargs.get("method") == "POST" and str(args[0]).startswith("/rate/") and isinstance(given, dict):
            with self.session_transaction() as session:
                seat_id, _mark = session.get("seat", ("", ""))
            kwargs["data"] = {"seat": seat_id, **given}
        return super().open(*args, **kwargs)

    def csrf_token(self) -> str:
        """This browser's token, as Flask-WTF would put it into a form."""
        with self.session_transaction() as session:
            secret = session.setdefault("csrf_token", secrets.token_hex(20))
        serializer = URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token")
        token = serializer.dumps(secret)
        assert isinstance(token, str)
        return token

    def enter(self, token: str) -> None:
        """Be signed in with what ``sign_in_token`` gave."""
        with self.session_transaction() as session:
            session["sign_in"] = token


def enter(context: BrowserContext, server: LiveServer, email: str) -> None:
    """Sign a real browser in at a live server, through the demo's door."""
    door = context.request.get(f"{server.url}/demo").text()
    token = re.search(r'<meta name="csrf-token" content="([^"]+)"', door)
    assert token is not None, "the demo's door shows no token"
    answer = context.request.post(f"{server.url}/demo/enter", form={"email": email, "csrf_token": token[1]})
    assert answer.ok, f"{email} could not enter: {answer.status}"
