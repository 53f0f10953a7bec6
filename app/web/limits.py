"""How often one address may knock on doors that guessing could open."""

from __future__ import annotations

import time

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits.storage import MemoryStorage

limiter = Limiter(key_func=get_remote_address, headers_enabled=False)

#: For pages where a token or password is tried.
KNOCKING = "60 per 10 minutes"


class MemoryByTheMinute(MemoryStorage):
    """The library's memory, which lets go of what is over once a minute.

    As it comes it starts a thread for that with nearly every request: a quarter of the work of saving a rating.
    Whether a request is one too many never depends on it.
    """

    STORAGE_SCHEME = ["memory-by-the-minute"]  # noqa: RUF012  # no ClassVar in the library
    SECONDS = 60.0
    next_time = 0.0

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802  # its name; tests/web/test_limits.py holds it
        now = time.monotonic()
        if now >= self.next_time:
            self.next_time = now + self.SECONDS
            super()._MemoryStorage__schedule_expiry()  # type: ignore[misc]  # private there


def install(app: Flask, redis_url: str) -> None:
    """Count in Redis where there are several processes, else in memory."""
    app.config.setdefault("RATELIMIT_STORAGE_URI", redis_url or "memory-by-the-minute://")
    app.config.setdefault("RATELIMIT_STRATEGY", "moving-window")
    limiter.init_app(app)


def failed(response: Response) -> bool:
    """Counts answers that say no: looking at a page that is there may be done as often as one likes."""
    return response.status_code >= 400


def guessed(response: Response) -> bool:
    """Counts answers that know of no such link; one that was replaced or is over is no guess."""
    return response.status_code == 404


def per_address_typed() -> str:
    """Counts by the e-mail address that was typed, so that many computers cannot guess one person's password."""
    return "typed " + request.form.get("email", "").strip().lower()[:300]
