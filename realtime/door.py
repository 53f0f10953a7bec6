"""What an HTTP request must look like before it becomes a live connection: origin, room for one more, small bodies."""

from __future__ import annotations

import binascii
import io
import logging
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from app.config import Settings
from realtime.connections import Connections
from realtime.wire import MAX_MESSAGE, TEXT_FRAMES

log = logging.getLogger("concordat.live")

PATH = "/socket.io"
MAX_PACKETS = 16
Environ = dict[str, Any]
Answer = tuple[str, str]


class Door:
    """WSGI middleware in front of the live server; everything else passes untouched."""

    def __init__(self, inner: Any, connections: Connections, settings: Settings, cookie: str) -> None:
        self.inner = inner
        self.connections = connections
        self.settings = settings
        self.cookie = cookie

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(PATH):
            refused = self.refusal(environ)
            if refused is not None:
                status, sentence = refused
                log.info("connection refused: %s", sentence)
                start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "10")])
                return [sentence.encode()]
        answer: Iterable[bytes] = self.inner(environ, start_response)
        return answer

    def refusal(self, environ: Environ) -> Answer | None:
        """The status and the sentence to answer, or None to let the request in."""
        if not self.may_come_from(environ):
            return "400 Bad Request", "This address does not take live connections from there."
        if environ["REQUEST_METHOD"] not in {"GET", "POST"}:
            return "405 Method Not Allowed", "Only GET and POST."
        query = parse_qs(environ.get("QUERY_STRING", ""))
        if "j" in query:
            return "400 Bad Request", "No JSONP."
        if query.get("transport") == ["websocket"] and not _is_handshake(environ):
            return "400 Bad Request", "Not a WebSocket handshake."
        if "sid" not in query:
            return self.room(environ)
        return self.body(environ, query["sid"][0]) if environ["REQUEST_METHOD"] == "POST" else None

    def may_come_from(self, environ: Environ) -> bool:
        """Whether the page that asks is ours. Scripts send no origin; then no cookie counts either."""
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            return f"{self.cookie}=" not in environ.get("HTTP_COOKIE", "")
        if origin == self.settings.base_url:
            return True
        return self.settings.is_demo and origin == f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"

    def room(self, environ: Environ) -> Answer | None:
        """Whether there is room for one more connection, in all and for this address."""
        total, here = self.connections.count(environ.get("REMOTE_ADDR", ""))
        if total >= self.settings.max_sockets:
            return "503 Service Unavailable", "So many people are connected that there is no room just now."
        if here >= self.settings.sockets_per_address:
            return "429 Too Many Requests", "Too many live connections come from your address."
        return None

    def body(self, environ: Environ, sid: str) -> Answer | None:
        """Whether what a client without WebSocket sends is a few whole packets; one that sends else is cut."""
        length = environ.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 10 else MAX_MESSAGE + 1
        body = environ["wsgi.input"].read(size) if size <= MAX_MESSAGE else b""
        if size > MAX_MESSAGE or not _is_payload(body):
            found = self.connections.by_engine.get(sid)
            if found is not None:
                self.connections.cut(found, "malformed polling")
            return "400 Bad Request", "Not a payload."
        environ["wsgi.input"] = io.BytesIO(body)
        return None


def _is_handshake(environ: Environ) -> bool:
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
    try:
        sound = len(b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        sound = False
    return sound and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13" and environ["REQUEST_METHOD"] == "GET"


def _is_payload(body: bytes) -> bool:
    packets = body.split(b"\x1e")
    return len(packets) <= MAX_PACKETS and all(_is_packet(packet) for packet in packets)


def _is_packet(packet: bytes) -> bool:
    if not packet.startswith(b"b"):
        return packet.decode("latin-1") in TEXT_FRAMES
    try:
        return len(b64decode(packet[1:], validate=True)) > 0
    except binascii.Error:
        return False
