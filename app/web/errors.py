"""From refusals to answers: a page for people, JSON for programs, a fragment for htmx."""

from __future__ import annotations

import logging
from contextlib import suppress

import redis
from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from app import logs
from app.errors import DomainError
from app.uow import SILENT
from app.web import health
from app.web.guards import anyone

log = logging.getLogger("concordat.web")

WORDS = {
    400: "That could not be read. Go back, reload the page and try again.",
    401: "Sign in first.",
    404: "There is nothing here, or you may not see it.",
    405: "That cannot be done here.",
    413: "That is too large to send.",
    429: "Too many attempts. Wait a few minutes and try again.",
    503: "The server cannot do that just now, and nothing was changed. Try again in a minute.",
    500: "Something went wrong on our side. What was saved before is safe.",
}


#: Answered under any name, since they build no address and show nothing.
PROBES = {"/healthz": health.healthz, "/readyz": health.readyz}


def wants_json() -> bool:
    """Whether a program asks."""
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def answer(status: int, code: str, message: str, fields: dict[str, str] | None = None) -> ResponseReturnValue:
    """The refusal in the form the asker reads."""
    if wants_json():
        return jsonify(code=code, message=message, fields=fields or {}), status
    template = "errors/fragment.html" if request.headers.get("HX-Request") else "errors/error.html"
    page = render_template(
        template, status=status, message=message, fields=fields or {}, reference=logs.request_id.get()
    )
    return page, status


def install(app: Flask) -> None:
    """Register the translators. Anything else is a bug: logged with the request's id, answered 500 with that id."""

    @app.errorhandler(DomainError)
    def domain(error: DomainError) -> ResponseReturnValue:
        return answer(error.status, error.code, error.message, error.fields)

    @app.errorhandler(CSRFError)
    def csrf(error: CSRFError) -> ResponseReturnValue:
        words = _("This page was open for too long or came from elsewhere. Reload it and try again.")
        return answer(400, "csrf", words)

    @app.errorhandler(SecurityError)
    def host(error: SecurityError) -> ResponseReturnValue:
        if request.path in PROBES:  # asked by address, from within: by supervisors and load balancers
            return PROBES[request.path]()
        # No page: without a name that we trust no address on it could be built.
        return Response("This server is not reached by that name.\n", 400, mimetype="text/plain")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        if error.response is not None or 300 <= status < 400:
            return error.get_response()
        words = WORDS.get(status, error.name)
        if request.url_rule is None and not wants_json():
            with suppress(DomainError, *SILENT):  # no view's guard has looked who it is, and the page's head says it
                anyone()
        answered = app.make_response(answer(status, error.name.lower().replace(" ", "_"), words))
        for name, value in error.get_headers():
            if name.lower() in {"allow", "retry-after"}:
                answered.headers[name] = value
        return answered

    def silent(error: Exception) -> ResponseReturnValue:
        log.error("unavailable: %s: %s", type(error).__name__, str(getattr(error, "orig", error))[:300])
        return answer(503, "unavailable", WORDS[503])

    for kind in (*SILENT, redis.RedisError):
        app.register_error_handler(kind, silent)

    @app.errorhandler(Exception)
    def bug(error: Exception) -> ResponseReturnValue:
        log.error("unexpected %s", type(error).__name__, exc_info=error)
        return answer(500, "error", WORDS[500])
