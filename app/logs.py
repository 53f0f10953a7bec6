"""Logs as one JSON object a line, with the request's id and without secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")

#: Whatever looks like a token, a code in an address or a password never reaches a log line.
_SECRET = re.compile(
    r"(?i)(/(?:r|screen|welcome|invitation|reset|sign-in)/)[\w-]{16,}|((?:token|password|code|secret)=)[^&\s\"']+"
)


def redact(text: str) -> str:
    """The text with tokens and passwords replaced by dots."""
    return _SECRET.sub(lambda found: (found.group(1) or found.group(2)) + "…", text)


class JsonFormatter(logging.Formatter):
    """One line per event; line breaks in what users sent stay inside the JSON string."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if request_id.get():
            line["request"] = request_id.get()
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: str) -> None:
    """Send all logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("engineio.server", "socketio.server", "werkzeug", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
