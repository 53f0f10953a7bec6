"""From refusals to answers: a page for people, JSON for programs, a fragment for htmx."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from urllib.parse import urlsplit

import redis
from flask import Flask, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError, Unauthorized

from app import logs
from app.errors import DomainError
from app.uow import SILENT
from app.web import health
from app.web.context import KEPT_WORDS
from app.web.forms import local_path
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


#: Fields that nobody typed into, or that nobody else should read over a shoulder: never shown again.
NOT_SHOWN = re.compile(
    r".*(password|token|secret).*|current|code|next|kept|before|english-\d+|value-.+|(text|why|summary)-\d+"
)

#: Answered under any name, since they build no address and show nothing.
PROBES = {"/healthz": health.healthz, "/readyz": health.readyz}


def wants_json() -> bool:
    """Whether a program asks."""
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def answer(status: int, code: str, message: str, fields: dict[str, str] | None = None) -> ResponseReturnValue:
    """The refusal in the form the asker reads; a page shows again what was written into a refused form."""
    if wants_json():
        return jsonify(code=code, message=message, fields=fields or {}), status
    template = "errors/fragment.html" if request.headers.get("HX-Request") else "errors/error.html"
    page = render_template(
        template, status=status, message=message, fields=fields or {}, reference=logs.request_id.get(),
        written=written(), back=_back(), is_kept=is_kept(),
    )  # fmt: skip
    return page, status


def written() -> list[str]:
    """The longer texts of a posted form, which no going back may find again: no page of ours is kept by a browser.

    Longer is what has more than one word, so that no token, choice or number is among them.
    """
    with suppress(HTTPException):  # what was sent could not even be read
        given = [text for name, text in request.form.items(multi=True) if not NOT_SHOWN.fullmatch(name)]
        texts = [text.replace("\r\n", "\n").strip() for text in given]
        return [text for text in texts if re.search(r"\s", text)]
    return []


def is_kept() -> bool:
    """Whether the browser says that it keeps the words of the form as they were sent (static/js/modules/unsaved.js).

    On a full device what stands under the name may be older: then the name alone goes along.
    """
    with suppress(HTTPException):
        names = request.form.getlist("kept")
        return request.form.get("is_kept") == "yes" and any(name.startswith(KEPT_WORDS) for name in names)
    return False


def _back() -> str:
    """The page a form was sent from, where it is one of ours that can be opened again; else nothing."""
    asked = urlsplit(request.referrer or "")
    if request.method != "POST" or asked.netloc != request.host:
        return ""
    path = local_path(asked.path + (f"?{asked.query}" if asked.query else ""), "")
    adapter = current_app.create_url_adapter(request)
    try:
        if adapter is not None:
            adapter.match(asked.path, method="GET")
    except HTTPException:
        return ""
    return path


def _is_signed_out() -> bool:
    """Whether this is for people who are signed in and nobody is, by the guard of the view, which has not run.

    Whoever is signed in then stands in the head of the page, as on any other.
    """
    try:
        for guard in current_app.before_request_funcs.get(request.blueprint, []):
            guard()
    except Unauthorized:
        return True
    except (DomainError, *SILENT):
        pass
    return False


def install(app: Flask) -> None:
    """Register the translators. Anything else is a bug: logged with the request's id, answered 500 with that id."""

    @app.errorhandler(DomainError)
    def domain(error: DomainError) -> ResponseReturnValue:
        return answer(error.status, error.code, error.message, error.fields)

    @app.errorhandler(CSRFError)
    def csrf(error: CSRFError) -> ResponseReturnValue:
        if _is_signed_out():
            return answer(401, "unauthorized", WORDS[401])
        return answer(
            400, "csrf", _("The page was open for too long, was made before you last signed in, or is not ours.")
        )

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
