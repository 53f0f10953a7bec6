"""The web process: gunicorn with threads; each open live connection holds one."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from app.config import Settings

#: How long one waits for the next piece of a request's body.
BODY_SECONDS = 15.0


def why_not_listen(settings: Settings) -> str | None:
    """Why the server could not listen where the settings say, as a sentence; None when it could."""
    place = f"port {settings.port} on {settings.host}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except (OSError, UnicodeError) as error:  # a name that cannot even be asked for is a UnicodeError
            fault = error.errno if isinstance(error, OSError) and not isinstance(error, socket.gaierror) else None
            if fault == errno.EADDRINUSE:
                return f"{place} is taken; set PORT to another"
            if fault in {errno.EACCES, errno.EPERM}:
                return f"{place} is for the system's administrator only; set PORT to 1024 or more"
            return f"HOST is {settings.host!r}, which is no address of this machine; set 127.0.0.1, or 0.0.0.0 for all"
    return None


class Patience:
    """WSGI middleware: the rest of a request that has begun is waited for so long, and then its thread is free again.

    Without it a few hundred requests that never end hold every thread. A buffering proxy in front does more.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        line = environ.get("gunicorn.socket")
        if line is None or environ.get("REQUEST_METHOD") in {"GET", "HEAD"}:
            return self.inner(environ, start_response)  # type: ignore[no-any-return]  # WSGI
        line.settimeout(BODY_SECONDS)
        try:
            return self.inner(environ, start_response)  # type: ignore[no-any-return]  # WSGI
        finally:
            line.settimeout(None)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """The process that answers; told to stop, it lets its live connections go, which would else hold it."""

    def handle_exit(self, sig: int, frame: object) -> None:
        """SIGTERM: no more connections, and an end to those that are open."""
        super().handle_exit(sig, frame)
        self.wsgi.extensions["concordat.gateway"].stop()

    def handle(self, conn: Any) -> Any:
        """Answer what comes on a connection and, when that was the last, close it here.

        Closing waits up to two seconds for the other end. gunicorn waits in the one thread that takes connections: ten
        clients that do not hang up, or phones that have left the hall, would hold up everybody for twenty seconds.
        """
        goes_on = super().handle(conn)
        if not goes_on:
            with contextlib.suppress(OSError):
                conn.close(graceful=True)
        return goes_on

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Take back a connection that goes on; one that ended is closed already, and only no longer counted."""
        if not fs.cancelled() and fs.exception() is None and not fs.result():
            self.nr_conns -= 1
        else:
            super().finish_request(conn, fs)


class Lines(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's own words as lines of our log: JSON, without addresses and tokens."""

    def setup(self, cfg: Any) -> None:
        """Leave both of its loggers to the root's handler."""
        self.cfg = cfg
        for each in (self.error_log, self.access_log):
            each.handlers[:] = []
            each.propagate = True
        self.error_log.setLevel(logging.WARNING)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn configured in code: one process, threads for sockets and a few more for pages."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        app.wsgi_app = Patience(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way
        self.app = app
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        options: dict[str, Any] = {
            "bind": f"{host}:{self.settings.port}",
            "workers": 1,
            "worker_class": Worker,
            "threads": self.settings.max_sockets + 30,
            "worker_connections": self.settings.max_sockets + 200,
            "timeout": 60,
            "graceful_timeout": 5,
            "keepalive": 5,
            "limit_request_line": 8190,  # "Choose several" keeps what is ticked in its address: about a thousand items
            "logger_class": Lines,
            "worker_tmp_dir": None,
            "forwarded_allow_ips": "*" if self.settings.proxy_hops else "",
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, made before the worker process is forked."""
        return self.app
