"""How often one address may knock on doors that guessing could open."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(key_func=get_remote_address, headers_enabled=False)

#: For pages where a token or password is tried.
KNOCKING = "60 per 10 minutes"


def install(app: Flask, redis_url: str) -> None:
    """Count in Redis where there are several processes, else in memory."""
    app.config.setdefault("RATELIMIT_STORAGE_URI", redis_url or "memory://")
    app.config.setdefault("RATELIMIT_STRATEGY", "moving-window")
    limiter.init_app(app)


def failed(response: Response) -> bool:
    """Counts answers that say no: looking at a page that is there may be done as often as one likes."""
    return response.status_code >= 400


def per_address_typed() -> str:
    """Counts by the e-mail address that was typed, so that many computers cannot guess one person's password."""
    return "typed " + request.form.get("email", "").strip().lower()[:300]
