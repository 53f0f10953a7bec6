"""Who is connected to this process: one entry for each Engine.IO connection, and the ways to end it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engineio import packet as engine
from engineio.exceptions import SocketIsClosedError
from socketio import Server
from socketio.manager import Manager

from app.services.sockets import Holder, Stamp
from realtime.buckets import RATES, TOTAL, Bucket, Turns

log = logging.getLogger("concordat.live")

CONNECT_WITHIN_SECONDS = 10.0
CLOSE_WITHIN_SECONDS = 1.0


@dataclass
class OpenText:
    """A text that a connection has joined: by which editor states, as whom, and where its caret was seen last."""

    group_id: int
    item_id: int | None
    clients: set[str]
    stamp: Stamp
    present: str = ""
    streamed: int = -1
    streamed_at: float = 0.0


@dataclass(eq=False)
class Connection:
    """One connection. ``holder`` says by which sign-in or token it came; its rights are looked up every time anew."""

    eio_sid: str
    address: str
    opened: float = field(default_factory=time.monotonic)
    sid: str = ""
    holder: Holder | None = None
    closing: float = 0.0
    topics: set[str] = field(default_factory=set)
    texts: dict[int, OpenText] = field(default_factory=dict)
    stamps: dict[int, Stamp] = field(default_factory=dict)
    total: Bucket = field(default_factory=lambda: Bucket(*TOTAL))
    buckets: dict[str, Bucket] = field(default_factory=lambda: {name: Bucket(*rate) for name, rate in RATES.items()})


class Connections:
    """All connections of this process, by both of their ids."""

    def __init__(self) -> None:
        self.server: Server = None
        self.lock = threading.Lock()
        self.by_engine: dict[str, Connection] = {}
        self.by_sid: dict[str, Connection] = {}
        self.turns: dict[int, Turns] = {}

    def all(self) -> list[Connection]:
        """A copy, safe to walk through."""
        with self.lock:
            return list(self.by_engine.values())

    def count(self, address: str) -> tuple[int, int]:
        """How many there are, in all and from one address."""
        with self.lock:
            return len(self.by_engine), sum(each.address == address for each in self.by_engine.values())

    def open(self, eio_sid: str, address: str) -> None:
        """A connection has been opened; who it is, is not known yet."""
        with self.lock:
            self.by_engine[eio_sid] = Connection(eio_sid, address)

    def connected(self, sid: str, eio_sid: str, holder: Holder) -> Connection | None:
        """A connection has shown who it is, perhaps again, after a goodbye: then under its new name only."""
        with self.lock:
            found = self.by_engine.get(eio_sid)
            if found is not None:
                self.by_sid.pop(found.sid, None)
                found.sid, found.holder = sid, holder
                self.by_sid[sid] = found
            return found

    def wait(self, each: Connection, event: str) -> float:
        """How many seconds a message has to wait until it is its person's turn."""
        if each.holder is None:
            return 0.0
        with self.lock:
            turns = self.turns.setdefault(each.holder.person_id, Turns())
        return turns.wait(event)

    def gone(self, eio_sid: str) -> Connection | None:
        """Forget a connection."""
        with self.lock:
            found = self.by_engine.pop(eio_sid, None)
            if found is not None:
                self.by_sid.pop(found.sid, None)
            return found

    def close(self, each: Connection, why: str) -> None:
        """End a connection with a goodbye; one that does not take it is cut a second later."""
        if each.closing:
            return
        each.closing = time.monotonic()
        log.info("connection closed: %s", why)
        found = self.server.eio.sockets.get(each.eio_sid)
        if found is not None:
            found.close(wait=False)

    def cut(self, each: Connection, why: str) -> None:
        """End a connection at once and give back its threads and memory."""
        if not each.closing:
            log.warning("connection cut: %s", why, extra={"fields": {"address": each.address}})
        each.closing = each.closing or time.monotonic()
        found = self.server.eio.sockets.get(each.eio_sid)
        if found is None:
            return
        web_socket = getattr(found, "web_socket", None)
        if web_socket is not None:
            web_socket.cut()
        found.close(wait=False, abort=True)

    def sweep(self) -> None:
        """Cut what has not said who it is in time, what does not read, and what was told to go and stays."""
        now = time.monotonic()
        # Turns are forgotten when they have rested, and not with the last connection: after that one may come back.
        with self.lock:
            self.turns = {person_id: turns for person_id, turns in self.turns.items() if not turns.rested}
        for each in self.all():
            found = self.server.eio.sockets.get(each.eio_sid)
            if found is None:
                self.gone(each.eio_sid)
            elif each.holder is None and now - each.opened > CONNECT_WITHIN_SECONDS:
                self.cut(each, "no CONNECT in time")
            elif found.queue.too_long:
                self.cut(each, "it does not read")
            elif each.closing and now - each.closing > CLOSE_WITHIN_SECONDS:
                self.cut(each, "it does not leave")


class Rooms(Manager):  # type: ignore[misc]  # the library ships no types
    """The library's rooms, made safe for many threads, and with an end to what waits for one client."""

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self.connections = connections
        self.changing = threading.Lock()

    def basic_enter_room(self, sid: str, namespace: str, room: Any, eio_sid: str | None = None) -> None:
        """As the library's, but never while a room is made, forgotten or read by another thread."""
        with self.changing:
            super().basic_enter_room(sid, namespace, room, eio_sid)

    def basic_leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """As the library's; see basic_enter_room."""
        with self.changing:
            super().basic_leave_room(sid, namespace, room)

    def members(self, room: str) -> list[tuple[str, str]]:
        """Ids (Socket.IO, Engine.IO) of all in a room of this process."""
        with self.changing:
            found = self.rooms.get("/", {}).get(room)
            return [] if found is None else list(found.items())

    def get_participants(self, namespace: str, room: Any) -> Iterable[tuple[str, str]]:
        """As the library's, without stumbling over a room that empties meanwhile."""
        yield from self.members(room)

    def emit(
        self, event: str, data: Any, namespace: str, room: Any = None, skip_sid: Any = None, callback: Any = None,
        to: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Send one event to a room, encoded once; one member's trouble is not the others'."""
        packet = self.server.packet_class(2, namespace="/", data=[event] if data is None else [event, data])
        encoded = engine.Packet(engine.MESSAGE, packet.encode())
        for sid, eio_sid in self.members(to or room):
            if sid != skip_sid:
                self._send(eio_sid, encoded)

    def _send(self, eio_sid: str, packet: Any) -> None:
        found = self.server.eio.sockets.get(eio_sid)
        if found is None or found.closed:
            return
        if found.queue.too_long:
            each = self.connections.by_engine.get(eio_sid)
            if each is not None:
                self.connections.cut(each, "it does not read")
            return
        try:
            found.send(packet)
        except SocketIsClosedError:
            return  # it left at this moment
