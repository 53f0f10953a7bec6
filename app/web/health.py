"""Whether the process lives and whether it can work."""

from __future__ import annotations

import redis
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.web.context import database

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 while the process lives."""
    return jsonify(ok=True)


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 when the database (and Redis, where it is set) answers, else 503 that names which does not."""
    silent = []
    if not database().answers():
        silent.append("database")
    url = database().settings.redis_url
    if url:
        try:
            with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
                client.ping()
        except redis.RedisError:
            silent.append("redis")
    return jsonify(ok=not silent, silent=silent), 503 if silent else 200
