"""One connection whose two threads both end it."""

from __future__ import annotations

import base64
import contextlib
import secrets
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import simple_websocket
from flask import Flask, request
from socketio.exceptions import ConnectionRefusedError as Refused
from socketio.packet import CONNECT
from wsproto.connection import ConnectionState

from app.uow import Database
from realtime.wire import Packet, WebSocket, _Line, _Server
from tests.cast import Cast
from tests.typists import PROTOCOL, token_of, until


@pytest.fixture
def unread() -> Iterator[Any]:
    """A WebSocket of ours whose other side takes nothing more, so that a goodbye has to wait."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()):
        ours, _ = listening.accept()
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        asked = {
            "HTTP_HOST": "x", "HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade",
            "HTTP_SEC_WEBSOCKET_VERSION": "13", "HTTP_SEC_WEBSOCKET_KEY": key, "werkzeug.socket": _Line(ours),
        }  # fmt: skip
        server = _Server(asked)
        # Only these do not wait: the server's thread reads from the same socket, and must.
        with contextlib.suppress(BlockingIOError):
            while True:
                ours.send(bytes(65536), socket.MSG_DONTWAIT)
        yield server
        server.sock.cut()
        server.thread.join(10)
        ours.close()


def test_a_connection_ended_by_two_threads_at_once_ends_without_an_error(unread: Any) -> None:
    ended: list[str] = []

    def leave() -> None:
        with contextlib.suppress(OSError):  # the fixture cuts the line under it
            unread.close()
        ended.append("first")

    first = threading.Thread(target=leave)
    first.start()
    until(lambda: unread.ws.state is ConnectionState.LOCAL_CLOSING, "the first says goodbye")

    with pytest.raises(simple_websocket.ConnectionClosed):
        unread.send("too late")
    second = WebSocket(unread.close, None)  # as the writer's thread and the reader's both have it
    second.ws = unread
    second.close()
    first.join(10)
    assert ended == ["first"]


def test_a_connection_that_is_closed_while_it_comes_in_raises_no_error_and_leaves_nothing(app: Flask) -> None:
    gateway = app.extensions["concordat.gateway"]
    gateway.connections.open("gone", "127.0.0.1")
    greeting = Packet(CONNECT, namespace="/").encode()
    gateway.server.eio.handlers["message"]("gone", greeting)  # what the library knew of it has gone before
    assert "gone" not in gateway.connections.by_engine
    assert list(gateway.server.manager.get_participants("/", None)) == []


def test_a_connection_that_is_closed_while_it_is_looked_up_is_refused(
    app: Flask, database: Database, people: Cast
) -> None:
    with app.test_request_context():
        request.sid = "gone"  # type: ignore[attr-defined]  # as Flask-SocketIO sets it
        with pytest.raises(Refused) as refused:
            app.extensions["concordat.gateway"].connect(
                {"protocol": PROTOCOL, "token": token_of(database, people.member)}
            )
    assert refused.value.error_args["data"]["code"] == "gone"
