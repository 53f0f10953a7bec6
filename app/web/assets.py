"""Static files under an address that changes with their content, so that browsers may keep them for good."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue

STATIC = Path(__file__).resolve().parents[2] / "static"
#: Files served from the folder; everything else in it (sources, notes) stays unseen.
SERVED = {".css", ".js", ".svg", ".woff2", ".png", ".ico", ".txt", ".webmanifest"}

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")

bp = Blueprint("assets", __name__)


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """A short hash over all static files: one changed byte gives all of them new addresses.

    Relative imports of modules and url() in stylesheets inherit it, since it stands in the path.
    """
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(STATIC)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=512)
def _squeezed(path: str) -> bytes:
    return gzip.compress((STATIC / path).read_bytes(), 9, mtime=0)


@bp.get("/static/<mark>/<path:filename>")
def static(mark: str, filename: str) -> ResponseReturnValue:
    """One file, compressed where the browser takes it; kept for a year when the address is today's."""
    path = Path(filename)
    if path.suffix not in SERVED or ".." in path.parts or not (STATIC / path).is_file():
        return Response("Not found", 404, mimetype="text/plain")
    if path.suffix in {".css", ".js", ".svg", ".txt"} and "gzip" in request.headers.get("Accept-Encoding", ""):
        response = Response(_squeezed(filename), mimetype=mimetypes.guess_type(filename)[0])
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
    else:
        response = send_from_directory(STATIC, filename)
    current = mark == fingerprint()
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if current else "no-cache"
    return response


def asset(filename: str) -> str:
    """The address of a static file."""
    return url_for("assets.static", mark=fingerprint(), filename=filename)


def install(app: Flask) -> None:
    """Make ``asset()`` known to templates."""
    context: dict[str, Any] = {"asset": asset}
    app.jinja_env.globals.update(context)
