"""What travels on one connection, kept within bounds: WebSocket frames, packets, and the queue of what goes out.

The libraries beneath check a message's size only once it is whole in memory, offer compression to anybody, may mix two
frames written at once, and keep any number of packets for a client that does not read. The classes here take their
places; tests/realtime/test_abuse.py holds them against real traffic.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections.abc import Iterator
from typing import Any

import msgpack
import simple_websocket
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from engineio.packet import Packet as EnginePacket
from socketio import packet as kinds
from socketio.msgpack_packet import MsgPackPacket
from wsproto.utilities import LocalProtocolError

#: Longest message taken, in bytes, and most packets and bytes that wait for a client to read them.
MAX_MESSAGE = 256 * 1024
MAX_WAITING = 256
MAX_WAITING_BYTES = 2 * 1024 * 1024
#: Most messages read ahead of the one being worked on: beyond it the sender has to wait.
READ_AHEAD = 64
#: Text frames a client has reason to send: the probe of an upgrade, pong, close, upgrade.
TEXT_FRAMES = frozenset({"2probe", "3", "1", "5"})
MAX_ID = 2**53


class Malformed(ValueError):
    """Not a packet that any client of ours sends."""


class Ignored(Exception):
    """A packet that is well formed and asks for nothing we do."""


class Packet(MsgPackPacket):  # type: ignore[misc]  # the library ships no types
    """A Socket.IO packet in msgpack that holds only what clients have reason to send."""

    def decode(self, encoded_packet: Any) -> None:
        """Read a packet. Raises Malformed; Ignored for an answer to a question nobody asked."""
        try:
            read = msgpack.unpackb(
                encoded_packet, max_str_len=MAX_MESSAGE, max_array_len=10_000, max_map_len=100, max_bin_len=1024,
                max_ext_len=0, ext_hook=_no_extensions, strict_map_key=True,
            )  # fmt: skip
        except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
            raise Malformed("not msgpack") from error
        if not isinstance(read, dict):
            raise Malformed("not a packet")
        kind, data, number, namespace = read.get("type"), read.get("data"), read.get("id"), read.get("nsp")
        if type(kind) is not int or not isinstance(namespace, str) or len(namespace) > 100:
            raise Malformed("not a packet")
        if number is not None and (type(number) is not int or not 0 <= number <= MAX_ID):
            raise Ignored
        if kind != kinds.CONNECT and namespace != "/":
            raise Ignored
        if kind == kinds.EVENT:
            _check_event(data)
        elif kind == kinds.CONNECT:
            data = data if isinstance(data, dict) else None
        elif kind == kinds.ACK:
            raise Ignored
        elif kind != kinds.DISCONNECT:
            raise Malformed("a packet of an unknown kind")
        self.packet_type, self.data, self.id, self.namespace = kind, data, number, namespace


def _check_event(data: Any) -> None:
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        raise Malformed("an event without a name")
    if data[0] in {"connect", "disconnect", "connect_error"} or len(data) > 2:
        raise Ignored


def _no_extensions(code: int, data: bytes) -> Any:
    raise Malformed("an extension type")


class Outgoing(queue.Queue[Any]):
    """The packets that wait for one client, counted by number and by size."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self.bytes = 0

    def _put(self, item: Any) -> None:
        self.bytes += _size(item)
        super()._put(item)

    def _get(self) -> Any:
        item = super()._get()
        self.bytes -= _size(item)
        return item

    @property
    def too_long(self) -> bool:
        """Whether its client has stopped reading."""
        return self.qsize() > MAX_WAITING or self.bytes > MAX_WAITING_BYTES


def _size(item: Any) -> int:
    data = item.data if isinstance(item, EnginePacket) else None
    return len(data) if isinstance(data, bytes | str) else 0


class _Line:
    """A connected TCP socket as the WebSocket library uses it: whole writes, one at a time, reading with patience."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._writing = threading.Lock()
        self.may_read = threading.Event()
        self.may_read.set()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        with self._writing:
            self._raw.sendall(data)

    def recv(self, size: int) -> bytes:
        self.may_read.wait()
        return self._raw.recv(size)

    def fileno(self) -> int:
        return self._raw.fileno()

    def cut(self) -> None:
        """End it now: whoever waits in a read or a write comes back."""
        self.may_read.set()
        with contextlib.suppress(OSError):  # it is over already
            self._raw.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._raw.close()


class _Server(simple_websocket.Server):  # type: ignore[misc]  # the library ships no types
    """The library's server side, which tells its line to stop reading while too much waits to be worked on."""

    def _handle_events(self) -> bool:
        going: bool = super()._handle_events()
        if len(self.input_buffer) > READ_AHEAD:
            self.sock.may_read.clear()
            if len(self.input_buffer) <= READ_AHEAD:  # taken meanwhile
                self.sock.may_read.set()
        return going

    def receive(self, timeout: float | None = None) -> Any:
        message = super().receive(timeout)
        if len(self.input_buffer) <= READ_AHEAD:
            self.sock.may_read.set()
        return message

    def send(self, data: Any) -> None:
        with _closed_meanwhile():
            super().send(data)

    def close(self, reason: Any = None, message: str | None = None) -> None:
        with _closed_meanwhile():
            super().close(reason, message)


@contextlib.contextmanager
def _closed_meanwhile() -> Iterator[None]:
    """Raise ConnectionClosed where the library trips over another thread that is closing the same connection."""
    try:
        yield
    except LocalProtocolError as error:
        raise simple_websocket.ConnectionClosed from error


class WebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]  # the library ships no types
    """The WebSocket of a connection: bounded messages, no compression, no delay, an end that frees its threads."""

    def __init__(self, handler: Any, server: Any, **kwargs: Any) -> None:
        super().__init__(handler, server, **kwargs)
        self.ws: Any = None
        # The handler is bound to the Engine.IO connection, by which the gateway finds this again.
        handler.__self__.web_socket = self

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        plain = {name: value for name, value in environ.items() if name != "HTTP_SEC_WEBSOCKET_EXTENSIONS"}
        for name in ("werkzeug.socket", "gunicorn.socket"):
            if name in plain:
                plain[name] = _Line(plain[name])
        try:
            self.ws = _Server(plain, max_message_size=MAX_MESSAGE)
        except (simple_websocket.ConnectionError, OSError):
            raise StopIteration from None  # no handshake of any kind: nothing more to answer
        self.app(self)
        self.cut()
        if self.ws.mode == "gunicorn":
            raise StopIteration
        raise ConnectionError

    def wait(self) -> Any:
        """The next message that is one; None when the connection is over, which a strange frame makes it."""
        message = super().wait()
        if isinstance(message, str):
            return message if message in TEXT_FRAMES else None
        return message or None

    def close(self) -> None:
        """Say goodbye and end it, whether or not the other side answers."""
        with contextlib.suppress(OSError, simple_websocket.ConnectionClosed):  # gone already
            super().close()
        self.cut()

    def cut(self) -> None:
        """End it without a word."""
        if self.ws is not None:
            self.ws.sock.cut()
