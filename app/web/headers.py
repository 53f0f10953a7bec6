"""Headers of every answer, set in this one tested place; and the id of every request."""

from __future__ import annotations

import logging
import secrets
import time

from flask import Flask, Response, abort, g, request

from app import logs
from app.web.context import database

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

access = logging.getLogger("concordat.access")


def policy(nonce: str, *, https: bool) -> str:
    """The content security policy: nothing but our own files; styles that scripts add carry the nonce."""
    rules = [
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "manifest-src 'self'",
    ]
    if https:
        rules.append("upgrade-insecure-requests")
    return "; ".join(rules)


def install(app: Flask) -> None:
    """Give each request an id and a nonce, refuse cross-site posts, and set the headers."""

    @app.before_request
    def begin() -> None:
        g.nonce = secrets.token_urlsafe(16)
        g.began = time.perf_counter()
        logs.request_id.set(secrets.token_hex(8))
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if request.method not in SAFE and site not in {"same-origin", "none"}:
            abort(400)

    @app.after_request
    def finish(response: Response) -> Response:
        headers, https = response.headers, database().settings.is_https
        headers["Content-Security-Policy"] = policy(g.get("nonce", ""), https=https)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if "token" in (request.view_args or {}):
            headers["Referrer-Policy"] = "no-referrer"  # such an address is a key
        headers.setdefault("Referrer-Policy", "same-origin")
        if request.endpoint != "assets.static":  # files that are sent bring a milder word of their own
            headers["Cache-Control"] = "no-store"
        headers["X-Request-Id"] = logs.request_id.get()
        if https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        _note(response)
        return response


def _note(response: Response) -> None:
    """One line per request in the log. No query, no address, no person: what is asked for may tell who rates what."""
    took = (time.perf_counter() - g.get("began", time.perf_counter())) * 1000
    quiet = request.endpoint in {"assets.static", "health.healthz", "health.readyz"} and response.status_code < 400
    fields = {"method": request.method, "path": request.path, "status": response.status_code, "ms": round(took, 1)}
    access.log(logging.DEBUG if quiet else logging.INFO, "request", extra={"fields": fields})
