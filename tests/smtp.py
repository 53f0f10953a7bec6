"""A small SMTP server for the tests: keeps what it is given, says no when it is told to."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Sink:
    """Where mails end. ``refuse`` is how many more mails are answered with "try again later"."""

    port: int
    refuse: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def converse(self, peer: socket.socket) -> None:
        """Speak with one client until it leaves."""
        with peer, peer.makefile("rb") as lines, contextlib.suppress(OSError):
            peer.sendall(b"220 sink\r\n")
            for line in lines:
                word = line[:4].upper()
                if word == b"EHLO":
                    peer.sendall(b"250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n")
                elif word == b"AUTH":
                    self.logins.append(base64.b64decode(line.split()[2]).decode())
                    peer.sendall(b"235 welcome\r\n")
                elif word == b"RCPT" and self.refuse:
                    self.refuse -= 1
                    peer.sendall(b"451 try again later\r\n")
                elif word == b"DATA":
                    peer.sendall(b"354 go on\r\n")
                    self.keep(lines)
                    peer.sendall(b"250 kept\r\n")
                elif word == b"QUIT":
                    peer.sendall(b"221 goodbye\r\n")
                    return
                else:
                    if word == b"RCPT":
                        self.recipients.append(line.decode().partition("<")[2].partition(">")[0])
                    peer.sendall(b"250 yes\r\n")

    def keep(self, lines: Iterator[bytes]) -> None:
        """Read one mail up to the lone dot."""
        data = b""
        for line in lines:
            if line == b".\r\n":
                break
            data += line[1:] if line.startswith(b"..") else line
        mail = message_from_bytes(data, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.arrived.set()


@contextlib.contextmanager
def smtp_sink() -> Iterator[Sink]:
    """A sink on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        sink = Sink(door.getsockname()[1])

        def serve() -> None:
            while True:
                try:
                    peer, _address = door.accept()
                except OSError:
                    return
                sink.converse(peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sink
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()
