"""Clients of the live server for tests: real editors in Node, and a raw Socket.IO client that can misbehave."""

from __future__ import annotations

import itertools
import json
import queue
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import socketio
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from socketio.msgpack_packet import MsgPackPacket

from app.policy import SYSTEM, Actor
from app.services import access_tokens, accounts, groups, items
from app.uow import Database
from models.documents import Document, Field, TextChange
from models.groups import Role
from models.items import Kind, Status
from tests.cast import Cast, sign_in_token
from tests.live import LiveServer
from tests.programs import NODE

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "tests" / "node" / "client.mjs"
PROTOCOL = 1


def until(holds: Callable[[], Any], what: str, seconds: float = 8.0) -> Any:
    """Wait until something is true; what it answered. Fails with ``what`` when it never is."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)


class Typists:
    """A Node process that plays many people with the real editor; see the head of client.mjs for what they can do."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [NODE, str(CLIENT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.numbers = itertools.count(1)
        self.answers: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            answer = json.loads(line)
            self.answers.pop(answer["id"]).put(answer)

    def ask(self, do: str, at: str, **request: Any) -> queue.SimpleQueue[dict[str, Any]]:
        """Ask for something and do not wait; the queue gets the answer."""
        number = next(self.numbers)
        answer = self.answers[number] = queue.SimpleQueue()
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"id": number, "do": do, "at": at, **request}) + "\n")
        return answer

    def do(self, do: str, at: str, **request: Any) -> Any:
        """Ask for something and wait for it."""
        answer = self.ask(do, at, **request).get(timeout=40)
        assert "error" not in answer, f"{do} {at}: {answer['error']}"
        return answer["ok"]

    def close(self) -> None:
        """Let the process go."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class Raw:
    """A Socket.IO client without manners. ``heard`` holds every event with its payload."""

    def __init__(self, url: str, token: str | None, **connect: Any) -> None:
        self.client = socketio.Client(serializer=MsgPackPacket, reconnection=False)
        self.heard: list[tuple[str, Any]] = []
        self.client.on("*", lambda event, *payload: self.heard.append((event, payload[0] if payload else None)))
        self.client.connect(
            url,
            transports=connect.pop("transports", ["websocket"]),
            auth=connect.pop("auth", {"token": token, "protocol": PROTOCOL}),
            wait_timeout=5,
            **connect,
        )

    def send(self, event: str, *payload: Any) -> None:
        """Emit an event with one payload."""
        self.client.emit(event, payload[0] if payload else None)

    def got(self, event: str) -> list[Any]:
        """The payloads of an event heard so far."""
        return [payload for name, payload in self.heard if name == event]

    def wait(self, event: str, count: int = 1) -> list[Any]:
        """Wait for so many of an event; their payloads."""
        until(lambda: len(self.got(event)) >= count, f"{event} x {count}; heard {self.heard[-5:]}")
        return self.got(event)

    def join(self, doc: int, client: str) -> dict[str, Any]:
        """Open a text and wait for the answer."""
        before = len(self.got("text:joined"))
        self.send("text:join", [str(doc), client, None, None])
        found: dict[str, Any] = self.wait("text:joined", before + 1)[-1]
        return found

    def settle(self, seconds: float = 8) -> None:
        """Wait until everything sent so far has been worked on."""
        done = threading.Event()
        self.client.emit("hint:watch", [], callback=lambda *_: done.set())
        assert done.wait(seconds), "no answer"

    @property
    def closed(self) -> bool:
        """Whether the server has ended it."""
        return not self.client.connected

    def close(self) -> None:
        """Leave, also where the server has ended it already."""
        web_socket = self.client.eio.ws
        self.client.disconnect()
        if web_socket is not None:
            web_socket.shutdown()


@contextmanager
def raw(url: str, token: str | None, **connect: Any) -> Iterator[Raw]:
    """A raw client for the length of a block."""
    client = Raw(url, token, **connect)
    yield client
    client.close()


@dataclass
class Place:
    """A live server with the cast and one text, shared by many tests: each adds what it changes."""

    server: LiveServer
    database: Database
    people: Cast
    item: int
    doc: int
    tokens: dict[str, str]

    def client(self, name: str) -> str:
        """A new editor's mark of a person."""
        return f"{getattr(self.people, name).person_id}.{secrets.token_hex(4)}"

    def text(self) -> str:
        """The shared text as stored."""
        return log_of(self.database, self.doc)[0]

    def newcomer(self, name: str) -> Actor:
        """Somebody new in the group, to be taken out of it again."""
        with self.database.writing() as uow:
            person = accounts.add_person(uow, email=f"{name.lower()}@example.org", name=f"{name} Invented")
            groups.add_member(
                uow, SYSTEM, group_id=self.people.group_id, person=person, role=Role.MEMBER,
                constituency="Commissioner", organisation="Vale",
            )  # fmt: skip
            return Actor(person_id=person.id, name=person.name, email=person.email)

    def visit(self, actor: Actor) -> requests.Session:
        """A signed-in HTTP client of the server, which sends the CSRF token as a page does."""
        app = Flask("of the tests")
        app.secret_key = self.database.keys.web()
        signer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert signer is not None
        held = {"sign_in": sign_in_token(self.database, actor), "csrf_token": secrets.token_hex(20)}
        shown = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(held["csrf_token"])
        page = requests.Session()
        page.cookies.set("concordat", signer.dumps(held))
        page.headers.update({"X-CSRFToken": str(shown), "Origin": self.server.url})
        return page

    def memory(self) -> float:
        """Resident memory of the server's processes in MB."""
        assert self.server.process is not None
        pids = [self.server.process.pid]
        children = Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text().split()
        sizes = [Path(f"/proc/{pid}/status").read_text() for pid in [*pids, *children]]
        return sum(int(size.split("VmRSS:")[1].split()[0]) for size in sizes) / 1024


def add_texts(database: Database, people: Cast, text: str = "") -> tuple[int, int]:
    """An item that members may write: its id and the document of its words."""
    with database.writing() as uow:
        item = items.add_item(
            uow, people.facilitator, group_id=people.group_id, kind=Kind.ELEMENT, title="Incentives", text=text,
            status=Status.DRAFT,
        )  # fmt: skip
        return item.id, document_of(uow.session, item.id).id


def document_of(session: Any, item_id: int, field: Field = Field.TEXT) -> Document:
    """One of an item's texts."""
    found: Document = session.query(Document).filter_by(item_id=item_id, field=field).one()
    return found


def token_of(database: Database, actor: Actor) -> str:
    """A personal token."""
    with database.writing() as uow:
        return access_tokens.create_token(uow, actor, label="test")


def log_of(database: Database, document_id: int) -> tuple[str, list[TextChange]]:
    """A document's text and its whole log."""
    with database.reading() as uow:
        rows = uow.session.query(TextChange).filter_by(document_id=document_id).order_by(TextChange.version).all()
        return uow.session.get_one(Document, document_id).text, rows
