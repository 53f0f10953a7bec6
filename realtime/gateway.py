"""The live server: who connects, with which right, what a message must look like, and where refusals go.

A message passes four checks before it reaches anything of ours: the frame (wire.py), the packet (wire.Packet), the
buckets of its connection and of its person, and the shape its handler expects. Rights are looked up for each one, in
the transaction that serves it: nothing here remembers one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, request, session
from flask_socketio import SocketIO
from flask_wtf.csrf import validate_csrf
from socketio.exceptions import ConnectionRefusedError as Refused
from wtforms.validators import ValidationError

from app.policy import Actor
from app.services import sockets, texts
from app.uow import Database, UnitOfWork
from realtime.connections import Connection, Connections, Rooms
from realtime.door import Door
from realtime.presence import Presence
from realtime.text import Texts
from realtime.threads import keep_on
from realtime.wire import MAX_MESSAGE, Ignored, Malformed, Outgoing, Packet, WebSocket

log = logging.getLogger("concordat.live")

PROTOCOL = 1
MAX_TOPICS = 200
SOCKETS_PER_PERSON = 60
SWEEP_SECONDS = 0.5
#: The longest that a message waits for its person's turn, in seconds: so many have no honest page behind them.
LONGEST_WAIT = 5.0
#: How long a connection may take to say goodbye when the process ends.
STOP_SECONDS = 0.3
#: Every so many sweeps the database is asked who is still signed in, and whether texts moved unheard.
SWEEPS_PER_LOOK = 2
#: After so many looks it has been asked of everybody whether they still have a place where they read.
LOOKS_FOR_ALL = 3
Handler = Callable[[Connection, Any], None]


class Gateway:
    """The connections of this process and what is spoken on them."""

    def __init__(self, server: Any, database: Database, connections: Connections, rooms: Rooms) -> None:
        self.database = database
        self.connections = connections
        self.rooms = rooms
        self.server = connections.server = server
        self.presence = Presence(self)
        self.texts = Texts(self)
        self.stopping = threading.Event()
        self._awake = threading.Lock()
        self._sweeper: threading.Thread | None = None
        self.looks = 0
        #: Called when the first connection comes: threads do not survive the fork of the web process.
        self.on_waking: list[Callable[[], None]] = []

    # --- who ---

    def actor(self, uow: UnitOfWork, each: Connection) -> Actor:
        """Who a connection stands for at this moment; a visitor once its sign-in or token is over."""
        return sockets.actor_of(uow, each.holder)

    def connect(self, auth: Any) -> None:
        """Accept a signed-in browser that shows its page's CSRF token, or a script with a personal token."""
        given = auth if isinstance(auth, dict) else {}
        if given.get("protocol") != PROTOCOL:
            raise _refusal("protocol", "Concordat was updated: reload the page.")
        with self.database.reading() as uow:
            holder = self._holder(uow, given)
        if holder is None:
            raise _refusal("sign_in", "Sign in first.")
        held = [each.holder for each in self.connections.all() if each.holder is not None]
        if sum(other.person_id == holder.person_id for other in held) >= SOCKETS_PER_PERSON:
            raise _refusal("limit", "You have too many pages open.")
        sid: str = request.sid  # type: ignore[attr-defined]  # set by Flask-SocketIO
        eio_sid = self.rooms.eio_sid_from_sid(sid, "/")
        if self.connections.connected(sid, eio_sid, holder) is None:  # closed meanwhile: nothing of it is kept
            raise _refusal("gone", "The connection was closed.")
        self.wake()

    def _holder(self, uow: UnitOfWork, given: dict[str, Any]) -> sockets.Holder | None:
        token, csrf = given.get("token"), given.get("csrf")
        if isinstance(token, str):
            return sockets.holder_of_token(uow, token) if len(token) < 200 else None
        if request.headers.get("Origin") is None:
            return None  # a page of ours always names itself
        holder = sockets.holder_of_cookie(uow, session.get("sign_in"))
        try:
            validate_csrf(csrf if isinstance(csrf, str) else None)
        except ValidationError:
            if holder is None:
                return None  # signed out, not somebody else
            raise _refusal("csrf", "This page is too old: reload it.") from None
        return holder

    def forget(self, eio_sid: str) -> None:
        """A connection is gone."""
        each = self.connections.gone(eio_sid)
        if each is not None:
            self.presence.left(each)
            self.texts.left(each)

    def end(self, *, person_id: int, sign_in_id: int | None = None) -> None:
        """Close what a person has open, or what one of their sign-ins has; they may come back with what is left."""
        for each in self.connections.all():
            held = each.holder
            if held is not None and held.person_id == person_id and sign_in_id in {None, held.sign_in_id}:
                self.connections.close(each, "a sign-in or a membership ended")

    # --- hints ---

    def watch(self, each: Connection, topics: Any) -> None:
        """Join the rooms of the topics the actor may read; others are passed over without a word."""
        if not isinstance(topics, list) or len(topics) > 50:
            return
        with self.database.reading() as uow:
            actor = self.actor(uow, each)
            for topic in topics:
                if not isinstance(topic, str) or len(each.topics) >= MAX_TOPICS:
                    continue
                if topic not in each.topics and sockets.may_watch(uow, actor, topic):
                    self._enter(uow, each, actor, topic)

    def _enter(self, uow: UnitOfWork, each: Connection, actor: Actor, topic: str) -> None:
        if not self.enter(each, topic):
            return
        each.topics.add(topic)
        noun, _, number = topic.rpartition("-")
        if noun in sockets.GROUP_TOPICS and int(number) not in each.stamps:
            each.stamps[int(number)] = sockets.stamp(uow, actor, int(number))
        if noun in sockets.GROUP_TOPICS:
            self.presence.here_changed(int(number))

    def enter(self, each: Connection, room: str) -> bool:
        """Put a connection into a room; False when it has just left or was told to go.

        Only after its right was checked: whatever the room is told from now on reaches it.
        """
        if each.closing:
            return False
        try:
            self.rooms.enter_room(each.sid, "/", room)
        except (KeyError, ValueError):
            return False
        return True

    def look_again(self, meeting_id: int) -> None:
        """A session has changed: its guests lose what they were let in to when it ends or refuses them."""
        with self.database.reading() as uow:
            gone = sockets.guests_gone(uow, meeting_id)
        for each in self.connections.all() if gone else []:
            if each.holder is not None and each.holder.person_id in gone:
                self.connections.close(each, "a guest's session ended")

    # --- threads ---

    def wake(self) -> None:
        """Start the threads of this process, once."""
        with self._awake:
            if self._sweeper is not None:
                return
            self._sweeper = threading.Thread(target=self._sweep, name="live-sweep", daemon=True)
            self._sweeper.start()
        self.texts.start()
        self.presence.start()
        for act in self.on_waking:
            act()

    def stop(self) -> None:
        """The process is told to end: say goodbye on every connection, from a thread of its own."""
        self.stopping.set()
        threading.Thread(target=self._stop, name="live-stop", daemon=True).start()

    def _stop(self) -> None:
        for each in self.connections.all():
            self.connections.close(each, "the server stops")
        time.sleep(STOP_SECONDS)
        for each in self.connections.all():
            self.connections.cut(each, "the server stops")

    def _sweep(self) -> None:
        count = 0
        while not self.stopping.wait(SWEEP_SECONDS):
            count += 1
            keep_on(self.connections.sweep, "looking after connections")
            if count % SWEEPS_PER_LOOK == 0:
                keep_on(self._try_to_look, "looking into the database")

    def _try_to_look(self) -> None:
        try:
            self.look()
        except texts.FAILURES:
            log.warning("the database did not answer the live server")

    def look(self) -> None:
        """Ask the database what no fact may have told this process: sign-ins and places in groups that ended, texts
        that moved. Of the places a share is looked at each time, as each is a question of its own."""
        open_ = [each for each in self.connections.all() if each.holder is not None]
        if not open_:
            return
        places = [(each, _places(each)) for each in open_]
        self.looks += 1
        turn = sorted(set().union(*(some for _, some in places)))[self.looks % LOOKS_FOR_ALL :: LOOKS_FOR_ALL]
        with self.database.reading() as uow:
            good = sockets.still_good(uow, {each.holder for each in open_ if each.holder is not None})
            outside = sockets.outside(uow, turn)
        for each, some in places:
            if each.holder not in good:
                self.connections.close(each, "a sign-in ended")
            elif some & outside:
                self.connections.close(each, "a place in a group ended")
        self.texts.look()

    # --- messages ---

    def handle(self, event: str, handler: Handler) -> None:
        """Register the handler of an event, outside of any Flask context: it is given the connection and the payload.

        What a stranger may send never raises; what fails in the database is logged and leaves the connection open.
        """

        def act(sid: str, payload: Any = None) -> None:
            each = self.connections.by_sid.get(sid)
            if each is None or each.closing:
                return
            if not each.buckets[event].take():
                if event != "text:presence":  # too many of those are merely not shown
                    self.connections.cut(each, f"too many {event}")
                return
            wait = self.connections.wait(each, event)
            if wait > LONGEST_WAIT:
                self.connections.cut(each, f"too many {event} on all connections of a person")
                return
            time.sleep(wait)  # nothing more is read from this connection meanwhile
            if each.closing:
                return
            try:
                handler(each, payload)
            except texts.FAILURES:
                log.warning("the database did not answer to %s", event)

        self.server.on(event, act)

    def guarded(self, inner: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
        """Engine.IO's handler of messages behind the checks of packets and of their number."""

        def message(eio_sid: str, data: Any) -> None:
            each = self.connections.by_engine.get(eio_sid)
            if each is None:
                return
            if not each.total.take():
                self.connections.cut(each, "too many messages")
                return
            try:
                inner(eio_sid, data)
            except Ignored:
                return
            except Malformed as error:
                self.connections.cut(each, f"malformed packet: {error}")
            except KeyError:
                # It was closed while its packet was read, by the server that stops for instance: nothing of it stays.
                if eio_sid in self.server.environ:
                    raise
                self.server.manager.disconnect(self.server.manager.sid_from_eio_sid(eio_sid, "/"), "/")
                self.forget(eio_sid)

        return message


def _places(each: Connection) -> set[tuple[int, int]]:
    """Whose texts a connection hears: its person, with each group."""
    if each.holder is None:
        return set()
    return {(each.holder.person_id, text.group_id) for text in list(each.texts.values())}


def _refusal(code: str, sentence: str) -> Refused:
    return Refused(sentence, {"code": code, "message": sentence})


def create(app: Flask, database: Database) -> Gateway:
    """The live server on the application, with hints, live texts and presence."""
    settings = database.settings
    connections = Connections()
    rooms = Rooms(connections)
    socketio = SocketIO(
        app,
        async_mode="threading",
        async_handlers=False,
        manage_session=False,
        serializer=Packet,  # type: ignore[call-arg]  # handed on to the Socket.IO server, as client_manager is
        client_manager=rooms,
        cors_allowed_origins=[],  # nothing is shared across origins: door.py refuses all others
        max_http_buffer_size=MAX_MESSAGE,
        http_compression=False,
    )
    server: Any = socketio.server  # type: ignore[attr-defined]  # missing from the types
    gateway = Gateway(server, database, connections, rooms)
    socketio.on_event("connect", gateway.connect)
    gateway.handle("hint:watch", gateway.watch)
    gateway.texts.register()
    gateway.presence.register()
    _take_places(server.eio, gateway)
    door: Any = Door(app.wsgi_app, connections, settings, app.config["SESSION_COOKIE_NAME"])
    app.wsgi_app = door  # type: ignore[method-assign]  # Flask's own way
    app.extensions["concordat.gateway"] = gateway
    return gateway


def _take_places(engine: Any, gateway: Gateway) -> None:
    """Put our WebSocket and queue in place of the library's own, and our checks in front of its handlers.

    The first is no public interface: python-engineio is pinned, and tests/realtime/test_abuse.py would notice.
    """
    engine._async = {**engine._async, "websocket": WebSocket, "queue": Outgoing}  # noqa: SLF001  # see above
    opened, message, closed = (engine.handlers[name] for name in ("connect", "message", "disconnect"))

    def on_open(eio_sid: str, environ: dict[str, Any]) -> Any:
        gateway.connections.open(eio_sid, environ.get("REMOTE_ADDR", ""))
        gateway.wake()
        return opened(eio_sid, environ)

    def on_close(eio_sid: str, reason: str) -> None:
        try:
            closed(eio_sid, reason)
        finally:
            gateway.forget(eio_sid)

    engine.on("connect", on_open)
    engine.on("message", gateway.guarded(message))
    engine.on("disconnect", on_close)


__all__ = ["PROTOCOL", "Gateway", "create"]
